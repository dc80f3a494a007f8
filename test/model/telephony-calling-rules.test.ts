import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { addCalls, addRule, askReason, phone } from './calling-rules.js'
import { ids, sqlState, tenantDatabase } from './model-database.js'

const { red, blue } = ids
/** A Monday. */
const monday = '2026-03-02 12:00:00+00'

test('the first reason that applies is given, in the order of the specification', async (t) => {
  const { sql } = await tenantDatabase(t)
  const ask = async (hasConsent = false): Promise<unknown> => await askReason(sql, { at: monday, hasConsent })
  await sql`INSERT INTO telephony.exclusion_list_entries (organisation_id, phone_number) VALUES (${red}, ${phone})`
  await addCalls(sql, ['2026-03-02 11:59:00+00'])
  assert.equal(await ask(), 'do_not_call')
  await sql`DELETE FROM telephony.exclusion_list_entries`
  assert.equal(await ask(), 'no_rule')
  await addRule(sql, 'strict', {
    allowed_weekdays: `'{2}'`,
    window_start_local: `'13:00'`,
    max_attempts_per_day: '1',
    max_attempts_per_week: '1',
    min_gap_minutes: '60',
    requires_consent: 'true',
  })
  assert.equal(await ask(), 'consent_missing')
  assert.equal(await ask(true), 'weekday')
  const relax: readonly [change: string, next: string | null][] = [
    [`allowed_weekdays = '{1}'`, 'outside_window'],
    [`window_start_local = '12:00'`, 'daily_limit'],
    ['max_attempts_per_day = NULL', 'weekly_limit'],
    ['max_attempts_per_week = NULL', 'min_gap'],
    ['min_gap_minutes = NULL', null],
  ]
  for (const [change, next] of relax) {
    await sql.unsafe(`UPDATE telephony.compliance_rules SET ${change}`)
    assert.equal(await ask(true), next, change)
  }
})

test('without a rule in force no number may be called', async (t) => {
  const { sql } = await tenantDatabase(t)
  const ask = async (): Promise<unknown> => await askReason(sql, { at: monday })
  assert.equal(await ask(), 'no_rule')
  await addRule(sql, 'rule')
  assert.equal(await ask(), null)
  const notInForce = [
    'is_active = false',
    `channel = 'sms'`,
    `country_code = 'IT'`,
    `valid_from = '2026-03-03'`,
    `valid_to = '2026-03-01'`,
    `organisation_id = '${blue}'`,
  ]
  for (const change of notInForce) {
    await sql.unsafe(`UPDATE telephony.compliance_rules SET ${change}`)
    assert.equal(await ask(), 'no_rule', change)
    await sql`DELETE FROM telephony.compliance_rules`
    await addRule(sql, 'rule')
  }
})

test('a rule holds from its first local day to its last', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { valid_from: `'2026-03-02'`, valid_to: `'2026-03-02'` })
  const ask = async (at: string): Promise<unknown> => await askReason(sql, { at, zone: 'Asia/Tokyo' })
  assert.equal(await ask('2026-03-01 14:59:59+00'), 'no_rule')
  assert.equal(await ask('2026-03-01 15:00:00+00'), null)
  assert.equal(await ask('2026-03-02 14:59:59+00'), null)
  assert.equal(await ask('2026-03-02 15:00:00+00'), 'no_rule')
})

