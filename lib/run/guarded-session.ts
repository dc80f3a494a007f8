import { type Readable, Stream, type Writable } from 'node:stream'
import type { SchemawayError } from '../errors/schemaway-error.js'
import { refuseAuthentication } from './authentication.js'
import { type Connection, HostFailure, nameStopper } from './connect.js'
import type { ConnectionTarget } from './connection-target.js'
import { chooseReading, createDriver, DriverStream, type Reading } from './driver-stream.js'
import { FrameCounter, type TransactionStatus } from './frame-counter.js'
import {
  describeFields,
  endsMessage,
  readNotice,
  ServerError,
  type ServerFields,
  type ServerNotice,
  SessionLost,
} from './server-error.js'
import type { CompletedMessage, CopyData, ExecutedQuery, Session, SessionOptions } from './session.js'

type Row = Record<string, unknown>
/** What the driver made of a message; `copy` when the message waits for the end of a COPY. */
type Answer =
  | { readonly value: unknown; readonly copy?: Readable | Writable }
  | { readonly error: unknown; readonly copy?: undefined }

const closeTimeout = 2_000
/** How long the server may be silent once the caller's signal has fired, in milliseconds. Cancelling takes a fraction of it. */
const answerTimeout = 5_000
/** What a message has at least that is sent when the silence has lasted that long. */
const shortestTimeout = 1_000
const terminate = Buffer.from([0x58, 0, 0, 0, 4])

/**
 * A session over one connection. postgres.js authenticates, sends and reads rows; whether an answer is complete,
 * whether the connection still stands, and when to give up is decided here, from the stream itself.
 */
