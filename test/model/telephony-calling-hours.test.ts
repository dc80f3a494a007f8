import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addCalls, addRule, askReason } from './calling-rules.js'
import { openClient, tenantDatabase } from './model-database.js'

const window = { window_start_local: `'09:00'`, window_end_local: `'20:00'` }

test('the window opens with its first minute and closes before its last', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', window)
  assert.equal(await askReason(sql, { at: '2026-03-02 08:59:59.999999+00' }), 'outside_window')
  assert.equal(await askReason(sql, { at: '2026-03-02 09:00:00+00' }), null)
  assert.equal(await askReason(sql, { at: '2026-03-02 19:59:59.999999+00' }), null)
  assert.equal(await askReason(sql, { at: '2026-03-02 20:00:00+00' }), 'outside_window')
})

test('a window may reach to the end of the day', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { window_start_local: `'00:00'`, window_end_local: `'24:00'` })
  assert.equal(await askReason(sql, { at: '2026-03-02 00:00:00+00' }), null)
  assert.equal(await askReason(sql, { at: '2026-03-02 23:59:59.999999+00' }), null)
})

/** The instants at which the window of 9 to 20 opens and closes on a day, by the clocks of a zone. */
const openings: readonly [zone: string, what: string, opens: string, closes: string][] = [
  ['Europe/Rome', 'the day before summer time', '2026-03-28 08:00:00+00', '2026-03-28 19:00:00+00'],
  ['Europe/Rome', 'the day when clocks go forward', '2026-03-29 07:00:00+00', '2026-03-29 18:00:00+00'],
  ['Europe/Rome', 'the day before winter time', '2026-10-24 07:00:00+00', '2026-10-24 18:00:00+00'],
  ['Europe/Rome', 'the day when clocks go back', '2026-10-25 08:00:00+00', '2026-10-25 19:00:00+00'],
  ['America/New_York', 'the day before summer time', '2026-03-07 14:00:00+00', '2026-03-08 01:00:00+00'],
  ['America/New_York', 'the day when clocks go forward', '2026-03-08 13:00:00+00', '2026-03-09 00:00:00+00'],
  ['America/New_York', 'the day when clocks go back', '2026-11-01 14:00:00+00', '2026-11-02 01:00:00+00'],
  ['Asia/Tokyo', 'a zone without summer time', '2026-03-29 00:00:00+00', '2026-03-29 11:00:00+00'],
  ['Asia/Tokyo', 'a zone without summer time', '2026-10-25 00:00:00+00', '2026-10-25 11:00:00+00'],
  ['Asia/Kathmandu', 'a zone of odd minutes', '2026-03-29 03:15:00+00', '2026-03-29 14:15:00+00'],
  ['Pacific/Kiritimati', 'the day before that of UTC', '2026-03-28 19:00:00+00', '2026-03-29 06:00:00+00'],
]

test('the window follows the clocks of the zone, on the days when they change, too', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', window)
  for (const [zone, what, opens, closes] of openings) {
    await t.test(`${zone}, ${what}`, async () => {
      assert.equal(await askReason(sql, { zone, at: secondBefore(opens) }), 'outside_window')
      assert.equal(await askReason(sql, { zone, at: opens }), null)
      assert.equal(await askReason(sql, { zone, at: secondBefore(closes) }), null)
      assert.equal(await askReason(sql, { zone, at: closes }), 'outside_window')
    })
  }
})

test('the hour that summer time takes away, and the one that comes twice, are judged by their clock', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { window_start_local: `'02:00'`, window_end_local: `'03:00'` })
  const ask = async (at: string): Promise<unknown> => await askReason(sql, { zone: 'Europe/Rome', at })
  // 2026-03-29: 01:59:59 is followed by 03:00:00.
  assert.equal(await ask('2026-03-29 00:59:59+00'), 'outside_window')
  assert.equal(await ask('2026-03-29 01:00:00+00'), 'outside_window')
  // 2026-10-25: 02:30 comes twice.
  assert.equal(await ask('2026-10-24 23:59:59+00'), 'outside_window')
  assert.equal(await ask('2026-10-25 00:30:00+00'), null)
  assert.equal(await ask('2026-10-25 01:30:00+00'), null)
  assert.equal(await ask('2026-10-25 02:00:00+00'), 'outside_window')
})

