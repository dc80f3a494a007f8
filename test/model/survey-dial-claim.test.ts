import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'
import {
  asApp,
  claimContacts,
  insert,
  insertCall,
  insertCampaign,
  insertContact,
  insertRule,
  newPhoneNumber,
  noon,
  readContact,
  type Values,
} from './survey-data.js'

const { red, blue } = ids
const laterByQuarter = '2026-06-10T12:15:00Z'

async function stateOf(sql: Sql, contactId: string): Promise<readonly [state: string, nextAttemptAt: string]> {
  const { state, next_attempt_at } = await readContact(sql, contactId)
  return [state, next_attempt_at]
}

test('due contacts are leased oldest first, as many as wanted', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  const campaignId = await insertCampaign(sql)
  const second = await insertContact(sql, campaignId, { next_attempt_at: '2026-06-02T00:00:00Z' })
  const first = await insertContact(sql, campaignId, { next_attempt_at: '2026-06-01T00:00:00Z' })
  const third = await insertContact(sql, campaignId, { next_attempt_at: noon })
  await insertContact(sql, campaignId, { next_attempt_at: '2026-06-10T12:00:01Z' })
  assert.deepEqual(await claimContacts(sql, campaignId, noon, { limit: 0 }), [])
  assert.deepEqual(await claimContacts(sql, campaignId, noon, { limit: 2 }), [first, second])
  assert.deepEqual(await claimContacts(sql, campaignId), [third])
  assert.deepEqual(await claimContacts(sql, campaignId), [])
  const { state, locked_by, locked_until, attempts_count } = await readContact(sql, first)
  assert.deepEqual(
    [state, locked_by, locked_until, attempts_count],
    ['in_progress', 'worker', '2026-06-10T12:10:00Z', 0],
  )
})

test('only a running campaign calls, and only between its start and its end', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  const claims = async (values: Values) => {
    const campaignId = await insertCampaign(sql, values)
    await insertContact(sql, campaignId)
    return (await claimContacts(sql, campaignId)).length
  }
  for (const status of ['draft', 'paused', 'completed', 'cancelled']) assert.equal(await claims({ status }), 0, status)
  assert.equal(await claims({ status: 'scheduled', starts_at: '2026-06-01T00:00:00Z' }), 0)
  assert.equal(await claims({ starts_at: '2026-06-10T12:00:01Z' }), 0)
  assert.equal(await claims({ starts_at: noon }), 1)
  assert.equal(await claims({ ends_at: noon }), 0)
  assert.equal(await claims({ ends_at: '2026-06-10T12:00:01Z' }), 1)
})

test('contacts that are not pending, without consent or without attempts left are not touched', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql, { requires_consent: false })
  const campaignId = await insertCampaign(sql, { max_attempts: 2 })
  for (const values of [
    { state: 'completed' },
    { state: 'refused' },
    { state: 'not_reached' },
    { state: 'excluded' },
    { state: 'excluded', do_not_call: true },
    { state: 'in_progress', locked_by: 'other', locked_until: noon },
    { attempts_count: 2 },
    { has_prior_consent: false, consent_source: null },
  ]) {
    await insertContact(sql, campaignId, values)
  }
  assert.deepEqual(await claimContacts(sql, campaignId), [])
  const [moved] = await sql`SELECT FROM survey.contacts WHERE next_attempt_at <> '2020-01-01T00:00:00Z'`
  assert.equal(moved, undefined)
  await sql`UPDATE survey.campaigns SET require_prior_consent = false, max_attempts = 3`
  assert.equal((await claimContacts(sql, campaignId)).length, 2)
})

test('a rule that asks for consent holds back those without, whatever the campaign asks for', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  const campaignId = await insertCampaign(sql, { require_prior_consent: false })
  const contactId = await insertContact(sql, campaignId, { has_prior_consent: false, consent_source: null })
  assert.deepEqual(await claimContacts(sql, campaignId), [])
  assert.deepEqual(await stateOf(sql, contactId), ['pending', laterByQuarter])
})

