import type { Sql } from 'postgres'

/** Makes the advisory locks of a database exclude nobody, as on servers that know them by name only. For superusers. */
export async function withoutAdvisoryLocks(sql: Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction.unsafe('SET LOCAL allow_system_table_mods = on')
    await transaction.unsafe(
      "CREATE OR REPLACE FUNCTION pg_catalog.pg_try_advisory_lock(bigint) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true'",
    )
  })
}
