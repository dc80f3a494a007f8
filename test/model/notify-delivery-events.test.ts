import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'

const { red, blue } = ids
const asRed = { organisationId: red, role: defaultRoleNames.app }
const asBlue = { organisationId: blue, role: defaultRoleNames.app }

/** Adds an email that was sent as message `m-1`. */
async function addSentEmail(sql: Sql, organisation: string = red): Promise<void> {
  await sql`
    INSERT INTO notify.email_notifications (organisation_id, idempotency_key, to_email, status, sent_at, provider_message_id)
    VALUES (${organisation}, 'a', 'Anna@Example.org', 'sent', now(), 'm-1')`
}

interface Callback {
  readonly type: string
  readonly event?: string
  readonly bounce?: 'hard' | 'soft'
  readonly at?: string | null
  readonly message?: string
  readonly organisation?: string
}

async function record(sql: Sql | TransactionSql, { type, ...callback }: Callback): Promise<unknown> {
  const { event = 'e-1', bounce = null, at = '2026-03-02 12:00:00+00', message = 'm-1', organisation = red } = callback
  const [row] = await sql`
    SELECT notify.record_delivery_event(${organisation}, ${message}, ${type}, ${event}, ${at}, ${bounce}, '{"a": 1}') AS done`
  return row?.['done']
}

async function readTimes(sql: Sql): Promise<unknown> {
  const [row] = await sql`
    SELECT delivered_at::text AS delivered, bounced_at::text AS bounced, complained_at::text AS complained
    FROM notify.email_notifications WHERE organisation_id = ${red}`
  return row
}

async function readOptOuts(sql: Sql): Promise<readonly unknown[]> {
  return [
    ...(await sql`SELECT organisation_id, channel, address, source, reason FROM notify.opt_outs ORDER BY address`),
  ]
}

const optOut = { organisation_id: red, channel: 'email', address: 'anna@example.org', source: 'api' }

test('delivery, bounce and complaint leave their first time on the email', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  await addSentEmail(sql)
  const { sql: client } = openClient(t, url)
  await client.unsafe(`SET TimeZone = 'UTC'`)
  const callbacks: readonly Callback[] = [
    { type: 'accepted' },
    { type: 'deferred' },
    { type: 'delivered', at: '2026-03-02 12:00:00+00' },
    { type: 'bounced', bounce: 'soft', at: '2026-03-02 13:00:00+00' },
    { type: 'complained', at: '2026-03-02 14:00:00+00' },
    { type: 'delivered', at: '2026-03-03 12:00:00+00' },
    { type: 'bounced', bounce: 'hard', at: '2026-03-03 13:00:00+00' },
    { type: 'complained', at: '2026-03-03 14:00:00+00' },
  ]
  for (const [index, callback] of callbacks.entries()) {
    assert.equal(await record(client, { ...callback, event: `e-${index}` }), true)
  }
  assert.deepEqual(await readTimes(client), {
    delivered: '2026-03-02 12:00:00+00',
    bounced: '2026-03-02 13:00:00+00',
    complained: '2026-03-02 14:00:00+00',
  })
  assert.equal((await sql`SELECT FROM notify.delivery_events WHERE payload = '{"a": 1}'`).length, callbacks.length)
})

/** What becomes of the recipient after each kind of callback. */
const endings: readonly [callback: Callback, isOptOut: boolean][] = [
  [{ type: 'accepted' }, false],
  [{ type: 'delivered' }, false],
  [{ type: 'deferred' }, false],
  [{ type: 'rejected' }, false],
  [{ type: 'bounced', bounce: 'soft' }, false],
  [{ type: 'bounced', bounce: 'hard' }, true],
  [{ type: 'complained' }, true],
  [{ type: 'unsubscribed' }, true],
]

test('a complaint, an unsubscription and a hard bounce are opt-outs, with their proof; nothing else is', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addSentEmail(sql)
  for (const [callback, isOptOut] of endings) {
    await t.test(`${callback.type} ${callback.bounce ?? ''}`, async () => {
      await sql`DELETE FROM notify.opt_outs`
      assert.equal(await record(sql, { ...callback, event: `${callback.type}-${callback.bounce}` }), true)
      assert.deepEqual(await readOptOuts(sql), isOptOut ? [{ ...optOut, reason: callback.type }] : [])
      const [proof] = await sql`
        SELECT o.evidence ->> 'provider_event_id' AS event, o.evidence ->> 'email_notification_id' = e.id::text AS "isOfEmail"
        FROM notify.opt_outs AS o, notify.email_notifications AS e`
      const expected = { event: `${callback.type}-${callback.bounce}`, isOfEmail: true }
      assert.deepEqual(proof, isOptOut ? expected : undefined)
    })
  }
})

