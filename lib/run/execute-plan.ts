import { type Blocker, SchemawayError } from '../errors/schemaway-error.js'
import type { Plan, PlanStep } from '../plan/plan.js'
import { abortedError, pause } from './abort.js'
import { dataLossCheck, dataLossRefused, findTablesWithRows, readDroppedTables } from './data-loss.js'
import type { Unit } from './drive-with-umzug.js'
import { logSafely } from './emit.js'
import { HistoryMoved } from './history-moved.js'
import type { Run } from './open-run.js'
import { pack } from './pack-steps.js'
import { prepareUnits } from './prepare-units.js'
import { recordFailure } from './record-failure.js'
import { retryPause } from './retry-pause.js'
import { CommitInDoubt, MessageFailure, type Parcel, type StepResult, StepSender } from './send-steps.js'
import { queryCanceled, ServerError } from './server-error.js'
import { explainDoubt, explainFailure, isBlocked } from './statement-error.js'
import { tellUnusableUndo } from './tell-unusable-undo.js'
import { translateError } from './translate-error.js'

/**
 * Runs a plan: one message and transaction per step, or one transaction for all of them. Retries a transaction that ran
 * into `lock_timeout` or a deadlock, records a failure in the ledger, and tells what was applied before it.
 *
 * @throws SchemawayError `STATEMENT_FAILED`, `STATEMENT_BLOCKED`, `COMMIT_FAILED`, `TRANSACTION_ESCAPED`,
 *   `MISSING_PRIVILEGE`, `DATA_LOSS_REFUSED`, `LOCK_LOST`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function executePlan(plan: Plan, run: Run): Promise<readonly StepResult[]> {
  if (plan.steps.length === 0) return []
  const executor = new Executor(run.callbacks === null ? plan : run.callbacks.surround(plan), run)
  try {
    return await executor.execute()
  } finally {
    executor.stop()
  }
}

/** Runs a script outside a transaction, or goes on where an earlier run stopped. */
export interface OutsideRunner {
  /** What stays of the script when it fails now, and what the next run does. */
  readonly remains: string
  execute(): Promise<void>
  /** Brings the session back to what every script can rely on. */
  reset(): Promise<void>
  /** An error that ended the script and is none of a statement, with what remains. */
  explain?(error: unknown): unknown
  /** Whether the ledger has to say that a statement failed, behind the mark that it was begun. */
  readonly hasFailedBehindMark?: boolean
}

class Executor {
  readonly #plan: Plan
  readonly #run: Run
  readonly #sender: StepSender
  readonly #results: StepResult[] = []
  /** Steps of which nobody knows whether they are committed. */
  #inDoubt: readonly PlanStep[] = []
  /** Scripts that run outside a transaction. */
  readonly #units = new Map<PlanStep, OutsideRunner>()

  constructor(plan: Plan, run: Run) {
    this.#plan = plan
    this.#run = run
    this.#sender = new StepSender(plan, run)
  }

