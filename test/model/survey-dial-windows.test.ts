import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { ids, tenantDatabase } from './model-database.js'
import { asApp, claimContacts, insertCampaign, insertContact, insertRule, readContact } from './survey-data.js'

const { red } = ids

/** What becomes of a contact at a moment: it is called, or waits for the moment that is named. */
type Case = readonly [zone: string, at: string, next: string]

const called = 'called'
const officeHours = { allowed_call_start_local: '09:00', allowed_call_end_local: '20:00' }

async function assertCases(sql: Sql, window: typeof officeHours, cases: readonly Case[]): Promise<void> {
  for (const [timezone, at, expected] of cases) {
    const campaignId = await insertCampaign(sql, window)
    const contactId = await insertContact(sql, campaignId, { timezone })
    const claimed = await claimContacts(sql, campaignId, at)
    const { state, next_attempt_at } = await readContact(sql, contactId)
    const outcome = claimed.length === 1 ? called : next_attempt_at
    assert.equal(outcome, expected, `${timezone} at ${at}`)
    assert.equal(state, claimed.length === 1 ? 'in_progress' : 'pending')
  }
}

test('the window begins at its start, ends before its end, and is that of the zone of the contact', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  await assertCases(sql, officeHours, [
    ['UTC', '2026-06-10T08:59:59Z', '2026-06-10T09:00:00Z'],
    ['UTC', '2026-06-10T09:00:00Z', called],
    ['UTC', '2026-06-10T19:59:59Z', called],
    ['UTC', '2026-06-10T20:00:00Z', '2026-06-11T09:00:00Z'],
    ['Asia/Tokyo', '2026-06-10T11:00:00Z', '2026-06-11T00:00:00Z'],
    ['Asia/Tokyo', '2026-06-10T10:59:59Z', called],
    ['Asia/Kathmandu', '2026-06-10T03:14:59Z', '2026-06-10T03:15:00Z'],
    ['Asia/Kathmandu', '2026-06-10T03:15:00Z', called],
    // A day ahead of UTC, and a day behind.
    ['Pacific/Kiritimati', '2026-06-10T18:59:59Z', '2026-06-10T19:00:00Z'],
    ['Pacific/Kiritimati', '2026-06-10T06:00:00Z', '2026-06-10T19:00:00Z'],
    ['Pacific/Kiritimati', '2026-06-10T19:00:00Z', called],
    ['Pacific/Niue', '2026-06-11T07:00:00Z', '2026-06-11T20:00:00Z'],
    ['Pacific/Niue', '2026-06-11T06:59:59Z', called],
    ['Europe/Rome', '2026-12-31T19:00:00Z', '2027-01-01T08:00:00Z'],
  ])
})

test('when the clocks go forward the next window begins an hour earlier in UTC', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  await assertCases(sql, officeHours, [
    ['Europe/Rome', '2026-03-28T18:59:59Z', called],
    ['Europe/Rome', '2026-03-28T19:00:00Z', '2026-03-29T07:00:00Z'],
    ['Europe/Rome', '2026-03-29T00:59:59Z', '2026-03-29T07:00:00Z'],
    ['Europe/Rome', '2026-03-29T01:00:00Z', '2026-03-29T07:00:00Z'],
    ['Europe/Rome', '2026-03-29T07:00:00Z', called],
    ['America/New_York', '2026-03-08T01:00:00Z', '2026-03-08T13:00:00Z'],
    ['America/New_York', '2026-03-08T12:59:59Z', '2026-03-08T13:00:00Z'],
    ['America/New_York', '2026-03-08T13:00:00Z', called],
    ['Pacific/Auckland', '2026-09-26T09:00:00Z', '2026-09-26T20:00:00Z'],
    ['Pacific/Auckland', '2026-09-26T20:00:00Z', called],
    ['Australia/Lord_Howe', '2026-10-03T10:00:00Z', '2026-10-03T22:00:00Z'],
  ])
})

test('when the clocks go back the next window begins an hour later in UTC', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  await assertCases(sql, officeHours, [
    ['Europe/Rome', '2026-10-24T17:59:59Z', called],
    ['Europe/Rome', '2026-10-24T18:00:00Z', '2026-10-25T08:00:00Z'],
    ['Europe/Rome', '2026-10-25T07:00:00Z', '2026-10-25T08:00:00Z'],
    ['Europe/Rome', '2026-10-25T18:59:59Z', called],
    ['Europe/Rome', '2026-10-25T19:00:00Z', '2026-10-26T08:00:00Z'],
    ['America/New_York', '2026-11-01T00:00:00Z', '2026-11-01T14:00:00Z'],
    ['America/New_York', '2026-11-01T14:00:00Z', called],
    ['Pacific/Auckland', '2026-04-04T08:00:00Z', '2026-04-04T21:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T10:00:00Z', '2026-04-04T22:30:00Z'],
  ])
})

