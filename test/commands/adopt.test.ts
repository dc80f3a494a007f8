import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import {
  type AdoptOptions,
  adopt,
  createMigrator,
  defineModule,
  info,
  migrate,
  rollback,
  validate,
} from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const threeTables = {
  'V1__one.sql': 'CREATE TABLE one (id int);',
  'U1__one.sql': 'DROP TABLE one;',
  'V2__two.sql': 'CREATE TABLE two (id int);',
  'U2__two.sql': 'DROP TABLE two;',
  'V3__three.sql': 'CREATE TABLE three (id int);',
  'U3__three.sql': 'DROP TABLE three;',
  'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one;',
}
/** What another tool did. */
const twoApplied = 'CREATE TABLE one (id int); CREATE TABLE two (id int);'
const golangTable = 'CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);'
const nodeTable =
  'CREATE TABLE pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL);'

async function history(sql: Sql): Promise<readonly (readonly unknown[])[]> {
  const rows = await sql`SELECT installed_rank, version, script, success FROM flyway_schema_history ORDER BY 1`
  return rows.map((row) => Object.values(row))
}

/** Adopting is refused with these kinds of problems, and neither history nor ledger is made. */
async function refused(
  { sql }: { readonly sql: Sql },
  kinds: readonly string[],
  options: AdoptOptions,
): Promise<string> {
  const before = await sql`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`
  const error = await expectError('ADOPTION_REFUSED', adopt(options))
  assert.deepEqual(
    error.details.problems?.map(({ kind }) => kind),
    kinds,
  )
  const after = await sql`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`
  assert.deepEqual([...after], [...before])
  return error.message
}

