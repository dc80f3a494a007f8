import assert from 'node:assert/strict'
import test from 'node:test'
import { placeHistory } from '../../lib/history/history-row.js'
import { findUnfinished, readProgressSql } from '../../lib/history/script-progress.js'
import { defineModule, type MigrationEvent, migrate, repair, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { none, values } from '../support/outside-transaction.js'
import { writeScripts } from '../support/write-scripts.js'

const hidden: readonly [situation: string, statement: string, what: string][] = [
  ['a function that sets the search path', 'SELECT f();', 'search_path'],
  ['a procedure that sets the search path', 'CALL p();', 'search_path'],
  ['a SET inside a DO block', 'DO $$ BEGIN SET search_path = s; END $$;', 'search_path'],
  [
    'a role that a DO block takes',
    "DO $$ BEGIN EXECUTE 'SET ROLE pg_monitor'; END $$;\nRESET ROLE;\nDO $$ BEGIN SET ROLE pg_monitor; END $$;",
    'role',
  ],
  [
    'a temporary table of a DO block',
    'DO $$ BEGIN CREATE TEMP TABLE mine (id integer); END $$;',
    'temporary object mine',
  ],
]
for (const [situation, statement, what] of hidden) {
  test(`a half-done file does not go on in another session that lacks ${situation}`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeScripts(t, {
      'V1__a.sql': `CREATE SCHEMA s;
        CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 's', false); END $$;
        CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 's', false); END $$;`,
      'V2__b.sql': `${none}${statement}\nSELECT 1 / 0;\nCREATE TABLE made (id integer);`,
    })
    const options = { url, locations: directory }
    await expectError('STATEMENT_FAILED', migrate(options))
    for (const attempt of [1, 2]) {
      const error = await expectError('VALIDATION_FAILED', migrate(options))
      assert.equal(error.details.problems?.[0]?.kind, 'UNFINISHED_SCRIPT_SESSION', `${attempt}`)
      assert.match(error.message, /had changed its session \(/)
      assert.ok(error.message.includes(what), error.message)
      assert.match(error.message, /repair\(\{ versions: \['2'\], unfinished: 'restart' \}\)/)
    }
    assert.deepEqual([...(await sql`SELECT to_regclass('public.made') AS made`)], [{ made: null }])
    await repair({ ...options, versions: ['2'], unfinished: 'restart' })
    await expectError('STATEMENT_FAILED', migrate(options))
  })
}

test('a setting of one transaction, a temporary table that is dropped, and another session of the same file are no change', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE SCHEMA s; CREATE TABLE a (id integer);',
    'V2__b.sql':
      `${none}DO $$ BEGIN SET LOCAL search_path = s; PERFORM set_config('work_mem', '7MB', true); END $$;\n` +
      "DO $$ BEGIN CREATE TEMP TABLE mine (id integer) ON COMMIT DROP; END $$;\nSET work_mem = '9MB';\n" +
      "SELECT set_config('work_mem', '8MB', false);\nINSERT INTO a VALUES (1);\nINSERT INTO missing VALUES (1);",
  })
  const options = { url, locations: directory }
  await expectError('STATEMENT_FAILED', migrate(options))
  await sql`CREATE TABLE missing (id integer)`
  await migrate(options)
  assert.deepEqual(await values(sql), [1])
})

for (const statement of [
  "DO $$ BEGIN PERFORM set_config('search_path', 's', false); END $$;",
  "VALUES (set_config('search_path', 's', false));",
  "INSERT INTO a SELECT length(set_config('search_path', 's', false));",
]) {
  test(`a file outside a transaction with ${statement} is refused before it runs`, async (t) => {
    const { url } = await testDatabase(t)
    const { directory } = writeScripts(t, { 'V1__b.sql': `${none}${statement}` })
    const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
    assert.match(error.message, /set_config\(\) changes the session among other work/)
  })
}

