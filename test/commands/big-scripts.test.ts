// Alone in its process: it holds big texts, looks for open files, and takes long.
import assert from 'node:assert/strict'
import { constants } from 'node:buffer'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type ErrorDetails, type MigrateOptions, type MigrationEvent, migrate } from '../../lib/index.js'
import { checksumOfBytes, checksumOfText } from '../../lib/scripts/checksum.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForSleep } from '../support/wait-until.js'
import { writeDump } from '../support/write-dump.js'
import { writeScripts } from '../support/write-scripts.js'

const megabyte = 1024 * 1024
const sizeOfDump = 24 * megabyte
/**
 * V8 lets garbage lie while there is room for it, buffers outside its heap included, the more the newer it is. With little
 * room what is measured is about what has to be kept, and a process that keeps the text of a whole file ends early.
 */
const smallHeap = ['--max-semi-space-size=4', '--max-old-space-size=48']
/** How much the process may grow. A file that is held in memory, with its text and its statements, takes five times its size. */
const mostGrowth = 64 * megabyte
const table = 'CREATE TABLE a (id integer PRIMARY KEY, note text);\n'
/** Makes a script big without any effect. */
const padding = `COPY padding FROM stdin;\n${`${'x'.repeat(1023)}\n`.repeat(4 * 1024)}\\.\n`
const paddingTable = 'CREATE TABLE padding (note text);\n'

/** The same, without rows, and longer than what is sent at once. */
const comment = `-- ${'x'.repeat(1020)}\n`.repeat(3 * 1024)

/** Files of a folder that this process has open. */
function openFilesBelow(directory: string): readonly string[] {
  const links = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      return ''
    }
  })
  return links.filter((path) => path.startsWith(directory))
}

interface Measured {
  readonly before: number
  readonly after: number
  readonly applied?: number
  readonly failed?: { readonly code: string; readonly message: string; readonly details: ErrorDetails }
}

async function measureMigrate(
  t: TestContext,
  url: string,
  locations: string,
  more: MigrateOptions = {},
): Promise<Measured> {
  const { directory } = writeScripts(t, { 'V0__small.sql': 'CREATE TABLE small (id int);' })
  const program = fileURLToPath(new URL('../support/measure-migrate.ts', import.meta.url))
  const child = spawn(process.execPath, [...smallHeap, '--import', 'tsx', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      MIGRATE_OPTIONS: JSON.stringify({ url, locations, outOfOrder: true, validateOnMigrate: false, ...more }),
      SMALL_LOCATION: directory,
    },
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const [exitCode] = await once(child, 'close')
  assert.equal(exitCode, 0, 'the process that migrates ended early')
  return JSON.parse(output) as Measured
}

for (const style of ['copy', 'inserts'] as const) {
  test(`a dump of 24 MB (${style}) takes a bounded amount of memory, and so does a start that finds it applied`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeScripts(t, {})
    const path = join(directory, 'V1__dump.sql')
    const rows = writeDump(path, sizeOfDump, style)
    const first = await measureMigrate(t, url, directory)
    assert.equal(first.applied, 1, first.failed?.message)
    assert.ok(first.after - first.before < mostGrowth, `${(first.after - first.before) / megabyte} MB more`)

    const [found] = await sql`
      SELECT count(*)::int AS count FROM (TABLE t0 UNION ALL TABLE t1 UNION ALL TABLE t2 UNION ALL TABLE t3) AS t`
    assert.equal(found?.['count'], rows)
    const bytes = readFileSync(path)
    const [history] = await sql`SELECT checksum FROM flyway_schema_history WHERE script = 'V1__dump.sql'`
    assert.equal(history?.['checksum'], checksumOfBytes(bytes))
    const [ledger] = await sql`SELECT sha256 FROM schemaway_ledger WHERE script = 'V1__dump.sql'`
    assert.equal(ledger?.['sha256'], createHash('sha256').update(bytes).digest('hex'))

    const second = await measureMigrate(t, url, directory)
    assert.equal(second.applied, 0, second.failed?.message)
    assert.ok(second.after - second.before < 20 * megabyte, `${(second.after - second.before) / megabyte} MB more`)
  })
}

