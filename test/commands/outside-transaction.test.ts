import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { history, indexes, none } from '../support/outside-transaction.js'
import { writeScripts } from '../support/write-scripts.js'

async function events(sql: Sql): Promise<readonly string[]> {
  const rows = await sql`SELECT event, script, details ->> 'statement' AS statement FROM schemaway_ledger ORDER BY id`
  return rows.map(({ event, script, statement }) => [event, script.slice(0, 2), statement].filter(Boolean).join(' '))
}

test('a file with CREATE INDEX CONCURRENTLY alone runs outside a transaction without a word', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__i.sql': 'SET statement_timeout = 0;\nCREATE INDEX CONCURRENTLY i ON a (id);\nVACUUM a;',
    'V3__b.sql': "CREATE TABLE b (timeout text DEFAULT current_setting('statement_timeout'));",
  })
  const { migrations } = await migrate({ url, locations: directory, statementTimeout: 60_000 })
  assert.equal(migrations.length, 3)
  assert.deepEqual(await indexes(sql), [['i', true]])
  assert.deepEqual(await history(sql), [
    ['1', true],
    ['2', true],
    ['3', true],
  ])
  assert.deepEqual(await events(sql), [
    'applied V1',
    'progressed V2 1',
    'started V2 2',
    'progressed V2 2',
    'started V2 3',
    'progressed V2 3',
    'applied V2',
    'applied V3',
  ])
})

const five = (third: string): string =>
  `${none}SET work_mem = '7MB';\nINSERT INTO a VALUES (1);\n  ${third};\nINSERT INTO a SELECT 4 WHERE current_setting('work_mem') = '7MB';\nVACUUM a;\n`

test('a script of five statements that fails at the third goes on at the third once the cause is gone', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': five('INSERT INTO missing VALUES (1)'),
    'V3__c.sql': 'SELECT 1',
  })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual([error.details.line, error.details.column, error.details.statement], [4, 15, 3])
  assert.match(
    error.message,
    /what stands before statement 3 of 5 is done and stays\. The next migrate\(\) goes on with/,
  )
  assert.deepEqual([error.details.applied, error.details.notReached], [['V1__a.sql'], ['V3__c.sql']])
  assert.deepEqual(await history(sql), [['1', true]])
  assert.deepEqual([...(await sql`SELECT id FROM a`)], [{ id: 1 }])

  await sql`CREATE TABLE missing (id integer)`
  await migrate({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT id FROM a ORDER BY id`)], [{ id: 1 }, { id: 4 }])
  assert.deepEqual([...(await sql`SELECT id FROM missing`)], [{ id: 1 }])
  assert.deepEqual(await history(sql), [
    ['1', true],
    ['2', true],
    ['3', true],
  ])
  assert.deepEqual(await events(sql), [
    'applied V1',
    'progressed V2 1',
    'progressed V2 2',
    'failed V2',
    'progressed V2 3',
    'progressed V2 4',
    'started V2 5',
    'progressed V2 5',
    'applied V2',
    'applied V3',
  ])
})

test('the failed statement and those behind it may be edited, those before may not', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': five('INSERT INTO missing VALUES (1)'),
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))

  write({ 'V2__b.sql': five('INSERT INTO a VALUES (3)').replace('VALUES (1)', 'VALUES (2)') })
  const edited = await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual([edited.details.line, edited.details.statement], [3, 2])
  assert.equal(edited.details.problems?.[0]?.kind, 'EXECUTED_STATEMENT_CHANGED')
  assert.match(edited.message, /V2__b\.sql:3:1: statement 2 is done since an earlier run, and was edited/)

  write({ 'V2__b.sql': `${none}SET work_mem = '7MB';` })
  await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual([...(await sql`SELECT id FROM a ORDER BY id`)], [{ id: 1 }])

  write({ 'V2__b.sql': 'INSERT INTO a VALUES (1);' })
  const inside = await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  assert.match(inside.message, /stopped half-way: 2 of its parts are done\. Now it would run inside one/)
  assert.deepEqual([...(await sql`SELECT id FROM a ORDER BY id`)], [{ id: 1 }])

  write({ 'V2__b.sql': `-- a comment moves nothing\n${five('INSERT INTO a VALUES (3)')}` })
  await migrate({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT id FROM a ORDER BY id`)], [{ id: 1 }, { id: 3 }, { id: 4 }])
})

test('mixing is refused with statement, line and remedy, unless the file or `mixed` allows it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const mixed = 'INSERT INTO a VALUES (1);\n\nCREATE INDEX CONCURRENTLY i ON a (id);'
  const { directory, write } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id integer);', 'V2__i.sql': mixed })
  const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
  assert.equal(error.details.line, 3)
  assert.match(
    error.message,
    /CREATE INDEX CONCURRENTLY cannot run inside.* INSERT INTO in line 1 .*transaction=none.*mixed: true/s,
  )
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
  await migrate({ url, locations: directory, mixed: true })
  write({ 'V3__j.sql': `${none}${mixed.replace(' i ', ' j ')}` })
  await migrate({ url, locations: directory })
  assert.deepEqual(await indexes(sql), [
    ['i', true],
    ['j', true],
  ])
  assert.deepEqual([...(await sql`SELECT count(*)::int AS rows FROM a`)], [{ rows: 2 }])
})

test("under transaction: 'all' such files are refused before the start, by name", async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__i.sql': 'CREATE INDEX CONCURRENTLY i ON a (id);',
    'V3__v.sql': 'VACUUM;',
  })
  const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory, transaction: 'all' }))
  assert.match(error.message, /V2__i\.sql, V3__v\.sql run outside a transaction/)
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('a BEGIN; ... COMMIT; in such a file stands or falls together, and is resumed as a whole', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}BEGIN;\nINSERT INTO a VALUES (1);\nCOPY a FROM stdin;\n2\n\\.\nINSERT INTO missing VALUES (1);\nCOMMIT;\nVACUUM a;`,
  })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual([error.details.line, error.details.statement], [7, 4])
  assert.deepEqual([...(await sql`SELECT id FROM a`)], [])
  await sql`CREATE TABLE missing (id integer)`
  await migrate({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT id FROM a ORDER BY id`)], [{ id: 1 }, { id: 2 }])
})

test('what only the server knows to refuse a transaction is told the remedy, which works', async (t) => {
  const { url, sql } = await testDatabase(t)
  const call = 'CALL p();'
  const { directory, write } = writeScripts(t, {
    'V1__p.sql':
      'CREATE TABLE a (id int); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES (1); COMMIT; END $$;',
    'V2__call.sql': call,
  })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.equal(error.details.sqlState, '2D000')
  assert.match(error.message, /Put "-- schemaway: transaction=none" at the top of the file/)
  write({ 'V2__call.sql': `${none}${call}` })
  await migrate({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT id FROM a`)], [{ id: 1 }])
})

test('a script that changes role and search_path is recorded all the same, and leaves nothing to the next one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const role = `outside_${process.pid}`
  await sql.unsafe(`CREATE ROLE ${role}`)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE SCHEMA s; GRANT ALL ON SCHEMA s TO ${role};`,
    'V2__b.sql': `${none}SET ROLE ${role};\nSET search_path = s;\nCREATE TABLE t (id int);\nVACUUM t;\nINSERT INTO t VALUES (1);`,
    'V3__c.sql': 'CREATE TABLE who AS SELECT current_user::text AS role',
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(
    [
      ...(await sql`SELECT (SELECT relowner::regrole::text FROM pg_class WHERE oid = 's.t'::regclass) AS owner, role = current_user AS same FROM who`),
    ],
    [{ owner: role, same: true }],
  )
  await sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
})
