import type { Problem } from '../errors/schemaway-error.js'
import type { MigrationStatus } from '../history/migration-state.js'

/**
 * What `validate` finds, in Flyway's words and with Flyway's codes, all at once.
 *
 * @param ignorePending as `migrate()` does, since pending scripts are what it is about to run. Rows newer than every
 *   file (`Future`) are ignored always, as by Flyway's default `*:future`.
 */
export function findProblems(statuses: readonly MigrationStatus[], ignorePending: boolean): readonly Problem[] {
  const problems: Problem[] = []
  for (const status of statuses) {
    const problem = findProblem(status, ignorePending)
    if (problem !== null) problems.push(problem)
  }
  return problems
}

function findProblem(status: MigrationStatus, ignorePending: boolean): Problem | null {
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
      return findMismatch(status, name, problem)
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
      `${file.script} was changed after it was applied (checksum ${row.checksum ?? 'none'} in history, ${file.checksum} in ` +
        'the file); restore the file and put the change into a new migration',
    )
  }
  if (row.description !== file.description && !row.description.endsWith('...')) {
    return problem(
      'DESCRIPTION_MISMATCH',
      `${name} was applied as "${row.description}", but the file is named "${file.description}"; rename the file back`,
    )
  }
  return null
}