test('files that are listed in any order are in history as if they had been migrated', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V2__two.sql': 'CREATE TABLE two (id int);',
    'V10__ten.sql': 'CREATE TABLE ten (id int);',
    'R__view.sql': 'CREATE VIEW v AS SELECT 1 AS one;',
  })
  await adopt({ url, locations, applied: ['R__view.sql', '10', '2'] })
  const rows =
    await sql`SELECT coalesce(version, description) AS name FROM flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['2', '10', 'view'],
  )
  assert.deepEqual(
    (await info({ url, locations })).migrations.map(({ state }) => state),
    ['Success', 'Success', 'Success'],
  )
})

test('a database of golang-migrate is taken over: what was applied stays, the rest is migrated, all can be undone', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations, remove } = writeScripts(t, threeTables)
  await sql.unsafe(`${twoApplied} ${golangTable} INSERT INTO schema_migrations VALUES (2, false)`)
  const report = await adopt({ url, locations, from: 'golang-migrate' })
  assert.deepEqual(
    report.adopted.map(({ script }) => script),
    ['V1__one.sql', 'V2__two.sql'],
  )
  assert.deepEqual(report.pending, ['V3__three.sql', 'R__view.sql'])
  assert.deepEqual(await history(sql), [
    [1, '1', 'V1__one.sql', true],
    [2, '2', 'V2__two.sql', true],
  ])
  assert.deepEqual(
    (await info({ url, locations })).migrations.map(({ script, state }) => [script, state]),
    [
      ['V1__one.sql', 'Success'],
      ['V2__two.sql', 'Success'],
      ['V3__three.sql', 'Pending'],
      ['R__view.sql', 'Pending'],
    ],
  )
  const { migrations } = await migrate({ url, locations })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V3__three.sql', 'R__view.sql'],
  )
  await validate({ url, locations })
  remove('U1__one.sql', 'U2__two.sql', 'U3__three.sql')
  await rollback({ url, locations, to: 'empty' })
  const left = await sql`SELECT relname FROM pg_class WHERE relname IN ('one', 'two', 'three')`
  assert.equal(left.length, 0)
})

test('the ledger says what was adopted, by whom, and keeps how to undo it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, threeTables)
  await sql.unsafe(`${twoApplied} ${golangTable} INSERT INTO schema_migrations VALUES (2, false)`)
  const { run } = await adopt({ url, locations, from: 'golang-migrate', installedBy: 'the move' })
  const rows = await sql`SELECT run_id, event, script, installed_rank, undo_text FROM schemaway_ledger ORDER BY id`
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      [run, 'adopted', 'V1__one.sql', 1, 'DROP TABLE one;'],
      [run, 'adopted', 'V2__two.sql', 2, 'DROP TABLE two;'],
    ],
  )
  const [{ by } = {}] = await sql`SELECT DISTINCT installed_by AS by FROM flyway_schema_history`
  assert.equal(by, 'the move')
})

test('files of golang-migrate keep their names', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    '000001_one.up.sql': 'CREATE TABLE one (id int);',
    '000001_one.down.sql': 'DROP TABLE one;',
    '000010_two.up.sql': 'CREATE TABLE two (id int);',
    '000010_two.down.sql': 'DROP TABLE two;',
    '000011_three.down.sql': 'DROP TABLE three;',
    '000011_three.up.sql': 'BEGIN;\nCREATE TABLE three (id int);\nCOMMIT;',
  })
  const files = { url, locations, naming: 'up-down' } as const
  await sql.unsafe(`${twoApplied} ${golangTable} INSERT INTO schema_migrations VALUES (10, false)`)
  const { adopted, pending } = await adopt({ ...files, from: 'golang-migrate' })
  assert.deepEqual([adopted.length, pending], [2, ['000011_three.up.sql']])
  assert.equal((await migrate(files)).migrations.length, 1)
  await validate(files)
  assert.equal((await rollback({ ...files, to: '1' })).currentVersion, '000001')
})

test('a tool that applied nothing leaves nothing to take over, and no history that would look like one', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const { directory: locations } = writeScripts(t, threeTables)
  await sql.unsafe(`${golangTable} ${nodeTable} CREATE TABLE one (id int)`)
  for (const from of ['golang-migrate', 'node-pg-migrate'] as const) {
    for (const preview of [true, false]) {
      const message = await refused(database, ['NOTHING_APPLIED'], { url, locations, from, preview })
      assert.match(message, /is empty.*drop it and call migrate\(\)/)
    }
  }
  await expectError('INVALID_OPTIONS', adopt({ url, locations, applied: [] }))
  await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations }))
})

test('an adoption that is cut off while it writes its rows leaves no history, over which everything would run', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, threeTables)
  await sql.unsafe(`${twoApplied} ${golangTable} INSERT INTO schema_migrations VALUES (2, false)`)
  await stopAtFirstRow(sql)
  const work = adopt({ url, locations, from: 'golang-migrate' })
  await cutOff(sql, work)
  assert.deepEqual([...(await sql`SELECT to_regclass('flyway_schema_history') AS history`)], [{ history: null }])
  await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations }))
})

test('what skipExecutingMigrations records is written together with the history, or not at all', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, threeTables)
  const locations = folder.directory
  await sql.unsafe(twoApplied)
  await stopAtFirstRow(sql)
  await cutOff(sql, migrate({ url, locations, skipExecutingMigrations: true }))
  await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations }))

  await sql`DROP EVENT TRIGGER arm`
  folder.remove('V3__three.sql', 'R__view.sql')
  await migrate({ url, locations, skipExecutingMigrations: true })
  folder.write({ 'V4__four.sql': 'SELECT 4;', 'V5__five.sql': 'SELECT 5;' })
  await sql`CREATE TRIGGER wait BEFORE INSERT ON flyway_schema_history FOR EACH ROW WHEN (NEW.version = '5') EXECUTE FUNCTION ops.wait()`
  await cutOff(sql, migrate({ url, locations, skipExecutingMigrations: true }))
  assert.deepEqual(
    (await history(sql)).map(([, version]) => version),
    ['1', '2'],
  )
})

/** The first row that is written into a new history waits for a minute. */
async function stopAtFirstRow(sql: Sql): Promise<void> {
  await sql.unsafe(`CREATE SCHEMA ops;
    CREATE FUNCTION ops.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
    CREATE FUNCTION ops.arm() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF to_regclass('public.flyway_schema_history') IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'public.flyway_schema_history'::regclass)
      THEN
        CREATE TRIGGER wait BEFORE INSERT ON public.flyway_schema_history FOR EACH ROW EXECUTE FUNCTION ops.wait();
      END IF;
    END $$;
    CREATE EVENT TRIGGER arm ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION ops.arm()`)
}

/** Ends the session of a command while it waits, as a process that is killed does. */
async function cutOff(sql: Sql, work: Promise<unknown>): Promise<void> {
  const failure = expectError('CONNECTION_LOST', work)
  await waitUntil('a row is being written', async () => {
    const ended = await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`
    return ended.length > 0
  })
  await failure
}

test('what golang-migrate left dirty, does not know a file for, or is no table of it, is refused with the remedy', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const { directory: locations } = writeScripts(t, threeTables)
  const options = { url, locations, from: 'golang-migrate' } as const
  assert.match(await refused(database, ['SOURCE_MISSING'], options), /fromTable.*'ops\.schema_migrations'/)
  await refused(database, ['SOURCE_MISSING'], { ...options, fromTable: 'not a name(' })
  await sql.unsafe(`${golangTable} INSERT INTO schema_migrations VALUES (2, true)`)
  assert.match(await refused(database, ['DIRTY'], options), /inside version 2.*`migrate force`/)
  await sql`UPDATE schema_migrations SET version = 7, dirty = false`
  assert.match(await refused(database, ['UNKNOWN_VERSION'], options), /^(?=.*\b7 is applied)(?=.*Nothing was changed)/)
  await sql`INSERT INTO schema_migrations VALUES (1, false)`
  await refused(database, ['SOURCE_UNREADABLE'], options)
  await sql`CREATE TABLE "Other" (id int)`
  await refused(database, ['SOURCE_UNREADABLE'], { ...options, fromTable: '"Other"' })
})

