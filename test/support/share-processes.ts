import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const testDirectory = fileURLToPath(new URL('..', import.meta.url))
const importInSuites = new URL('./import-in-suites.ts', import.meta.url).href
/** It registers a hook that has to outlast the first file that imports it. */
const modelDatabase = new URL('../model/model-database.ts', import.meta.url).href

/**
 * The files of these folders share processes, some files in each: starting one costs more than most of them take, and
 * those of the model share a template of the bundled model. That none of them needs another one is shown by the stage
 * `alone`. The other folders start servers of their own, by the environment, or hold a few long files.
 */
const sharing = [
  ['model'],
  ['commands'],
  ['callbacks', 'programs', 'run'],
  ['config', 'docs', 'errors', 'history', 'modules', 'plan', 'schemas', 'scripts', 'security'],
  // Where there is no PgBouncer all of them are skipped.
  ...(process.env['SCHEMAWAY_TEST_PGBOUNCER'] === undefined ? [['pooler']] : []),
]
const mostFilesOfProcess = 24
/** For fewer a process of their own is not worth its start. */
const fewestFilesOfProcess = 6
/** They take ten seconds or more, so no process gets two of them while another has none. */
const long = [
  'callbacks/hooks',
  'commands/big-scripts',
  'commands/clean',
  'commands/every-own-statement-fails',
  'commands/failure-matrix',
  'commands/maintain',
  'commands/resume-hazards',
  'commands/retries',
  'commands/seed',
  'commands/unknown-outcome',
  'flyway/scenarios',
  'model/files-run-twice',
  'model/logins',
  'model/modules-install',
  'model/partial-rollback',
  'model/plans-lookups',
  'model/plans-queues',
  'model/zod-insert',
  'programs/backfill',
  'programs/programs',
  'run/commit-in-doubt',
  'run/guarded-session',
].map((name) => join(testDirectory, `${name}.test.ts`))

/**
 * How a file of such a folder says that it needs a process of its own: it changes or looks at what belongs to the process,
 * such as its environment, its signals or its locale, or it takes long.
 */
const staysAlone = /^\/\/ Alone in its process: \S/m

/**
 * Writes files that import the tests of one process each, the longest first, so that no processor is left idle in the end.
 *
 * @param files absolute paths of files with tests
 * @param fewest as many processes as can run at once are made, if there are that many files
 * @returns paths of what is to be run; their order is that of their names, which is how node takes them
 */
export function shareProcesses(files: readonly string[], directory: string, fewest: number): readonly string[] {
  const groups: (readonly string[])[] = []
  const grouped = new Set<string>()
  for (const folders of sharing) {
    const found = files.filter((file) => folders.some((folder) => isIn(file, folder)) && !mustStayAlone(file))
    const own = [...found.filter((file) => long.includes(file)), ...found.filter((file) => !long.includes(file))]
    const count = Math.max(
      Math.ceil(own.length / mostFilesOfProcess),
      Math.min(fewest, Math.ceil(own.length / fewestFilesOfProcess)),
    )
    for (let number = 0; number < count; number++) groups.push(own.filter((_file, index) => index % count === number))
    for (const file of own) grouped.add(file)
  }
  const alone = files.filter((file) => !grouped.has(file))
  const [longAlone, shortAlone] = [true, false].map((isLong) => alone.filter((file) => long.includes(file) === isLong))
  const ordered = [...(longAlone ?? []).map((file) => [file]), ...groups, ...(shortAlone ?? []).map((file) => [file])]
  return ordered.map((group, index) => {
    const [first = ''] = group
    // A process that ends early is told by the name of its file.
    const name = `${String(index + 1).padStart(3, '0')}-${relative(testDirectory, first).split(sep).slice(0, -1).join('-')}`
    const path = join(directory, group.length === 1 ? `${name}-${basename(first)}` : `${name}.test.ts`)
    writeFileSync(path, entryFor(group))
    return path
  })
}

function isIn(file: string, folder: string): boolean {
  return file.startsWith(join(testDirectory, folder) + sep)
}

function mustStayAlone(file: string): boolean {
  return staysAlone.test(readFileSync(file, 'utf8'))
}

function usesModelDatabase(file: string): boolean {
  return readFileSync(file, 'utf8').includes('/model-database.js')
}

function entryFor(group: readonly string[]): string {
  const addresses = group.map((file) => pathToFileURL(file).href)
  if (addresses.length === 1) return `import ${JSON.stringify(addresses[0])}\n`
  const hooks = group.some(usesModelDatabase) ? `import ${JSON.stringify(modelDatabase)}\n` : ''
  return `${hooks}import { importInSuites } from ${JSON.stringify(importInSuites)}\nimportInSuites(${JSON.stringify(addresses)})\n`
}
