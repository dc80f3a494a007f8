import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import postgres, { type Sql } from 'postgres'
import { placeHistory } from '../../lib/history/history-row.js'
import { findBrokenLink, type LedgerRow } from '../../lib/history/ledger-entry.js'
import { readLedgerSql } from '../../lib/history/ledger-table.js'
import { defineModule, type MigrationEvent, migrate, repair, rollback, validate } from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const place = placeHistory({ historySchema: 'public', table: 'flyway_schema_history', ledgerTable: 'schemaway_ledger' })

async function history(sql: Sql): Promise<readonly unknown[]> {
  const rows = await sql`
    SELECT installed_rank, version, description, type, checksum, success FROM flyway_schema_history
    ORDER BY installed_rank`
  return rows.map((row) => Object.values(row))
}

async function readLedger(sql: Sql): Promise<readonly LedgerRow[]> {
  const [row] = await sql.unsafe(readLedgerSql(place))
  return JSON.parse(row?.['rows']) as LedgerRow[]
}

/** A history in which everything is wrong that a repair can put right. */
async function damaged(t: TestContext) {
  const database = await testDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': 'CREATE TABLE b (id int);',
    'V3__c.sql': 'CREATE TABLE c (id int);',
    'V4__d.sql': 'CREATE TABLE d (id int);',
    'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one;',
  })
  await migrate({ url: database.url, locations: folder.directory })
  folder.remove('V1__a.sql', 'V2__b.sql', 'R__view.sql')
  folder.write({ 'V2__second.sql': 'CREATE TABLE b (id int); -- more' })
  await database.sql`UPDATE flyway_schema_history SET success = false WHERE version = '4'`
  return { ...database, locations: folder.directory, folder }
}

test('failed rows go, missing ones are marked, changed ones realigned, and the report has each value before and after', async (t) => {
  const { url, sql, locations } = await damaged(t)
  await expectError('VALIDATION_FAILED', validate({ url, locations }))
  const before = await history(sql)
  const events: MigrationEvent[] = []
  const report = await repair({ url, locations, onEvent: (event) => events.push(event) })
  assert.deepEqual(
    report.repairs.map(({ action, version, script, installedRank }) => [action, version, script, installedRank]),
    [
      ['mark-deleted', '1', 'V1__a.sql', 1],
      ['align', '2', 'V2__b.sql', 2],
      ['remove', '4', 'V4__d.sql', 4],
      ['mark-deleted', null, 'R__view.sql', 5],
    ],
  )
  const aligned = report.repairs[1]
  assert.deepEqual(
    [aligned?.before.description, aligned?.after?.description, aligned?.before.type, aligned?.after?.type],
    ['b', 'second', 'SQL', 'SQL'],
  )
  assert.notEqual(aligned?.before.checksum, aligned?.after?.checksum)
  assert.equal(report.repairs[2]?.after, null)
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
  assert.equal(events.filter(({ type }) => type === 'repaired').length, 4)

  assert.deepEqual(await history(sql), [
    before[0],
    [2, '2', 'second', 'SQL', aligned?.after?.checksum, true],
    before[2],
    before[4],
    [6, '1', 'a', 'DELETE', (before[0] as unknown[])[4], true],
    [7, null, 'view', 'DELETE', (before[4] as unknown[])[4], true],
  ])
  const ledger = await readLedger(sql)
  const repaired = ledger.filter(({ event }) => event === 'repaired')
  assert.deepEqual(
    repaired.map(({ run, installedRank }) => [run, installedRank]),
    [
      [report.run, 6],
      [report.run, 2],
      [report.run, 4],
      [report.run, 7],
    ],
  )
  assert.deepEqual(JSON.parse(repaired[1]?.details ?? ''), {
    action: 'align',
    before: aligned?.before,
    after: aligned?.after,
  })
  assert.equal(findBrokenLink(ledger), null)
})

test('after a repair migrate() applies what failed, and a second repair finds nothing', async (t) => {
  const { url, sql, locations } = await damaged(t)
  await sql`DROP TABLE d`
  await repair({ url, locations })
  const again = await repair({ url, locations })
  assert.deepEqual([again.run, again.repairs], [null, []])
  const { migrations } = await migrate({ url, locations })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V4__d.sql'],
  )
  const [row] = await sql`SELECT installed_rank FROM flyway_schema_history WHERE version = '4'`
  assert.equal(row?.['installed_rank'], 8, 'a rank is never used twice')
})

