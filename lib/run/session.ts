import type { SchemawayError } from '../errors/schemaway-error.js'
import { type Connection, connectAnd, HostFailure } from './connect.js'
import type { ConnectionTarget, ServerAddress, TargetSessionAttributes } from './connection-target.js'
import type { TransactionStatus } from './frame-counter.js'
import { GuardedSession } from './guarded-session.js'
import type { ServerNotice } from './server-error.js'

/** What is known of a message once the server has answered it completely. */
export interface CompletedMessage {
  /** Number of statements, each of which has a command tag. */
  readonly completed: number
  /** `CREATE TABLE`, `INSERT 0 5`, ... in order. A COMMIT of a failed transaction answers `ROLLBACK`. */
  readonly commandTags: readonly string[]
  /** Rows of the last statement that returned rows; none when the message holds a COPY. */
  readonly lastRows: readonly Readonly<Record<string, unknown>>[]
  readonly transactionStatus: TransactionStatus
}

/**
 * The one guarded connection that holds the lock and runs the work.
 *
 * It never connects again: after the first loss every call rejects with CONNECTION_LOST. It sends one message at a time,
 * by the simple protocol unless values travel apart from the text.
 *
 * Values of rows: integers up to 32 bits and floats are numbers; `bigint` and `numeric` are text; `boolean`, `json`
 * and `jsonb` are parsed; `date` and the timestamps are `Date`, which keeps milliseconds only and reads a `timestamp`
 * in the zone of this process (cast to text where that matters); `bytea` is a Buffer; everything else, arrays
 * included, is text.
 */
export interface Session {
  /** Process id from the login's key data. Behind a pooler it differs from `pg_backend_pid()`. */
  readonly backendPid: number
  /** The key that cancelling needs. */
  readonly secret: Uint8Array
  /** `host:port/database` of the server that answered. */
  readonly display: string
  /** No further message can be sent: the connection broke or was closed. */
  readonly isLost: boolean
  /** State after the latest message. */
  readonly transactionStatus: TransactionStatus
  /** Settings that the server reported by itself, such as `server_version`; some are missing behind a pooler. */
  readonly parameters: ReadonlyMap<string, string>
  /**
   * Sends one row-returning statement and returns its rows. Statements without rows may stand around it.
   *
   * @throws ServerError when the server refuses it.
   * @throws SchemawayError `CONNECTION_LOST`.
   */
  query<Row extends object>(text: string): Promise<Row[]>
  /**
   * Sends a message of any number of statements.
   *
   * One of them may be a COPY. `COPY ... FROM STDIN` gets `copyData`, and without it fails with SQLSTATE 57014; what
   * `COPY ... TO STDOUT` returns is thrown away. A message with a second COPY costs the connection.
   *
   * @param copyData pieces of the data, cut anywhere; when reading them throws, the COPY fails and so does this call.
   * @throws ServerError with the number of statements that completed before the one that failed.
   * @throws SchemawayError `CONNECTION_LOST`.
   */
  send(message: string, copyData?: CopyData): Promise<CompletedMessage>
  /**
   * Sends one statement with parameters, by the extended protocol. Without parameters it is sent as {@link send} does, and may
   * be several statements.
   *
   * Values of its rows are those of the other calls, but for dates, timestamps and arrays of them, which stay the text of the
   * server: what a `Date` makes of them depends on the zone of this process and on the server's `DateStyle`.
   *
   * @param parameters as text, `$1` first. The server knows their types from the statement.
   * @throws ServerError
   * @throws SchemawayError `CONNECTION_LOST`.
   */
  execute(text: string, parameters: readonly (string | null)[]): Promise<ExecutedQuery>
  /**
   * Asks the server, over a connection of its own, to cancel the message under way, which then rejects with SQLSTATE
   * 57014 unless it was faster. Without a message under way nothing happens. A later message waits until the request
   * has been delivered, so that it cannot be hit.
   *
   * @throws SchemawayError `CONNECTION_FAILED` when the request cannot be delivered.
   */
  cancel(): Promise<void>
  /**
   * Tells when the connection is lost, at once where it is so already. Of what rests between two messages nothing else would.
   *
   * @returns what stops it from telling.
   */
  onLoss(listener: (error: SchemawayError) => void): () => void
  /**
   * Ends the session and waits, two seconds at most, until the server has let go of it and of its locks. A message
   * under way is not waited for. Never throws.
   */
  close(): Promise<void>
}

export type CopyData = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>

/** What one statement answered that was sent with parameters. */
export interface ExecutedQuery {
  readonly rows: Record<string, unknown>[]
  /** Of the rows; `type` is the number of their type in `pg_type`. */
  readonly columns: readonly { readonly name: string; readonly type: number }[]
  readonly commandTags: readonly string[]
}

export interface SessionOptions {
  /**
   * Ends the attempt to open the session. An open session goes on, so that what is under way can be cancelled and cleaned
   * up, but gives the connection up when the server is silent for more than five seconds from then on.
   */
  readonly signal?: AbortSignal | undefined
  /** Receives notices and warnings as they arrive. What it throws is ignored. */
  readonly onNotice?: ((notice: ServerNotice) => void) | undefined
}

/**
 * Connects to the first suitable host and logs in.
 *
 * @throws SchemawayError `CONNECTION_FAILED` with every host that was tried, `ABORTED`.
 */
export async function openSession(target: ConnectionTarget, options: SessionOptions = {}): Promise<Session> {
  const { targetSessionAttributes: wanted } = target
  if (wanted !== 'prefer-standby') return openWith(target, wanted, options)
  const unsuitable = { found: false }
  try {
    return await openWith(target, 'standby', options, unsuitable)
  } catch (error) {
    if (!unsuitable.found) throw error
    return openWith(target, 'any', options)
  }
}

function openWith(
  target: ConnectionTarget,
  wanted: Exclude<TargetSessionAttributes, 'prefer-standby'>,
  options: SessionOptions,
  unsuitable?: { found: boolean },
): Promise<Session> {
  const logIn = async (connection: Connection, signal: AbortSignal): Promise<Session> => {
    // Whatever the login waits for, it ends when the stream does.
    const abort = () => connection.stream.destroy()
    signal.addEventListener('abort', abort)
    try {
      const password = await findPassword(target, connection.address, signal)
      const session = new GuardedSession(target, connection, password, options)
      await session.logIn()
      if (wanted !== 'any') {
        const { requireAttributes } = await import('./session-attributes.js')
        await requireAttributes(session, wanted)
      }
      return session
    } catch (error) {
      if (unsuitable !== undefined && error instanceof HostFailure && error.kind === 'unsuitable')
        unsuitable.found = true
      throw signal.aborted ? signal.reason : error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
  return connectAnd(target, logIn, options)
}

async function findPassword(target: ConnectionTarget, address: ServerAddress, signal: AbortSignal): Promise<string> {
  if (typeof target.password === 'string') return target.password
  if (target.password === null) {
    if (target.passwordFile === null) return ''
    const { lookUpPassword } = await import('./password-file.js')
    return lookUpPassword(target.passwordFile, address, target) ?? ''
  }
  const ask = target.password
  try {
    const answer: unknown = await unlessAborted(Promise.resolve().then(ask), signal)
    if (typeof answer === 'string') return answer
  } catch (error) {
    if (signal.aborted) throw error
    throw new HostFailure('password', 'the function that was given as password failed', { cause: error })
  }
  throw new HostFailure('password', 'the function that was given as password did not return text')
}

function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    promise.then(resolve, reject)
  })
}
