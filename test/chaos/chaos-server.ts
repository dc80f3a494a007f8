import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { chooseCacheDirectory } from '../../lib/testing/cache-directory.js'
import { findBinaries } from '../../lib/testing/find-binaries.js'
import { startPostgres } from '../../lib/testing/index.js'
import { prepareBinaries } from '../../lib/testing/prepare-binaries.js'
import { readServerStatus } from '../../lib/testing/server-guard.js'
import { chooseServerUser } from '../../lib/testing/server-user.js'

/** Name of the tablespace that can be full. */
export const smallTablespace = 'chaos_small'
const smallSize = 20 * 1024 * 1024

/** A server that can be restarted, and whose disk can be filled. */
export interface ChaosServer {
  readonly port: number
  readonly version: string
  /** Why the disk cannot be filled; null when it can. */
  readonly noSmallDisk: string | null
  urlOf(database: string, port?: number): string
  /** A superuser's session to the maintenance database, opened anew after a restart. */
  readonly admin: Sql
  /** A superuser's session to a database; the caller ends it. */
  open(database: string): Sql
  restart(mode: 'fast' | 'immediate'): Promise<void>
  setReadOnly(isReadOnly: boolean): Promise<void>
  fillDisk(): void
  freeDisk(): void
  stop(): Promise<void>
}

/**
 * Starts a server of its own. What its processes write survives them, so that a commit that was reported holds through an immediate
 * restart; only the machine must not crash.
 */
export async function startChaosServer(): Promise<ChaosServer> {
  const started = await startPostgres({
    settings: {
      synchronous_commit: 'on',
      max_wal_size: '512MB',
      checkpoint_timeout: '30min',
      max_prepared_transactions: '5',
    },
  })
  const { dataDirectory, socketDirectory } = started
  if (dataDirectory === null || socketDirectory === null) throw new TypeError('the server is not ours')
  const user = chooseServerUser()
  const binaries = findBinaries(undefined)
  const installation = await prepareBinaries(binaries, chooseCacheDirectory(user), user)
  const { port } = new URL(started.url)
  let own: ChildProcess | null = null

  const urlOf = (database: string, through = Number(port)): string => {
    const url = new URL(started.url)
    url.pathname = `/${database}`
    url.port = String(through)
    return url.href
  }
  const open = (database: string): Sql =>
    postgres(urlOf(database), {
      max: 1,
      idle_timeout: 0,
      fetch_types: false,
      onnotice: () => {},
      connection: { application_name: 'chaos admin', default_transaction_read_only: false },
    })
  let admin = open('postgres')

  const end = async (signal: 'SIGINT' | 'SIGQUIT'): Promise<void> => {
    const pid = readServerStatus(socketDirectory)?.pid
    if (pid !== undefined) process.kill(pid, signal)
    for (let waits = 0; existsSync(join(dataDirectory, 'postmaster.pid')); waits += 1) {
      if (waits > 3_000) throw new Error('the server did not end within 15 seconds')
      await sleep(5)
    }
    if (own !== null && own.exitCode === null && own.signalCode === null) await once(own, 'exit')
  }
  const start = async (): Promise<void> => {
    const log = openSync(join(socketDirectory, 'log'), 'a')
    own = spawn(join(installation, 'bin', 'postgres'), ['-D', dataDirectory], {
      cwd: socketDirectory,
      stdio: ['ignore', log, log],
      ...(user !== null && { uid: user.uid, gid: user.gid }),
    })
    const { exitCode } = own
    for (let waits = 0; readServerStatus(socketDirectory)?.isReady !== true; waits += 1) {
      if (exitCode !== null || waits > 6_000) throw new Error('the server did not start again')
      await sleep(5)
    }
  }

  const small = join(socketDirectory, 'small')
  const noSmallDisk = await mountSmallDisk(small, user, admin)
  const filler = join(small, 'filler')

  return {
    port: Number(port),
    version: started.version,
    noSmallDisk,
    urlOf,
    get admin() {
      return admin
    },
    open,
    async restart(mode) {
      await admin.end({ timeout: 0 })
      await end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await start()
      admin = open('postgres')
    },
    async setReadOnly(isReadOnly) {
      await admin.unsafe(
        isReadOnly
          ? 'ALTER SYSTEM SET default_transaction_read_only = on'
          : 'ALTER SYSTEM RESET default_transaction_read_only',
      )
      await admin`SELECT pg_reload_conf()`
    },
    fillDisk() {
      const { bavail, bsize } = statfsSync(small)
      try {
        writeFileSync(filler, Buffer.alloc(bavail * bsize))
      } catch (error) {
        // The server has taken some of it meanwhile: what was written fills the rest.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      }
    },
    freeDisk() {
      rmSync(filler, { force: true })
    },
    async stop() {
      await admin.end({ timeout: 1 })
      if (own !== null) await end('SIGQUIT')
      // What is mounted below it would keep the directory from being removed.
      if (noSmallDisk === null) execFileSync('umount', ['--lazy', small], { stdio: 'ignore' })
      await started.stop()
      rmSync(socketDirectory, { recursive: true, force: true })
    },
  }
}

const diskPrefix = 'schemaway-chaos-'

/** A process that was killed could not unmount its disk. Its number is in the name of the disk. */
function removeAbandonedDisks(): void {
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [source = '', directory = ''] = line.split(' ')
    if (!source.startsWith(diskPrefix)) continue
    try {
      process.kill(Number(source.slice(diskPrefix.length)), 0)
    } catch {
      execFileSync('umount', ['--lazy', directory], { stdio: 'ignore' })
      rmSync(dirname(directory), { recursive: true, force: true })
    }
  }
}

/** Mounting takes rights that a container may not give. */
async function mountSmallDisk(
  directory: string,
  user: ReturnType<typeof chooseServerUser>,
  admin: Sql,
): Promise<string | null> {
  if (user === null) return 'only root can mount a small disk'
  try {
    mkdirSync(directory)
    removeAbandonedDisks()
    const source = `${diskPrefix}${process.pid}`
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${smallSize}`, source, directory], { stdio: 'pipe' })
  } catch (error) {
    return `mounting a small disk failed: ${error instanceof Error ? error.message.trim() : String(error)}`
  }
  const tablespace = join(directory, 'tablespace')
  for (const path of [directory, tablespace]) {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    chownSync(path, user.uid, user.gid)
  }
  await admin.unsafe(`CREATE TABLESPACE ${smallTablespace} LOCATION '${tablespace}'`)
  return null
}
