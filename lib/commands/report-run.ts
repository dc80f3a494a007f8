import type { Config } from '../config/read-options.js'
import { currentVersion, type MigrationStatus } from '../history/migration-state.js'
import type { StepAction } from '../run/events.js'
import type { Run } from '../run/open-run.js'
import type { StepResult } from '../run/send-steps.js'
import { compareVersions, parseVersion, type Version, versionKey } from '../scripts/version.js'
import type { RunReport, UpkeepReport } from './report.js'

/** The report of a writing command, after a last look at the lock. */
export async function reportRun(
  run: Run,
  work: {
    readonly before: readonly MigrationStatus[]
    readonly results: readonly StepResult[]
    readonly started: number
    /** What is done once everything is applied and the lock was looked at. */
    readonly upkeep?: () => Promise<UpkeepReport>
  },
): Promise<RunReport> {
  const { results } = work
  if (results.length > 0) await run.checkLock(null)
  const upkeep = results.length > 0 && work.upkeep !== undefined ? await work.upkeep() : null
  const milliseconds = Math.round(performance.now() - work.started)
  run.emit({ type: 'finished', run: run.id, milliseconds })
  return {
    command: commandOf(run.config),
    server: run.session.display,
    run: results.length === 0 ? null : run.id,
    migrations: results.map(({ step, milliseconds }) => ({ action: step.action, ...step.reference, milliseconds })),
    currentVersion: versionAfter(work.before, results),
    upkeep,
    lock: run.reportedLock,
    milliseconds,
  }
}

function commandOf({ command }: Config): RunReport['command'] {
  return command === 'rollback' || command === 'undo' ? command : 'migrate'
}

/** Highest version that was there before and was not undone, or was applied by this run. */
function versionAfter(before: readonly MigrationStatus[], results: readonly StepResult[]): string | null {
  const versionsOf = (action: StepAction): readonly (Version | null)[] =>
    results.map(({ step }) => (step.action === action ? parseVersion(step.reference.version ?? '') : null))
  const undone = new Set(versionsOf('undo').map((version) => version && versionKey(version)))
  const kept = currentVersion(before.filter(({ version }) => version === null || !undone.has(versionKey(version))))
  const versions = [...versionsOf('apply'), ...versionsOf('adopt'), parseVersion(kept ?? '')].filter(
    (version) => version !== null,
  )
  return versions.toSorted(compareVersions).at(-1)?.text ?? null
}
