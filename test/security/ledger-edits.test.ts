import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { clean, info, migrate, repair, rollback, undo, validate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const scripts = {
  'V1__one.sql': 'CREATE TABLE one (id integer);',
  'U1__one.sql': 'DROP TABLE one;',
  'V2__two.sql': 'CREATE TABLE two (id integer);',
  'U2__two.sql': 'DROP TABLE two;',
  'V3__three.sql': 'CREATE TABLE three (id integer);',
  'U3__three.sql': 'DROP TABLE three;',
}

/** Every column that the hash covers, and every way to change the order. */
const detected: Record<string, string> = {
  'another undo text': "UPDATE schemaway_ledger SET undo_text = 'DROP TABLE one' WHERE version = '3'",
  'another undo text of an old row': "UPDATE schemaway_ledger SET undo_text = 'DROP TABLE one' WHERE version = '1'",
  'no undo text': "UPDATE schemaway_ledger SET undo_text = NULL WHERE version = '2'",
  'another script': "UPDATE schemaway_ledger SET script = 'V9__x.sql' WHERE version = '2'",
  'another version': "UPDATE schemaway_ledger SET version = '9' WHERE version = '2'",
  'another module': "UPDATE schemaway_ledger SET module = 'x' WHERE version = '2'",
  'another requirement': "UPDATE schemaway_ledger SET module_requires = '{x}' WHERE version = '2'",
  'another event': "UPDATE schemaway_ledger SET event = 'adopted' WHERE version = '2'",
  'another kind': "UPDATE schemaway_ledger SET kind = 'x' WHERE version = '2'",
  'another description': "UPDATE schemaway_ledger SET description = 'x' WHERE version = '2'",
  'another rank': "UPDATE schemaway_ledger SET installed_rank = 9 WHERE version = '2'",
  'another checksum': "UPDATE schemaway_ledger SET checksum = 9 WHERE version = '2'",
  'another sha256': "UPDATE schemaway_ledger SET sha256 = 'x' WHERE version = '2'",
  'another undo script': "UPDATE schemaway_ledger SET undo_script = 'x' WHERE version = '2'",
  'another placeholder': "UPDATE schemaway_ledger SET placeholders = '{x}' WHERE version = '2'",
  'an error': `UPDATE schemaway_ledger SET error = '{}' WHERE version = '2'`,
  details: `UPDATE schemaway_ledger SET details = '{}' WHERE version = '2'`,
  'another run': "UPDATE schemaway_ledger SET run_id = gen_random_uuid() WHERE version = '2'",
  'another login': "UPDATE schemaway_ledger SET login = 'x' WHERE version = '2'",
  'another client': "UPDATE schemaway_ledger SET client = 'x' WHERE version = '2'",
  'another tool': "UPDATE schemaway_ledger SET tool_version = 'x' WHERE version = '2'",
  'another hash': "UPDATE schemaway_ledger SET hash = 'x' WHERE version = '2'",
  'another hash at the end': "UPDATE schemaway_ledger SET hash = 'x' WHERE version = '3'",
  'the first row removed': "DELETE FROM schemaway_ledger WHERE version = '1'",
  'a row removed': "DELETE FROM schemaway_ledger WHERE version = '2'",
  'a row twice': `INSERT INTO schemaway_ledger (${columns().join(', ')}) SELECT ${columns().join(', ')} FROM schemaway_ledger WHERE version = '3'`,
  'rows in another order': `
    INSERT INTO schemaway_ledger (${columns().join(', ')}) SELECT ${columns().join(', ')} FROM schemaway_ledger WHERE version = '1';
    DELETE FROM schemaway_ledger WHERE id = (SELECT min(id) FROM schemaway_ledger)`,
}

const unnoticed: Record<string, string> = {
  'rows cut off at the end': "DELETE FROM schemaway_ledger WHERE version = '3'",
  'clocks and durations': "UPDATE schemaway_ledger SET occurred_at = 'epoch', execution_time = 9",
}

function columns(): readonly string[] {
  const names = `run_id event module module_requires kind version description script installed_rank checksum sha256 undo_script undo_text
    placeholders error details login client tool_version occurred_at execution_time hash`
  return names.split(/\s+/)
}

async function tables(sql: Sql): Promise<readonly unknown[]> {
  const rows = await sql`SELECT tablename AS name FROM pg_tables WHERE tablename IN ('one', 'two', 'three') ORDER BY 1`
  return rows.map(({ name }) => name)
}

test('every edit of the ledger makes rollback() and undo() refuse, whether or not the file is there, and nothing else', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, scripts)
  const options = { url, locations: folder.directory }
  await migrate(options)
  await sql`CREATE TABLE kept AS SELECT * FROM schemaway_ledger`
  for (const [what, edit] of Object.entries(detected)) {
    await sql.unsafe(edit).simple()
    for (const refused of [
      () => rollback({ ...options, steps: 1 }),
      () => rollback({ ...options, to: 'empty' }),
      () => undo(options),
    ]) {
      const error = await expectError('LEDGER_BROKEN', refused()).catch((cause: unknown) =>
        Promise.reject(new Error(what, { cause })),
      )
      assert.match(error.message, /row \d+ .* does not continue the hash chain.*Nothing was changed/, what)
    }
    assert.deepEqual(await tables(sql), ['one', 'three', 'two'], what)
    await info(options)
    await validate(options)
    assert.equal((await migrate(options)).run, null, what)
    await repair(options)
    await sql`TRUNCATE schemaway_ledger`
    await sql`INSERT INTO schemaway_ledger OVERRIDING SYSTEM VALUE SELECT * FROM kept ORDER BY id`
  }
  // What the others write goes on behind an edit, which stays to be seen.
  await sql.unsafe(detected['another undo text'] ?? '')
  folder.write({ 'V4__four.sql': 'SELECT 4;', 'U4__four.sql': 'SELECT 4;' })
  assert.equal((await migrate(options)).migrations.length, 1)
  await expectError('LEDGER_BROKEN', rollback({ ...options, steps: 1 }))
  await clean({ ...options, cleanDisabled: false })
  await expectError('LEDGER_BROKEN', rollback({ ...options, steps: 1 }))
})

for (const [what, edit] of Object.entries(unnoticed)) {
  test(`as documented, the chain does not show ${what}`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory: locations } = writeScripts(t, scripts)
    await migrate({ url, locations })
    await sql.unsafe(edit)
    await rollback({ url, locations, to: '1' })
    assert.deepEqual(await tables(sql), ['one'])
  })
}
