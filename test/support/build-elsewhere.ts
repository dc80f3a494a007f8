import type { Sql } from 'postgres'

/** SQL for a table that no migration touches. */
export const elsewhere = 'CREATE SCHEMA other; CREATE TABLE other.elsewhere (id integer)'

/** Builds an index on it, and fails when something holds that up, after a time that no machine needs for it. */
export async function buildElsewhere(sql: Sql): Promise<void> {
  const builder = await sql.reserve()
  try {
    await builder`SET statement_timeout = '30s'`
    await builder.unsafe('CREATE INDEX CONCURRENTLY elsewhere_id ON other.elsewhere (id)')
    await builder`RESET statement_timeout`
  } finally {
    builder.release()
  }
}
