import assert from 'node:assert/strict'
import test from 'node:test'
import { defineModule, migrate, repair, rollback, undo } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { collectNotices, none, values } from '../support/outside-transaction.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const rest = 'INSERT INTO a VALUES (1);\nINSERT INTO missing VALUES (1);\nINSERT INTO a VALUES (3);\n'
const halfDone = `${none}${rest}`

test('a rollback below a half-done file is refused until somebody says that what is done is undone', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__x.sql': 'CREATE TABLE x (id integer);',
    'U1__x.sql': 'DROP TABLE x;',
    'V2__a.sql': 'CREATE TABLE a (id integer);',
    'U2__a.sql': 'DROP TABLE a;',
    'V3__b.sql': halfDone,
  })
  const options = { url, locations: directory }
  await expectError('STATEMENT_FAILED', migrate(options))
  for (const back of [rollback, undo]) {
    const error = await expectError('VALIDATION_FAILED', back(options))
    assert.equal(error.details.problems?.[0]?.kind, 'UNFINISHED_SCRIPT')
    assert.match(error.message, /V3__b\.sql runs outside a transaction and stopped half-way: 1 of its parts are done/)
    assert.match(error.message, /repair\(\{ versions: \['3'\], unfinished: 'restart' \}\)/)
  }
  assert.deepEqual(await values(sql), [1])

  const preview = await repair({ ...options, versions: ['3'], unfinished: 'restart', preview: true })
  assert.deepEqual([preview.run, preview.preview, preview.unfinished.length], [null, true, 1])
  await expectError('VALIDATION_FAILED', rollback(options))
  const said = await repair({ ...options, versions: ['3.0'], unfinished: 'restart' })
  assert.deepEqual(said.unfinished, [
    { unfinished: 'restart', script: 'V3__b.sql', module: '', version: '3', description: 'b', nextStatement: 1 },
  ])
  await rollback({ ...options, allowDataLoss: true })
  await sql`CREATE TABLE missing (id integer)`
  await migrate(options)
  assert.deepEqual(await values(sql), [1, 3])
})

test('a half-done file whose ground was undone by other means does not go on', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__x.sql': 'SELECT 1',
    'V2__a.sql': 'CREATE TABLE a (id integer);',
    'U2__a.sql': 'DROP TABLE a;',
  })
  const options = { url, locations: directory }
  await migrate(options)
  const later = writeScripts(t, {
    'V1__x.sql': 'SELECT 1',
    'V2__a.sql': 'CREATE TABLE a (id integer);',
    'V3__b.sql': halfDone,
  }).directory
  await expectError('STATEMENT_FAILED', migrate({ url, locations: later }))
  // As a release would that did not know of such files.
  await sql.unsafe(`DROP TABLE a; DELETE FROM flyway_schema_history WHERE version = '2';
    INSERT INTO schemaway_ledger (run_id, event, module, module_requires, kind, version, description, script, placeholders,
      login, client, tool_version, hash)
    SELECT run_id, 'undone', module, module_requires, kind, version, description, script, placeholders, login, client,
      tool_version, 'x' FROM schemaway_ledger WHERE event = 'applied' AND version = '2'`)
  const error = await expectError('VALIDATION_FAILED', migrate({ url, locations: later }))
  assert.equal(error.details.problems?.[0]?.kind, 'UNFINISHED_SCRIPT_OVERTAKEN')
  assert.match(
    error.message,
    /statement 2 would be next, but V2__a\.sql was undone after this file had stopped half-way/,
  )
  assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
})

test('a half-done file goes on under another name, in another folder, and from another location', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write, remove } = writeScripts(t, {
    'db/V1__a.sql': 'CREATE TABLE a (id integer);',
    'db/V2__b.sql': halfDone,
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  remove('db/V2__b.sql')
  write({ 'db/new/V2_0__bb.sql': halfDone })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: `${directory}/db` }))
  assert.deepEqual(await values(sql), [1])
  await sql`CREATE TABLE missing (id integer)`
  await migrate({ url, locations: `${directory}/db` })
  assert.deepEqual(await values(sql), [1, 3])
})

test('a half-done file that got another version is not taken for a new one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write, remove } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}SET work_mem = '7MB';\n${rest}`,
  })
  const options = { url, locations: directory }
  await expectError('STATEMENT_FAILED', migrate(options))
  await sql`CREATE TABLE missing (id integer)`
  remove('V2__b.sql')
  write({ 'V2__other.sql': 'SELECT 1', 'V3__b.sql': `${none}SET work_mem = '7MB';\n${rest}` })
  const inside = await expectError('VALIDATION_FAILED', migrate(options))
  assert.match(inside.message, /V2__other\.sql ran outside a transaction and stopped half-way/)
  remove('V2__other.sql')
  const error = await expectError('VALIDATION_FAILED', migrate(options))
  assert.equal(error.details.problems?.[0]?.kind, 'UNFINISHED_SCRIPT_RENAMED')
  assert.match(error.message, /V3__b\.sql begins with the 2 parts that are done of V2__b\.sql/)
  assert.deepEqual(await values(sql), [1])
  await repair({ ...options, versions: ['2'], unfinished: 'restart' })
  await migrate(options)
  assert.deepEqual(await values(sql), [1, 1, 3])
})

