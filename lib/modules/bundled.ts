import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { Module } from './define-module.js'

/**
 * The modules that ship with schemaway, in the order in which they are installed. A link module has no schema: it ties
 * two modules together and is installed by itself once all it requires are selected.
 */
export const bundled = Object.freeze([
  { name: 'iam', requires: [], schemas: ['iam'] },
  { name: 'survey', requires: ['iam'], schemas: ['survey'] },
  { name: 'telephony', requires: ['iam'], schemas: ['telephony'] },
  { name: 'notify', requires: ['iam'], schemas: ['notify'] },
  { name: 'survey_telephony', requires: ['survey', 'telephony'], schemas: [] },
  { name: 'survey_notify', requires: ['survey', 'notify'], schemas: [] },
  { name: 'telephony_notify', requires: ['telephony', 'notify'], schemas: [] },
] as const satisfies readonly BundledManifest[])

interface BundledManifest {
  readonly name: string
  readonly requires: readonly string[]
  readonly schemas: readonly string[]
}

/** Name of a module that ships with schemaway. */
export type BundledModuleName = (typeof bundled)[number]['name']

let sqlDirectory: string | undefined

/**
 * The bundled modules with the places of their SQL on this machine.
 *
 * @throws SchemawayError `BUNDLED_SQL_MISSING`.
 */
export function bundledModules(): readonly Module[] {
  sqlDirectory ??= findSqlDirectory(urlOfThisFile())
  return bundled.map((manifest) =>
    Object.freeze({ ...manifest, directory: `${sqlDirectory}/${manifest.name}`, isBundled: true }),
  )
}

/**
 * Where the SQL of the bundled modules lies. In a program that a bundler put into one file it is expected beside that file,
 * or one level above; in the package, `sql/` is two levels above this file. The nearest wins, and a folder without scripts
 * does not count: it would pass for a database that needs nothing.
 *
 * @param running `file:` URL of the file that is running.
 */
export function findSqlDirectory(running: string): string {
  const candidates = ['./sql', '../sql', '../../sql'].map((path) => fileURLToPath(new URL(path, running)))
  const found = candidates.find((path) => bundled.every(({ name }) => holdsScripts(`${path}/${name}`)))
  if (found !== undefined) return found
  throw new SchemawayError(
    'BUNDLED_SQL_MISSING',
    `The SQL files of the bundled modules are not there. Looked in ${candidates.join(', ')}. A bundler packs code only: ` +
      'copy the folder "sql" of the schemaway package beside the bundle (cp -r node_modules/schemaway/sql dist/), ' +
      'or keep schemaway external (esbuild: --external:schemaway).',
    { details: { directory: candidates[0] ?? '' } },
  )
}

function holdsScripts(directory: string): boolean {
  return existsSync(directory) && readdirSync(directory).some((name) => name.endsWith('.sql'))
}

/** Bundlers that write CommonJS leave `import.meta.url` empty; there `__filename` exists instead. */
function urlOfThisFile(): string {
  const url: string | undefined = import.meta.url
  if (url !== undefined && url !== '') return url
  return pathToFileURL(typeof __filename === 'string' ? __filename : `${process.cwd()}/`).href
}
