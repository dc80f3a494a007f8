import type { ScriptFile } from '../scripts/script-file.js'
import { compareVersions, type Version, versionKey } from '../scripts/version.js'
import {
  type HistoryRow,
  isBaselineRow,
  isBaselineScriptType,
  isMigrationRow,
  isRemovalType,
  isRepeatableRow,
} from './history-row.js'
import { type Applied, counts, indexFiles, matchRows } from './match-rows.js'
import { everything, isAboveTarget, isLeftOut, type Scope, stopAtNext } from './scope.js'

/** State of a migration, in Flyway's words. */
export type MigrationState =
  | 'Pending'
  | 'Below Baseline'
  | 'Ignored (Baseline)'
  | 'Above Target'
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
  /** True when it is applied and a U file can undo it. The ledger may know how where this is false. */
  readonly isUndoable: boolean
}

export interface StateInput {
  /** By rank. */
  readonly rows: readonly HistoryRow[]
  readonly files: readonly ScriptFile[]
  /** Names of the selected modules; `''` stands for `locations`. */
  readonly selected: ReadonlySet<string>
  /** Module of a script that no selected module explains: from the ledger, or a bundled module that is not selected. */
  readonly moduleOf: (script: string) => string | null
  /** Checksums that count as "unchanged" for a repeatable: raw, and after placeholder replacement. */
  readonly checksumsOf: (file: ScriptFile) => readonly number[]
  readonly outOfOrder: boolean
  /** Default: everything. */
  readonly scope?: Scope
  /** Versions that a repeatable needs. Asked where the scope ends at a version; default: none. */
  readonly requirementsOf?: (file: ScriptFile) => readonly Version[]
}

/**
 * Compares history with the files at hand and names the state of everything, by Flyway's rules. "Out of order",
 * "missing" and `B` scripts are judged within a module, so that a module selected later can be installed although its
 * versions are older, and rows of modules that are not selected are left alone.
 *
 * Unlike Flyway, a row belongs to the SQL file of its version whatever its type, so that a version never runs twice.
 *
 * @returns what lies below a baseline, then applied rows by rank, then what is not applied: versions in order,
 *   repeatables by description.
 */
export function describeMigrations(input: StateInput): readonly MigrationStatus[] {
  const files = indexFiles(input.files)
  const applied = matchRows(input, files)
  const levels = findLevels(input.files, applied)
  const latest = new Map(applied.filter((one) => isRepeatableRow(one.row)).map((one) => [one.identity, one]))

  const statuses: MigrationStatus[] = []
  const upToDate = new Set<ScriptFile>()
  const highestSoFar = new Map<string, Version>()
  for (const one of applied) {
    const { version, module, row, file } = one
    const isOutOfOrder = version !== null && isAtMost(version, highestSoFar.get(module))
    if (version !== null && counts(one)) raise(highestSoFar, module, version)
    const isLatest = latest.get(one.identity) === one
    const state = stateOfRow(one, input, levels, { isOutOfOrder, isLatest })
    if (isRepeatableRow(row) && file !== null && isLatest) {
      // A failed one, too, runs again only if it was changed.
      if (state === 'Success' || (state === 'Failed' && isUnchanged(row, file, input))) upToDate.add(file)
    }
    const canBeUndone = version !== null && counts(one) && isMigrationRow(row) && row.success
    statuses.push({
      state,
      module,
      version,
      description: row.description,
      script: row.script,
      row,
      file,
      isUndoable: canBeUndone && files.undo.has(versionKey(version)),
    })
  }
  const unapplied = stopAtNext(describeUnapplied(input, applied, levels, upToDate), input.scope ?? everything)
  const isBelow = ({ state }: MigrationStatus): boolean => state === 'Below Baseline' || state === 'Ignored (Baseline)'
  return [...unapplied.filter(isBelow), ...statuses, ...unapplied.filter((status) => !isBelow(status))]
}

/** What a new version is measured against, by module. */
interface Levels {
  readonly resolved: ReadonlyMap<string, Version>
  readonly applied: ReadonlyMap<string, Version>
  /** Over all modules. */
  readonly highestApplied: Version | null
  /** Highest version that is covered by a baseline that was applied. The baseline command's covers every module. */
  baselineOf(module: string): Version | null
  /** Highest `B` script of a module in which nothing was ever applied: it is where such a module begins. */
  beginOf(module: string): Version | null
}

function findLevels(files: readonly ScriptFile[], applied: readonly Applied[]): Levels {
  const resolved = new Map<string, Version>()
  const begins = new Map<string, Version>()
  for (const { kind, module, version } of files) {
    if (version === null || (kind !== 'versioned' && kind !== 'baseline')) continue
    raise(resolved, module, version)
    if (kind === 'baseline') raise(begins, module, version)
  }
  const highestApplied = new Map<string, Version>()
  const baselines = new Map<string, Version>()
  let common: Version | null = null
  for (const one of applied) {
    const { version, module, row } = one
    if (version === null) continue
    begins.delete(module)
    if (!counts(one)) continue
    raise(highestApplied, module, version)
    if (isBaselineScriptType(row.type)) raise(baselines, module, version)
    if (row.type === 'BASELINE' && !isAtMost(version, common)) common = version
  }
  return {
    resolved,
    applied: highestApplied,
    highestApplied: [...highestApplied.values()].toSorted(compareVersions).at(-1) ?? null,
    baselineOf: (module) => {
      const own = baselines.get(module)
      return own !== undefined && !isAtMost(own, common) ? own : common
    },
    beginOf: (module) => (common === null ? (begins.get(module) ?? null) : null),
  }
}

