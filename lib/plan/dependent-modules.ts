import { SchemawayError } from '../errors/schemaway-error.js'
import type { LedgerRow } from '../history/ledger-entry.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { Module } from '../modules/define-module.js'
import type { AppliedVersion } from './select-undo.js'

/** Names of the modules that require a module, directly or not. */
export type Dependents = (module: string) => readonly string[]

/** Reads who requires whom from the definitions of the modules, and for others from what the ledger recorded last. */
export function indexDependents(modules: readonly Module[], ledger: readonly LedgerRow[]): Dependents {
  const requires = new Map<string, readonly string[]>()
  for (const row of ledger)
    if (row.event === 'applied' || row.event === 'adopted') requires.set(row.module, row.moduleRequires)
  for (const module of modules) requires.set(module.name, module.requires)
  const requiredBy = new Map<string, string[]>()
  for (const [module, names] of requires) {
    for (const name of names) requiredBy.set(name, [...(requiredBy.get(name) ?? []), module])
  }
  return (module) => {
    const found = new Set<string>()
    const open = [module]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const dependent of requiredBy.get(next) ?? []) {
        if (found.has(dependent)) continue
        found.add(dependent)
        open.push(dependent)
      }
    }
    return [...found]
  }
}

/**
 * Refuses a rollback that takes the last version of a module while an installed module that stays requires it.
 *
 * @param installed what makes a module an installed one: versions, and repeatables where these are not going to go.
 * @throws SchemawayError `MODULE_REQUIRED`.
 */
export function refuseRequiredModules(
  undone: readonly AppliedVersion[],
  installed: readonly MigrationStatus[],
  dependents: Dependents,
): void {
  const gone = new Set<MigrationStatus>(undone)
  const staying = new Set(installed.filter((one) => !gone.has(one)).map((one) => one.module))
  const leaving = new Set(undone.map((one) => one.module).filter((name) => !staying.has(name)))
  for (const name of leaving) {
    const blocking = dependents(name).filter((module) => staying.has(module))
    if (blocking.length === 0) continue
    throw new SchemawayError(
      'MODULE_REQUIRED',
      `Module ${name} cannot be removed: ${blocking.join(', ')} ${blocking.length === 1 ? 'requires' : 'require'} it and ` +
        `would stay. Roll them back first, or together: modules: [${[name, ...blocking].map((one) => `'${one}'`).join(', ')}]. ` +
        'Nothing was changed.',
      { details: { modules: [name, ...blocking] } },
    )
  }
}