export class GuardedSession implements Session {
  readonly display: string
  readonly #target: ConnectionTarget
  readonly #connection: Connection
  readonly #frames: FrameCounter
  readonly #driver: ReturnType<typeof createDriver>
  readonly #reading: Reading
  #isStreamClosed = false
  #streamError: Error | null = null
  #refusal: HostFailure | null = null
  #isReady = true
  /** Whether the message under way was sent. */
  #isSent = false
  #onReady: (() => void) | null = null
  #copies = 0
  /** Rejects what is being waited for; null while no message is under way. */
  #fail: ((error: unknown) => void) | null = null
  #cancelling: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | null = null
  readonly #lossListeners = new Set<(error: SchemawayError) => void>()
  readonly #signal: AbortSignal | undefined
  readonly #limitAnswer = (): void => {
    this.#silentSince = performance.now()
    this.#startLimit()
  }
  #limit: NodeJS.Timeout | undefined
  /** When the signal fired, or the first message was sent behind one that was answered after that. */
  #silentSince: number | null = null
  /** Fires when a server that does not answer is given up. */
  readonly #abandonment = new AbortController()

  constructor(
    target: ConnectionTarget,
    connection: Connection,
    password: string,
    { onNotice, signal }: SessionOptions = {},
  ) {
    this.#signal = signal
    signal?.addEventListener('abort', this.#limitAnswer)
    this.display = `${connection.host}/${target.database}`
    this.#target = target
    this.#connection = connection
    this.#frames = new FrameCounter({
      onAuthentication: (kind, body) => this.#checkAuthentication(kind, body),
      onCopy: () => this.#countCopy(),
      onNotice: (fields) => tell(onNotice, fields),
      onReady: () => {
        this.#isReady = true
        this.#onReady?.()
      },
    })
    const stream = new DriverStream(connection.stream, this.#frames, (error) => this.#takeLoss(error))
    this.#driver = createDriver(target, password, stream)
    this.#reading = chooseReading(this.#driver)
  }

  get backendPid(): number {
    return this.#frames.backendPid
  }

  get secret(): Uint8Array {
    return this.#frames.secret
  }

  get parameters(): ReadonlyMap<string, string> {
    return this.#frames.parameters
  }

  get transactionStatus(): TransactionStatus {
    return this.#frames.transactionStatus
  }

  get isLost(): boolean {
    return this.#isStreamClosed || this.#closing !== null
  }

  /** @throws HostFailure */
  async logIn(): Promise<void> {
    this.#isReady = false
    const answer = await this.#untilLost(settle(this.#driver.unsafe('').simple())).catch((error: unknown) => ({
      error,
    }))
    clearTimeout(this.#limit)
    this.#fail = null
    if (!('error' in answer)) return
    if (this.#refusal !== null) throw this.#refusal
    const { error: fields } = this.#frames
    if (fields !== null) throw new HostFailure('login', describeFields(fields), { code: fields.get('C') ?? null })
    if (hasCode(answer.error, 'SASL_SIGNATURE_MISMATCH')) {
      throw new HostFailure('login', 'the server could not prove that it knows the password', {
        code: answer.error.code,
      })
    }
    const cause = this.#streamError ?? undefined
    if (cause !== undefined && !hasCode(cause)) throw new HostFailure('protocol', cause.message, { cause })
    throw new HostFailure('closed', 'the server closed the connection during the login', {
      code: cause?.code ?? null,
      cause,
    })
  }

  async query<Wanted extends object>(text: string): Promise<Wanted[]> {
    return lastRows(await this.#run(this.#driver.unsafe(text).simple())) as Wanted[]
  }

  async send(message: string, copyData?: CopyData): Promise<CompletedMessage> {
    const answer = await this.#run(this.#driver.unsafe(message).simple(), { copyData })
    const { commandTags, transactionStatus } = this.#frames
    return { completed: commandTags.length, commandTags, lastRows: lastRows(answer), transactionStatus }
  }

  async execute(text: string, parameters: readonly (string | null)[]): Promise<ExecutedQuery> {
    // Without parameters the driver would take the extended protocol for a single statement only.
    const query = this.#driver.unsafe(text, [...parameters])
    const answer = await this.#run(parameters.length === 0 ? query.simple() : query, { keepsDates: true })
    return { rows: lastRows(answer), columns: lastColumns(answer), commandTags: this.#frames.commandTags }
  }

  async cancel(): Promise<void> {
    if (this.#fail === null || this.isLost) return
    const request = import('./cancel.js').then(({ sendCancelRequest }) =>
      sendCancelRequest(this.#target, this.#connection, this.#frames, this.#abandonment.signal),
    )
    this.#cancelling = Promise.allSettled([this.#cancelling, request])
    await request
  }

  onLoss(listener: (error: SchemawayError) => void): () => void {
    if (this.isLost) listener(this.#connectionLost())
    else this.#lossListeners.add(listener)
    return () => this.#lossListeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  /** @param query which the driver sends once it is waited for. */
  async #run(
    query: PromiseLike<unknown>,
    { copyData, keepsDates = false }: { readonly copyData?: CopyData | undefined; readonly keepsDates?: boolean } = {},
  ): Promise<unknown> {
    if (this.#fail !== null) throw new Error('A session sends one message at a time; await the one under way first.')
    this.#fail = () => {}
    this.#reading.keepsDates = keepsDates
    if (this.#signal?.aborted) this.#startLimit()
    try {
      // Nobody tells any more of a loss that lies behind, and a request to cancel may have no end for a while.
      if (!this.isLost) await this.#untilLost(this.#cancelling)
      if (this.isLost) throw this.#connectionLost()
      this.#frames.startMessage()
      this.#isSent = true
      this.#isReady = false
      this.#copies = 0
      const ready = new Promise<void>((resolve) => (this.#onReady = resolve))
      const answer = await this.#untilLost(settle(query))
      const copied =
        answer.copy === undefined ? answer : await this.#untilLost(this.#copy(answer.copy, copyData, ready))
      // The driver may settle earlier: when a COPY begins, or when it stumbles over a row.
      await this.#untilLost(ready)
      if (answer.copy !== undefined && 'error' in copied) throw copied.error
      // The message was answered completely before the server ended the session; the next one is told.
      const error = this.#frames.error === this.#frames.farewell ? null : this.#frames.error
      if (error !== null) throw new ServerError(error, this.#frames.commandTags)
      if ('error' in answer) throw this.#unreadable(answer.error)
      return answer.value
    } finally {
      clearTimeout(this.#limit)
      // What this process does between two messages is no silence of the server.
      if (this.#isSent && this.#isReady) this.#silentSince = null
      this.#fail = null
      this.#onReady = null
      this.#isSent = false
    }
  }

  /**
   * A server that cannot be reached any more answers neither to the message nor to the request to cancel it, and the network
   * may take a quarter of an hour to find out.
   */
  #startLimit(): void {
    clearTimeout(this.#limit)
    if (this.#fail === null) return
    this.#silentSince ??= performance.now()
    this.#limit = setTimeout(() => {
      this.#abandonment.abort()
      this.#connection.stream.destroy()
    }, this.#patience)
  }

  /** How long a server that has been asked to stop may go on without an answer: all messages together not much longer than one. */
  get #patience(): number {
    return Math.max((this.#silentSince ?? performance.now()) + answerTimeout - performance.now(), shortestTimeout)
  }

  /** Does not wait for data that comes slowly when the server has ended the COPY already. */
  async #copy(stream: Readable | Writable, data: CopyData | undefined, ready: Promise<void>): Promise<Answer> {
    const { runCopy } = await import('./run-copy.js')
    const isOver = () => this.#isReady || this.isLost
    const over = ready.then((): Answer => ({ value: [] }))
    return Promise.race([settle(runCopy(stream, data, isOver)), over])
  }

  #untilLost<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#fail = reject
      promise.then(resolve, reject)
    })
  }

  /** Of a second COPY the driver would tell nobody, and wait for ever. */
  #countCopy(): void {
    this.#copies += 1
    if (this.#copies > 1) this.#connection.stream.destroy(new Error('a message may hold one COPY only'))
  }

  #takeLoss(error: Error | null): void {
    this.#isStreamClosed = true
    this.#streamError = error
    this.#signal?.removeEventListener('abort', this.#limitAnswer)
    this.#fail?.(this.#connectionLost())
    for (const listener of this.#lossListeners) listener(this.#connectionLost())
    this.#lossListeners.clear()
  }

  #connectionLost(): SessionLost {
    const { farewell } = this.#frames
    if (this.#abandonment.signal.aborted) return this.#abandoned()
    const sqlState = farewell?.get('C')
    const serverMessage = farewell?.get('M')
    const reason =
      farewell !== null
        ? describeFields(farewell)
        : this.#closing !== null
          ? 'it was closed here'
          : (this.#streamError?.message ?? 'the server closed it without a word')
    return new SessionLost(
      'CONNECTION_LOST',
      `The connection to ${this.display} is lost: ${reason}. The server undoes what was not committed; run the command again.`,
      {
        ...this.#lossFacts,
        details: {
          server: this.display,
          ...(sqlState !== undefined && { sqlState }),
          ...(serverMessage !== undefined && { serverMessage }),
        },
        ...(this.#streamError !== null && { cause: this.#streamError }),
      },
    )
  }

  get #lossFacts(): Pick<SessionLost, 'answered' | 'isRefused'> {
    const { error, farewell, commandTags } = this.#frames
    const said = error ?? farewell
    return { answered: this.#isSent ? [...commandTags] : null, isRefused: said !== null && endsMessage(said) }
  }

  #abandoned(): SessionLost {
    return new SessionLost(
      'ABORTED',
      `The run was stopped by ${nameStopper(this.#signal?.reason)}, and ${this.display} did not answer within ${answerTimeout / 1000} s, so the ` +
        'connection was given up. The server undoes what was not committed as soon as it finds out. Look with info() when ' +
        'it can be reached, and run the command again to go on.',
      { ...this.#lossFacts, details: { server: this.display }, cause: this.#signal?.reason },
    )
  }

  /** What comes next on such a connection could be anything. */
  #unreadable(error: unknown): SessionLost {
    this.#connection.stream.destroy()
    // Not as cause: the driver's errors hold the text of the query.
    const reason = error instanceof Error ? error.message : 'unknown reason'
    return new SessionLost(
      'CONNECTION_LOST',
      `The connection to ${this.display} was given up because the driver could not read an answer: ${reason}. The server undoes what was ` +
        'not committed; run the command again.',
      { ...this.#lossFacts, details: { server: this.display } },
    )
  }

  #checkAuthentication(kind: number, body: Buffer): void {
    const reason = refuseAuthentication(kind, body)
    if (reason === null) return
    this.#refusal = new HostFailure('login', reason)
    this.#connection.stream.destroy()
  }

  async #shutDown(): Promise<void> {
    const { stream } = this.#connection
    if (this.#isStreamClosed) return
    const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
    if (this.#fail !== null) stream.destroy()
    else stream.end(terminate)
    // Something a COPY left unread would hold back the end of the stream.
    stream.resume()
    const timeout = this.#signal?.aborted ? Math.min(this.#patience, closeTimeout) : closeTimeout
    const timer = setTimeout(() => stream.destroy(), timeout)
    await closed
    clearTimeout(timer)
  }
}

/** A promise that never rejects, so that an answer nobody waits for any more cannot end the process. */
function settle(promise: PromiseLike<unknown>): Promise<Answer> {
  return Promise.resolve(promise).then(
    (value) => {
      if (!(value instanceof Stream)) return { value }
      // At once, since the driver makes it fail when the server does.
      value.on('error', () => {})
      return { value: [], copy: value as Readable | Writable }
    },
    (error: unknown) => ({ error }),
  )
}

/** The driver returns rows, or a list of results when several statements returned rows. */
function lastRows(answer: unknown): Row[] {
  if (!Array.isArray(answer)) return []
  const last: unknown = answer.at(-1)
  // After an error the driver goes on counting rows where the failed statement had stopped, which leaves holes in front.
  return [...(Array.isArray(last) ? last : answer)].filter((row) => row !== undefined)
}

/** Columns of the statement of which {@link lastRows} are the rows. */
function lastColumns(answer: unknown): readonly { readonly name: string; readonly type: number }[] {
  if (!Array.isArray(answer)) return []
  const last: unknown = answer.at(-1)
  const result = Array.isArray(last) ? last : answer
  const statement: unknown = 'statement' in result ? result.statement : null
  const hasColumns = typeof statement === 'object' && statement !== null && 'columns' in statement
  return hasColumns && Array.isArray(statement.columns) ? statement.columns : []
}

function tell(onNotice: ((notice: ServerNotice) => void) | undefined, fields: ServerFields): void {
  try {
    onNotice?.(readNotice(fields))
  } catch {
    // A listener that throws must not break the protocol in the middle of a message.
  }
}

function hasCode(error: unknown, code?: string): error is Error & { readonly code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    (code === undefined || error.code === code)
  )
}