test('a file that begins like a half-done one that is there itself is another file', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': halfDone,
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await sql`CREATE TABLE missing (id integer)`
  write({ 'V3__c.sql': halfDone })
  await migrate({ url, locations: directory })
  assert.deepEqual(await values(sql), [1, 1, 3, 3])
})

test('what a half-done file of one module stands on is not undone in another; what it does not stand on is', async (t) => {
  const { url } = await testDatabase(t)
  const folder = (name: string, number: number, more: Readonly<Record<string, string>> = {}): string =>
    writeScripts(t, {
      [`V${number}__x.sql`]: `CREATE TABLE ${name} (id integer);`,
      [`U${number}__x.sql`]: `DROP TABLE ${name};`,
      ...more,
    }).directory
  const base = defineModule({ name: 'base', directory: folder('base_table', 1) })
  const middle = defineModule({ name: 'middle', directory: folder('middle_table', 2), requires: ['base'] })
  const other = defineModule({ name: 'other', directory: folder('other_table', 3) })
  const top = defineModule({
    name: 'top',
    directory: folder('top_table', 4, { 'V5__half.sql': `${none}INSERT INTO top_table VALUES (1);\nSELECT 1 / 0;` }),
    requires: ['middle'],
  })
  const modules = [base, middle, other, top]
  const options = { url, modules }
  await expectError('STATEMENT_FAILED', migrate(options))
  const error = await expectError('VALIDATION_FAILED', rollback({ ...options, to: 'empty' }))
  assert.match(error.message, /top\/V5__half\.sql runs outside a transaction and stopped half-way/)
  const { migrations } = await rollback({ url, modules: [other] })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['other/V3__x.sql'],
  )
})

