import assert from 'node:assert/strict'
import { type Config, readOptions } from '../../lib/config/read-options.js'
import type { DatabaseState, HistoryRow } from '../../lib/history/history-row.js'
import type { LedgerEntry, LedgerRow } from '../../lib/history/ledger-entry.js'
import type { MigrationStatus } from '../../lib/history/migration-state.js'
import { checksumOfBytes } from '../../lib/scripts/checksum.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { parseScriptName } from '../../lib/scripts/script-name.js'
import { chain, entry } from '../history/arbitrary-ledger.js'

/** A file as if it had been read: `iam/V1__a.sql` is one of the module `iam`, `V1__a.sql` one of `locations`. */
export function fileOf(script: string, text = 'SELECT 1;'): ScriptFile {
  const parsed = parseScriptName(script.slice(script.lastIndexOf('/') + 1))
  assert.ok(parsed.ok, script)
  const bytes = Buffer.from(text)
  return {
    kind: parsed.kind,
    module: script.includes('/') ? script.slice(0, script.indexOf('/')) : '',
    script,
    file: `/sql/${script}`,
    version: parsed.version,
    description: parsed.description,
    bytes,
    checksum: checksumOfBytes(bytes) ?? 0,
  }
}

export function filesOf(...scripts: readonly (string | ScriptFile)[]): readonly ScriptFile[] {
  return scripts.map((one) => (typeof one === 'string' ? fileOf(one) : one))
}

/** What history says about a file after it was applied; `changes` say what is different. */
export function rowOf(file: string | ScriptFile, changes: Partial<HistoryRow> = {}): HistoryRow {
  const { kind, version, description, script, checksum } = typeof file === 'string' ? fileOf(file) : file
  return {
    installedRank: 1,
    version: version?.text ?? null,
    description,
    type: kind === 'baseline' ? 'SQL_BASELINE' : 'SQL',
    script,
    checksum,
    installedBy: 'app',
    installedOn: '2026-01-05 10:00:00',
    executionTime: 5,
    success: true,
    ...changes,
  }
}

/** Rows with ranks from 1 on, in the order given. */
export function rowsOf(...rows: readonly (string | ScriptFile | HistoryRow)[]): readonly HistoryRow[] {
  return rows.map((one, index) => ({
    ...(typeof one === 'object' && 'installedRank' in one ? one : rowOf(one)),
    installedRank: index + 1,
  }))
}

/** Flyway's synthetic rows. */
export const synthetic = {
  schema: rowOf('R__x.sql', {
    description: '<< Flyway Schema Creation >>',
    type: 'SCHEMA',
    script: '"app"',
    checksum: null,
  }),
  baseline: (version: string): HistoryRow =>
    rowOf('V1__x.sql', {
      version,
      description: '<< Flyway Baseline >>',
      type: 'BASELINE',
      script: '<< Flyway Baseline >>',
      checksum: null,
    }),
  deleted: (file: string): HistoryRow => rowOf(file, { type: 'DELETE', executionTime: 0 }),
  undone: (file: string): HistoryRow => rowOf(file, { type: 'UNDO_SQL', script: file.replace('V', 'U') }),
} as const

export function stateOf(rows: readonly HistoryRow[] | null = []): DatabaseState {
  return {
    currentUser: 'app_login',
    sessionUser: 'app_login',
    database: 'app',
    currentSchema: 'public',
    searchPath: '"$user", public',
    serverVersion: 180_004,
    backendPid: 7,
    isInRecovery: false,
    now: 1_767_607_200_000,
    timestamp: '2026-01-05 10:00:00',
    rows,
  }
}

export async function configOf(
  options: Record<string, unknown>,
  command: 'migrate' | 'rollback' = 'migrate',
): Promise<Config> {
  return await readOptions(command, { url: 'postgres://h/d', ...options })
}

/** Ledger rows that follow each other; what is not given is that of an applied version without an undo text. */
export function ledgerOf(
  ...entries: readonly (Partial<LedgerEntry> & { readonly script: string })[]
): readonly LedgerRow[] {
  const complete = entries.map((given, index): LedgerEntry => {
    const file = fileOf(given.script)
    return {
      ...entry,
      module: file.module,
      kind: file.kind,
      version: file.version?.text ?? null,
      description: file.description,
      installedRank: index + 1,
      checksum: file.checksum,
      ...given,
    }
  })
  return chain(complete)
}

/** State and script of each status, in order. */
export function statesOf(statuses: readonly MigrationStatus[]): readonly (readonly [string, string])[] {
  return statuses.map((status) => [status.state, status.script])
}
