import { typeOf } from '../history/history-row.js'
import { currentVersion } from '../history/migration-state.js'
import type { Look } from './look.js'
import type { InfoReport, MigrationInfo } from './report.js'

/** The list of migrations that info() returns. */
export function reportInfo({ comparison, server }: Look): InfoReport {
  return {
    command: 'info',
    server,
    currentVersion: currentVersion(comparison.statuses),
    pending: comparison.pending.length,
    // As with Flyway, a DELETE row of a version only shows in the state of the row that it speaks of.
    migrations: comparison.statuses
      .filter(({ row }) => row?.type !== 'DELETE' || row.version === null)
      .map(({ state, module, version, description, script, row, file, isUndoable }) => ({
        category: categoryOf(row?.type ?? typeOf(file), version === null),
        version: version?.text ?? null,
        description,
        type: row?.type ?? typeOf(file),
        state,
        module,
        script,
        installedOn: row?.installedOn ?? null,
        installedBy: row?.installedBy ?? null,
        installedRank: row?.installedRank ?? null,
        executionTime: row?.executionTime ?? null,
        isUndoable,
      })),
  }
}

function categoryOf(type: string, isRepeatable: boolean): MigrationInfo['category'] {
  if (type.endsWith('_BASELINE')) return 'Baseline'
  if (type.startsWith('UNDO_')) return 'Undo'
  if (type === 'SCHEMA' || type === 'BASELINE' || type === 'DELETE') return ''
  return isRepeatable ? 'Repeatable' : 'Versioned'
}
