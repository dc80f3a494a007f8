import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { withWorker } from '../../lib/model/with-worker.js'
import { waitForLock, waitUntil } from '../support/wait-until.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'
import {
  asApp,
  claimContacts,
  insertCall,
  insertCampaign,
  insertContact,
  insertRule,
  noon,
  readContact,
  type Values,
} from './survey-data.js'

const { red, blue } = ids
const leased: Values = { state: 'in_progress', locked_by: 'worker', locked_until: '2026-06-10T12:10:00Z' }

/** A leased contact of a campaign of two attempts, and the call that runs. */
async function prepare(sql: Sql, contact: Values = {}, call: Values = {}) {
  const campaignId = await insertCampaign(sql, { max_attempts: 2, retry_interval_minutes: 45 })
  const contactId = await insertContact(sql, campaignId, { ...leased, ...contact })
  return { campaignId, contactId, callId: await insertCall(sql, contactId, { status: 'in_progress', ...call }) }
}

async function record(sql: Sql, callId: string, outcome: string | null, at: string | null = noon): Promise<string> {
  return await asApp(sql, async (transaction) => {
    const [row] = await transaction<{ state: string }[]>`
      SELECT survey.record_call_outcome(${red}, ${callId}, ${outcome}, ${at}) AS state`
    return row?.state ?? ''
  })
}

async function readCall(sql: Sql, callId: string) {
  const [call] = await sql<{ status: string; outcome: string | null; ended_at: string | null }[]>`
    SELECT status, outcome, to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at
    FROM telephony.call_attempts WHERE id = ${callId}`
  return { ...call }
}

async function readEvents(sql: Sql, contactId: string) {
  const events = await sql`
    SELECT event_type, campaign_id, call_attempt_id, idempotency_key, payload FROM survey.events
    WHERE contact_id = ${contactId} ORDER BY id`
  return events.map((event) => ({ ...event }))
}

test('completed and refused end the contact, and an event says so', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const outcome of ['completed', 'refused']) {
    const { campaignId, contactId, callId } = await prepare(sql)
    assert.equal(await record(sql, callId, outcome), outcome)
    assert.deepEqual(await readContact(sql, contactId), {
      state: outcome,
      attempts_count: 1,
      last_outcome: outcome,
      last_attempt_at: noon,
      next_attempt_at: '2020-01-01T00:00:00Z',
      locked_by: null,
      locked_until: null,
      do_not_call: false,
    })
    assert.deepEqual(await readCall(sql, callId), { status: 'completed', outcome, ended_at: noon })
    assert.deepEqual(await readEvents(sql, contactId), [
      {
        event_type: `survey.${outcome}`,
        campaign_id: campaignId,
        call_attempt_id: callId,
        idempotency_key: `survey.${outcome}:${contactId}`,
        payload: { outcome, attempts: 1 },
      },
    ])
  }
})

test('a call that reached nobody is repeated after the interval, until the attempts are used up', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  for (const outcome of ['no_answer', 'busy', 'failed']) {
    const { campaignId, contactId, callId } = await prepare(sql)
    assert.equal(await record(sql, callId, outcome), 'pending')
    assert.deepEqual(await readContact(sql, contactId), {
      state: 'pending',
      attempts_count: 1,
      last_outcome: outcome,
      last_attempt_at: noon,
      next_attempt_at: '2026-06-10T12:45:00Z',
      locked_by: null,
      locked_until: null,
      do_not_call: false,
    })
    assert.deepEqual(await readCall(sql, callId), { status: outcome, outcome, ended_at: noon })
    assert.deepEqual(await readEvents(sql, contactId), [])
    assert.deepEqual(await claimContacts(sql, campaignId, '2026-06-10T12:44:59Z'), [])
    const at = '2026-06-10T12:45:00Z'
    assert.deepEqual(await claimContacts(sql, campaignId, at), [contactId])
    const last = await insertCall(sql, contactId, { attempt_number: 2 })
    assert.equal(await record(sql, last, outcome, at), 'not_reached')
    const { state, attempts_count, locked_by } = await readContact(sql, contactId)
    assert.deepEqual([state, attempts_count, locked_by], ['not_reached', 2, null])
    assert.deepEqual(
      (await readEvents(sql, contactId)).map(({ event_type, payload }) => [event_type, payload]),
      [['survey.not_reached', { outcome, attempts: 2 }]],
    )
    assert.deepEqual(await claimContacts(sql, campaignId, '2026-06-20T12:00:00Z'), [])
  }
})

