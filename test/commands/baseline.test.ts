import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { baseline, createMigrator, defineModule, type MigrationEvent, migrate, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const three = {
  'V1__a.sql': 'CREATE TABLE a (id int);',
  'V2__b.sql': 'CREATE TABLE b (id int);',
  'V3__c.sql': 'CREATE TABLE c (id int);',
}

async function history(sql: Sql): Promise<readonly unknown[]> {
  const rows = await sql`
    SELECT installed_rank, version, description, type, script, checksum, success FROM flyway_schema_history
    ORDER BY installed_rank`
  return rows.map((row) => Object.values(row))
}

async function hasHistory(sql: Sql): Promise<boolean> {
  const [row] = await sql`SELECT to_regclass('flyway_schema_history') IS NOT NULL AS exists`
  return row?.['exists'] === true
}

test('a baseline is the first row of history, its ledger says so, and what it covers never runs', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, three)
  await sql`CREATE TABLE a (note text)`
  const events: MigrationEvent[] = []
  const report = await baseline({
    url,
    locations,
    baselineVersion: '2',
    baselineDescription: 'as of January',
    onEvent: (event) => events.push(event),
  })
  assert.deepEqual(
    [report.command, report.version, report.description, report.isWritten],
    ['baseline', '2', 'as of January', true],
  )
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
  assert.deepEqual(
    events.filter(({ type }) => type === 'baselined'),
    [{ type: 'baselined', version: '2', description: 'as of January' }],
  )
  assert.deepEqual(await history(sql), [[1, '2', 'as of January', 'BASELINE', 'as of January', null, true]])
  const ledger = await sql`SELECT run_id, event, version, installed_rank FROM schemaway_ledger`
  assert.deepEqual(
    ledger.map((row) => Object.values(row)),
    [[report.run, 'baselined', '2', 1]],
  )
  const { migrations } = await migrate({ url, locations })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V3__c.sql'],
  )
})

test('the same baseline again changes nothing; another one, and one after migrations, is refused with the way on', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, three)
  await baseline({ url, locations, baselineVersion: '2' })
  const again = await baseline({ url, locations, baselineVersion: '2.0' })
  assert.deepEqual([again.run, again.isWritten], [null, false])
  const other = await expectError('BASELINE_REFUSED', baseline({ url, locations, baselineVersion: '3' }))
  assert.match(other.message, /begins with the baseline 2/)
  assert.equal(other.details.version, '2')
  await migrate({ url, locations })
  await baseline({ url, locations, baselineVersion: '2' })
  assert.equal((await history(sql)).length, 2)
  assert.equal((await sql`SELECT FROM schemaway_ledger WHERE event = 'baselined'`).length, 1)
})

test('a history with migrations, and one that is empty, refuse a baseline', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { ...three, 'U1__a.sql': 'DROP TABLE a;' })
  await migrate({ url, locations })
  const applied = await expectError('BASELINE_REFUSED', baseline({ url, locations }))
  assert.match(applied.message, /has 3 migrations already/)
  const fresh = await testDatabase(t)
  const { directory: one } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);', 'U1__a.sql': 'DROP TABLE a;' })
  await migrate({ url: fresh.url, locations: one })
  await rollback({ url: fresh.url, locations: one, to: 'empty' })
  const empty = await expectError('BASELINE_REFUSED', baseline({ url: fresh.url, locations: one }))
  assert.match(empty.message, /is empty.*DROP TABLE "public"\."flyway_schema_history";/)
})

test('a baseline that is no version is refused before anything is asked of a server', async () => {
  const error = await expectError(
    'INVALID_OPTIONS',
    baseline({ url: 'postgres://nowhere.invalid/x', baselineVersion: 'x1' }),
  )
  assert.equal(error.details.option, 'baselineVersion')
})

test('ten baselines at once write one row', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, three)
  const reports = await Promise.all(Array.from({ length: 10 }, () => baseline({ url, locations })))
  assert.equal(reports.filter(({ isWritten }) => isWritten).length, 1)
  assert.equal((await history(sql)).length, 1)
})

test('content without history is refused by migrate(), with what was found and both ways on, and nothing is written', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, three)
  await sql`CREATE TABLE "Old one" (id serial)`
  await sql`CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`
  const error = await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations }))
  assert.deepEqual(error.details.objects, [
    'table public."Old one"',
    'function public.f',
    'sequence public."Old one_id_seq"',
  ])
  assert.match(error.message, /baselineOnMigrate: true/)
  assert.match(error.message, /baseline\(\{ baselineVersion/)
  assert.equal(await hasHistory(sql), false)
  const many = await testDatabase(t)
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await many.sql.unsafe(`CREATE TABLE t_${name} (id int)`)
  const counted = await expectError('SCHEMA_NOT_EMPTY', migrate({ url: many.url, locations }))
  assert.match(counted.message, /public\.t_e and 2 more/)
})

test('baselineOnMigrate writes the baseline together with the history table, then applies the rest', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, three)
  await sql`CREATE TABLE a (id int)`
  const options = { url, locations, baselineOnMigrate: true, baselineVersion: '1' }
  const { migrations, currentVersion } = await migrate(options)
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V2__b.sql', 'V3__c.sql'],
  )
  assert.equal(currentVersion, '3')
  const rows = await history(sql)
  assert.deepEqual(rows[0], [1, '1', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', null, true])
  assert.equal(rows.length, 3)
  const events = await sql`SELECT event FROM schemaway_ledger ORDER BY id`
  assert.deepEqual(
    events.map((row) => row['event']),
    ['baselined', 'applied', 'applied'],
  )
  assert.deepEqual((await migrate(options)).migrations, [])
  // The chain of the ledger holds over the first row, or the undo would be refused.
  const { directory: withUndo } = writeScripts(t, { ...three, 'U3__c.sql': 'DROP TABLE c;' })
  assert.equal((await rollback({ url, locations: withUndo })).currentVersion, '2')
})

test('bundled modules are installed beside whatever tables public has', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql`CREATE TABLE public.users (id int)`
  await migrate({ url, modules: ['iam'] })
  assert.equal((await sql`SELECT FROM flyway_schema_history WHERE type = 'BASELINE'`).length, 0)
})

test('a module is refused where its own schema has content without history, not where it exists and is empty', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__init.sql': 'CREATE TABLE billing.bill (id int);' })
  const billing = defineModule({ name: 'billing', directory })
  await sql`CREATE SCHEMA billing`
  await sql`CREATE TABLE public.users (id int)`
  await sql`CREATE TABLE billing.old (id int)`
  const error = await expectError('SCHEMA_NOT_EMPTY', migrate({ url, modules: [billing] }))
  assert.deepEqual(error.details.objects, ['table billing.old'])
  await sql`DROP TABLE billing.old`
  assert.equal((await migrate({ url, modules: [billing] })).migrations.length, 1)
})

test('a migrator baselines with its own options', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, three)
  const migrator = createMigrator({ url, locations, baselineVersion: '2' })
  await migrator.baseline()
  assert.equal((await history(sql)).length, 1)
  assert.equal((await migrator.migrate()).migrations.length, 1)
})

test('an undo that a rollback needs is not one of a baseline: what it covers cannot be undone', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { ...three, 'U2__b.sql': 'DROP TABLE b;' })
  await baseline({ url, locations, baselineVersion: '2' })
  assert.deepEqual((await rollback({ url, locations })).migrations, [])
})
