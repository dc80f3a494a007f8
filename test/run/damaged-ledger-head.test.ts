import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Sql } from 'postgres'
import { placeHistory } from '../../lib/history/history-row.js'
import { findBrokenLink, type LedgerRow } from '../../lib/history/ledger-entry.js'
import { readLedgerSql } from '../../lib/history/ledger-table.js'
import { type MigrateOptions, migrate, repair, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { history, none, values } from '../support/outside-transaction.js'
import { writeScripts } from '../support/write-scripts.js'
import { damagingProxy, localPort, throughPort } from './fake-server.js'

/** How the hash of the ledger's newest row begins on its way to us. */
const head = /(\{"hash" : ")([0-9a-f])/

/**
 * A proxy that changes a digit of that hash, as a faulty network may.
 *
 * @param times how often.
 * @returns null when the server is not on this machine.
 */
async function changeHead(t: TestContext, url: string, times: number) {
  const port = localPort(url)
  if (port === null) return null
  const state = { url: '', damaged: 0 }
  const other = (_match: string, before: string, digit: string): string => `${before}${digit === '0' ? '1' : '0'}`
  const proxy = await damagingProxy(t, port, (text) => {
    if (state.damaged === times || !head.test(text)) return text
    state.damaged += 1
    return text.replace(head, other)
  })
  state.url = throughPort(url, proxy)
  return state
}

async function ledger(sql: Sql): Promise<readonly LedgerRow[]> {
  const place = placeHistory({
    historySchema: 'public',
    table: 'flyway_schema_history',
    ledgerTable: 'schemaway_ledger',
  })
  const [row] = await sql.unsafe<{ rows: string }[]>(readLedgerSql(place))
  return JSON.parse(row?.rows ?? '[]') as LedgerRow[]
}

/** Scripts of the ledger's rows, when each continues the one before it. */
async function chain(sql: Sql): Promise<readonly unknown[]> {
  const rows = await ledger(sql)
  assert.equal(findBrokenLink(rows), null)
  return rows.map(({ event, script }) => `${event} ${script}`)
}

const first = { 'V1__a.sql': 'CREATE TABLE a (id integer PRIMARY KEY);', 'U1__a.sql': 'DROP TABLE a;' }
const second = { 'V2__b.sql': 'INSERT INTO a VALUES (1);', 'U2__b.sql': 'DELETE FROM a;' }

/** A database with the first script, what damages the way to it, and the second script beside the first. */
async function prepare(t: TestContext, times: number, more: Readonly<Record<string, string>> = second) {
  const { url, sql } = await testDatabase(t)
  const proxy = await changeHead(t, url, times)
  if (proxy === null) {
    t.skip('the server is not on this machine')
    return null
  }
  const scripts = writeScripts(t, first)
  const locations = scripts.directory
  await migrate({ url, locations })
  scripts.write(more)
  return { sql, url, proxy, locations, scripts }
}

for (const lockStrategy of ['session', 'transaction', 'table'] as const) {
  test(`a hash of the ledger that is damaged on its way is found before a row continues it, and read again: ${lockStrategy}`, async (t) => {
    const found = await prepare(t, 1)
    if (found === null) return
    const { sql, proxy, locations } = found
    const options: MigrateOptions = { url: proxy.url, locations, lockStrategy }
    const { migrations } = await migrate(options)
    assert.equal(proxy.damaged, 1)
    assert.deepEqual(
      migrations.map(({ script }) => script),
      ['V2__b.sql'],
    )
    assert.deepEqual(await values(sql), [1])
    assert.deepEqual(await chain(sql), ['applied V1__a.sql', 'applied V2__b.sql'])
  })
}

test('where it is damaged again and again, nothing is done, and the error says so', async (t) => {
  const found = await prepare(t, Number.POSITIVE_INFINITY)
  if (found === null) return
  const { sql, proxy, locations } = found
  const error = await expectError('HISTORY_MOVED', migrate({ url: proxy.url, locations }))
  assert.match(
    error.message,
    /^The ledger of .* does not end as this command read it: .* Nothing was changed\. Look with info\(\)/,
  )
  assert.deepEqual(await values(sql), [])
  assert.deepEqual(await history(sql), [['1', true]])
  assert.deepEqual(await chain(sql), ['applied V1__a.sql'])
})

test('a script outside a transaction is not begun behind a hash that is damaged, and begins when it was read again', async (t) => {
  const found = await prepare(t, 1, {
    'V2__b.sql': `${none}INSERT INTO a VALUES (1);\nVACUUM a;\nINSERT INTO a VALUES (2);`,
  })
  if (found === null) return
  const { sql, proxy, locations } = found
  await migrate({ url: proxy.url, locations })
  assert.equal(proxy.damaged, 1)
  assert.deepEqual(await values(sql), [1, 2])
  const rows = await chain(sql)
  assert.deepEqual(rows.slice(-1), ['applied V2__b.sql'])
  assert.equal(rows.length, 6)
})

test('a statement that cannot be undone does not run behind a hash that is damaged, however often it is', async (t) => {
  const found = await prepare(t, Number.POSITIVE_INFINITY, {
    'V2__b.sql': `${none}CREATE INDEX CONCURRENTLY b ON a (id);`,
  })
  if (found === null) return
  const { sql, proxy, locations } = found
  await expectError('HISTORY_MOVED', migrate({ url: proxy.url, locations }))
  assert.deepEqual([...(await sql`SELECT to_regclass('b') AS b`)], [{ b: null }])
  assert.deepEqual(await chain(sql), ['applied V1__a.sql'])
})

test('a rollback reads it again, too', async (t) => {
  const found = await prepare(t, 1, { 'V2__b.sql': 'CREATE TABLE b ();', 'U2__b.sql': 'DROP TABLE b;' })
  if (found === null) return
  const { sql, url, proxy, locations } = found
  await migrate({ url, locations })
  const { migrations } = await rollback({ url: proxy.url, locations, steps: 2 })
  assert.equal(proxy.damaged, 1)
  assert.equal(migrations.length, 2)
  assert.deepEqual((await chain(sql)).slice(2), ['undone V2__b.sql', 'undone V1__a.sql'])
})

test('a rollback that reads it damaged again and again ends after a few plans, and nothing is undone', async (t) => {
  const found = await prepare(t, Number.POSITIVE_INFINITY)
  if (found === null) return
  const { sql, url, proxy, locations } = found
  await migrate({ url, locations })
  const error = await expectError(
    'HISTORY_MOVED',
    rollback({ url: proxy.url, locations, steps: 2, allowDataLoss: true }),
  )
  assert.match(error.message, /Nothing was changed/)
  assert.ok(proxy.damaged < 10, String(proxy.damaged))
  assert.deepEqual(await values(sql), [1])
  assert.deepEqual(await chain(sql), ['applied V1__a.sql', 'applied V2__b.sql'])
})

test('a repair reads it again, too', async (t) => {
  const found = await prepare(t, 1, { 'V1__a.sql': 'CREATE TABLE a (id integer PRIMARY KEY); -- edited' })
  if (found === null) return
  const { sql, proxy, locations } = found
  const { repairs } = await repair({ url: proxy.url, locations })
  assert.equal(proxy.damaged, 1)
  assert.equal(repairs.length, 1)
  assert.equal((await chain(sql)).length, 2)
})

test('the failure of a migration is recorded behind what was read again', async (t) => {
  const found = await prepare(t, 1, { 'V2__b.sql': 'SELECT 1 / 0;' })
  if (found === null) return
  const { sql, proxy, locations } = found
  await expectError('STATEMENT_FAILED', migrate({ url: proxy.url, locations }))
  assert.equal(proxy.damaged, 1)
  assert.deepEqual(await chain(sql), ['applied V1__a.sql', 'failed V2__b.sql'])
})

test('a backfill does not record a batch behind a hash that is damaged', async (t) => {
  const found = await prepare(t, Number.POSITIVE_INFINITY, {
    'V2__b.mjs': `export const transaction = 'none'
export const up = async ({ backfill }) => {
  await backfill({ table: 'a', update: (sql, range) => sql\`UPDATE a SET id = id + 100 WHERE \${range}\` })
}`,
  })
  if (found === null) return
  const { sql, proxy, locations } = found
  await sql`INSERT INTO a VALUES (1)`
  await expectError('HISTORY_MOVED', migrate({ url: proxy.url, locations }))
  assert.deepEqual(await values(sql), [1])
  assert.deepEqual(await chain(sql), ['applied V1__a.sql'])
})
