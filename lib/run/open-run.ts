import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Callbacks } from '../callbacks/callbacks.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type HistoryPlace, placeHistory } from '../history/history-row.js'
import type { LedgerEntry } from '../history/ledger-entry.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import type { LedgerDraft } from '../plan/plan.js'
import { openSessionWithRetries } from './connect-retry.js'
import { resolveTarget } from './connection-target.js'
import { createEmit, type Emit, sessionListeners } from './emit.js'
import { acquireLock, holdsLock, lockKey, releaseLock } from './lock.js'
import { createMask } from './mask.js'
import { ServerError } from './server-error.js'
import { openSession, type Session } from './session.js'
import { beginStatement, readResetValuesSql, sessionSettings, settingsStatements } from './session-settings.js'
import { toolVersion } from './tool-version.js'

const invalidParameterValue = '22023'

/** One call of a writing command: its session, its lock, and what it writes into every ledger row. */
export class Run {
  readonly id = randomUUID()
  readonly config: Config
  readonly place: HistoryPlace
  readonly emit: Emit
  /** Hides the values of the caller's placeholders. */
  readonly mask: (text: string) => string
  readonly session: Session
  /** Statement that opens a transaction. */
  readonly begin: string
  /** Statements that bring the session's settings back after a reset. */
  readonly settings: readonly string[]
  /** Role that may use history and ledger when the login itself may not. */
  historyRole: string | null = null
  /** The session user. */
  login = ''
  /** Where the ledger's hash chain goes on. */
  ledgerHash: string | null = null
  /** Set while a command has any. */
  callbacks: Callbacks | null = null
  #observer: Promise<Session> | null = null
  readonly #key: bigint
  #isLocked = false
  /** Which program on which machine runs this. */
  readonly #client: string

  constructor(config: Config, session: Session, { begin, settings }: Settled) {
    this.begin = begin
    this.config = config
    this.session = session
    this.settings = settings
    this.place = placeHistory(config)
    this.emit = createEmit(config)
    this.mask = createMask(config.placeholders)
    this.#client = `${config.applicationName}@${hostname()}:${process.pid}`
    this.#key = lockKey(this.place.history)
  }

  async lock(): Promise<void> {
    const { signal, waitForLock } = this.config
    this.#isLocked = true
    await acquireLock(this.session, this.#key, { longestWait: waitForLock, signal, emit: this.emit })
  }

  /** Whether it took the lock; commands that only look do not. */
  get isLocked(): boolean {
    return this.#isLocked
  }

  /** Who history names as the one who installed; the ledger always names the login. */
  get installedBy(): string {
    return this.config.installedBy ?? this.login
  }

  completeEntry(draft: LedgerDraft): LedgerEntry {
    return {
      ...draft,
      run: this.id,
      login: this.login,
      client: this.#client,
      toolVersion,
    }
  }

  /** Runs statements on history or ledger in a transaction of their own. */
  async writeAsHistoryRole(statements: readonly string[]): Promise<void> {
    const role = this.historyRole === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(this.historyRole)}`]
    try {
      await this.session.send([this.begin, ...role, ...statements, 'COMMIT'].join(';\n'))
    } catch (error) {
      if (error instanceof ServerError) await this.session.send('ROLLBACK')
      throw error
    }
  }

  /** A second session, for looking at the first one from outside. */
  async observer(): Promise<Session> {
    this.#observer ??= resolveTarget(this.config).then((target) => openSession(target))
    return await this.#observer
  }

  /**
   * @param script the script that may have released the lock, or null at the end of the run.
   * @param remains what became of it.
   */
  async checkLock(
    script: string | null,
    remains = 'It is applied and recorded; the scripts after it were not run.',
  ): Promise<void> {
    if (await holdsLock(this.session, this.#key)) return
    const what =
      script === null
        ? 'The lock that keeps other processes from migrating at the same time was released during this run. What the run ' +
          'did is committed and recorded, but another process may have worked at the same time. Look with info(), and at ' +
          'the logs of other processes. If a script of this run holds pg_advisory_unlock_all() or DISCARD ALL, remove it.'
        : `${script} released the lock that keeps other processes from migrating at the same time. ` +
          `${remains} Remove pg_advisory_unlock_all() or DISCARD ALL from it, then run again.`
    throw new SchemawayError('LOCK_LOST', what, {
      details: { server: this.session.display, ...(script !== null && { script }) },
    })
  }

  /** Never throws: what counts is committed, and the lock ends with the session anyway. */
  async close(): Promise<void> {
    const observer = await this.#observer?.catch(() => null)
    await observer?.close()
    if (this.#isLocked) await releaseLock(this.session, this.#key).catch(() => {})
    await this.session.close()
  }
}

/**
 * Prepares the session and takes the lock; closes everything when that fails.
 *
 * @param opened a session to go on with; without one, a new one is opened.
 */
export async function openRun(config: Config, opened?: Session): Promise<Run> {
  const emit = createEmit(config)
  const session = opened ?? (await connectForRun(config, emit))
  let run: Run | undefined
  try {
    run = new Run(config, session, await applySettings(session, config))
    emit({ type: 'connected', server: session.display, backendPid: session.backendPid })
    await run.lock()
    return run
  } catch (error) {
    await (run?.close() ?? session.close())
    throw error
  }
}

/**
 * A run of a command that only looks: without the lock, and without settings of its own.
 *
 * @param opened as for {@link openRun}.
 */
export async function openWithoutLock(config: Config, opened?: Session): Promise<Run> {
  const session = opened ?? (await connectForRun(config, createEmit(config)))
  return new Run(config, session, { begin: 'BEGIN', settings: [] })
}

async function connectForRun(config: Config, emit: Emit): Promise<Session> {
  const { signal, connectRetries } = config
  return await openSessionWithRetries(await resolveTarget(config), {
    signal,
    connectRetries,
    ...sessionListeners(config, emit),
  })
}

/** How the session is set up, and how each transaction on it begins. */
interface Settled {
  readonly begin: string
  readonly settings: readonly string[]
}

async function applySettings(session: Session, config: Config): Promise<Settled> {
  const settings = sessionSettings(config)
  const rows = await session.query<{ name: string; value: string }>(readResetValuesSql(settings))
  const resetValues = new Map(rows.map((row) => [row.name, row.value]))
  const statements = settingsStatements(settings, resetValues)
  const begin = beginStatement(resetValues)
  try {
    await session.send(statements.join('; '))
    return { begin, settings: statements }
  } catch (error) {
    if (!(error instanceof ServerError) || error.sqlState !== invalidParameterValue) throw error
    // Some platforms cannot watch a connection while a statement runs.
    const rest = statements.filter((statement) => !statement.includes('client_connection_check_interval'))
    await session.send(rest.join('; '))
    return { begin, settings: rest }
  }
}
