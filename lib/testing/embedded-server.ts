import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SchemawayError } from '../errors/schemaway-error.js'
import { chooseCacheDirectory } from './cache-directory.js'
import { findBinaries } from './find-binaries.js'
import { prepareBinaries } from './prepare-binaries.js'
import { type Cluster, prepareCluster } from './prepare-cluster.js'
import { prepareServerData, type ServerConfiguration } from './prepare-server-data.js'
import { createServerDirectory, removeDeadServerDirectories } from './server-directory.js'
import { readServerStatus, type ServerGuard, startGuardedServer } from './server-guard.js'
import { chooseServerUser, type ServerUser } from './server-user.js'

const startTimeoutMilliseconds = 60_000
const portAttempts = 5
/** Below the ports that Linux and macOS give to outgoing connections, which come and go all the time. */
const portRange = [20_000, 32_768] as const

export interface EmbeddedServerOptions extends ServerConfiguration {
  readonly version?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A server that this process started; it ends with the process at the latest. */
export interface EmbeddedServer {
  readonly version: string
  readonly port: number
  readonly password: string
  /** Holds the socket, the log, and the data in `data/`. */
  readonly directory: string
  stop(): Promise<void>
}

interface Installation {
  readonly directory: string
  readonly major: number
  readonly cluster: Cluster
  readonly cache: string
  readonly user: ServerUser | null
}

/**
 * Starts a private PostgreSQL on 127.0.0.1.
 *
 * @param findPort asked again when its port turns out to be taken
 * @throws SchemawayError `INVALID_OPTIONS`, `CONNECTION_FAILED`, `SERVER_UNSUITABLE`, `ABORTED`
 */
export async function startEmbeddedServer(
  options: EmbeddedServerOptions,
  findPort: () => Promise<number> = findFreePort,
): Promise<EmbeddedServer> {
  if (process.platform === 'win32') {
    throw new SchemawayError(
      'CONNECTION_FAILED',
      'A private test server can be started on Linux and macOS only. Name a running server in TEST_DATABASE_URL.',
    )
  }
  const user = chooseServerUser()
  const binaries = findBinaries(options.version)
  const cache = chooseCacheDirectory(user)
  try {
    const directory = await prepareBinaries(binaries, cache, user)
    const cluster = await prepareCluster({ ...binaries, directory }, cache, user)
    const [server] = await Promise.all([
      startOnFreePort({ directory, major: binaries.major, cluster, cache, user }, options, findPort),
      removeDeadServerDirectories(user),
    ])
    return { ...server, version: binaries.version, password: cluster.password }
  } catch (error) {
    throw explainFailure(error, '', cache)
  }
}

type StartedServer = Pick<EmbeddedServer, 'port' | 'directory' | 'stop'>

async function startOnFreePort(
  installation: Installation,
  options: EmbeddedServerOptions,
  findPort: () => Promise<number>,
): Promise<StartedServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await findPort()
    try {
      return await startOn(port, installation, options)
    } catch (error) {
      const mayBeThePort = error instanceof SchemawayError && error.code === 'CONNECTION_FAILED'
      // Somebody may have taken the port since we asked, even for a moment only: a second attempt is made in any case.
      if (!mayBeThePort || attempt === portAttempts || (attempt > 1 && (await isFree(port)))) throw error
    }
  }
}

async function startOn(
  port: number,
  installation: Installation,
  options: EmbeddedServerOptions,
): Promise<StartedServer> {
  const { user, cluster } = installation
  const directory = createServerDirectory(user)
  let guard: ServerGuard | null = null
  try {
    throwIfAborted(options.signal)
    await prepareServerData({ directory, port, major: installation.major }, cluster.dataDirectory, options, user)
    throwIfAborted(options.signal)
    const command = [join(installation.directory, 'bin', 'postgres'), '-D', join(directory, 'data')]
    guard = await startGuardedServer(command, directory, user)
    await waitUntilReady(directory, guard, options.signal)
    return { port, directory, stop: guard.stop }
  } catch (error) {
    const log = readLastLines(join(directory, 'log'), 15)
    await (guard === null ? rm(directory, { recursive: true, force: true }) : guard.stop())
    throw explainFailure(error, log, installation.cache)
  }
}

/** The server's own pid file says when it accepts connections, sooner than its log and in no particular language. */
async function waitUntilReady(directory: string, guard: ServerGuard, signal: AbortSignal | undefined): Promise<void> {
  const deadline = performance.now() + startTimeoutMilliseconds
  while (readServerStatus(directory)?.isReady !== true) {
    throwIfAborted(signal)
    if (guard.hasServerEnded()) throw new Error('it ended while it was starting')
    if (performance.now() > deadline)
      throw new Error(`it was not ready after ${startTimeoutMilliseconds / 1000} seconds`)
    await delay(2)
  }
}

function explainFailure(error: unknown, log: string, cache: string): SchemawayError {
  if (error instanceof SchemawayError) return error
  const reason = error instanceof Error ? error.message : String(error)
  const advice =
    log === ''
      ? 'If this machine cannot run a server, name a running one in TEST_DATABASE_URL.'
      : `The end of its log:\n${log}\nCorrect what it complains about; if that is a file of the server itself, ` +
        `remove ${cache} and try again.`
  return new SchemawayError('CONNECTION_FAILED', `The test server did not start: ${reason}. ${advice}`, {
    details: { serverMessage: log, directory: cache },
    cause: error,
  })
}

function readLastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}

/** @throws SchemawayError `ABORTED` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new SchemawayError('ABORTED', 'The start of the test server was aborted by the signal that was given to it.', {
    cause: signal.reason,
  })
}

async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...portRange)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch {
    return false
  }
  probe.close()
  await once(probe, 'close')
  return true
}
