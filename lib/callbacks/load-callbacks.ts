import { basename } from 'node:path'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { readScripts } from '../plan/load-scripts.js'
import { isNamedLikeCallback } from '../scripts/script-name.js'
import type { CallbackFile } from './read-callbacks.js'

/**
 * The callbacks of a command that reads no migrations, such as `clean()`. What is wrong with other files is no business of
 * it.
 *
 * @throws SchemawayError `INVALID_SCRIPT_NAMES` for a callback that is there twice, or of no event; `INVALID_SCRIPT`,
 *   `UNREADABLE_DIRECTORY`.
 */
export async function loadCallbacks(config: Config): Promise<readonly CallbackFile[]> {
  const { modules, locations } = config.selection
  const own = { modules: modules.filter((module) => !module.isBundled), locations }
  if (own.modules.length === 0 && locations.length === 0) return []
  const { callbacks, problems } = await readScripts(own, config)
  const faulty = problems.filter(
    ({ kind, script = '' }) =>
      kind === 'REPEATED_CALLBACK' || (kind === 'INVALID_NAME' && isNamedLikeCallback(basename(script))),
  )
  if (faulty.length === 0) return callbacks
  throw new SchemawayError(
    'INVALID_SCRIPT_NAMES',
    `${faulty.length === 1 ? 'A callback has' : `${faulty.length} callbacks have`} a name that cannot be used: ` +
      `${faulty.map(({ message }) => message).join('; ')}.`,
    { details: { problems: faulty } },
  )
}
