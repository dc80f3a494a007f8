import { isIgnored, isStateIgnored } from '../config/ignore-patterns.js'
import type { Problem } from '../errors/schemaway-error.js'
import { isBaselineRow, isMigrationRow, shortenDescription, shortenScript, typeOf } from '../history/history-row.js'
import type { MigrationStatus } from '../history/migration-state.js'
import { isLeftOut } from '../history/scope.js'
import { compareVersions, type Version } from '../scripts/version.js'

/** What a validation lets pass. */
export interface ValidationRules {
  /** As `migrate()` does, since pending scripts are what it is about to run. */
  readonly ignorePending: boolean
  /** Flyway's `ignoreMigrationPatterns`. */
  readonly patterns: readonly string[]
  /** Only these are looked at; empty: all. Failed ones are always told. */
  readonly cherryPick: readonly string[]
}

/**
 * What `validate` finds, in Flyway's words and with Flyway's codes, all at once. Rows of modules that are not selected
 * are left alone.
 */
export function findProblems(statuses: readonly MigrationStatus[], rules: ValidationRules): readonly Problem[] {
  const ignorePending = rules.ignorePending || isStateIgnored('Pending', rules.patterns)
  const ignoreFuture = isStateIgnored('Future', rules.patterns)
  const baselines = highestBaselines(statuses)
  const problems: Problem[] = []
  for (const status of statuses) {
    if (isForeign(status) || isIgnored(status, rules.patterns)) continue
    if (status.state === 'Failed (Future)' && ignoreFuture) continue
    if (isLeftOut(status, rules) && !isFailed(status)) continue
    const problem = findProblem(status, ignorePending, baselines)
    if (problem !== null) problems.push(problem)
  }
  return problems
}

/**
 * Failed rows, which stop a migrate() even where no validation looks at them. As with Flyway, one that is newer than
 * every file does not, if it is the only one and `*:future` is ignored.
 */
export function findFailures(
  statuses: readonly MigrationStatus[],
  { patterns }: Pick<ValidationRules, 'patterns'>,
): readonly Problem[] {
  const failures = statuses.filter((status) => isFailed(status) && !isForeign(status))
  const isTolerated = failures.length === 1 && failures[0]?.state === 'Failed (Future)'
  if (isTolerated && isStateIgnored('Future', patterns)) return []
  return failures.flatMap((status) => findProblem(status, true, new Map()) ?? [])
}

function isFailed({ state }: MigrationStatus): boolean {
  return state === 'Failed' || state === 'Failed (Missing)' || state === 'Failed (Future)'
}

/** Only for rows of a module that is not selected a missing file is no part of the state. */
function isForeign({ state, row, file }: MigrationStatus): boolean {
  return state === 'Failed' && file === null && row?.type !== 'BASELINE'
}

/** Highest baseline by module, and under `null` that of the baseline command, which covers every module. */
function highestBaselines(statuses: readonly MigrationStatus[]): ReadonlyMap<string | null, Version> {
  const highest = new Map<string | null, Version>()
  for (const { state, module, version, row } of statuses) {
    if (row === null || version === null || !isBaselineRow(row) || state === 'Deleted' || state === 'Undone') continue
    const key = row.type === 'BASELINE' ? null : module
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
        `history records a failed ${kind} migration ${name}; remove what it left behind, then run repair()`,
      )
    case 'Missing':
    case 'Future':
      return problem(
        kind === 'versioned' ? 'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED' : 'APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED',
        `${name} is applied, but its file ${status.script} is missing; bring the file back, or let repair() mark it as deleted`,
      )
    case 'Ignored':
      if (status.file?.kind === 'baseline' || status.file?.configuration?.shouldExecute === false) return null
      return problem(
        'RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED',
        `${status.script} is older than the newest applied version of its module and was never applied; give it a newer ` +
          "version, pass `outOfOrder: true`, or ignore '*:ignored'",
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
    case 'Superseded':
      return isCovered(status, baselines) ? null : findMismatch(status, name, problem)
    case 'Below Baseline':
    case 'Ignored (Baseline)':
    case 'Above Target':
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
  if (row === null || file === null || !isMigrationRow(row)) return null
  if (row.type !== typeOf(file)) {
    return problem('TYPE_MISMATCH', `${name} was applied as ${row.type}, but ${file.script} is ${typeOf(file)}`)
  }
  // A repeatable that was changed is Outdated, and known by its description.
  if (status.version === null) return null
  // As with Flyway, a row without a checksum fits every file.
  if (row.checksum !== null && row.checksum !== file.checksum) {
    return problem(
      'CHECKSUM_MISMATCH',
      `${file.script} was changed after it was applied${appliedAs(row.script, file.script)} (checksum ${row.checksum} ` +
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
