import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SchemawayError } from '../errors/schemaway-error.js'
import { publishOnce } from './cache-directory.js'
import { serverEnvironment } from './server-environment.js'
import type { ServerUser } from './server-user.js'

/** An initialised data directory, copied for every server and never started itself. */
export interface Cluster {
  readonly dataDirectory: string
  /** Password of the superuser `postgres`. */
  readonly password: string
}

/**
 * Runs `initdb` once for each version, platform, set of flags and server user, and keeps the result: it takes most of
 * the time of a cold start.
 */
export async function prepareCluster(
  binaries: { readonly directory: string; readonly key: string; readonly major: number },
  cache: string,
  user: ServerUser | null,
): Promise<Cluster> {
  const flags = initdbFlags(binaries.major)
  const flagsKey = createHash('sha256').update(flags.join('\n')).digest('hex').slice(0, 8)
  const name = `cluster-${binaries.key}-${flagsKey}-${user?.uid ?? process.getuid?.() ?? 0}`
  const published = await publishOnce(cache, name, async (directory) => {
    const passwordFile = join(directory, 'password')
    writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 })
    if (user !== null) for (const path of [directory, passwordFile]) chownSync(path, user.uid, user.gid)
    await runInitdb(join(binaries.directory, 'bin', 'initdb'), directory, flags, user)
  })
  return {
    dataDirectory: join(published, 'data'),
    password: readFileSync(join(published, 'password'), 'utf8'),
  }
}

function initdbFlags(major: number): readonly string[] {
  return [
    '--username=postgres',
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    '--encoding=UTF8',
    // Text sorts by code point and changes case beyond ASCII, on every machine alike.
    ...(major >= 17 ? ['--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : olderLocale()),
    // One 1 MB segment of write-ahead log: half as many bytes to copy for each server.
    '--wal-segsize=1',
    '--no-instructions',
  ]
}

function olderLocale(): readonly string[] {
  return process.platform === 'linux' ? ['--locale=C', '--lc-ctype=C.UTF-8'] : ['--no-locale']
}

async function runInitdb(
  initdb: string,
  directory: string,
  flags: readonly string[],
  user: ServerUser | null,
): Promise<void> {
  const args = ['--pgdata', join(directory, 'data'), '--pwfile', join(directory, 'password'), ...flags]
  try {
    await promisify(execFile)(initdb, args, {
      cwd: directory,
      env: serverEnvironment(),
      ...(user !== null && { uid: user.uid, gid: user.gid }),
    })
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw new SchemawayError(
      'CONNECTION_FAILED',
      `The test server's data directory could not be initialised by ${initdb}${user === null ? '' : ` as user "${user.name}"`}: ` +
        `${output || (error instanceof Error ? error.message : String(error))}. ` +
        'If programs may not run from there, set SCHEMAWAY_CACHE to another directory; if these binaries do not fit ' +
        'this system, name others in SCHEMAWAY_POSTGRES_BINARIES or a running server in TEST_DATABASE_URL.',
      { details: { directory, serverMessage: output }, cause: error },
    )
  }
}
