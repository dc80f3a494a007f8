import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'
import { asApp, insert, insertCampaign, insertContact, type Values } from './survey-data.js'

const { red, blue } = ids

/** Adds an open event, due since long ago. */
async function insertEvent(sql: Sql, values: Values = {}): Promise<string> {
  const organisation = values['organisation_id'] ?? red
  const campaignId = await insertCampaign(sql, { organisation_id: organisation })
  const contactId = await insertContact(sql, campaignId, { organisation_id: organisation })
  return await insert(sql, 'survey.events', {
    organisation_id: organisation,
    event_type: 'survey.completed',
    campaign_id: campaignId,
    contact_id: contactId,
    idempotency_key: contactId,
    next_attempt_at: '2020-01-01T00:00:00Z',
    ...values,
  })
}

interface Event {
  readonly attempts: number
  readonly locked_by: string | null
  readonly isOpen: boolean
  readonly isDead: boolean
  readonly last_error: string | null
  /** Seconds from the start of the reading transaction to the next attempt. */
  readonly wait: number
}

async function readEvent(sql: Sql | TransactionSql, id: string): Promise<Event> {
  const [event] = await sql<Event[]>`
    SELECT attempts, locked_by, published_at IS NULL AS "isOpen", dead_at IS NOT NULL AS "isDead", last_error,
      extract(epoch FROM next_attempt_at - now())::float8 AS wait
    FROM survey.events WHERE id = ${id}`
  assert.ok(event)
  return event
}

type Names = readonly { readonly id: string }[]
const namesOf = (rows: Names): readonly string[] => rows.map(({ id }) => id)

const claimAll = async (sql: Sql, worker = 'one', limit: number | null = 100): Promise<readonly string[]> =>
  await withWorker(sql, async (transaction) =>
    namesOf(await transaction<{ id: string }[]>`SELECT id FROM survey.claim_events(${worker}::text, ${limit}::int)`),
  )

const claimOf = async (transaction: TransactionSql, organisationId: string, limit = 100): Promise<readonly string[]> =>
  namesOf(
    await transaction<{ id: string }[]>`
      SELECT id FROM survey.claim_events(${organisationId}::uuid, 'one'::text, ${limit})`,
  )

async function finish(sql: Sql, call: 'complete' | 'fail', id: string, worker: string): Promise<unknown> {
  const [row] = await withWorker(
    sql,
    async (transaction) =>
      await (call === 'complete'
        ? transaction`SELECT survey.complete_event(${red}, ${id}, ${worker}) AS done`
        : transaction`SELECT survey.fail_event(${red}, ${id}, ${worker}, 'unreachable') AS done`),
  )
  return row?.['done']
}

test('the relay claims due events of all organisations, oldest first, and no more than it wants', async (t) => {
  const { sql } = await tenantDatabase(t)
  const third = await insertEvent(sql, { next_attempt_at: '2020-01-03T00:00:00Z' })
  const first = await insertEvent(sql, { next_attempt_at: '2020-01-01T00:00:00Z' })
  const second = await insertEvent(sql, { next_attempt_at: '2020-01-02T00:00:00Z', organisation_id: blue })
  await insertEvent(sql, { next_attempt_at: '2100-01-01T00:00:00Z' })
  await insertEvent(sql, { published_at: '2020-01-01T00:00:00Z' })
  await insertEvent(sql, { dead_at: '2020-01-01T00:00:00Z' })
  assert.deepEqual(await claimAll(sql, 'one', 0), [])
  assert.deepEqual(await claimAll(sql, 'one', 2), [first, second])
  assert.deepEqual(await claimAll(sql, 'two'), [third])
  assert.deepEqual(await claimAll(sql, 'two'), [])
  const { attempts, locked_by } = await readEvent(sql, first)
  assert.deepEqual([attempts, locked_by], [1, 'one'])
})

