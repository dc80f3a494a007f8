import type { ScriptFile } from '../scripts/script-file.js'
import { compareVersions, parseVersion, type Version } from '../scripts/version.js'
import type { HistoryRow } from './history-row.js'

/** State of a migration, in Flyway's words. */
export type MigrationState =
  | 'Pending'
  | 'Below Baseline'
  | 'Ignored (Baseline)'
  | 'Ignored'
  | 'Success'
  | 'Out of Order'
  | 'Failed'
  | 'Missing'
  | 'Failed (Missing)'
  | 'Future'
  | 'Failed (Future)'
  | 'Outdated'
  | 'Superseded'
  | 'Deleted'
  | 'Undone'
  | 'Baseline'

/** A script, a history row, or both where they belong together. */
export interface MigrationStatus {
  readonly state: MigrationState
  readonly module: string
  readonly version: Version | null
  readonly description: string
  readonly script: string
  readonly row: HistoryRow | null
  readonly file: ScriptFile | null
  /** True when a file, or the ledger, can undo it. */
  readonly isUndoable: boolean
}

export interface StateInput {
  readonly rows: readonly HistoryRow[]
  readonly files: readonly ScriptFile[]
  /** Names of the selected modules; `''` stands for `locations`. */
  readonly selected: ReadonlySet<string>
  /** Module of a script that no selected module explains: from the ledger, or a bundled module that is not selected. */
  readonly moduleOf: (script: string) => string | null
  /** Checksums that count as "unchanged" for a repeatable: raw, and after placeholder replacement. */
  readonly checksumsOf: (file: ScriptFile) => readonly number[]
  readonly outOfOrder: boolean
}

interface Applied {
  readonly row: HistoryRow
  readonly version: Version | null
  readonly module: string
  readonly file: ScriptFile | null
  isDeleted: boolean
  isUndone: boolean
}

const appliedTypes = new Set(['SQL', 'JDBC', 'SPRING_JDBC', 'SCRIPT', 'CUSTOM'])
const baselineScriptTypes = new Set(['SQL_BASELINE', 'JDBC_BASELINE', 'SQL_STATE_SCRIPT', 'JDBC_STATE_SCRIPT'])

/**
 * Compares history with the files at hand and names the state of everything, by Flyway's rules. "Out of order" and
 * "missing" are judged within a module, so that a module selected later can be installed although its versions are
 * older, and rows of modules that are not selected are left alone.
 *
 * @returns applied rows by rank, then what is not applied: versions in order, repeatables by description.
 */
export function describeMigrations(input: StateInput): readonly MigrationStatus[] {
  const versioned = new Map<string, ScriptFile>()
  const repeatable = new Map<string, ScriptFile>()
  const undoFiles = new Set<string>()
  for (const file of input.files) {
    if (file.kind === 'versioned' && file.version !== null) versioned.set(versionKey(file.version), file)
    if (file.kind === 'repeatable') repeatable.set(repeatableKey(file.module, file.description), file)
    if (file.kind === 'undo' && file.version !== null) undoFiles.add(versionKey(file.version))
  }
  const applied = matchRows(input, versioned, repeatable)
  const highest = findHighestVersions(input.files, applied)
  const latestRepeatable = new Map<string, Applied>()
  for (const one of applied) {
    if (isRepeatableRow(one.row)) latestRepeatable.set(repeatableKey(one.module, one.row.description), one)
  }

  const statuses: MigrationStatus[] = []
  const highestSoFar = new Map<string, Version>()
  for (const one of applied) {
    const before = highestSoFar.get(one.module)
    const isOutOfOrder = one.version !== null && before !== undefined && compareVersions(one.version, before) < 0
    if (one.version !== null && counts(one) && (before === undefined || !isOutOfOrder)) {
      highestSoFar.set(one.module, one.version)
    }
    const isLatest = latestRepeatable.get(repeatableKey(one.module, one.row.description)) === one
    statuses.push({
      state: stateOfRow(one, input, highest, { isOutOfOrder, isLatest }),
      module: one.module,
      version: one.version,
      description: one.row.description,
      script: one.row.script,
      row: one.row,
      file: one.file,
      isUndoable: one.version !== null && counts(one) && undoFiles.has(versionKey(one.version)),
    })
  }
  return [...statuses, ...describeUnapplied(input, applied, highest, latestRepeatable)]
}

