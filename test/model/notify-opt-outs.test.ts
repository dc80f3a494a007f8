import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, sqlState, tenantDatabase } from './model-database.js'

const { red, blue, redMember, shared } = ids
const channels = ['email', 'phone', 'sms', 'whatsapp', 'push', 'postal'] as const

async function optOut(sql: Sql, channel: string, address: string, organisation: string = red): Promise<void> {
  await sql`
    INSERT INTO notify.opt_outs (organisation_id, channel, address, subject_type, subject_id)
    VALUES (${organisation}, ${channel}, ${address}, 'survey.contact', ${redMember})`
}

async function hasOptedOut(
  sql: Sql | TransactionSql,
  channel: string,
  address: string | null = 'anna@example.org',
  organisation: string = red,
): Promise<unknown> {
  const [row] = await sql`SELECT notify.check_opt_out_status(${organisation}, ${address}, ${channel}) AS answer`
  return row?.['answer']
}

async function personHasOptedOut(sql: Sql, channel: string, type = 'survey.contact', id: string = redMember) {
  const [row] = await sql`SELECT notify.check_opt_out_status(${red}, ${type}, ${id}, ${channel}) AS answer`
  return row?.['answer']
}

test('an opt-out counts for its channel only', async (t) => {
  const { sql } = await tenantDatabase(t)
  await optOut(sql, 'email', 'anna@example.org')
  for (const channel of channels) {
    assert.equal(await hasOptedOut(sql, channel), channel === 'email', channel)
    assert.equal(await personHasOptedOut(sql, channel), channel === 'email', channel)
  }
})

test('an opt-out of everything counts for every channel', async (t) => {
  const { sql } = await tenantDatabase(t)
  await optOut(sql, 'any', 'anna@example.org')
  for (const channel of [...channels, 'any']) {
    assert.equal(await hasOptedOut(sql, channel), true, channel)
    assert.equal(await personHasOptedOut(sql, channel), true, channel)
  }
})

test('an address is found in any case and with blanks around it; an unknown one, or none, is not', async (t) => {
  const { sql } = await tenantDatabase(t)
  await optOut(sql, 'email', 'anna@example.org')
  for (const address of ['ANNA@Example.ORG', '  anna@example.org ', 'anna@example.org']) {
    assert.equal(await hasOptedOut(sql, 'email', address), true, address)
  }
  for (const address of ['ann@example.org', 'anna@example.com', '', null]) {
    assert.equal(await hasOptedOut(sql, 'email', address), false, String(address))
  }
})

test('a person record is found by its kind and id', async (t) => {
  const { sql } = await tenantDatabase(t)
  await optOut(sql, 'email', 'anna@example.org')
  assert.equal(await personHasOptedOut(sql, 'email', 'crm.person'), false)
  assert.equal(await personHasOptedOut(sql, 'email', 'survey.contact', shared), false)
})

test('a revoked opt-out counts no more, and the address may opt out again', async (t) => {
  const { sql } = await tenantDatabase(t)
  await optOut(sql, 'email', 'anna@example.org')
  await assert.rejects(optOut(sql, 'email', 'anna@example.org'), sqlState('23505'))
  await sql`UPDATE notify.opt_outs SET revoked_at = now()`
  assert.equal(await hasOptedOut(sql, 'email'), false)
  assert.equal(await personHasOptedOut(sql, 'email'), false)
  await optOut(sql, 'email', 'anna@example.org')
  assert.equal(await hasOptedOut(sql, 'email'), true)
  assert.equal(await personHasOptedOut(sql, 'email'), true)
})

test('opt-outs of one organisation do not count in another, and are not shown to it', async (t) => {
  const { sql } = await tenantDatabase(t)
  await optOut(sql, 'email', 'anna@example.org', blue)
  assert.equal(await hasOptedOut(sql, 'email'), false)
  const askAboutBlue = async (tx: TransactionSql): Promise<unknown> =>
    await hasOptedOut(tx, 'email', 'anna@example.org', blue)
  const { app, readonly } = defaultRoleNames
  for (const role of [app, readonly]) {
    assert.equal(await withOrganisation(sql, { organisationId: blue, role }, askAboutBlue), true, role)
    assert.equal(await withOrganisation(sql, { organisationId: red, role }, askAboutBlue), false, role)
  }
  assert.equal(await withWorker(sql, askAboutBlue), true)
})
