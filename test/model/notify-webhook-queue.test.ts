import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { assertEachOnce, crashWhileClaiming, drainQueue, type QueuedRow } from './drain-queue.js'
import { ids, tenantDatabase } from './model-database.js'

const { red, blue } = ids

async function claimOverAll(transaction: TransactionSql, worker: string): Promise<readonly QueuedRow[]> {
  return await transaction<QueuedRow[]>`SELECT id FROM notify.claim_webhook_deliveries(${worker}, 7)`
}

/** Queues 250 events for two endpoints of each of two organisations: 1000 deliveries. */
async function fillQueue(sql: Sql): Promise<readonly string[]> {
  for (const organisation of [red, blue]) {
    await sql`
      INSERT INTO notify.webhook_endpoints (organisation_id, name, url)
      SELECT ${organisation}, name, 'https://example.org/' || name FROM (VALUES ('first'), ('second')) AS v (name)`
    await sql`SELECT notify.enqueue_webhook(${organisation}, number::text, 'a') FROM generate_series(1, 250) AS number`
  }
  const rows = await sql<{ id: string }[]>`SELECT id FROM notify.webhook_deliveries`
  assert.equal(rows.length, 1000)
  return rows.map(({ id }) => id)
}

test('eight relays on eight connections deliver 1000 times: none twice, none lost', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  const deliveries = await fillQueue(sql)
  const claims = await drainQueue(t, database, {
    claim: claimOverAll,
    finish: async (transaction, worker, { id }) => {
      const [row] = await transaction`
        SELECT notify.finish_webhook_delivery(organisation_id, id, ${worker}, 200) AS status
        FROM notify.webhook_deliveries WHERE id = ${id}`
      assert.equal(row?.['status'], 'delivered')
    },
  })
  assertEachOnce(claims, deliveries)
  const [row] = await sql`
    SELECT count(*)::int AS delivered, sum(attempts)::int AS attempts FROM notify.webhook_deliveries
    WHERE status = 'delivered' AND locked_by IS NULL`
  assert.deepEqual(row, { delivered: 1000, attempts: 1000 })
})

test('failures that eight relays report at the same moment are all counted', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  await fillQueue(sql)
  await drainQueue(t, database, {
    claim: claimOverAll,
    finish: async (transaction, worker, { id }) => {
      await transaction`
        SELECT notify.finish_webhook_delivery(organisation_id, id, ${worker}, 500)
        FROM notify.webhook_deliveries WHERE id = ${id}`
    },
  })
  const endpoints = await sql`SELECT status, consecutive_failures AS failures FROM notify.webhook_endpoints`
  assert.deepEqual([...endpoints], Array(4).fill({ status: 'disabled', failures: 250 }))
  const waiting = await sql`
    SELECT FROM notify.webhook_deliveries WHERE status = 'pending' AND locked_by IS NULL AND next_attempt_at > now()`
  assert.equal(waiting.length, 1000)
})

test('eight relays that claim for one organisation share its deliveries, and leave those of the other', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  await fillQueue(sql)
  const claims = await drainQueue(t, database, {
    claim: async (transaction, worker) =>
      await transaction<QueuedRow[]>`SELECT id FROM notify.claim_webhook_deliveries(${red}::uuid, ${worker}, 7)`,
  })
  const ofRed = await sql<{ id: string }[]>`SELECT id FROM notify.webhook_deliveries WHERE organisation_id = ${red}`
  assertEachOnce(
    claims,
    ofRed.map(({ id }) => id),
  )
  const left = await sql`
    SELECT FROM notify.webhook_deliveries WHERE organisation_id = ${blue} AND locked_by IS NULL AND attempts = 0`
  assert.equal(left.length, 500)
})

test('deliveries whose leases ran out come back, and are taken by other relays once', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  const deliveries = await fillQueue(sql)
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), deliveries)
  await sql`UPDATE notify.webhook_deliveries SET locked_until = now() - interval '1 second'`
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), deliveries)
  const [row] = await sql`SELECT min(attempts) AS least, max(attempts) AS most FROM notify.webhook_deliveries`
  assert.deepEqual(row, { least: 2, most: 2 })
})

test('what a relay held when its connection broke is free at once', async (t) => {
  const database = await tenantDatabase(t)
  const deliveries = await fillQueue(database.sql)
  assert.equal((await crashWhileClaiming(t, database, claimOverAll)).length, 7)
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), deliveries)
})