test('a claim without a limit, with a negative one, without a name or without a lease is refused', async (t) => {
  const { sql } = await tenantDatabase(t)
  const id = await insertEvent(sql)
  await assert.rejects(claimAll(sql, 'one', null), sqlState('22004'))
  await assert.rejects(claimAll(sql, 'one', -1), sqlState('2201W'))
  for (const call of [
    'NULL::text',
    `'one'::text, 10, NULL`,
    `'${red}'::uuid, NULL`,
    `'${red}'::uuid, 'one', 10, NULL`,
  ]) {
    await assert.rejects(sql.unsafe(`SELECT survey.claim_events(${call})`).execute(), sqlState('23514'), call)
  }
  for (const [limit, code] of [
    ['NULL', '22004'],
    ['-1', '2201W'],
  ] as const) {
    const call = sql.unsafe(`SELECT survey.claim_events('${red}'::uuid, 'one', ${limit})`).execute()
    await assert.rejects(call, sqlState(code))
  }
  assert.equal((await readEvent(sql, id)).attempts, 0)
})

test('the form with an organisation claims from that one alone, as worker and as application', async (t) => {
  const { sql } = await tenantDatabase(t)
  const mine = await insertEvent(sql)
  // Not the oldest, so that events of others would use up the limit.
  const other = await insertEvent(sql, { organisation_id: blue, next_attempt_at: '2020-01-02T00:00:00Z' })
  assert.deepEqual(await withWorker(sql, async (transaction) => await claimOf(transaction, blue, 1)), [other])
  await sql`UPDATE survey.events SET locked_by = NULL, locked_until = NULL`
  assert.deepEqual(await asApp(sql, async (transaction) => await claimOf(transaction, blue)), [])
  assert.deepEqual(await asApp(sql, async (transaction) => await claimOf(transaction, red)), [mine])
})

test('an application that calls the form for all organisations gets its own events, without context none', async (t) => {
  const { sql } = await tenantDatabase(t)
  const mine = await insertEvent(sql)
  await insertEvent(sql, { organisation_id: blue })
  const claim = async (transaction: TransactionSql) =>
    namesOf(await transaction<{ id: string }[]>`SELECT id FROM survey.claim_events('app'::text)`)
  const nobody = await sql.begin(async (transaction) => {
    await transaction`SET LOCAL ROLE schemaway_app`
    return { claimed: await claim(transaction) }
  })
  assert.deepEqual(nobody.claimed, [])
  assert.deepEqual(await asApp(sql, claim), [mine])
})

test('a reader may claim nothing', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertEvent(sql)
  const reader = { organisationId: red, role: 'schemaway_readonly' }
  await assert.rejects(
    withOrganisation(sql, reader, async (transaction) => await claimOf(transaction, red)),
    sqlState('42501'),
  )
})

test('a completed event is published once, its lease and its error are gone', async (t) => {
  const { sql } = await tenantDatabase(t)
  const id = await insertEvent(sql, { last_error: 'unreachable' })
  assert.equal(await finish(sql, 'complete', id, 'one'), false, 'not leased')
  await claimAll(sql)
  assert.equal(await finish(sql, 'complete', id, 'two'), false, 'leased by another')
  assert.equal(await finish(sql, 'complete', id, 'one'), true)
  assert.equal(await finish(sql, 'complete', id, 'one'), false, 'published before')
  assert.equal(await finish(sql, 'fail', id, 'one'), false, 'published before')
  const { isOpen, locked_by, last_error } = await readEvent(sql, id)
  assert.deepEqual([isOpen, locked_by, last_error], [false, null, null])
  assert.deepEqual(await claimAll(sql), [])
})

test('a failed event waits twice as long each time, six hours at most, and is given up after the last attempt', async (t) => {
  const { sql } = await tenantDatabase(t)
  const id = await insertEvent(sql)
  const waits: number[] = []
  for (let attempt = 1; attempt <= 10; attempt++) {
    await sql`UPDATE survey.events SET next_attempt_at = '2020-01-01T00:00:00Z'`
    assert.deepEqual(await claimAll(sql), [id], `attempt ${attempt}`)
    // In one transaction, so that both speak of the same now().
    const event = await withWorker(sql, async (transaction) => {
      const [row] = await transaction`SELECT survey.fail_event(${red}, ${id}, 'one', 'unreachable') AS done`
      assert.equal(row?.['done'], true)
      return await readEvent(transaction, id)
    })
    assert.deepEqual([event.attempts, event.locked_by, event.last_error], [attempt, null, 'unreachable'])
    assert.equal(event.isDead, attempt === 10)
    waits.push(event.wait / 60)
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360])
  await sql`UPDATE survey.events SET next_attempt_at = '2020-01-01T00:00:00Z'`
  assert.deepEqual(await claimAll(sql), [], 'a dead letter is left alone')
})

