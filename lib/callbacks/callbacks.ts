import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { locationsModule } from '../modules/select-modules.js'
import type { Plan, PlannedScript, PlanStep } from '../plan/plan.js'
import { searchPathOf } from '../plan/search-path.js'
import { throwIfAborted } from '../run/abort.js'
import { BlockerWatch } from '../run/blocker-watch.js'
import type { Unit } from '../run/drive-with-umzug.js'
import { logSafely } from '../run/emit.js'
import type { ScriptReference } from '../run/events.js'
import type { Run } from '../run/open-run.js'
import { refuseUnsuitableServer } from '../run/prepare-history.js'
import { readState } from '../run/read-state.js'
import { refuseOutsideOfTransactions } from '../run/refuse-outside.js'
import { type StepResult, StepSender } from '../run/send-steps.js'
import { translateError } from '../run/translate-error.js'
import type { CallbackEvent } from './callback-events.js'
import { hasCallbacks } from './has-callbacks.js'
import type { HookFacts } from './hook-failure.js'
import type { Hook } from './hooks.js'
import { planCallbacks } from './plan-callbacks.js'
import type { CallbackFile } from './read-callbacks.js'
import { runCallback } from './run-callback.js'
import { runHook } from './run-hook.js'
import { surroundSteps } from './surround-steps.js'
import { surroundUnits, tellFailure } from './surround-units.js'

/** What is known at an event beyond its name. */
export type EventFacts = Partial<Omit<HookFacts, 'event'>>

/** The callbacks and hooks of one command on its session. */
export class Callbacks {
  readonly #run: Run
  readonly #watch: BlockerWatch
  readonly #sender: StepSender
  readonly #scripts: ReadonlyMap<CallbackEvent, readonly PlannedScript[]>
  /** `search_path` of what has no module. */
  readonly searchPath: string
  #hasFiredVersioned = false
  #hasFiredBeforeRepeatables = false

  private constructor(run: Run, scripts: ReadonlyMap<CallbackEvent, readonly PlannedScript[]>, searchPath: string) {
    this.#run = run
    this.#scripts = scripts
    this.searchPath = searchPath
    this.#watch = new BlockerWatch(run)
    this.#sender = new StepSender({ steps: [] }, run)
  }

  /**
   * Parses the callbacks that the command may run, so that a faulty one stops it before it starts.
   *
   * @returns null when the command has none, so that nothing has to be fired.
   * @throws SchemawayError `INVALID_SCRIPT` and the other codes of a faulty file.
   */
  static async prepare(run: Run, files: readonly CallbackFile[]): Promise<Callbacks | null> {
    const { config, session, place } = run
    if (!hasCallbacks(files, config)) return null
    const { state } = await readState(session, place, config.roles.owner).catch((error) => {
      throw translateError(error, 'reading the history', session.display)
    })
    // Whoever only looks may look at a standby, too.
    if (run.isLocked) refuseUnsuitableServer(session, state)
    const path = searchPathOf(locationsModule, config.selection.modules, config, state)
    const scripts = planCallbacks(files, config, state)
    const outside = [...scripts.values()].flat().filter(({ parsed }) => parsed.units !== null)
    refuseOutsideOfTransactions(run, outside)
    return new Callbacks(run, scripts, path)
  }

  /** Planned scripts of an event, in the order in which they run. */
  scriptsOf(event: CallbackEvent): readonly PlannedScript[] {
    return this.#scripts.get(event) ?? []
  }

  hookOf(event: CallbackEvent): Hook | null {
    return this.#run.config.hooks[event] ?? null
  }

  has(event: CallbackEvent): boolean {
    return this.scriptsOf(event).length > 0 || this.hookOf(event) !== null
  }

  get config(): Config {
    return this.#run.config
  }

  /** The plan with what runs in its transactions. */
  surround(plan: Plan): Plan {
    return surroundSteps(plan, this)
  }

  /** As {@link surroundSteps}, for what runs between the transactions. */
  surroundUnits(
    units: readonly Unit[],
    steps: readonly PlanStep[],
    runsOutside: (step: PlanStep) => boolean,
  ): readonly Unit[] {
    return surroundUnits(units, steps, this, runsOutside)
  }

  /** @returns the work of one transaction, followed by the events of a failure when it fails. */
  telling(steps: readonly PlanStep[], work: () => Promise<void>): () => Promise<void> {
    return async () => {
      await tellFailure(this, steps, work)
      // It was fired in front of the first repeatable.
      if (steps.some(({ reference }) => reference.version === null)) this.#hasFiredVersioned = true
    }
  }

