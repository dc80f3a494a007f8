import type { InfoOptions } from '../config/options.js'
import { readOptions } from '../config/read-options.js'
import type { MigrationState } from '../history/migration-state.js'
import { currentVersion } from './current-version.js'
import { look } from './look.js'

/** One migration as `info()` lists it. */
export interface MigrationInfo {
  readonly category: 'Versioned' | 'Repeatable' | 'Baseline' | ''
  readonly version: string | null
  readonly description: string
  /** `SQL`, `BASELINE`, `SCHEMA`, ... as history has it. */
  readonly type: string
  readonly state: MigrationState
  readonly module: string
  readonly script: string
  /** `YYYY-MM-DD HH:MM:SS`, null when not applied. */
  readonly installedOn: string | null
  readonly installedBy: string | null
  readonly installedRank: number | null
  /** Milliseconds, null when not applied. */
  readonly executionTime: number | null
  /** Whether a U file is there. Without one the ledger may still know. */
  readonly isUndoable: boolean
}

/** What `info()` returns. Plain data. */
export interface InfoReport {
  readonly command: 'info'
  readonly server: string
  readonly currentVersion: string | null
  readonly pending: number
  readonly migrations: readonly MigrationInfo[]
}

/**
 * Lists every migration, applied or not, with its state in Flyway's words. Takes no lock and writes nothing.
 *
 * @throws SchemawayError about options, files and connection, as `migrate()`.
 * @example
 * const { migrations, currentVersion } = await info({ url })
 */
export async function info(options: InfoOptions): Promise<InfoReport> {
  const { comparison, server } = await look(await readOptions('info', options))
  return {
    command: 'info',
    server,
    currentVersion: currentVersion(comparison.statuses),
    pending: comparison.pending.length,
    migrations: comparison.statuses.map(({ state, module, version, description, script, row, isUndoable }) => ({
      category: categoryOf(row?.type ?? 'SQL', version === null),
      version: version?.text ?? null,
      description,
      type: row?.type ?? 'SQL',
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
  if (type === 'SCHEMA' || type === 'BASELINE' || type === 'DELETE') return ''
  return isRepeatable ? 'Repeatable' : 'Versioned'
}
