import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const none = '-- schemaway: transaction=none\n'
const table = { 'V1__a.sql': 'CREATE TABLE a (id integer, path text);' }
const off = 'SET standard_conforming_strings = off;\n'
const rows = 'COPY a FROM stdin;\n1\tone\n\\.\n'
const path = "INSERT INTO a VALUES (2, 'C:\\temp');\n"
/** Makes a script big without any effect. */
const padding = `-- ${'x'.repeat(1020)}\n`.repeat(4 * 1024)

for (const [what, script] of [
  ['big', `${off}SELECT 1;\n${padding}${path}`],
  ['big and cut where the standard ends a string', `${off}SELECT 1;\n${padding}INSERT INTO a VALUES (2, 'x\\');\n`],
  ['with rows of a COPY in between', `${off}${rows}${path}`],
  ['outside a transaction', `${none}SET standard_conforming_strings = 'off';\n${path}`],
  [
    'that hides it',
    `DO $$ BEGIN PERFORM set_config('standard_' || 'conforming_strings', 'off', false); END $$;\n${rows}${path}`,
  ],
] as const) {
  test(`a script ${what} that turned standard_conforming_strings off is stopped before a string is read otherwise`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeScripts(t, { ...table, 'V2__b.sql': script })
    const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
    assert.match(error.message, /^standard_conforming_strings was turned off before all of V2__b\.sql was sent/)
    assert.equal(error.details.script, 'V2__b.sql')
    assert.deepEqual([...(await sql`SELECT * FROM a`)], [])
    assert.equal((await sql`SELECT FROM flyway_schema_history WHERE version = '2'`).length, 0)
  })
}

test('a script that turned standard_conforming_strings off runs where no string can be read otherwise', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...table,
    'V2__small.sql': `${off}${path}`,
    'V3__rows.sql': `${off}${rows}INSERT INTO a VALUES (3, 'three');\n`,
    'V4__on_again.sql': `${off}${rows}SET standard_conforming_strings = on;\n${rows}${path}`,
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(
    (await sql`SELECT path FROM a`).map((row) => row['path']),
    ['C:\\temp', 'one', 'three', 'one', 'one', 'C:\\temp'],
  )
})

test('a script outside a transaction that turns standard_conforming_strings off is refused before anything of it runs', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, { ...table, 'V2__b.sql': `${none}INSERT INTO a VALUES (1);\n${off}${path}` })
  const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
  assert.deepEqual([error.details.line, error.details.column], [3, 1])
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})
