import type { CommandName } from '../config/command-names.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import { placeholderValues } from '../plan/placeholder-values.js'
import type { PlannedScript } from '../plan/plan.js'
import { searchPathOf } from '../plan/search-path.js'
import { parseScript } from '../scripts/parse-script.js'
import { type CallbackEvent, eventsOf } from './callback-events.js'
import type { CallbackFile } from './read-callbacks.js'

/**
 * Parses the callbacks of a command, by event, each list in the order in which it runs.
 *
 * @throws SchemawayError `INVALID_SCRIPT` and the other codes of a faulty file.
 */
export function planCallbacks(
  files: readonly CallbackFile[],
  config: Config,
  state: DatabaseState,
): ReadonlyMap<CallbackEvent, readonly PlannedScript[]> {
  const events = new Set<string>(eventsOf(config.command))
  const values = placeholderValues(config, state)
  const parse = config.shared?.parse ?? parseScript
  const planned = new Map<CallbackEvent, PlannedScript[]>()
  for (const file of files) {
    const { event, script, module } = file
    if (!events.has(event)) continue
    const parsed = parse(file, values(file), config)
    if (parsed.units !== null && event.includes('Each') && !event.endsWith('Error'))
      throw cannotRunInside(file, config.command)
    const list = planned.get(event) ?? []
    list.push({
      action: 'apply',
      reference: { script, module, version: null, description: file.description },
      parsed,
      file: file.file,
      searchPath: searchPathOf(module, config.selection.modules, config, state),
      callback: event,
    })
    planned.set(event, list)
  }
  return planned
}

function cannotRunInside({ script, file, module, event }: CallbackFile, command: CommandName): SchemawayError {
  return new SchemawayError(
    'INVALID_SCRIPT',
    `${script} holds a statement that cannot run inside a transaction, or asks to run outside one, but the callbacks of ${event} ` +
      `run in the transaction of the migration. Move it into a callback such as ${command === 'migrate' ? 'afterMigrate' : 'afterUndo'}. Nothing was changed.`,
    { details: { script, file, module, event } },
  )
}
