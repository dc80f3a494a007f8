import type { Config } from '../config/read-options.js'
import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { compareVersions } from '../scripts/version.js'
import { createPlanContext } from './plan-context.js'
import { refuseUnmetRequirements, refuseWrongOrder } from './plan-migrate.js'
import { indexUndoFiles } from './undo-source.js'

/**
 * What is wrong with scripts as far as they themselves tell: their text, the order of modules, versions that a
 * repeatable requires, and undo files without what they undo. Kinds are the codes of the errors that a migrate() would
 * stop with.
 *
 * @param callbacks of which only the text is looked at.
 */
export function checkFiles(
  config: Config,
  files: readonly ScriptFile[],
  callbacks: readonly ScriptFile[] = [],
): readonly Problem[] {
  const context = createPlanContext(config, config.selection.modules, noDatabase(config))
  const problems: Problem[] = []
  const note = (check: () => void): void => {
    try {
      check()
    } catch (error) {
      problems.push(problemOf(error))
    }
  }
  note(() => refuseWrongOrder(config, files))
  for (const callback of callbacks) note(() => void context.parse(callback))
  for (const file of files) {
    note(() => {
      context.parse(file)
      refuseUnmetRequirements([{ file }], files, noDatabase(config), context)
    })
  }
  return [...problems, ...checkUndoFiles(files, config.requireUndo)]
}

function checkUndoFiles(files: readonly ScriptFile[], requireUndo: boolean): readonly Problem[] {
  const undoFiles = indexUndoFiles(files)
  const problems: Problem[] = []
  for (const file of files) {
    const { kind, script, module, version, description } = file
    const fact = { script, module, ...(version !== null && { version: version.text }) }
    if ((kind === 'undo' || kind === 'drop') && !files.some((other) => isUndoneBy(other, file))) {
      const what = version === null ? `R file of "${description}"` : `V file of version ${version.text}`
      const message = `${script} undoes nothing: there is no ${what}; rename one of the two, or remove it`
      problems.push({ kind: 'UNDO_WITHOUT_MIGRATION', message, ...fact })
    }
    // Whether a program can be undone shows when it is loaded, and a check of files runs nothing.
    if (requireUndo && kind === 'versioned' && file.program === undefined && undoFiles.find(file) === null) {
      problems.push({ kind: 'UNDO_MISSING', message: `${script} has no U file that undoes it; write one`, ...fact })
    }
  }
  return problems
}

function isUndoneBy(one: ScriptFile, undo: ScriptFile): boolean {
  if (one.kind === 'versioned' && undo.kind === 'undo') {
    return one.version !== null && undo.version !== null && compareVersions(one.version, undo.version) === 0
  }
  const isTwin = one.kind === 'repeatable' && undo.kind === 'drop'
  return isTwin && one.module === undo.module && one.description === undo.description
}

/** An error about one file, as one of many. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof SchemawayError)) throw error
  const { script, module, version, line, column } = error.details
  return {
    kind: error.code,
    message: error.message,
    ...(script !== undefined && { script }),
    ...(module !== undefined && { module }),
    ...(version !== undefined && { version }),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
  }
}

/** What placeholders stand for is unknown without a database, only that they stand for something. */
function noDatabase({ historySchema }: Config): DatabaseState {
  return {
    currentUser: 'user',
    sessionUser: 'user',
    database: 'database',
    currentSchema: historySchema,
    searchPath: historySchema,
    serverVersion: 0,
    backendPid: 0,
    isInRecovery: false,
    now: 0,
    timestamp: '2000-01-01 00:00:00',
    rows: null,
  }
}
