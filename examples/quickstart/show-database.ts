import type { Sql } from 'postgres'
import { type InfoOptions, info } from 'schemaway'
import { table } from './print.js'

/** What is installed, by module. */
export async function showModules(options: InfoOptions): Promise<void> {
  const { migrations } = await info(options)
  const modules = [...new Set(migrations.map(({ module }) => module))]
  table(
    ['Module', 'Versions', 'Newest', 'Repeatable', 'State', 'Undoable'],
    modules.map((name) => {
      const own = migrations.filter(({ module }) => module === name)
      const versioned = own.filter(({ version }) => version !== null)
      return [
        name,
        String(versioned.length),
        versioned.at(-1)?.version ?? '',
        String(own.length - versioned.length),
        [...new Set(own.map(({ state }) => state))].join(', '),
        versioned.every(({ isUndoable }) => isUndoable) ? 'Yes' : 'No',
      ]
    }),
  )
}

/** What happened, how often, and what came last. */
export async function showLedger(sql: Sql): Promise<void> {
  const rows = await sql<{ event: string; count: string; newest: string; login: string }[]>`
    SELECT event, count(*) AS count, (array_agg(script ORDER BY id DESC))[1] AS newest, max(login) AS login
    FROM public.schemaway_ledger
    GROUP BY event
    ORDER BY min(id)`
  table(
    ['Event', 'Times', 'Newest', 'Login'],
    rows.map((row) => [row.event, row.count, row.newest, row.login]),
  )
}