test('a script that is named twice is settled once', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id serial, v integer DEFAULT 0);
      CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a DEFAULT VALUES; COMMIT; END $$;`,
    'V2__b.sql': `${none}CALL p();\nCALL p();\nCALL p();`,
  })
  const options = { url, locations: directory }
  await migrate({ ...options, target: '1' })
  await sql.unsafe(`CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.event = 'progressed' THEN RAISE 'full'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER stop BEFORE INSERT ON schemaway_ledger FOR EACH ROW EXECUTE FUNCTION stop()`)
  await expectError('STATEMENT_FAILED', migrate(options))
  await sql`DROP TRIGGER stop ON schemaway_ledger`
  const { unfinished } = await repair({ ...options, versions: ['2', '2.0'], unfinished: 'completed' })
  assert.deepEqual(
    unfinished.map(({ nextStatement }) => nextStatement),
    [2],
  )
  await migrate(options)
  assert.deepEqual(await values(sql), [1, 2, 3])
})

test('a half-done file with values that change by nature goes on', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer, at text);',
    'V2__b.sql': `${none}INSERT INTO a VALUES (1, '\${flyway:timestamp} \${flyway:workingDirectory}');\nINSERT INTO missing VALUES (1);`,
  })
  const options = { url, locations: directory }
  await expectError('STATEMENT_FAILED', migrate(options))
  await sql`CREATE TABLE missing (id integer)`
  // The timestamp has whole seconds.
  await sql`SELECT pg_sleep(1.1)`
  await migrate(options)
  assert.deepEqual(await values(sql), [1])
})

test('the digits by which another value of a placeholder is noticed are the same in every statement and attempt', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer, secret text);',
    'V2__b.sql': `${none}INSERT INTO a VALUES (1, '\${secret}');\nUPDATE a SET secret = '\${secret}' || id;\nCALL p('\${secret}');`,
  })
  const run = (secret: string) => migrate({ url, locations: directory, placeholders: { secret } })
  for (let attempt = 0; attempt < 3; attempt += 1) await expectError('STATEMENT_FAILED', run('hush'))
  const rows = await sql`SELECT details ->> 'sent' AS sent FROM schemaway_ledger WHERE details ->> 'sent' IS NOT NULL`
  assert.equal(rows.length, 5)
  // Those of the text without the value come first.
  assert.equal(new Set(rows.map(({ sent }) => String(sent).slice(4))).size, 1)
  const error = await expectError('VALIDATION_FAILED', run('other'))
  assert.match(error.message, /had other values for its placeholders/)
})

test('many batches of an unfinished backfill, and many statements of an unfinished file, do not hold up a start', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}INSERT INTO a VALUES (1);\nINSERT INTO missing VALUES (1);`,
  })
  const options = { url, locations: directory }
  await expectError('STATEMENT_FAILED', migrate(options))
  const copy = (version: string, number: number, details: string) =>
    sql.unsafe(`
      INSERT INTO schemaway_ledger (run_id, event, module, module_requires, kind, version, description, script, sha256,
        placeholders, details, login, client, tool_version, hash)
      SELECT run_id, event, module, module_requires, kind, '${version}', description, 'V${version}__b.sql', sha256,
        placeholders, ${details}, login, client, tool_version, 'x'
      FROM schemaway_ledger, generate_series(1, ${number}) AS i WHERE event = 'progressed' AND version = '2'`)
  const batch = `json_build_object('statement', 1, 'of', 1, 'line', 1, 'backfill', 'fill', 'lastKey', json_build_array(i))::jsonb`
  await copy('9', 40_000, batch)
  await copy('8', 20_000, 'details')
  const started = performance.now()
  const usage = process.cpuUsage()
  await expectError('STATEMENT_FAILED', migrate(options))
  // Of the time it takes, which a busy machine multiplies, this process needs a fraction of a second.
  const ofProcess = process.cpuUsage(usage).user / 1000
  const milliseconds = performance.now() - started
  assert.ok(ofProcess < 2_000, `${ofProcess} ms of this process`)
  assert.ok(milliseconds < 30_000, `${milliseconds} ms`)

  const [historyName, ledgerName] = ['flyway_schema_history', 'schemaway_ledger']
  const place = placeHistory({ historySchema: 'public', table: historyName, ledgerTable: ledgerName })
  const [row] = await sql.unsafe<{ rows: string }[]>(readProgressSql(place))
  const unfinished = findUnfinished(JSON.parse(row?.rows ?? '[]'))
  assert.deepEqual(
    unfinished.map(({ version, progress }) => [version, progress.done.length]),
    [
      ['9', 1],
      ['8', 20_000],
      ['2', 1],
    ],
  )
  assert.equal(unfinished[0]?.progress.done[0]?.details?.backfill, 'fill')
  await repair({ ...options, versions: ['8'], unfinished: 'restart' })
  await repair({ ...options, versions: ['2'], unfinished: 'restart' })
  await repair({ ...options, versions: ['9'], unfinished: 'restart' })
  assert.deepEqual(
    [...(await sql.unsafe(readProgressSql(place)))],
    [{ rows: '[]' }],
    'nothing before them is read any more',
  )
})

