import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const table = 'CREATE TABLE a (id integer PRIMARY KEY, note text);\n'

test('COPY blocks run between other statements, and the row of history stands in the same transaction', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      `${table}COPY a (id, note) FROM stdin; -- rows follow\n1\tone\n2\t\\N\n3\ta;b 'c' -- d 🚀\n\\.\n\n` +
      'UPDATE a SET note = \'two\' WHERE id = 2;\nCOPY a FROM STDIN WITH (FORMAT csv);\n4,"x\ny"\n\\.\nCOPY a FROM stdin;\n\\.\n',
    'V2__b.sql': 'COPY a FROM stdin;\r\n5\tfive\r\n\\.\r\n',
  })
  const { migrations } = await migrate({ url, locations: directory })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V1__a.sql', 'V2__b.sql'],
  )
  assert.deepEqual(
    (await sql`SELECT id, note FROM a ORDER BY id`).map((row) => [row['id'], row['note']]),
    [
      [1, 'one'],
      [2, 'two'],
      [3, "a;b 'c' -- d 🚀"],
      [4, 'x\ny'],
      [5, 'five'],
    ],
  )
  const ledger = await sql`SELECT event, version FROM schemaway_ledger ORDER BY id`
  assert.deepEqual(
    ledger.map((row) => [row['event'], row['version']]),
    [
      ['applied', '1'],
      ['applied', '2'],
    ],
  )
})

for (const transaction of ['each', 'all'] as const) {
  test(`a bad row is reported with its line in the file, and nothing stays (transaction: '${transaction}')`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeScripts(t, {
      'V1__base.sql': 'CREATE TABLE base (id int);',
      'V2__a.sql': `${table}COPY a FROM stdin;\n1\tone\n\\.\nSELECT 1;\n\nCOPY a FROM stdin;\n2\ttwo\n3\tthree\nfour\tfour\n5\tfive\n\\.\nSELECT 2;\n`,
    })
    const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory, transaction }))
    assert.deepEqual(
      [error.details.line, error.details.column, error.details.statement, error.details.sqlState],
      [10, 1, 4, '22P02'],
    )
    assert.match(error.message, /^V2__a\.sql:10:1 failed: 22P02/)
    assert.match(error.details.excerpt ?? '', /10 \| four\tfour\n\s+\|\s+\^/)
    const [found] = await sql`SELECT to_regclass('a') AS a, to_regclass('base') AS base`
    assert.deepEqual({ ...found }, { a: null, base: transaction === 'each' ? 'base' : null })
    const rows = await sql`SELECT event, version FROM schemaway_ledger WHERE event = 'failed'`
    assert.deepEqual(
      rows.map((row) => row['version']),
      ['2'],
    )
  })
}

test('a statement behind a COPY that fails is reported with its own line', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `${table}COPY a FROM stdin;\n1\tone\n\\.\n\n  INSERT INTO a VALUES (1);\n`,
    'V2__b.sql': `SELECT 1`,
  })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual([error.details.line, error.details.column, error.details.statement], [6, 3, 3])
  assert.deepEqual(error.details.notReached, ['V2__b.sql'])
})

test('an unknown column behind a COPY is reported with line and column', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `${table}COPY a FROM stdin;\n1\tone\n\\.\n-- 🚀\n  SELECT nothing FROM a;\n`,
  })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual([error.details.line, error.details.column, error.details.statement], [6, 10, 3])
})

test('a duplicate row, and one that a trigger refuses, are reported with their lines', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': `${table}COPY a FROM stdin;\n1\tone\n2\ttwo\n1\tagain\n\\.\n`,
  })
  const twice = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual([twice.details.line, twice.details.sqlState], [5, '23505'])

  write({
    'V1__a.sql':
      `${table}CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  IF NEW.id = 9 THEN RAISE 'nine'; END IF;\n` +
      '  RETURN NEW;\nEND $$;\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION no();\n' +
      'COPY a FROM stdin;\n1\tone\n9\tnine\n\\.\n',
  })
  const refused = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual([refused.details.line, refused.details.serverMessage], [10, 'nine'])
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('a script that takes our settings away before a COPY is stopped before its rows are sent', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `${table}COPY a FROM stdin;\n1\tone\n\\.\nRESET ALL;\nCOPY a FROM stdin;\n2\ttwo\n\\.\nCOPY a FROM stdin;\nwrong\n\\.\n`,
  })
  await expectError('TRANSACTION_ESCAPED', migrate({ url, locations: directory }))
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('an undo script may hold a COPY block, too', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': table,
    'V2__b.sql': 'DELETE FROM a;',
    'U2__b.sql': 'COPY a FROM stdin;\n1\tone\n\\.\nINSERT INTO a VALUES (2);\n',
  })
  await migrate({ url, locations: directory })
  await rollback({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT id FROM a ORDER BY id`)], [{ id: 1 }, { id: 2 }])
})

test("the output of pg_dump runs, with \\restrict and with a transaction around it (--single-transaction's twin)", async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__dump.sql':
      "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nBEGIN;\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n" +
      "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a (id integer, note text);\n\n" +
      'COPY public.a (id, note) FROM stdin;\n1\tone\n2\t\\N\n\\.\n\n\nALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);\n\n' +
      'COMMIT;\n\\unrestrict abc\n',
    'V2__b.sql': 'INSERT INTO a VALUES (3);',
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(
    [...(await sql`SELECT id, note FROM a ORDER BY id`)],
    [
      { id: 1, note: 'one' },
      { id: 2, note: null },
      { id: 3, note: null },
    ],
  )
})

test('psql commands other than \\restrict, and transaction control inside, are refused with file and line', async (t) => {
  const { url } = await testDatabase(t)
  const { directory, write } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;\n\\i other.sql\n' })
  const psql = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
  assert.equal(psql.details.line, 2)
  write({ 'V1__a.sql': 'BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nCOMMIT;\n' })
  const control = await expectError('TRANSACTION_CONTROL', migrate({ url, locations: directory }))
  assert.equal(control.details.line, 3)
})