test('the rule of the country goes before the general one, then the youngest, then the highest id', async (t) => {
  const { sql } = await tenantDatabase(t)
  // The weekday that a rule allows tells the rules apart: its question is answered by one of them only.
  const day = (number: number): Record<string, string> => ({ allowed_weekdays: `'{${number}}'` })
  await addRule(sql, 'general, old', { ...day(1), valid_from: `'2026-01-01'` })
  await addRule(sql, 'general, young', { ...day(2), valid_from: `'2026-02-01'` })
  await addRule(sql, 'Italy, old', { ...day(3), country_code: `'IT'`, valid_from: `'2025-01-01'` })
  await addRule(sql, 'France', { ...day(7), country_code: `'FR'`, valid_from: `'2026-02-15'` })
  const allowedDays = async (country: string | null): Promise<readonly number[]> => {
    const days: number[] = []
    for (let number = 1; number <= 7; number++) {
      if ((await askReason(sql, { at: `2026-03-0${number + 1} 12:00:00+00`, country })) === null) days.push(number)
    }
    return days
  }
  assert.deepEqual(await allowedDays(null), [2])
  assert.deepEqual(await allowedDays('DE'), [2])
  assert.deepEqual(await allowedDays('IT'), [3])
  assert.deepEqual(await allowedDays('it'), [3], 'a country in lower case must not fall back to a looser rule')
  await addRule(sql, 'Italy, young, low id', {
    ...day(4),
    country_code: `'IT'`,
    valid_from: `'2026-01-01'`,
    id: `'00000000-0000-7000-8000-000000000001'`,
  })
  assert.deepEqual(await allowedDays('IT'), [4])
  await addRule(sql, 'Italy, young, high id', { ...day(5), country_code: `'IT'`, valid_from: `'2026-01-01'` })
  assert.deepEqual(await allowedDays('IT'), [5])
})

test('consent counts only when it is known to be there', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { requires_consent: 'true' })
  assert.equal(await askReason(sql, { at: monday, hasConsent: true }), null)
  assert.equal(await askReason(sql, { at: monday, hasConsent: false }), 'consent_missing')
  assert.equal(await askReason(sql, { at: monday, hasConsent: null }), 'consent_missing')
  const [row] = await sql`SELECT telephony.call_block_reason(${red}, ${phone}) AS reason`
  assert.equal(row?.['reason'], 'consent_missing', 'by default there is none')
})

test('outbound calls to the number count unless they were cancelled, up to the time in question', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { max_attempts_per_day: '1' })
  await addCalls(sql, ['2026-03-02 10:00:00+00'], { direction: `'inbound'` })
  await addCalls(sql, ['2026-03-02 10:00:00+00'], { status: `'cancelled'` })
  await addCalls(sql, ['2026-03-02 12:00:00.000001+00'])
  await sql`
    INSERT INTO telephony.call_attempts (organisation_id, call_id, to_number, queued_at)
    VALUES (${blue}, 'blue', ${phone}, ${monday}), (${red}, 'other', '+390612346', ${monday})`
  assert.equal(await askReason(sql, { at: monday }), null)
  for (const status of ['queued', 'completed', 'failed', 'no_answer', 'busy']) {
    await addCalls(sql, [monday], { status: `'${status}'` })
    assert.equal(await askReason(sql, { at: monday }), 'daily_limit', status)
    await sql`DELETE FROM telephony.call_attempts WHERE queued_at = ${monday} AND to_number = ${phone} AND call_id <> 'blue'`
  }
})

test('a limit is reached when as many calls were made as it says', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { max_attempts_per_day: '2', max_attempts_per_week: '3' })
  await addCalls(sql, ['2026-03-02 09:00:00+00'])
  assert.equal(await askReason(sql, { at: monday }), null)
  await addCalls(sql, ['2026-03-02 10:00:00+00'])
  assert.equal(await askReason(sql, { at: monday }), 'daily_limit')
  assert.equal(await askReason(sql, { at: '2026-03-03 00:00:00+00' }), null)
  await addCalls(sql, ['2026-03-03 00:00:00+00'])
  assert.equal(await askReason(sql, { at: '2026-03-04 00:00:00+00' }), 'weekly_limit')
})

test('the week rolls: a call counts for 168 hours', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { max_attempts_per_week: '1' })
  await addCalls(sql, [monday])
  assert.equal(await askReason(sql, { at: '2026-03-09 11:59:59+00' }), 'weekly_limit')
  assert.equal(await askReason(sql, { at: '2026-03-09 12:00:00+00' }), null)
})