test('a statement that waits for a lock is tried again where that does no harm, and no retry is advised where there is none', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer);
      CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES (1); COMMIT; LOCK TABLE a; END $$;`,
    'V2__b.sql': `${none}VACUUM FULL a;`,
  })
  const options = { url, locations: directory, lockTimeout: 50, lockRetries: 2 }
  await migrate({ ...options, target: '1' })
  const other = await sql.reserve()
  await other`BEGIN`
  await other`LOCK TABLE a IN ACCESS SHARE MODE`
  const vacuum = await expectError('STATEMENT_BLOCKED', migrate(options))
  assert.match(vacuum.message, /in any of 3 attempts.* or raise `lockRetries`/s)
  write({ 'V2__b.sql': `${none}CALL p();` })
  const called = await expectError('STATEMENT_BLOCKED', migrate(options))
  assert.match(called.message, /in its only attempt/)
  assert.doesNotMatch(called.message, /lockRetries/)
  await other`COMMIT`
  other.release()
})

test('the final record of a file waits for whoever holds history, as often as every other', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}INSERT INTO a VALUES (1);`,
  })
  const retries: number[] = []
  const onEvent = (event: MigrationEvent): void => void (event.type === 'retry' && retries.push(event.attempt))
  const options = { url, locations: directory, lockTimeout: 50, lockRetries: 2, onEvent }
  await migrate({ ...options, target: '1' })
  const other = await sql.reserve()
  await other`BEGIN`
  await other`LOCK TABLE flyway_schema_history IN EXCLUSIVE MODE`
  const error = await expectError('STATEMENT_BLOCKED', migrate(options))
  assert.match(error.message, /all of it is done and stays\. The next migrate\(\) only records it\./)
  assert.deepEqual(retries, [2, 3])
  await other`COMMIT`
  other.release()
  await migrate(options)
  assert.deepEqual(await values(sql), [1])
})

test('an error while settings are made again says that what is done stays', async (t) => {
  const { url, sql } = await testDatabase(t)
  const role = `short_lived_${process.pid}`
  t.after(() => sql.unsafe(`DROP ROLE IF EXISTS ${role}`).catch(() => {}))
  await sql.unsafe(`CREATE ROLE ${role}; CREATE TABLE a (id integer); GRANT ALL ON a TO ${role}`)
  const { directory } = writeScripts(t, {
    'V1__b.sql': `${none}SET ROLE ${role};\nINSERT INTO a VALUES (1);\nRESET ROLE;\nINSERT INTO missing VALUES (1);`,
  })
  const options = { url, locations: directory, baselineOnMigrate: true, baselineVersion: '0' }
  await expectError('STATEMENT_FAILED', migrate(options))
  await sql.unsafe(`REVOKE ALL ON a FROM ${role}; DROP ROLE ${role}`)
  const error = await expectError('STATEMENT_FAILED', migrate(options))
  assert.match(error.message, /V1__b\.sql:2:1 failed/)
  assert.match(
    error.message,
    /what stands before statement 4 of 4 is done and stays\. This run was making again .* statement 4\./,
  )
})

test('the call that is advised names the module, and is not refused without saying that the module is not selected', async (t) => {
  const { url } = await testDatabase(t)
  const directory = (files: Record<string, string>): string => writeScripts(t, files).directory
  const base = defineModule({
    name: 'base',
    directory: directory({ 'V1__x.sql': 'CREATE TABLE x (id integer);', 'U1__x.sql': 'DROP TABLE x;' }),
  })
  const top = defineModule({
    name: 'top',
    directory: directory({ 'V5__half.sql': `${none}CREATE TABLE y (id integer);\nSELECT 1 / 0;` }),
    requires: ['base'],
  })
  await expectError('STATEMENT_FAILED', migrate({ url, modules: [base, top] }))
  const error = await expectError('VALIDATION_FAILED', rollback({ url, modules: [base], to: 'empty' }))
  assert.match(error.message, /repair\(\{ versions: \['5'\], unfinished: 'restart' \}\) with the module top selected/)
  const unselected = await expectError(
    'VERSION_NOT_APPLIED',
    repair({ url, modules: [base], versions: ['5'], unfinished: 'restart' }),
  )
  assert.match(unselected.message, /top\/V5__half\.sql is one, but its module top is not selected/)
  await repair({ url, modules: [base, top], versions: ['5'], unfinished: 'restart' })
  await rollback({ url, modules: [base], to: 'empty' })
})

test('a statement of which only the server knows that it refuses a transaction runs outside one', async (t) => {
  const { url, sql } = await testDatabase(t)
  // The words by which such a block is told are hidden in an escape.
  const block = (value: number): string => `DO E'BEGIN INSERT INTO a VALUES (${value}); COM\\x4dIT; END';`
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer);',
    'V2__b.sql': `${none}${block(1)}\nINSERT INTO a VALUES (2);\n${block(3)}`,
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(await values(sql), [1, 2, 3])
  const events = await sql`SELECT event FROM schemaway_ledger WHERE version = '2' ORDER BY id`
  assert.deepEqual(
    events.map(({ event }) => event),
    ['started', 'progressed', 'progressed', 'started', 'progressed', 'applied'],
  )
})
