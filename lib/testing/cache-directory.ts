import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { SchemawayError } from '../errors/schemaway-error.js'
import { isReachable, type ServerUser } from './server-user.js'

const buildingPrefix = '.building-'
const abandonedAfterMilliseconds = 60 * 60 * 1000

/**
 * Where binaries and initialised clusters are kept between runs: `SCHEMAWAY_CACHE`, else `/var/cache/schemaway` for root
 * (the server's user must be able to read it), else `$XDG_CACHE_HOME/schemaway` or `~/.cache/schemaway`, else a
 * directory of this user in the system's temporary directory.
 */
export function chooseCacheDirectory(user: ServerUser | null, environment: NodeJS.ProcessEnv = process.env): string {
  const { SCHEMAWAY_CACHE: chosen } = environment
  const candidates = chosen ? [resolve(chosen)] : defaultDirectories(user, environment)
  const problems: string[] = []
  for (const directory of candidates) {
    const problem = prepareDirectory(directory, user) ?? (chosen ? null : findForeignOwner(directory))
    if (problem === null) return directory
    problems.push(`${directory}: ${problem}`)
  }
  throw new SchemawayError(
    'CONNECTION_FAILED',
    `No directory can hold the PostgreSQL binaries of the test server (${problems.join('; ')}). ` +
      'Set SCHEMAWAY_CACHE to a directory that you may write' +
      (user === null ? '.' : ` and that the user "${user.name}" may read: the server runs as that user.`),
    { details: { directory: candidates[0] ?? '' } },
  )
}

function defaultDirectories(user: ServerUser | null, environment: NodeJS.ProcessEnv): string[] {
  const temporary = join(tmpdir(), `schemaway-cache-${process.getuid?.() ?? 0}`)
  if (user !== null) return ['/var/cache/schemaway', temporary, '/tmp/schemaway-cache-0']
  const { XDG_CACHE_HOME: base } = environment
  return [join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.cache'), 'schemaway'), temporary]
}

/** Says why the directory cannot be used, `null` when it can. */
function prepareDirectory(directory: string, user: ServerUser | null): string | null {
  try {
    makeDirectory(directory)
    accessSync(directory, constants.W_OK)
    return isReachable(directory, user) ? null : `the user "${user?.name}" cannot read it`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Whatever the umask is: the server's user has to read what root creates, and nobody else may write it. */
function makeDirectory(directory: string): void {
  const first = mkdirSync(directory, { recursive: true })
  if (first === undefined) return
  for (let made = directory; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755)
}

/** In a shared directory somebody who wants their binaries to be run could have taken the name that we would choose. */
function findForeignOwner(directory: string): string | null {
  const stats = lstatSync(directory)
  return stats.isDirectory() && stats.uid === process.getuid?.() ? null : 'it belongs to another user'
}

/**
 * Returns the entry `name` of the cache, after `build` has filled it if it was not there. Entries appear whole, by a
 * rename; when several processes build the same one, the first to finish wins and the others use its work.
 */
export async function publishOnce(
  cache: string,
  name: string,
  build: (directory: string) => void | Promise<void>,
): Promise<string> {
  const published = join(cache, name)
  if (existsSync(published)) return published
  removeAbandoned(cache)
  const building = mkdtempSync(join(cache, buildingPrefix))
  try {
    await build(building)
    renameSync(building, published)
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    if (!existsSync(published)) throw error
  }
  return published
}

/** Removes what a killed process had begun to build. */
function removeAbandoned(cache: string): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name)
    if (!name.startsWith(buildingPrefix)) continue
    try {
      if (Date.now() - statSync(path).mtimeMs > abandonedAfterMilliseconds)
        rmSync(path, { recursive: true, force: true })
    } catch {
      // Another process was faster.
    }
  }
}