test('the last attempt is the caller’s choice; without one it is the tenth; a long error is cut', async (t) => {
  const { sql } = await tenantDatabase(t)
  const id = await insertEvent(sql)
  await claimAll(sql)
  await sql`UPDATE survey.events SET attempts = 9`
  await sql`SELECT survey.fail_event(${red}, ${id}, 'one', ${'x'.repeat(3000)}, NULL)`
  const open = await readEvent(sql, id)
  assert.deepEqual([open.isDead, open.last_error?.length], [false, 2000])
  await sql`UPDATE survey.events SET next_attempt_at = '2020-01-01T00:00:00Z'`
  await claimAll(sql)
  await sql`SELECT survey.fail_event(${red}, ${id}, 'one', NULL, NULL)`
  const dead = await readEvent(sql, id)
  assert.deepEqual([dead.attempts, dead.isDead, dead.last_error], [10, true, null])
  const other = await insertEvent(sql)
  await claimAll(sql)
  await sql`SELECT survey.fail_event(${red}, ${other}, 'one', 'x', 1)`
  assert.equal((await readEvent(sql, other)).isDead, true)
})

test('a worker that lost its lease can neither complete nor fail the event', async (t) => {
  const { sql } = await tenantDatabase(t)
  const id = await insertEvent(sql)
  await claimAll(sql, 'slow')
  assert.deepEqual(await claimAll(sql, 'quick'), [], 'the lease holds')
  await sql`UPDATE survey.events SET locked_until = now() - interval '1 second'`
  assert.deepEqual(await claimAll(sql, 'quick'), [id], 'the lease ran out')
  assert.equal(await finish(sql, 'complete', id, 'slow'), false)
  assert.equal(await finish(sql, 'fail', id, 'slow'), false)
  const { attempts, locked_by, isOpen } = await readEvent(sql, id)
  assert.deepEqual([attempts, locked_by, isOpen], [2, 'quick', true])
  assert.equal(await finish(sql, 'complete', id, 'quick'), true)
})

test('a lease that ran out but was taken by nobody still ends in time', async (t) => {
  const { sql } = await tenantDatabase(t)
  const id = await insertEvent(sql)
  await claimAll(sql)
  await sql`UPDATE survey.events SET locked_until = now() - interval '1 second'`
  assert.equal(await finish(sql, 'complete', id, 'one'), true)
})

test('an application cannot end the event of another organisation, even with the name of its worker', async (t) => {
  const { sql } = await tenantDatabase(t)
  const id = await insertEvent(sql)
  await claimAll(sql)
  const [row] = await asApp(
    sql,
    async (transaction) =>
      await transaction`
      SELECT survey.complete_event(${red}, ${id}, 'one') AS completed,
        survey.fail_event(${red}, ${id}, 'one', 'x', 1) AS failed`,
    blue,
  )
  assert.deepEqual({ ...row }, { completed: false, failed: false })
  const { isOpen, isDead, locked_by } = await readEvent(sql, id)
  assert.deepEqual([isOpen, isDead, locked_by], [true, false, 'one'])
})

test('an event that no worker survives does not stop the queue when its counter is full', async (t) => {
  const { sql } = await tenantDatabase(t)
  const id = await insertEvent(sql, { attempts: 32767 })
  const other = await insertEvent(sql)
  assert.deepEqual([...(await claimAll(sql))].sort(), [id, other].sort())
  await sql`UPDATE survey.events SET locked_until = now() - interval '1 second'`
  assert.equal((await asApp(sql, async (transaction) => await claimOf(transaction, red))).length, 2)
  assert.equal((await readEvent(sql, id)).attempts, 32767)
})

test('a claim passes over events that another transaction holds, and does not wait', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  const held = await insertEvent(sql, { next_attempt_at: '2020-01-01T00:00:00Z' })
  const free = await insertEvent(sql, { next_attempt_at: '2020-01-02T00:00:00Z' })
  const other = openClient(t, url).sql
  await sql.begin(async (transaction) => {
    await transaction`SELECT FROM survey.events WHERE id = ${held} FOR UPDATE`
    await other`SET statement_timeout = '5s'`
    assert.deepEqual(await claimAll(other, 'one', 1), [free])
  })
  assert.deepEqual(await claimAll(sql), [held])
})
