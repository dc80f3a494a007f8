import type { Sql } from 'postgres'
import { type InfoOptions, info } from 'schemaway'
import { table } from './print.js'

/** The list of migrations with their states. */
export async function showInfo(options: InfoOptions): Promise<void> {
  const report = await info(options)
  table(
    ['Category', 'Version', 'Description', 'Installed on', 'State', 'Undoable'],
    report.migrations.map((one) => [
      one.category,
      one.version ?? '',
      one.description,
      one.installedOn ?? '',
      one.state,
      one.isUndoable ? 'Yes' : '',
    ]),
  )
}

/** What happened, when, and by whom. */
export async function showLedger(sql: Sql): Promise<void> {
  const rows = await sql<{ id: string; event: string; script: string; login: string; execution_time: number }[]>`
    SELECT id, event, script, login, execution_time FROM public.schemaway_ledger ORDER BY id`
  table(
    ['#', 'Event', 'Script', 'Login', 'ms'],
    rows.map((row) => [row.id, row.event, row.script, row.login, String(row.execution_time)]),
  )
}