  /** Callbacks around each statement are left out for a script of which the statements are not known one by one. */
  warnOfStatements(script: string): void {
    const message = `${script} runs without the callbacks around each statement: it is a program, a big file or a bundled script, or runs outside a transaction`
    logSafely(this.#run.config.logger, message)
    this.#run.emit({ type: 'notice', severity: 'WARNING', message })
  }

  stop(): void {
    this.#watch.stop()
    this.#sender.stop()
  }

  /**
   * Runs the callbacks of an event in transactions of their own, then its hook.
   *
   * @returns whether there was anything to run.
   * @throws SchemawayError `STATEMENT_FAILED` and the other codes of a script that fails, `HOOK_FAILED`, `ABORTED`.
   */
  async fire(event: CallbackEvent, facts: EventFacts = {}): Promise<boolean> {
    if (!this.has(event)) return false
    throwIfAborted(this.#run.config.signal, `the callback ${event} was about to run`)
    try {
      for (const script of this.scriptsOf(event)) await runCallback(script, this.#run, this.#sender)
      await this.#callHook(event, facts, 'own')
    } catch (error) {
      const { display } = this.#run.session
      throw translateError(error, `looking after the callback ${event}`, display, 'What it committed stays.')
    }
    return true
  }

  /** As {@link fire}, after a failure, which is what has to be told: what goes wrong here is only logged. */
  async fireAfterError(event: CallbackEvent, error: unknown, facts: EventFacts = {}): Promise<void> {
    const { session, config, emit, care } = this.#run
    // Nothing can be sent any more, or nothing should.
    if (session.isLost || config.signal?.aborted) return
    try {
      // A callback that commits must not commit what the failure left open.
      if (session.transactionStatus !== 'idle') await session.send(['ROLLBACK', ...care.afterRoles].join(';\n'))
      await this.fire(event, { ...facts, error: error instanceof SchemawayError ? error : null })
    } catch (cause) {
      const message = `${event} failed after a failure: ${cause instanceof Error ? cause.message : 'unknown reason'}`
      logSafely(config.logger, message)
      emit({ type: 'notice', severity: 'WARNING', message })
    }
  }

  /** Runs the migrations of migrate(), and tells when they fail. */
  async runMigrations(execute: () => Promise<readonly StepResult[]>): Promise<readonly StepResult[]> {
    try {
      const results = await execute()
      await afterApplied(
        results.map(({ step }) => step.reference),
        () => this.fireVersioned(),
      )
      return results
    } catch (error) {
      await this.fireAfterError('afterMigrateError', error)
      throw error
    }
  }

  /** What migrate() fires when everything is applied. */
  async finishMigrate(applied: readonly Applied[]): Promise<void> {
    const { skipExecutingMigrations } = this.config
    await afterApplied(applied, async () => {
      await this.fireVersioned()
      if (skipExecutingMigrations && applied.some(({ version }) => version === null))
        await this.fire('beforeRepeatables')
      if (applied.length > 0) await this.fire('afterMigrateApplied')
      await this.fire('afterMigrate')
      await this.fire('afterMigrateOperationFinish')
    })
  }

  /** Fired once: between versions and repeatables, or at the end where no repeatable runs. */
  async fireVersioned(): Promise<void> {
    if (this.#hasFiredVersioned) return
    this.#hasFiredVersioned = true
    await this.fire('afterVersioned')
  }

  /** Between versions and repeatables, once: what is left of a plan that another process overtook has no second boundary. */
  async fireBoundary(): Promise<void> {
    await this.fireVersioned()
    if (this.#hasFiredBeforeRepeatables) return
    this.#hasFiredBeforeRepeatables = true
    await this.fire('beforeRepeatables')
  }

  /** Calls the hook of an event in the transaction of a migration that is open. */
  async callInMigration(event: CallbackEvent, facts: EventFacts): Promise<void> {
    await this.#callHook(event, facts, 'migration')
  }

  async #callHook(event: CallbackEvent, facts: EventFacts, transaction: 'migration' | 'own'): Promise<void> {
    const hook = this.hookOf(event)
    if (hook === null) return
    await runHook(
      hook,
      { event, migration: null, statement: null, error: null, ...facts },
      { run: this.#run, watch: this.#watch, transaction, searchPath: this.searchPath },
    )
  }
}

type Applied = Pick<ScriptReference, 'script' | 'version'>

/** Whoever reads that something failed has to know that the migrations did not. */
async function afterApplied(applied: readonly Applied[], work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof SchemawayError) || applied.length === 0) throw error
    const count =
      applied.length === 1 ? 'The migration of this run is' : `The ${applied.length} migrations of this run are`
    throw new SchemawayError(
      error.code,
      `${error.message} ${count} applied and recorded, and stay${applied.length === 1 ? 's' : ''} so.`,
      {
        details: { ...error.details, applied: applied.map(({ script }) => script) },
        cause: error.cause,
      },
    )
  }
}