test('without a rule nobody is called, and the contact comes again a quarter of an hour later', async (t) => {
  const { sql } = await tenantDatabase(t)
  const campaignId = await insertCampaign(sql)
  const contactId = await insertContact(sql, campaignId, { country_code: 'IT' })
  assert.deepEqual(await claimContacts(sql, campaignId), [])
  assert.deepEqual(await stateOf(sql, contactId), ['pending', laterByQuarter])
  await insertRule(sql, { country_code: 'DE' })
  await insertRule(sql, { is_active: false })
  await insertRule(sql, { channel: 'sms' })
  await insertRule(sql, { valid_from: '2026-06-11' })
  await insertRule(sql, { valid_to: '2026-06-09' })
  assert.deepEqual(await claimContacts(sql, campaignId, laterByQuarter), [])
  await insertRule(sql, { country_code: 'IT' })
  assert.deepEqual(await claimContacts(sql, campaignId, '2026-06-10T12:30:00Z'), [contactId])
})

test('without a time, a limit, a worker or a lease nobody is called', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  const campaignId = await insertCampaign(sql)
  const contactId = await insertContact(sql, campaignId)
  const claim = async (rest: string) =>
    (await sql.unsafe(`SELECT survey.claim_due_contacts('${red}', '${campaignId}', ${rest})`)).length
  for (const at of ['NULL', `'infinity'`, `'-infinity'`]) assert.equal(await claim(`'w', p_at => ${at}`), 0, at)
  await assert.rejects(claim(`'w', NULL`), sqlState('22004'))
  await assert.rejects(claim(`'w', -1`), sqlState('2201W'))
  await assert.rejects(claim(`NULL, p_at => '${noon}'`), sqlState('23514'))
  await assert.rejects(claim(`'w', p_lease => NULL, p_at => '${noon}'`), sqlState('23514'))
  assert.deepEqual(await stateOf(sql, contactId), ['pending', '2020-01-01T00:00:00Z'])
  assert.equal(await claim(`'w', 2147483647, p_at => '${noon}'`), 1)
})

test('a number on the do-not-call list excludes the contact for good', async (t) => {
  const { sql } = await tenantDatabase(t)
  const campaignId = await insertCampaign(sql)
  const [listed, expired, elsewhere] = [newPhoneNumber(), newPhoneNumber(), newPhoneNumber()]
  const entry = { organisation_id: red, phone_number: listed, expires_at: '2026-06-10T12:00:01Z' }
  await insert(sql, 'telephony.exclusion_list_entries', entry)
  await insert(sql, 'telephony.exclusion_list_entries', { ...entry, phone_number: expired, expires_at: noon })
  await insert(sql, 'telephony.exclusion_list_entries', { ...entry, phone_number: elsewhere, organisation_id: blue })
  const excluded = await insertContact(sql, campaignId, { phone_number: listed })
  const callable = [
    await insertContact(sql, campaignId, { phone_number: expired }),
    await insertContact(sql, campaignId, { phone_number: elsewhere }),
  ]
  // Even where no rule would let anybody be called.
  assert.deepEqual(await claimContacts(sql, campaignId), [])
  const { state, do_not_call } = await readContact(sql, excluded)
  assert.deepEqual([state, do_not_call], ['excluded', true])
  await insertRule(sql)
  await sql`DELETE FROM telephony.exclusion_list_entries WHERE phone_number = ${listed}`
  assert.deepEqual([...(await claimContacts(sql, campaignId, '2026-06-10T13:00:00Z'))].sort(), callable.sort())
})

test('an opt-out from calls or from everything excludes the contact, others do not', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  const campaignId = await insertCampaign(sql)
  const contactOf = async (optOut: Values) => {
    const address = newPhoneNumber()
    await insert(sql, 'notify.opt_outs', { organisation_id: red, channel: 'phone', address, ...optOut })
    return await insertContact(sql, campaignId, { phone_number: address })
  }
  const excluded = [await contactOf({}), await contactOf({ channel: 'any' })]
  const callable = [
    await contactOf({ channel: 'email' }),
    await contactOf({ opted_out_at: '2026-01-01T00:00:00Z', revoked_at: '2026-01-02T00:00:00Z' }),
    await contactOf({ organisation_id: blue }),
  ]
  assert.deepEqual([...(await claimContacts(sql, campaignId))].sort(), callable.sort())
  for (const id of excluded) assert.equal((await readContact(sql, id)).state, 'excluded')
})

