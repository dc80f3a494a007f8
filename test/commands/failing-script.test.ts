import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

/** Runs V1, then a V2 that fails, and returns the error after checking what is left: V1 and one ledger row. */
async function failInSecond(t: TestContext, script: string, code: Parameters<typeof expectError>[0]) {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__base.sql': 'CREATE TABLE base (id int PRIMARY KEY);',
    'V2__broken.sql': script,
  })
  const error = await expectError(code, migrate({ url, locations: directory }))
  assert.deepEqual(await tables(sql), ['base', 'flyway_schema_history', 'schemaway_ledger'])
  assert.deepEqual([...(await sql`SELECT count(*)::int AS rows FROM base`)], [{ rows: 0 }])
  assert.deepEqual(
    [...(await sql`SELECT version, success FROM flyway_schema_history`)],
    [{ version: '1', success: true }],
  )
  const ledger = await sql`SELECT event, version, error FROM schemaway_ledger ORDER BY id`
  assert.deepEqual(
    ledger.map((row) => [row['event'], row['version']]),
    [
      ['applied', '1'],
      ['failed', '2'],
    ],
  )
  assert.equal(ledger[1]?.['error'].code, code)
  assert.deepEqual(error.details.applied, ['V1__base.sql'])
  assert.equal(error.details.script, 'V2__broken.sql')
  return error
}

async function tables(sql: Sql): Promise<readonly string[]> {
  const rows =
    await sql`SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`
  return rows.map((row) => row['relname'])
}

test('a syntax error in the third statement is reported with file, line and column', async (t) => {
  const error = await failInSecond(
    t,
    'CREATE TABLE one (id int);\n\nINSERT INTO base VALUES (1);\n  CREATE TABEL two (id int);\nSELECT 1;\n',
    'STATEMENT_FAILED',
  )
  assert.equal(error.details.sqlState, '42601')
  assert.equal(error.details.line, 4)
  assert.equal(error.details.column, 10)
  assert.equal(error.details.statement, 3)
  assert.match(error.message, /V2__broken\.sql:4:10 failed: 42601/)
  assert.match(error.details.excerpt ?? '', /4 \|\s+CREATE TABEL two/)
  assert.match(error.details.excerpt ?? '', /\n\s+\|\s+\^/)
})

test('a unique violation in the third statement is reported with the line where that statement begins', async (t) => {
  const error = await failInSecond(
    t,
    "-- näive 🚀\nINSERT INTO base VALUES (1);\nSELECT 'a;b';\n  INSERT INTO base\n  VALUES (1);\nSELECT 2;\n",
    'STATEMENT_FAILED',
  )
  assert.equal(error.details.sqlState, '23505')
  assert.deepEqual([error.details.line, error.details.column, error.details.statement], [4, 3, 3])
  assert.equal(error.details.constraint, 'base_pkey')
  assert.match(error.message, /Detail: Key \(id\)=\(1\) already exists\./)
})

test('an error inside a DO block is reported with its place in the file and its where', async (t) => {
  const error = await failInSecond(
    t,
    'SELECT 1;\n\nSELECT 2;\nDO $$\nBEGIN\n  PERFORM 1 / 0;\nEND\n$$;\n',
    'STATEMENT_FAILED',
  )
  assert.equal(error.details.sqlState, '22012')
  assert.deepEqual([error.details.line, error.details.column, error.details.statement], [4, 1, 3])
  assert.match(error.details.where ?? '', /PL\/pgSQL function inline_code_block line 3 at PERFORM/)
  assert.match(error.message, /Where: /)
})

test('a deferred constraint that fails at our COMMIT is reported as "at commit", without a line', async (t) => {
  const error = await failInSecond(
    t,
    'CREATE TABLE child (base_id int REFERENCES base (id) DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO child VALUES (7);\nSELECT 1;\n',
    'COMMIT_FAILED',
  )
  assert.equal(error.details.sqlState, '23503')
  assert.equal(error.details.line, undefined)
  assert.match(error.message, /V2__broken\.sql failed at commit/)
})

