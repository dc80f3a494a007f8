import { currentVersion, type MigrationStatus } from '../history/migration-state.js'
import type { Run } from '../run/open-run.js'
import type { StepResult } from '../run/send-steps.js'
import { compareVersions, parseVersion } from '../scripts/version.js'
import type { RunReport } from './report.js'

/** The report of a writing command, after a last look at the lock. */
export async function reportRun(
  run: Run,
  work: {
    readonly before: readonly MigrationStatus[]
    readonly results: readonly StepResult[]
    readonly started: number
  },
): Promise<RunReport> {
  const { results } = work
  if (results.length > 0) await run.checkLock(null)
  const milliseconds = Math.round(performance.now() - work.started)
  run.emit({ type: 'finished', run: run.id, milliseconds })
  return {
    command: run.config.command === 'rollback' ? 'rollback' : 'migrate',
    server: run.session.display,
    run: results.length === 0 ? null : run.id,
    migrations: results.map(({ step, milliseconds }) => ({ action: step.action, ...step.reference, milliseconds })),
    currentVersion: versionAfter(work.before, results),
    milliseconds,
  }
}

/** Highest version that was there before and was not undone, or was applied by this run. */
function versionAfter(before: readonly MigrationStatus[], results: readonly StepResult[]): string | null {
  const undone = new Set(results.flatMap(({ step }) => (step.action === 'apply' ? [] : [step.reference.script])))
  const kept = currentVersion(before.filter((status) => !undone.has(status.script)))
  const applied = results.flatMap(({ step }) => (step.action === 'apply' ? [step.reference.version] : []))
  const versions = [kept, ...applied].flatMap((text) => (text === null ? [] : (parseVersion(text) ?? [])))
  return versions.toSorted(compareVersions).at(-1)?.text ?? null
}
