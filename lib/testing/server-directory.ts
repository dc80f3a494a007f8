import { chownSync, mkdtempSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isReachable, type ServerUser } from './server-user.js'

const tmpfsMagic = 0x01021994
const roomNeeded = 1024 ** 3
const namePattern = /^schemaway-\d+-[A-Za-z0-9]{6}$/
const deadAfterMilliseconds = 10 * 60 * 1000
/** A socket's path may have 103 bytes on macOS and 107 on Linux, of which our own part takes about 45. */
const longestRoot = 58

/**
 * Makes the private directory of one server, for its data, log and socket. It lies in memory where there is room:
 * creating and dropping databases means a thousand small files each time.
 */
export function createServerDirectory(user: ServerUser | null): string {
  const directory = mkdtempSync(join(chooseRoot(user), `schemaway-${process.pid}-`))
  if (user !== null) chownSync(directory, user.uid, user.gid)
  return directory
}

function chooseRoot(user: ServerUser | null): string {
  const roots = directoryRoots().filter((root) => Buffer.byteLength(root) <= longestRoot && canBeReached(root, user))
  return roots.find((root) => root !== '/dev/shm' || hasRoomInMemory(root)) ?? '/tmp'
}

function directoryRoots(): readonly string[] {
  return process.platform === 'linux' ? ['/dev/shm', tmpdir(), '/tmp'] : [tmpdir(), '/tmp']
}

function hasRoomInMemory(root: string): boolean {
  const { type, bavail, bsize } = statfsSync(root)
  return type === tmpfsMagic && bavail * bsize >= roomNeeded
}

function canBeReached(root: string, user: ServerUser | null): boolean {
  try {
    return isReachable(root, user)
  } catch {
    return false
  }
}

/**
 * Removes what servers left behind whose guard was killed with them. A directory is dead when it is old and nobody
 * listens on its socket; process ids would say less, as each container numbers its own.
 */
export async function removeDeadServerDirectories(user: ServerUser | null): Promise<void> {
  const owner = user?.uid ?? process.getuid?.()
  for (const root of new Set(directoryRoots())) {
    for (const directory of findServerDirectories(root)) {
      try {
        const { uid, mtimeMs } = statSync(directory)
        const isOldAndOurs = uid === owner && Date.now() - mtimeMs > deadAfterMilliseconds
        if (isOldAndOurs && !(await isListenedOn(directory))) await rm(directory, { recursive: true, force: true })
      } catch {
        // Another process was faster.
      }
    }
  }
}

function findServerDirectories(root: string): readonly string[] {
  try {
    const entries = readdirSync(root, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && namePattern.test(entry.name))
      .map(({ name }) => join(root, name))
  } catch {
    return []
  }
}

async function isListenedOn(directory: string): Promise<boolean> {
  for (const name of readdirSync(directory)) {
    if (/^\.s\.PGSQL\.\d+$/.test(name) && (await accepts(join(directory, name)))) return true
  }
  return false
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Anything else, a full queue for instance, means that there is somebody.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'))
  })
}
