import assert from 'node:assert/strict'
import type { Sql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids } from './model-database.js'

/** What a query finds under row-level security. */
interface Seen {
  /** Rows of the organisation, the same for application and reader. */
  readonly red: readonly unknown[]
  readonly blue: readonly unknown[]
  /** Number of rows. */
  readonly worker: number
  /** Rows of an application without context. */
  readonly nobody: readonly unknown[]
}

/** Runs a query for each of the two organisations, for the worker, and without any context. */
export async function readAsTenants(sql: Sql, query: string): Promise<Seen> {
  const { app, readonly } = defaultRoleNames
  const readAs = async (organisationId: string): Promise<readonly unknown[]> => {
    const read = async (role: string): Promise<readonly unknown[]> => [
      ...(await withOrganisation(
        sql,
        { organisationId, role },
        async (transaction) => await transaction.unsafe(query),
      )),
    ]
    const rows = await read(app)
    assert.deepEqual(await read(readonly), rows, 'readers see what the application sees')
    return rows
  }
  const worker = await withWorker(sql, async (transaction) => await transaction.unsafe(query))
  const nobody = await sql.begin(async (transaction) => {
    await transaction.unsafe(`SET LOCAL ROLE ${app}`)
    return { rows: [...(await transaction.unsafe(query))] }
  })
  return { red: await readAs(ids.red), blue: await readAs(ids.blue), worker: worker.length, nobody: nobody.rows }
}
