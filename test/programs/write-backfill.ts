import type { Sql } from 'postgres'
import { type ScriptFolder, writeScripts } from '../support/write-scripts.js'
import { programOf } from './write-program.js'

export const none = "export const transaction = 'none'"
export const hundred = 'INSERT INTO a (id) SELECT generate_series(1, 100);'
export const count = 'update: (sql, range) => sql`UPDATE a SET times = times + 1 WHERE ${range}`'

/** As {@link count}, but the rows from 70 on fail. */
export const failsAt70 =
  'update: (sql, range) => sql`UPDATE a SET times = times + 1 / (70 - id + abs(70 - id)) * 0 + 1 WHERE ${range}`'

/** A table `a (id, times)` with rows, and a migration `V2__b.mjs` with a backfill of these options. */
export function writeBackfill(t: Parameters<typeof writeScripts>[0], rows: string, backfill: string): ScriptFolder {
  return writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0);\n${rows}`,
    'V2__b.mjs': backfillOf(backfill),
  })
}

export function backfillOf(backfill: string): string {
  return programOf(`globalThis.lastBackfill = await backfill({ ${backfill} })`, none)
}

/** What the latest backfill returned. */
export function lastBackfill(): unknown {
  return (globalThis as { lastBackfill?: unknown }).lastBackfill
}

/** How often rows were changed: each has to be so exactly once. */
export async function times(sql: Sql, table = 'a'): Promise<readonly unknown[]> {
  return (await sql`SELECT times, count(*)::int AS rows FROM ${sql(table)} GROUP BY 1 ORDER BY 1`).map((row) => [
    row['times'],
    row['rows'],
  ])
}

/** Last key and number of rows of each batch, as the ledger has them. */
export async function batches(sql: Sql): Promise<readonly unknown[]> {
  const rows = await sql`
    SELECT details -> 'lastKey' AS key, details -> 'rows' AS rows FROM schemaway_ledger WHERE event = 'progressed' ORDER BY id`
  return rows.map(({ key, rows }) => [...key, rows])
}
