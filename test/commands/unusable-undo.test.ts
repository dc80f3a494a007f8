import assert from 'node:assert/strict'
import test from 'node:test'
import { adopt, type MigrationEvent, migrate, rollback, undo } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const files = {
  '1_t.up.sql': 'CREATE TABLE t (id int);',
  '1_t.down.sql': 'DROP TABLE t;',
  '2_i.up.sql': 'CREATE INDEX CONCURRENTLY i ON t (id);',
  '2_i.down.sql': 'DROP INDEX CONCURRENTLY i;',
}

/** What is told of scripts that could not undo anything. */
function listen(): { readonly told: string[]; readonly onEvent: (event: MigrationEvent) => void } {
  const told: string[] = []
  return {
    told,
    onEvent: (event) => {
      if (event.type === 'undoUnusable') told.push(`${event.script} ${event.undoScript} ${event.code}`)
    },
  }
}

const warning = ['2_i.up.sql 2_i.down.sql INVALID_SCRIPT']

test('a down file with DROP INDEX CONCURRENTLY is no reason not to migrate, and is refused by name where it would run', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, files)
  const options = { url, locations: folder.directory, naming: 'up-down' } as const
  const { told, onEvent } = listen()
  assert.equal((await migrate({ ...options, onEvent })).migrations.length, 2)
  assert.deepEqual(told, warning)
  const refuse = async (): Promise<void> => {
    for (const command of [rollback, undo]) {
      const error = await expectError('INVALID_SCRIPT', command(options))
      assert.match(
        error.message,
        /^2_i\.down\.sql, line 1, column 1: DROP INDEX CONCURRENTLY cannot stand in an undo script/,
      )
    }
  }
  await refuse()
  folder.remove('2_i.down.sql')
  await refuse()
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 2)
  folder.write({ '2_i.down.sql': 'DROP INDEX i;' })
  assert.equal((await rollback(options)).migrations.length, 1)
})

test('what is only recorded needs no down file that can run either', async (t) => {
  const one = await testDatabase(t)
  const locations = writeScripts(t, files).directory
  const skipped = listen()
  await migrate({ url: one.url, locations, naming: 'up-down', skipExecutingMigrations: true, onEvent: skipped.onEvent })
  assert.deepEqual(skipped.told, warning)
  const other = await testDatabase(t)
  const adopted = listen()
  await adopt({ url: other.url, locations, naming: 'up-down', applied: ['1', '2'], onEvent: adopted.onEvent })
  assert.deepEqual(adopted.told, warning)
  const [row] = await other.sql`SELECT undo_text FROM schemaway_ledger WHERE version = '2'`
  assert.equal(row?.['undo_text'], files['2_i.down.sql'])
})
