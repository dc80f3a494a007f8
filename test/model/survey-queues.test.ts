import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import type { TestDatabase } from '../../lib/testing/index.js'
import { assertEachOnce, crashWhileClaiming, drainQueue, type QueuedRow } from './drain-queue.js'
import { ids, tenantDatabase } from './model-database.js'
import { insertCampaign, insertRule, noon } from './survey-data.js'

const { red, blue } = ids
const rows = 1000

/** Adds contacts that may be called, and returns their ids. */
async function insertContacts(sql: Sql, campaignId: string, organisationId: string): Promise<readonly string[]> {
  const contacts = await sql<QueuedRow[]>`
    INSERT INTO survey.contacts (
      organisation_id, campaign_id, phone_number, has_prior_consent, consent_source, next_attempt_at
    )
    SELECT ${organisationId}, ${campaignId}, '+4930' || lpad(n::text, 7, '0'), true, 'import', '2020-01-01'
    FROM generate_series(1, ${rows}::int) AS n
    RETURNING id`
  return contacts.map(({ id }) => id)
}

/** Adds open events, half of them in each organisation, and returns their ids. */
async function insertEvents(sql: Sql): Promise<readonly string[]> {
  for (const organisation_id of [red, blue]) {
    const campaignId = await insertCampaign(sql, { organisation_id })
    await insertContacts(sql, campaignId, organisation_id)
  }
  const events = await sql<QueuedRow[]>`
    INSERT INTO survey.events (organisation_id, event_type, campaign_id, contact_id, idempotency_key)
    SELECT organisation_id, 'survey.completed', campaign_id, id, id::text
    FROM survey.contacts
    ORDER BY phone_number
    LIMIT ${rows}
    RETURNING id`
  return events.map(({ id }) => id)
}

async function prepareCampaign(t: Parameters<typeof tenantDatabase>[0]) {
  const database = await tenantDatabase(t)
  await insertRule(database.sql)
  const campaignId = await insertCampaign(database.sql)
  const contacts = await insertContacts(database.sql, campaignId, red)
  const claim = async (transaction: TransactionSql, worker: string): Promise<readonly QueuedRow[]> =>
    await transaction<QueuedRow[]>`
      SELECT id FROM survey.claim_due_contacts(${red}, ${campaignId}, ${worker}, 10, p_at => ${noon})`
  return { database, contacts, claim }
}

const claimEvents = async (transaction: TransactionSql, worker: string): Promise<readonly QueuedRow[]> =>
  await transaction<QueuedRow[]>`SELECT id FROM survey.claim_events(${worker}::text, 10)`

async function countOpen({ sql }: TestDatabase): Promise<number> {
  return (await sql`SELECT FROM survey.events WHERE published_at IS NULL`).length
}

test('eight workers claim a thousand contacts: none twice, none lost', async (t) => {
  const { database, contacts, claim } = await prepareCampaign(t)
  const claims = await drainQueue(t, database, { claim })
  assertEachOnce(claims, contacts)
  const leases = await database.sql<{ id: string; worker: string }[]>`
    SELECT id, locked_by AS worker FROM survey.contacts WHERE state = 'in_progress'`
  const byId = new Map(leases.map(({ id, worker }) => [id, worker]))
  assert.equal(byId.size, rows)
  for (const { row, worker } of claims) assert.equal(byId.get(row.id), worker)
})

test('eight workers publish a thousand events of two organisations: none twice, none lost', async (t) => {
  const database = await tenantDatabase(t)
  const events = await insertEvents(database.sql)
  const claims = await drainQueue(t, database, {
    claim: claimEvents,
    finish: async (transaction, worker, { id }) => {
      const [row] = await transaction<{ done: boolean }[]>`
        SELECT survey.complete_event(organisation_id, id, ${worker}) AS done FROM survey.events WHERE id = ${id}`
      assert.equal(row?.done, true)
    },
  })
  assertEachOnce(claims, events)
  assert.equal(await countOpen(database), 0)
  const [attempts] = await database.sql`SELECT min(attempts) AS least, max(attempts) AS most FROM survey.events`
  assert.deepEqual({ ...attempts }, { least: 1, most: 1 })
})

