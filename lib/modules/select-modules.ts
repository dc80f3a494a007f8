import { resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SchemawayError } from '../errors/schemaway-error.js'
import { bundled, bundledModules } from './bundled.js'
import { defineModule, type Module } from './define-module.js'

/** Name of the unnamed module that holds the scripts of `locations`. */
export const locationsModule = ''

export interface ModuleSelection {
  /** In order: a module comes after all it requires. */
  readonly modules: readonly Module[]
  /** Folders of plain migrations, absolute; none lies in another. May hold the wildcards `*`, `?` and `**`. */
  readonly locations: readonly string[]
  /** Links among the modules that nobody chose and of which one end alone is selected; only a rollback has any. */
  readonly attached?: ReadonlySet<string>
}

/**
 * Turns the options `modules` and `locations` into an ordered selection. Link modules join by themselves, as soon as
 * everything they require is selected. To a rollback they are attached when anything of it is, since a link stands on
 * both of its ends.
 *
 * @param mustBeComplete whether every required module has to be selected too; a rollback of a part need not be.
 * @param available the bundled modules. Asked only when one of them is needed, since a program of a bundler may have
 *   left their files behind.
 * @throws SchemawayError `INVALID_MODULES`, `INVALID_OPTIONS` for a location, `BUNDLED_SQL_MISSING`.
 */
export function selectModules(
  options: {
    readonly modules?: readonly (string | Module)[] | undefined
    readonly locations?: string | URL | readonly (string | URL)[] | undefined
  },
  mustBeComplete: boolean,
  available: () => readonly Module[] = bundledModules,
): ModuleSelection {
  const locations = toLocations(options.locations)
  if (options.modules === undefined) return { modules: locations.length > 0 ? [] : available(), locations }
  const chosen = new Map<string, Module>()
  for (const one of options.modules) {
    const module = typeof one === 'string' ? findBundled(one, available()) : checkModule(one)
    if (chosen.has(module.name)) throw invalid(`module ${module.name} is selected twice`, [module.name])
    chosen.set(module.name, module)
  }
  const links = [...chosen.values()].some((module) => module.isBundled) ? available().filter(isLink) : []
  addLinks(chosen, links, (link) => link.requires.every((name) => chosen.has(name)))
  if (mustBeComplete) checkRequirements(chosen)
  const named = new Set(chosen.keys())
  if (!mustBeComplete) addLinks(chosen, links, (link) => link.requires.some((name) => named.has(name)))
  const attached = new Set([...chosen.keys()].filter((name) => !named.has(name)))
  return { modules: sortByRequirement(chosen), locations, attached }
}

function toLocations(value: string | URL | readonly (string | URL)[] | undefined): readonly string[] {
  if (value === undefined) return []
  const given = typeof value === 'string' || value instanceof URL ? [value] : value
  const paths = [...new Set(given.map(toPath))]
  // As Flyway does: what lies in another location is read with that one.
  return paths.filter((path) => !paths.some((other) => other !== path && path.startsWith(asFolder(other))))
}

function asFolder(path: string): string {
  return path.endsWith(sep) ? path : path + sep
}

function toPath(location: string | URL): string {
  const text = String(location)
  if (text.startsWith('file:')) {
    const { search, hash } = new URL(text)
    if (search !== '' || hash !== '') {
      const character = search === '' ? '#' : '?'
      throw unusableLocation(
        `${text} ends, as a URL, before its ${character}; name the folder by its path, or write ${encodeURIComponent(character)}`,
      )
    }
    try {
      return resolve(fileURLToPath(text))
    } catch (cause) {
      throw unusableLocation(`${text} is not the URL of a folder on this machine`, cause)
    }
  }
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(text) ?? []
  if (scheme === undefined) return resolve(text)
  if (scheme === 'filesystem') return resolve(text.slice('filesystem:'.length))
  throw unusableLocation(
    `a location begins with ${scheme}:, but only folders can be read; name one, or filesystem:<folder>`,
  )
}

function unusableLocation(reason: string, cause?: unknown): SchemawayError {
  return new SchemawayError('INVALID_OPTIONS', `The options cannot be used: ${reason}.`, {
    details: { option: 'locations' },
    cause,
  })
}

function findBundled(name: string, available: readonly Module[]): Module {
  const found = available.find((module) => module.name === name)
  if (found !== undefined) return found
  const known = available.map((module) => module.name)
  throw invalid(
    `"${name}" is not a bundled module (there are ${known.join(', ')}); pass your own as defineModule({ name: '${name}', ... })`,
    [name],
  )
}

/** An object may come from another copy of this package, or from no defineModule() at all, so it is checked once more. */
function checkModule(module: Module): Module {
  const { isBundled, name, directory, requires, schemas, naming } = module
  if (bundled.some((one) => one.name === name)) {
    throw invalid(`an entry of \`modules\` is an object named '${name}'; select the bundled module by its name`, [name])
  }
  if (typeof isBundled !== 'boolean') {
    throw invalid('an entry of `modules` is neither a name nor made by defineModule()', [])
  }
  return defineModule({ name, directory, requires, schemas, ...(naming !== undefined && { naming }) })
}

function isLink({ schemas }: Module): boolean {
  return schemas.length === 0
}

function addLinks(chosen: Map<string, Module>, links: readonly Module[], joins: (link: Module) => boolean): void {
  for (const link of links) if (joins(link)) chosen.set(link.name, link)
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
