import { readModules } from '../commands/look.js'
import { compareWithRequirements, refuseProblems } from '../plan/compare.js'
import type { Run } from '../run/open-run.js'
import { readState } from '../run/read-state.js'
import { translateError } from '../run/translate-error.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { Callbacks } from './callbacks.js'
import type { CallbackFile } from './read-callbacks.js'

/**
 * What migrate() fires before it touches history: the validation, which the command otherwise does on the way, then the
 * creation of the schema, which Flyway announces even where there is nothing to create.
 *
 * @returns null when the command has no callbacks.
 * @throws SchemawayError `VALIDATION_FAILED`; about a callback that cannot be run, or fails.
 */
export async function startMigrate(
  run: Run,
  files: readonly ScriptFile[],
  callbackFiles: readonly CallbackFile[],
): Promise<Callbacks | null> {
  const callbacks = await Callbacks.prepare(run, callbackFiles)
  run.callbacks = callbacks
  if (callbacks === null) return null
  await callbacks.fire('afterConnect')
  if (run.config.validateOnMigrate) await validate(run, files, callbacks)
  await callbacks.fire('createSchema')
  await callbacks.fire('beforeCreateSchema')
  return callbacks
}

async function validate(run: Run, files: readonly ScriptFile[], callbacks: Callbacks): Promise<void> {
  await callbacks.fire('beforeValidate')
  try {
    refuseProblems((await lookAgain(run, files)).problems)
  } catch (error) {
    await callbacks.fireAfterError('afterValidateError', error)
    throw error
  }
  await callbacks.fire('afterValidate')
}

/** Files and database compared anew, since a callback may have changed history. */
export async function lookAgain(run: Run, files: readonly ScriptFile[]) {
  const { config, session, place } = run
  try {
    const { state, historyRole } = await readState(session, place, config.roles.owner)
    const modules = state.rows === null ? undefined : await readModules({ session, place, historyRole }, config)
    const comparison = await compareWithRequirements(config, files, state, modules)
    return { ...comparison, state }
  } catch (error) {
    throw translateError(error, 'reading the history', session.display)
  }
}
