import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { type MigrationEvent, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { startMigrating } from '../support/run-process.js'
import { writeScripts } from '../support/write-scripts.js'

const none = '-- schemaway: transaction=none\n'

async function events(sql: Sql): Promise<readonly string[]> {
  const rows = await sql`SELECT event, script, details ->> 'statement' AS statement FROM schemaway_ledger ORDER BY id`
  return rows.map(({ event, script, statement }) => [event, script.slice(0, 2), statement].filter(Boolean).join(' '))
}

async function history(sql: Sql): Promise<readonly unknown[]> {
  const rows = await sql`SELECT version, success FROM flyway_schema_history ORDER BY installed_rank`
  return rows.map(({ version, success }) => [version, success])
}

async function indexes(sql: Sql): Promise<readonly unknown[]> {
  const rows =
    await sql`SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1`
  return rows.map(({ name, valid }) => [name, valid])
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

test('a unique index that fails leaves no invalid one behind once the retry succeeds', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1), (1);',
    'V2__i.sql': 'CREATE UNIQUE INDEX CONCURRENTLY "My ""index" ON public.a (id);',
  })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.equal(error.details.sqlState, '23505')
  assert.match(error.message, /An invalid index that is left behind is dropped by the next migrate\(\)/)
  assert.deepEqual(await indexes(sql), [['"My ""index"', false]])
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual(await indexes(sql), [['"My ""index"', false]])

  await sql`DELETE FROM a`
  const notices: string[] = []
  const onEvent = (event: MigrationEvent): void => void (event.type === 'notice' && notices.push(event.message))
  await migrate({ url, locations: directory, onEvent })
  assert.deepEqual(await indexes(sql), [['"My ""index"', true]])
  assert.ok(
    notices.some((notice) => /dropped the invalid index public\."My ""index"/.test(notice)),
    notices.join('\n'),
  )
})

test('an index without a name, and what REINDEX leaves behind, are cleaned up as well; that of others stays', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe('CREATE TABLE a (id integer); INSERT INTO a VALUES (1), (1); CREATE TABLE b (id integer)')
  await sql.unsafe('CREATE UNIQUE INDEX CONCURRENTLY theirs ON a (id)').catch(() => {})
  const { directory, write } = writeScripts(t, { 'V1__i.sql': 'CREATE UNIQUE INDEX CONCURRENTLY ON a (id)' })
  const options = { url, locations: directory, baselineOnMigrate: true, baselineVersion: '0' }
  await expectError('STATEMENT_FAILED', migrate(options))
  await expectError('STATEMENT_FAILED', migrate(options))
  assert.deepEqual(await indexes(sql), [
    ['a_id_idx', false],
    ['theirs', false],
  ])
  await sql`TRUNCATE a`
  await migrate(options)
  assert.deepEqual(await indexes(sql), [
    ['a_id_idx', true],
    ['theirs', false],
  ])

  // An index over a function that fails only now makes REINDEX fail half-way.
  await sql.unsafe(`DROP INDEX theirs; INSERT INTO a VALUES (1);
    CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
    CREATE INDEX by_f ON a (f(id));
    CREATE OR REPLACE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`)
  write({ 'V2__r.sql': 'REINDEX (VERBOSE) INDEX CONCURRENTLY by_f;' })
  await expectError('STATEMENT_FAILED', migrate(options))
  await expectError('STATEMENT_FAILED', migrate(options))
  assert.deepEqual(await indexes(sql), [
    ['a_id_idx', true],
    ['by_f', true],
    ['by_f_ccnew', false],
  ])
  await sql.unsafe(
    'CREATE OR REPLACE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 2; END $$',
  )
  await migrate(options)
  assert.deepEqual(await indexes(sql), [
    ['a_id_idx', true],
    ['by_f', true],
  ])
})