  async execute(): Promise<readonly StepResult[]> {
    const { steps } = this.#plan
    const { config, emit, id } = this.#run
    this.#run.expectRanks(steps)
    tellUnusableUndo(emit, steps)
    emit({ type: 'planned', run: id, steps: steps.map(({ action, reference }) => ({ action, ...reference })) })
    try {
      await this.#prepareUnits()
      if (config.transaction === 'each' && steps.length > 1) await this.#rehearseDrops()
      const { driveWithUmzug } = await loadDriver()
      // Not before, so that none is called for a rehearsal.
      this.#sender.callHook = this.#hookCaller()
      await driveWithUmzug(config.transaction === 'all' ? this.#planOneTransaction() : this.#planTransactions())
    } catch (error) {
      if (error instanceof HistoryMoved) {
        throw new HistoryMoved(this.#run.session.display, this.#results, error.isMisread)
      }
      throw this.#addProgress(translateError(error, 'running migrations', this.#run.session.display))
    }
    return this.#results
  }

  stop(): void {
    this.#sender.stop()
  }

  /** What does not try the transaction again ends it here. */
  #hookCaller(): StepSender['callHook'] {
    const { callbacks } = this.#run
    if (callbacks === null) return null
    return async ({ event, statement }, step) => {
      try {
        await callbacks.callInMigration(event, { migration: step.reference, statement })
      } catch (error) {
        const isHandled = error instanceof MessageFailure || this.#run.session.isLost
        if (!isHandled) await this.#rollBack()
        throw error
      }
    }
  }

  #planTransactions(): readonly Unit[] {
    const { callbacks } = this.#run
    const units = this.#planEach()
    if (callbacks === null) return units
    return callbacks.surroundUnits(units, this.#plan.steps, (step) => this.#units.has(step))
  }

  #planEach(): readonly Unit[] {
    const parcels = this.#plan.steps.map((step): Parcel => ({ steps: [step], begins: true, commits: true }))
    return parcels.map((parcel, index) => {
      const [step] = parcel.steps
      const units = step === undefined ? undefined : this.#units.get(step)
      const next = parcels[index + 1]
      const isNextWritten = next?.steps.some((one) => this.#units.has(one)) === false
      return {
        name: step?.reference.script ?? '',
        run: () =>
          step === undefined || units === undefined
            ? this.#withRetries(() => this.#transaction([parcel], isNextWritten ? next : null))
            : this.#runUnits(step, units),
      }
    })
  }

  #planOneTransaction(): readonly Unit[] {
    const parcels = pack(this.#plan.steps)
    const run = (): Promise<void> => this.#withRetries(() => this.#transaction(parcels, null))
    const { callbacks } = this.#run
    return [{ name: 'all', run: callbacks?.telling(this.#plan.steps, run) ?? run }]
  }

  /** Reads how far scripts outside a transaction came, so that what cannot go on stops the run before it starts. */
  async #prepareUnits(): Promise<void> {
    const programs = await this.#preparePrograms()
    const steps = this.#plan.steps.filter((step) => step.scripts.length > 0 && !programs.has(step))
    const units = await prepareUnits(steps, { sender: this.#sender, run: this.#run })
    for (const [step, runner] of units) this.#units.set(step, runner)
  }

  /** Loads migrations in TypeScript and JavaScript. @returns the steps that are one. */
  async #preparePrograms(): Promise<ReadonlySet<PlanStep>> {
    const steps = this.#plan.steps.filter(({ mustNotExportDown, scripts }) => {
      return mustNotExportDown !== undefined || scripts.some(({ program }) => program !== undefined)
    })
    if (steps.length === 0) return new Set()
    const { preparePrograms } = await import('../programs/prepare-programs.js')
    const { runBehind, outside } = await preparePrograms(steps, { sender: this.#sender, run: this.#run })
    this.#sender.runProgram = runBehind
    for (const [step, runner] of outside) this.#units.set(step, runner)
    return new Set(outside.keys())
  }

  /** A script outside a transaction; its row of history is written when all of it is done. */
  async #runUnits(step: PlanStep, units: OutsideRunner): Promise<void> {
    const { config } = this.#run
    this.#sender.tell('stepStarted', [step])
    const started = performance.now()
    const elapsed = (): number => Math.round(performance.now() - started)
    try {
      await units.execute()
      await units.reset()
      const record = { ...step, scripts: [] }
      const parcel = { steps: [record], begins: true, commits: true, elapsed: elapsed() }
      await this.#withRetries(async () => void (await this.#sender.send(parcel, null)), units)
    } catch (error) {
      // What failed first is what has to be told.
      await units.reset().catch(() => {})
      if (!(error instanceof MessageFailure)) throw units.explain?.(error) ?? error
      const isAborted = config.signal?.aborted === true && error.cause.sqlState === queryCanceled
      if (!isAborted || units.hasFailedBehindMark === true) {
        const failed = await this.#fail(error, error.blockers, error.attempts, units.remains)
        if (!isAborted) throw failed
      }
      const aborted = abortedError('a statement was running', config.signal?.reason)
      throw units.explain?.(aborted) ?? aborted
    }
    this.#results.push({ step, milliseconds: elapsed() })
    this.#sender.tell('stepFinished', [step], elapsed())
  }

  /** One transaction in one or more messages; either all of it is committed, or nothing. */
  async #transaction(parcels: readonly Parcel[], afterwards: Parcel | null): Promise<void> {
    const finished: StepResult[] = []
    const hashBefore = this.#run.ledgerHash
    try {
      for (const [index, parcel] of parcels.entries()) {
        finished.push(...(await this.#sender.send(parcel, parcels[index + 1] ?? afterwards)))
      }
    } catch (error) {
      this.#run.ledgerHash = hashBefore
      if (!(error instanceof CommitInDoubt)) throw error
      this.#inDoubt = parcels.flatMap(({ steps }) => steps)
      throw explainDoubt(
        error,
        this.#inDoubt.map(({ reference }) => reference),
      )
    }
    this.#results.push(...finished)
    if (this.#sender.resetFailure !== null) await this.#resetAgain(this.#sender.resetFailure)
  }

  /** The steps are committed; only a session that is as new may go on. */
  async #resetAgain(failure: NonNullable<StepSender['resetFailure']>): Promise<void> {
    this.#sender.resetFailure = null
    try {
      await this.#rollBack()
    } catch {
      throw translateError(
        failure,
        'resetting the session after a migration that is applied',
        this.#run.session.display,
      )
    }
  }

  /**
   * A rollback of several transactions must not stop half-way because a later one would drop rows. So all of it is first
   * tried in one transaction that is rolled back. A rehearsal that fails for another reason decides nothing: every
   * transaction is checked again by itself.
   */
  async #rehearseDrops(): Promise<void> {
    if (!this.#sender.guardsData) return
    const { config, session } = this.#run
    // A program may do more than can be rolled back, so it does not run for a rehearsal, nor does what comes after it.
    const program = this.#plan.steps.findIndex((step) => step.scripts.some((one) => one.program !== undefined))
    const rehearsed = program === -1 ? this.#plan.steps : this.#plan.steps.slice(0, program)
    if (rehearsed.length === 0) return
    for (let attempt = 1; ; attempt += 1) {
      const other = await this.#rehearse(pack(rehearsed), false)
      if (other === null) return
      if (!isBlocked(other)) break
      if (attempt > config.lockRetries) throw translateError(other, 'rehearsing the rollback', session.display)
      await pause(retryPause(attempt, other, config.lockTimeout), config.signal, 'waiting before the next rehearsal')
    }
    // An error of a later script hides what the earlier ones would drop, so they are looked at one by one.
    const parcels = rehearsed.map((step, index) => ({ steps: [step], begins: index === 0, commits: false }))
    await this.#rehearse(parcels, true)
  }

  /** Runs parcels in a transaction that is rolled back. Returns an error that has nothing to do with rows, or null. */
  async #rehearse(parcels: readonly Parcel[], looksAfterEach: boolean): Promise<ServerError | null> {
    const { place, config } = this.#run
    let { ledgerHash } = this.#run
    try {
      for (const [index, parcel] of parcels.entries()) {
        const message = this.#sender.write({ ...parcel, commits: false }, ledgerHash)
        ledgerHash = message.ledgerHash
        await this.#sender.sendMessage(message)
        const isLast = index === parcels.length - 1
        if (looksAfterEach || isLast) await this.#sender.sendText(dataLossCheck(place, this.#sender.knownEmpty).after)
      }
      await this.#rollBack()
      return null
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      await this.#rollBack()
      if (config.signal?.aborted && error.sqlState === queryCanceled) {
        throw abortedError('a rollback was rehearsed', config.signal.reason)
      }
      return (await this.#onlyEmptyTablesDropped(error)) ? await this.#rehearse(parcels, looksAfterEach) : error
    }
  }

  /** Tries a transaction again, from its beginning, while another session holds what it needs. */
  async #withRetries(transaction: () => Promise<void>, units?: OutsideRunner): Promise<void> {
    const { config, emit } = this.#run
    let blockers: readonly Blocker[] = []
    for (let attempt = 1; ; attempt += 1) {
      try {
        await transaction()
        return
      } catch (error) {
        if (!(error instanceof MessageFailure)) throw error
        const { sqlState } = error.cause
        await this.#rollBack()
        if (config.signal?.aborted && sqlState === queryCanceled) {
          throw abortedError('a statement was running', config.signal.reason)
        }
        if (await this.#onlyEmptyTablesDropped(error.cause)) continue
        blockers = error.blockers.length > 0 ? error.blockers : blockers
        if (!isBlocked(error.cause) || attempt > config.lockRetries) {
          throw await this.#fail(error, blockers, attempt, units?.remains)
        }
        const wait = retryPause(attempt, error.cause, config.lockTimeout)
        emit({ type: 'retry', attempt: attempt + 1, of: config.lockRetries + 1, waitMilliseconds: wait, sqlState })
        await pause(wait, config.signal, `waiting before attempt ${attempt + 1}`)
      }
    }
  }

  async #rollBack(): Promise<void> {
    await this.#run.session.send(['ROLLBACK', ...this.#run.care.afterScripts].join(';\n'))
  }

  /** True when a refused rollback would drop tables that turn out to be empty, so that it may be sent again. */
  async #onlyEmptyTablesDropped(error: ServerError): Promise<boolean> {
    const dropped = readDroppedTables(error)
    if (dropped === null) return false
    const tables = await findTablesWithRows(this.#run.session, dropped)
    if (tables.length > 0) throw dataLossRefused(tables, this.#results.length === 0)
    this.#sender.knownEmpty = [...this.#sender.knownEmpty, ...dropped]
    return true
  }

  /** @param remains what stays of a script outside a transaction. */
  async #fail(
    failure: MessageFailure,
    blockers: readonly Blocker[],
    attempts: number,
    remains?: string,
  ): Promise<SchemawayError> {
    const run = this.#run
    const context = {
      message: failure.sent,
      part: failure.part,
      blockers,
      attempts,
      mask: run.mask,
      server: run.session.display,
      ...(remains !== undefined && { remains }),
    }
    const { error, subject } = failure.explain(context) ?? explainFailure(failure.cause, context)
    try {
      if (subject !== null) await recordFailure(this.#plan, run, error, subject)
    } catch (cause) {
      // What failed first is what has to be told; the ledger only misses a line about it.
      const reason = cause instanceof Error ? cause.message : 'unknown reason'
      logSafely(run.config.logger, `the failure could not be recorded in the ledger: ${reason}`)
    }
    return error
  }

  /** Tells what the run had done before it stopped. */
  #addProgress(error: unknown): unknown {
    if (!(error instanceof SchemawayError)) return error
    const done = new Set(this.#results.map((result) => result.step))
    const isOpen = (step: PlanStep): boolean => !done.has(step) && !this.#inDoubt.includes(step)
    const scripts = (steps: readonly PlanStep[]): readonly string[] => steps.map((step) => step.reference.script)
    const finished = this.#plan.steps.filter((step) => done.has(step))
    const open = scripts(this.#plan.steps.filter(isOpen))
    return new SchemawayError(error.code, error.message, {
      details: {
        ...error.details,
        applied: scripts(finished.filter(isForward)),
        undone: scripts(finished.filter((step) => !isForward(step))),
        notReached: open.filter((script) => script !== error.details.script),
      },
      cause: error.cause,
    })
  }
}

/** In a bundle, Umzug's `require` may be missing; that shows only now, so it has to be told with the remedy. */
async function loadDriver(): Promise<typeof import('./drive-with-umzug.js')> {
  try {
    return await import('./drive-with-umzug.js')
  } catch (cause) {
    throw new SchemawayError(
      'ENGINE_UNAVAILABLE',
      `Umzug could not be loaded: ${cause instanceof Error ? cause.message : 'unknown reason'}. Nothing was changed. In a bundle of ES ` +
        "modules, give it a `require` with the banner import { createRequire } from 'node:module'; const require = " +
        'createRequire(import.meta.url); or keep umzug external (esbuild: --external:umzug).',
      { cause },
    )
  }
}

function isForward({ action }: PlanStep): boolean {
  return action === 'apply' || action === 'adopt'
}
