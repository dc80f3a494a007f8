import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { downFiles, runFiles, upFiles } from './bundled-files.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'

const { red, blue } = ids
const number = '+390612345'
const noon = '2026-03-02 12:00:00+00'

async function isDoNotCall(
  sql: Sql | TransactionSql,
  at: string | null = noon,
  organisation: string = red,
): Promise<unknown> {
  const [row] = await sql`SELECT telephony.is_do_not_call(${organisation}, ${number}, ${at}) AS answer`
  return row?.['answer']
}

test('a number on the list must not be called until its entry expires', async (t) => {
  const { sql } = await tenantDatabase(t)
  assert.equal(await isDoNotCall(sql), false)
  await sql`INSERT INTO telephony.exclusion_list_entries (organisation_id, phone_number) VALUES (${red}, ${number})`
  assert.equal(await isDoNotCall(sql), true)
  await sql`UPDATE telephony.exclusion_list_entries SET expires_at = '2026-03-02 12:00:00.000001+00'`
  assert.equal(await isDoNotCall(sql), true)
  await sql`UPDATE telephony.exclusion_list_entries SET expires_at = ${noon}`
  assert.equal(await isDoNotCall(sql), false, 'the end is exclusive')
  assert.equal(await isDoNotCall(sql, '2026-03-02 11:59:59+00'), true)
})

test('the list is asked about now unless a time is given', async (t) => {
  const { sql } = await tenantDatabase(t)
  await sql`
    INSERT INTO telephony.exclusion_list_entries (organisation_id, phone_number, expires_at) VALUES
      (${red}, '+390612345', now() + interval '1 hour'), (${red}, '+390612346', now() - interval '1 hour')`
  const rows = await sql`
    SELECT telephony.is_do_not_call(${red}, phone) AS answer FROM (VALUES ('+390612345'), ('+390612346')) AS v (phone)`
  assert.deepEqual([...rows], [{ answer: true }, { answer: false }])
})

test('at an unknown time an entry counts, whether it expires or not', async (t) => {
  const { sql } = await tenantDatabase(t)
  assert.equal(await isDoNotCall(sql, null), false)
  await sql`
    INSERT INTO telephony.exclusion_list_entries (organisation_id, phone_number, expires_at)
    VALUES (${red}, ${number}, '2020-01-01')`
  assert.equal(await isDoNotCall(sql, null), true)
})

test('a number that the list could not hold is an error, not a number that may be called', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const functionName of ['is_do_not_call', 'call_block_reason']) {
    for (const wrong of ['+39 06 12345', '0612345', '00390612345', '+390612345 ', '']) {
      const ask = sql.unsafe(`SELECT telephony.${functionName}($1, $2)`, [red, wrong]).execute()
      await assert.rejects(ask, { code: '23514', constraint_name: 'ck_e164' }, wrong)
    }
    await assert.rejects(sql.unsafe(`SELECT telephony.${functionName}($1, NULL)`, [red]).execute(), sqlState('22004'))
  }
})

test('an opt-out of calls or of everything counts at once, and no more once it is revoked', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const channel of ['phone', 'any']) {
    await sql`INSERT INTO notify.opt_outs (organisation_id, channel, address) VALUES (${red}, ${channel}, ${number})`
    assert.equal(await isDoNotCall(sql), true, channel)
    await sql`UPDATE notify.opt_outs SET revoked_at = now()`
    assert.equal(await isDoNotCall(sql), false, channel)
  }
  await sql`INSERT INTO notify.opt_outs (organisation_id, channel, address) VALUES (${red}, 'sms', ${number})`
  assert.equal(await isDoNotCall(sql), false, 'an opt-out of text messages is none of calls')
})

test('a revoked opt-out leaves the entry on the list alone', async (t) => {
  const { sql } = await tenantDatabase(t)
  await sql`INSERT INTO telephony.exclusion_list_entries (organisation_id, phone_number) VALUES (${red}, ${number})`
  await sql`
    INSERT INTO notify.opt_outs (organisation_id, channel, address, revoked_at)
    VALUES (${red}, 'phone', ${number}, now())`
  assert.equal(await isDoNotCall(sql), true)
})

test('lists and opt-outs of another organisation do not count, and are not shown', async (t) => {
  const { sql } = await tenantDatabase(t)
  await sql`INSERT INTO telephony.exclusion_list_entries (organisation_id, phone_number) VALUES (${blue}, ${number})`
  await sql`INSERT INTO notify.opt_outs (organisation_id, channel, address) VALUES (${blue}, 'any', ${number})`
  assert.equal(await isDoNotCall(sql), false)
  assert.equal(await isDoNotCall(sql, noon, blue), true)
  for (const role of [defaultRoleNames.app, defaultRoleNames.readonly]) {
    const ask = async (organisationId: string): Promise<unknown> =>
      await withOrganisation(sql, { organisationId, role }, async (tx) => await isDoNotCall(tx, noon, blue))
    assert.equal(await ask(blue), true, role)
    assert.equal(await ask(red), false, role)
  }
})

test('without notify only the list is asked; as soon as notify is there, opt-outs count, and without it no more', async (t) => {
  const { sql, url } = await tenantDatabase(t, ['iam', 'telephony'])
  const { sql: client } = openClient(t, url)
  // One session, so that a plan kept from before is found out.
  assert.equal(await isDoNotCall(client), false)
  await runFiles(client, upFiles(['iam', 'telephony', 'notify']))
  await sql`INSERT INTO notify.opt_outs (organisation_id, channel, address) VALUES (${red}, 'phone', ${number})`
  assert.equal(await isDoNotCall(client), true)
  const undo = downFiles(['iam', 'telephony', 'notify']).filter(({ name }) => name.startsWith('UR__52_'))
  assert.equal(undo.length, 1)
  await runFiles(client, [...undo, ...undo])
  assert.equal(await isDoNotCall(client), false)
})

test('opt-outs count for calls, and say the same, while the functions of notify are gone', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  await sql`
    INSERT INTO notify.opt_outs (organisation_id, channel, address, revoked_at) VALUES
      (${red}, 'phone', '+390612301', NULL), (${red}, 'any', '+390612302', NULL), (${red}, 'sms', '+390612303', NULL),
      (${red}, 'phone', '+390612304', now()), (${blue}, 'phone', '+390612305', NULL)`
  const answers = await sql`
    SELECT notify.check_opt_out_status(${red}, '+39061230' || n, 'phone') AS answer FROM generate_series(1, 5) AS n`
  const { sql: client } = openClient(t, url)
  await runFiles(
    client,
    downFiles().filter(({ name }) => /^UR__(4|51)/.test(name)),
  )
  const calls = await sql`
    SELECT telephony.is_do_not_call(${red}, '+39061230' || n) AS answer FROM generate_series(1, 5) AS n`
  assert.deepEqual([...calls], [...answers])
  assert.deepEqual(
    calls.map(({ answer }) => answer),
    [true, true, false, false, false],
  )
})
