import type { Config } from '../config/read-options.js'
import type { DatabaseState } from '../history/history-row.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import { bundled } from '../modules/bundled.js'
import type { Module } from '../modules/define-module.js'

/**
 * The search path of a module's scripts. Bundled ones qualify every name, so theirs is empty but for `pg_catalog`;
 * those of a user's module see their own schemas, then `public`; those of `locations` get Flyway's: the history schema
 * before whatever the login has, unless it leads there already.
 */
export function searchPathOf(module: string, modules: readonly Module[], config: Config, state: DatabaseState): string {
  if (bundled.some((one) => one.name === module)) return 'pg_catalog'
  const found = modules.find((one) => one.name === module)
  if (found !== undefined) return [...found.schemas, 'public'].map(quoteIdentifier).join(', ')
  const schema = quoteIdentifier(config.historySchema)
  const original = state.searchPath
  const leads = [schema, config.historySchema].some((name) => original === name || original.startsWith(`${name},`))
  return leads ? original : [schema, original].filter((part) => part !== '').join(', ')
}
