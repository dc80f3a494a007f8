import type { Config } from '../config/read-options.js'
import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import { versionKey } from '../history/migration-state.js'
import { locationsModule } from '../modules/select-modules.js'
import { readScriptDirectory } from '../scripts/read-directory.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { ScriptKind } from '../scripts/script-name.js'

/**
 * Reads every script of the selection and refuses what could not be ordered: names outside the grammar, and versions or
 * descriptions that two files claim. Reads synchronously, since that is several times faster for many small files.
 *
 * @throws SchemawayError `UNREADABLE_DIRECTORY`, `INVALID_SCRIPT_NAMES`, `INVALID_SCRIPT`.
 */
export async function loadScripts(selection: Config['selection']): Promise<readonly ScriptFile[]> {
  const directories = [
    ...selection.modules.map((module) => ({
      directory: module.directory,
      module: module.name,
      prefix: `${module.name}/`,
    })),
    ...selection.locations.map((directory) => ({ directory, module: locationsModule, prefix: '' })),
  ]
  const files: ScriptFile[] = []
  const problems: Problem[] = []
  for (const directory of directories) {
    const read = readScriptDirectory(directory)
    const [undecodable] = read.undecodable
    if (undecodable !== undefined) {
      const { encodingError } = await import('../scripts/encoding-error.js')
      throw encodingError(undecodable.bytes, undecodable)
    }
    for (const file of read.files) files.push(file)
    for (const bad of read.badNames) {
      problems.push({
        kind: 'INVALID_NAME',
        script: bad.script,
        module: directory.module,
        message: `${bad.script}: ${bad.reason}`,
      })
    }
  }
  problems.push(...findDuplicates(files))
  if (problems.length > 0) {
    throw new SchemawayError(
      'INVALID_SCRIPT_NAMES',
      `${problems.length === 1 ? 'A script has' : `${problems.length} scripts have`} a name that cannot be used: ` +
        `${problems.map((problem) => problem.message).join('; ')}. Names follow Flyway: V<version>__<description>.sql, ` +
        'U<version>__<description>.sql, R__<description>.sql, UR__<description>.sql.',
      { details: { problems } },
    )
  }
  return files
}

/** Flyway's words for two files of the same identity. */
const duplicates: Readonly<Record<ScriptKind, string>> = {
  versioned: 'DUPLICATE_VERSIONED_MIGRATION',
  baseline: 'DUPLICATE_VERSIONED_MIGRATION',
  undo: 'DUPLICATE_UNDO_MIGRATION',
  repeatable: 'DUPLICATE_REPEATABLE_MIGRATION',
  drop: 'DUPLICATE_REPEATABLE_MIGRATION',
}

function findDuplicates(files: readonly ScriptFile[]): readonly Problem[] {
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
      message: `${one} and ${other} both have ${what}; give one of them another`,
    })
  }
  return problems
}

/** Modules of the selection by name, with the unnamed one for `locations`. */
export function selectedNames(selection: Config['selection']): ReadonlySet<string> {
  const names = selection.modules.map((module) => module.name)
  return new Set(selection.locations.length > 0 ? [...names, locationsModule] : names)
}
