import type { MigrateAllOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { wholeOptionTable } from '../config/whole-option-table.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { TimeLimit } from '../run/connect.js'
import { migrateDatabase } from './look.js'
import type { TargetResult } from './migrate-all-report.js'
import type { NamedTarget } from './read-target.js'
import type { RunReport } from './report.js'

/** A result, and the whole report where it ended well. */
export interface TargetOutcome {
  readonly result: TargetResult
  readonly report: RunReport | null
}

/**
 * Migrates one database of many.
 *
 * @param config of the whole call, with the scripts that all share
 * @param stopping fires when the whole call is stopped
 */
export async function migrateTarget(
  target: NamedTarget,
  work: { readonly config: Config; readonly options: MigrateAllOptions; readonly stopping: StopSignals },
): Promise<TargetOutcome> {
  const { name } = target
  const started = performance.now()
  const { timeoutPerTarget = wholeOptionTable.timeoutPerTarget.default } = work.options
  const controller = work.stopping.add()
  const deadline = { isOver: false }
  const giveUp = (): void => {
    deadline.isOver = !controller.signal.aborted
    controller.abort(new TimeLimit('timeoutPerTarget', timeoutPerTarget))
  }
  const timer = timeoutPerTarget === 0 ? undefined : setTimeout(giveUp, timeoutPerTarget)
  try {
    const report = await migrateDatabase(configOf(target, work, controller.signal), null, started)
    return { result: resultOf(name, report), report }
  } catch (error) {
    const isLate = deadline.isOver && error instanceof SchemawayError && error.code === 'ABORTED'
    return failed(name, started, isLate ? tookTooLong(name, timeoutPerTarget, error) : error)
  } finally {
    clearTimeout(timer)
    work.stopping.remove(controller)
  }
}

/** The outcome of a target that failed, wherever that was. */
export function failed(target: string, started: number, cause: unknown): TargetOutcome {
  const error =
    cause instanceof SchemawayError
      ? cause
      : new SchemawayError(
          'TARGETS_FAILED',
          `${target} was left for a reason that was not foreseen: ${cause instanceof Error ? cause.message : 'not an error'}`,
          { details: { targets: [target] }, cause },
        )
  const milliseconds = Math.round(performance.now() - started)
  return { result: { target, status: 'failed', error, milliseconds }, report: null }
}

/** Stops all that is under way: one listener on the caller's signal, however many databases there are. */
export class StopSignals {
  readonly #outer: AbortSignal | undefined
  readonly #controllers = new Set<AbortController>()
  readonly #listener = (): void => {
    for (const controller of this.#controllers) controller.abort(this.#outer?.reason)
  }

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer
    outer?.addEventListener('abort', this.#listener)
  }

  add(): AbortController {
    const controller = new AbortController()
    this.#controllers.add(controller)
    if (this.#outer?.aborted) controller.abort(this.#outer.reason)
    return controller
  }

  remove(controller: AbortController): void {
    this.#controllers.delete(controller)
  }

  close(): void {
    this.#outer?.removeEventListener('abort', this.#listener)
  }
}

/** What `migrate()` would have for this database, so that nothing in it knows of the others. */
function configOf(
  { name, connection, placeholders }: NamedTarget,
  { config, options }: { readonly config: Config; readonly options: MigrateAllOptions },
  signal: AbortSignal,
): Config {
  const { onEvent } = options
  return Object.freeze({
    ...config,
    command: 'migrate',
    connection,
    placeholders,
    signal,
    logger: namedLogger(config.logger, name),
    onEvent: listenFor(name, onEvent),
  })
}

/** The caller's listener for the events of one database; what it returns goes back, so that a rejection is logged. */
export function listenFor(target: string, onEvent: MigrateAllOptions['onEvent']): Config['onEvent'] {
  return onEvent === undefined ? undefined : (event) => onEvent({ ...event, target })
}

/** Messages of several databases come in turn, so each says of which it is. */
function namedLogger(logger: Config['logger'], name: string): Config['logger'] {
  return {
    debug: (message) => logger.debug?.(`${name}: ${message}`),
    info: (message) => logger.info?.(`${name}: ${message}`),
    warn: (message) => logger.warn?.(`${name}: ${message}`),
    error: (message) => logger.error?.(`${name}: ${message}`),
  }
}

/** Without the list of migrations, of which every database may have hundreds. */
function resultOf(
  target: string,
  { server, run, migrations, currentVersion, upkeep, milliseconds }: RunReport,
): TargetResult {
  return {
    target,
    status: migrations.length > 0 ? 'migrated' : 'unchanged',
    server,
    run,
    migrations: migrations.length,
    currentVersion,
    upkeepFailures: upkeep?.failures.length ?? 0,
    milliseconds,
  }
}

function tookTooLong(target: string, milliseconds: number, cause: SchemawayError): SchemawayError {
  return new SchemawayError(
    'TARGET_TIMEOUT',
    `${target} was given no longer than the ${milliseconds} ms of timeoutPerTarget, and was stopped. What it had committed stays, ` +
      'what was under way is undone; of a script outside a transaction its cause says what is done. Migrate it again, with more ' +
      'time where it needs that.',
    { details: cause.details, cause },
  )
}