test('a bad row in the middle of a dump of 24 MB is reported with its line, and nothing stays', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {})
  const path = join(directory, 'V1__dump.sql')
  const rows = writeDump(path, sizeOfDump, 'copy')
  const wrong = `${Math.floor(rows / 2)}\tcustomer`
  const text = readFileSync(path, 'utf8').replace(`\n${wrong}`, `\nwrong${wrong}`)
  writeFileSync(path, text)
  const line = text.slice(0, text.indexOf(`wrong${wrong}`)).split('\n').length

  const { before, after, failed } = await measureMigrate(t, url, directory)
  assert.equal(failed?.code, 'STATEMENT_FAILED')
  assert.deepEqual([failed?.details.line, failed?.details.column, failed?.details.sqlState], [line, 1, '22P02'])
  assert.match(failed?.message ?? '', new RegExp(`^V1__dump\\.sql:${line}:1 failed: 22P02`))
  assert.match(
    failed?.details.excerpt ?? '',
    new RegExp(`\n  ${line} \\| wrong${wrong} number .*\n +\\| \\^\n  ${line + 1} \\| `),
  )
  assert.ok(after - before < mostGrowth, `${(after - before) / megabyte} MB more`)
  assert.deepEqual([...(await sql`SELECT to_regclass('t0') AS t`)], [{ t: null }])
})

test('whatever pg_dump may write into a big script arrives as it is', async (t) => {
  const { url, sql } = await testDatabase(t)
  const long = 'é'.repeat(5 * megabyte)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      '\ufeff\\restrict abc\nBEGIN;\n' +
      `${table}${paddingTable}` +
      'COPY a FROM stdin;\n\\.\n' +
      "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN '\nCOPY a FROM stdin;\n\\.\n'; END $$;\n" +
      "COMMENT ON TABLE a IS 'COPY a FROM stdin;\n\\.\n';\n-- COPY a FROM stdin;\n" +
      `copy a (id, note)\n  FROM stdin; -- rows follow\n1\t${long}\n2\t\\N\n3\t\\\\.\n4\tx\\\\.\n5\t\\\\N\n \\.\t\n` +
      'COPY a FROM STDIN WITH (FORMAT csv);\n6,"\\.x\ny"\n7,\n\\.\n' +
      `${padding}COPY a FROM stdin;\r\n8\teight\r\n\\.\r\nINSERT INTO a VALUES (9, f());\nCOMMIT;\n\\unrestrict abc\n`,
    'V2__b.sql': `${padding}INSERT INTO a VALUES (10);`,
  })
  for (const transaction of ['all', 'each'] as const) {
    const { migrations } = await migrate({ url, locations: directory, transaction })
    assert.equal(migrations.length, transaction === 'all' ? 2 : 0)
  }
  assert.deepEqual(
    (await sql`SELECT id, note FROM a ORDER BY id`).map((row) => [row['id'], row['note']]),
    [
      [1, long],
      [2, null],
      [3, '\\.'],
      [4, 'x\\.'],
      [5, '\\N'],
      [6, '\\.x\ny'],
      [7, null],
      [8, 'eight'],
      [9, '\nCOPY a FROM stdin;\n\\.\n'],
      [10, null],
    ],
  )
  const [comment] = await sql`SELECT obj_description('a'::regclass) AS text`
  assert.equal(comment?.['text'], 'COPY a FROM stdin;\n\\.\n')
})

test('a statement behind many rows that fails is reported with its line, column and number', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `${table}${paddingTable}${padding}SELECT 1;\n-- 🚀\n  SELECT nothing FROM a;\n`,
  })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  const { line, column, statement, excerpt } = error.details
  assert.deepEqual([line, column, statement], [2 + 1 + 4096 + 1 + 3, 10, 5])
  assert.equal(
    excerpt,
    '  4100 | \\.\n  4101 | SELECT 1;\n  4102 | -- 🚀\n  4103 |   SELECT nothing FROM a;\n       |          ^',
  )
})