test('a start that does not exist on the day of the change comes as much later as the clocks go forward', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  await assertCases(sql, { allowed_call_start_local: '02:30', allowed_call_end_local: '20:00' }, [
    ['Europe/Rome', '2026-03-29T00:59:59Z', '2026-03-29T01:30:00Z'],
    // 03:00, right after the change: later than 02:30.
    ['Europe/Rome', '2026-03-29T01:00:00Z', called],
    ['Europe/Rome', '2026-03-29T01:30:00Z', called],
  ])
  await assertCases(sql, { allowed_call_start_local: '00:00', allowed_call_end_local: '20:00' }, [
    ['Africa/Cairo', '2026-04-23T18:00:00Z', '2026-04-23T22:00:00Z'],
    ['Africa/Cairo', '2026-04-23T22:00:00Z', called],
  ])
  // A window that falls out altogether: the contact waits for the next day.
  await assertCases(sql, { allowed_call_start_local: '02:10', allowed_call_end_local: '02:50' }, [
    ['Europe/Rome', '2026-03-29T00:00:00Z', '2026-03-29T01:10:00Z'],
    ['Europe/Rome', '2026-03-29T01:10:00Z', '2026-03-30T00:10:00Z'],
    ['Europe/Rome', '2026-03-30T00:10:00Z', called],
  ])
})

test('a start that exists twice is awaited the second time, but whoever comes in between is called', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  await assertCases(sql, { allowed_call_start_local: '02:30', allowed_call_end_local: '20:00' }, [
    ['Europe/Rome', '2026-10-24T23:59:00Z', '2026-10-25T01:30:00Z'],
    ['Europe/Rome', '2026-10-25T00:29:59Z', '2026-10-25T01:30:00Z'],
    // 02:30 in summer time.
    ['Europe/Rome', '2026-10-25T00:30:00Z', called],
    // 02:00 in winter time.
    ['Europe/Rome', '2026-10-25T01:00:00Z', '2026-10-25T01:30:00Z'],
    ['Europe/Rome', '2026-10-25T01:30:00Z', called],
  ])
  // An end that exists twice: open in both hours.
  await assertCases(sql, { allowed_call_start_local: '01:00', allowed_call_end_local: '02:30' }, [
    ['Europe/Rome', '2026-10-25T00:29:59Z', called],
    ['Europe/Rome', '2026-10-25T00:30:00Z', '2026-10-26T00:00:00Z'],
    ['Europe/Rome', '2026-10-25T01:29:59Z', called],
  ])
})

test('a contact without a zone is called by that of the campaign', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  const campaignId = await insertCampaign(sql, { ...officeHours, timezone: 'Asia/Tokyo' })
  const without = await insertContact(sql, campaignId)
  const rome = await insertContact(sql, campaignId, { timezone: 'Europe/Rome' })
  assert.deepEqual(await claimContacts(sql, campaignId, '2026-06-10T00:00:00Z'), [without])
  assert.equal((await readContact(sql, rome)).next_attempt_at, '2026-06-10T07:00:00Z')
})

test('the rule of the country counts inside the window of the campaign', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  await insertRule(sql, { country_code: 'IT', window_start_local: '10:00', allowed_weekdays: '{1,2,3,4,5}' })
  const campaignId = await insertCampaign(sql, officeHours)
  const contactId = await insertContact(sql, campaignId, { timezone: 'Europe/Rome', country_code: 'IT' })
  for (const [at, next] of [
    ['2026-06-10T07:30:00Z', '2026-06-10T07:45:00Z'],
    // Saturday in Rome.
    ['2026-06-13T10:00:00Z', '2026-06-13T10:15:00Z'],
  ] as const) {
    assert.deepEqual(await claimContacts(sql, campaignId, at), [])
    assert.equal((await readContact(sql, contactId)).next_attempt_at, next)
  }
  assert.deepEqual(await claimContacts(sql, campaignId, '2026-06-15T08:00:00Z'), [contactId])
})

test('in every zone and at every hour around the changes a contact is called in its window or moves to the next', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertRule(sql)
  const campaignId = await insertCampaign(sql, officeHours)
  await sql`
    INSERT INTO survey.contacts (organisation_id, campaign_id, phone_number, timezone, has_prior_consent, consent_source)
    SELECT ${red}, ${campaignId}, '+4930' || lpad(row_number() OVER (ORDER BY name)::text, 7, '0'), name, true, 'import'
    FROM pg_timezone_names WHERE iam.is_timezone(name)`
  let calls = 0
  for (const day of ['2026-03-28T12:00:00Z', '2026-10-24T12:00:00Z']) {
    for (let hours = 0; hours <= 24; hours += 3) {
      const at = new Date(Date.parse(day) + hours * 3_600_000).toISOString()
      await sql`UPDATE survey.contacts SET state = 'pending', locked_by = NULL, locked_until = NULL,
        next_attempt_at = '2020-01-01T00:00:00Z'`
      const claimed = await asApp(
        sql,
        async (transaction) =>
          await transaction`
          SELECT id FROM survey.claim_due_contacts(${red}, ${campaignId}, 'worker', 1000, p_at => ${at})`,
      )
      calls += claimed.length
      // A night has 13 hours, and two more in Antarctica/Troll when the clocks go back.
      const wrong = await sql`
        SELECT timezone, state, next_attempt_at
        FROM survey.contacts, LATERAL (SELECT (${at}::timestamptz AT TIME ZONE timezone)::time) AS l (now_local)
        WHERE CASE
          WHEN now_local >= '09:00' AND now_local < '20:00' THEN state <> 'in_progress'
          ELSE state <> 'pending'
            OR (next_attempt_at AT TIME ZONE timezone)::time <> '09:00'
            OR next_attempt_at <= ${at}::timestamptz
            OR next_attempt_at > ${at}::timestamptz + interval '15 hours'
        END`
      assert.deepEqual([...wrong], [], at)
    }
  }
  assert.ok(calls > 1000)
})
