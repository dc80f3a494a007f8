import { existsSync } from 'node:fs'
import type { CallbackFile } from '../callbacks/read-callbacks.js'
import type { Config } from '../config/read-options.js'
import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import { locationsModule } from '../modules/select-modules.js'
import type { MigrationEvent } from '../run/events.js'
import { defaultMarks } from '../scripts/placeholders.js'
import { type ReadingRules, readScriptDirectory, type ScriptDirectory } from '../scripts/read-directory.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { ScriptKind } from '../scripts/script-name.js'
import { versionKey } from '../scripts/version.js'
import type { FileOptions, IgnoreList } from './reading-rules.js'

/** Far more than a script that a person wrote, far less than a process has. */
const bigFrom = 4 * 1024 * 1024

/** A folder of scripts, and how it is read. */
interface Source {
  readonly directory: string
  readonly module: string
  readonly prefix: string
  readonly naming: Config['naming']
  readonly encoding: Config['encoding']
  readonly rules: ReadingRules | undefined
  /** Bytes from which on a file is read in chunks; absent for bundled scripts, which are small. */
  readonly bigFrom?: number
  /** The location as it was given; null for a module. */
  readonly location: string | null
}

/**
 * Reads every script of a selection and refuses what could not be ordered: names outside the grammar, and versions or
 * descriptions that two files claim. Reads synchronously, since that is several times faster for many small files.
 *
 * @throws SchemawayError `UNREADABLE_DIRECTORY`, `INVALID_SCRIPT_NAMES`, `INVALID_SCRIPT`.
 */
export async function loadScripts(
  selection: Config['selection'],
  options: LoadOptions,
): Promise<readonly ScriptFile[]> {
  return (await loadFiles(selection, options)).files
}

/** What the folders of a selection hold. */
export interface LoadedFiles {
  readonly files: readonly ScriptFile[]
  readonly callbacks: readonly CallbackFile[]
}

/** As {@link loadScripts}, with the callbacks that lie beside the scripts. */
export async function loadFiles(selection: Config['selection'], options: LoadOptions): Promise<LoadedFiles> {
  const { files, callbacks, problems, sources } = await readScripts(selection, options)
  if (problems.length === 0) return { files, callbacks }
  // Other styles say in each problem what is expected.
  const grammar = sources.every(({ naming }) => naming === 'flyway')
    ? ' Names follow Flyway: V<version>__<description>.sql, U<version>__<description>.sql, R__<description>.sql, UR__<description>.sql.'
    : ''
  throw new SchemawayError(
    'INVALID_SCRIPT_NAMES',
    `${problems.length === 1 ? 'A script has' : `${problems.length} scripts have`} a name that cannot be used: ` +
      `${problems.map((problem) => problem.message).join('; ')}.${grammar}`,
    { details: { problems } },
  )
}

type LoadOptions = FileOptions & Pick<Config, 'logger' | 'onEvent' | 'isObserved'>

/** Reads every script of a selection, and tells what is wrong with their names. */
export async function readScripts(
  selection: Config['selection'],
  options: LoadOptions,
): Promise<{
  readonly files: readonly ScriptFile[]
  /** Ordered as those of one event run. */
  readonly callbacks: readonly CallbackFile[]
  readonly problems: readonly Problem[]
  readonly sources: readonly Source[]
}> {
  const ignored =
    options.ignore.length === 0 ? null : new (await import('./reading-rules.js')).IgnoreList(options.ignore)
  const sources = await findSources(selection, options, ignored)
  const files: ScriptFile[] = []
  const callbacks: CallbackFile[] = []
  const problems: Problem[] = []
  for (const source of sources) {
    if (source.location !== null && !options.failOnMissingLocations && !existsSync(source.directory)) {
      await warn({ type: 'locationMissing', location: source.location }, options)
      continue
    }
    const read = readScriptDirectory(source)
    if (read.unread.length > 0) (await import('../scripts/read-big-scripts.js')).readBigScripts(read, source.directory)
    const { undecodable, configurations } = read
    if (read.callbacks.length > 0) {
      const { readCallbacks } = await import('../callbacks/read-callbacks.js')
      callbacks.push(...readCallbacks(read, source, options))
    }
    if (undecodable.length > 0 || configurations.length > 0) {
      const { encoding, directory } = source
      const { completeReading } = await import('./complete-reading.js')
      const alone = completeReading(read, { ...options, encoding, directory })
      for (const file of alone) await warn({ type: 'configurationWithoutScript', file }, options)
    }
    if (read.programs.length > 0) (await import('../programs/read-program-files.js')).readProgramFiles(read, source)
    if (source.location !== null && source.rules?.placeOf !== undefined) refuseNothing(read, source.location, options)
    for (const file of read.files) files.push(file)
    for (const bad of read.badNames) {
      problems.push({
        kind: 'INVALID_NAME',
        script: bad.script,
        module: source.module,
        message: `${bad.script}: ${bad.reason}`,
      })
    }
  }
  // Without a folder of the user's, as where bundled modules are read besides, it was not asked.
  if (ignored !== null && sources.some(({ rules }) => rules?.isIgnored !== undefined)) {
    for (const pattern of ignored.unused) await warn({ type: 'ignoreUnused', pattern }, options)
  }
  const found = selection.locations.length > 1 ? withoutRepetition(files) : files
  problems.push(...findDuplicates(found))
  if (callbacks.length === 0) return { files: found, callbacks, problems, sources }
  const ordered = (await import('../callbacks/read-callbacks.js')).orderCallbacks(callbacks)
  return { files: found, callbacks: ordered.callbacks, problems: [...problems, ...ordered.problems], sources }
}

