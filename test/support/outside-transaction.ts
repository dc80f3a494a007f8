import type { Sql } from 'postgres'
import type { MigrationEvent } from '../../lib/index.js'

/** The directive of a script that runs outside a transaction. */
export const none = '-- schemaway: transaction=none\n'

/** Version and success of every row of history, in the order they were installed. */
export async function history(sql: Sql): Promise<readonly unknown[]> {
  const rows = await sql`SELECT version, success FROM flyway_schema_history ORDER BY installed_rank`
  return rows.map(({ version, success }) => [version, success])
}

/** Name and validity of every index of the table `a`. */
export async function indexes(sql: Sql): Promise<readonly unknown[]> {
  const rows =
    await sql`SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1`
  return rows.map(({ name, valid }) => [name, valid])
}

/** What stands in the column `id` of the table `a`. */
export async function values(sql: Sql): Promise<readonly unknown[]> {
  return (await sql`SELECT id FROM a ORDER BY id`).map((row) => row['id'])
}

/** The messages of all notices, for a command with this listener. */
export function collectNotices(): { notices: string[]; onEvent: (event: MigrationEvent) => void } {
  const notices: string[] = []
  return { notices, onEvent: (event) => void (event.type === 'notice' && notices.push(event.message)) }
}