test('a callback that comes twice, even with another outcome, changes nothing', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId } = await prepare(sql)
  await record(sql, callId, 'completed')
  const before = [await readContact(sql, contactId), await readCall(sql, callId), await readEvents(sql, contactId)]
  assert.equal(await record(sql, callId, 'completed', '2026-06-11T12:00:00Z'), 'completed')
  assert.equal(await record(sql, callId, 'no_answer', '2026-06-11T12:00:00Z'), 'completed')
  const after = [await readContact(sql, contactId), await readCall(sql, callId), await readEvents(sql, contactId)]
  assert.deepEqual(after, before)
})

test('of two callbacks at the same moment the second waits and changes nothing', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  const { contactId, callId } = await prepare(sql)
  const other = openClient(t, url).sql
  let late: Promise<string> = Promise.resolve('')
  await asApp(sql, async (transaction) => {
    await transaction`SELECT survey.record_call_outcome(${red}, ${callId}, 'no_answer', ${noon})`
    late = record(other, callId, 'no_answer')
    await waitForLock(sql)
  })
  assert.equal(await late, 'pending')
  assert.equal((await readContact(sql, contactId)).attempts_count, 1)
})

test('two handlers that add an event of the call and then its outcome do not wait for each other', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  const { contactId, callId } = await prepare(sql)
  const addEvent = async (transaction: TransactionSql) =>
    await transaction`INSERT INTO telephony.call_events (call_attempt_id, event_type) VALUES (${callId}, 'hangup')`
  const addOutcome = async (transaction: TransactionSql) =>
    await transaction`SELECT survey.record_call_outcome(${red}, ${callId}, 'busy', ${noon}) AS state`
  const handlers = [openClient(t, url).sql, openClient(t, url).sql]
  let added = 0
  await Promise.all(
    handlers.map(
      async (handler) =>
        await asApp(handler, async (transaction) => {
          await addEvent(transaction)
          added += 1
          await waitUntil('both handlers have added their event', () => added === handlers.length)
          await addOutcome(transaction)
        }),
    ),
  )
  assert.equal((await readContact(sql, contactId)).attempts_count, 1)
})

test('whoever must not be called any more ends as excluded, whatever the call brought', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const outcome of ['completed', 'no_answer']) {
    const { contactId, callId } = await prepare(sql, {
      state: 'excluded',
      do_not_call: true,
      locked_by: 'worker',
    })
    assert.equal(await record(sql, callId, outcome), 'excluded')
    const { state, attempts_count, last_outcome, locked_by } = await readContact(sql, contactId)
    assert.deepEqual([state, attempts_count, last_outcome, locked_by], ['excluded', 1, outcome, null])
    assert.equal((await readCall(sql, callId)).outcome, outcome)
    assert.deepEqual(await readEvents(sql, contactId), [])
  }
})

test('a late callback of an earlier call does not undo what the person answered in a later one', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId: lost } = await prepare(sql)
  // The lease of the first call ran out, and somebody else called again.
  const second = await insertCall(sql, contactId, { attempt_number: 2 })
  assert.equal(await record(sql, second, 'completed', '2026-06-10T12:30:00Z'), 'completed')
  assert.equal(await record(sql, lost, 'no_answer', '2026-06-10T12:40:00Z'), 'completed')
  const contact = await readContact(sql, contactId)
  assert.deepEqual(
    [contact.state, contact.attempts_count, contact.last_outcome, contact.last_attempt_at],
    ['completed', 2, 'completed', '2026-06-10T12:30:00Z'],
  )
  assert.equal((await readCall(sql, lost)).outcome, 'no_answer')
  assert.deepEqual((await readEvents(sql, contactId)).length, 1)
})