test('a callback that was seen changes nothing, even if it now says something else', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addSentEmail(sql)
  assert.equal(await record(sql, { type: 'delivered' }), true)
  const before = await readTimes(sql)
  assert.equal(await record(sql, { type: 'delivered', at: '2026-03-05 12:00:00+00' }), false)
  assert.equal(await record(sql, { type: 'complained' }), false)
  assert.deepEqual(await readTimes(sql), before)
  assert.deepEqual(await readOptOuts(sql), [])
  assert.equal((await sql`SELECT FROM notify.delivery_events`).length, 1)
})

test('a callback that comes twice at the same moment is recorded once', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  await addSentEmail(sql)
  const clients = Array.from({ length: 8 }, () => openClient(t, url).sql)
  const answers = await Promise.all(clients.map(async (client) => await record(client, { type: 'complained' })))
  assert.equal(answers.filter((isFirst) => isFirst === true).length, 1)
  assert.equal((await readOptOuts(sql)).length, 1)
})

test('an address that opted out before keeps its opt-out', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addSentEmail(sql)
  await sql`
    INSERT INTO notify.opt_outs (organisation_id, channel, address, source, reason)
    VALUES (${red}, 'email', 'anna@example.org', 'reply', 'asked')`
  assert.equal(await record(sql, { type: 'complained' }), true)
  assert.deepEqual(await readOptOuts(sql), [{ ...optOut, source: 'reply', reason: 'asked' }])
})

test('an address that opted in again opts out again by a new complaint', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addSentEmail(sql)
  await record(sql, { type: 'complained' })
  await sql`UPDATE notify.opt_outs SET revoked_at = now()`
  await record(sql, { type: 'complained', event: 'e-2' })
  const [row] = await sql`SELECT count(*)::int AS n FROM notify.opt_outs WHERE revoked_at IS NULL`
  assert.equal(row?.['n'], 1)
})

test('a callback about a message that the organisation does not know is not recorded', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addSentEmail(sql)
  assert.equal(await record(sql, { type: 'complained', message: 'm-2' }), false)
  assert.equal(await record(sql, { type: 'complained', organisation: blue }), false)
  const aboutRed = async (tx: TransactionSql): Promise<unknown> => await record(tx, { type: 'complained' })
  assert.equal(await withOrganisation(sql, asBlue, aboutRed), false)
  assert.equal((await sql`SELECT FROM notify.delivery_events`).length, 0)
  assert.deepEqual(await readOptOuts(sql), [])
})

test('two organisations may have messages and callbacks of the same ids', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addSentEmail(sql)
  await addSentEmail(sql, blue)
  const complain = (organisation: string) => async (tx: TransactionSql) =>
    await record(tx, { type: 'complained', organisation })
  assert.equal(await withOrganisation(sql, asRed, complain(red)), true)
  assert.equal(await withOrganisation(sql, asBlue, complain(blue)), true)
  assert.equal((await readOptOuts(sql)).length, 2)
})

test('a bounce without a class is refused, a callback without time or body is not', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addSentEmail(sql)
  await assert.rejects(record(sql, { type: 'bounced' }), { constraint_name: 'ck_delivery_events_bounce' })
  await sql`SELECT notify.record_delivery_event(${red}, 'm-1', 'delivered', 'e-1', NULL, NULL, NULL)`
  const rows = await sql`SELECT payload, occurred_at = created_at AS "isNow" FROM notify.delivery_events`
  assert.deepEqual([...rows], [{ payload: {}, isNow: true }])
})

test('delivery callbacks are written, never changed: by the application, the worker or a reader', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addSentEmail(sql)
  await withOrganisation(sql, asRed, async (tx) => await record(tx, { type: 'delivered' }))
  await withWorker(sql, async (tx) => await record(tx, { type: 'complained', event: 'e-2' }))
  const changes = [
    `UPDATE notify.delivery_events SET payload = '{}'`,
    'DELETE FROM notify.delivery_events',
    'TRUNCATE notify.delivery_events',
  ]
  for (const change of changes) {
    const run = async (tx: TransactionSql): Promise<unknown> => await tx.unsafe(change)
    for (const role of [defaultRoleNames.app, defaultRoleNames.readonly]) {
      await assert.rejects(withOrganisation(sql, { organisationId: red, role }, run), sqlState('42501'), change)
    }
    await assert.rejects(withWorker(sql, run), sqlState('42501'), change)
  }
  assert.equal((await sql`SELECT FROM notify.delivery_events`).length, 2)
})
