import type { ScriptFile } from '../scripts/script-file.js'
import { parseVersion, type Version, versionKey } from '../scripts/version.js'
import {
  type HistoryRow,
  isBaselineScriptType,
  isMigrationRow,
  isRemovalType,
  isRepeatableRow,
  shortenDescription,
  shortenScript,
} from './history-row.js'
import type { StateInput } from './migration-state.js'

/** A history row, with the file it came from. */
export interface Applied {
  readonly row: HistoryRow
  readonly version: Version | null
  readonly module: string
  readonly file: ScriptFile | null
  /** The same for all runs of one repeatable. */
  readonly identity: string
  /** What a later row says about it. */
  fate: 'stays' | 'deleted' | 'undone'
}

/** Rows that tell what is in the database now. */
export function counts({ row, fate }: Applied): boolean {
  return fate === 'stays' && !isRemovalType(row.type)
}

export interface FileIndex {
  readonly versioned: ReadonlyMap<string, ScriptFile>
  readonly baseline: ReadonlyMap<string, ScriptFile>
  readonly repeatableByScript: ReadonlyMap<string, ScriptFile>
  readonly repeatableByDescription: ReadonlyMap<string, ScriptFile>
  /** Two files of the same description are refused, also in different modules. */
  readonly repeatableByDescriptionAlone: ReadonlyMap<string, ScriptFile>
  readonly undo: ReadonlySet<string>
}

export function indexFiles(files: readonly ScriptFile[]): FileIndex {
  const versioned = new Map<string, ScriptFile>()
  const baseline = new Map<string, ScriptFile>()
  const repeatableByScript = new Map<string, ScriptFile>()
  const repeatableByDescription = new Map<string, ScriptFile>()
  const repeatableByDescriptionAlone = new Map<string, ScriptFile>()
  const undo = new Set<string>()
  for (const file of files) {
    if (file.kind === 'repeatable') {
      repeatableByScript.set(shortenScript(file.script), file)
      repeatableByDescription.set(repeatableKey(file.module, shortenDescription(file.description)), file)
      repeatableByDescriptionAlone.set(shortenDescription(file.description), file)
    }
    if (file.version === null) continue
    const key = versionKey(file.version)
    if (file.kind === 'versioned') versioned.set(key, file)
    if (file.kind === 'baseline') baseline.set(key, file)
    if (file.kind === 'undo') undo.add(key)
  }
  return { versioned, baseline, repeatableByScript, repeatableByDescription, repeatableByDescriptionAlone, undo }
}

export function matchRows(input: StateInput, files: FileIndex): readonly Applied[] {
  const standing = new Map<string, Applied[]>()
  return input.rows.map((row) => {
    const version = row.version === null ? null : parseVersion(row.version)
    const named = moduleOfRow(row, input)
    const file = findFile(row, version, named, files, input)
    const identity = file?.script ?? repeatableKey(named, row.description)
    const one: Applied = { row, version, module: file?.module ?? named, file, identity, fate: 'stays' }
    const key = version === null ? repeatableKey(named, row.description) : versionKey(version)
    if (isRemovalType(row.type)) {
      // It speaks of the newest earlier row of the same version, or description, that still counts.
      const earlier = standing.get(key)?.pop()
      if (earlier !== undefined) earlier.fate = row.type === 'DELETE' ? 'deleted' : 'undone'
    } else {
      const sameKey = standing.get(key)
      if (sameKey === undefined) standing.set(key, [one])
      else sameKey.push(one)
    }
    return one
  })
}

function findFile(
  row: HistoryRow,
  version: Version | null,
  named: string,
  files: FileIndex,
  input: StateInput,
): ScriptFile | null {
  if (isRepeatableRow(row)) {
    // The path first: a folder of `locations` may be named like a module.
    const sameName = files.repeatableByDescription.get(repeatableKey(named, row.description))
    return files.repeatableByScript.get(row.script) ?? sameName ?? findMoved(row, files, input)
  }
  if (version === null) return null
  const key = versionKey(version)
  if (isBaselineScriptType(row.type)) return files.baseline.get(key) ?? null
  return isMigrationRow(row) ? (files.versioned.get(key) ?? null) : null
}

/**
 * Flyway may have been given a folder above, or below, the one that we read: one path is then the end of the other.
 * Paths that part on the way belong to different modules, and so does a row that is known to be another module's.
 */
function findMoved({ description, script }: HistoryRow, files: FileIndex, input: StateInput): ScriptFile | null {
  const file = files.repeatableByDescriptionAlone.get(description)
  if (file === undefined) return null
  const module = input.moduleOf(script)
  if (module !== null && module !== file.module) return null
  const [shorter = '', longer = ''] = [`/${script}`, `/${file.script}`].toSorted((a, b) => a.length - b.length)
  return longer.endsWith(shorter) ? file : null
}

/** Whether a row belongs to a file only because one path ends like the other, which the ledger may know better. */
export function isMoved(row: HistoryRow | null, file: ScriptFile | null): boolean {
  return row !== null && file !== null && isRepeatableRow(row) && row.script !== shortenScript(file.script)
}

/** What the ledger knows counts more than the path: a folder below `locations` may be named like a module. */
function moduleOfRow(row: HistoryRow, input: StateInput): string {
  const known = input.moduleOf(row.script)
  if (known !== null) return known
  const slash = row.script.indexOf('/')
  const prefix = slash > 0 ? row.script.slice(0, slash) : ''
  return input.selected.has('') && !input.selected.has(prefix) ? '' : prefix
}

function repeatableKey(module: string, description: string): string {
  return `${module}/${description}`
}
