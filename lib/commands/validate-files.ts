import type { Config } from '../config/read-options.js'
import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import { checkFiles, problemOf } from '../plan/check-files.js'
import { findDuplicates, readScripts } from '../plan/load-scripts.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { FilesReport } from './report.js'

/** The part of validateFiles() that is loaded only when it is called. */
export async function checkAllFiles(config: Config): Promise<FilesReport> {
  const { files, callbacks, problems: found } = await readAll(config)
  const problems = [...found, ...checkFiles(config, files, callbacks)]
  const checked = files.length + callbacks.length
  if (problems.length === 0) return { command: 'validateFiles', checked }
  throw new SchemawayError(
    'VALIDATION_FAILED',
    `${problems.length === 1 ? 'A fault was' : `${problems.length} faults were`} found in ${checked} files: ` +
      `${problems.map((problem) => problem.message).join('; ')}`,
    { details: { problems } },
  )
}

interface FoundFiles {
  readonly files: readonly ScriptFile[]
  readonly callbacks: readonly ScriptFile[]
  readonly problems: readonly Problem[]
}

/** Reads as migrate() does. One folder that cannot be read does not hide what is in the others. */
async function readAll(config: Config): Promise<FoundFiles> {
  try {
    return await readScripts(config.selection, config)
  } catch {
    return await readEach(config)
  }
}

/** Tells no events: the first reading has told some, and what no folder needs, such as a pattern of `ignore`, is not known. */
async function readEach(config: Config): Promise<FoundFiles> {
  const { modules, locations } = config.selection
  const files: ScriptFile[] = []
  const callbacks: ScriptFile[] = []
  const problems: Problem[] = []
  for (const selection of [
    ...modules.map((module) => ({ modules: [module], locations: [] })),
    ...(locations.length === 0 ? [] : [{ modules: [], locations }]),
  ]) {
    try {
      const read = await readScripts(selection, { ...config, isObserved: false })
      files.push(...read.files)
      callbacks.push(...read.callbacks)
      // Duplicates are looked for over all folders, except for callbacks, of which every module may have the same.
      const ofFolder = ['INVALID_NAME', 'REPEATED_CALLBACK']
      problems.push(...read.problems.filter(({ kind }) => ofFolder.includes(kind)))
    } catch (error) {
      problems.push(problemOf(error))
    }
  }
  return { files, callbacks, problems: [...problems, ...findDuplicates(files)] }
}
