import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'

const { red, blue } = ids
const provider = '00000000-0000-7000-8000-00000000f001'
const asRed = { organisationId: red, role: defaultRoleNames.app }
const asBlue = { organisationId: blue, role: defaultRoleNames.app }

async function addProvider(sql: Sql, organisation: string = red): Promise<void> {
  await sql`
    INSERT INTO telephony.provider_configs (organisation_id, id, outbound_number, llm_model, max_concurrent_calls)
    VALUES (${organisation}, ${provider}, '+14155550100', 'example-model', 2)`
}

async function addCall(sql: Sql, id: string, columns: Record<string, string> = {}): Promise<void> {
  const names = Object.keys(columns).map((name) => `, ${name}`)
  const values = Object.values(columns).map((value) => `, ${value}`)
  await sql.unsafe(
    `INSERT INTO telephony.call_attempts (organisation_id, provider_config_id, call_id, to_number${names.join('')})
     VALUES ('${red}', '${provider}', '${id}', '+390612345'${values.join('')})`,
  )
}

async function freeSlots(sql: Sql | TransactionSql, organisation: string = red, config: string | null = provider) {
  const [row] = await sql`SELECT telephony.free_call_slots(${organisation}, ${config}) AS slots`
  return row?.['slots']
}

test('each call that has not ended takes a slot, in either direction', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addProvider(sql)
  assert.equal(await freeSlots(sql), 2)
  await addCall(sql, 'running', { status: `'in_progress'` })
  assert.equal(await freeSlots(sql), 1)
  await addCall(sql, 'ended', { status: `'completed'`, ended_at: 'now()' })
  assert.equal(await freeSlots(sql), 1)
  await addCall(sql, 'inbound', { direction: `'inbound'` })
  assert.equal(await freeSlots(sql), 0)
  await sql`UPDATE telephony.call_attempts SET status = 'failed', ended_at = queued_at`
  assert.equal(await freeSlots(sql), 2)
})

test('there are never less than no slots', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addProvider(sql)
  for (const id of ['one', 'two', 'three']) await addCall(sql, id)
  assert.equal(await freeSlots(sql), 0)
})

test('a configuration that is unknown, inactive or of another organisation has no number of slots', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addProvider(sql)
  assert.equal(await freeSlots(sql, blue), null)
  assert.equal(await freeSlots(sql, red, red), null)
  assert.equal(await freeSlots(sql, red, null), null)
  assert.equal(await withOrganisation(sql, asBlue, async (tx) => await freeSlots(tx)), null)
  assert.equal(await withOrganisation(sql, asRed, async (tx) => await freeSlots(tx)), 2)
  await sql`UPDATE telephony.provider_configs SET is_active = false`
  assert.equal(await freeSlots(sql), null)
})

async function record(sql: Sql | TransactionSql, event: string, organisation: string = red): Promise<unknown> {
  const [row] = await sql`SELECT telephony.record_webhook(${organisation}, ${provider}, ${event}, '{"a": 1}') AS first`
  return row?.['first']
}

test('a webhook is new once for each organisation, configuration and event', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addProvider(sql)
  await addProvider(sql, blue)
  assert.deepEqual([await record(sql, 'a'), await record(sql, 'a'), await record(sql, 'b')], [true, false, true])
  assert.equal(await record(sql, 'a', blue), true)
  const rows = await sql`
    SELECT provider_event_id, payload, processed_at FROM telephony.webhook_receipts WHERE organisation_id = ${red}
    ORDER BY provider_event_id`
  assert.deepEqual(
    [...rows],
    ['a', 'b'].map((event) => ({ provider_event_id: event, payload: { a: 1 }, processed_at: null })),
  )
})

test('a webhook that comes twice at the same moment is new once', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  await addProvider(sql)
  const clients = Array.from({ length: 8 }, () => openClient(t, url).sql)
  const answers = await Promise.all(clients.map(async (client) => await record(client, 'a')))
  assert.equal(answers.filter((isFirst) => isFirst === true).length, 1)
})

test('a webhook whose transaction was rolled back is new again', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addProvider(sql)
  await assert.rejects(
    sql.begin(async (tx) => {
      await record(tx, 'a')
      throw new Error('the handler fails')
    }),
    /the handler fails/,
  )
  assert.equal(await record(sql, 'a'), true)
})

test('a webhook without body is recorded, one of an unknown configuration or of another organisation is refused', async (t) => {
  const { sql } = await tenantDatabase(t)
  await assert.rejects(record(sql, 'a'), sqlState('23503'))
  await addProvider(sql)
  await sql`SELECT telephony.record_webhook(${red}, ${provider}, 'a', NULL)`
  assert.deepEqual([...(await sql`SELECT payload FROM telephony.webhook_receipts`)], [{ payload: {} }])
  for (const event of ['a', 'b']) {
    await assert.rejects(
      withOrganisation(sql, asBlue, async (tx) => await record(tx, event)),
      sqlState('42501'),
    )
  }
})

test('the history of a call is written, never changed: by the application, the worker or a reader', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addProvider(sql)
  await addCall(sql, 'call')
  const write = async (tx: TransactionSql): Promise<unknown> =>
    await tx`
      INSERT INTO telephony.call_events (organisation_id, call_attempt_id, event_type)
      SELECT ${red}, id, 'answered' FROM telephony.call_attempts`
  await withOrganisation(sql, asRed, write)
  await withWorker(sql, write)
  const changes = [
    `UPDATE telephony.call_events SET event_type = 'hangup'`,
    'DELETE FROM telephony.call_events',
    'TRUNCATE telephony.call_events',
  ]
  for (const change of changes) {
    const run = async (tx: TransactionSql): Promise<unknown> => await tx.unsafe(change)
    await assert.rejects(withOrganisation(sql, asRed, run), sqlState('42501'), change)
    await assert.rejects(withWorker(sql, run), sqlState('42501'), change)
    const asReader = { organisationId: red, role: defaultRoleNames.readonly }
    await assert.rejects(withOrganisation(sql, asReader, run), sqlState('42501'), change)
  }
  const [row] = await sql`SELECT count(*)::int AS n FROM telephony.call_events WHERE event_type = 'answered'`
  assert.equal(row?.['n'], 2)
})
