import { type Comparison, compareWithRequirements, refuseProblems } from '../plan/compare.js'
import type { Plan } from '../plan/plan.js'
import { recordOf } from '../plan/plan-adoption.js'
import { planMigrate } from '../plan/plan-migrate.js'
import type { Run } from '../run/open-run.js'
import { prepareHistory } from '../run/prepare-history.js'
import { tellUnusableUndo } from '../run/tell-unusable-undo.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { RunReport } from './report.js'
import { reportRun } from './report-run.js'

/**
 * Records what is pending as applied, without running it: `skipExecutingMigrations`. All of it is one transaction, together
 * with a history that is new, because what is left out would be run by the next migrate().
 *
 * As in Flyway, content without a history is no obstacle, since nothing runs over it, and `baselineOnMigrate` writes no
 * baseline: every version is recorded, also those up to `baselineVersion`.
 */
export async function recordPending(run: Run, files: readonly ScriptFile[], started: number): Promise<RunReport> {
  const { config } = run
  let before: Comparison['statuses'] = []
  let plan: Plan = { steps: [] }
  await prepareHistory(run, async ({ state, firstRank, modulesByScript }) => {
    const found = await compareWithRequirements(config, files, state, modulesByScript)
    refuseProblems(found.problems)
    before = found.statuses
    plan = planMigrate(config, files, found.pending, state, firstRank)
    return recordOf(plan.steps)
  })
  tell(run, plan)
  const results = plan.steps.map((step) => ({ step, milliseconds: 0 }))
  return await reportRun(run, { before, results, started })
}

function tell({ id, emit }: Run, { steps }: Plan): void {
  if (steps.length === 0) return
  emit({ type: 'planned', run: id, steps: steps.map(({ action, reference }) => ({ action, ...reference })) })
  tellUnusableUndo(emit, steps)
  for (const [index, { action, reference }] of steps.entries()) {
    const fact = { action, number: index + 1, of: steps.length, ...reference }
    emit({ type: 'stepStarted', ...fact })
    emit({ type: 'stepFinished', milliseconds: 0, ...fact })
  }
}