test('a late callback of an earlier call leaves the lease of the call that runs', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId: lost } = await prepare(sql, { locked_by: 'second' })
  const second = await insertCall(sql, contactId, { attempt_number: 2, status: 'dialing' })
  assert.equal(await record(sql, lost, 'no_answer'), 'in_progress')
  const { attempts_count, locked_by, next_attempt_at } = await readContact(sql, contactId)
  assert.deepEqual([attempts_count, locked_by, next_attempt_at], [1, 'second', '2020-01-01T00:00:00Z'])
  assert.equal(await record(sql, second, 'busy'), 'not_reached')
  assert.deepEqual((await readEvents(sql, contactId)).length, 1)
})

test('an answer stands even if the person must not be called any more before a late callback comes', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId: lost } = await prepare(sql, { state: 'completed', do_not_call: true })
  assert.equal(await record(sql, lost, 'no_answer'), 'completed')
  assert.equal((await readContact(sql, contactId)).do_not_call, true)
  assert.deepEqual(await readEvents(sql, contactId), [])
})

test('a late answer reaches a contact that was given up', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId: lost } = await prepare(sql, { attempts_count: 1 })
  const second = await insertCall(sql, contactId, { attempt_number: 2 })
  assert.equal(await record(sql, second, 'busy'), 'not_reached')
  assert.equal(await record(sql, lost, 'completed'), 'completed')
  assert.deepEqual(
    (await readEvents(sql, contactId)).map(({ event_type }) => event_type),
    ['survey.not_reached', 'survey.completed'],
  )
  const third = await insertCall(sql, contactId, { attempt_number: 3 })
  assert.equal(await record(sql, third, 'refused'), 'completed', 'the first answer stands')
  assert.equal((await readEvents(sql, contactId)).length, 2)
})

test('a contact that was completed by hand before the callback gets its event all the same', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId } = await prepare(sql, { state: 'completed', locked_by: null, locked_until: null })
  assert.equal(await record(sql, callId, 'completed'), 'completed')
  assert.equal((await readEvents(sql, contactId)).length, 1)
})

test('an end that the provider told stays; none lies before the call was queued', async (t) => {
  const { sql } = await tenantDatabase(t)
  const told = await prepare(sql, {}, { status: 'completed', ended_at: '2026-06-10T12:05:00Z' })
  await record(sql, told.callId, 'completed', '2026-06-10T12:06:00Z')
  assert.equal((await readCall(sql, told.callId)).ended_at, '2026-06-10T12:05:00Z')
  const early = await prepare(sql)
  await record(sql, early.callId, 'completed', '2026-06-10T11:59:00Z')
  assert.equal((await readCall(sql, early.callId)).ended_at, noon)
})

test('a count of attempts that is full does not make the callback fail', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId } = await prepare(sql, { attempts_count: 50 })
  assert.equal(await record(sql, callId, 'no_answer'), 'not_reached')
  assert.equal((await readContact(sql, contactId)).attempts_count, 50)
})

test('an unknown call, one without a contact, one of another organisation: P0002, and nothing changes', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId } = await prepare(sql)
  const stray = await insertCall(sql, contactId, { contact_id: null })
  await assert.rejects(record(sql, red, 'completed'), sqlState('P0002'))
  await assert.rejects(record(sql, stray, 'completed'), sqlState('P0002'))
  const call = `SELECT survey.record_call_outcome('${red}', '${callId}', 'completed')`
  await assert.rejects(
    asApp(sql, async (transaction) => await transaction.unsafe(call), blue),
    sqlState('P0002'),
  )
  await assert.rejects(
    sql.unsafe(`SELECT survey.record_call_outcome('${blue}', '${callId}', 'completed')`).execute(),
    sqlState('P0002'),
  )
  assert.equal((await readContact(sql, contactId)).state, 'in_progress')
  await withWorker(sql, async (transaction) => await transaction.unsafe(call))
  assert.equal((await readContact(sql, contactId)).state, 'completed')
})

test('an outcome or a time that is null is refused', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId, callId } = await prepare(sql)
  await assert.rejects(record(sql, callId, null), sqlState('22004'))
  await assert.rejects(record(sql, callId, 'no_answer', null), sqlState('22004'))
  assert.equal((await readContact(sql, contactId)).state, 'in_progress')
})