test('an INSERT in the middle of many that fails is reported with its line and number', async (t) => {
  const { url, sql } = await testDatabase(t)
  const inserts = Array.from({ length: 60_000 }, (_, id) => `INSERT INTO a VALUES (${id}, '${'ä'.repeat(30)}');\n`)
  inserts[40_000] = '\n  INSERT INTO a VALUES (NULL);\n'
  const { directory } = writeScripts(t, { 'V1__a.sql': table + inserts.join('') })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  const { line, column, statement, sqlState } = error.details
  assert.deepEqual([line, column, statement, sqlState], [40_003, 3, 40_002, '23502'])
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('a run that is stopped while a statement of a big script runs leaves nothing behind', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__a.sql': `${table}${paddingTable}${padding}SELECT pg_sleep(60);\n` })
  const stop = new AbortController()
  const running = migrate({ url, locations: directory, signal: stop.signal })
  const ended = expectError('ABORTED', running)
  await waitForSleep(sql)
  stop.abort()
  assert.match((await ended).message, /while a statement was running/)
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('a run that is stopped when nothing runs, between two parts of a big script, does not send the next one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const first = "DO $$ BEGIN RAISE NOTICE 'stop'; END $$;\n"
  const { directory } = writeScripts(t, { 'V1__a.sql': `${table}${comment}${first}${comment}SELECT pg_sleep(0);\n` })
  const stop = new AbortController()
  const onEvent = (event: MigrationEvent): void => {
    // It is the last thing that the first part does: the request to cancel comes when that is done.
    if (event.type === 'notice' && event.message === 'stop') stop.abort()
  }
  const error = await expectError('ABORTED', migrate({ url, locations: directory, onEvent, signal: stop.signal }))
  // The request to cancel may still meet the end of the part.
  assert.match(error.message, /while a (script was sent in several parts|statement was running)/)
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('a run that is stopped while rows are copied leaves nothing behind, and no file open', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      `${table}${paddingTable}CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); ` +
      `RETURN new; END $$;\nCREATE TRIGGER t BEFORE INSERT ON padding FOR EACH ROW EXECUTE FUNCTION f();\n${padding}`,
  })
  const stop = new AbortController()
  const ended = expectError('ABORTED', migrate({ url, locations: directory, signal: stop.signal }))
  await waitForSleep(sql)
  stop.abort()
  await ended
  assert.deepEqual(openFilesBelow(directory), [])
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('a big script whose server process is killed while rows are copied fails, leaves nothing behind, and no file open', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      `${table}${paddingTable}CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
      'PERFORM pg_terminate_backend(pg_backend_pid()); RETURN new; END $$;\n' +
      `CREATE TRIGGER t BEFORE INSERT ON padding FOR EACH ROW EXECUTE FUNCTION f();\n${padding}`,
  })
  await expectError('CONNECTION_LOST', migrate({ url, locations: directory }))
  assert.deepEqual(openFilesBelow(directory), [])
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('a row that the server rejects leaves no file open', async (t) => {
  const { url } = await testDatabase(t)
  const rows = `COPY a FROM stdin;\nwrong\tone\n${'1\ttwo\n'.repeat(1_000_000)}\\.\n`
  const { directory } = writeScripts(t, { 'V1__a.sql': `${table}${rows}` })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual(openFilesBelow(directory), [])
})

for (const transaction of ['each', 'all'] as const) {
  test(`a big script that waits for a lock is tried again from its beginning (transaction: '${transaction}')`, async (t) => {
    const { url, sql } = await testDatabase(t)
    await sql`CREATE TABLE held (id integer)`
    const { directory } = writeScripts(t, {
      'V1__a.sql': `${table}${paddingTable}${padding}INSERT INTO a VALUES (1);\nALTER TABLE held ADD COLUMN b text;\n${padding}`,
      'V2__b.sql': 'INSERT INTO a VALUES (2);',
    })
    const holder = await sql.reserve()
    await holder`BEGIN`
    await holder`LOCK TABLE held IN ACCESS EXCLUSIVE MODE`
    const retries: string[] = []
    const onEvent = (event: MigrationEvent): void => {
      if (event.type !== 'retry') return
      if (retries.push(event.sqlState) === 1) holder`ROLLBACK`.execute()
    }
    const options = { url, locations: directory, transaction, onEvent, lockTimeout: 200, baselineOnMigrate: true }
    const { migrations } = await migrate({ ...options, baselineVersion: '0' })
    holder.release()
    assert.equal(migrations.length, 2)
    assert.equal(retries[0], '55P03')
    const [found] = await sql`SELECT (SELECT count(*)::int FROM padding) AS padding, (SELECT sum(id)::int FROM a) AS a`
    assert.deepEqual({ ...found }, { padding: 2 * 4 * 1024, a: 3 })
  })
}

test('a big script may begin with settings, a long comment and the isolation of its transaction', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql':
      `SET statement_timeout = 0;\n${comment}SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n${comment}` +
      "CREATE TABLE level AS SELECT current_setting('transaction_isolation') AS name;\n",
  })
  await migrate({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT name FROM level`)], [{ name: 'serializable' }])
})