function matchRows(
  input: StateInput,
  versioned: ReadonlyMap<string, ScriptFile>,
  repeatable: ReadonlyMap<string, ScriptFile>,
): readonly Applied[] {
  const applied: Applied[] = []
  for (const row of input.rows) {
    const version = row.version === null ? null : parseVersion(row.version)
    const named = moduleOfRow(row, input)
    const file =
      version !== null
        ? appliedTypes.has(row.type)
          ? (versioned.get(versionKey(version)) ?? null)
          : null
        : isRepeatableRow(row)
          ? (repeatable.get(repeatableKey(named, row.description)) ?? null)
          : null
    const one: Applied = { row, version, module: file?.module ?? named, file, isDeleted: false, isUndone: false }
    if (row.type === 'DELETE' || row.type.startsWith('UNDO_')) markEarlier(applied, one)
    applied.push(one)
  }
  return applied
}

/** A DELETE or UNDO row speaks of the newest earlier row of the same version, or description. */
function markEarlier(applied: readonly Applied[], later: Applied): void {
  for (const earlier of applied.toReversed()) {
    const isSame =
      later.version === null
        ? earlier.version === null && earlier.row.description === later.row.description
        : earlier.version !== null && compareVersions(earlier.version, later.version) === 0
    if (!isSame || earlier.row.type === 'DELETE' || earlier.row.type.startsWith('UNDO_')) continue
    if (later.row.type === 'DELETE') earlier.isDeleted = true
    else earlier.isUndone = true
    return
  }
}

function moduleOfRow(row: HistoryRow, input: StateInput): string {
  const slash = row.script.indexOf('/')
  const prefix = slash > 0 ? row.script.slice(0, slash) : ''
  if (prefix !== '' && input.selected.has(prefix)) return prefix
  return input.moduleOf(row.script) ?? (input.selected.has('') ? '' : prefix)
}

interface Highest {
  readonly resolved: ReadonlyMap<string, Version>
  readonly applied: ReadonlyMap<string, Version>
  readonly baseline: Version | null
}

function findHighestVersions(files: readonly ScriptFile[], applied: readonly Applied[]): Highest {
  const resolved = new Map<string, Version>()
  for (const file of files)
    if (file.kind === 'versioned' && file.version !== null) raise(resolved, file.module, file.version)
  const highestApplied = new Map<string, Version>()
  let baseline: Version | null = null
  for (const one of applied) {
    if (one.version === null || !counts(one)) continue
    raise(highestApplied, one.module, one.version)
    const isBaseline = one.row.type === 'BASELINE' || baselineScriptTypes.has(one.row.type)
    if (isBaseline && (baseline === null || compareVersions(one.version, baseline) > 0)) baseline = one.version
  }
  return { resolved, applied: highestApplied, baseline }
}

function raise(highest: Map<string, Version>, module: string, version: Version): void {
  const known = highest.get(module)
  if (known === undefined || compareVersions(version, known) > 0) highest.set(module, version)
}

/** Rows that tell what is in the database now. */
function counts(one: Applied): boolean {
  return !one.isDeleted && !one.isUndone && one.row.type !== 'DELETE' && !one.row.type.startsWith('UNDO_')
}

