import assert from 'node:assert/strict'
import test from 'node:test'
import { baseline, migrate, repair, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const halfDone = '-- schemaway: transaction=none\nCREATE TABLE a (id integer);\nINSERT INTO missing VALUES (1);\n'

test('above a file that stopped half-way and that a baseline covers, migrate() goes on, and a rollback waits for a word', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, { 'V3__a.sql': halfDone })
  const options = { url, locations: folder.directory }
  await expectError('STATEMENT_FAILED', migrate(options))
  await expectError('BASELINE_REFUSED', baseline({ ...options, baselineVersion: '5' }))
  await sql`DROP TABLE flyway_schema_history`
  await baseline({ ...options, baselineVersion: '5' })
  folder.write({ 'V6__b.sql': 'CREATE TABLE b (id integer);', 'U6__b.sql': 'DROP TABLE b;' })
  assert.equal((await migrate(options)).currentVersion, '6')
  assert.deepEqual((await migrate(options)).migrations, [])

  // Nobody has said whether what the first half did is wanted.
  folder.remove('V3__a.sql')
  const error = await expectError('VALIDATION_FAILED', rollback(options))
  assert.equal(error.details.problems?.[0]?.kind, 'UNFINISHED_SCRIPT')
  const restart = "repair({ versions: ['3'], unfinished: 'restart' })"
  assert.ok(error.message.includes(restart), error.message)
  await repair({ ...options, versions: ['3'], unfinished: 'restart' })
  const { migrations } = await rollback({ ...options, allowDataLoss: true })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V6__b.sql'],
  )
})
