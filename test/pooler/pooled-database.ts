import type { TestContext } from 'node:test'
import postgres, { type Sql } from 'postgres'
import { type TestDatabase, type TestDatabaseOptions, testDatabase } from '../../lib/testing/index.js'
import { type PgBouncer, type PgBouncerOptions, startPgBouncer } from '../support/start-pgbouncer.js'

/** A database of a test, as it is reached directly and through PgBouncer. */
export interface PooledDatabase {
  readonly direct: string
  /** The same through PgBouncer. */
  readonly pooled: string
  /** Direct connections. */
  readonly sql: Sql
  readonly pooler: PgBouncer
  readonly database: TestDatabase
}

/** A fresh database behind a PgBouncer of its own. */
export async function pooledDatabase(
  t: TestContext,
  { server, ...options }: Partial<Omit<PgBouncerOptions, 'server'>> & Pick<TestDatabaseOptions, 'server'> = {},
): Promise<PooledDatabase> {
  const database = await testDatabase(t, { server })
  const { url, sql } = database
  const pooler = await startPgBouncer(t, { server: url, poolMode: 'transaction', ...options })
  return { direct: url, pooled: pooler.through(url), sql, pooler, database }
}

/** A client of PgBouncer with one connection, which sends everything by the simple protocol. */
export function openClient(t: TestContext, url: string): (text: string) => Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  t.after(async () => await sql.end({ timeout: 1 }))
  return async (text) => [...(await sql.unsafe(text).simple())]
}

/** Names of the tables of `public`, those of schemaway among them. */
export async function tablesOf(sql: Sql): Promise<readonly string[]> {
  const rows = await sql`
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = 'public'::regnamespace ORDER BY 1`
  return rows.map((row) => row['relname'])
}

/** Versions in history, in the order in which they came. */
export async function versionsOf(sql: Sql): Promise<readonly (string | null)[]> {
  const rows = await sql`SELECT version FROM flyway_schema_history WHERE success ORDER BY installed_rank`
  return rows.map((row) => row['version'])
}

/** What must not be left on a database on which nobody works any more: each is described by a line. */
export async function leftoversOf(sql: Sql): Promise<readonly string[]> {
  const rows = await sql`
    SELECT 'advisory lock ' || (classid::bigint << 32 | objid::bigint) AS what
    FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT 'temporary ' || relname FROM pg_class WHERE relpersistence = 't'
    UNION ALL
    SELECT state || ': ' || query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`
  return rows.map((row) => row['what'])
}