test('what a BEGIN; ... COMMIT; of the file had set is set again where the file goes on', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE SCHEMA s; CREATE SCHEMA other; CREATE TABLE a (id integer);',
    'V2__b.sql':
      `${none}BEGIN;\nSET search_path = other;\nSET search_path = s;\nSET LOCAL work_mem = '9MB';\nCOMMIT;\n` +
      "SELECT set_config('my.value', 'kept', false), pg_catalog.set_config('my.other', 'too', false) AS x;\n" +
      "INSERT INTO public.missing VALUES (1);\nCREATE TABLE made AS SELECT current_setting('my.value') AS value, current_setting('my.other') AS other;",
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await sql`CREATE TABLE missing (id integer)`
  await migrate({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT * FROM s.made`)], [{ value: 'kept', other: 'too' }])
})

test('a half-done file does not go on with other values of its placeholders in what is done', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer); CREATE SCHEMA one; CREATE SCHEMA two;',
    'V2__b.sql': `${none}CREATE TABLE \${place}.t (id integer);\nINSERT INTO a VALUES (\${number});\nCREATE TABLE \${place}.u (id integer);`,
  })
  const options = { url, locations: directory }
  await expectError('STATEMENT_FAILED', migrate({ ...options, placeholders: { place: 'one', number: 'x' } }))
  const error = await expectError(
    'VALIDATION_FAILED',
    migrate({ ...options, placeholders: { place: 'two', number: '7' } }),
  )
  assert.match(error.message, /statement 1 is done since an earlier run, which had other values for its placeholders/)
  // What failed because of a value may have another one.
  await migrate({ ...options, placeholders: { place: 'one', number: '7' } })
  assert.deepEqual(await values(sql), [7])
  const ledger = await sql`SELECT details::text AS details FROM schemaway_ledger WHERE details IS NOT NULL`
  assert.ok(ledger.every(({ details }) => !details.includes('one')))
})

test('names of indexes with values of placeholders reach neither ledger nor notices', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer); INSERT INTO a VALUES (1), (1);',
    'V2__b.sql': `CREATE UNIQUE INDEX CONCURRENTLY "i_\${secret}" ON a (id);`,
  })
  const options = { url, locations: directory, placeholders: { secret: 'hush-hush' } }
  await expectError('STATEMENT_FAILED', migrate(options))
  await sql`DELETE FROM a`
  const { notices, onEvent } = collectNotices()
  await migrate({ ...options, onEvent })
  assert.ok(
    notices.some((notice) => notice.includes('dropped the invalid index public."i_${secret}"')),
    notices.join('\n'),
  )
  const ledger = await sql`SELECT l::text AS row FROM schemaway_ledger AS l`
  assert.ok(ledger.every(({ row }) => !row.includes('hush-hush')))
})

test('a repeatable that stopped half-way and was edited begins anew', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'R__b.sql': `${none}INSERT INTO a VALUES (1);\nINSERT INTO missing VALUES (1);`,
  })
  const { notices, onEvent } = collectNotices()
  const options = { url, locations: directory, onEvent }
  await expectError('STATEMENT_FAILED', migrate(options))
  await expectError('STATEMENT_FAILED', migrate(options))
  assert.deepEqual(await values(sql), [1], 'unchanged, it goes on')
  write({ 'R__b.sql': `${none}INSERT INTO a VALUES (2);\nINSERT INTO missing VALUES (1);` })
  await expectError('STATEMENT_FAILED', migrate(options))
  assert.ok(
    notices.some((notice) => /^R__b\.sql begins anew: .*statement 1 is done .* and was edited/.test(notice)),
    notices.join('\n'),
  )
  await sql`CREATE TABLE missing (id integer)`
  await migrate(options)
  assert.deepEqual(await values(sql), [1, 2])
  write({ 'R__b.sql': 'INSERT INTO a VALUES (3);' })
  await migrate(options)
  assert.deepEqual(await values(sql), [1, 2, 3])
})

test('a file that gives away its role and its right to write is recorded all the same', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const { name } = await createLogin(t, database)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer); GRANT ALL ON a TO ${name};`,
    'V2__b.sql':
      `${none}SET default_transaction_read_only = on;\nVACUUM a;\nSET default_transaction_read_only = off;\n` +
      `SET SESSION AUTHORIZATION ${name};\nINSERT INTO a VALUES (1);\nANALYZE a;\nCALL p();`,
    'V0__p.sql': 'CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES (2); COMMIT; END $$;',
    'V3__c.sql': 'CREATE TABLE who AS SELECT session_user::text AS who',
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(await values(sql), [1, 2])
  assert.deepEqual([...(await sql`SELECT who = session_user AS same FROM who`)], [{ same: true }])
})

test('a login without special rights runs such files, and cleans up behind them', async (t) => {
  const database = await testDatabase(t)
  const { name, url } = await createLogin(t, database)
  await database.sql.unsafe(`GRANT CREATE ON SCHEMA public TO ${name}`)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1), (1);',
    'V2__b.sql': `${none}CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);\nCALL p();\nINSERT INTO a VALUES (3);`,
    'V0__p.sql': 'CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES (2); COMMIT; END $$;',
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await database.sql`DELETE FROM a`
  await migrate({ url, locations: directory })
  assert.deepEqual(await values(database.sql), [2, 3])
})

test('a file that lets go of the lock stops there, and the next run goes on', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}INSERT INTO a VALUES (1);\nSELECT pg_advisory_unlock_all();\nINSERT INTO a VALUES (3);`,
  })
  const error = await expectError('LOCK_LOST', migrate({ url, locations: directory }))
  assert.match(error.message, /V2__b\.sql released the lock .* goes on with statement 2\./)
  assert.deepEqual(await values(sql), [1])
})

test('a run that its caller stopped says what remains, and the next one goes on there', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}INSERT INTO a VALUES (1);\nCALL wait();\nINSERT INTO a VALUES (3);`,
    'V0__p.sql': 'CREATE PROCEDURE wait() LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); END $$;',
  })
  const controller = new AbortController()
  const running = expectError('ABORTED', migrate({ url, locations: directory, signal: controller.signal }))
  await waitUntil('the statement runs', async () => {
    const rows = await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
    return rows.length > 0
  })
  controller.abort()
  const error = await running
  assert.match(
    error.message,
    /AbortSignal while V2__b\.sql ran\. The file runs outside .* before statement 2 of 3 is done/,
  )
  assert.doesNotMatch(error.message, /rolled back/)
  assert.equal(error.details.script, 'V2__b.sql')
  write({ 'V2__b.sql': `${none}INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\nINSERT INTO a VALUES (3);` })
  await migrate({ url, locations: directory })
  assert.deepEqual(await values(sql), [1, 2, 3])
})

test('a session that is lost says what remains', async (t) => {
  const { url, sql } = await testDatabase(t)
  const end = 'DO $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END $$'
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}INSERT INTO a VALUES (1);\n${end};\nINSERT INTO a VALUES (3);`,
  })
  const error = await expectError('CONNECTION_LOST', migrate({ url, locations: directory }))
  assert.match(error.message, /The next migrate\(\) sees from the ledger whether statement 2 was committed/)
  write({ 'V2__b.sql': `${none}INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (3);` })
  await migrate({ url, locations: directory })
  assert.deepEqual(await values(sql), [1, 3])
})
