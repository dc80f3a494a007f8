import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Callbacks } from '../callbacks/callbacks.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type HistoryPlace, placeHistory } from '../history/history-row.js'
import type { LedgerEntry } from '../history/ledger-entry.js'
import { ownNames, quoteIdentifier } from '../history/quote-sql.js'
import type { LedgerDraft, PlanStep } from '../plan/plan.js'
import { admit } from './admit.js'
import { tellingBlockers } from './blocker-watch.js'
import { chooseLock } from './choose-lock.js'
import { openSessionWithRetries } from './connect-retry.js'
import { resolveTarget } from './connection-target.js'
import { createEmit, type Emit, sessionListeners } from './emit.js'
import type { HistoryHead, Lock, LockStrategy, ReportedLock } from './lock.js'
import { createMask } from './mask.js'
import { ServerError } from './server-error.js'
import { openSession, type Session } from './session.js'
import { careForOwnSession, type SessionCare } from './session-care.js'
import { settleSession } from './settle-session.js'
import { toolVersion } from './tool-version.js'
import { translateError } from './translate-error.js'

/** How transactions of a run begin, and how it leaves its session behind them. */
export interface Settled {
  readonly begin: string
  /** Settings of one transaction, where the session cannot keep them. */
  readonly localSettings: readonly string[]
  readonly care: SessionCare
  /** None for commands that only look. */
  readonly lock: Lock | null
}

/** One call of a writing command: its session, its lock, and what it writes into every ledger row. */
export class Run {
  readonly id = randomUUID()
  readonly config: Config
  readonly place: HistoryPlace
  readonly emit: Emit
  /** Hides the values of the caller's placeholders. */
  readonly mask: (text: string) => string
  readonly session: Session
  readonly care: SessionCare
  readonly lock: Lock | null
  /** Role that may use history and ledger when the login itself may not. */
  historyRole: string | null = null
  /** The session user. */
  login = ''
  /** Where the ledger's hash chain goes on. */
  ledgerHash: string | null = null
  /** As the server told it last. It may have been damaged on its way. */
  readLedgerHash: string | null = null
  /** The highest rank that was found in history, or will be there by the end of the plan. */
  highestRank = 0
  /** Set while a command has any. */
  callbacks: Callbacks | null = null
  #observer: Promise<Session> | null = null
  readonly #stopObserving = new AbortController()
  #isLocked = false
  readonly #opening: readonly string[]
  /** Which program on which machine runs this. */
  readonly #client: string

  constructor(config: Config, session: Session, { begin, localSettings, care, lock }: Settled) {
    this.#opening = [begin, ...localSettings]
    this.care = care
    this.lock = lock
    this.config = config
    this.session = session
    this.place = placeHistory(config)
    this.emit = createEmit(config)
    this.mask = createMask(config.placeholders)
    this.#client = clientOf(config)
  }

  async takeLock(): Promise<void> {
    this.#isLocked = true
    await this.lock?.acquire()
  }

  /** Whether it took the lock; commands that only look do not. */
  get isLocked(): boolean {
    return this.#isLocked
  }

  get reportedLock(): ReportedLock | null {
    return this.lock === null ? null : { strategy: this.lock.strategy, reason: this.lock.reason }
  }

  /** Makes known which ranks a plan writes. */
  expectRanks(steps: readonly PlanStep[]): void {
    const ranks = steps.flatMap(({ historyRows }) => historyRows.map(({ installedRank }) => installedRank))
    this.highestRank = Math.max(this.highestRank, ...ranks)
  }

