import type { Problem } from '../errors/schemaway-error.js'
import { hasDownSection } from '../scripts/down-section.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { compareVersions, parseVersion, versionKey } from '../scripts/version.js'

/** What says which migrations are applied, read from another tool's table or given by the caller. */
export type ForeignRecord =
  /** golang-migrate keeps the newest version only. */
  | { readonly tool: 'golang-migrate'; readonly rows: readonly { readonly version: string; readonly dirty: boolean }[] }
  | { readonly tool: 'node-pg-migrate'; readonly rows: readonly NamedRow[] }
  | { readonly tool: null; readonly entries: readonly string[] }

/** A row of node-pg-migrate: the name of a file without its suffix, and when it ran. */
export interface NamedRow {
  readonly name: string
  /** As SQL reads it. */
  readonly appliedOn: string | null
}

/** A file that is applied already. */
export interface AdoptedFile {
  readonly file: ScriptFile
  /** When it was applied, as SQL reads it; null when nobody knows. */
  readonly appliedOn: string | null
}

export interface Adoption {
  /** In the order in which history is to list them. */
  readonly adopted: readonly AdoptedFile[]
  /** What stands in the way; nothing is to be written then. */
  readonly problems: readonly Problem[]
}

/**
 * Finds the file of everything that a record calls applied.
 *
 * @param files those of the caller, not of bundled modules; only versioned and repeatable ones count.
 */
export function findAdopted(record: ForeignRecord, files: readonly ScriptFile[]): Adoption {
  if (record.tool !== null && record.rows.length === 0) return refused(nothingApplied(record.tool))
  switch (record.tool) {
    case 'golang-migrate':
      return adoptUpTo(record.rows, files)
    case 'node-pg-migrate':
      return adoptNamed(record.rows, files)
    case null:
      return adoptListed(record.entries, files)
    default:
      return record satisfies never
  }
}

function adoptUpTo(
  rows: readonly { readonly version: string; readonly dirty: boolean }[],
  files: readonly ScriptFile[],
): Adoption {
  const [row, ...others] = rows
  if (row === undefined) return { adopted: [], problems: [] }
  if (others.length > 0) {
    const message = `the table of golang-migrate holds one row, this one ${rows.length}; name the right one with \`fromTable\``
    return refused({ kind: 'SOURCE_UNREADABLE', message })
  }
  const { version: text, dirty } = row
  if (dirty) {
    const message =
      `golang-migrate stopped inside version ${text}, which is marked dirty; bring the database to the state before or ` +
      `after that file, run \`migrate force\` with the version it is then at, and adopt again`
    return refused({ kind: 'DIRTY', version: text, message })
  }
  const version = parseVersion(text)
  const versioned = sortByVersion(files)
  const newest = versioned.find((file) => version !== null && compareVersions(file.version, version) === 0)
  if (version === null || newest === undefined) return refused(unknownVersion(text, text))
  const adopted = versioned.filter((file) => compareVersions(file.version, newest.version) <= 0)
  return { adopted: adopted.map((file) => ({ file, appliedOn: null })), problems: [] }
}

function adoptNamed(rows: readonly NamedRow[], files: readonly ScriptFile[]): Adoption {
  const index = indexFiles(files)
  const adopted: AdoptedFile[] = []
  const problems: Problem[] = []
  for (const file of files) if (file.kind === 'versioned' && hasDownSection(file)) problems.push(down(file))
  for (const { name, appliedOn } of rows) {
    const [digits = ''] = /^\d+/.exec(name) ?? []
    const file = index.byName.get(name) ?? index.byVersion.get(keyOf(digits))
    if (file === undefined) problems.push(unknownVersion(name, digits))
    else if (adopted.some((one) => one.file === file)) problems.push(sharedVersion(name, file))
    else adopted.push({ file, appliedOn })
  }
  return { adopted, problems }
}

function adoptListed(entries: readonly string[], files: readonly ScriptFile[]): Adoption {
  const index = indexFiles(files)
  const named = new Set<ScriptFile>()
  const problems: Problem[] = []
  for (const entry of entries) {
    const file = index.byName.get(entry) ?? index.byVersion.get(keyOf(entry))
    if (file === undefined) problems.push(unknownFile(entry))
    else named.add(file)
  }
  // As if they had been migrated: what is newest in history is what a rollback undoes first.
  const inOrder = [...sortByVersion([...named]), ...[...named].filter(({ version }) => version === null)]
  return { adopted: inOrder.map((file) => ({ file, appliedOn: null })), problems }
}

/** Neither names nor versions are claimed by two files, or they would not have been loaded. */
interface FileIndex {
  /** By path as history knows it, by name, and by name without `.sql` or `.up.sql`. */
  readonly byName: ReadonlyMap<string, ScriptFile>
  readonly byVersion: ReadonlyMap<string, ScriptFile>
}

function indexFiles(files: readonly ScriptFile[]): FileIndex {
  const byName = new Map<string, ScriptFile>()
  for (const file of files) {
    if (file.kind !== 'versioned' && file.kind !== 'repeatable') continue
    const name = file.script.slice(file.script.lastIndexOf('/') + 1)
    for (const key of [file.script, name, name.replace(/(?:\.up)?\.sql$/i, '')]) byName.set(key, file)
  }
  return { byName, byVersion: new Map(sortByVersion(files).map((file) => [versionKey(file.version), file])) }
}

function keyOf(text: string): string {
  const version = parseVersion(text)
  return version === null ? '' : versionKey(version)
}

type VersionedFile = ScriptFile & { readonly version: NonNullable<ScriptFile['version']> }

function sortByVersion(files: readonly ScriptFile[]): readonly VersionedFile[] {
  return files
    .filter((file): file is VersionedFile => file.kind === 'versioned' && file.version !== null)
    .toSorted((one, other) => compareVersions(one.version, other.version))
}

function refused(problem: Problem): Adoption {
  return { adopted: [], problems: [problem] }
}

/** An empty history would be begun, over which the next migrate() would run every file. */
function nothingApplied(tool: string): Problem {
  return {
    kind: 'NOTHING_APPLIED',
    message:
      `the table of ${tool} is empty, so that there is nothing to take over; drop it and call migrate(), or, if another table ` +
      'was meant, name that with `fromTable`',
  }
}

function unknownVersion(name: string, version: string): Problem {
  return {
    kind: 'UNKNOWN_VERSION',
    version,
    message:
      `${name} is applied there, but no file has this version; bring the file back, or put an empty one in the place of ` +
      `one that was no SQL, or name the files with \`applied\``,
  }
}

function sharedVersion(name: string, { script, module }: ScriptFile): Problem {
  return {
    kind: 'SHARED_VERSION',
    script,
    module,
    message:
      `${name} and a migration before it both belong to ${script}; give each a file with a version of its own, or, if ` +
      'this file holds both, name the files with `applied`',
  }
}

function unknownFile(entry: string): Problem {
  return {
    kind: 'UNKNOWN_FILE',
    script: entry,
    message:
      `${entry} is neither the path nor the name nor the version of a versioned or repeatable file; correct it, bring the ` +
      'file back, or take it out of `applied`',
  }
}

function down({ script, module }: ScriptFile): Problem {
  return {
    kind: 'DOWN_SECTION',
    script,
    module,
    message:
      `${script} holds a section "Down Migration", which would run with the rest of the file; move it to a file of its own ` +
      `first: x.down.sql beside x.up.sql, or U<version>__<description>.sql`,
  }
}
