import { basename } from 'node:path'
import type { Config } from '../config/read-options.js'
import type { DatabaseState } from '../history/history-row.js'
import { bundled } from '../modules/bundled.js'
import { dollarPlaceholder } from '../scripts/placeholders.js'

type Values = (script: { readonly module: string; readonly script: string }) => ReadonlyMap<string, string>

/**
 * Values of the placeholders of a script, by lower-case name: Flyway's built-in ones, the role names, and the caller's
 * own. Bundled scripts do not see the caller's, so that nobody changes the model by accident.
 *
 * @see https://documentation.red-gate.com/flyway/reference/configuration/flyway-namespace/flyway-placeholders-namespace
 */
export function placeholderValues(config: Config, state: DatabaseState): Values {
  const common = new Map([
    ['flyway:defaultschema', config.historySchema],
    ['flyway:user', state.currentUser],
    ['flyway:database', state.database],
    ['flyway:timestamp', state.timestamp],
    ['flyway:workingdirectory', process.cwd()],
    ['flyway:table', config.table],
    ['flyway:environment', 'default'],
    [dollarPlaceholder, '$'],
    ['role_owner', config.roles.owner],
    ['role_app', config.roles.app],
    ['role_worker', config.roles.worker],
    ['role_readonly', config.roles.readonly],
  ])
  const own = new Map([...common, ...config.placeholders])
  const bundledNames = new Set<string>(bundled.map((module) => module.name))
  return ({ module, script }) =>
    new Map(bundledNames.has(module) ? common : own).set('flyway:filename', basename(script))
}
