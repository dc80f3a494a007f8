import type { Callbacks } from '../callbacks/callbacks.js'
import { explainOptions } from '../config/explain-options.js'
import type { MigrateOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { HistoryRow } from '../history/history-row.js'
import type { MigrationStatus } from '../history/migration-state.js'
import { compareWithRequirements, refuseProblems } from '../plan/compare.js'
import type { Plan } from '../plan/plan.js'
import type { HistoryBeginning } from '../plan/plan-baseline.js'
import { planMigrate } from '../plan/plan-migrate.js'
import { executePlan } from '../run/execute-plan.js'
import { HistoryMoved, mostPlans, mostPlansByReading } from '../run/history-moved.js'
import { openRun, type Run } from '../run/open-run.js'
import { grantToOwnerRole, type PreparedHistory, prepareHistory, readHistory } from '../run/prepare-history.js'
import { refuseOutsideOfTransactions, scriptsOutside } from '../run/refuse-outside.js'
import type { StepResult } from '../run/send-steps.js'
import { translateError } from '../run/translate-error.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { beginHistory } from './begin-history.js'
import type { Look } from './look.js'
import { recordPending } from './record-pending.js'
import type { RunReport, UpkeepReport } from './report.js'
import { reportRun } from './report-run.js'
import { upkeepAfterMigrate } from './upkeep-after-migrate.js'

/**
 * The part of migrate() that is loaded only when something is pending. It goes on with the session that looked.
 *
 * @param options null when the whole schema has judged them already.
 */
export async function runMigrate(
  config: Config,
  options: MigrateOptions | null,
  found: Look,
  started: number,
): Promise<RunReport> {
  if (options !== null) explainOptions('migrate', options)
  const { files } = found
  const run = await openRun(config, found.session)
  try {
    const callbacks = await startCallbacks(run, found)
    if (config.skipExecutingMigrations) {
      await callbacks?.fire('beforeMigrate')
      const report = await recordPending(run, files, started)
      await callbacks?.finishMigrate(report.migrations)
      return report
    }
    const prepared = await prepare(run, files)
    let { before } = prepared
    const execute = async (): Promise<readonly StepResult[]> =>
      await executeToTheEnd(prepared.plan, run, files, (statuses) => {
        before = statuses
      })
    const results = await (callbacks?.runMigrations(execute) ?? execute())
    try {
      await grantToOwnerRole(run).catch((error) => {
        throw translateError(error, 'granting the history to the owner role', run.session.display)
      })
      await callbacks?.finishMigrate(results.map(({ step }) => step.reference))
      const upkeep = async (): Promise<UpkeepReport> => await upkeepAfterMigrate(run)
      // Whoever migrates own scripts only did not ask for anything of the bundled model.
      const concernsModel = config.selection.modules.some((module) => module.isBundled)
      return await reportRun(run, { before, results, started, ...(concernsModel && { upkeep }) })
    } catch (error) {
      const told = translateError(error, 'finishing after everything was applied', run.session.display)
      throw told instanceof SchemawayError && told.details.applied !== undefined ? told : addApplied(told, results)
    }
  } catch (error) {
    throw translateError(error, 'migrating', run.session.display)
  } finally {
    run.callbacks?.stop()
    await run.close()
  }
}

/** Nothing is loaded where there is neither a callback nor a hook. */
async function startCallbacks(run: Run, { files, callbacks }: Look): Promise<Callbacks | null> {
  if (callbacks.length === 0 && Object.keys(run.config.hooks).length === 0) return null
  const { startMigrate } = await import('../callbacks/around-migrate.js')
  return await startMigrate(run, files, callbacks)
}

/** Where the database stands before the migrations, and what runs. */
interface Prepared {
  readonly before: readonly MigrationStatus[]
  readonly plan: Plan
}

/**
 * Begins a history that is missing, and plans. Where there is none that comes first, so that what is refused leaves none
 * behind: neither an empty one, which would say that the database has been looked at, nor a baseline, which stays.
 */
async function prepare(run: Run, files: readonly ScriptFile[]): Promise<Prepared> {
  const { callbacks } = run
  let isBegun = false
  // By the rank that comes next.
  const preparedByRank = new Map<number, Prepared>()
  const history = await prepareHistory(run, async (found) => {
    isBegun = false
    preparedByRank.clear()
    if (found.hasHistory) return null
    const beginning = await beginHistory(run, found.firstRank)
    const expected = expectHistory(run, found, beginning)
    preparedByRank.set(expected.firstRank, await planHistory(run, files, expected))
    isBegun = beginning !== null
    if (isBegun) await callbacks?.fire('beforeBaseline')
    return beginning
  })
  // The row of a schema that had to be created may have taken the first rank that was planned.
  if (callbacks === null) return preparedByRank.get(history.firstRank) ?? (await planHistory(run, files, history))
  // A callback may have changed history.
  const hasFired = [isBegun && (await callbacks.fire('afterBaseline')), await callbacks.fire('beforeMigrate')]
  return await planHistory(run, files, hasFired.includes(true) ? await readHistory(run) : history)
}

/**
 * Runs a plan, and what is left of it after another process did a part, where the lock is held by single transactions.
 *
 * @param onMoved gets where the database stands then.
 * @returns what this process did.
 */
async function executeToTheEnd(
  plan: Plan,
  run: Run,
  files: readonly ScriptFile[],
  onMoved: (statuses: Prepared['before']) => void,
): Promise<readonly StepResult[]> {
  const done: StepResult[] = []
  let next = plan
  let misreadings = 0
  for (let plans = 1; ; plans += 1) {
    const { ledgerHash, highestRank } = run
    try {
      return [...done, ...(await executePlan(next, run))]
    } catch (error) {
      if (!(error instanceof HistoryMoved)) throw addApplied(error, done)
      done.push(...error.results())
      if (error.isMisread) misreadings += 1
      try {
        const history = await readHistory(run)
        // Nobody changed anything, so a new plan would fail in the same way.
        const isSame = run.ledgerHash === ledgerHash && run.highestRank === highestRank
        if ((isSame && error.results().length === 0) || plans === mostPlans || misreadings === mostPlansByReading)
          throw error
        const prepared = await planHistory(run, files, history)
        onMoved(prepared.before)
        next = prepared.plan
      } catch (refused) {
        throw addApplied(refused, done)
      }
    }
  }
}

/** What this process did before it planned anew is told as well. */
function addApplied(error: unknown, done: readonly StepResult[]): unknown {
  if (!(error instanceof SchemawayError) || done.length === 0) return error
  const before = done.map(({ step }) => step.reference.script)
  const applied = [...new Set([...before, ...(error.details.applied ?? [])])]
  const named = before.length > 3 ? `${before.length} migrations` : before.join(', ')
  const message = `${error.message} Before that, this run applied ${named}.`
  return new SchemawayError(error.code, message, { details: { ...error.details, applied }, cause: error.cause })
}

/** @throws SchemawayError `VALIDATION_FAILED`, `MIGRATION_NOT_FOUND`; as `planMigrate()`. */
async function planHistory(run: Run, files: readonly ScriptFile[], history: HistoryToPlan): Promise<Prepared> {
  const { config } = run
  const { state, firstRank, modulesByScript } = history
  const { statuses, pending, problems } = await compareWithRequirements(config, files, state, modulesByScript)
  refuseProblems(problems)
  const plan = planMigrate(config, files, pending, state, firstRank)
  if (run.care.isShared) await refuseOutside(run, plan)
  return { before: statuses, plan }
}

/** Before a history is begun, so that nothing is left of a refused start. */
async function refuseOutside(run: Run, { steps }: Plan): Promise<void> {
  const outside = scriptsOutside(steps)
  if (steps.every(({ scripts }) => scripts.every(({ program }) => program === undefined))) {
    refuseOutsideOfTransactions(run, outside)
    return
  }
  const { findOutsidePrograms } = await import('../programs/prepare-programs.js')
  refuseOutsideOfTransactions(run, [...outside, ...(await findOutsidePrograms(steps, run))])
}

type HistoryToPlan = Pick<PreparedHistory, 'state' | 'firstRank' | 'modulesByScript'>

/** History as it will be once it has begun. */
function expectHistory(run: Run, found: PreparedHistory, beginning: HistoryBeginning | null): HistoryToPlan {
  const { state, firstRank, modulesByScript } = found
  const { installedBy } = run
  const written = { installedBy, installedOn: state.timestamp, executionTime: 0, success: true }
  const rows = (beginning?.rows ?? []).map((row): HistoryRow => ({ ...row, ...written }))
  return { state: { ...state, rows }, firstRank: firstRank + rows.length, modulesByScript }
}
