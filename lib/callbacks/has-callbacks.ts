import type { Config } from '../config/read-options.js'
import { eventsOf } from './callback-events.js'
import type { CallbackFile } from './read-callbacks.js'

/** Events of migrate() that need a migration, a failure or a new history to come about. */
const needsWork = /Each|Error$|^(?:beforeBaseline|afterBaseline|beforeRepeatables|afterMigrateApplied)$/

/**
 * Whether a command has anything to fire: files, or functions.
 *
 * @param isIdle whether the command is a migrate() that has nothing to do.
 */
export function hasCallbacks(
  files: readonly CallbackFile[],
  { command, hooks }: Pick<Config, 'command' | 'hooks'>,
  isIdle = false,
): boolean {
  const events: readonly string[] = eventsOf(command)
  const isFired = (event: string): boolean => events.includes(event) && !(isIdle && needsWork.test(event))
  return files.some(({ event }) => isFired(event)) || Object.keys(hooks).some(isFired)
}