test('the weekday is that of the person called', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { allowed_weekdays: `'{1}'` })
  // Sunday 23:30 in UTC is Monday in Rome; Monday 03:00 in UTC is Sunday in New York.
  assert.equal(await askReason(sql, { zone: 'Europe/Rome', at: '2026-03-01 23:30:00+00' }), null)
  assert.equal(await askReason(sql, { zone: 'UTC', at: '2026-03-01 23:30:00+00' }), 'weekday')
  assert.equal(await askReason(sql, { zone: 'America/New_York', at: '2026-03-02 03:00:00+00' }), 'weekday')
  await sql`UPDATE telephony.compliance_rules SET allowed_weekdays = '{7}'`
  assert.equal(await askReason(sql, { zone: 'America/New_York', at: '2026-03-02 03:00:00+00' }), null)
})

/** The first instant of a day by the clocks of a zone, and the first of the next day. */
const days: readonly [zone: string, what: string, begins: string, ends: string][] = [
  ['Europe/Rome', 'a day of 23 hours', '2026-03-28 23:00:00+00', '2026-03-29 22:00:00+00'],
  ['Europe/Rome', 'a day of 25 hours', '2026-10-24 22:00:00+00', '2026-10-25 23:00:00+00'],
  ['America/New_York', 'a day of 23 hours', '2026-03-08 05:00:00+00', '2026-03-09 04:00:00+00'],
  ['America/New_York', 'a day of 25 hours', '2026-11-01 04:00:00+00', '2026-11-02 05:00:00+00'],
  ['Asia/Tokyo', 'a day of 24 hours', '2026-03-28 15:00:00+00', '2026-03-29 15:00:00+00'],
  ['Atlantic/Azores', 'a day that begins at one', '2026-03-29 01:00:00+00', '2026-03-30 00:00:00+00'],
  ['Atlantic/Azores', 'a day with two midnights', '2026-10-25 00:00:00+00', '2026-10-26 01:00:00+00'],
]

test('the daily limit counts from local midnight', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addRule(sql, 'rule', { max_attempts_per_day: '1' })
  for (const [zone, what, begins, ends] of days) {
    await t.test(`${zone}, ${what}`, async () => {
      await sql`DELETE FROM telephony.call_attempts`
      await addCalls(sql, [secondBefore(begins)])
      assert.equal(await askReason(sql, { zone, at: begins }), null, 'that call was made the day before')
      await addCalls(sql, [begins])
      assert.equal(await askReason(sql, { zone, at: begins }), 'daily_limit')
      assert.equal(await askReason(sql, { zone, at: secondBefore(ends) }), 'daily_limit')
      assert.equal(await askReason(sql, { zone, at: ends }), null)
    })
  }
})

test('the answer does not depend on the time zone of the session', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  await addRule(sql, 'rule', { max_attempts_per_week: '1' })
  // Over the night when clocks went forward in Rome: 7 days there are 167 hours.
  await addCalls(sql, ['2026-03-26 12:00:00+00'])
  const { sql: session } = openClient(t, url)
  for (const timezone of ['UTC', 'Europe/Rome', 'America/New_York', 'Asia/Tokyo']) {
    await session.unsafe(`SET TimeZone = '${timezone}'`)
    const ask = async (at: string): Promise<unknown> => await askReason(session, { zone: 'Europe/Rome', at })
    assert.equal(await ask('2026-04-02 11:59:59+00'), 'weekly_limit', timezone)
    assert.equal(await ask('2026-04-02 12:00:00+00'), null, timezone)
  }
})

function secondBefore(time: string): string {
  return new Date(Date.parse(time) - 1000).toISOString()
}
