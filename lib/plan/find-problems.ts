import type { Problem } from '../errors/schemaway-error.js'
import { shortenDescription, shortenScript } from '../history/history-row.js'
import type { MigrationStatus } from '../history/migration-state.js'
import { compareVersions, type Version } from '../scripts/version.js'

/**
 * What `validate` finds, in Flyway's words and with Flyway's codes, all at once.
 *
 * Rows newer than every file (`Future`) are ignored, as by Flyway's default `*:future`; so is a failed one among them
 * when nothing else failed. Rows of modules that are not selected are left alone.
 *
 * @param ignorePending as `migrate()` does, since pending scripts are what it is about to run.
 */
export function findProblems(statuses: readonly MigrationStatus[], ignorePending: boolean): readonly Problem[] {
  const failures = statuses.filter((status) => status.state.startsWith('Failed') && !isForeign(status))
  const ignoredFailure = failures.length === 1 && failures[0]?.state === 'Failed (Future)' ? failures[0] : null
  const baselines = highestBaselines(statuses)
  const problems: Problem[] = []
  for (const status of statuses) {
    if (status === ignoredFailure || isForeign(status)) continue
    const problem = findProblem(status, ignorePending, baselines)
    if (problem !== null) problems.push(problem)
  }
  return problems
}

/** Only for rows of a module that is not selected a missing file is no part of the state. */
function isForeign({ state, row, file }: MigrationStatus): boolean {
  return state === 'Failed' && file === null && row?.type !== 'BASELINE'
}

/** Highest baseline by module, and under `null` that of the baseline command, which covers every module. */
function highestBaselines(statuses: readonly MigrationStatus[]): ReadonlyMap<string | null, Version> {
  const highest = new Map<string | null, Version>()
  for (const { state, module, version, row } of statuses) {
    if (state !== 'Baseline' || version === null) continue
    const key = row?.type === 'BASELINE' ? null : module
    const known = highest.get(key)
    if (known === undefined || compareVersions(version, known) > 0) highest.set(key, version)
  }
  return highest
}

function findProblem(
  status: MigrationStatus,
  ignorePending: boolean,
  baselines: ReadonlyMap<string | null, Version>,
): Problem | null {
  const kind = status.version === null ? 'repeatable' : 'versioned'
  const name =
    status.version === null ? `"${status.description}"` : `version ${status.version.text} (${status.description})`
  const problem = (code: string, message: string): Problem => ({
    kind: code,
    message,
    script: status.script,
    module: status.module,
    ...(status.version !== null && { version: status.version.text }),
  })
  switch (status.state) {
    case 'Failed':
    case 'Failed (Missing)':
    case 'Failed (Future)':
      return problem(
        kind === 'versioned' ? 'FAILED_VERSIONED_MIGRATION' : 'FAILED_REPEATABLE_MIGRATION',
        `history records a failed ${kind} migration ${name}; remove what it left behind and delete its history row`,
      )
    case 'Missing':
      return problem(
        kind === 'versioned' ? 'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED' : 'APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED',
        `${name} is applied, but its file ${status.script} is missing; bring the file back`,
      )
    case 'Ignored':
      if (status.file?.kind === 'baseline') return null
      return problem(
        'RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED',
        `${status.script} is older than the newest applied version of its module and was never applied; give it a newer ` +
          'version, or pass `outOfOrder: true`',
      )
    case 'Pending':
      if (ignorePending) return null
      return problem(
        kind === 'versioned' ? 'RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED' : 'RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED',
        `${status.script} is pending; run migrate()`,
      )
    case 'Outdated':
      if (ignorePending) return null
      return problem(
        'OUTDATED_REPEATABLE_MIGRATION',
        `${status.script} was changed since it ran; run migrate() to apply it again`,
      )
    case 'Success':
    case 'Out of Order':
      return isCovered(status, baselines) ? null : findMismatch(status, name, problem)
    case 'Below Baseline':
    case 'Ignored (Baseline)':
    case 'Future':
    case 'Superseded':
    case 'Deleted':
    case 'Undone':
    case 'Baseline':
      return null
    default:
      return status.state satisfies never
  }
}

/** What a baseline covers is compared no more. */
function isCovered({ module, version }: MigrationStatus, baselines: ReadonlyMap<string | null, Version>): boolean {
  if (version === null) return false
  return [baselines.get(module), baselines.get(null)].some(
    (baseline) => baseline !== undefined && compareVersions(version, baseline) <= 0,
  )
}

function findMismatch(
  status: MigrationStatus,
  name: string,
  problem: (code: string, message: string) => Problem,
): Problem | null {
  const { row, file } = status
  if (row === null || file === null || status.version === null) return null
  if (row.type !== 'SQL') {
    return problem('TYPE_MISMATCH', `${name} was applied as ${row.type}, but ${file.script} is SQL`)
  }
  if (row.checksum !== file.checksum) {
    return problem(
      'CHECKSUM_MISMATCH',
      `${file.script} was changed after it was applied${appliedAs(row.script, file.script)} (checksum ${row.checksum ?? 'none'} ` +
        `in history, ${file.checksum} in the file); restore the file and put the change into a new migration`,
    )
  }
  if (row.description !== shortenDescription(file.description)) {
    return problem(
      'DESCRIPTION_MISMATCH',
      `${name} was applied as "${row.description}", but the file is named "${file.description}"; rename the file back`,
    )
  }
  return null
}

/** Says so when history knows the version by another path, which may be that of another module. */
function appliedAs(before: string, now: string): string {
  return before === shortenScript(now) ? '' : ` as ${before}`
}