test('an invalid index that somebody else left is told, not dropped', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)',
  })
  await migrate({ url, locations: directory })
  await sql.unsafe('CREATE UNIQUE INDEX CONCURRENTLY i ON a (id)').catch(() => {})
  write({ 'V2__i.sql': 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON a (id)' })
  for (const attempt of [1, 2]) {
    const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
    assert.match(
      error.message,
      /V2__i\.sql:1:1: the index public\.i was there before this file ran/,
      `attempt ${attempt}`,
    )
  }
  assert.deepEqual(await indexes(sql), [['i', false]])
})

test('what a killed run left: a completed index is not built again, an invalid one is', async (t) => {
  for (const isValid of [true, false]) {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeScripts(t, {
      'V1__a.sql': 'CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)',
      'V2__i.sql': 'CREATE INDEX CONCURRENTLY i ON a (id);\nVACUUM a;',
    })
    // A trigger on the ledger stands for the kill: the mark is written, the statement runs, its record does not come.
    await migrate({ url, locations: directory, target: '1' })
    await sql.unsafe(`CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.event = 'progressed' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
      CREATE TRIGGER stop BEFORE INSERT ON schemaway_ledger FOR EACH ROW EXECUTE FUNCTION stop()`)
    await expectError('CONNECTION_LOST', migrate({ url, locations: directory }))
    await sql.unsafe('DROP TRIGGER stop ON schemaway_ledger')
    if (!isValid) await sql`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass`
    const [before] = await sql`SELECT 'i'::regclass::oid AS oid`
    await migrate({ url, locations: directory })
    const [after] = await sql`SELECT 'i'::regclass::oid AS oid`
    assert.equal(before?.['oid'] === after?.['oid'], isValid)
    assert.deepEqual(await indexes(sql), [['i', true]])
    assert.deepEqual(await history(sql), [
      ['1', true],
      ['2', true],
    ])
  }
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

test('lock_timeout does not end a CREATE INDEX CONCURRENTLY that waits for an old transaction', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__i.sql': 'CREATE INDEX CONCURRENTLY i ON a (id);',
  })
  await migrate({ url, locations: directory, target: '1' })
  const old = await sql.reserve()
  await old`BEGIN`
  await old`SELECT * FROM a`
  await old`INSERT INTO a VALUES (1)`
  const done = migrate({ url, locations: directory, lockTimeout: 100, lockRetries: 0 })
  setTimeout(() => void old`COMMIT`.then(() => old.release()), 700)
  await done
  assert.deepEqual(await indexes(sql), [['i', true]])
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

test('a process killed in the middle of CREATE INDEX CONCURRENTLY leaves an invalid index, which the next run replaces', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__i.sql': `${none}INSERT INTO a VALUES (1);\nCREATE INDEX CONCURRENTLY i ON a (id);\nINSERT INTO a VALUES (2);`,
  })
  await migrate({ url, locations: directory, target: '1' })
  const old = await sql.reserve()
  await old`BEGIN`
  await old`LOCK TABLE a IN ROW EXCLUSIVE MODE`
  const killed = startMigrating({ url, locations: directory })
  await killed.ready
  killed.go()
  const isBuilding = async (): Promise<boolean> => (await sql`SELECT FROM pg_stat_progress_create_index`).length > 0
  for (let waited = 0; !(await isBuilding()) && waited < 20_000; waited += 20) await sleep(20)
  killed.child.kill('SIGKILL')
  assert.equal((await killed.ended).code, null)
  // The server lets go of it within client_connection_check_interval.
  for (let waited = 0; (await isBuilding()) && waited < 20_000; waited += 20) await sleep(20)
  await old`COMMIT`
  old.release()
  assert.deepEqual(await indexes(sql), [['i', false]])

  await migrate({ url, locations: directory })
  assert.deepEqual(await indexes(sql), [['i', true]])
  assert.deepEqual([...(await sql`SELECT id FROM a ORDER BY id`)], [{ id: 1 }, { id: 2 }])
  assert.deepEqual(await history(sql), [
    ['1', true],
    ['2', true],
  ])
})
