import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { collectNotices, none } from '../support/outside-transaction.js'
import { writeScripts } from '../support/write-scripts.js'

const twice = 'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1), (1);'

async function indexes(sql: Sql): Promise<readonly unknown[]> {
  const rows =
    await sql`SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index ORDER BY indexrelid DESC`
  return rows.filter(({ name }) => !/^pg_|flyway|ledger/.test(name)).map(({ name, valid }) => [name, valid])
}

/** As a process that is killed behind a statement: its session ends where the record is to be written. */
async function stopAtRecord(sql: Sql, run: () => Promise<unknown>): Promise<void> {
  await sql.unsafe(`CREATE OR REPLACE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.event = 'progressed' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
    CREATE TRIGGER stop BEFORE INSERT ON schemaway_ledger FOR EACH ROW EXECUTE FUNCTION stop()`)
  await expectError('CONNECTION_LOST', run())
  await sql.unsafe('DROP TRIGGER stop ON schemaway_ledger')
}

const long = `i${'x'.repeat(71)}`
const written: readonly [situation: string, name: string, made: string][] = [
  ['is longer than 63 bytes', long, long.slice(0, 63)],
  ['has letters of several bytes at the 63rd', `"${'ä'.repeat(40)}"`, `"${'ä'.repeat(31)}"`],
  ['is escaped', 'U&"i\\0041"', '"iA"'],
  ['is escaped with another character', `U&"i!0041" UESCAPE '!'`, '"iA"'],
  ['is folded', 'My_Index', 'my_index'],
]
for (const [situation, name, made] of written) {
  test(`an invalid index is found and built again when its name ${situation}`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeScripts(t, {
      'V1__a.sql': twice,
      'V2__i.sql': `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ${name} ON a (id);`,
    })
    const options = { url, locations: directory }
    await expectError('STATEMENT_FAILED', migrate(options))
    assert.deepEqual(await indexes(sql), [[made, false]])
    await sql`DELETE FROM a`
    await migrate(options)
    assert.deepEqual(await indexes(sql), [[made, true]])
  })
}

test('an index with a name longer than 63 bytes that a killed run completed is not built again', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__i.sql': `CREATE INDEX CONCURRENTLY ${long} ON a (id);`,
  })
  const options = { url, locations: directory }
  await migrate({ ...options, target: '1' })
  await stopAtRecord(sql, () => migrate(options))
  const before = await sql`SELECT oid FROM pg_class WHERE relname = ${long.slice(0, 63)}`
  await migrate(options)
  assert.deepEqual([...(await sql`SELECT oid FROM pg_class WHERE relname = ${long.slice(0, 63)}`)], [...before])
})

test('REINDEX of what is not there drops nothing of anybody', async (t) => {
  for (const object of ['INDEX', 'TABLE', 'SCHEMA']) {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeScripts(t, {
      'V1__a.sql': twice,
      'V2__r.sql': `REINDEX ${object} CONCURRENTLY missing;`,
    })
    const options = { url, locations: directory }
    await expectError('STATEMENT_FAILED', migrate(options))
    await sql.unsafe('CREATE UNIQUE INDEX CONCURRENTLY theirs_ccnew ON a (id)').catch(() => {})
    await expectError('STATEMENT_FAILED', migrate(options))
    assert.deepEqual(await indexes(sql), [['theirs_ccnew', false]], object)
  }
})

test('what REINDEX DATABASE may have left behind is told, not dropped', async (t) => {
  const { url, sql } = await testDatabase(t)
  const [{ name } = { name: '' }] = await sql<{ name: string }[]>`SELECT quote_ident(current_database()) AS name`
  const { directory } = writeScripts(t, {
    'V1__a.sql': `${twice}
      CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
      CREATE INDEX by_f ON a (f(id));
      CREATE OR REPLACE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`,
    'V2__r.sql': `REINDEX DATABASE CONCURRENTLY ${name};`,
  })
  const { notices, onEvent } = collectNotices()
  const options = { url, locations: directory, onEvent }
  const error = await expectError('STATEMENT_FAILED', migrate(options))
  assert.match(error.message, /cannot be told from one of somebody else/)
  await expectError('STATEMENT_FAILED', migrate(options))
  assert.ok(
    notices.some((notice) => notice.includes('invalid index public.by_f_ccnew (oid')),
    notices.join('\n'),
  )
  assert.ok((await indexes(sql)).some((index) => String(index) === 'by_f_ccnew,false'))
})