function raise(highest: Map<string, Version>, module: string, version: Version): void {
  if (!isAtMost(version, highest.get(module))) highest.set(module, version)
}

function isAtMost(version: Version, highest: Version | null | undefined): boolean {
  return highest != null && compareVersions(version, highest) <= 0
}

function stateOfRow(
  one: Applied,
  input: StateInput,
  levels: Levels,
  facts: { readonly isOutOfOrder: boolean; readonly isLatest: boolean },
): MigrationState {
  const { row, file, module, version, fate } = one
  if (fate === 'undone') return 'Undone'
  if (fate === 'deleted') return 'Deleted'
  if (isRemovalType(row.type) || row.type === 'SCHEMA') return 'Success'
  const isSupersededRun = isRepeatableRow(row) && !facts.isLatest
  if (file === null && row.type !== 'BASELINE' && !isSupersededRun && input.selected.has(module)) {
    const isFuture = version !== null && !isBelow(version, levels.resolved.get(module))
    if (row.success) return isFuture ? 'Future' : 'Missing'
    return isFuture ? 'Failed (Future)' : 'Failed (Missing)'
  }
  if (!row.success) return 'Failed'
  if (isBaselineRow(row)) return 'Baseline'
  if (isSupersededRun) return 'Superseded'
  if (isRepeatableRow(row)) return file === null || isUnchanged(row, file, input) ? 'Success' : 'Outdated'
  return facts.isOutOfOrder ? 'Out of Order' : 'Success'
}

function isBelow(version: Version, highest: Version | undefined): boolean {
  return highest !== undefined && compareVersions(version, highest) < 0
}

function isUnchanged(row: HistoryRow, file: ScriptFile, input: StateInput): boolean {
  return row.checksum !== null && input.checksumsOf(file).includes(row.checksum)
}

function describeUnapplied(
  input: StateInput,
  applied: readonly Applied[],
  levels: Levels,
  upToDate: ReadonlySet<ScriptFile>,
): readonly MigrationStatus[] {
  const present = new Set(applied.filter(counts).map((one) => one.file))
  const versions: (ScriptFile & { readonly version: Version })[] = []
  const repeatables: ScriptFile[] = []
  for (const file of input.files) {
    if (file.kind === 'repeatable' && !upToDate.has(file)) repeatables.push(file)
    if ((file.kind === 'versioned' || file.kind === 'baseline') && hasVersion(file) && !present.has(file)) {
      versions.push(file)
    }
  }
  versions.sort(
    (a, b) => compareVersions(a.version, b.version) || Number(a.kind === 'baseline') - Number(b.kind === 'baseline'),
  )
  repeatables.sort((a, b) => (a.description < b.description ? -1 : a.description > b.description ? 1 : 0))
  return [
    ...versions.map((file) => describeFile(file, stateOfUnapplied(file, input, levels))),
    ...repeatables.map((file) => describeFile(file, stateOfRepeatable(file, input, applied, levels))),
  ]
}

/** As with Flyway a target does not hold repeatables back, unless one needs a version above it. */
function stateOfRepeatable(
  file: ScriptFile,
  input: StateInput,
  applied: readonly Applied[],
  levels: Levels,
): MigrationState {
  const { scope = everything, requirementsOf } = input
  if (isLeftOut(file, scope) || file.configuration?.shouldExecute === false) return 'Ignored'
  const isApplied = (version: Version): boolean =>
    applied.some((one) => counts(one) && one.version !== null && compareVersions(one.version, version) === 0)
  const waits = requirementsOf?.(file).some(
    (version) => isAboveTarget(version, scope, levels.highestApplied) && !isApplied(version),
  )
  return waits ? 'Above Target' : 'Pending'
}

function hasVersion(file: ScriptFile): file is ScriptFile & { readonly version: Version } {
  return file.version !== null
}

function describeFile(file: ScriptFile, state: MigrationState): MigrationStatus {
  const { module, version, description, script } = file
  return { state, module, version, description, script, row: null, file, isUndoable: false }
}

function stateOfUnapplied(
  file: ScriptFile & { readonly version: Version },
  input: StateInput,
  levels: Levels,
): MigrationState {
  const { kind, version, module } = file
  const { scope = everything } = input
  // Whoever picks versions does not begin with a `B` script, which may have the version of one that is picked.
  const begin = scope.cherryPick.length > 0 ? null : levels.beginOf(module)
  if (kind === 'baseline' && begin !== null && compareVersions(version, begin) === 0) return 'Pending'
  const baseline = begin ?? levels.baselineOf(module)
  if (baseline !== null && isAtMost(version, baseline)) {
    return isBelow(version, baseline) ? 'Below Baseline' : 'Ignored (Baseline)'
  }
  if (isLeftOut(file, scope) || file.configuration?.shouldExecute === false) return 'Ignored'
  if (isAboveTarget(version, scope, levels.highestApplied)) return 'Above Target'
  if (kind === 'baseline') return 'Ignored'
  // Whoever picks a version means it, however late it comes.
  if (scope.cherryPick.length > 0) return 'Pending'
  return !input.outOfOrder && isBelow(version, levels.applied.get(module)) ? 'Ignored' : 'Pending'
}

/** Highest version that is applied, and neither undone nor deleted since. */
export function currentVersion(statuses: readonly MigrationStatus[]): string | null {
  let highest: Version | null = null
  for (const { version, row, state } of statuses) {
    if (version === null || row === null || !row.success || isRemovalType(row.type)) continue
    if (state === 'Undone' || state === 'Deleted') continue
    if (!isAtMost(version, highest)) highest = version
  }
  return highest?.text ?? null
}
