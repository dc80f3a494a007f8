import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { migrate, repair } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { none, values } from '../support/outside-transaction.js'
import { startMigrating } from '../support/run-process.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

/** Inserts and commits; before its end it waits for whoever holds the lock of the tests. */
const procedure =
  'CREATE PROCEDURE p(v integer) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES (v); COMMIT; ' +
  'PERFORM pg_advisory_lock(1), pg_advisory_unlock(1); END $$;'
const first = { 'V1__a.sql': `CREATE TABLE a (id integer);\n${procedure}` }

/** The session that runs a statement of a script, once that waits for the lock of the tests. */
async function waitForStatement(sql: Sql): Promise<number> {
  let session: number | undefined
  await waitUntil('the statement waits', async () => {
    const [row] = await sql`
      SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND (classid, objid) = (0, 1) AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
    session = row?.['pid']
    return session !== undefined
  })
  return session ?? 0
}

/** Waits until something that this session does, or any session, has to wait for whoever holds the ledger. */
async function waitForRecord(sql: Sql, session: number | null = null): Promise<void> {
  await waitUntil('its record waits', async () => {
    const rows = await sql`
      SELECT FROM pg_locks WHERE relation = 'schemaway_ledger'::regclass AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND pid = coalesce(${session}, pid)`
    return rows.length > 0
  })
}

/** Kills a process that migrates when a statement that waits for lock 1 is done, and its record is not written yet. */
async function killBeforeRecord(sql: Sql, options: { url: string; locations: string }): Promise<void> {
  const gate = await sql.reserve()
  const ledger = await sql.reserve()
  await gate`SELECT pg_advisory_lock(1)`
  const killed = startMigrating(options)
  await killed.ready
  killed.go()
  const session = await waitForStatement(sql)
  await ledger`BEGIN`
  await ledger`LOCK TABLE schemaway_ledger IN EXCLUSIVE MODE`
  await gate`SELECT pg_advisory_unlock(1)`
  await waitForRecord(sql, session)
  killed.child.kill('SIGKILL')
  assert.equal((await killed.ended).code, null)
  await waitUntil('its session is over', async () => {
    return (await sql`SELECT FROM pg_stat_activity WHERE pid = ${session}`).length === 0
  })
  await ledger`ROLLBACK`
  gate.release()
  ledger.release()
}

async function killed(t: TestContext, text: string) {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, { ...first, 'V2__b.sql': text })
  const options = { url, locations: directory }
  await migrate({ ...options, target: '1' })
  await killBeforeRecord(sql, options)
  return { sql, options, write }
}

test('killed between a statement that commits by itself and its record: neither repeated nor left out unasked', async (t) => {
  const { sql, options } = await killed(t, `${none}INSERT INTO a VALUES (1);\nCALL p(2);\nINSERT INTO a VALUES (3);\n`)
  assert.deepEqual(await values(sql), [1, 2])
  const events = await sql`SELECT event FROM schemaway_ledger ORDER BY id DESC LIMIT 1`
  assert.deepEqual([...events], [{ event: 'started' }])
  for (const attempt of [1, 2]) {
    const error = await expectError('VALIDATION_FAILED', migrate(options))
    assert.equal(error.details.problems?.[0]?.kind, 'STATEMENT_OUTCOME_UNKNOWN')
    assert.deepEqual([error.details.line, error.details.statement], [3, 2])
    assert.match(
      error.message,
      /V2__b\.sql:3:1: statement 2 was under way .* unknown whether it was completed/,
      `${attempt}`,
    )
    assert.match(error.message, /repair\(\{ versions: \['2'\], unfinished: 'completed' \}\) goes on behind it/)
  }
  assert.deepEqual(await values(sql), [1, 2])
  const { unfinished, repairs, run } = await repair({ ...options, versions: ['2'], unfinished: 'completed' })
  assert.notEqual(run, null)
  assert.deepEqual([repairs, unfinished.map(({ nextStatement }) => nextStatement)], [[], [3]])
  await migrate(options)
  assert.deepEqual(await values(sql), [1, 2, 3])
  assert.equal((await migrate(options)).migrations.length, 0)
})

test('told that it was not completed, the next run does it again', async (t) => {
  const { sql, options } = await killed(t, `${none}CALL p(2);\nINSERT INTO a VALUES (3);\n`)
  await sql`DELETE FROM a`
  await repair({ ...options, versions: ['2'], unfinished: 'repeat' })
  await migrate(options)
  assert.deepEqual(await values(sql), [2, 3])
})

test('an edited statement does not hide that another one was under way', async (t) => {
  const { sql, options, write } = await killed(t, `${none}CALL p(2);\nINSERT INTO a VALUES (3);\n`)
  write({ 'V2__b.sql': `${none}VACUUM a;\nINSERT INTO a VALUES (3);\n` })
  const error = await expectError('VALIDATION_FAILED', migrate(options))
  assert.match(error.message, /when an earlier run ended, and was edited after that, and it is unknown/)
  await repair({ ...options, versions: ['2'], unfinished: 'repeat' })
  await migrate(options)
  assert.deepEqual(await values(sql), [2, 3])
})

test('what may run twice, and what runs in a transaction with its record, needs no answer', async (t) => {
  const wait = 'PERFORM pg_advisory_lock(1), pg_advisory_unlock(1);'
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (0);\n' +
      `CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN ${wait} RETURN $1; END $$;\n` +
      'CREATE INDEX i ON a (f(id));',
    // It analyses the index, for which it calls the function.
    'V2__b.sql': `${none}VACUUM ANALYZE a;\nDO $$ BEGIN INSERT INTO a VALUES (1); END $$;`,
  })
  const options = { url, locations: directory }
  await migrate({ ...options, target: '1' })
  await killBeforeRecord(sql, options)
  await migrate(options)
  assert.deepEqual(await values(sql), [0, 1])
})

test('killed between the rows of a COPY and its record: the rows are there once', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      'CREATE TABLE a (id integer);\n' +
      'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS ' +
      '$$ BEGIN PERFORM pg_advisory_lock(1), pg_advisory_unlock(1); RETURN NEW; END $$;\n' +
      'CREATE TRIGGER f BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();',
    'V2__b.sql': `${none}COPY a FROM stdin;\n1\n2\n\\.\nVACUUM a;`,
  })
  const options = { url, locations: directory }
  await migrate({ ...options, target: '1' })
  await killBeforeRecord(sql, options)
  assert.deepEqual(await values(sql), [])
  await migrate(options)
  assert.deepEqual(await values(sql), [1, 2])
})

test('an index without a name that may have been completed is not built a second time', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (0);\n' +
      'CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS ' +
      '$$ BEGIN PERFORM pg_advisory_lock(1), pg_advisory_unlock(1); RETURN $1; END $$;',
    'V2__i.sql': 'CREATE INDEX CONCURRENTLY ON a (f(id));',
  })
  const options = { url, locations: directory }
  await migrate({ ...options, target: '1' })
  await killBeforeRecord(sql, options)
  await expectError('VALIDATION_FAILED', migrate(options))
  await repair({ ...options, versions: ['2'], unfinished: 'completed' })
  await migrate(options)
  assert.equal((await sql`SELECT FROM pg_index WHERE indrelid = 'a'::regclass AND indisvalid`).length, 1)
})

test('a record that cannot be written is not taken for a failure of its statement', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      'CREATE TABLE a (id integer);\nCREATE PROCEDURE q(v integer) LANGUAGE sql AS $$ INSERT INTO a VALUES (v) $$;',
    'V2__b.sql': `${none}CALL q(2);\nINSERT INTO a VALUES (3);\n`,
    'V3__i.sql': 'CREATE INDEX CONCURRENTLY i ON a (id);',
  })
  const options = { url, locations: directory }
  await migrate({ ...options, target: '1' })
  const refuse = `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.event = 'progressed' THEN RAISE 'the ledger is full'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON schemaway_ledger FOR EACH ROW EXECUTE FUNCTION refuse()`
  await sql.unsafe(refuse)
  const error = await expectError('STATEMENT_FAILED', migrate(options))
  assert.match(error.message, /the ledger is full.*Statement 1 is done as well, but that could not be recorded/s)
  assert.match(
    error.message,
    /Say so before the next migrate\(\): repair\(\{ versions: \['2'\], unfinished: 'completed' \}\)/,
  )
  await sql`DROP TRIGGER refuse ON schemaway_ledger`
  await expectError('VALIDATION_FAILED', migrate(options))
  await repair({ ...options, versions: ['2'], unfinished: 'completed' })
  await migrate({ ...options, target: '2' })
  assert.deepEqual(await values(sql), [2, 3])

  await sql.unsafe(refuse)
  await expectError('STATEMENT_FAILED', migrate(options))
  await sql`DROP TRIGGER refuse ON schemaway_ledger`
  const [before] = await sql`SELECT 'i'::regclass::oid AS oid`
  await migrate(options)
  assert.deepEqual([...(await sql`SELECT 'i'::regclass::oid AS oid`)], [before], 'it is not built again')
})

test('a record waits for whoever holds the ledger, as every statement does', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer);\n${procedure}`,
    'V2__b.sql': `${none}SET statement_timeout = '200ms';\nSET lock_timeout = '10ms';\nCALL p(2);`,
  })
  const options = { url, locations: directory, lockTimeout: 100, lockRetries: 20 }
  await migrate({ ...options, target: '1' })
  const ledger = await sql.reserve()
  // The mark before the statement takes until somebody has asked for the ledger, who gets it next: the record has to wait.
  await sql.unsafe(`CREATE SEQUENCE reached; CREATE TABLE asked ();
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.event = 'started' THEN
        PERFORM nextval('public.reached');
        WHILE NOT EXISTS (SELECT FROM public.asked) LOOP PERFORM pg_sleep(0.01); END LOOP;
      END IF;
      IF NEW.event = 'progressed' THEN PERFORM pg_sleep(0.4); END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER hold BEFORE INSERT ON schemaway_ledger FOR EACH ROW EXECUTE FUNCTION hold()`)
  const done = migrate(options)
  await waitUntil('the mark is written', async () => {
    return (await sql`SELECT FROM reached WHERE is_called`).length > 0
  })
  await ledger`BEGIN`
  const held = ledger`LOCK TABLE schemaway_ledger IN EXCLUSIVE MODE`.execute()
  await waitUntil('the ledger is asked for', async () => {
    const rows = await sql`
      SELECT FROM pg_locks WHERE relation = 'schemaway_ledger'::regclass AND mode = 'ExclusiveLock'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
    return rows.length > 0
  })
  await sql`INSERT INTO asked DEFAULT VALUES`
  await held
  await waitForRecord(sql)
  await ledger`COMMIT`
  ledger.release()
  await done
  assert.deepEqual(await values(sql), [2])
})

test('only what is unfinished can be settled, and only by name', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}INSERT INTO a VALUES (1);\nINSERT INTO missing VALUES (1);`,
  })
  const options = { url, locations: directory }
  const before = await expectError(
    'VERSION_NOT_APPLIED',
    repair({ ...options, versions: ['2'], unfinished: 'restart' }),
  )
  assert.match(before.message, /there is none/)
  await expectError('STATEMENT_FAILED', migrate(options))
  await expectError('INVALID_OPTIONS', repair({ ...options, unfinished: 'restart' }))
  const other = await expectError('VERSION_NOT_APPLIED', repair({ ...options, versions: ['1'], unfinished: 'restart' }))
  assert.match(other.message, /names 1, which is no script .*; there is 2\. Nothing was changed\./)
  const known = await expectError(
    'VERSION_NOT_APPLIED',
    repair({ ...options, versions: ['2'], unfinished: 'completed' }),
  )
  assert.match(known.message, /V2__b\.sql stopped half-way, but no statement of it was under way/)
})
