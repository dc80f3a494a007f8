import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import type { Sql } from 'postgres'
import { defineModule, migrate, rollback, undo } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const twoTables = {
  'V1__one.sql': 'CREATE TABLE one (id int);',
  'U1__one.sql': 'DROP TABLE one;',
  'V2__two.sql': 'CREATE TABLE two (id int);',
  'U2__two.sql': 'DROP TABLE two;',
  'V3__three.sql': 'CREATE TABLE three (id int);',
  'U3__three.sql': 'DROP TABLE three;',
}

async function tables(sql: Sql): Promise<readonly string[]> {
  const rows = await sql`
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace
      AND relname NOT IN ('flyway_schema_history', 'schemaway_ledger') ORDER BY 1`
  return rows.map((row) => row['relname'])
}

async function versions(sql: Sql): Promise<readonly (string | null)[]> {
  const rows = await sql`SELECT version FROM flyway_schema_history ORDER BY installed_rank`
  return rows.map((row) => row['version'])
}

test('without further options the newest version is undone', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, twoTables)
  await migrate({ url, locations })
  const report = await rollback({ url, locations })
  assert.deepEqual(
    report.migrations.map(({ action, version }) => [action, version]),
    [['undo', '3']],
  )
  assert.equal(report.currentVersion, '2')
  assert.deepEqual(await tables(sql), ['one', 'two'])
  assert.deepEqual(await versions(sql), ['1', '2'])
})

test('steps, to and run choose how far a rollback goes, and ranks are never used twice', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, twoTables)
  await migrate({ url, locations })
  await rollback({ url, locations, steps: 2 })
  assert.deepEqual(await tables(sql), ['one'])
  await migrate({ url, locations })
  await rollback({ url, locations, to: '2.0' })
  assert.deepEqual(await tables(sql), ['one', 'two'])
  await migrate({ url, locations })
  const last = await rollback({ url, locations, run: 'last' })
  assert.deepEqual(
    last.migrations.map((one) => one.version),
    ['3'],
  )
  const all = await rollback({ url, locations, to: 'empty', transaction: 'all' })
  assert.deepEqual(
    all.migrations.map((one) => one.version),
    ['2', '1'],
  )
  assert.deepEqual(await tables(sql), [])
  assert.deepEqual((await rollback({ url, locations })).migrations, [])
  await migrate({ url, locations })
  const [row] = await sql`SELECT min(installed_rank) AS lowest FROM flyway_schema_history`
  assert.equal(row?.['lowest'], 7)
})

test('a release that no longer has the newer files rolls back from the ledger', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, {
    ...twoTables,
    'V3__three.sql': 'CREATE TABLE three (id int);\nCREATE TABLE ${extra} (id int);',
    'U3__three.sql': "DROP TABLE three;\r\n-- back\\slash 'quote' $$ 🚀\nDROP TABLE ${extra};",
    'R__view.sql': 'CREATE VIEW v AS SELECT * FROM three;',
    'UR__view.sql': 'DROP VIEW v;',
  })
  const locations = folder.directory
  await migrate({ url, locations, placeholders: { extra: 'another' } })
  folder.remove('V3__three.sql', 'U3__three.sql', 'R__view.sql', 'UR__view.sql')

  const missing = await expectError('UNKNOWN_PLACEHOLDER', rollback({ url, locations }))
  assert.match(missing.message, /extra/)
  await rollback({ url, locations, placeholders: { extra: 'another' } })
  assert.deepEqual(await tables(sql), ['one', 'two'])
  assert.deepEqual(await versions(sql), ['1', '2'])
})

test('an edited undo text in the ledger is refused', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, twoTables)
  const locations = folder.directory
  await migrate({ url, locations })
  folder.remove('V3__three.sql', 'U3__three.sql')
  await sql`UPDATE schemaway_ledger SET undo_text = 'DROP TABLE one' WHERE version = '3'`
  const error = await expectError('LEDGER_BROKEN', rollback({ url, locations }))
  assert.match(error.message, /V3__three\.sql/)
  assert.deepEqual(await tables(sql), ['one', 'three', 'two'])
})

test('a version without any undo is refused before anything happens, with the names of all that lack one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, twoTables)
  folder.remove('U1__one.sql', 'U2__two.sql')
  const locations = folder.directory
  await migrate({ url, locations })
  const error = await expectError('UNDO_MISSING', rollback({ url, locations, to: 'empty' }))
  assert.deepEqual(
    error.details.problems?.map((one) => one.script),
    ['V2__two.sql', 'V1__one.sql'],
  )
  assert.deepEqual(await tables(sql), ['one', 'three', 'two'])
})

