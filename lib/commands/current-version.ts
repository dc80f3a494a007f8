import type { MigrationStatus } from '../history/migration-state.js'
import { compareVersions, type Version } from '../scripts/version.js'

/** Highest version that is applied, and neither undone nor deleted since. */
export function currentVersion(statuses: readonly MigrationStatus[]): string | null {
  let highest: Version | null = null
  for (const { version, row, state } of statuses) {
    if (version === null || row === null || !row.success || state === 'Undone' || state === 'Deleted') continue
    if (highest === null || compareVersions(version, highest) > 0) highest = version
  }
  return highest?.text ?? null
}
