import type { Config } from '../config/read-options.js'
import type { DatabaseState } from '../history/history-row.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import { bundled } from '../modules/bundled.js'
import type { Module } from '../modules/define-module.js'

/**
 * The search path of a module's scripts, as SET takes it. Bundled ones qualify every name, so theirs is empty but for
 * `pg_catalog`; those of a user's module see their own schemas, then `public`; those of `locations` get Flyway's: the
 * history schema before whatever the login has, unless it leads there already.
 */
export function searchPathOf(module: string, modules: readonly Module[], config: Config, state: DatabaseState): string {
  if (bundled.some((one) => one.name === module)) return 'pg_catalog'
  const found = modules.find((one) => one.name === module)
  if (found !== undefined) return [...found.schemas, 'public'].map(quoteIdentifier).join(', ')
  const original = splitSearchPath(state.searchPath)
  const path = original[0] === config.historySchema ? original : [config.historySchema, ...original]
  return path.map(quoteIdentifier).join(', ')
}

/**
 * The schemas in the value of the setting. It has to be taken apart, because it may hold what is no SQL: given with the
 * connection, `tenant-1` needs no quotes.
 */
function splitSearchPath(value: string): readonly string[] {
  const names = [...value.matchAll(/"((?:[^"]|"")*)"|([^\s,"][^\s,]*)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '').toLowerCase() : quoted.replaceAll('""', '"'),
  )
  return names.filter((name) => name !== '')
}
