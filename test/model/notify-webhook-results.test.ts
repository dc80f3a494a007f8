import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { ids, tenantDatabase } from './model-database.js'

const { red, blue } = ids

/** Makes one endpoint with deliveries that are leased to `relay`. */
async function leaseDeliveries(sql: Sql, count: number): Promise<void> {
  await sql`INSERT INTO notify.webhook_endpoints (organisation_id, name, url) VALUES (${red}, 'all', 'https://a.example')`
  await sql`SELECT notify.enqueue_webhook(${red}, number::text, 'a') FROM generate_series(1, ${count}) AS number`
  await claimAll(sql)
}

async function claimAll(sql: Sql): Promise<void> {
  await sql`UPDATE notify.webhook_deliveries SET next_attempt_at = now() WHERE status = 'pending'`
  await sql`SELECT FROM notify.claim_webhook_deliveries('relay', 1000)`
}

interface Ending {
  readonly event?: string
  readonly error?: string
  readonly relay?: string
  readonly organisation?: string
}

async function finish(sql: Sql | TransactionSql, code: number | null, ending: Ending = {}): Promise<unknown> {
  const { event = '1', error = null, relay = 'relay', organisation = red } = ending
  const [row] = await sql`
    SELECT notify.finish_webhook_delivery(${organisation}, id, ${relay}, ${code}, ${error}) AS status
    FROM notify.webhook_deliveries WHERE event_id = ${event}`
  return row?.['status']
}

async function readDelivery(sql: Sql | TransactionSql): Promise<unknown> {
  const [row] = await sql`
    SELECT status, attempts, locked_by, last_status_code AS code, last_error AS error, delivered_at IS NOT NULL AS delivered,
      greatest(extract(epoch FROM next_attempt_at - now())::int, 0) AS wait
    FROM notify.webhook_deliveries WHERE event_id = '1'`
  return row
}

async function readEndpoint(sql: Sql): Promise<unknown> {
  const [row] = await sql`
    SELECT status, consecutive_failures AS failures, disabled_at IS NOT NULL AS disabled FROM notify.webhook_endpoints`
  return row
}

test('an answer from 200 to 299 ends the delivery, once', async (t) => {
  const { sql } = await tenantDatabase(t)
  await leaseDeliveries(sql, 2)
  assert.equal(await finish(sql, 200), 'delivered')
  assert.equal(await finish(sql, 299, { event: '2' }), 'delivered')
  assert.equal(await finish(sql, 200), null)
  const delivered = { status: 'delivered', attempts: 1, locked_by: null, code: 200, error: null, delivered: true }
  assert.deepEqual(await readDelivery(sql), { ...delivered, wait: 0 })
  assert.deepEqual(await readEndpoint(sql), { status: 'active', failures: 0, disabled: false })
})

test('only the relay that holds the delivery may end it', async (t) => {
  const { sql } = await tenantDatabase(t)
  await leaseDeliveries(sql, 1)
  assert.equal(await finish(sql, 200, { relay: 'other' }), null)
  assert.equal(await finish(sql, 200, { organisation: blue }), null)
  await sql`UPDATE notify.webhook_deliveries SET locked_until = now() - interval '1 second'`
  await sql`SELECT FROM notify.claim_webhook_deliveries('quick')`
  assert.equal(await finish(sql, 500), null, 'the relay that was too slow is told')
  assert.deepEqual(await readEndpoint(sql), { status: 'active', failures: 0, disabled: false })
  assert.equal(await finish(sql, 200, { relay: 'quick' }), 'delivered')
})

test('410 ends the delivery as failed and switches the endpoint off', async (t) => {
  const { sql } = await tenantDatabase(t)
  await leaseDeliveries(sql, 1)
  assert.equal(await finish(sql, 410, { error: 'gone' }), 'failed')
  const failed = { status: 'failed', attempts: 1, locked_by: null, code: 410, error: 'gone', delivered: false, wait: 0 }
  assert.deepEqual(await readDelivery(sql), failed)
  assert.deepEqual(await readEndpoint(sql), { status: 'disabled', failures: 1, disabled: true })
})

test('any other answer, or none, is tried again after a wait that doubles, until the attempts are used up', async (t) => {
  const { sql } = await tenantDatabase(t)
  await leaseDeliveries(sql, 1)
  const codes = [500, 404, 302, 199, 300, 429, null, 503]
  const states: unknown[] = []
  for (const code of codes) {
    await claimAll(sql)
    await sql.begin(async (tx) => {
      await finish(tx, code, { error: 'x'.repeat(3000) })
      states.push(await readDelivery(tx))
    })
  }
  const given = { locked_by: null, error: 'x'.repeat(2000), delivered: false }
  assert.deepEqual(
    states,
    codes.map((code, index) =>
      index < 7
        ? { ...given, status: 'pending', attempts: index + 1, code, wait: 60 * 2 ** index }
        : { ...given, status: 'failed', attempts: 8, code, wait: 0 },
    ),
  )
  assert.deepEqual(await readEndpoint(sql), { status: 'active', failures: 8, disabled: false })
})

test('a status outside of HTTP is a failure, too, and goes into the error', async (t) => {
  const { sql } = await tenantDatabase(t)
  await leaseDeliveries(sql, 1)
  assert.equal(await finish(sql, 999, { error: 'refused' }), 'pending')
  const { code, error } = (await readDelivery(sql)) as Record<string, unknown>
  assert.deepEqual({ code, error }, { code: null, error: 'status 999: refused' })
  await claimAll(sql)
  assert.equal(await finish(sql, 0), 'pending')
  assert.equal(((await readDelivery(sql)) as Record<string, unknown>)['error'], 'status 0')
})

test('the endpoint is switched off at the fiftieth failure in a row, and not before', async (t) => {
  const { sql } = await tenantDatabase(t)
  await leaseDeliveries(sql, 52)
  for (let n = 1; n <= 49; n++) await finish(sql, 500, { event: String(n) })
  assert.deepEqual(await readEndpoint(sql), { status: 'active', failures: 49, disabled: false })
  await finish(sql, null, { event: '50' })
  assert.deepEqual(await readEndpoint(sql), { status: 'disabled', failures: 50, disabled: true })
  const [first] = await sql`SELECT disabled_at::text AS at FROM notify.webhook_endpoints`
  await finish(sql, 500, { event: '51' })
  const [second] = await sql`SELECT disabled_at::text AS at FROM notify.webhook_endpoints`
  assert.deepEqual(second, first, 'the time is that of the first time')
  assert.deepEqual(await readEndpoint(sql), { status: 'disabled', failures: 51, disabled: true })
  assert.equal((await sql`SELECT notify.enqueue_webhook(${red}, 'new', 'a') AS n`)[0]?.['n'], 0)
  await finish(sql, 204, { event: '52' })
  assert.deepEqual(await readEndpoint(sql), { status: 'disabled', failures: 0, disabled: true })
})

test('a success begins the row of failures anew', async (t) => {
  const { sql } = await tenantDatabase(t)
  await leaseDeliveries(sql, 51)
  for (let n = 1; n <= 49; n++) await finish(sql, 500, { event: String(n) })
  await finish(sql, 200, { event: '50' })
  await finish(sql, 500, { event: '51' })
  assert.deepEqual(await readEndpoint(sql), { status: 'active', failures: 1, disabled: false })
})
