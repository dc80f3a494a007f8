import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type Naming, namings } from '../scripts/script-name.js'
import { bundled } from './bundled.js'

/** A folder of migrations that is installed as a unit. */
export interface Module {
  /** Lower-case name; the first part of its scripts' paths in history. */
  readonly name: string
  /** Absolute path of the folder with its scripts. */
  readonly directory: string
  /** Names of the modules whose objects it uses. */
  readonly requires: readonly string[]
  /** PostgreSQL schemas it owns; they lead the search path of its scripts. */
  readonly schemas: readonly string[]
  /** True for modules that ship with schemaway. */
  readonly isBundled: boolean
  /** How its files are named; absent: as Flyway's. */
  readonly naming?: Naming
}

/** What {@link defineModule} takes. */
export interface ModuleDefinition {
  /** Plain lower-case name, for example `billing`; at most 40 characters, and not the name of a bundled module. */
  readonly name: string
  /** Folder with the scripts: a `file:` URL (`new URL('./sql/', import.meta.url)`) or an absolute path. */
  readonly directory: string | URL
  /** Modules that must be installed before this one. Default: none. */
  readonly requires?: readonly string[]
  /** Schemas it owns. Default: one schema with the module's name. */
  readonly schemas?: readonly string[]
  /** How its files are named: `flyway` (default), `up-down` or `numbered`. The option of that name is for `locations`. */
  readonly naming?: Naming
}

const plainName = /^[a-z][a-z0-9_]{0,39}$/
const definitionKeys = ['name', 'directory', 'requires', 'schemas', 'naming']
/** In bytes; PostgreSQL cuts longer names off. */
const longestSchemaName = 63

/**
 * Describes a module of your own, to be selected beside the bundled ones.
 *
 * Its scripts are named by Flyway's rules and belong to history as `<name>/<file>`. They run with a search path of its
 * schemas, then `public`.
 *
 * @returns a frozen module for the `modules` option.
 * @throws SchemawayError `INVALID_MODULES` when the definition cannot be used.
 * @example
 * const billing = defineModule({ name: 'billing', directory: new URL('./sql/', import.meta.url), requires: ['iam'] })
 * await migrate({ url, modules: ['iam', billing] })
 */
export function defineModule(definition: ModuleDefinition): Module {
  if (typeof definition !== 'object' || definition === null) {
    throw invalid("it has to be described by an object, such as { name: 'billing', directory }")
  }
  for (const key of Object.keys(definition)) {
    if (!definitionKeys.includes(key)) {
      throw invalid(`\`${key}\` is not part of a module; known are ${definitionKeys.join(', ')}`)
    }
  }
  const { name, requires = [], schemas = [name], naming } = definition
  if (typeof name !== 'string' || !plainName.test(name)) {
    const given = typeof name === 'string' ? JSON.stringify(name) : `a value of type ${typeof name}`
    throw invalid(`its name must be plain lower-case text such as "billing", not ${given}`)
  }
  if (bundled.some((module) => module.name === name)) {
    throw invalid(
      `${name} is the name of a bundled module; choose another name, or select the bundled one as '${name}'`,
    )
  }
  if (!isListOfTexts(requires)) throw invalid(`\`requires\` of module ${name} must be a list of module names`)
  if (!isListOfTexts(schemas) || !schemas.every(isSchemaName)) {
    throw invalid(
      `\`schemas\` of module ${name} must be a list of schema names of at most ${longestSchemaName} bytes each`,
    )
  }
  if (naming !== undefined && !namings.some((one) => one === naming)) {
    throw invalid(`\`naming\` of module ${name} must be one of ${namings.join(', ')}`)
  }
  if (requires.includes(name)) throw invalid(`module ${name} requires itself`)
  return Object.freeze({
    name,
    directory: toPath(definition.directory, name),
    requires: Object.freeze([...new Set(requires)]),
    schemas: Object.freeze([...new Set(schemas)]),
    isBundled: false,
    ...(naming !== undefined && { naming }),
  })
}

function toPath(directory: unknown, name: string): string {
  try {
    if (directory instanceof URL) return fileURLToPath(directory)
    if (typeof directory === 'string' && directory.startsWith('file:')) return fileURLToPath(directory)
  } catch (error) {
    throw invalid(`\`directory\` of module ${name} is not the URL of a folder on this machine`, error)
  }
  if (typeof directory === 'string' && isAbsolute(directory) && !directory.includes('\0')) return directory
  throw invalid(
    `\`directory\` of module ${name} must be an absolute path or a file: URL, such as new URL('./sql/', import.meta.url)`,
  )
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '')
}

function isSchemaName(name: string): boolean {
  return !name.includes('\0') && Buffer.byteLength(name) <= longestSchemaName
}

function invalid(reason: string, cause?: unknown): SchemawayError {
  return new SchemawayError('INVALID_MODULES', `A module cannot be used: ${reason}.`, { cause })
}
