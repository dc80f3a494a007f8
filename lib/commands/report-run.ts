import { currentVersion } from '../history/migration-state.js'
import { compare } from '../plan/compare.js'
import type { StepResult } from '../run/execute-plan.js'
import type { Run } from '../run/open-run.js'
import { readState } from '../run/read-state.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { RunReport } from './report.js'

/** The report of a writing command, after a last look at the lock and at history. */
export async function reportRun(input: {
  readonly run: Run
  readonly files: readonly ScriptFile[]
  readonly results: readonly StepResult[]
  readonly started: number
  readonly modulesByScript: ReadonlyMap<string, string>
}): Promise<RunReport> {
  const { run, files, results, modulesByScript } = input
  const { config, session } = run
  if (results.length > 0) await run.checkLock(null)
  const { state } = await readState(session, run.place, config.roles.owner)
  const milliseconds = Math.round(performance.now() - input.started)
  run.emit({ type: 'finished', run: run.id, milliseconds })
  return {
    command: config.command === 'rollback' ? 'rollback' : 'migrate',
    server: session.display,
    run: results.length === 0 ? null : run.id,
    migrations: results.map(({ step, milliseconds }) => ({ action: step.action, ...step.reference, milliseconds })),
    currentVersion: currentVersion(compare(config, files, state, modulesByScript).statuses),
    milliseconds,
  }
}