async function findSources(
  selection: Config['selection'],
  options: FileOptions,
  ignored: IgnoreList | null,
): Promise<readonly Source[]> {
  const sources: Source[] = []
  for (const { name, directory, isBundled, naming = 'flyway' } of selection.modules) {
    const rules = isBundled ? undefined : await findRules(options, naming, ignored)
    const encoding = isBundled ? 'utf-8' : options.encoding
    const source = { directory, module: name, prefix: `${name}/`, naming, encoding, rules, location: null }
    sources.push(isBundled ? source : { ...source, bigFrom })
  }
  const { naming, encoding } = options
  for (const location of selection.locations) {
    const rules = await findRules(options, naming, ignored)
    const source = {
      directory: location,
      module: locationsModule,
      prefix: '',
      naming,
      encoding,
      rules,
      bigFrom,
      location,
    }
    // As hasWildcards() has it, which is loaded with the patterns only.
    if (!/[*?]/.test(location)) sources.push(source)
    else {
      const { directory, placeOf } = (await import('./reading-rules.js')).wildcardLocation(location)
      sources.push({ ...source, directory, rules: { ...rules, placeOf } })
    }
  }
  return sources
}

/** Nothing is loaded for what is read by the defaults. */
async function findRules(
  options: FileOptions,
  naming: Config['naming'],
  ignored: IgnoreList | null,
): Promise<ReadingRules | undefined> {
  const { placeholderReplacement, placeholderPrefix, placeholderSuffix, placeholderSeparator, encoding } = options
  const isDefault =
    naming === 'flyway' &&
    encoding === 'utf-8' &&
    ignored === null &&
    placeholderReplacement &&
    placeholderPrefix === defaultMarks.prefix &&
    placeholderSuffix === defaultMarks.suffix &&
    placeholderSeparator === defaultMarks.separator
  return isDefault ? undefined : (await import('./reading-rules.js')).readingRules(options, naming, ignored)
}

async function warn(event: MigrationEvent, options: Pick<Config, 'logger' | 'onEvent' | 'isObserved'>): Promise<void> {
  if (!options.isObserved) return
  const { createEmit } = await import('../run/emit.js')
  createEmit(options)(event)
}

/** A pattern with a typing error would otherwise look like a database with nothing to do. */
function refuseNothing(
  { files, badNames }: ScriptDirectory,
  location: string,
  { failOnMissingLocations }: FileOptions,
): void {
  if (!failOnMissingLocations || files.length > 0 || badNames.length > 0) return
  throw new SchemawayError(
    'UNREADABLE_DIRECTORY',
    `No script lies where the location ${location} points. Correct the pattern, or set failOnMissingLocations: false.`,
    { details: { directory: location } },
  )
}

/** Two locations with wildcards may find the same file. */
function withoutRepetition(files: readonly ScriptFile[]): readonly ScriptFile[] {
  const known = new Map<string, ScriptFile>()
  for (const file of files) known.set(`${file.script}\0${file.file}`, file)
  return [...known.values()]
}

/** Flyway's words for two files of the same identity. */
const duplicates: Readonly<Record<ScriptKind, string>> = {
  versioned: 'DUPLICATE_VERSIONED_MIGRATION',
  baseline: 'DUPLICATE_VERSIONED_MIGRATION',
  undo: 'DUPLICATE_UNDO_MIGRATION',
  repeatable: 'DUPLICATE_REPEATABLE_MIGRATION',
  drop: 'DUPLICATE_REPEATABLE_MIGRATION',
}

export function findDuplicates(files: readonly ScriptFile[]): readonly Problem[] {
  const claimed = new Map<string, ScriptFile>()
  const problems: Problem[] = []
  for (const file of files) {
    const { kind, script, module, version } = file
    const key = `${kind} ${version === null ? file.description : versionKey(version)}`
    const first = claimed.get(key)
    if (first === undefined) {
      claimed.set(key, file)
      continue
    }
    const what = version === null ? `description "${file.description}"` : `version ${version.text}`
    // Two locations may hold files of the same name.
    const [one, other] = first.script === script ? [first.file, file.file] : [first.script, script]
    problems.push({
      kind: duplicates[kind],
      script,
      module,
      ...(version !== null && { version: version.text }),
      message: `${one} and ${other} both have ${what}; give one of them another${hintOfStyle(one, other)}`,
    })
  }
  return problems
}

function hintOfStyle(...scripts: readonly (string | undefined)[]): string {
  const isUpDown = scripts.every((script) => script !== undefined && /\.(?:up|down)\.sql$/i.test(script))
  return isUpDown ? ", or set naming: 'up-down'" : ''
}

/** Modules of the selection by name, with the unnamed one for `locations`. */
export function selectedNames(selection: Config['selection']): ReadonlySet<string> {
  const names = selection.modules.map((module) => module.name)
  return new Set(selection.locations.length > 0 ? [...names, locationsModule] : names)
}