test('eight workers of one organisation claim its events, and none of the other’s', async (t) => {
  const database = await tenantDatabase(t)
  await insertEvents(database.sql)
  const events = await database.sql<QueuedRow[]>`SELECT id FROM survey.events WHERE organisation_id = ${red}`
  assert.equal(events.length, rows / 2)
  const claims = await drainQueue(t, database, {
    claim: async (transaction, worker) =>
      await transaction<QueuedRow[]>`SELECT id FROM survey.claim_events(${red}::uuid, ${worker}::text, 10)`,
  })
  assertEachOnce(
    claims,
    events.map(({ id }) => id),
  )
})

test('what a worker claimed before it crashed comes back: at once when the claim was not committed', async (t) => {
  const { database, contacts, claim } = await prepareCampaign(t)
  const lost = await crashWhileClaiming(t, database, claim)
  assert.equal(lost.length, 10)
  assertEachOnce(await drainQueue(t, database, { claim }), contacts)
})

test('events that a crashed worker held come back, too', async (t) => {
  const database = await tenantDatabase(t)
  const events = await insertEvents(database.sql)
  const lost = await crashWhileClaiming(t, database, claimEvents)
  assert.equal(lost.length, 10)
  assertEachOnce(await drainQueue(t, database, { claim: claimEvents }), events)
})

test('contacts of workers that vanished with their leases come back when these have run out', async (t) => {
  const { database, contacts, claim } = await prepareCampaign(t)
  const { sql } = database
  assertEachOnce(await drainQueue(t, database, { claim }), contacts)
  const release = async (at: string) => {
    const [row] = await sql<{ released: number }[]>`SELECT survey.release_expired_contacts(${red}, ${at}) AS released`
    return row?.released
  }
  assert.equal(await release('2026-06-10T12:10:00Z'), 0)
  assert.equal(await release('2026-06-10T12:10:01Z'), rows)
  assertEachOnce(await drainQueue(t, database, { claim }), contacts)
})

test('events of workers that vanished with their leases come back when these have run out', async (t) => {
  const database = await tenantDatabase(t)
  const events = await insertEvents(database.sql)
  assertEachOnce(await drainQueue(t, database, { claim: claimEvents }), events)
  assert.deepEqual(await drainQueue(t, database, { claim: claimEvents }), [])
  await database.sql`UPDATE survey.events SET locked_until = now() - interval '1 second'`
  assertEachOnce(await drainQueue(t, database, { claim: claimEvents }), events)
  assert.equal(await countOpen(database), rows)
})

test('two campaigns with the same thousand people: eight workers call nobody twice at a time', async (t) => {
  const { database, claim } = await prepareCampaign(t)
  const { sql } = database
  const second = await insertCampaign(sql)
  await insertContacts(sql, second, red)
  const isOfFirst = (worker: string): boolean => /[1357]$/.test(worker)
  const claims = await drainQueue(t, database, {
    claim: async (transaction, worker) => {
      if (isOfFirst(worker)) return await claim(transaction, worker)
      return await transaction<QueuedRow[]>`
        SELECT id FROM survey.claim_due_contacts(${red}, ${second}, ${worker}, 10, p_at => ${noon})`
    },
    // All contacts that a claim looks at may be held by the other campaign: they are put off, and others wait behind.
    isDrained: async (transaction, worker) => {
      const [row] = await transaction<{ due: number }[]>`
        SELECT count(*)::int AS due FROM survey.contacts
        WHERE (campaign_id <> ${second}) = ${isOfFirst(worker)} AND state = 'pending' AND next_attempt_at <= ${noon}`
      return row?.due === 0
    },
  })
  assert.equal(claims.length, rows, 'everybody is called for one of the two')
  const twice = await sql`
    SELECT phone_number FROM survey.contacts WHERE state = 'in_progress' GROUP BY phone_number HAVING count(*) > 1`
  assert.equal(twice.length, 0)
})
