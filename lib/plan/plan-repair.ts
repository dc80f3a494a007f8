import { isIgnored } from '../config/ignore-patterns.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type HistoryRow, isMigrationRow, isRepeatableRow, shortenDescription, typeOf } from '../history/history-row.js'
import { noUndo } from '../history/ledger-entry.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { RepairAction, RepairedRow, RepairedValues } from '../run/events.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { compareVersions, parseVersion } from '../scripts/version.js'
import { selectedNames } from './load-scripts.js'
import type { LedgerDraft } from './plan.js'

/** A change of history, with what it was read from. */
export interface RepairStep extends RepairedRow {
  readonly row: HistoryRow
}

/**
 * What a repair changes, by Flyway's rules: failed rows go, rows without a file count no more unless
 * `ignoreMigrationPatterns` lets them pass, and versioned rows say again what their files say. A repeatable keeps its
 * checksum, because another one makes it run again; only that of the text before placeholder replacement, which older
 * versions of Flyway recorded, becomes that of the text after it. Rows of modules that are not selected stay as they are.
 *
 * No SQL of any file is run, so a repair never changes more than history.
 *
 * @param checksumOf the checksum that history records for a file.
 * @throws SchemawayError `VERSION_NOT_APPLIED` when `versions` names what history does not have.
 */
export function planRepair(
  config: Config,
  statuses: readonly MigrationStatus[],
  checksumOf: (file: ScriptFile) => number,
): readonly RepairStep[] {
  const selected = selectedNames(config.selection)
  const own = statuses.filter(({ row, module }) => row !== null && (selected.has(module) || row.type === 'BASELINE'))
  refuseUnknown(config.versions, own)
  return own
    .filter((status) => config.versions.length === 0 || config.versions.some((name) => isNamed(status, name)))
    .flatMap((status) => repairOf(status, config, checksumOf) ?? [])
}

function repairOf(
  status: MigrationStatus,
  config: Config,
  checksumOf: (file: ScriptFile) => number,
): RepairStep | null {
  const { row, file, state } = status
  if (row === null || state === 'Deleted' || state === 'Undone') return null
  const before = valuesOf(row)
  if (!row.success) return describe('remove', status, row, before, null)
  if (state === 'Missing' || state === 'Future') {
    if (isIgnored(status, config.ignoreMigrationPatterns)) return null
    return describe('mark-deleted', status, row, before, { ...before, type: 'DELETE' })
  }
  if (file === null) return null
  const after = isRepeatableRow(row) ? withReplacedChecksum(status, row, file, checksumOf) : alignedValues(row, file)
  return after === null || isSame(before, after) ? null : describe('align', status, row, before, after)
}

/** As Flyway, also below a baseline. */
function alignedValues(row: HistoryRow, file: ScriptFile): RepairedValues {
  return {
    description: shortenDescription(file.description),
    // Of a migration only: a B script keeps the name that the edition which ran it gave its type.
    type: isMigrationRow(row) ? typeOf(file) : row.type,
    checksum: file.checksum,
    success: row.success,
  }
}

function withReplacedChecksum(
  { state }: MigrationStatus,
  row: HistoryRow,
  file: ScriptFile,
  checksumOf: (file: ScriptFile) => number,
): RepairedValues | null {
  if (state !== 'Success' || row.checksum !== file.checksum) return null
  return { ...valuesOf(row), checksum: checksumOf(file) }
}

function valuesOf({ description, type, checksum, success }: HistoryRow): RepairedValues {
  return { description, type, checksum, success }
}

function isSame(before: RepairedValues, after: RepairedValues): boolean {
  return before.description === after.description && before.type === after.type && before.checksum === after.checksum
}

function describe(
  action: RepairAction,
  { script, module, version }: MigrationStatus,
  row: HistoryRow,
  before: RepairedValues,
  after: RepairedValues | null,
): RepairStep {
  const { description, installedRank } = row
  return { action, script, module, version: version?.text ?? null, description, installedRank, before, after, row }
}

/** Named by version, or a repeatable by its description. */
function isNamed({ version, description }: MigrationStatus, name: string): boolean {
  const named = parseVersion(name)
  return version === null ? description === name : named !== null && compareVersions(version, named) === 0
}

function refuseUnknown(names: readonly string[], statuses: readonly MigrationStatus[]): void {
  const unknown = names.filter((name) => !statuses.some((status) => isNamed(status, name)))
  const [first] = unknown
  if (first === undefined) return
  throw new SchemawayError(
    'VERSION_NOT_APPLIED',
    `\`versions\` names ${unknown.join(', ')}, which history does not have for the selected modules. Name versions, or ` +
      'descriptions of repeatables, as info() lists them. Nothing was changed.',
    { details: { option: 'versions', version: first } },
  )
}

/** @param rank of the DELETE row where one is written. */
export function describeRepair(step: RepairStep, rank: number): LedgerDraft {
  const { module, version, description, script, before, after, action } = step
  return {
    event: 'repaired',
    module,
    moduleRequires: [],
    kind: version === null ? 'repeatable' : 'versioned',
    version,
    description,
    script,
    installedRank: rank,
    checksum: (after ?? before).checksum,
    sha256: null,
    ...noUndo,
    error: null,
    details: JSON.stringify({ action, before, after }),
  }
}
