import { SchemawayError } from '../errors/schemaway-error.js'
import { createDatabase, type DatabaseHost, type DatabaseOptions, type TestDatabase } from './create-database.js'

/** A PostgreSQL server for tests, from {@link startPostgres}. */
export interface TestServer {
  /** Login as the superuser `postgres` to the database `postgres` over TCP; with `kind: 'url'` the URL given. */
  readonly url: string
  /** Directory of the server's private Unix socket and of its `log`; `null` when the server is not ours. */
  readonly socketDirectory: string | null
  /** `null` when the server is not ours. */
  readonly dataDirectory: string | null
  /** Version of the server, for example `18.4`. */
  readonly version: string
  /** `embedded`: started by this process. `url`: it ran already. */
  readonly kind: 'url' | 'embedded'
  /**
   * Creates a database: an empty one, or a copy of `template`.
   *
   * @throws SchemawayError `INVALID_OPTIONS` when `name` is taken, `MISSING_PRIVILEGE` when the login may not create
   * databases, `CONNECTION_FAILED` when the server cannot be reached or was stopped
   */
  createDatabase(options?: DatabaseOptions): Promise<TestDatabase>
  /**
   * Drops the databases of {@link createDatabase} that still exist. Then an embedded server ends and its directory is
   * removed; any other server goes on. Calling it again does nothing.
   */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What {@link startPostgres} knows about a server that runs. */
export interface RunningServer
  extends DatabaseHost,
    Pick<TestServer, 'socketDirectory' | 'dataDirectory' | 'version' | 'kind'> {
  /** Ends what we started, after all connections to it. */
  end(): Promise<void>
}

/** Puts the public face on a running server and keeps track of its databases. */
export function makeTestServer(server: RunningServer): TestServer {
  const open = new Set<TestDatabase>()
  let stopped: Promise<void> | null = null

  const create = async (options: DatabaseOptions): Promise<TestDatabase> => {
    if (stopped !== null) {
      throw new SchemawayError(
        'CONNECTION_FAILED',
        'The test server was stopped, so no database can be created on it. Call stop() after the last test only.',
      )
    }
    const created = await createDatabase(server, options)
    const drop = async (): Promise<void> => {
      // The databases of a stopped server are gone already.
      if (stopped !== null) return await stopped
      open.delete(created)
      await created.drop()
    }
    open.add(created)
    return { ...created, drop, [Symbol.asyncDispose]: drop }
  }

  const stop = async (): Promise<void> => {
    const endings = [...open].map(async (database) =>
      server.kind === 'embedded' ? await database.sql.end({ timeout: 0 }) : await database.drop(),
    )
    try {
      await Promise.all(endings)
    } finally {
      await server.maintenance.end()
      await server.end()
    }
  }
  const stopOnce = (): Promise<void> => {
    stopped ??= stop()
    return stopped
  }

  return {
    url: server.url,
    socketDirectory: server.socketDirectory,
    dataDirectory: server.dataDirectory,
    version: server.version,
    kind: server.kind,
    createDatabase: async (options = {}) => await create(options),
    stop: stopOnce,
    [Symbol.asyncDispose]: stopOnce,
  }
}
