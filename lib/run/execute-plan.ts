import { randomUUID } from 'node:crypto'
import { type Blocker, type ErrorDetails, SchemawayError } from '../errors/schemaway-error.js'
import type { LedgerEntry } from '../history/ledger-entry.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import type { LedgerDraft, Plan, PlanStep } from '../plan/plan.js'
import { abortedError, pause, throwIfAborted } from './abort.js'
import { BlockerWatch } from './blocker-watch.js'
import { dataLossCheck, dataLossRefused, findTablesWithRows, readDroppedTables } from './data-loss.js'
import { driveWithUmzug, type Unit } from './drive-with-umzug.js'
import type { ScriptReference } from './events.js'
import { type Message, writeMessage } from './message.js'
import type { Run } from './open-run.js'
import { ServerError } from './server-error.js'
import { resetStatements } from './session-settings.js'
import { deadlockDetected, explainFailure, lockNotAvailable } from './statement-error.js'

/** What became of one step. */
export interface StepResult {
  readonly step: PlanStep
  readonly milliseconds: number
}

const stepsPerMessage = 50
const charactersPerMessage = 1_000_000
const longestRetryPause = 2_000
const queryCanceled = '57014'

/**
 * Runs a plan: one message and transaction per step, or one transaction for all of them. Retries a transaction that ran
 * into `lock_timeout` or a deadlock, records a failure in the ledger, and tells what was applied before it.
 *
 * @throws SchemawayError `STATEMENT_FAILED`, `STATEMENT_BLOCKED`, `COMMIT_FAILED`, `TRANSACTION_ESCAPED`,
 *   `MISSING_PRIVILEGE`, `DATA_LOSS_REFUSED`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function executePlan(plan: Plan, run: Run): Promise<readonly StepResult[]> {
  const executor = new Executor(plan, run)
  return await executor.execute()
}

class Executor {
  readonly #plan: Plan
  readonly #run: Run
  readonly #results: StepResult[] = []
  #knownEmpty: readonly string[] = []

  constructor(plan: Plan, run: Run) {
    this.#plan = plan
    this.#run = run
  }

  async execute(): Promise<readonly StepResult[]> {
    const { steps } = this.#plan
    if (steps.length === 0) return []
    const { config, emit, id } = this.#run
    emit({ type: 'planned', run: id, steps: steps.map(({ action, reference }) => ({ action, ...reference })) })
    const units: Unit[] = []
    try {
      if (config.transaction === 'each' && steps.length > 1) await this.#rehearseDrops()
      if (config.transaction === 'all') {
        units.push({ name: 'all', run: () => this.#withRetries(() => this.#transaction(chunk(steps))) })
      } else {
        for (const step of steps) {
          units.push({ name: step.reference.script, run: () => this.#withRetries(() => this.#transaction([[step]])) })
        }
      }
      await driveWithUmzug(units)
    } catch (error) {
      throw this.#addProgress(error)
    }
    return this.#results
  }

  /** One transaction in one or more messages; either all of `chunks` is committed, or nothing. */
  async #transaction(chunks: readonly (readonly PlanStep[])[]): Promise<void> {
    const token = randomUUID()
    const finished: StepResult[] = []
    const hashBefore = this.#run.ledgerHash
    const send = async (steps: readonly PlanStep[], index: number): Promise<void> => {
      finished.push(...(await this.#send(steps, { token, begins: index === 0, commits: index === chunks.length - 1 })))
    }
    try {
      for (const [index, steps] of chunks.entries()) await send(steps, index)
    } catch (error) {
      this.#run.ledgerHash = hashBefore
      throw error
    }
    this.#results.push(...finished)
  }

  async #send(steps: readonly PlanStep[], part: Part): Promise<readonly StepResult[]> {
    const run = this.#run
    const { session, config } = run
    throwIfAborted(config.signal, 'between two migrations')
    const message = this.#write(steps, part)
    for (const step of steps) {
      run.emit({ type: 'stepStarted', action: step.action, ...this.#position(step), ...step.reference })
    }
    const started = performance.now()
    const watch = new BlockerWatch(run)
    const cancel = (): void => void session.cancel().catch(() => {})
    config.signal?.addEventListener('abort', cancel, { once: true })
    try {
      const { commandTags } = await session.send(message.text)
      if (part.commits) checkCommit(commandTags, message, steps)
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      throw new MessageFailure(error, message, watch.blockers)
    } finally {
      watch.stop()
      config.signal?.removeEventListener('abort', cancel)
    }
    run.ledgerHash = message.ledgerHash
    if (/advisory/i.test(message.text)) await run.checkLock(steps.at(-1)?.reference.script ?? null)
    const milliseconds = Math.round((performance.now() - started) / steps.length)
    for (const step of steps) {
      run.emit({ type: 'stepFinished', action: step.action, milliseconds, ...this.#position(step), ...step.reference })
    }
    return steps.map((step) => ({ step, milliseconds }))
  }

  #write(steps: readonly PlanStep[], part: Part): Message {
    const run = this.#run
    return writeMessage(steps, {
      ...part,
      place: run.place,
      backendPid: run.session.backendPid,
      ledgerHash: run.ledgerHash,
      completeEntry: (draft) => run.completeEntry(draft),
      historyRole: run.historyRole,
      dataLossCheck: this.#guardsData ? dataLossCheck(run.place, this.#knownEmpty) : null,
      settings: run.settings,
    })
  }

  get #guardsData(): boolean {
    const { config } = this.#run
    return config.command === 'rollback' && !config.allowDataLoss
  }

  /**
   * A rollback of several transactions must not stop half-way because a later one would drop rows. So all of it is first
   * tried in one transaction that is rolled back. A rehearsal that fails for another reason decides nothing: every
   * transaction is checked again by itself.
   */
  async #rehearseDrops(): Promise<void> {
    if (!this.#guardsData) return
    const { session, place } = this.#run
    const token = randomUUID()
    try {
      for (const [index, steps] of chunk(this.#plan.steps).entries()) {
        await session.send(this.#write(steps, { token, begins: index === 0, commits: false }).text)
      }
      await session.send(dataLossCheck(place, this.#knownEmpty).after)
      await this.#rollBack()
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      await this.#rollBack()
      await this.#onlyEmptyTablesDropped(error)
    }
  }

  #position(step: PlanStep): { readonly number: number; readonly of: number } {
    return { number: this.#plan.steps.indexOf(step) + 1, of: this.#plan.steps.length }
  }

  /** Tries a transaction again, from its beginning, while another session holds what it needs. */
  async #withRetries(transaction: () => Promise<void>): Promise<void> {
    const { session, config, emit } = this.#run
    let blockers: readonly Blocker[] = []
    for (let attempt = 1; ; attempt += 1) {
      try {
        await transaction()
        return
      } catch (error) {
        if (!(error instanceof MessageFailure)) throw error
        await this.#rollBack()
        if (config.signal?.aborted && error.cause.sqlState === queryCanceled) {
          throw abortedError('a statement was running', config.signal.reason)
        }
        if (await this.#onlyEmptyTablesDropped(error.cause)) continue
        blockers = error.blockers.length > 0 ? error.blockers : blockers
        const isBlocked = error.cause.sqlState === lockNotAvailable || error.cause.sqlState === deadlockDetected
        if (!isBlocked || attempt > config.lockRetries) throw await this.#fail(error, blockers, attempt)
        const wait = Math.round(Math.random() * Math.min(longestRetryPause, 100 * 2 ** attempt))
        emit({
          type: 'retry',
          attempt: attempt + 1,
          of: config.lockRetries + 1,
          waitMilliseconds: wait,
          sqlState: error.cause.sqlState,
        })
        await pause(wait, config.signal, `waiting before attempt ${attempt + 1}`)
        if (session.isLost) throw error.cause
      }
    }
  }

  async #rollBack(): Promise<void> {
    await this.#run.session.send(['ROLLBACK', ...resetStatements, this.#run.settings].join(';\n'))
  }

  /** True when a refused rollback would drop tables that turn out to be empty, so that it may be sent again. */
  async #onlyEmptyTablesDropped(error: ServerError): Promise<boolean> {
    const dropped = readDroppedTables(error)
    if (dropped === null) return false
    const tables = await findTablesWithRows(this.#run.session, dropped)
    if (tables.length > 0) throw dataLossRefused(tables)
    this.#knownEmpty = [...this.#knownEmpty, ...dropped]
    return true
  }

  async #fail(failure: MessageFailure, blockers: readonly Blocker[], attempts: number): Promise<SchemawayError> {
    const run = this.#run
    const { error, subject } = explainFailure(failure.cause, {
      message: failure.sent,
      blockers,
      attempts,
      mask: run.mask,
      server: run.session.display,
    })
    if (subject !== null) await this.#recordFailure(error, subject)
    return error
  }

  /** The one thing that a failed migration leaves behind: a row in the ledger. */
  async #recordFailure(error: SchemawayError, subject: ScriptReference): Promise<void> {
    const run = this.#run
    const step = this.#plan.steps.find((one) => one.reference === subject)
    const [draft] = step?.ledgerEntries ?? []
    if (draft === undefined || run.session.isLost) return
    const { sqlState, serverMessage, line, column } = error.details
    const entry: LedgerEntry = run.completeEntry({
      ...withoutUndo(draft),
      ...{ script: subject.script, version: subject.version, description: subject.description },
      error: JSON.stringify({ code: error.code, sqlState, message: serverMessage, line, column }),
    })
    const ledger = insertLedgerSql(run.place, [entry], run.ledgerHash, ['0'])
    await run.writeAsHistoryRole([ledger.sql])
    run.ledgerHash = ledger.hash
  }

  #addProgress(error: unknown): unknown {
    if (!(error instanceof SchemawayError)) return error
    const done = new Set(this.#results.map((result) => result.step))
    const scripts = (steps: readonly PlanStep[]): readonly string[] => steps.map((step) => step.reference.script)
    const finished = this.#plan.steps.filter((step) => done.has(step))
    const details: ErrorDetails = {
      ...error.details,
      applied: scripts(finished.filter((step) => step.action === 'apply')),
      undone: scripts(finished.filter((step) => step.action !== 'apply')),
      notReached: scripts(this.#plan.steps.filter((step) => !done.has(step))).filter(
        (script) => script !== error.details.script,
      ),
    }
    return new SchemawayError(error.code, error.message, { details, cause: error.cause })
  }
}

/** Which part of its transaction a message is. */
interface Part {
  /** Value that only this transaction knows. */
  readonly token: string
  readonly begins: boolean
  readonly commits: boolean
}

/** A message that the server refused, on its way to be explained or tried again. Never leaves this file. */
class MessageFailure extends Error {
  override readonly cause: ServerError
  readonly sent: Message
  readonly blockers: readonly Blocker[]

  constructor(cause: ServerError, sent: Message, blockers: readonly Blocker[]) {
    super(cause.message)
    this.cause = cause
    this.sent = sent
    this.blockers = blockers
  }
}

/** A COMMIT of a transaction that cannot be committed answers ROLLBACK, without an error. */
function checkCommit(commandTags: readonly string[], { segments }: Message, steps: readonly PlanStep[]): void {
  const commit = segments.find((one) => one.role === 'commit')
  const tag = commit === undefined ? 'COMMIT' : commandTags[commit.statementsBefore]
  if (tag === 'COMMIT') return
  throw new SchemawayError(
    'COMMIT_FAILED',
    `The server answered ${tag ?? 'nothing'} to the COMMIT after ${steps.at(-1)?.reference.script ?? 'the last script'}: nothing of ` +
      'that transaction remains. Run info() to see the state, then run again.',
  )
}

function withoutUndo(draft: LedgerDraft): LedgerDraft {
  return { ...draft, event: 'failed', installedRank: null, undoScript: null, undoText: null, placeholders: [] }
}

/** Steps of one transaction, in messages of a size that is quick to send and cheap to hold. */
function chunk(steps: readonly PlanStep[]): readonly (readonly PlanStep[])[] {
  const chunks: PlanStep[][] = []
  let open: PlanStep[] = []
  let characters = 0
  for (const step of steps) {
    const length = step.scripts.reduce((sum, script) => sum + script.parsed.text.length, 0)
    if (open.length > 0 && (open.length >= stepsPerMessage || characters + length > charactersPerMessage)) {
      chunks.push(open)
      open = []
      characters = 0
    }
    open.push(step)
    characters += length
  }
  return [...chunks, open]
}
