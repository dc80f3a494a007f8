import assert from 'node:assert/strict'
import test from 'node:test'
import { describeInfo, info, type MigrationInfo, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { FlywayProgram, flywayDirectories, withoutFlyway } from '../flyway/flyway-program.js'
import { writeScripts } from '../support/write-scripts.js'

const pending: MigrationInfo = {
  category: 'Versioned',
  version: '1',
  description: 'a',
  type: 'SQL',
  state: 'Pending',
  module: '',
  script: 'V1__a.sql',
  installedOn: null,
  installedBy: null,
  installedRank: null,
  executionTime: null,
  isUndoable: false,
}

function table(migrations: readonly MigrationInfo[]): readonly string[] {
  const text = describeInfo({ migrations })
  assert.ok(text.endsWith('\n'))
  return text.trimEnd().split('\n')
}

test('without migrations the table says so, as Flyway does', () => {
  assert.deepEqual(table([]), [
    '+----------+---------+-------------+------+--------------+-------+----------+',
    '| Category | Version | Description | Type | Installed On | State | Undoable |',
    '+----------+---------+-------------+------+--------------+-------+----------+',
    '| No migrations found                                                       |',
    '+----------+---------+-------------+------+--------------+-------+----------+',
  ])
})

test('a table is the one that Flyway prints, also of letters that are wide or many units long', () => {
  const done = { installedOn: '2026-11-20 18:14:06', state: 'Success' } as const
  const rows: readonly MigrationInfo[] = [
    { ...pending, state: 'Below Baseline' },
    { ...pending, ...done, category: 'Baseline', version: '1.5', description: 'base', type: 'SQL_BASELINE' },
    { ...pending, version: '2.1', description: 'Größe 日本 😀' },
    { ...pending, ...done, category: 'Repeatable', version: null, description: 'r' },
  ]
  assert.deepEqual(table(rows), [
    '+------------+---------+-------------+--------------+---------------------+----------------+----------+',
    '| Category   | Version | Description | Type         | Installed On        | State          | Undoable |',
    '+------------+---------+-------------+--------------+---------------------+----------------+----------+',
    '| Versioned  | 1       | a           | SQL          |                     | Below Baseline | No       |',
    '| Baseline   | 1.5     | base        | SQL_BASELINE | 2026-11-20 18:14:06 | Success        | No       |',
    '| Versioned  | 2.1     | Größe 日本 😀 | SQL          |                     | Pending        | No       |',
    '| Repeatable |         | r           | SQL          | 2026-11-20 18:14:06 | Success        |          |',
    '+------------+---------+-------------+--------------+---------------------+----------------+----------+',
  ])
})

test('what can be undone says so, unless it failed, is undone, or has no version', () => {
  const undoable = { ...pending, isUndoable: true }
  const rows: readonly MigrationInfo[] = [
    { ...undoable, state: 'Success' },
    { ...undoable, state: 'Failed' },
    { ...undoable, state: 'Undone' },
    { ...undoable, state: 'Deleted' },
    { ...undoable, category: 'Undo', type: 'UNDO_SQL' },
    { ...undoable, version: null, category: 'Repeatable' },
  ]
  const column = table(rows).map((line) => line.split('|')[7]?.trim())
  assert.deepEqual(column.slice(3, -1), ['Yes', 'No', '', '', '', ''])
})

test('of one database, in every state, Flyway and schemaway print the same table', {
  skip: withoutFlyway,
}, async (t) => {
  for (const directory of flywayDirectories) {
    const { url, sql } = await testDatabase(t)
    const folder = writeScripts(t, {
      'V1__tables.sql': 'CREATE TABLE a (id int);',
      'V2__gone.sql': 'SELECT 2;',
      'V4__über_die_Größe.sql': 'SELECT 4;',
      'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one;',
      'R__old.sql': 'SELECT 1;',
    })
    const locations = folder.directory
    await migrate({ url, locations })
    folder.remove('V2__gone.sql', 'R__old.sql')
    folder.write({
      'V3__late.sql': 'SELECT 3;',
      'V5__next.sql': 'SELECT 5;',
      'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one, 2 AS two;',
    })
    await sql`INSERT INTO flyway_schema_history VALUES
      (7, '9', 'future', 'SQL', 'V9__future.sql', 1, 'x', now(), 5, true),
      (8, '10', 'future', 'SQL', 'V10__future.sql', 1, 'x', now(), 5, false)`
    const flyway = new FlywayProgram(directory)
    const options = { locations: `filesystem:${locations}` }
    const { table: before } = await flyway.run('info', url, options)
    assert.equal(describeInfo(await info({ url, locations })), before, flyway.version)
    for (const state of ['Missing', 'Future', 'Failed (Future)', 'Ignored', 'Outdated', 'Pending', 'Success']) {
      assert.ok(before?.includes(`| ${state} `), state)
    }
    await flyway.run('repair', url, { ...options, ignoreMigrationPatterns: '' })
    await flyway.run('migrate', url, { ...options, outOfOrder: 'true' })
    const { table: after } = await flyway.run('info', url, { ...options, outOfOrder: 'true' })
    await flyway.stop()
    assert.equal(describeInfo(await info({ url, locations, outOfOrder: true })), after, flyway.version)
    for (const state of ['Deleted', 'Out of Order', 'Superseded']) assert.ok(after?.includes(`| ${state} `), `${after}`)
  }
})
