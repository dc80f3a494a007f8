import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { assertEachOnce, crashWhileClaiming, drainQueue, type QueuedRow } from './drain-queue.js'
import { ids, tenantDatabase } from './model-database.js'

const { red, blue } = ids

async function claimOverAll(transaction: TransactionSql, worker: string): Promise<readonly QueuedRow[]> {
  return await transaction<QueuedRow[]>`SELECT id FROM notify.claim_email_notifications(${worker}, 7)`
}

/** Adds 500 emails for each of two organisations, each to a recipient of its own, and names those to send. */
async function fillQueue(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    INSERT INTO notify.email_notifications (organisation_id, idempotency_key, to_email)
    SELECT organisation, number::text, number || '@Example.org'
    FROM generate_series(1, 500) AS number, unnest(ARRAY[${red}, ${blue}]::uuid[]) AS organisation
    RETURNING id`
  return rows.map(({ id }) => id)
}

test('eight senders on eight connections send 1000 emails: none twice, none lost', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  const emails = await fillQueue(sql)
  const claims = await drainQueue(t, database, {
    claim: claimOverAll,
    finish: async (transaction, worker, { id }) => {
      const [row] = await transaction`
        SELECT notify.complete_email_notification(organisation_id, id, ${worker}, ${`${worker} ${id}`}) AS done
        FROM notify.email_notifications WHERE id = ${id}`
      assert.equal(row?.['done'], true)
    },
  })
  assertEachOnce(claims, emails)
  const [row] = await sql`
    SELECT count(*)::int AS sent, sum(attempts)::int AS attempts FROM notify.email_notifications
    WHERE status = 'sent' AND locked_by IS NULL`
  assert.deepEqual(row, { sent: 1000, attempts: 1000 })
  const messages = await sql<{ message: string }[]>`
    SELECT provider_message_id AS message FROM notify.email_notifications`
  assert.deepEqual(
    messages.map(({ message }) => message).toSorted(),
    claims.map(({ worker, row: { id } }) => `${worker} ${id}`).toSorted(),
  )
})

test('eight senders that claim for one organisation share its emails, and leave those of the other', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  await fillQueue(sql)
  const claims = await drainQueue(t, database, {
    claim: async (transaction, worker) =>
      await transaction<QueuedRow[]>`SELECT id FROM notify.claim_email_notifications(${red}::uuid, ${worker}, 7)`,
  })
  const ofRed = await sql<{ id: string }[]>`SELECT id FROM notify.email_notifications WHERE organisation_id = ${red}`
  assertEachOnce(
    claims,
    ofRed.map(({ id }) => id),
  )
  const left = await sql`
    SELECT FROM notify.email_notifications WHERE organisation_id = ${blue} AND locked_by IS NULL AND attempts = 0`
  assert.equal(left.length, 500)
})

test('emails whose leases ran out come back, and are taken by other senders once', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  const emails = await fillQueue(sql)
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), emails)
  await sql`UPDATE notify.email_notifications SET locked_until = now() - interval '1 second'`
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), emails)
  const [row] = await sql`SELECT min(attempts) AS least, max(attempts) AS most FROM notify.email_notifications`
  assert.deepEqual(row, { least: 2, most: 2 })
})

test('what a sender held when its connection broke is free at once', async (t) => {
  const database = await tenantDatabase(t)
  const emails = await fillQueue(database.sql)
  assert.equal((await crashWhileClaiming(t, database, claimOverAll)).length, 7)
  assertEachOnce(await drainQueue(t, database, { claim: claimOverAll }), emails)
})

test('recipients who opted out get nothing from any of eight senders', async (t) => {
  const database = await tenantDatabase(t)
  const { sql } = database
  await fillQueue(sql)
  await sql`
    INSERT INTO notify.opt_outs (organisation_id, channel, address)
    SELECT ${red}, 'email', number || '@example.org' FROM generate_series(2, 500, 2) AS number`
  const wanted = await sql<{ id: string }[]>`
    SELECT id FROM notify.email_notifications WHERE organisation_id = ${blue} OR idempotency_key::int % 2 = 1`
  const claims = await drainQueue(t, database, { claim: claimOverAll })
  const claimed = claims.map(({ row: { id } }) => id)
  assert.deepEqual(claimed.toSorted(), wanted.map(({ id }) => id).toSorted())
  const suppressed = await sql`SELECT FROM notify.email_notifications WHERE error_code = 'suppressed' AND attempts = 0`
  assert.equal(suppressed.length, 250)
})
