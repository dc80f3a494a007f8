import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { type MigrationEvent, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { history, indexes, none } from '../support/outside-transaction.js'
import { startMigrating } from '../support/run-process.js'
import { waitForLock, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

/** Stands for a process that is killed behind a statement: its session ends where the record is to be written. */
async function stopAtRecord(sql: Sql): Promise<void> {
  await sql.unsafe(`CREATE OR REPLACE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.event = 'progressed' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
    CREATE TRIGGER stop BEFORE INSERT ON schemaway_ledger FOR EACH ROW EXECUTE FUNCTION stop()`)
}

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

test('an invalid index without a name is told and not dropped, since it may be that of others; what REINDEX leaves behind is cleaned up', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe('CREATE TABLE a (id integer); INSERT INTO a VALUES (1), (1); CREATE TABLE b (id integer)')
  await sql.unsafe('CREATE UNIQUE INDEX CONCURRENTLY theirs ON a (id)').catch(() => {})
  const { directory, write } = writeScripts(t, { 'V1__i.sql': 'CREATE UNIQUE INDEX CONCURRENTLY ON a (id)' })
  const notices: string[] = []
  const onEvent = (event: MigrationEvent): void => void (event.type === 'notice' && notices.push(event.message))
  const options = { url, locations: directory, baselineOnMigrate: true, baselineVersion: '0', onEvent }
  const error = await expectError('STATEMENT_FAILED', migrate(options))
  assert.match(error.message, /cannot be told from one of somebody else: the next migrate\(\) names it in a notice/)
  // A DBA switches another one off meanwhile.
  await sql.unsafe(
    `CREATE INDEX off ON a (id); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'off'::regclass`,
  )
  await sql`DELETE FROM a`
  await migrate(options)
  assert.deepEqual(await indexes(sql), [
    ['a_id_idx', false],
    ['a_id_idx1', true],
    ['off', false],
    ['theirs', false],
  ])
  for (const name of ['a_id_idx', 'off']) {
    const told = new RegExp(
      `the invalid index public\\.${name} \\(oid \\d+\\) may be .* DROP INDEX CONCURRENTLY public\\.${name}$`,
    )
    assert.ok(
      notices.some((notice) => told.test(notice)),
      notices.join('\n'),
    )
  }
  await sql`DROP INDEX a_id_idx, off`
  await sql`ALTER INDEX a_id_idx1 RENAME TO a_id_idx`

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
    await stopAtRecord(sql)
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
  await waitForLock(sql)
  // From now on it waits, for longer than `lockTimeout`.
  await sleep(300)
  await old`COMMIT`
  old.release()
  await done
  assert.deepEqual(await indexes(sql), [['i', true]])
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
  const builders = async (phase: string): Promise<number> => {
    const rows = await sql`
      SELECT FROM pg_stat_progress_create_index WHERE datname = current_database() AND phase LIKE ${phase}`
    return rows.length
  }
  await waitUntil('the index is being built', async () => (await builders('waiting for writers%')) > 0)
  killed.child.kill('SIGKILL')
  assert.equal((await killed.ended).code, null)
  // The server lets go of it within client_connection_check_interval.
  await waitUntil('nobody builds it any more', async () => (await builders('%')) === 0)
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

test('an index that was built by hand after the file had failed is not built again, and not dropped', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1), (1);',
    'V2__i.sql': 'CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);',
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await sql.unsafe('DELETE FROM a')
  await sql.unsafe('DROP INDEX i')
  await sql.unsafe('CREATE UNIQUE INDEX CONCURRENTLY i ON a (id)')
  const [before] = await sql`SELECT 'i'::regclass::oid AS oid`
  await migrate({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT 'i'::regclass::oid AS oid`)], [before])
  assert.deepEqual(await history(sql), [
    ['1', true],
    ['2', true],
  ])
})

test('an index that somebody builds by hand meanwhile is neither waited for nor dropped: its builder is named', async (t) => {
  const { url, sql } = await testDatabase(t)
  for (const name of ['i']) {
    await sql.unsafe('DROP TABLE IF EXISTS a, flyway_schema_history, schemaway_ledger')
    const { directory } = writeScripts(t, {
      'V1__a.sql': 'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1), (1);',
      'V2__i.sql': `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON a (id);`,
    })
    await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
    const left = (await indexes(sql)) as [string, boolean][]
    await sql.unsafe(`DROP INDEX ${left[0]?.[0]}`)
    await sql`DELETE FROM a`
    const old = await sql.reserve()
    await old`BEGIN`
    await old`LOCK TABLE a IN ROW EXCLUSIVE MODE`
    const byHand = await sql.reserve()
    const built = byHand.unsafe(`CREATE UNIQUE INDEX CONCURRENTLY ${name} ON a (id)`).then(() => byHand.release())
    await waitUntil('the index is being built', async () => (await indexes(sql)).length > 0)
    const error = await expectError(
      'STATEMENT_BLOCKED',
      migrate({ url, locations: directory, lockTimeout: 100, lockRetries: 0 }),
    )
    const [builder] = await sql`SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database()`
    assert.match(
      error.message,
      new RegExp(
        `V2__i\\.sql:1:1: an earlier attempt may have left .*, but process ${builder?.['pid']} works on its table`,
      ),
    )
    await old`COMMIT`
    old.release()
    await built
    const [[index, isValid] = []] = (await indexes(sql)) as [string, boolean][]
    assert.equal(isValid, true, `${index} is what was built by hand`)
  }
})

test('an invalid index that somebody is building right now is not told to be dropped', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int)' })
  await migrate({ url, locations: directory })
  const old = await sql.reserve()
  await old`BEGIN`
  await old`LOCK TABLE a IN ROW EXCLUSIVE MODE`
  const byHand = await sql.reserve()
  const built = byHand.unsafe('CREATE INDEX CONCURRENTLY i ON a (id)').then(() => byHand.release())
  await waitUntil('the index is being built', async () => (await indexes(sql)).length > 0)
  write({ 'V2__i.sql': 'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (id)' })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.match(error.message, /Process \d+ works on its table and may be building it\. Wait until it is done/)
  await old`COMMIT`
  old.release()
  await built
  await migrate({ url, locations: directory })
  assert.deepEqual(await indexes(sql), [['i', true]])
})

test('a clean-up that was cut off between its two steps is finished by the next run', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1), (1);',
    'V2__i.sql': 'CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);',
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await sql.unsafe(`DO $$ BEGIN EXECUTE 'ALTER INDEX i RENAME TO schemaway_left_over_' || 'i'::regclass::oid; END $$`)
  await sql`DELETE FROM a`
  await migrate({ url, locations: directory })
  assert.deepEqual(await indexes(sql), [['i', true]])
})

test('what REINDEX of a table or schema leaves behind is dropped, also of what the server keeps beside a table', async (t) => {
  for (const object of ['TABLE CONCURRENTLY a', 'SCHEMA CONCURRENTLY public']) {
    const { url, sql } = await testDatabase(t)
    const { directory, write } = writeScripts(t, {
      'V1__a.sql': `CREATE TABLE a (id integer, long text); INSERT INTO a VALUES (1);
        CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
        CREATE INDEX by_f ON a (f(id));`,
    })
    const options = { url, locations: directory }
    await migrate(options)
    const f = (body: string): string =>
      `CREATE OR REPLACE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`
    await sql.unsafe(f("RAISE 'no';"))
    const leftOvers = async (): Promise<readonly string[]> => {
      const rows =
        await sql`SELECT regexp_replace(relname, '[0-9]+', 'n') AS name FROM pg_class WHERE relname ~ '_cc(new|old)' ORDER BY 1`
      return rows.map(({ name }) => name)
    }
    write({ 'V2__r.sql': `REINDEX ${object};` })
    for (const attempt of [1, 2]) {
      await expectError('STATEMENT_FAILED', migrate(options))
      const found = await leftOvers()
      assert.ok(
        found.includes('by_f_ccnew') && found.includes('pg_toast_n_index_ccnew'),
        `attempt ${attempt}: ${found}`,
      )
      assert.equal(new Set(found).size, found.length, `attempt ${attempt}: ${found}`)
    }
    await sql.unsafe(f('RETURN 1;'))
    await migrate(options)
    assert.deepEqual(await leftOvers(), [], object)
  }
})

test('a lock_timeout of the script holds for its statements, also behind a clean-up', async (t) => {
  const { url, sql } = await testDatabase(t)
  const setting = "current_setting('lock_timeout')"
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1), (1);\nCREATE TABLE seen (lock_timeout text)',
    'V2__i.sql': `${none}SET lock_timeout = '7s';\nCREATE UNIQUE INDEX CONCURRENTLY i ON a (id);\nINSERT INTO seen VALUES (${setting});`,
    'V3__i.sql': `${none}CREATE INDEX CONCURRENTLY j ON a (id);\nINSERT INTO seen VALUES (${setting});`,
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory, lockTimeout: 2500 }))
  await sql`DELETE FROM a`
  await migrate({ url, locations: directory, lockTimeout: 2500 })
  assert.deepEqual(
    (await sql`SELECT lock_timeout FROM seen`).map((row) => row['lock_timeout']),
    ['7s', '2500ms'],
  )
})

test('REFRESH MATERIALIZED VIEW CONCURRENTLY does not queue longer than lockTimeout', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE MATERIALIZED VIEW m AS SELECT 1 AS id; CREATE UNIQUE INDEX ON m (id);',
    'V2__r.sql': `${none}REFRESH MATERIALIZED VIEW CONCURRENTLY m;`,
  })
  await migrate({ url, locations: directory, target: '1' })
  const other = await sql.reserve()
  await other`BEGIN`
  await other`REFRESH MATERIALIZED VIEW m`
  await expectError('STATEMENT_BLOCKED', migrate({ url, locations: directory, lockTimeout: 100, lockRetries: 0 }))
  await other`COMMIT`
  other.release()
  await migrate({ url, locations: directory })
})

test('DROP INDEX CONCURRENTLY that an earlier run completed is not run again', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int); CREATE INDEX i ON a (id); CREATE INDEX j ON a (id)',
    'V2__i.sql': 'DROP INDEX CONCURRENTLY i;\nDROP INDEX CONCURRENTLY public.j;',
  })
  await migrate({ url, locations: directory, target: '1' })
  for (let round = 0; round < 2; round += 1) {
    await stopAtRecord(sql)
    await expectError('CONNECTION_LOST', migrate({ url, locations: directory }))
    await sql.unsafe('DROP TRIGGER stop ON schemaway_ledger')
  }
  await migrate({ url, locations: directory })
  assert.deepEqual(await indexes(sql), [])
  assert.equal((await history(sql)).length, 2)
})
