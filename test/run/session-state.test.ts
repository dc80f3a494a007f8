import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

test('what a script leaves in its session does not reach the next one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__leave.sql': `SET search_path = pg_temp; SET statement_timeout = '1h'; SET ROLE pg_monitor; SET work_mem = '123MB';
      PREPARE left_over AS SELECT 1; CREATE TEMP TABLE temporary_left (id int); LISTEN somebody;
      DECLARE held CURSOR WITH HOLD FOR SELECT 1;`,
    'V2__look.sql': `CREATE TABLE found AS SELECT current_user::text AS role, current_setting('work_mem') AS work_mem,
      current_setting('search_path') AS search_path, current_setting('lock_timeout') AS lock_timeout,
      (SELECT count(*)::int FROM pg_prepared_statements) AS prepared, (SELECT count(*)::int FROM pg_cursors) AS cursors,
      to_regclass('temporary_left') IS NULL AS temporary_gone,
      (SELECT count(*)::int FROM pg_listening_channels()) AS channels;`,
  })
  await migrate({ url, locations })
  const [found] = await sql`SELECT * FROM found`
  const [fresh] = await sql`SELECT current_setting('work_mem') AS work_mem`
  assert.deepEqual(
    { ...found },
    {
      role: 'postgres',
      work_mem: fresh?.['work_mem'],
      search_path: 'public, "$user", public',
      lock_timeout: '2s',
      prepared: 0,
      cursors: 0,
      temporary_gone: true,
      channels: 0,
    },
  )
})

test('a script that turns standard_conforming_strings off does not change how the next one is read', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__off.sql': 'SET standard_conforming_strings = off; SET escape_string_warning = off;',
    'V2__path.sql': String.raw`CREATE TABLE paths AS SELECT 'C:\temp\'::text AS path;`,
  })
  await migrate({ url, locations })
  assert.deepEqual([...(await sql`SELECT path FROM paths`)], [{ path: String.raw`C:\temp\ `.trim() }])
})

test('a script that releases the lock stops the run before the next script', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__unlock.sql': 'SELECT pg_advisory_unlock_all();',
    'V2__never.sql': 'CREATE TABLE never (id int);',
  })
  const error = await expectError('LOCK_LOST', migrate({ url, locations }))
  assert.equal(error.details.script, 'V1__unlock.sql')
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 0)
})

test('a script that changes its role still has its history written by the login', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__role.sql': 'SET LOCAL ROLE pg_monitor; SELECT 1;',
    'V2__authorization.sql': 'SET LOCAL SESSION AUTHORIZATION pg_monitor; SELECT 1;',
    'V3__last.sql': 'SELECT 1 -- without a semicolon, and a comment at the end',
  })
  await migrate({ url, locations })
  const rows = await sql`SELECT version, installed_by FROM flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    rows.map((row) => [row['version'], row['installed_by']]),
    [
      ['1', 'postgres'],
      ['2', 'postgres'],
      ['3', 'postgres'],
    ],
  )
})

test('a database whose transactions are read only by default is migrated all the same', async (t) => {
  const { url, sql, name } = await testDatabase(t)
  await sql.unsafe(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  await sql.unsafe(`ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE isolation AS SELECT current_setting('transaction_isolation') AS level;`,
  })
  assert.equal((await migrate({ url, locations })).currentVersion, '1')
  assert.deepEqual([...(await sql`SELECT level FROM isolation`)], [{ level: 'read committed' }])
})

test('what a script of table definitions leaves is reset as well', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(`CREATE FUNCTION leave() RETURNS int LANGUAGE sql VOLATILE
    AS $$ SELECT length(set_config('work_mem', '99MB', false)) $$`)
  const { directory: locations } = writeScripts(t, {
    'V1__define.sql': 'CREATE TABLE one (id int); ALTER TABLE one ADD COLUMN size int DEFAULT leave();',
    'V2__look.sql': `CREATE TABLE found AS SELECT current_setting('work_mem') AS work_mem;`,
  })
  await migrate({ url, locations, baselineOnMigrate: true, baselineVersion: '0' })
  const [found] = await sql`SELECT work_mem <> '99MB' AS is_reset FROM found`
  assert.equal(found?.['is_reset'], true)
})
