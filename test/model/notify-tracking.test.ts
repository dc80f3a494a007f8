import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { ids, openClient, tenantDatabase } from './model-database.js'

const { red, blue } = ids
const token = 'pixel_of_the_first_email'

async function addPixel(sql: Sql, organisation: string = red): Promise<void> {
  await sql`
    INSERT INTO notify.tracking_pixels (organisation_id, message_ref, token) VALUES (${organisation}, 'm-1', ${token})`
}

interface Action {
  readonly type?: 'open' | 'click'
  readonly url?: string
  readonly isBot?: boolean | null
  readonly token?: string
  readonly organisation?: string
}

async function record(sql: Sql | TransactionSql, action: Action = {}): Promise<unknown> {
  const { type = 'open', url = null, isBot = false, organisation = red } = action
  const [row] = await sql`
    SELECT notify.record_tracking_event(
      ${organisation}, ${action.token ?? token}, ${type}, ${url}, sha256('ip'), 'Mail/1.0', ${isBot}) AS done`
  return row?.['done']
}

async function readTotals(sql: Sql): Promise<unknown> {
  const [row] = await sql`
    SELECT open_count AS opens, bot_open_count AS bots, click_count AS clicks, first_opened_at IS NOT NULL AS opened
    FROM notify.message_open_stats`
  return row
}

test('opens and clicks of people add to the totals, opens of bots are counted apart', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addPixel(sql)
  assert.equal(await record(sql, { isBot: true }), true)
  assert.deepEqual(await readTotals(sql), { opens: 0, bots: 1, clicks: 0, opened: false })
  await record(sql, { type: 'click', url: 'https://example.org', isBot: true })
  assert.deepEqual(await readTotals(sql), { opens: 0, bots: 1, clicks: 0, opened: false })
  await record(sql, { type: 'click', url: 'https://example.org' })
  assert.deepEqual(await readTotals(sql), { opens: 0, bots: 1, clicks: 1, opened: false })
  await record(sql)
  await record(sql, { isBot: null })
  await record(sql, { isBot: true })
  assert.deepEqual(await readTotals(sql), { opens: 2, bots: 2, clicks: 1, opened: true })
  const events = await sql`
    SELECT event_type AS type, is_bot AS "isBot", url, user_agent AS agent, length(ip_hash) AS hash, count(*)::int AS n
    FROM notify.tracking_events GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2`
  const common = { agent: 'Mail/1.0', hash: 32 }
  assert.deepEqual(
    [...events],
    [
      { type: 'open', isBot: false, url: null, ...common, n: 2 },
      { type: 'open', isBot: true, url: null, ...common, n: 2 },
      { type: 'click', isBot: false, url: 'https://example.org', ...common, n: 1 },
      { type: 'click', isBot: true, url: 'https://example.org', ...common, n: 1 },
    ],
  )
})

test('first and latest open are those of people, whichever transaction ends first', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  await addPixel(sql)
  const { sql: slow } = openClient(t, url)
  await slow.unsafe('BEGIN')
  const [began] = await slow`SELECT now()::text AS at`
  await record(sql)
  const [quick] = await sql`SELECT first_opened_at::text AS at FROM notify.message_open_stats`
  await record(slow)
  await slow.unsafe('COMMIT')
  await record(sql, { isBot: true })
  const [row] =
    await sql`SELECT first_opened_at::text AS first, last_opened_at::text AS last FROM notify.message_open_stats`
  assert.deepEqual(row, { first: began?.['at'], last: quick?.['at'] })
  assert.notEqual(began?.['at'], quick?.['at'])
})

test('an open of an unknown or inactive token, or of another organisation, is not counted', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addPixel(sql)
  assert.equal(await record(sql, { token: 'another_token_altogether' }), false)
  assert.equal(await record(sql, { organisation: blue }), false)
  const asBlue = { organisationId: blue, role: defaultRoleNames.app }
  assert.equal(await withOrganisation(sql, asBlue, async (tx) => await record(tx)), false)
  await sql`UPDATE notify.tracking_pixels SET is_active = false`
  assert.equal(await record(sql), false)
  assert.equal((await sql`SELECT FROM notify.tracking_events`).length, 0)
  assert.equal((await sql`SELECT FROM notify.message_open_stats`).length, 0)
})

test('two organisations may have the same token', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addPixel(sql)
  await addPixel(sql, blue)
  const asRed = { organisationId: red, role: defaultRoleNames.app }
  assert.equal(await withOrganisation(sql, asRed, async (tx) => await record(tx)), true)
  const rows = await sql`SELECT organisation_id FROM notify.message_open_stats`
  assert.deepEqual([...rows], [{ organisation_id: red }])
})

test('a click needs its address', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addPixel(sql)
  await assert.rejects(record(sql, { type: 'click' }), { constraint_name: 'ck_tracking_events_click_url' })
  assert.equal(await readTotals(sql), undefined)
})

test('opens that come at the same moment are all counted', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  await addPixel(sql)
  const clients = Array.from({ length: 8 }, () => openClient(t, url).sql)
  const many = clients.map(async (client) => {
    for (let n = 0; n < 10; n++) await record(client)
  })
  await Promise.all(many)
  assert.deepEqual(await readTotals(sql), { opens: 80, bots: 0, clicks: 0, opened: true })
  assert.equal((await sql`SELECT FROM notify.tracking_events`).length, 80)
})
