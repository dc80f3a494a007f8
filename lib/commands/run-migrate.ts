import { explainOptions } from '../config/explain-options.js'
import type { MigrateOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { compare, refuseProblems } from '../plan/compare.js'
import { loadScripts } from '../plan/load-scripts.js'
import { planMigrate } from '../plan/plan-migrate.js'
import { executePlan } from '../run/execute-plan.js'
import { openRun } from '../run/open-run.js'
import { grantToOwnerRole, prepareHistory } from '../run/prepare-history.js'
import type { RunReport } from './report.js'
import { reportRun } from './report-run.js'

/** The part of migrate() that is loaded only when something is pending. */
export async function runMigrate(config: Config, options: MigrateOptions, started: number): Promise<RunReport> {
  explainOptions('migrate', options)
  const files = loadScripts(config.selection)
  const run = await openRun(config)
  try {
    const history = await prepareHistory(run)
    const before = compare(config, files, history.state, history.modulesByScript)
    refuseProblems(before.problems)
    const plan = planMigrate(config, files, before.pending, history.state, history.firstRank)
    const results = await executePlan(plan, run)
    await grantToOwnerRole(run)
    return await reportRun({ run, files, results, started, modulesByScript: history.modulesByScript })
  } finally {
    await run.close()
  }
}
