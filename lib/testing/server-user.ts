import { execFileSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SchemawayError } from '../errors/schemaway-error.js'

/** The operating system account that an embedded server runs as. */
export interface ServerUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root. For root this is the user behind `sudo`, else `postgres`, else `nobody`; for
 * everybody else `null`: the server runs as the caller.
 */
export function chooseServerUser(environment: NodeJS.ProcessEnv = process.env): ServerUser | null {
  if (process.getuid?.() !== 0) return null
  const { SUDO_UID, SUDO_GID, SUDO_USER } = environment
  const [uid, gid] = [Number(SUDO_UID), Number(SUDO_GID)]
  if (uid > 0 && gid > 0) return { name: SUDO_USER ?? String(uid), uid, gid }
  const found = findUser('postgres') ?? findUser('nobody')
  if (found !== null) return found
  throw new SchemawayError(
    'CONNECTION_FAILED',
    'PostgreSQL does not run as root, and this machine has neither a user "postgres" nor a user "nobody" to run it as. ' +
      'Create one of them, run the tests as another user, or name a server in TEST_DATABASE_URL.',
  )
}

function findUser(name: string): ServerUser | null {
  try {
    return { name, uid: askForId('-u', name), gid: askForId('-g', name) }
  } catch {
    return null
  }
}

function askForId(flag: '-u' | '-g', name: string): number {
  return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
}

/** Whether the server's user may enter this directory and all above it. */
export function isReachable(path: string, user: ServerUser | null): boolean {
  if (user === null) return true
  const directory = realpathSync(path)
  const parent = dirname(directory)
  const { mode, uid, gid } = statSync(directory)
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
  return (mode & bit) !== 0 && (parent === directory || isReachable(parent, user))
}
