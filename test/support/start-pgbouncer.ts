import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import postgres from 'postgres'
import { createServerDirectory } from '../../lib/testing/server-directory.js'
import { type ServerGuard, startGuardedServer } from '../../lib/testing/server-guard.js'
import { chooseServerUser } from '../../lib/testing/server-user.js'
import { waitUntil } from './wait-until.js'

export type PoolMode = 'session' | 'transaction' | 'statement'

export interface PgBouncerOptions {
  /** URL of the server behind it. PgBouncer logs in there with its user and password, whoever comes. */
  readonly server: string
  readonly poolMode: PoolMode
  /** Connections to the server, for each database. Default: 4. */
  readonly poolSize?: number | undefined
  /** SQL that each connection to the server begins with. */
  readonly connectQuery?: string | undefined
}

/** A row of `SHOW SERVERS`, `SHOW CLIENTS` or `SHOW POOLS`. */
export type ConsoleRow = Readonly<Record<string, string | number | null>>

/** A PgBouncer of this process, on 127.0.0.1. It lets everybody in without a password. */
export interface PgBouncer {
  readonly port: number
  /** The same database through PgBouncer. */
  through(url: string): string
  /** Asks its admin console. */
  show(what: 'servers' | 'clients' | 'pools'): Promise<readonly ConsoleRow[]>
  /** Ends it, and with it all connections, and starts it anew on the same port. */
  restart(): Promise<void>
  /** Ends it. Again does nothing. */
  stop(): Promise<void>
}

interface Context {
  after(fn: () => Promise<void>): void
}

/** Below the ports that Linux gives to outgoing connections, so that one that was free stays so across a restart. */
const portRange = [20_000, 32_768] as const
const portAttempts = 5

/** Debian installs it where only root looks. */
const directories = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), '/usr/sbin']

/** What `node:test` takes as the reason to skip. Where the environment requires PgBouncer, a missing one is a failure. */
export const withoutPgBouncer: string | false =
  (process.env['SCHEMAWAY_TEST_PGBOUNCER'] ?? '') === '' &&
  'it needs PgBouncer (package pgbouncer of Debian): set SCHEMAWAY_TEST_PGBOUNCER=required to run it, as .ci/run pooler does'

/** Starts PgBouncer in front of a server. It ends with the test, or with this process, even if that is killed. */
export async function startPgBouncer(t: Context, options: PgBouncerOptions): Promise<PgBouncer> {
  const program = findProgram()
  let { port, guard } = await startOnFreePort(program, options)
  t.after(async () => await guard.stop())
  return {
    port,
    through: (url) => {
      const changed = new URL(url)
      changed.hostname = '127.0.0.1'
      changed.port = String(port)
      return changed.href
    },
    show: async (what) => await askConsole(port, what),
    restart: async () => {
      await guard.stop()
      guard = await startOn(port, program, options)
    },
    stop: async () => await guard.stop(),
  }
}

/** `1.18.0`, for instance. */
export function readPgBouncerVersion(): string {
  const { stdout } = spawnSync(findProgram(), ['--version'], { encoding: 'utf8' })
  return /^PgBouncer (\S+)/m.exec(stdout)?.[1] ?? ''
}

function findProgram(): string {
  const found = directories.map((directory) => join(directory, 'pgbouncer')).find((path) => existsSync(path))
  if (found === undefined) throw new Error('there is no pgbouncer on the PATH nor in /usr/sbin: install pgbouncer')
  return found
}

async function startOnFreePort(
  program: string,
  options: PgBouncerOptions,
): Promise<{ port: number; guard: ServerGuard }> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(...portRange)
    try {
      return { port, guard: await startOn(port, program, options) }
    } catch (error) {
      if (attempt === portAttempts) throw error
    }
  }
}

/** The guard of the test servers holds it: it removes the directory too, and needs nobody of us to be alive. */
async function startOn(port: number, program: string, options: PgBouncerOptions): Promise<ServerGuard> {
  const user = chooseServerUser()
  const directory = createServerDirectory(user)
  const file = join(directory, 'pgbouncer.ini')
  writeFileSync(file, writeConfiguration(port, directory, options), { mode: 0o600 })
  if (user !== null) chownSync(file, user.uid, user.gid)
  const guard = await startGuardedServer([program, file], directory, user)
  // Its port says too little: it might be somebody else who answers there.
  const log = join(directory, 'log')
  const readLog = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  try {
    await waitUntil('PgBouncer is up', () => {
      if (guard.hasServerEnded()) throw new Error('it ended')
      return readLog().includes('process up')
    })
    // When its port is taken, it goes on with its socket alone.
    if (!readLog().includes(`listening on 127.0.0.1:${port}`)) throw new Error('its port is taken')
    return guard
  } catch (error) {
    const text = readLog()
    await guard.stop()
    throw new Error(`PgBouncer did not start:\n${text}`, { cause: error })
  }
}

function writeConfiguration(port: number, directory: string, options: PgBouncerOptions): string {
  const { hostname, port: serverPort, username, password } = new URL(options.server)
  const database = {
    host: hostname,
    port: serverPort || '5432',
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    ...(options.connectQuery !== undefined && { connect_query: options.connectQuery }),
  }
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: directory,
    // Whoever comes is the user of the line above, and may use the console.
    auth_type: 'any',
    pool_mode: options.poolMode,
    default_pool_size: options.poolSize ?? 4,
    max_client_conn: 500,
    // A server that was killed is back within moments; the default is a quarter of a minute.
    server_login_retry: 0.1,
  }
  return [
    '[databases]',
    `* = ${Object.entries(database)
      .map(([name, value]) => `${name}=${quote(value)}`)
      .join(' ')}`,
    '[pgbouncer]',
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n')
}

/** A value is one line, in which only quotes are special. */
function quote(value: string): string {
  return `'${value.replaceAll("'", "''").replaceAll('\n', ' ')}'`
}

async function askConsole(port: number, what: string): Promise<readonly ConsoleRow[]> {
  const sql = postgres({
    host: '127.0.0.1',
    port,
    user: 'console',
    database: 'pgbouncer',
    max: 1,
    fetch_types: false,
    onnotice: () => {},
  })
  try {
    return [...(await sql.unsafe<ConsoleRow[]>(`SHOW ${what}`).simple())]
  } finally {
    await sql.end()
  }
}
