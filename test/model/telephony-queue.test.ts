import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TransactionSql } from 'postgres'
import { assertEachOnce, crashWhileClaiming, drainQueue, type QueuedRow } from './drain-queue.js'
import { ids, openClient, tenantDatabase } from './model-database.js'

const { red, blue } = ids

async function claimOverAll(transaction: TransactionSql, worker: string): Promise<readonly QueuedRow[]> {
  return await transaction<QueuedRow[]>`SELECT organisation_id, id FROM telephony.claim_tasks(${worker}, p_limit => 7)`
}

/** Adds 500 tasks for each of two organisations, of all priorities. */
async function fillQueue(sql: Awaited<ReturnType<typeof tenantDatabase>>['sql']): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    INSERT INTO telephony.tasks (organisation_id, type, priority)
    SELECT organisation, 'research', (enum_range(NULL::telephony.task_priority))[number % 4 + 1]
    FROM generate_series(1, 500) AS number, unnest(ARRAY[${red}, ${blue}]::uuid[]) AS organisation
    RETURNING id`
  return rows.map(({ id }) => id)
}

test('eight workers on eight connections complete 1000 tasks: none twice, none lost', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  const tasks = await fillQueue(sql)
  const claims = await drainQueue(t, database, {
    claim: claimOverAll,
    finish: async (transaction, worker, { id }) => {
      const [row] = await transaction`
        SELECT telephony.complete_task(organisation_id, id, ${worker}, jsonb_build_object('by', ${worker}::text)) AS done
        FROM telephony.tasks WHERE id = ${id}`
      assert.equal(row?.['done'], true)
    },
  })
  assertEachOnce(claims, tasks)
  const [row] = await sql`
    SELECT count(*)::int AS completed, sum(attempts)::int AS attempts FROM telephony.tasks
    WHERE status = 'completed' AND locked_by IS NULL`
  assert.deepEqual(row, { completed: 1000, attempts: 1000 })
  const by = await sql<{ id: string; worker: string }[]>`SELECT id, result ->> 'by' AS worker FROM telephony.tasks`
  const claimedBy = new Map(claims.map(({ worker, row: { id } }) => [id, worker]))
  for (const { id, worker } of by) assert.equal(worker, claimedBy.get(id))
})

test('eight workers that claim for one organisation share its tasks, and leave those of the other', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  await fillQueue(sql)
  const claims = await drainQueue(t, database, {
    claim: async (transaction, worker) =>
      await transaction<QueuedRow[]>`SELECT id FROM telephony.claim_tasks(${red}::uuid, ${worker}, p_limit => 7)`,
  })
  const ofRed = await sql<{ id: string }[]>`SELECT id FROM telephony.tasks WHERE organisation_id = ${red}`
  assertEachOnce(
    claims,
    ofRed.map(({ id }) => id),
  )
  const [row] = await sql`
    SELECT count(*)::int AS n FROM telephony.tasks WHERE organisation_id = ${blue} AND status = 'pending'`
  assert.equal(row?.['n'], 500)
})

test('tasks whose leases ran out come back, and are taken by other workers once', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  const tasks = await fillQueue(sql)
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), tasks)
  const [released] = await sql`SELECT telephony.release_expired_tasks(now() + interval '1 hour') AS n`
  assert.equal(released?.['n'], 1000)
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), tasks)
  const [row] = await sql`SELECT min(attempts) AS least, max(attempts) AS most FROM telephony.tasks`
  assert.deepEqual(row, { least: 2, most: 2 })
})

test('what a worker held when its connection broke is free at once', async (t) => {
  const database = await tenantDatabase(t)
  const tasks = await fillQueue(database.sql)
  const taken = await crashWhileClaiming(t, database, claimOverAll)
  assert.equal(taken.length, 7)
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), tasks)
})

test('workers that release expired leases at the same moment release each of them once', async (t) => {
  const database = await tenantDatabase(t)
  const { sql, url } = database
  await fillQueue(sql)
  await drainQueue(t, database, { claim: claimOverAll })
  const answers = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const [row] = await openClient(t, url).sql`SELECT telephony.release_expired_tasks(now() + interval '1 hour') AS n`
      return Number(row?.['n'])
    }),
  )
  assert.equal(
    answers.reduce((sum, released) => sum + released),
    1000,
  )
})
