import type { Callbacks } from '../callbacks/callbacks.js'
import { explainOptions } from '../config/explain-options.js'
import type { MigrateOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { compareWithRequirements, refuseProblems } from '../plan/compare.js'
import { planMigrate } from '../plan/plan-migrate.js'
import { executePlan } from '../run/execute-plan.js'
import { openRun, type Run } from '../run/open-run.js'
import { grantToOwnerRole, type PreparedHistory, prepareHistory, readHistory } from '../run/prepare-history.js'
import type { StepResult } from '../run/send-steps.js'
import { translateError } from '../run/translate-error.js'
import { beginHistory } from './begin-history.js'
import type { Look } from './look.js'
import { recordPending } from './record-pending.js'
import type { RunReport, UpkeepReport } from './report.js'
import { reportRun } from './report-run.js'
import { upkeepAfterMigrate } from './upkeep-after-migrate.js'

/** The part of migrate() that is loaded only when something is pending. It goes on with the session that looked. */
export async function runMigrate(
  config: Config,
  options: MigrateOptions,
  found: Look,
  started: number,
): Promise<RunReport> {
  explainOptions('migrate', options)
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
    const history = await prepare(run)
    const before = await compareWithRequirements(config, files, history.state, history.modulesByScript)
    refuseProblems(before.problems)
    const plan = planMigrate(config, files, before.pending, history.state, history.firstRank)
    const execute = async (): Promise<readonly StepResult[]> => await executePlan(plan, run)
    const results = await (callbacks?.runMigrations(execute) ?? execute())
    await grantToOwnerRole(run).catch((error) => {
      throw translateError(
        error,
        'granting the history to the owner role after everything was applied',
        run.session.display,
      )
    })
    await callbacks?.finishMigrate(results.map(({ step }) => step.reference))
    const upkeep = async (): Promise<UpkeepReport> => await upkeepAfterMigrate(run)
    // Whoever migrates own scripts only did not ask for anything of the bundled model.
    const concernsModel = config.selection.modules.some((module) => module.isBundled)
    return await reportRun(run, { before: before.statuses, results, started, ...(concernsModel && { upkeep }) })
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

/** Begins a history that is missing, and reads it again when a callback may have changed it. */
async function prepare(run: Run): Promise<PreparedHistory> {
  const { callbacks } = run
  let isBegun = false
  const history = await prepareHistory(run, async ({ hasHistory, firstRank }) => {
    const beginning = hasHistory ? null : await beginHistory(run, firstRank)
    isBegun = beginning !== null
    if (isBegun) await callbacks?.fire('beforeBaseline')
    return beginning
  })
  if (callbacks === null) return history
  const hasFired = [isBegun && (await callbacks.fire('afterBaseline')), await callbacks.fire('beforeMigrate')]
  return hasFired.includes(true) ? await readHistory(run) : history
}