test('the checksum of a big repeatable is that of its text with values, and its start takes a bounded amount of memory', async (t) => {
  const { url, sql } = await testDatabase(t)
  // Read whole, its bytes alone are more than the process may grow.
  const text = `SELECT '\${name}';\n${`-- ${'x'.repeat(1020)}\nSELECT 1;\n`.repeat(96 * 1024)}-- \${name}\n`
  const { directory } = writeScripts(t, { 'R__a.sql': text })
  const placeholders = { name: 'a value, ä' }
  const first = await measureMigrate(t, url, directory, { placeholders })
  assert.equal(first.applied, 1, first.failed?.message)
  const [history] = await sql`SELECT checksum FROM flyway_schema_history WHERE script = 'R__a.sql'`
  assert.equal(history?.['checksum'], checksumOfText(text.replaceAll('${name}', placeholders.name)))
  const second = await measureMigrate(t, url, directory, { placeholders })
  assert.equal(second.applied, 0, second.failed?.message)
  assert.ok(second.after - second.before < mostGrowth, `${(second.after - second.before) / megabyte} MB more`)
})

test('a script is applied although the file that undoes it is longer than a text can be', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__a.sql': table, 'U1__a.sql': '' })
  truncateSync(join(directory, 'U1__a.sql'), constants.MAX_STRING_LENGTH + 1)
  const { migrations } = await migrate({ url, locations: directory })
  assert.equal(migrations.length, 1)
  const [entry] = await sql`SELECT undo_text FROM schemaway_ledger WHERE script = 'V1__a.sql'`
  assert.equal(entry?.['undo_text'], null)
})

test('a big script that changes while it runs is refused, and nothing stays', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__a.sql': `${table}${paddingTable}${padding}` })
  const onEvent = ({ type }: { readonly type: string }): void => {
    if (type === 'stepStarted') appendFileSync(join(directory, 'V1__a.sql'), 'SELECT 1;\n')
  }
  const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory, onEvent }))
  assert.match(error.message, /^V1__a\.sql was changed, replaced or removed while it was being used/)
  assert.deepEqual(error.details.notReached, [])
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
  const { migrations } = await migrate({ url, locations: directory })
  assert.equal(migrations.length, 1)
})

test('what has to be read as a whole is: rows with placeholders, other encodings, scripts outside a transaction', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__rows.sql': `${table}${paddingTable}${padding}COPY a FROM stdin;\n1\t\${name}\n\\.\n`,
    'V2__latin.sql': '',
    'V2__latin.sql.conf': 'encoding=iso-8859-1\n',
    'V3__outside.sql': `-- schemaway: transaction=none\n${padding}INSERT INTO a VALUES (3, 'three');\n`,
    'V4__literally.sql': `${padding}COPY a FROM stdin;\n4\t\${name}\n\\.\n`,
    'V4__literally.sql.conf': 'placeholderReplacement=false\n',
  })
  writeFileSync(join(directory, 'V2__latin.sql'), Buffer.from(`${padding}COPY a FROM stdin;\n2\tgrün\n\\.\n`, 'latin1'))
  const { migrations } = await migrate({ url, locations: directory, placeholders: { name: 'value' } })
  assert.equal(migrations.length, 4)
  assert.deepEqual(
    (await sql`SELECT note FROM a ORDER BY id`).map((row) => row['note']),
    ['value', 'grün', 'three', '${name}'],
  )
})

test('bytes in a big script that are not UTF-8 are reported with their line', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__a.sql': '' })
  writeFileSync(join(directory, 'V1__a.sql'), Buffer.from(`${paddingTable}${padding}SELECT 'grün';\n`, 'latin1'))
  const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
  assert.deepEqual([error.details.line, error.details.column], [1 + 1 + 4096 + 1 + 1, 11])
  assert.match(error.message, /not valid UTF-8 at byte 4194376 \(0xFC\)/)
})