  /** Statements that open a transaction. */
  get begin(): readonly string[] {
    return [...this.#opening, ...(this.lock?.guard ?? [])]
  }

  /** Statements that open a transaction in which history or ledger are written, as planned for what they were. */
  beginPlanned(head: HistoryHead): readonly string[] {
    return [...this.#opening, ...(this.lock?.guardPlan(head, this.historyRole) ?? [])]
  }

  /** SQL for the process id of the server that works for this run, seen from another session. */
  get backendPid(): string {
    return this.lock?.backendPid ?? String(this.session.backendPid)
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

  /**
   * Runs statements on history or ledger in a transaction of their own.
   *
   * @param isPlanned whether they stand on what was read of them.
   * @param existing which of them were there.
   * @throws ServerError
   * @throws HistoryMoved
   */
  async writeAsHistoryRole(
    statements: readonly string[],
    isPlanned = true,
    existing?: HistoryHead['existing'],
  ): Promise<void> {
    const role = this.historyRole === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(this.historyRole)}`]
    const { ledgerHash, highestRank } = this
    const head = { ledgerHash, highestRank, ...(existing !== undefined && { existing }) }
    const begin = isPlanned ? this.beginPlanned(head) : this.begin
    const renewal = this.lock?.renewal ?? []
    const text = [...begin, ownNames, ...role, ...statements, ...renewal, 'COMMIT'].join(';\n')
    try {
      await admit(this, () => tellingBlockers(this, () => this.session.send(text)))
    } catch (error) {
      if (error instanceof ServerError) await this.session.send('ROLLBACK')
      throw error
    }
  }

  /** A second session, for looking at the first one from outside. */
  async observer(): Promise<Session> {
    const signal = AbortSignal.any([this.#stopObserving.signal, ...(this.config.signal ? [this.config.signal] : [])])
    this.#observer ??= resolveTarget(this.config).then((target) => openSession(target, { signal }))
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
    if (this.lock === null || (await this.holdsLock(script === null ? undefined : remains))) return
    throw lockLost(this.session.display, this.lock.strategy, script, remains)
  }

  /**
   * Whether the lock is still there, if there is one to be held.
   *
   * @param remains what became of what was done under it.
   * @throws SchemawayError when the server refuses to say so.
   */
  async holdsLock(remains = 'What this run did is committed and recorded.'): Promise<boolean> {
    try {
      return this.lock === null || (await this.lock.isHeld())
    } catch (error) {
      throw translateError(error, 'looking whether the lock is still held', this.session.display, remains)
    }
  }

  /** Never throws: what counts is committed, and the lock ends with the session anyway. */
  async close(): Promise<void> {
    const observed = this.#endObservation()
    // What was stopped between two messages left a transaction open, which would take the end of the lock along.
    const { session, care, lock } = this
    if (lock?.strategy === 'table' && !session.isLost && session.transactionStatus !== 'idle') {
      await session.send(['ROLLBACK', ...care.afterRoles].join(';\n')).catch(() => {})
    }
    if (this.#isLocked) await lock?.release().catch(() => {})
    // Of a server that has fallen silent, the end of both is waited for at the same time.
    await Promise.all([session.close(), observed])
  }

  /** One that is still being opened, to a server that does not answer, is not waited for. */
  async #endObservation(): Promise<void> {
    this.#stopObserving.abort()
    const observer = await this.#observer?.catch(() => null)
    await observer?.close()
  }
}

function lockLost(server: string, strategy: LockStrategy, script: string | null, remains: string): SchemawayError {
  const how =
    strategy === 'table'
      ? 'Another process took it over, or somebody deleted its row: look at the logs, then run again.'
      : 'Remove pg_advisory_unlock_all() or DISCARD ALL from it, then run again.'
  const what =
    script === null
      ? 'The lock that keeps other processes from migrating at the same time was released during this run. What the run ' +
        'did is committed and recorded, but another process may have worked at the same time. Look with info(), and at ' +
        `the logs of other processes.${strategy === 'table' ? '' : ' If a script of this run holds pg_advisory_unlock_all() or DISCARD ALL, remove it.'}`
      : strategy === 'table'
        ? `The lock that keeps other processes from migrating at the same time was lost while ${script} ran. ${remains} ${how}`
        : `${script} released the lock that keeps other processes from migrating at the same time. ${remains} ${how}`
  return new SchemawayError('LOCK_LOST', what, { details: { server, ...(script !== null && { script }) } })
}

/** How ledger and locks name this process. */
function clientOf({ applicationName }: Config): string {
  return `${applicationName}@${hostname()}:${process.pid}`
}

/**
 * Prepares the session and takes the lock; closes everything when that fails.
 *
 * @param opened a session to go on with; without one, a new one is opened.
 * @throws SchemawayError `SERVER_UNSUITABLE` behind a pooler that a command cannot work through, or without a lock that excludes;
 *   `LOCK_WAIT_TIMEOUT`, `CONNECTION_FAILED`, `ABORTED`.
 */
export async function openRun(config: Config, opened?: Session): Promise<Run> {
  const emit = createEmit(config)
  const session = opened ?? (await connectForRun(config, emit))
  let run: Run | undefined
  try {
    const { choice, resetValues } = await chooseLock(session, config)
    const settled = await settleSession(session, config, resetValues, choice.isShared)
    const lock = await choice.create({ session, config, emit, client: clientOf(config) })
    run = new Run(config, session, { ...settled, lock })
    emit({ type: 'connected', server: session.display, backendPid: session.backendPid })
    await run.takeLock()
    return run
  } catch (error) {
    await (run?.close() ?? session.close())
    throw translateError(error, 'preparing the session', session.display, 'Nothing was changed.')
  }
}

/**
 * A run of a command that only looks: without the lock, and without settings of its own.
 *
 * @param opened as for {@link openRun}.
 * @param isShared whether a pooler stands between, so that the connection to the server is not ours alone.
 */
export async function openWithoutLock(config: Config, opened?: Session, isShared = false): Promise<Run> {
  const session = opened ?? (await connectForRun(config, createEmit(config)))
  const care = isShared
    ? await (await import('./shared-session.js')).careForSharedSession(session)
    : careForOwnSession([])
  return new Run(config, session, { begin: 'BEGIN', localSettings: [], care, lock: null })
}

async function connectForRun(config: Config, emit: Emit): Promise<Session> {
  const { signal, connectRetries } = config
  return await openSessionWithRetries(await resolveTarget(config), {
    signal,
    connectRetries,
    ...sessionListeners(config, emit),
  })
}
