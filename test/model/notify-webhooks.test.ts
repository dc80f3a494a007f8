import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'

const { red, blue } = ids

async function addEndpoint(sql: Sql, name: string, columns: Record<string, string> = {}): Promise<void> {
  const values: Record<string, string> = { organisation_id: `'${red}'`, url: `'https://example.org'`, ...columns }
  await sql.unsafe(
    `INSERT INTO notify.webhook_endpoints (name, ${Object.keys(values)})
     VALUES ('${name}', ${Object.values(values).join(', ')})`,
  )
}

async function enqueue(
  sql: Sql | TransactionSql,
  event: string,
  type = 'survey.completed',
  organisation: string = red,
) {
  const [row] = await sql`SELECT notify.enqueue_webhook(${organisation}, ${event}, ${type}, '{"a": 1}') AS n`
  return row?.['n']
}

/** Events and endpoints of the deliveries in the queue. */
async function readQueue(sql: Sql): Promise<readonly unknown[]> {
  const rows = await sql`
    SELECT w.event_id || ' to ' || e.name AS delivery FROM notify.webhook_deliveries AS w
    JOIN notify.webhook_endpoints AS e ON e.organisation_id = w.organisation_id AND e.id = w.endpoint_id
    ORDER BY delivery`
  return rows.map(({ delivery }) => delivery)
}

test('an event goes to every active endpoint that takes its type', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addEndpoint(sql, 'all')
  await addEndpoint(sql, 'surveys', { event_types: `'{survey.completed,survey.refused}'` })
  await addEndpoint(sql, 'calls', { event_types: `'{call.ended}'` })
  await addEndpoint(sql, 'paused', { status: `'paused'` })
  await addEndpoint(sql, 'disabled', { status: `'disabled'` })
  await addEndpoint(sql, 'blue', { organisation_id: `'${blue}'` })
  assert.equal(await enqueue(sql, 'a'), 2)
  assert.equal(await enqueue(sql, 'b', 'call.ended'), 2)
  assert.equal(await enqueue(sql, 'c', 'email.sent'), 1)
  assert.deepEqual(await readQueue(sql), ['a to all', 'a to surveys', 'b to all', 'b to calls', 'c to all'])
  const [row] = await sql`
    SELECT DISTINCT payload, status, attempts, max_attempts FROM notify.webhook_deliveries`
  assert.deepEqual(row, { payload: { a: 1 }, status: 'pending', attempts: 0, max_attempts: 8 })
})

test('an event is queued once for each endpoint, for those that come later, too', async (t) => {
  const { sql } = await tenantDatabase(t)
  assert.equal(await enqueue(sql, 'a'), 0)
  await addEndpoint(sql, 'first')
  assert.deepEqual([await enqueue(sql, 'a'), await enqueue(sql, 'a')], [1, 0])
  await addEndpoint(sql, 'second')
  assert.equal(await enqueue(sql, 'a'), 1)
  assert.deepEqual(await readQueue(sql), ['a to first', 'a to second'])
})

test('an event that is queued twice at the same moment is queued once', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  for (let n = 1; n <= 20; n++) await addEndpoint(sql, `endpoint ${n}`)
  const clients = Array.from({ length: 8 }, () => openClient(t, url).sql)
  const counts = await Promise.all(clients.map(async (client) => Number(await enqueue(client, 'a'))))
  assert.deepEqual(
    counts.toSorted((left, right) => left - right),
    [0, 0, 0, 0, 0, 0, 0, 20],
  )
})

test('an event without body is queued, one of a wrong type or for another organisation is refused', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addEndpoint(sql, 'all')
  await sql`SELECT notify.enqueue_webhook(${red}, 'a', 'survey.completed', NULL)`
  assert.deepEqual([...(await sql`SELECT payload FROM notify.webhook_deliveries`)], [{ payload: {} }])
  await assert.rejects(enqueue(sql, 'b', 'Survey Completed'), {
    constraint_name: 'ck_webhook_deliveries_event_type',
  })
  const asBlue = { organisationId: blue, role: defaultRoleNames.app }
  assert.equal(await withOrganisation(sql, asBlue, async (tx) => await enqueue(tx, 'c')), 0)
  assert.deepEqual(await readQueue(sql), ['a to all'])
})

