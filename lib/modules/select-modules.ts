import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SchemawayError } from '../errors/schemaway-error.js'
import { bundledModules } from './bundled.js'
import type { Module } from './define-module.js'

/** Name of the unnamed module that holds the scripts of `locations`. */
export const locationsModule = ''

export interface ModuleSelection {
  /** In order: a module comes after all it requires. */
  readonly modules: readonly Module[]
  /** Folders of plain migrations, absolute. */
  readonly locations: readonly string[]
}

/**
 * Turns the options `modules` and `locations` into an ordered selection. Link modules join as soon as everything they
 * require is selected.
 *
 * @param mustBeComplete whether every required module has to be selected too; a rollback of a part need not be.
 */
export function selectModules(
  options: {
    readonly modules?: readonly (string | Module)[] | undefined
    readonly locations?: string | URL | readonly (string | URL)[] | undefined
  },
  mustBeComplete: boolean,
): ModuleSelection {
  const locations = toLocations(options.locations)
  if (options.modules === undefined) return { modules: locations.length > 0 ? [] : bundledModules(), locations }
  const chosen = new Map<string, Module>()
  for (const one of options.modules) {
    const module = typeof one === 'string' ? findBundled(one) : checkModule(one)
    if (chosen.has(module.name)) throw invalid(`module ${module.name} is selected twice`, [module.name])
    chosen.set(module.name, module)
  }
  addLinks(chosen)
  if (mustBeComplete) checkRequirements(chosen)
  return { modules: sortByRequirement(chosen), locations }
}

function toLocations(value: string | URL | readonly (string | URL)[] | undefined): readonly string[] {
  if (value === undefined) return []
  const list = typeof value === 'string' || value instanceof URL ? [value] : value
  return list.map((one) => {
    if (one instanceof URL) return fileURLToPath(one)
    const path = one.startsWith('filesystem:') ? one.slice('filesystem:'.length) : one
    return isAbsolute(path) ? path : resolve(path)
  })
}

function findBundled(name: string): Module {
  const found = bundledModules().find((module) => module.name === name)
  if (found !== undefined) return found
  const known = bundledModules().map((module) => module.name)
  throw invalid(
    `"${name}" is not a bundled module (there are ${known.join(', ')}); pass your own as defineModule({ name: '${name}', ... })`,
    [name],
  )
}

/** A plain object in place of a defined module would escape every check of defineModule(). */
function checkModule(module: Module): Module {
  if (typeof module.isBundled === 'boolean' && Array.isArray(module.schemas) && Object.isFrozen(module)) return module
  throw invalid('an entry of `modules` is neither a name nor made by defineModule()', [])
}

function addLinks(chosen: Map<string, Module>): void {
  for (const module of bundledModules()) {
    const isLink = module.schemas.length === 0
    if (isLink && module.requires.every((name) => chosen.has(name))) chosen.set(module.name, module)
  }
}

function checkRequirements(chosen: ReadonlyMap<string, Module>): void {
  for (const module of chosen.values()) {
    const missing = module.requires.filter((name) => !chosen.has(name))
    if (missing.length > 0) {
      throw invalid(
        `module ${module.name} requires ${missing.join(' and ')}, which ${missing.length === 1 ? 'is' : 'are'} not selected; ` +
          `add ${missing.map((name) => `'${name}'`).join(', ')} to \`modules\``,
        [module.name, ...missing],
      )
    }
  }
}

function sortByRequirement(chosen: ReadonlyMap<string, Module>): readonly Module[] {
  const sorted: Module[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (module: Module, path: readonly string[]): void => {
    if (state.get(module.name) === 'done') return
    if (state.get(module.name) === 'open') {
      const circle = [...path.slice(path.indexOf(module.name)), module.name]
      throw invalid(`modules require each other in a circle: ${circle.join(' -> ')}`, circle)
    }
    state.set(module.name, 'open')
    for (const name of module.requires) {
      const required = chosen.get(name)
      if (required !== undefined) visit(required, [...path, module.name])
    }
    state.set(module.name, 'done')
    sorted.push(module)
  }
  for (const module of chosen.values()) visit(module, [])
  return sorted
}

function invalid(reason: string, modules: readonly string[]): SchemawayError {
  return new SchemawayError('INVALID_MODULES', `The selection of modules cannot be used: ${reason}.`, {
    details: { modules },
  })
}
