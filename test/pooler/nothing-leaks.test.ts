import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { type MigrateOptions, migrate, rollback } from '../../lib/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { writeScripts } from '../support/write-scripts.js'
import { leftoversOf, openClient, type PooledDatabase, pooledDatabase } from './pooled-database.js'
import { findDifferences, ownSetting, readSessionSnapshot } from './session-snapshot.js'

const skip = withoutPgBouncer

/** What a script may leave behind in its session, so that the next client of the same server connection would have it. */
const traces: Readonly<Record<string, string>> = {
  'SET search_path': 'SET search_path = pg_catalog;',
  'SET lock_timeout and work_mem': "SET lock_timeout = '1s'; SET work_mem = '9MB'; SET enable_seqscan = off;",
  'set_config()': "SELECT set_config('statement_timeout', '44s', false);",
  'a setting of its own': `SET ${ownSetting} = 'somebody';`,
  standard_conforming_strings: 'SET standard_conforming_strings = off;',
  'SET TIME ZONE and DateStyle':
    "SET TIME ZONE 'Asia/Tokyo'; SET DateStyle = 'German, DMY'; SET bytea_output = escape;",
  'SET SESSION CHARACTERISTICS': 'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, DEFERRABLE;',
  'a setting that is reset': 'RESET work_mem; RESET search_path; RESET statement_timeout;',
  PREPARE: 'PREPARE left_statement AS SELECT 1;',
  'temporary objects':
    'CREATE TEMP TABLE left_table (id serial PRIMARY KEY); CREATE TEMP SEQUENCE left_sequence; CREATE TEMP VIEW left_view AS SELECT 1 AS one; ' +
    "CREATE FUNCTION pg_temp.left_function() RETURNS int LANGUAGE sql AS $$SELECT 1$$; CREATE TYPE pg_temp.left_type AS ENUM ('a');",
  LISTEN: 'LISTEN left_channel;',
  'UNLISTEN of others': 'LISTEN left_channel; NOTIFY left_channel;',
  'a cursor WITH HOLD': 'DECLARE left_cursor CURSOR WITH HOLD FOR SELECT generate_series(1, 3);',
  'an advisory lock': 'SELECT pg_advisory_lock(4711); SELECT pg_advisory_lock_shared(1, 2);',
  'SET ROLE': 'SET ROLE "<role>";',
  'SET SESSION AUTHORIZATION': 'SET SESSION AUTHORIZATION "<role>";',
  'what a DO block hides':
    "DO $$ BEGIN PERFORM set_config('search_' || 'path', 'pg_catalog', false); EXECUTE 'PREPARE left_' || 'hidden AS SELECT 1'; " +
    "EXECUTE 'CREATE TEMP TABLE left_hidden ()'; PERFORM pg_advisory_lock(4712); END $$;",
}

/** What another client of the same server connection did before. */
const ofAnother = [
  "SET statement_timeout = '33s'",
  'PREPARE of_another AS SELECT 2',
  'CREATE TEMP TABLE of_another (id int)',
  'LISTEN of_another',
  'SELECT pg_advisory_lock(99)',
  'BEGIN; DECLARE of_another CURSOR WITH HOLD FOR SELECT 1; COMMIT',
  // Its language brings settings along.
  'DO $$ BEGIN END $$',
]

const modes = ['each', 'all'] as const

interface Situation extends PooledDatabase {
  /** Fails when the server connection is not as it was. */
  expectUnchanged(what: string): Promise<void>
  /** With the name of an existing role. */
  readonly named: (script: string) => string
}

/** A database behind a pool of one connection, on which `connect_query` and another client left something. */
async function usedConnection(t: TestContext): Promise<Situation> {
  const database = await pooledDatabase(t, {
    poolSize: 1,
    connectQuery: "SET work_mem = '7MB'; SET search_path = public, pg_catalog; PREPARE of_pooler AS SELECT 3",
  })
  const { name: role } = await createLogin(t, database.database)
  await database.sql.unsafe(`GRANT ALL ON SCHEMA public TO ${role}`)
  const ask = openClient(t, database.pooled)
  for (const statement of ofAnother) await ask(statement)
  const before = await readSessionSnapshot(ask)
  assert.deepEqual([before.settings['work_mem'], before.settings['statement_timeout']], ['7168', '33000'])
  assert.deepEqual(before.preparedStatements, ['of_another', 'of_pooler'])
  assert.equal(before.advisoryLocks.length, 1)
  return {
    ...database,
    named: (script) => script.replaceAll('<role>', role),
    expectUnchanged: async (what) => {
      assert.deepEqual([what, ...findDifferences(before, await readSessionSnapshot(ask))], [what])
    },
  }
}