test('a preview tells the same and writes nothing, even while another process holds the lock', async (t) => {
  const { url, sql, locations } = await damaged(t)
  const before = await history(sql)
  const holder = postgres(url, { max: 1 })
  await holder`SELECT pg_advisory_lock(${lockKey(place.history).toString()})`
  const preview = await repair({ url, locations, preview: true })
  assert.deepEqual([preview.preview, preview.run, preview.repairs.length], [true, null, 4])
  assert.deepEqual(await history(sql), before)
  await expectError('LOCK_WAIT_TIMEOUT', repair({ url, locations, waitForLock: 50 }))
  assert.deepEqual(await history(sql), before)
  await holder.end()
  const { repairs } = await repair({ url, locations })
  assert.deepEqual(repairs, preview.repairs)
})

test('versions limit a repair, and one that history does not have is refused', async (t) => {
  const { url, sql, locations } = await damaged(t)
  const report = await repair({ url, locations, versions: ['2.0', 'view'] })
  assert.deepEqual(
    report.repairs.map(({ action, script }) => [action, script]),
    [
      ['align', 'V2__b.sql'],
      ['mark-deleted', 'R__view.sql'],
    ],
  )
  assert.equal((await sql`SELECT FROM flyway_schema_history WHERE NOT success`).length, 1)
  const error = await expectError('VERSION_NOT_APPLIED', repair({ url, locations, versions: ['4', '9'] }))
  assert.match(error.message, /names 9,/)
  assert.equal((await sql`SELECT FROM flyway_schema_history WHERE NOT success`).length, 1)
})

test('what is newer than every file is marked only when *:future is not ignored', async (t) => {
  const { url, locations, folder } = await damaged(t)
  folder.remove('V3__c.sql', 'V4__d.sql')
  const actions = async (more: object): Promise<readonly string[]> => {
    const { repairs } = await repair({ url, locations, preview: true, ...more })
    return repairs.map(({ action, version }) => `${action} ${version}`)
  }
  assert.deepEqual(await actions({}), ['mark-deleted 1', 'align 2', 'remove 4', 'mark-deleted null'])
  assert.deepEqual(await actions({ ignoreMigrationPatterns: ['repeatable:missing'] }), [
    'mark-deleted 1',
    'align 2',
    'mark-deleted 3',
    'remove 4',
  ])
})

test('no SQL of a file is run', async (t) => {
  const { url, sql, locations, folder } = await damaged(t)
  folder.write({ 'V2__second.sql': 'DROP TABLE a;', 'V5__e.sql': 'CREATE TABLE e (id int);' })
  await repair({ url, locations })
  const [row] = await sql`SELECT to_regclass('a') IS NOT NULL AS a, to_regclass('e') IS NULL AS e`
  assert.deepEqual({ ...row }, { a: true, e: true })
})

test('rows of modules that are not selected stay as they are', async (t) => {
  const { url, sql } = await testDatabase(t)
  const one = writeScripts(t, { 'V20260101__one.sql': 'CREATE SCHEMA one;', 'V20260102__two.sql': 'SELECT 1;' })
  const other = writeScripts(t, { 'V20260103__other.sql': 'CREATE SCHEMA other;' })
  const modules = [
    defineModule({ name: 'one', directory: one.directory }),
    defineModule({ name: 'other', directory: other.directory }),
  ] as const
  await migrate({ url, modules })
  await sql`UPDATE flyway_schema_history SET success = false, checksum = 5 WHERE version = '20260103'`
  await sql`UPDATE flyway_schema_history SET checksum = 5 WHERE version = '20260101'`
  const { repairs } = await repair({ url, modules: [modules[0]] })
  assert.deepEqual(
    repairs.map(({ module, version }) => [module, version]),
    [['one', '20260101']],
  )
})

test('a version that was realigned can still be undone, with the text that the ledger kept', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);', 'U1__a.sql': 'DROP TABLE a;' })
  const locations = folder.directory
  await migrate({ url, locations })
  folder.write({ 'V1__a.sql': 'CREATE TABLE a (id int); -- more' })
  folder.remove('U1__a.sql')
  await repair({ url, locations })
  await rollback({ url, locations })
  assert.equal((await sql`SELECT FROM pg_class WHERE relname = 'a'`).length, 0)
})

test('without a history there is nothing to repair, and none is made', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const report = await repair({ url, locations })
  assert.deepEqual([report.run, report.repairs], [null, []])
  assert.equal(
    (await sql`SELECT FROM pg_class WHERE relname IN ('flyway_schema_history', 'schemaway_ledger')`).length,
    0,
  )
})
