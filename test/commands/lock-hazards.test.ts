import assert from 'node:assert/strict'
import test from 'node:test'
import { clean, type HookContext, type Hooks, migrate } from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { waitForSleep } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

/** As if the transaction had taken longer than the lock lasts. */
const age = "UPDATE schemaway_lock SET expires_at = clock_timestamp() - interval '1 hour';"

test('behind a callback, and a hook, that took longer than the lock of the table lasts, it is fresh', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'SELECT 1;',
    'beforeMigrate.sql': age,
  })
  const found: unknown[] = []
  const look = async (): Promise<void> => {
    const rows = await sql`SELECT expires_at > clock_timestamp() AS fresh FROM schemaway_lock`
    found.push(rows[0]?.['fresh'])
  }
  await migrate({
    url,
    locations,
    lockStrategy: 'table',
    hooks: {
      beforeMigrate: async ({ sql: hooked }) => {
        await look()
        await hooked.unsafe(age)
      },
      beforeEachMigrate: async ({ sql: hooked }) => {
        await hooked.unsafe(age)
      },
      afterVersioned: look,
      afterMigrate: async ({ sql: hooked }) => void (await hooked.unsafe(age)),
      afterMigrateOperationFinish: look,
    },
  })
  assert.deepEqual(found, [true, true, true])
})

test('a script that is stopped between two of its messages does not leave the lock of the table behind', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql':
      "SELECT set_config('client_' || 'encoding', 'LATIN1', false);\nCREATE TABLE a (id int);\nCOPY a FROM STDIN;\n1\n\\.\nSELECT 1;\n",
  })
  await expectError('INVALID_SCRIPT', migrate({ url, locations, lockStrategy: 'table' }))
  assert.equal((await sql`SELECT FROM schemaway_lock`).length, 0)
})

test('callbacks behind a clean() that took the table of locks along still run', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'afterClean.sql': 'CREATE SCHEMA after_clean;',
  })
  const options = { url, locations, lockStrategy: 'table' } as const
  await migrate(options)
  await clean({ ...options, cleanDisabled: false })
  assert.equal((await sql`SELECT FROM pg_namespace WHERE nspname = 'after_clean'`).length, 1)
})

test('callbacks and hooks may leave another role, and a transaction that only reads, behind', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const { name } = await createLogin(t, database)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': `SET ROLE ${name};`,
    'V2__b.sql': `SET SESSION AUTHORIZATION ${name};`,
    'beforeMigrate.sql': `SET ROLE ${name};`,
    'afterVersioned.sql': `SET SESSION AUTHORIZATION ${name};`,
    'afterMigrate.sql': 'SET TRANSACTION READ ONLY;',
  })
  const leave = async ({
    sql: hooked,
  }: {
    readonly sql: { unsafe(text: string): PromiseLike<unknown> }
  }): Promise<void> => {
    await hooked.unsafe(`SET ROLE ${name}`)
  }
  const { migrations } = await migrate({
    url,
    locations,
    lockStrategy: 'table',
    hooks: { beforeMigrate: leave, beforeEachMigrate: leave, afterMigrate: leave },
  })
  assert.equal(migrations.length, 2)
  assert.equal((await sql`SELECT FROM schemaway_lock`).length, 0)
})

test('a script, and a program, outside a transaction may work as a role that knows nothing of the table of locks', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const { name } = await createLogin(t, database)
  await sql.unsafe(`GRANT ALL ON SCHEMA public TO ${name}`)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': `-- schemaway: transaction=none
      SET ROLE ${name};
      CREATE TABLE a (id int PRIMARY KEY);
      CREATE INDEX CONCURRENTLY a_id ON a (id);
      BEGIN;
      INSERT INTO a VALUES (1), (2);
      COMMIT;
      SELECT 'advisory';`,
    'V2__b.sql': `-- schemaway: transaction=none\nSET SESSION AUTHORIZATION ${name};\nVACUUM a;\nINSERT INTO a VALUES (3);`,
    'V3__c.mjs': `export const transaction = 'none'
      export async function up({ sql, backfill }) {
        await backfill({
          table: 'a',
          update: async (batch, range) => {
            await batch.unsafe('SET LOCAL ROLE ${name}')
            return await batch\`UPDATE a SET id = id + 10 WHERE \${range}\`
          },
        })
      }`,
  })
  const { migrations } = await migrate({ url, locations, lockStrategy: 'table' })
  assert.equal(migrations.length, 3)
  assert.equal((await sql`SELECT FROM schemaway_lock`).length, 0)
})

test('a lock of the table that has expired is not taken over while a transaction of its holder is open', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'R__b.sql': 'INSERT INTO a VALUES (1);\nSELECT pg_sleep(60);',
  })
  const stop = new AbortController()
  const options = { url, locations, lockStrategy: 'table' } as const
  const holding = migrate({
    ...options,
    signal: stop.signal,
    hooks: { beforeRepeatables: async () => void (await sql.unsafe(age)) },
  })
  const held = expectError('ABORTED', holding)
  await waitForSleep(sql)
  assert.equal((await sql`SELECT FROM schemaway_lock WHERE expires_at < now()`).length, 1)
  await expectError('LOCK_WAIT_TIMEOUT', migrate({ ...options, waitForLock: 500 }))
  stop.abort()
  await held
})