for (const [what, trace] of Object.entries(traces)) {
  test(`behind a script with this the server connection is as it was: ${what}`, { skip }, async (t) => {
    const { pooled, sql, named, expectUnchanged } = await usedConnection(t)
    const text = named(trace)
    for (const transaction of modes) {
      const { directory: locations, write } = writeScripts(t, {
        'V1__a.sql': `${text}\n`,
        'V2__b.sql': 'CREATE TABLE public.b (id int);',
        'U2__b.sql': `DROP TABLE public.b;\n${text}\n`,
      })
      const options: MigrateOptions = { url: pooled, locations, transaction }
      await migrate(options)
      await expectUnchanged(`after migrate() with transaction: '${transaction}'`)
      await rollback({ ...options })
      await expectUnchanged(`after rollback() with transaction: '${transaction}'`)

      write({ 'V3__c.sql': `${text}\nSELECT 1 / 0;\n` })
      await assert.rejects(migrate(options), { code: 'STATEMENT_FAILED' })
      await expectUnchanged(`after a failure with transaction: '${transaction}'`)
      await sql`DROP TABLE IF EXISTS public.b, public.flyway_schema_history, public.schemaway_ledger`
    }
  })
}

test('a script with RESET ALL, which takes away what keeps it in its transaction, leaves the server connection as it was', {
  skip,
}, async (t) => {
  const { pooled, expectUnchanged } = await usedConnection(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'RESET ALL;' })
  for (const transaction of modes) {
    await expectError('TRANSACTION_ESCAPED', migrate({ url: pooled, locations, transaction }))
    await expectUnchanged(transaction)
  }
})

test('programs, hooks and callbacks leave the server connection as it was', { skip }, async (t) => {
  const { pooled, named, expectUnchanged } = await usedConnection(t)
  const join = (without: readonly string[]): string =>
    Object.entries(traces)
      .filter(([what]) => !without.includes(what))
      .map(([, text]) => named(text))
      .join('\n')
  const callback = join(['standard_conforming_strings', 'SET SESSION AUTHORIZATION'])
  // The text of a program is not read, and no catalogue lists settings that somebody has made up.
  const program = join(['standard_conforming_strings', 'SET SESSION AUTHORIZATION', 'a setting of its own'])
  const { directory: locations } = writeScripts(t, {
    'V1__a.mjs': `export async function up({ sql }) {\n  await sql.unsafe(${JSON.stringify(program)})\n  await sql\`SELECT \${1}::int\`\n}\n`,
    'V2__b.sql': 'SELECT 1;',
    'afterMigrate.sql': `${callback.replaceAll('left_', 'callback_')}\n`,
  })
  await migrate({
    url: pooled,
    locations,
    hooks: { beforeMigrate: async ({ sql }) => void (await sql.unsafe(program.replaceAll('left_', 'hook_'))) },
  })
  await expectUnchanged('after migrate()')
})

test('a run that is cut off in the middle leaves the server connection as it was, or gone', { skip }, async (t) => {
  const { pooled, sql, named, expectUnchanged } = await usedConnection(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': named(
      `${traces['PREPARE']}\n${traces['an advisory lock']}\nSET work_mem = '9MB';\nSELECT pg_sleep(60);`,
    ),
  })
  const stop = new AbortController()
  await assert.rejects(
    migrate({
      url: pooled,
      locations,
      signal: stop.signal,
      onEvent: ({ type }) => void (type === 'stepStarted' && setTimeout(() => stop.abort(), 300)),
    }),
    { code: 'ABORTED' },
  )
  await expectUnchanged('after an abort')
  assert.deepEqual(await leftoversOf(sql).then((left) => left.filter((one) => !/of_another|lock 99$/.test(one))), [])
})

test('a script sees the settings that a direct connection has, whatever another client set', { skip }, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolSize: 1 })
  const ask = openClient(t, pooled)
  await ask("SET lock_timeout = '1ms'; SET standard_conforming_strings = off; SET default_transaction_read_only = on")
  await ask("SET default_transaction_isolation = 'serializable'; SET statement_timeout = '50ms'")
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql':
      "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock_timeout, current_setting('transaction_isolation') AS isolation, " +
      "'\\' AS backslash;\nSELECT pg_sleep(0.2);",
  })
  await migrate({ url: pooled, locations, lockTimeout: 4_000 })
  assert.deepEqual(
    [...(await sql`SELECT * FROM seen`)],
    [{ lock_timeout: '4s', isolation: 'read committed', backslash: '\\' }],
  )
  assert.deepEqual(await ask('SHOW statement_timeout'), [{ statement_timeout: '50ms' }])
})

test('a temporary table of another client takes neither the place nor the rows of the one that is meant', {
  skip,
}, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolSize: 1 })
  const client = openClient(t, pooled)
  await client('CREATE TEMPORARY TABLE a (id int)')
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': 'INSERT INTO a VALUES (1);',
    'V3__program.mjs': 'export async function up({ sql }) { await sql`INSERT INTO a VALUES (2)` }',
    'afterMigrate.sql': 'INSERT INTO a VALUES (3);',
  })
  await migrate({
    url: pooled,
    locations,
    hooks: { afterMigrate: async ({ sql: hooked }) => void (await hooked`INSERT INTO a VALUES (4)`) },
  })
  const rows = await sql`SELECT id FROM public.a ORDER BY id`
  assert.deepEqual(
    rows.map((row) => row['id']),
    [1, 2, 3, 4],
  )
})
