import { SchemawayError } from '../errors/schemaway-error.js'
import type { LedgerRow } from '../history/ledger-entry.js'
import type { Module } from '../modules/define-module.js'
import type { AppliedVersion } from './select-undo.js'

interface KnownModules {
  readonly modules: readonly Module[]
  readonly ledger: readonly LedgerRow[]
}

/** Names of the modules that require one, directly or not, by their definitions and by what the ledger recorded. */
export function modulesThatRequire(name: string, known: KnownModules): readonly string[] {
  const requires = requirements(known)
  const found = new Set<string>()
  const open = [name]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [module, required] of requires) {
      if (required.has(next) && !found.has(module)) {
        found.add(module)
        open.push(module)
      }
    }
  }
  return [...found]
}

function requirements({ modules, ledger }: KnownModules): ReadonlyMap<string, ReadonlySet<string>> {
  const requires = new Map<string, ReadonlySet<string>>()
  for (const row of ledger) if (row.event === 'applied') requires.set(row.module, new Set(row.moduleRequires))
  for (const module of modules) requires.set(module.name, new Set(module.requires))
  return requires
}

/** Refuses a rollback that takes the last version of a module while an installed module that stays requires it. */
export function refuseRequiredModules(
  undone: readonly AppliedVersion[],
  installed: readonly AppliedVersion[],
  known: KnownModules,
): void {
  const staying = new Set(installed.filter((one) => !undone.includes(one)).map((one) => one.module))
  const leaving = new Set(undone.map((one) => one.module).filter((name) => !staying.has(name)))
  for (const name of leaving) {
    const blocking = modulesThatRequire(name, known).filter((module) => staying.has(module))
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