function stateOfRow(
  one: Applied,
  input: StateInput,
  highest: Highest,
  facts: { readonly isOutOfOrder: boolean; readonly isLatest: boolean },
): MigrationState {
  const { row, file } = one
  if (one.isUndone) return 'Undone'
  if (one.isDeleted) return 'Deleted'
  if (row.type === 'DELETE' || row.type === 'SCHEMA' || row.type.startsWith('UNDO_')) return 'Success'
  if (row.type === 'BASELINE' || baselineScriptTypes.has(row.type)) return row.success ? 'Baseline' : 'Failed'
  const isForeign = !input.selected.has(one.module)
  if (file === null && !isForeign) {
    if (isRepeatableRow(row) && !facts.isLatest) return 'Superseded'
    const newest = highest.resolved.get(one.module)
    const isFuture = one.version !== null && (newest === undefined || compareVersions(one.version, newest) >= 0)
    if (row.success) return isFuture ? 'Future' : 'Missing'
    return isFuture ? 'Failed (Future)' : 'Failed (Missing)'
  }
  if (!row.success) return 'Failed'
  if (isRepeatableRow(row)) {
    if (!facts.isLatest) return 'Superseded'
    return file === null || isUnchanged(row, file, input) ? 'Success' : 'Outdated'
  }
  return facts.isOutOfOrder ? 'Out of Order' : 'Success'
}

function describeUnapplied(
  input: StateInput,
  applied: readonly Applied[],
  highest: Highest,
  latestRepeatable: ReadonlyMap<string, Applied>,
): readonly MigrationStatus[] {
  const appliedVersions = new Set(
    applied
      .filter((one) => one.version !== null && counts(one) && appliedTypes.has(one.row.type))
      .map((one) => versionKey(one.version as Version)),
  )
  const status = (file: ScriptFile, state: MigrationState): MigrationStatus => ({
    state,
    module: file.module,
    version: file.version,
    description: file.description,
    script: file.script,
    row: null,
    file,
    isUndoable: false,
  })
  const versions = input.files
    .filter(
      (file) => file.kind === 'versioned' && file.version !== null && !appliedVersions.has(versionKey(file.version)),
    )
    .toSorted((a, b) => compareVersions(a.version as Version, b.version as Version))
    .map((file) => status(file, stateOfUnapplied(file.version as Version, file.module, input, highest)))
  const repeatables = input.files
    .filter((file) => {
      if (file.kind !== 'repeatable') return false
      const latest = latestRepeatable.get(repeatableKey(file.module, file.description))
      return latest === undefined || !counts(latest) || !latest.row.success || !isUnchanged(latest.row, file, input)
    })
    .toSorted((a, b) => (a.description < b.description ? -1 : a.description > b.description ? 1 : 0))
    .map((file) => status(file, 'Pending'))
  return [...versions, ...repeatables]
}

function stateOfUnapplied(version: Version, module: string, input: StateInput, highest: Highest): MigrationState {
  if (highest.baseline !== null) {
    const order = compareVersions(version, highest.baseline)
    if (order < 0) return 'Below Baseline'
    if (order === 0) return 'Ignored (Baseline)'
  }
  const newest = highest.applied.get(module)
  if (!input.outOfOrder && newest !== undefined && compareVersions(version, newest) < 0) return 'Ignored'
  return 'Pending'
}

function isUnchanged(row: HistoryRow, file: ScriptFile, input: StateInput): boolean {
  return row.checksum === null ? false : input.checksumsOf(file).includes(row.checksum)
}

export function isRepeatableRow(row: HistoryRow): boolean {
  return row.version === null && row.type !== 'SCHEMA' && row.type !== 'DELETE'
}

function versionKey(version: Version): string {
  return version.parts.join('.')
}

function repeatableKey(module: string, description: string): string {
  return `${module}/${description}`
}

/** Highest version that is applied, and neither undone nor deleted since. */
export function currentVersion(statuses: readonly MigrationStatus[]): string | null {
  let highest: Version | null = null
  for (const { version, row, state } of statuses) {
    if (version === null || row === null || !row.success || state === 'Undone' || state === 'Deleted') continue
    if (highest === null || compareVersions(version, highest) > 0) highest = version
  }
  return highest?.text ?? null
}
