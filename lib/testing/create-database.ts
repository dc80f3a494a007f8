import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { SchemawayError } from '../errors/schemaway-error.js'
import { describeServer } from './describe-server.js'
import type { MaintenanceConnection } from './maintenance-connection.js'

/** A database of its own for a test, from {@link TestServer.createDatabase} or {@link testDatabase}. */
export interface TestDatabase {
  /** The login of the server's `url`, to this database. */
  readonly url: string
  readonly name: string
  /** A pool of at most 4 connections, opened when first used, silent about notices; {@link drop} ends it. */
  readonly sql: postgres.Sql
  /** Ends `sql`, then drops the database together with whatever sessions others left open. Again does nothing. */
  drop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Where databases are created. */
export interface DatabaseHost {
  readonly url: string
  readonly maintenance: MaintenanceConnection
  /**
   * Whether files need not reach the disk: copying them is then the fastest way to make a database. On a durable server
   * it costs two checkpoints of everything, and PostgreSQL's default is faster.
   */
  readonly isVolatile: boolean
}

/** Connections that idle this long, in seconds, close, so that a forgotten database does not hold a process for ever. */
const idleTimeout = 2
const poolSize = 4
const endTimeout = 1
const terminationTimeoutMilliseconds = 2_000

let databasesOfThisProcess = 0

/** How a database is created. */
export interface DatabaseOptions {
  /** Default: `schemaway_<process id>_<number>`. */
  readonly name?: string | undefined
  /**
   * Name of a database of this server to copy. Nobody may be connected to it meanwhile. Rights on the database itself are
   * not copied. Default: `template0`, which is empty.
   */
  readonly template?: string | undefined
}

/** Creates a database, and a pool for it. */
export async function createDatabase(host: DatabaseHost, options: DatabaseOptions): Promise<TestDatabase> {
  const name = await createUnderFreeName(host, options)
  const url = withDatabase(host.url, name)
  // postgres.js would take an encoded name in the URL literally.
  const sql = postgres(url, { database: name, max: poolSize, idle_timeout: idleTimeout, onnotice: () => {} })
  const dropOnce = async (): Promise<void> => {
    await sql.end({ timeout: endTimeout })
    await dropDatabase(host, name)
  }
  let dropped: Promise<void> | null = null
  const drop = (): Promise<void> => {
    dropped ??= dropOnce()
    return dropped
  }
  return { url, name, sql, drop, [Symbol.asyncDispose]: drop }
}

async function createUnderFreeName(
  host: DatabaseHost,
  // template0, because nobody is ever connected to it and nobody has added anything to it.
  { name: chosenName, template = 'template0' }: DatabaseOptions,
): Promise<string> {
  if (chosenName !== undefined) refuseUnusableName(chosenName)
  for (;;) {
    databasesOfThisProcess += 1
    const name = chosenName ?? `schemaway_${process.pid}_${databasesOfThisProcess}`
    const statement = `CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE ${quoteIdentifier(template)}${host.isVolatile ? ' STRATEGY file_copy' : ''}`
    try {
      await host.maintenance.run(async (sql) => await sql.unsafe(statement))
      return name
    } catch (error) {
      // The name may be left over from a process that was killed. It is not ours to drop.
      const isTaken = error instanceof postgres.PostgresError && error.code === '42P04'
      if (!isTaken || chosenName !== undefined) throw explainCreation(error, host, name)
    }
  }
}

/** PostgreSQL would cut a longer name off, and then not find it. */
function refuseUnusableName(name: string): void {
  const bytes = Buffer.byteLength(name)
  if (bytes > 0 && bytes <= 63 && !name.includes('\0')) return
  throw new SchemawayError(
    'INVALID_OPTIONS',
    `createDatabase() cannot use the name "${name}": the name of a database has 1 to 63 bytes and no NUL, this one has ` +
      `${bytes} bytes. Shorten it, or leave it out to get a free one.`,
    { details: { option: 'name' } },
  )
}

function explainCreation(error: unknown, host: DatabaseHost, name: string): SchemawayError {
  const server = describeServer(host.url)
  const sqlState = error instanceof postgres.PostgresError ? error.code : undefined
  const serverMessage = error instanceof Error ? error.message : String(error)
  const options = { details: { server, serverMessage, ...(sqlState !== undefined && { sqlState }) }, cause: error }
  if (sqlState === '42P04') {
    return new SchemawayError(
      'INVALID_OPTIONS',
      `The test database "${name}" exists already on ${server}. Choose another name, or leave it out to get a free one.`,
      options,
    )
  }
  if (sqlState === '42501') {
    return new SchemawayError(
      'MISSING_PRIVILEGE',
      `The login to ${server} may not create test databases. Run as a superuser: ALTER ROLE <the login> CREATEDB;`,
      options,
    )
  }
  return new SchemawayError(
    'CONNECTION_FAILED',
    `The test database "${name}" could not be created on ${server}: ${serverMessage}. ` +
      'Check that the server runs and that the login in its URL is right.',
    options,
  )
}

async function dropDatabase(host: DatabaseHost, name: string): Promise<void> {
  try {
    await host.maintenance.run(async (sql) => {
      await endSessions(sql, name)
      await sql.unsafe(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`)
    })
  } catch (error) {
    const server = describeServer(host.url)
    const serverMessage = error instanceof Error ? error.message : String(error)
    throw new SchemawayError(
      'CONNECTION_FAILED',
      `The test database "${name}" could not be dropped on ${server}: ${serverMessage}. ` +
        'Drop it by hand if the server is to be used again.',
      { details: { server, serverMessage }, cause: error },
    )
  }
}

/**
 * `DROP DATABASE ... WITH (FORCE)` looks for sessions every 100 ms, and so waits that long for one that needs 2 ms to
 * end. FORCE remains for those that come in between.
 */
async function endSessions(sql: postgres.Sql, name: string): Promise<void> {
  const deadline = performance.now() + terminationTimeoutMilliseconds
  while (performance.now() < deadline) {
    try {
      const sessions = await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`
      if (sessions.length === 0) return
    } catch {
      // A session that we may not end: the DROP says so.
      return
    }
    await delay(1)
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${encodeURIComponent(name)}`
  return changed.href
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
