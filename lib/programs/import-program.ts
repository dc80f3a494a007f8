import { readFileSync, realpathSync } from 'node:fs'
// Not by name: in a bundle the banner that Umzug needs has declared `createRequire`.
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ErrorDetails } from '../errors/schemaway-error.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { sha256OfBytes } from '../scripts/sha256.js'
import type { MigrationProgram } from './program.js'

/** A program that is loaded, and the hash of the file it was loaded from. */
export interface LoadedProgram extends MigrationProgram {
  readonly sha256: string
}

/** What an error says about where it happened. */
export type ProgramPlace = ErrorDetails & { readonly script: string; readonly file: string }

type Import = (url: string) => Promise<unknown>

/** How often a file could not be loaded: Node.js keeps a failure as well, by the URL. */
const failures = new Map<string, number>()

/**
 * Loads a migration in TypeScript or JavaScript, and checks what it exports. A file that was edited, or could not be loaded, is
 * loaded anew, also in a process that has tried it before.
 *
 * @throws SchemawayError `INVALID_SCRIPT` when it cannot be loaded, or does not export what a migration has to.
 */
export async function importProgram(place: ProgramPlace): Promise<LoadedProgram> {
  const { script, file } = place
  let loaded: unknown
  let sha256: string
  try {
    sha256 = sha256OfBytes(readFileSync(file))
    loaded = /\.[cm]?ts$/.test(file) ? await importTypeScript(place) : await importJavaScript(file, sha256)
  } catch (cause) {
    failures.set(file, (failures.get(file) ?? 0) + 1)
    if (cause instanceof SchemawayError) throw cause
    const { name, message } = cause instanceof Error ? cause : { name: 'Error', message: String(cause) }
    throw new SchemawayError(
      'INVALID_SCRIPT',
      `${script} could not be loaded: ${name}: ${message} Correct that, then run again. Nothing was changed.`,
      { details: place, cause },
    )
  }
  return { ...readExports(loaded, place), sha256 }
}

async function importJavaScript(file: string, sha256: string): Promise<unknown> {
  // A module in CommonJS is kept by its path, whatever stands behind it.
  delete nodeModule.createRequire(file).cache[realpathSync(file)]
  return await import(`${pathToFileURL(file).href}?sha256=${sha256}&failures=${failures.get(file) ?? 0}`)
}

async function importTypeScript(place: ProgramPlace): Promise<unknown> {
  const url = pathToFileURL(place.file).href
  const importWithTsx = await findTsx(place.file)
  if (importWithTsx !== null) return await importWithTsx(url)
  try {
    return await import(`${url}?t=${Date.now()}`)
  } catch (cause) {
    const why = isUnknownExtension(cause)
      ? 'is written in TypeScript, which this process cannot load'
      : `could not be loaded by Node.js alone, which only strips types: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new SchemawayError(
      'INVALID_SCRIPT',
      `${place.script} ${why}. Install tsx (npm install --save-dev tsx), which is used when it is there; or write the file in ` +
        'JavaScript, or for a Node.js that strips types (22.18 or newer). Nothing was changed.',
      { details: place, cause },
    )
  }
}

/** The optional peer: of this package, of the migration's own one, or of the program that runs. Null without it. */
async function findTsx(file: string): Promise<Import | null> {
  // Not written as a literal, so that a bundler neither packs it nor fails because it is not there.
  const specifier = ['tsx', 'esm', 'api'].join('/')
  for (const find of [() => specifier, () => resolveTsxFrom(file), () => resolveTsxFrom(join(process.cwd(), 'x'))]) {
    try {
      const api: unknown = await import(find())
      if (hasImport(api)) return async (url) => await api.tsImport(url, { parentURL: url })
    } catch {
      // Not there; tried at the next place.
    }
  }
  return null
}

/** As an import in that file would. `require.resolve` finds the variant for CommonJS, whose loader does not work. */
function resolveTsxFrom(file: string): string {
  const path = nodeModule.createRequire(file).resolve('tsx/package.json')
  const { exports } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly exports: { readonly './esm/api': { readonly import: { readonly default: string } } }
  }
  return pathToFileURL(join(dirname(path), exports['./esm/api'].import.default)).href
}

function hasImport(
  api: unknown,
): api is { tsImport(specifier: string, options: { readonly parentURL: string }): Promise<unknown> } {
  return typeof api === 'object' && api !== null && 'tsImport' in api && typeof api.tsImport === 'function'
}

function isUnknownExtension(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
}

const known = ['up', 'down', 'transaction']

function readExports(loaded: unknown, place: ProgramPlace): MigrationProgram {
  const found = findExports(loaded)
  const { up, down, transaction } = found
  const fail = (reason: string): SchemawayError =>
    new SchemawayError('INVALID_SCRIPT', `${place.script} ${reason} Nothing was changed.`, { details: place })
  if (up === undefined) {
    throw fail('exports no function `up`. Write: export async function up({ sql }) { ... }')
  }
  if (typeof up !== 'function') throw fail(`exports \`up\`, which has to be a function and is of type ${typeof up}.`)
  if (down !== undefined && typeof down !== 'function') {
    throw fail(`exports \`down\`, which has to be a function and is of type ${typeof down}.`)
  }
  if (transaction !== undefined && transaction !== 'none' && transaction !== 'default') {
    throw fail("exports `transaction`, which has to be 'none' or 'default'.")
  }
  const unknown = found.isDefault ? Object.keys(found.all).find((name) => !known.includes(name)) : undefined
  if (unknown !== undefined) throw fail(`has \`${unknown}\` in its default export; known are ${known.join(', ')}.`)
  // As a method, so that `this` is the object of a default export.
  const call = (run: (context: unknown) => unknown) => (context: unknown) => run.call(found.all, context)
  return {
    up: call(up as (context: unknown) => unknown),
    ...(down !== undefined && { down: call(down as (context: unknown) => unknown) }),
    ...(transaction !== undefined && { transaction }),
  }
}

interface Exports {
  readonly up?: unknown
  readonly down?: unknown
  readonly transaction?: unknown
  readonly all: object
  readonly isDefault: boolean
}

/** Named exports; else those of the default export, which is also what CommonJS has. */
function findExports(loaded: unknown): Exports {
  if (typeof loaded !== 'object' || loaded === null) return { all: {}, isDefault: false }
  if ('up' in loaded) return { ...loaded, all: loaded, isDefault: false }
  const inner = 'default' in loaded ? loaded.default : undefined
  if (typeof inner !== 'object' || inner === null) return { ...loaded, all: loaded, isDefault: false }
  // What TypeScript makes of `export default` for CommonJS.
  if (!('up' in inner) && 'default' in inner) return findExports(inner)
  const isCommonJs = 'module.exports' in loaded || '__esModule' in inner
  return { ...inner, all: inner, isDefault: !isCommonJs }
}