const claimOverAll = `notify.claim_webhook_deliveries('relay'`
const claimForRed = `notify.claim_webhook_deliveries('${red}'::uuid, 'relay'`
/** The two forms of the claim. */
const claimForms = { 'over all organisations': claimOverAll, 'for one organisation': claimForRed }

async function claim(sql: Sql | TransactionSql, form: string, parameters = ''): Promise<readonly unknown[]> {
  const rows = await sql.unsafe(`SELECT event_id AS event FROM ${form}${parameters})`)
  return rows.map(({ event }) => event)
}

async function expireLeases(sql: Sql): Promise<void> {
  await sql`UPDATE notify.webhook_deliveries SET locked_until = now() - interval '1 second' WHERE locked_by IS NOT NULL`
}

for (const [what, form] of Object.entries(claimForms)) {
  test(`a claim ${what}: due deliveries come in the order of their time, and are leased`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEndpoint(sql, 'all')
    for (const event of ['third', 'first', 'second', 'not yet', 'discarded']) await enqueue(sql, event)
    await sql`
      UPDATE notify.webhook_deliveries AS w SET next_attempt_at = now() + v.wait::interval
      FROM (VALUES ('first', '-3 h'), ('second', '-2 h'), ('third', '-1 h'), ('not yet', '1 h')) AS v (event, wait)
      WHERE w.event_id = v.event`
    await sql`UPDATE notify.webhook_deliveries SET status = 'discarded' WHERE event_id = 'discarded'`
    assert.deepEqual(await claim(sql, form, ', p_limit => 2'), ['first', 'second'])
    assert.deepEqual(await claim(sql, form), ['third'])
    assert.deepEqual(await claim(sql, form), [])
    const leased = await sql`SELECT FROM notify.webhook_deliveries WHERE locked_by = 'relay' AND attempts = 1`
    assert.equal(leased.length, 3)
  })

  test(`a claim ${what}: a delivery whose lease ran out comes back until its attempts are used up`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEndpoint(sql, 'all')
    await enqueue(sql, 'a')
    await sql`UPDATE notify.webhook_deliveries SET max_attempts = 2`
    for (const attempt of [1, 2]) {
      assert.deepEqual(await claim(sql, form), ['a'], `attempt ${attempt}`)
      await expireLeases(sql)
    }
    assert.deepEqual(await claim(sql, form), [])
    const [row] = await sql`SELECT status, attempts, locked_by, last_error FROM notify.webhook_deliveries`
    assert.deepEqual(row, { status: 'failed', attempts: 2, locked_by: null, last_error: 'lease expired' })
  })

  test(`a claim ${what}: never more deliveries come than asked for, however wrong the statistics are`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEndpoint(sql, 'all')
    await enqueue(sql, 'discarded')
    await sql`UPDATE notify.webhook_deliveries SET status = 'discarded'`
    await sql`ANALYZE notify.webhook_deliveries`
    await sql`SELECT notify.enqueue_webhook(${red}, number::text, 'a') FROM generate_series(1, 100) AS number`
    assert.equal((await claim(sql, form, ', p_limit => 5')).length, 5)
    assert.equal((await claim(sql, form, ', p_limit => 0')).length, 0)
    await assert.rejects(claim(sql, form, ', p_limit => -1'), sqlState('2201W'))
    await assert.rejects(claim(sql, form, ', p_limit => NULL'), sqlState('22004'))
    const [row] = await sql`SELECT count(*)::int AS taken FROM notify.webhook_deliveries WHERE locked_by IS NOT NULL`
    assert.equal(row?.['taken'], 5)
  })

  test(`a claim ${what}: an application claims deliveries of its own organisation only`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEndpoint(sql, 'red')
    await addEndpoint(sql, 'blue', { organisation_id: `'${blue}'` })
    await enqueue(sql, 'red')
    await enqueue(sql, 'blue', 'a', blue)
    const asBlue = { organisationId: blue, role: defaultRoleNames.app }
    const seen = await withOrganisation(sql, asBlue, async (tx) => await claim(tx, form))
    assert.deepEqual(seen, form === claimOverAll ? ['blue'] : [])
    const untouched = await sql`SELECT FROM notify.webhook_deliveries WHERE event_id = 'red' AND locked_by IS NULL`
    assert.equal(untouched.length, 1)
  })
}