test('the limits of a day, of a week and the gap between calls hold back, and pass with time', async (t) => {
  const { sql } = await tenantDatabase(t)
  const ruleId = await insertRule(sql)
  for (const [limit, called, blockedAt, freeAt] of [
    ['max_attempts_per_day', '2026-06-10T00:00:00Z', '2026-06-10T23:59:59Z', '2026-06-11T00:15:00Z'],
    ['max_attempts_per_week', '2026-06-03T12:00:01Z', '2026-06-10T12:00:00Z', '2026-06-10T12:15:00Z'],
    ['min_gap_minutes', '2026-06-10T11:59:30Z', '2026-06-10T12:00:00Z', '2026-06-10T12:15:00Z'],
  ] as const) {
    await sql`UPDATE telephony.compliance_rules SET ${sql({ max_attempts_per_day: null, max_attempts_per_week: null, min_gap_minutes: null, [limit]: 1 })} WHERE id = ${ruleId}`
    const campaignId = await insertCampaign(sql)
    const contactId = await insertContact(sql, campaignId)
    await insertCall(sql, contactId, { queued_at: called })
    assert.deepEqual(await claimContacts(sql, campaignId, blockedAt), [], limit)
    assert.deepEqual(await claimContacts(sql, campaignId, freeAt), [contactId], limit)
  }
})

test('the day of the daily limit is the day of the contact, also when the clocks change', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql, { max_attempts_per_day: 1 })
  const isCallable = async (timezone: string, called: string, at: string) => {
    const campaignId = await insertCampaign(sql)
    const contactId = await insertContact(sql, campaignId, { timezone })
    await insertCall(sql, contactId, { queued_at: called })
    return (await claimContacts(sql, campaignId, at)).length === 1
  }
  assert.equal(await isCallable('Europe/Rome', '2026-06-10T21:30:00Z', '2026-06-10T22:00:00Z'), true)
  assert.equal(await isCallable('UTC', '2026-06-10T21:30:00Z', '2026-06-10T22:00:00Z'), false)
  // A day of 25 hours: 00:00 in summer time to 23:59 in winter time.
  assert.equal(await isCallable('Europe/Rome', '2026-10-24T22:00:00Z', '2026-10-25T22:59:00Z'), false)
  assert.equal(await isCallable('Europe/Rome', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'), true)
  // And one of 23 hours.
  assert.equal(await isCallable('Europe/Rome', '2026-03-28T23:00:00Z', '2026-03-29T21:59:00Z'), false)
  assert.equal(await isCallable('Europe/Rome', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'), true)
})

test('blocked contacts do not keep those behind them from being called', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql, { country_code: 'IT' })
  const campaignId = await insertCampaign(sql)
  for (let number = 0; number < 12; number++) await insertContact(sql, campaignId, { country_code: 'DE' })
  const contactId = await insertContact(sql, campaignId, {
    country_code: 'IT',
    next_attempt_at: '2020-01-02T00:00:00Z',
  })
  const found: string[] = []
  for (let round = 1; round <= 3; round++) found.push(...(await claimContacts(sql, campaignId, noon, { limit: 1 })))
  assert.deepEqual(found, [contactId])
})

