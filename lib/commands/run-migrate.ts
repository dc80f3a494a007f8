import { explainOptions } from '../config/explain-options.js'
import type { MigrateOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { compare, loadRequirements, refuseProblems } from '../plan/compare.js'
import { planMigrate } from '../plan/plan-migrate.js'
import { executePlan } from '../run/execute-plan.js'
import { openRun } from '../run/open-run.js'
import { grantToOwnerRole, prepareHistory } from '../run/prepare-history.js'
import { translateError } from '../run/translate-error.js'
import { beginHistory } from './begin-history.js'
import type { Look } from './look.js'
import type { RunReport, UpkeepReport } from './report.js'
import { reportRun } from './report-run.js'
import { upkeepAfterMigrate } from './upkeep-after-migrate.js'

/** The part of migrate() that is loaded only when something is pending. It goes on with the session that looked. */
export async function runMigrate(
  config: Config,
  options: MigrateOptions,
  { files, session }: Look,
  started: number,
): Promise<RunReport> {
  explainOptions('migrate', options)
  const run = await openRun(config, session)
  try {
    const history = await prepareHistory(run, async (rank) => await beginHistory(run, rank))
    const before = compare(config, files, history.state, history.modulesByScript, await loadRequirements(config))
    refuseProblems(before.problems)
    const plan = planMigrate(config, files, before.pending, history.state, history.firstRank)
    const results = await executePlan(plan, run)
    await grantToOwnerRole(run).catch((error) => {
      throw translateError(
        error,
        'granting the history to the owner role after everything was applied',
        run.session.display,
      )
    })
    const upkeep = async (): Promise<UpkeepReport> => await upkeepAfterMigrate(run)
    // Whoever migrates own scripts only did not ask for anything of the bundled model, and what was recorded made no table.
    const concernsModel = config.selection.modules.some((module) => module.isBundled)
    const hasRun = concernsModel && !config.skipExecutingMigrations
    return await reportRun(run, { before: before.statuses, results, started, ...(hasRun && { upkeep }) })
  } finally {
    await run.close()
  }
}