test('the table of locks works whatever transactions of the database are by default', async (t) => {
  const { url, sql, name } = await testDatabase(t)
  await sql.unsafe(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`)
  await sql.unsafe(`ALTER DATABASE "${name}" SET default_transaction_isolation = 'serializable'`)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;', 'V2__b.sql': 'SELECT pg_sleep(0.2);' })
  const reports = await Promise.all(Array.from({ length: 8 }, () => migrate({ url, locations, lockStrategy: 'table' })))
  assert.equal(reports.flatMap(({ migrations }) => migrations).length, 2)
})

test('a login that writes history as another role keeps its own lock of the table', async (t) => {
  const database = await testDatabase(t)
  const { sql, url } = database
  const owner = await createLogin(t, database)
  const [one, other] = [await createLogin(t, database), await createLogin(t, database)]
  for (const { name } of [one, other]) await sql.unsafe(`ALTER ROLE ${name} NOINHERIT; GRANT ${owner.name} TO ${name}`)
  await sql.unsafe(`GRANT CREATE, USAGE ON SCHEMA public TO ${owner.name}, ${one.name}, ${other.name}`)
  const folder = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const options = { locations: folder.directory, roles: { owner: owner.name } } as const
  await migrate({ ...options, url: owner.url })
  folder.write({ 'V2__b.sql': 'SELECT 1;' })
  const report = await migrate({ ...options, url: one.url, lockStrategy: 'table' })
  assert.equal(report.migrations.length, 1)
  folder.write({ 'V3__c.sql': 'SELECT 1;' })
  assert.equal((await migrate({ ...options, url: other.url, lockStrategy: 'table' })).migrations.length, 1)
  assert.ok(url)
})

test('a hook that meets a lost lock of the table, before its first query or before its COMMIT, is told as that', async (t) => {
  const takeOver = 'UPDATE schemaway_lock SET owner = gen_random_uuid()'
  for (const when of ['before', 'behind'] as const) {
    for (const catches of [false, true]) {
      const { url, sql } = await testDatabase(t)
      const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
      const beforeMigrate = async ({ sql: hooked }: Pick<HookContext, 'sql'>): Promise<void> => {
        if (when === 'before') await sql.unsafe(takeOver)
        const work = hooked.unsafe(when === 'before' ? 'SELECT 1' : takeOver)
        await (catches ? work.catch(() => {}) : work)
      }
      const error = await expectError(
        'LOCK_LOST',
        migrate({ url, locations, lockStrategy: 'table', hooks: { beforeMigrate } }),
      )
      assert.match(error.message, /was taken over by another process/)
      assert.equal((await sql`SELECT to_regclass('a') AS a`)[0]?.['a'], null)
    }
  }
})

test('a hook whose transaction waits too long for another process is told so', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  const other = await sql.reserve()
  const hooks: Hooks = {
    beforeMigrate: async ({ sql: hooked }) => {
      await other.unsafe(`SELECT pg_advisory_lock(${lockKey('"public"."flyway_schema_history"')})`)
      await hooked`SELECT 1`
    },
  }
  const options = { url, locations, lockStrategy: 'transaction', waitForLock: 300 } as const
  await expectError('LOCK_WAIT_TIMEOUT', migrate({ ...options, hooks }))
  await other`SELECT pg_advisory_unlock_all()`
  other.release()
  await migrate(options)
})

test('a history whose schema the lock of the table made begins as any other that made its schema', async (t) => {
  for (const lockStrategy of ['session', 'table'] as const) {
    const { url, sql } = await testDatabase(t)
    const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
    const rowsOf = async (table: string): Promise<readonly unknown[]> =>
      (await sql.unsafe(`SELECT installed_rank, type, script FROM own.${table} ORDER BY 1`)).map((row) =>
        Object.values(row),
      )
    const options = { url, locations, lockStrategy, historySchema: 'own' } as const
    await migrate(options)
    assert.deepEqual(await rowsOf('flyway_schema_history'), [
      [0, 'SCHEMA', '"own"'],
      [1, 'SQL', 'V1__a.sql'],
    ])
    await migrate({ ...options, table: 'second', baselineOnMigrate: true, baselineVersion: '0' })
    assert.deepEqual(await rowsOf('second'), [
      [1, 'BASELINE', '<< Flyway Baseline >>'],
      [2, 'SQL', 'V1__a.sql'],
    ])
  }
})

test('a run by the table whose session was ended keeps nobody waiting until its lock expires', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int); SELECT pg_sleep(600);' })
  const options = { url, locations: folder.directory, lockStrategy: 'table', waitForLock: 10_000 } as const
  const running = expectError('CONNECTION_LOST', migrate(options))
  await waitForSleep(sql)
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
  await running
  assert.equal((await sql`SELECT FROM schemaway_lock`).length, 1)
  folder.write({ 'V1__a.sql': 'CREATE TABLE a (id int);' })
  // As if that had been longer ago than two beats of its heart. The lock would last for longer than the next one waits.
  await sql`UPDATE schemaway_lock SET expires_at = clock_timestamp() + interval '17 seconds'`
  assert.equal((await migrate(options)).migrations.length, 1)
})