test('a person who is leased in one campaign is not called for another at the same time', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  const phone_number = newPhoneNumber()
  const [one, two] = [await insertCampaign(sql), await insertCampaign(sql)]
  const first = await insertContact(sql, one, { phone_number })
  const second = await insertContact(sql, two, { phone_number })
  assert.deepEqual(await claimContacts(sql, one), [first])
  assert.deepEqual(await claimContacts(sql, two), [])
  assert.deepEqual(await stateOf(sql, second), ['pending', laterByQuarter])
  await sql`SELECT survey.record_call_outcome(${red}, ${await insertCall(sql, first)}, 'completed', ${noon})`
  assert.deepEqual(await claimContacts(sql, two, laterByQuarter), [second])
  await sql`UPDATE survey.contacts SET state = 'pending', next_attempt_at = ${noon} WHERE id = ${first}`
  await insert(sql, 'telephony.exclusion_list_entries', { organisation_id: red, phone_number })
  assert.deepEqual(await claimContacts(sql, one, laterByQuarter), [])
  assert.equal((await readContact(sql, first)).state, 'excluded', 'the list counts even then')
})

test('of two workers that come to the same person in two campaigns at the same moment one calls', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  await insertRule(sql)
  const phone_number = newPhoneNumber()
  const [one, two] = [await insertCampaign(sql), await insertCampaign(sql)]
  const first = await insertContact(sql, one, { phone_number })
  await insertContact(sql, two, { phone_number })
  const other = openClient(t, url).sql
  await other`SET statement_timeout = '5s'`
  await asApp(sql, async (transaction) => {
    const claimed = await transaction`
      SELECT id FROM survey.claim_due_contacts(${red}, ${one}, 'one', p_at => ${noon})`
    assert.deepEqual(
      claimed.map(({ id }) => id),
      [first],
    )
    assert.deepEqual(await claimContacts(other, two), [])
  })
})

test('another organisation claims and releases nothing, nor does a reader', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  await insertRule(sql, { organisation_id: blue })
  const campaignId = await insertCampaign(sql)
  const contactId = await insertContact(sql, campaignId)
  const leased = await insertContact(sql, campaignId, { state: 'in_progress', locked_by: 'w', locked_until: noon })
  const call = `SELECT (SELECT count(*)::int FROM survey.claim_due_contacts('${red}', '${campaignId}', 'w', p_at => '${noon}')) AS claimed,
    survey.release_expired_contacts('${red}', '2027-01-01T00:00:00Z') AS released`
  const [answer] = await asApp(sql, async (transaction) => await transaction.unsafe(call), blue)
  assert.deepEqual({ ...answer }, { claimed: 0, released: 0 })
  assert.equal((await readContact(sql, contactId)).state, 'pending')
  assert.equal((await readContact(sql, leased)).state, 'in_progress')
  const reader = { organisationId: red, role: 'schemaway_readonly' }
  await assert.rejects(
    withOrganisation(sql, reader, async (transaction) => await transaction.unsafe(call)),
    sqlState('42501'),
  )
})

test('expired leases are given back, those that hold or are being ended are not', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  const campaignId = await insertCampaign(sql)
  const lease = async (locked_until: string, organisation_id: string = red, campaign = campaignId) =>
    await insertContact(sql, campaign, { organisation_id, state: 'in_progress', locked_by: 'w', locked_until })
  const expired = await lease('2026-06-10T11:59:59Z')
  const held = await lease(noon)
  const elsewhere = await insertCampaign(sql, { organisation_id: blue })
  const other = await lease('2020-01-01T00:00:00Z', blue, elsewhere)
  const busy = await lease('2026-06-10T11:00:00Z')
  const client = openClient(t, url).sql
  await client`SET statement_timeout = '5s'`
  const release = async (at: string | null = noon) => {
    const [row] = await client<{ released: number }[]>`
      SELECT survey.release_expired_contacts(${red}, ${at}) AS released`
    return row?.released
  }
  await openClient(t, url).sql.begin(async (transaction) => {
    await transaction`SELECT FROM survey.contacts WHERE id = ${busy} FOR UPDATE`
    assert.equal(await release(), 1)
  })
  const { state, locked_by, locked_until, attempts_count } = await readContact(sql, expired)
  assert.deepEqual([state, locked_by, locked_until, attempts_count], ['pending', null, null, 0])
  assert.equal(await release(), 1)
  assert.equal(await release(), 0)
  assert.equal((await readContact(sql, held)).state, 'in_progress')
  assert.equal((await readContact(sql, other)).state, 'in_progress')
  assert.equal(await release(null), 0)
})