test('a lock timeout names the session that blocks', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__alter.sql': 'SELECT 1;\nALTER TABLE other.busy ADD COLUMN more int;' })
  await sql`CREATE SCHEMA other`
  await sql`CREATE TABLE other.busy (id int)`
  const blocker = await sql.reserve()
  await blocker`BEGIN`
  await blocker`SET LOCAL application_name = 'the blocking one'`
  await blocker`LOCK TABLE other.busy IN ACCESS SHARE MODE`
  const events: string[] = []
  try {
    const error = await expectError(
      'STATEMENT_BLOCKED',
      migrate({
        url,
        locations: directory,
        lockTimeout: 300,
        lockRetries: 2,
        onEvent: (event) => events.push(event.type),
      }),
    )
    const [blocking] = error.details.blockers ?? []
    assert.equal(blocking?.applicationName, 'the blocking one')
    assert.equal(blocking?.state, 'idle in transaction')
    assert.match(error.message, /V1__alter\.sql:2:1 did not get a lock .* in any of 3 attempts/)
    assert.equal(error.details.line, 2)
    assert.equal(events.filter((type) => type === 'retry').length, 2)
  } finally {
    await blocker`ROLLBACK`
    blocker.release()
  }
  const report = await migrate({ url, locations: directory })
  assert.deepEqual(
    report.migrations.map((one) => one.version),
    ['1'],
  )
})

test('a value of a placeholder does not appear in the error, its details, cause or ledger', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__secret.sql':
      "SELECT 1;\nDO $$ BEGIN RAISE EXCEPTION 'refused: ${api_key}' USING DETAIL = '${api_key}'; END $$;",
  })
  const error = await expectError(
    'STATEMENT_FAILED',
    migrate({ url, locations: directory, placeholders: { api_key: 's3cr3t-value' } }),
  )
  const { inspect } = await import('node:util')
  assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /s3cr3t-value/)
  assert.doesNotMatch(JSON.stringify(error), /s3cr3t-value/)
  assert.match(error.message, /refused: \$\{api_key\}/)
  const [row] = await sql`SELECT error::text FROM schemaway_ledger`
  assert.doesNotMatch(row?.['error'], /s3cr3t-value/)
})

test('under transaction all, a failure leaves none of the scripts and names the one that failed', async (t) => {
  const { url, sql } = await testDatabase(t)
  const scripts: Record<string, string> = {}
  for (let number = 1; number <= 120; number += 1)
    scripts[`V${number}__t.sql`] = `CREATE TABLE t${number} (id int);\n-- end`
  const folder = writeScripts(t, scripts)
  folder.write({ 'V107__t.sql': 'CREATE TABLE t107 (id int);\nINSERT INTO nowhere VALUES (1);' })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: folder.directory, transaction: 'all' }))
  assert.deepEqual([error.details.script, error.details.line, error.details.column], ['V107__t.sql', 2, 13])
  assert.deepEqual(error.details.applied, [])
  assert.deepEqual(await tables(sql), ['flyway_schema_history', 'schemaway_ledger'])
  assert.deepEqual([...(await sql`SELECT event, version FROM schemaway_ledger`)], [{ event: 'failed', version: '107' }])
  folder.write({ 'V107__t.sql': 'CREATE TABLE t107 (id int);' })
  await migrate({ url, locations: folder.directory, transaction: 'all' })
  const rows = await sql`SELECT installed_rank, version FROM flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    rows.map((row) => [row['installed_rank'], row['version']]),
    Array.from({ length: 120 }, (_, i) => [i + 1, String(i + 1)]),
  )
})

test('a script that ends its transaction in a way no scanner can see is caught, and not recorded', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__escape.sql': "CREATE TABLE kept (id int);\nSELECT set_config('schemaway.own', '', true);",
  })
  await expectError('TRANSACTION_ESCAPED', migrate({ url, locations: directory }))
  assert.deepEqual([...(await sql`SELECT * FROM flyway_schema_history`)], [])
  assert.deepEqual(await tables(sql), ['flyway_schema_history', 'schemaway_ledger'])
})

test('a script that leaves its transaction read only gets a clear error', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__quiet.sql': 'CREATE TABLE one (id int);\nSET TRANSACTION READ ONLY;' })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.match(error.message, /V1__quiet\.sql left its transaction read only/)
})