test('an invalid index of a materialized view is dropped before the next attempt', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `${twice}\nCREATE MATERIALIZED VIEW m AS SELECT * FROM a;`,
    'V2__i.sql': 'CREATE UNIQUE INDEX CONCURRENTLY i ON m (id);',
  })
  const options = { url, locations: directory, lockTimeout: 100, lockRetries: 0 }
  await expectError('STATEMENT_FAILED', migrate(options))
  assert.deepEqual(await indexes(sql), [['i', false]])
  const builder = await sql.reserve()
  await builder`BEGIN`
  await builder`ANALYZE m`
  const error = await expectError('STATEMENT_BLOCKED', migrate(options))
  assert.match(error.message, /but process \d+ works on its table/)
  await builder`COMMIT`
  builder.release()
  await sql`DELETE FROM a`
  await sql`REFRESH MATERIALIZED VIEW m`
  await sql.unsafe(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass`)
  await migrate(options)
  assert.deepEqual(await indexes(sql), [['i', true]])
})

test('what REINDEX of a partitioned table left at its partitions is dropped', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer) PARTITION BY RANGE (id); CREATE TABLE b PARTITION OF a DEFAULT;
      INSERT INTO a VALUES (1);
      CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
      CREATE INDEX by_f ON a (f(id));
      CREATE OR REPLACE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`,
    'V2__r.sql': 'REINDEX TABLE CONCURRENTLY a;',
  })
  const options = { url, locations: directory }
  await expectError('STATEMENT_FAILED', migrate(options))
  const left = async () => (await sql`SELECT FROM pg_class WHERE relname ~ '_ccnew'`).length
  assert.equal(await left(), 1)
  await expectError('STATEMENT_FAILED', migrate(options))
  assert.equal(await left(), 1)
  await sql.unsafe(
    'CREATE OR REPLACE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$',
  )
  await migrate(options)
  assert.equal(await left(), 0)
})

test('an invalid index is dropped when the statement that left it was edited, preceded by another, or taken out', async (t) => {
  const edits: readonly [text: string, expected: readonly unknown[]][] = [
    [`${none}CREATE UNIQUE INDEX i ON a (id);`, [['i', true]]],
    [`${none}SELECT 1;\nCREATE UNIQUE INDEX CONCURRENTLY i ON a (id);`, [['i', true]]],
    [`${none}`, []],
  ]
  for (const [text, expected] of edits) {
    const { url, sql } = await testDatabase(t)
    const { directory, write } = writeScripts(t, {
      'V1__a.sql': twice,
      'V2__i.sql': `${none}CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);`,
    })
    const options = { url, locations: directory }
    await expectError('STATEMENT_FAILED', migrate(options))
    await sql`DELETE FROM a`
    write({ 'V2__i.sql': text })
    await migrate(options)
    assert.deepEqual(await indexes(sql), expected, text)
  }
})

test('a half-done file that would now run inside a transaction says which statement was begun and may have left an index', async (t) => {
  const { url } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': twice,
    'V2__i.sql': `${none}CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);`,
  })
  const options = { url, locations: directory }
  await expectError('STATEMENT_FAILED', migrate(options))
  write({ 'V2__i.sql': 'SELECT 1;' })
  const error = await expectError('VALIDATION_FAILED', migrate(options))
  assert.match(
    error.message,
    /0 of its parts are done, and its statement 1 in line 2 was begun, which may have left an/,
  )
})

test('an index that a killed run completed in one schema is not taken for that of another', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      'CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.a (id integer); CREATE TABLE two.a (id integer);',
    'V2__i.sql': `${none}CREATE INDEX CONCURRENTLY i ON \${s}.a (id);`,
  })
  const options = { url, locations: directory }
  const run = (s: string) => migrate({ ...options, placeholders: { s } })
  await migrate({ ...options, target: '1', placeholders: { s: 'one' } })
  await stopAtRecord(sql, () => run('one'))
  await run('two')
  assert.deepEqual(await indexes(sql), [
    ['two.i', true],
    ['one.i', true],
  ])
})

test('REINDEX with CONCURRENTLY switched off does not wait longer than lockTimeout', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer); CREATE INDEX i ON a (id);',
    'V2__r.sql': `${none}REINDEX (CONCURRENTLY false) TABLE a;`,
  })
  await migrate({ url, locations: directory, target: '1' })
  const other = await sql.reserve()
  await other`BEGIN`
  await other`INSERT INTO a VALUES (1)`
  await expectError('STATEMENT_BLOCKED', migrate({ url, locations: directory, lockTimeout: 100, lockRetries: 0 }))
  await other`COMMIT`
  other.release()
  await migrate({ url, locations: directory })
})