test('a database of node-pg-migrate is taken over in its own order, with its own times', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1700000000001__create_users.sql': 'CREATE TABLE one (id int);',
    'V1700000000002__late.sql': 'CREATE TABLE two (id int);',
    'V1700000000003__soon.sql': 'CREATE TABLE three (id int);',
    'V1700000000004__new.sql': 'CREATE TABLE four (id int);',
  })
  await sql.unsafe(`CREATE SCHEMA ops; ${nodeTable.replace('pgmigrations', 'ops.pgmigrations')}
    INSERT INTO ops.pgmigrations (name, run_on) VALUES
      ('1700000000001_create-users', '2024-02-03 04:05:06.789'),
      ('1700000000003_soon', '2024-03-03 04:05:06'),
      ('1700000000002_late', '2024-04-03 04:05:06')`)
  const { adopted, pending } = await adopt({ url, locations, from: 'node-pg-migrate', fromTable: 'ops.pgmigrations' })
  assert.deepEqual(
    adopted.map(({ version }) => version),
    ['1700000000001', '1700000000003', '1700000000002'],
  )
  assert.deepEqual(pending, ['V1700000000004__new.sql'])
  const times = await sql`SELECT to_char(installed_on, 'YYYY-MM-DD HH24:MI:SS.MS') AS at FROM flyway_schema_history`
  assert.deepEqual(
    times.map(({ at }) => at),
    ['2024-02-03 04:05:06.789', '2024-03-03 04:05:06.000', '2024-04-03 04:05:06.000'],
  )
  assert.deepEqual(
    (await migrate({ url, locations })).migrations.map(({ version }) => version),
    ['1700000000004'],
  )
  await validate({ url, locations })
})

test('files of node-pg-migrate keep their names', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    '1700000000001_create-users.sql': 'CREATE TABLE one (id int);',
    '1700000000002_more.sql': 'CREATE TABLE two (id int);',
  })
  const files = { url, locations, naming: 'numbered' } as const
  await sql.unsafe(`${nodeTable} INSERT INTO pgmigrations (name, run_on) VALUES ('1700000000001_create-users', now())`)
  const { adopted } = await adopt({ ...files, from: 'node-pg-migrate' })
  assert.deepEqual(
    adopted.map(({ script }) => script),
    ['1700000000001_create-users.sql'],
  )
  assert.equal((await migrate(files)).migrations.length, 1)
})

test('every migration of node-pg-migrate without a file of its own is named, and so is every file with a down section', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const { directory: locations } = writeScripts(t, {
    'V1__one.sql': '-- Up Migration\nCREATE TABLE one (id int);\n-- Down Migration\nDROP TABLE one;',
    'V2__two.sql': 'CREATE TABLE two (id int);',
  })
  await sql.unsafe(
    `${nodeTable} INSERT INTO pgmigrations (name, run_on) VALUES ('2_two', now()), ('2_too', now()), ('8_x', now()), ('y', now())`,
  )
  const message = await refused(database, ['DOWN_SECTION', 'SHARED_VERSION', 'UNKNOWN_VERSION', 'UNKNOWN_VERSION'], {
    url,
    locations,
    from: 'node-pg-migrate',
  })
  assert.match(message, /V1__one\.sql holds a section.*8_x is applied there.*y is applied there/)
})

test('files are listed as applied by path, name or version', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'a/V1__one.sql': 'CREATE TABLE one (id int);',
    'V2__two.sql': 'CREATE TABLE two (id int);',
    'b/V3__three.sql': 'CREATE TABLE three (id int);',
    'V4__four.sql': 'CREATE TABLE four (id int);',
    'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one;',
  })
  await sql.unsafe(twoApplied)
  const applied = ['a/V1__one.sql', 'V2__two.sql', '3.0', 'R__view', 'V3__three.sql']
  const { adopted, pending } = await adopt({ url, locations, applied })
  assert.deepEqual(
    adopted.map(({ script }) => script),
    ['a/V1__one.sql', 'V2__two.sql', 'b/V3__three.sql', 'R__view.sql'],
  )
  assert.deepEqual(pending, ['V4__four.sql'])
  assert.deepEqual(
    (await migrate({ url, locations })).migrations.map(({ script }) => script),
    ['V4__four.sql'],
  )
})

