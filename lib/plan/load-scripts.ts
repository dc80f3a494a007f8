import type { Config } from '../config/read-options.js'
import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import type { Module } from '../modules/define-module.js'
import { locationsModule } from '../modules/select-modules.js'
import { readScriptDirectory } from '../scripts/read-directory.js'
import type { ScriptFile } from '../scripts/script-file.js'

/**
 * Reads every script of the selection and refuses what could not be ordered: names outside the grammar, and versions or
 * descriptions that two files claim. Reads synchronously, since that is several times faster for many small files.
 *
 * @throws SchemawayError `UNREADABLE_DIRECTORY`, `INVALID_SCRIPT_NAMES`, `INVALID_SCRIPT`.
 */
export function loadScripts(selection: Config['selection']): readonly ScriptFile[] {
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
    files.push(...read.files)
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

function findDuplicates(files: readonly ScriptFile[]): readonly Problem[] {
  const claimed = new Map<string, ScriptFile>()
  const problems: Problem[] = []
  for (const file of files) {
    const identity = file.version === null ? file.description : file.version.parts.join('.')
    const key = `${file.kind} ${identity}`
    const first = claimed.get(key)
    if (first === undefined) {
      claimed.set(key, file)
      continue
    }
    const what = file.version === null ? `description "${file.description}"` : `version ${file.version.text}`
    problems.push({
      kind: file.version === null ? 'DUPLICATE_DESCRIPTION' : 'DUPLICATE_VERSION',
      script: file.script,
      module: file.module,
      ...(file.version !== null && { version: file.version.text }),
      message: `${first.script} and ${file.script} both have ${what}; give one of them another`,
    })
  }
  return problems
}

/** Modules of the selection by name, with the unnamed one for `locations`. */
export function selectedNames(selection: Config['selection']): ReadonlySet<string> {
  const names = selection.modules.map((module: Module) => module.name)
  return new Set(selection.locations.length > 0 ? [...names, locationsModule] : names)
}