test('the gap is over after the last of its minutes, also when it is longer than a week', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { min_gap_minutes: '60' })
  await addCalls(sql, ['2026-03-01 12:00:00+00', monday])
  assert.equal(await askReason(sql, { at: '2026-03-02 12:59:59+00' }), 'min_gap')
  assert.equal(await askReason(sql, { at: '2026-03-02 13:00:00+00' }), null)
  await sql`UPDATE telephony.compliance_rules SET min_gap_minutes = 14 * 24 * 60`
  assert.equal(await askReason(sql, { at: '2026-03-16 11:59:59+00' }), 'min_gap')
  assert.equal(await askReason(sql, { at: '2026-03-16 12:00:00+00' }), null)
  await sql`UPDATE telephony.compliance_rules SET min_gap_minutes = 2147483647`
  assert.equal(await askReason(sql, { at: '2026-03-16 12:00:00+00' }), 'min_gap')
  await sql`UPDATE telephony.compliance_rules SET min_gap_minutes = 0`
  assert.equal(await askReason(sql, { at: monday }), null)
})

test('another organisation, and an application without context, get no permission', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule')
  assert.equal(await askReason(sql, { at: monday, organisation: blue }), 'no_rule')
  const ask = `SELECT telephony.call_block_reason('${red}', '${phone}', p_has_consent => true) AS reason`
  const asBlue = { organisationId: blue, role: defaultRoleNames.app }
  assert.deepEqual(await withOrganisation(sql, asBlue, async (tx) => [...(await tx.unsafe(ask))]), [
    { reason: 'no_rule' },
  ])
  const outside = await sql.begin(async (tx) => {
    await tx.unsafe(`SET LOCAL ROLE ${defaultRoleNames.app}`)
    return await tx.unsafe(ask).values()
  })
  assert.deepEqual(outside[0], ['no_rule'])
})

test('at an unknown time or in an unknown zone nobody is called', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule')
  assert.equal(await askReason(sql, { at: null }), 'no_rule')
  assert.equal(await askReason(sql, { at: monday, zone: null }), 'no_rule')
  for (const zone of ['', 'Mars/Olympus', 'UTC+2', 'FOO-5', 'EST5EDT', '+02']) {
    await assert.rejects(askReason(sql, { at: monday, zone }), sqlState('22023'), zone)
  }
})

test('infinity has no hour at which anybody could be called', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'open')
  assert.equal(await askReason(sql, { at: monday }), null)
  for (const at of ['infinity', '-infinity']) {
    const [row] = await sql`
      SELECT telephony.call_block_reason(${red}, ${phone}, p_at => ${at}::text::timestamptz) AS reason`
    assert.equal(row?.['reason'], 'no_rule', at)
  }
})

test('the default rule is cautious, is installed once, and leaves a rule of that name alone', async (t) => {
  const { sql } = await tenantDatabase(t)
  const install = async (organisation: string): Promise<unknown> =>
    (await sql`SELECT telephony.install_default_rules(${organisation}) AS inserted`)[0]?.['inserted']
  assert.deepEqual([await install(red), await install(red)], [1, 0])
  const [rule] = await sql`
    SELECT name, country_code, channel, allowed_weekdays::text, window_start_local::text, window_end_local::text,
      max_attempts_per_day, max_attempts_per_week, min_gap_minutes, requires_consent, valid_from::text, valid_to, is_active
    FROM telephony.compliance_rules`
  assert.deepEqual(rule, {
    name: 'default',
    country_code: null,
    channel: 'phone',
    allowed_weekdays: '{1,2,3,4,5,6}',
    window_start_local: '09:00:00',
    window_end_local: '20:00:00',
    max_attempts_per_day: 3,
    max_attempts_per_week: 7,
    min_gap_minutes: 60,
    requires_consent: true,
    valid_from: '2026-01-01',
    valid_to: null,
    is_active: true,
  })
  await addRule(sql, 'own', { organisation_id: `'${blue}'` })
  await sql`UPDATE telephony.compliance_rules SET name = 'default' WHERE name = 'own'`
  assert.equal(await install(blue), 0)
  const asRed = { organisationId: red, role: defaultRoleNames.app }
  await assert.rejects(
    withOrganisation(sql, asRed, async (tx) => await tx`SELECT telephony.install_default_rules(${blue})`),
    sqlState('42501'),
  )
})