test('a migrator adopts with its own options', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, threeTables)
  await sql.unsafe(twoApplied)
  const migrator = createMigrator({ url, locations, outOfOrder: true, lockTimeout: 1_000 })
  assert.deepEqual(await migrator.validateFiles({ requireUndo: true }), { command: 'validateFiles', checked: 7 })
  assert.equal((await migrator.adopt({ applied: ['1', '2'] })).adopted.length, 2)
  assert.equal((await migrator.migrate()).migrations.length, 2)
})

test('an entry of the list that no versioned or repeatable file answers to is refused', async (t) => {
  const database = await testDatabase(t)
  const { url } = database
  const { directory: locations } = writeScripts(t, {
    'R__view.sql': 'SELECT 1;',
    'V1__one.sql': 'SELECT 1;',
    'U1__one.sql': 'SELECT 1;',
  })
  await refused(database, ['UNKNOWN_FILE', 'UNKNOWN_FILE', 'UNKNOWN_FILE'], {
    url,
    locations,
    applied: ['V1__one.sql', 'U1__one.sql', '7', 'nothing'],
  })
})

test('a history that has rows is left alone, also that of an earlier adoption', async (t) => {
  const database = await testDatabase(t)
  const { url } = database
  const { directory: locations } = writeScripts(t, threeTables)
  await adopt({ url, locations, applied: ['1'] })
  const message = await refused(database, ['HISTORY_NOT_EMPTY'], { url, locations, applied: ['1', '2'] })
  assert.match(message, /is a history already, with 1 row; go on with migrate\(\)/)
})

test('a preview says the same, writes nothing, and waits for nobody', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, threeTables)
  const key = lockKey('"public"."flyway_schema_history"')
  const holder = await sql.reserve()
  await holder`SELECT pg_advisory_lock(${String(key)})`
  const preview = await adopt({ url, locations, applied: ['1', '2'], preview: true })
  assert.equal(preview.run, null)
  await holder`SELECT pg_advisory_unlock_all()`
  holder.release()
  assert.deepEqual([...(await sql`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`)], [])
  const done = await adopt({ url, locations, applied: ['1', '2'] })
  assert.deepEqual([done.adopted, done.pending], [preview.adopted, preview.pending])
  assert.deepEqual(JSON.parse(JSON.stringify(done)), done)
})

test('only files of the caller are adopted, not those of bundled modules', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V20270101_100000__bill.sql': 'CREATE TABLE one (id int);' })
  const billing = defineModule({ name: 'billing', directory, requires: ['iam'] })
  await sql.unsafe(`${golangTable} INSERT INTO schema_migrations VALUES (20270101, false)`)
  const unknown = await expectError(
    'ADOPTION_REFUSED',
    adopt({ url, modules: ['iam', billing], from: 'golang-migrate' }),
  )
  assert.equal(unknown.details.problems?.[0]?.kind, 'UNKNOWN_VERSION')
  const { adopted, pending } = await adopt({ url, modules: ['iam', billing], applied: ['20270101.100000'] })
  assert.deepEqual(
    adopted.map(({ script }) => script),
    ['billing/V20270101_100000__bill.sql'],
  )
  assert.deepEqual(pending, [])
})

test('a table of the other tool that the login may not read is named with the GRANT', async (t) => {
  const database = await testDatabase(t)
  const { directory: locations } = writeScripts(t, threeTables)
  const login = await createLogin(t, database)
  await database.sql.unsafe(`CREATE SCHEMA ops; GRANT USAGE ON SCHEMA ops TO ${login.name};
    ${golangTable.replace('schema_migrations', 'ops."Versions"')}`)
  const work = adopt({ url: login.url, locations, from: 'golang-migrate', fromTable: 'ops."Versions"' })
  const error = await expectError('MISSING_PRIVILEGE', work)
  assert.match(error.message, new RegExp(`GRANT SELECT ON ops\\."Versions" TO "${login.name}";`))
})

test('options that leave open what is applied, or to which files, are refused', async () => {
  const url = 'postgres://localhost:1/none'
  const both = await expectError(
    'INVALID_OPTIONS',
    adopt({ url, locations: '.', from: 'golang-migrate', applied: ['1'] }),
  )
  assert.match(both.message, /exactly one of `from/)
  await expectError('INVALID_OPTIONS', adopt({ url, locations: '.' }))
  const nowhere = await expectError('INVALID_OPTIONS', adopt({ url, from: 'golang-migrate' }))
  assert.match(nowhere.message, /no files are named/)
})