test('a rollback that would drop rows is refused as a whole and names every table with its rows', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, twoTables)
  await migrate({ url, locations })
  await sql`INSERT INTO one SELECT generate_series(1, 3)`
  await sql`INSERT INTO two VALUES (1)`
  await sql`INSERT INTO three VALUES (1)`
  await sql`DELETE FROM three`
  for (const transaction of ['each', 'all'] as const) {
    const error = await expectError('DATA_LOSS_REFUSED', rollback({ url, locations, to: 'empty', transaction }))
    assert.deepEqual(error.details.tables, [
      { table: 'public.one', rows: 3 },
      { table: 'public.two', rows: 1 },
    ])
    assert.deepEqual(await tables(sql), ['one', 'three', 'two'], 'nothing was undone')
  }
  // The deleted rows of three still occupy pages; that alone is no reason to refuse.
  await rollback({ url, locations })
  assert.deepEqual(await tables(sql), ['one', 'two'])
  await rollback({ url, locations, to: 'empty', allowDataLoss: true })
  assert.deepEqual(await tables(sql), [])
})

test('repeatables are dropped around an undo and run again when what they require is still there', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    ...twoTables,
    'R__10_early.sql': '-- schemaway: requires=1\nCREATE OR REPLACE VIEW early AS SELECT * FROM one;',
    'UR__10_early.sql': 'DROP VIEW early;',
    'R__20_late.sql':
      '-- schemaway: requires=3\nCREATE OR REPLACE VIEW late AS SELECT e.id FROM early e JOIN three USING (id);',
    'UR__20_late.sql': 'DROP VIEW late;',
  })
  await migrate({ url, locations })
  await rollback({ url, locations })
  assert.deepEqual(await tables(sql), ['early', 'one', 'two'])
  const events = await sql`SELECT event, script FROM schemaway_ledger WHERE id > 5 ORDER BY id`
  assert.deepEqual(
    events.map((row) => [row['event'], row['script']]),
    [
      ['dropped', 'R__20_late.sql'],
      ['undone', 'V3__three.sql'],
      ['applied', 'R__10_early.sql'],
    ],
  )
  await rollback({ url, locations, to: 'empty' })
  assert.deepEqual(await tables(sql), [])
  assert.deepEqual(await versions(sql), [])
  await migrate({ url, locations })
  assert.deepEqual(await tables(sql), ['early', 'late', 'one', 'three', 'two'])
})

test('a module goes alone, and one that others require is refused with their names', async (t) => {
  const { url, sql } = await testDatabase(t)
  const base = writeScripts(t, {
    'V20260101_000000__base_init.sql': 'CREATE SCHEMA base; CREATE TABLE base.thing (id int PRIMARY KEY);',
    'U20260101_000000__base_init.sql': 'DROP TABLE base.thing; DROP SCHEMA base;',
  })
  const upper = writeScripts(t, {
    'sub/V20260102_000000__upper_init.sql':
      'CREATE SCHEMA upper; CREATE TABLE upper.use (id int REFERENCES base.thing);',
    'sub/U20260102_000000__upper_init.sql': 'DROP TABLE upper.use; DROP SCHEMA upper;',
  })
  const baseModule = defineModule({ name: 'base', directory: base.directory })
  const upperModule = defineModule({ name: 'upper', directory: join(upper.directory), requires: ['base'] })
  await migrate({ url, modules: [upperModule, baseModule] })
  assert.deepEqual(
    (await sql`SELECT script FROM flyway_schema_history ORDER BY 1`).map((row) => row['script']),
    ['base/V20260101_000000__base_init.sql', 'upper/sub/V20260102_000000__upper_init.sql'],
  )
  const error = await expectError('MODULE_REQUIRED', rollback({ url, modules: [baseModule], to: 'empty' }))
  assert.deepEqual(error.details.modules, ['base', 'upper'])
  assert.match(error.message, /upper requires it/)
  const alone = await rollback({ url, modules: [upperModule], to: 'empty' })
  assert.deepEqual(
    alone.migrations.map((one) => one.module),
    ['upper'],
  )
  await rollback({ url, modules: [baseModule], to: 'empty' })
  assert.deepEqual(await versions(sql), [])
})

test('of a repeatable that was applied under `mixed` a rollback tells what really stands in its way, once that is given', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    ...twoTables,
    'UR__index.sql': 'DROP INDEX i;',
    'R__index.sql': 'DROP INDEX IF EXISTS i;\nINSERT INTO one VALUES (1);\nCREATE INDEX CONCURRENTLY i ON one (id);',
  })
  await migrate({ url, locations, mixed: true })
  assert.match((await expectError('INVALID_SCRIPT', rollback({ url, locations }))).message, /with `mixed: true`/)
  for (const command of [rollback, undo]) {
    const { message } = await expectError('INVALID_SCRIPT', command({ url, locations, mixed: true }))
    assert.match(message, /^R__index\.sql runs outside a transaction, but a rollback runs them/)
  }
})
