import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { waitForLock } from '../support/wait-until.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'
import { asApp, insert, insertCampaign, insertContact, type Values } from './survey-data.js'

const { red, blue } = ids
const fixedId = '00000000-0000-7000-8000-0000000000e1'

/** A running experiment with variants by key, in the campaign of a contact. */
async function prepare(sql: Sql, weights: Readonly<Record<string, number>>, values: Values = {}) {
  const campaignId = await insertCampaign(sql)
  const experimentId = await insert(sql, 'survey.experiments', {
    organisation_id: red,
    campaign_id: campaignId,
    name: 'Greeting',
    status: 'running',
    ...values,
  })
  for (const [key, weight] of Object.entries(weights)) {
    await insert(sql, 'survey.experiment_variants', { organisation_id: red, experiment_id: experimentId, key, weight })
  }
  return { campaignId, experimentId, contactId: await insertContact(sql, campaignId) }
}

/** Key of the variant that the contact is given. */
async function assign(transaction: Sql | TransactionSql, experimentId: string, contactId: string) {
  const [row] = await transaction<{ key: string | null }[]>`
    SELECT (SELECT key FROM survey.experiment_variants AS v WHERE v.id = a.id) AS key
    FROM survey.assign_variant(${experimentId}, ${contactId}) AS a (id)`
  return row?.key
}

test('a contact keeps its variant whatever becomes of weights, variants and experiment', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { experimentId, contactId } = await prepare(sql, { a: 1, b: 0 })
  const assigned = async () =>
    await asApp(sql, async (transaction) => await assign(transaction, experimentId, contactId))
  assert.equal(await assigned(), 'a')
  await sql`UPDATE survey.experiment_variants SET weight = CASE key WHEN 'a' THEN 0 ELSE 10000 END`
  assert.equal(await assigned(), 'a')
  await sql`UPDATE survey.experiments SET status = 'completed'`
  assert.equal(await assigned(), 'a')
  assert.equal((await sql`SELECT FROM survey.enrollments`).length, 1)
})

test('nobody is assigned outside a running experiment of the own campaign', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const status of ['draft', 'paused', 'completed', 'cancelled']) {
    const { experimentId, contactId } = await prepare(sql, { a: 1 }, { status })
    assert.equal(
      await asApp(sql, async (transaction) => await assign(transaction, experimentId, contactId)),
      null,
      status,
    )
  }
  const one = await prepare(sql, { a: 1 })
  const other = await prepare(sql, { a: 1 })
  const none = await prepare(sql, {})
  const weightless = await prepare(sql, { a: 0, b: 0 })
  await asApp(sql, async (transaction) => {
    assert.equal(await assign(transaction, one.experimentId, other.contactId), null)
    assert.equal(await assign(transaction, none.experimentId, none.contactId), null)
    assert.equal(await assign(transaction, weightless.experimentId, weightless.contactId), null)
    assert.equal(await assign(transaction, one.experimentId, red), null)
    assert.equal(await assign(transaction, red, one.contactId), null)
  })
  assert.equal((await sql`SELECT FROM survey.enrollments`).length, 0)
})

test('another organisation cannot assign, and without one the answer is 42501', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { experimentId, contactId } = await prepare(sql, { a: 1 })
  assert.equal(await asApp(sql, async (transaction) => await assign(transaction, experimentId, contactId), blue), null)
  await assert.rejects(sql`SELECT survey.assign_variant(${experimentId}, ${contactId})`.execute(), sqlState('42501'))
  assert.equal((await sql`SELECT FROM survey.enrollments`).length, 0)
})

test('a variant without weight is never given, wherever its key stands', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { experimentId, campaignId } = await prepare(sql, { a: 0, b: 1, c: 0, d: 1, e: 0 })
  const keys = await assignMany(sql, experimentId, campaignId, 60)
  assert.deepEqual([...new Set(keys)].toSorted(), ['b', 'd'])
})

test('the shares of 4,000 contacts follow the weights', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { experimentId, campaignId } = await prepare(sql, { a: 5, b: 3, c: 2 }, { id: fixedId })
  const keys = await assignMany(sql, experimentId, campaignId, 4000)
  const share = (key: string) => keys.filter((each) => each === key).length / keys.length
  // Three standard deviations of a fair draw are less than 0.024. The ids are the same each time.
  for (const [key, expected] of [
    ['a', 0.5],
    ['b', 0.3],
    ['c', 0.2],
  ] as const) {
    assert.ok(Math.abs(share(key) - expected) < 0.024, `${key} has ${share(key)}`)
  }
})

test('the point of a contact depends on the ids alone, so a copy of the data gives the same variants', async (t) => {
  const keysOf = async () => {
    const { sql } = await tenantDatabase(t)
    const { campaignId, experimentId } = await prepare(sql, { 'a-b': 1, a_b: 1, ab: 1, b: 1 }, { id: fixedId })
    const keys: unknown[] = []
    for (let number = 1; number <= 16; number++) {
      const id = `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
      const contactId = await insertContact(sql, campaignId, { id })
      keys.push(await asApp(sql, async (transaction) => await assign(transaction, experimentId, contactId)))
    }
    return keys
  }
  assert.deepEqual(await keysOf(), await keysOf())
})

test('of two sessions that assign at the same moment both get the variant of the first', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  const { experimentId, contactId } = await prepare(sql, { a: 1, b: 0 })
  const second = openClient(t, url).sql
  let late: Promise<unknown> = Promise.resolve()
  await asApp(sql, async (transaction) => {
    assert.equal(await assign(transaction, experimentId, contactId), 'a')
    // The other session computes with other weights, and waits for the key of this one.
    await openClient(t, url).sql`UPDATE survey.experiment_variants SET weight = CASE key WHEN 'b' THEN 1 ELSE 0 END`
    late = asApp(second, async (other) => await assign(other, experimentId, contactId))
    await waitForLock(sql)
  })
  assert.equal(await late, 'a')
  assert.equal((await sql`SELECT FROM survey.enrollments`).length, 1)
})

async function assignMany(sql: Sql, experimentId: string, campaignId: string, count: number) {
  await sql`
    INSERT INTO survey.contacts (organisation_id, id, campaign_id, phone_number)
    SELECT ${red}, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ${campaignId}, '+4930' || lpad(n::text, 7, '0') FROM generate_series(1, ${count}::int) AS n`
  const rows = await asApp(
    sql,
    async (transaction) =>
      await transaction<{ key: string }[]>`
        SELECT v.key FROM survey.contacts AS k
        JOIN survey.experiment_variants AS v ON v.id = survey.assign_variant(${experimentId}, k.id)
        WHERE k.phone_number LIKE '+4930%'`,
  )
  return rows.map(({ key }) => key)
}
