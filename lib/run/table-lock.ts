import { randomUUID } from 'node:crypto'
import type { Config } from '../config/read-options.js'
import { type Blocker, SchemawayError } from '../errors/schemaway-error.js'
import { type HistoryPlace, placeHistory } from '../history/history-row.js'
import { doWithOwnNames, ownNames, quoteIdentifier, quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import { resolveTarget } from './connection-target.js'
import { noteOwnSchema } from './create-history.js'
import type { Emit } from './emit.js'
import { asRole, guardStates, type Lock, type Waiting, waitForLock } from './lock.js'
import { ServerError } from './server-error.js'
import { openSession, type Session } from './session.js'
import { beginReadWrite } from './session-settings.js'

/** Seconds after which a lock that nobody has renewed may be taken over. */
const expiry = 30
const defaultInterval = (expiry * 1_000) / 3
/** Seconds since the lock was renewed after which its holder has missed a beat. */
const overdue = 12

const insufficientPrivilege = '42501'
const missing: ReadonlySet<string> = new Set(['42P01', '3F000'])
/** Two sessions created the same thing at the same time. */
const existsAlready: ReadonlySet<string> = new Set(['23505', '42P07', '42P06', '42710'])

interface Attempt {
  readonly taken: boolean
  /** Whose lock was taken over. */
  readonly former: string | null
  /** Role that took it; `none` is the login itself. */
  readonly role: string
}

/**
 * A row of a table beside the history, for servers that do not know advisory locks. It expires when its process is not heard of
 * any more, and before that where the server shows that the session of its holder has ended. Each transaction makes sure of it at its
 * beginning, and thereby keeps everybody from taking it over until it ends; in between a second connection renews it.
 */
export class TableLock implements Lock {
  readonly strategy = 'table'
  readonly reason: string
  readonly #session: Session
  readonly #config: Config
  readonly #emit: Emit
  readonly #waiting: Waiting
  readonly #client: string
  readonly #place: HistoryPlace
  readonly #isShared: boolean
  readonly #heartbeatInterval: number
  readonly #token = randomUUID()
  /** Role that may use the table when the login may not. */
  #role: string | null = null
  /** Role that took the lock, where that was not `#role`. Scripts go on as others, which need not know of the table. */
  #taker: string | null = null
  /** Whether the server shows which sessions there are; null while that has not been asked. */
  #showsSessions: boolean | null = null
  #timer: NodeJS.Timeout | null = null
  #heart: Promise<Session> | null = null
  readonly #stopBeating = new AbortController()
  #isBeating = false
  #hasComplained = false
  #isForgotten = false

  constructor(work: {
    readonly session: Session
    readonly config: Config
    readonly emit: Emit
    readonly client: string
    readonly waiting: Waiting
    readonly reason: string
    /** Whether several sessions share the connection to the server. */
    readonly isShared: boolean
    /** Milliseconds. */
    readonly heartbeatInterval?: number
  }) {
    this.#session = work.session
    this.#config = work.config
    this.#emit = work.emit
    this.#client = work.client
    this.#waiting = work.waiting
    this.#place = placeHistory(work.config)
    this.#isShared = work.isShared
    this.reason = work.reason
    this.#heartbeatInterval = work.heartbeatInterval ?? defaultInterval
  }

  /** Behind a pooler nobody can tell it. */
  get backendPid(): string {
    return this.#isShared ? '0' : String(this.#session.backendPid)
  }

  get guard(): readonly string[] {
    if (this.#isForgotten) return []
    return [this.#asBlock(this.#renew)]
  }

  /** Nobody else writes while it is held. */
  guardPlan(): readonly string[] {
    return this.guard
  }

  /** The row is locked since the guard, so nobody but this transaction can have dropped the table, as a clean() does. */
  get renewal(): readonly string[] {
    if (this.#isForgotten) return []
    const mayRenew = `to_regclass(${quoteLiteral(this.#place.lock)}) IS NOT NULL AND current_setting('transaction_read_only') = 'off'`
    return [
      'SET LOCAL SESSION AUTHORIZATION DEFAULT',
      this.#asBlock(`  IF ${mayRenew} THEN\n${this.#renew}\n  END IF;`),
    ]
  }

  async acquire(): Promise<void> {
    const waitedMilliseconds = await waitForLock(
      this.#session,
      () => this.#try(),
      () => this.#findHolder(),
      this.#waiting,
    )
    this.#emit({ type: 'locked', strategy: this.strategy, waitedMilliseconds })
    this.#timer = setInterval(() => void this.#beat(), this.#heartbeatInterval)
    this.#timer.unref()
  }

  async isHeld(): Promise<boolean> {
    try {
      const [row] = await this.#ask<{ held: boolean }>(
        `SELECT EXISTS (SELECT FROM ${this.#place.lock} WHERE ${this.#isOwn}) AS held`,
      )
      return row?.held === true
    } catch (error) {
      if (error instanceof ServerError && missing.has(error.sqlState)) return false
      throw error
    }
  }

  async release(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#stopBeating.abort()
    const heart = await this.#heart?.catch(() => null)
    await heart?.close()
    if (this.#session.isLost || this.#isForgotten) return
    await this.#ask(`DELETE FROM ${this.#place.lock} WHERE ${this.#isOwn}`)
  }

  forget(): void {
    this.#isForgotten = true
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  get #renew(): string {
    return `  UPDATE ${this.#place.lock} SET expires_at = ${inAWhile} WHERE ${this.#isOwn};
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '${guardStates.lost}', MESSAGE = 'the lock belongs to another process';
  END IF;`
  }

  #asBlock(block: string): string {
    const role = this.#role ?? this.#taker
    const { statements, declarations } = asRole(role === null ? null : quoteLiteral(role), block)
    return doWithOwnNames(statements, declarations)
  }

  get #isOfHistory(): string {
    return `history = ${quoteLiteral(this.#place.history)}`
  }

  get #isOwn(): string {
    return `${this.#isOfHistory} AND owner = '${this.#token}'`
  }

  async #try(): Promise<boolean> {
    try {
      this.#showsSessions ??= await this.#canSeeSessions()
      const [row] = await this.#ask<Attempt>(this.#takeSql(this.#showsSessions))
      if (row?.former != null) {
        this.#emit({ type: 'notice', severity: 'WARNING', message: `took over the lock of ${row.former}` })
      }
      if (this.#role === null) this.#taker = row?.role ?? null
      return row?.taken === true
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      if (missing.has(error.sqlState)) {
        await this.#createTable()
        // Nobody holds it yet, so that there is nothing to wait for.
        return await this.#try()
      }
      if (!existsAlready.has(error.sqlState)) throw error
      return false
    }
  }

  /** Not behind a pooler, where the session is none of the server's, nor where a server has no such view, or an empty one. */
  async #canSeeSessions(): Promise<boolean> {
    if (this.#isShared) return false
    try {
      const sql = `SELECT ${thisServer} AS server, ${ownStart} AS started`
      const [row] = await this.#session.query<{ server: string | null; started: Date | null }>(withOwnNames(sql))
      return row?.server != null && row.started !== null
    } catch (error) {
      if (error instanceof ServerError) return false
      throw error
    }
  }

  /** It never waits: a row that a transaction of its holder has locked is passed over. */
  #takeSql(showsSessions: boolean): string {
    const { lock, history } = this.#place
    const backend = showsSessions
      ? `${thisServer}, pg_backend_pid(), ${ownStart}`
      : 'NULL::text, NULL::integer, NULL::timestamptz'
    const values = `'${this.#token}'::uuid, ${quoteLiteral(this.#client)}, session_user, clock_timestamp(), ${inAWhile}, ${backend}`
    // Sessions of another login, and of another server of a cluster, may not be shown. A pooler that hides itself may have ended the
    // session of one who lives, and whose heart beats.
    const isGone =
      `login = session_user AND server = ${thisServer} AND expires_at < clock_timestamp() + interval '${expiry - overdue} seconds' AND NOT EXISTS (SELECT FROM pg_stat_activity AS a ` +
      `WHERE a.pid = k.backend_pid AND coalesce(a.backend_start = k.backend_start, true))`
    return (
      `WITH free AS (SELECT history, client, expires_at, expires_at < clock_timestamp() AS expired FROM ${lock} AS k WHERE ` +
      `${this.#isOfHistory} AND (expires_at < clock_timestamp()${showsSessions ? ` OR ${isGone}` : ''}) FOR UPDATE SKIP LOCKED), ` +
      `taken AS (UPDATE ${lock} AS l SET (owner, client, login, acquired_at, expires_at, server, backend_pid, backend_start) = ` +
      `(SELECT ${values}) FROM free WHERE l.history = free.history RETURNING free.client || CASE WHEN free.expired ` +
      `THEN ', which had not been heard of until it expired (' || free.expires_at || ')' ELSE ', whose session has ended' END AS former), ` +
      `made AS (INSERT INTO ${lock} (history, owner, client, login, acquired_at, expires_at, server, backend_pid, backend_start) ` +
      `SELECT ${quoteLiteral(history)}, ${values} ` +
      `WHERE NOT EXISTS (SELECT FROM ${lock} WHERE ${this.#isOfHistory}) ON CONFLICT DO NOTHING RETURNING history) ` +
      `SELECT EXISTS (SELECT FROM taken) OR EXISTS (SELECT FROM made) AS taken, (SELECT former FROM taken) AS former, current_setting('role') AS role`
    )
  }

  async #createTable(): Promise<void> {
    const { lock, schema } = this.#place
    const [row] = await this.#session.query<{ missing: boolean }>(
      withOwnNames(`SELECT to_regnamespace(${quoteLiteral(schema)}) IS NULL AS missing`),
    )
    const statements = [
      beginReadWrite,
      ownNames,
      // Whoever comes second fails here, and grants nothing: two GRANTs at once would be refused.
      ...(row?.missing === true ? [`CREATE SCHEMA ${schema}`] : []),
      `CREATE TABLE ${lock} (history text PRIMARY KEY, owner uuid NOT NULL, client text NOT NULL, login text NOT NULL, ` +
        'acquired_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, server text, backend_pid integer, backend_start timestamptz)',
      ...(row?.missing === true ? [noteOwnSchema(this.#place)] : []),
      this.#grant,
      'COMMIT',
    ]
    try {
      await this.#session.send(statements.join('; '))
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      await this.#session.send('ROLLBACK')
      if (error.sqlState === insufficientPrivilege) throw this.#mayNotCreate(error)
      if (!existsAlready.has(error.sqlState)) throw error
    }
  }

  /** Other members of the owner role go on with it. The role may be made only later, by a script. */
  get #grant(): string {
    const { owner } = this.#config.roles
    const table = `${quoteLiteral(this.#place.lock)}::regclass`
    return doWithOwnNames(`  IF EXISTS (SELECT FROM pg_roles WHERE rolname = ${quoteLiteral(owner)})
    AND pg_has_role((SELECT relowner FROM pg_class WHERE oid = ${table}), 'USAGE')
  THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${this.#place.lock} TO ${quoteIdentifier(owner)};
  END IF;`)
  }

  #mayNotCreate(cause: ServerError): SchemawayError {
    const { display } = this.#session
    return new SchemawayError(
      'MISSING_PRIVILEGE',
      `The login may not create the table ${this.#place.lock} of locks in ${display}: ${cause.serverMessage}. Let an administrator run: ` +
        `GRANT USAGE, CREATE ON SCHEMA ${this.#place.schema} TO the login; or name a schema of the login's own: \`historySchema\`. ` +
        'Nothing was changed.',
      { details: { server: display, sqlState: cause.sqlState }, cause },
    )
  }

  async #findHolder(): Promise<Blocker | null> {
    const [row] = await this.#ask<{ client: string; login: string; seconds: number }>(
      `SELECT client, login, round(extract(epoch FROM clock_timestamp() - acquired_at))::float8 AS seconds ` +
        `FROM ${this.#place.lock} WHERE ${this.#isOfHistory}`,
    ).catch(() => [])
    if (row === undefined) return null
    return {
      pid: 0,
      applicationName: row.client,
      user: row.login,
      address: null,
      state: `holds the row of ${this.#place.lock} for ${row.seconds} s`,
      transactionSeconds: null,
      query: '',
      holds: 'row of the lock table',
    }
  }

  /** Renews it, unless a transaction of ours does, by which the row is locked. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return
    this.#isBeating = true
    try {
      const { signal: stop } = this.#waiting
      const signal = AbortSignal.any([this.#stopBeating.signal, ...(stop === undefined ? [] : [stop])])
      this.#heart ??= resolveTarget(this.#config).then((target) => openSession(target, { signal }))
      const heart = await this.#heart
      const sql =
        `UPDATE ${this.#place.lock} SET expires_at = ${inAWhile} WHERE history IN (SELECT history FROM ${this.#place.lock} ` +
        `WHERE ${this.#isOwn} FOR UPDATE SKIP LOCKED)`
      await heart.send(this.#asRole(sql))
    } catch (error) {
      this.#complain(error)
      // The next beat tries again, with another connection; a lock that is lost is noticed by the next transaction.
      const heart = await this.#heart?.catch(() => null)
      this.#heart = null
      await heart?.close()
    } finally {
      this.#isBeating = false
    }
  }

  /** Once; it is of no consequence where everything is done in short transactions. */
  #complain(error: unknown): void {
    if (this.#hasComplained || this.#stopBeating.signal.aborted || this.#waiting.signal?.aborted) return
    this.#hasComplained = true
    const reason = error instanceof Error ? error.message : 'unknown reason'
    const message = `the lock cannot be renewed by a second session, and what takes longer than ${expiry} s outside a transaction may lose it: ${reason}`
    this.#emit({ type: 'notice', severity: 'WARNING', message })
  }

  async #ask<Row extends object>(sql: string): Promise<Row[]> {
    try {
      return await this.#session.query<Row>(this.#asRole(sql))
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      await this.#session.send('ROLLBACK')
      if (error.sqlState !== insufficientPrivilege || this.#role !== null) throw error
      this.#role = this.#config.roles.owner
      try {
        return await this.#session.query<Row>(this.#asRole(sql))
      } catch {
        await this.#session.send('ROLLBACK')
        this.#role = null
        throw error
      }
    }
  }

  /** In a transaction that can wait for others and write, whatever the defaults of the session are. */
  #asRole(sql: string): string {
    const role = this.#role ?? this.#taker
    const become =
      role === null
        ? []
        : [
            'SET LOCAL SESSION AUTHORIZATION DEFAULT',
            `SET LOCAL ROLE ${role === 'none' ? 'NONE' : quoteIdentifier(role)}`,
          ]
    return [beginReadWrite, ownNames, ...become, sql, 'COMMIT'].join('; ')
  }
}

/** Of two servers of a cluster that look like one from here, the second does not show the sessions of the first. */
const thisServer = `concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), inet_server_addr(), inet_server_port())`
const ownStart = '(SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())'
const inAWhile = `clock_timestamp() + interval '${expiry} seconds'`
