// Rows of the matrix "advisory locks and CREATE INDEX CONCURRENTLY" that need a hostile neighbour. CREATE INDEX CONCURRENTLY waits for every
// older snapshot of its database. Who then waits for whom is decided by which of both looks for a deadlock last, so the tests set
// deadlock_timeout instead of waiting for times. Rows that are shown elsewhere:
//
// | row | situation | test |
// |---|---|---|
// | 1, 2, 3b, 3c | a lock that idles; a snapshot that somebody keeps | lock-matrix: '... holds up nobody ...', 'a snapshot for which ...' |
// | 6, 8 | whoever waits for us polls, outside of the server | lock-matrix: '... none of them inside the server'; many-processes |
// | 10 | lock_timeout does not end a CREATE INDEX CONCURRENTLY | concurrent-indexes: 'lock_timeout does not end ...' |
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { type Hooks, migrate } from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { buildElsewhere, elsewhere } from '../support/build-elsewhere.js'
import { expectError } from '../support/expect-error.js'
import { history, indexes } from '../support/outside-transaction.js'
import { waitForLock, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const key = lockKey('"public"."flyway_schema_history"')
const table = { 'V1__a.sql': 'CREATE TABLE a (id integer); INSERT INTO a VALUES (1);' }
const index = { 'V2__i.sql': 'CREATE INDEX CONCURRENTLY i ON a (id);' }
/** Longer than any test takes. */
const never = '600s'

const idlers: Readonly<Record<string, (build: () => Promise<void>) => Hooks>> = {
  'a hook that has read the very table (row 3d)': (build) => ({
    beforeEachMigrate: async ({ sql }) => {
      await sql`SELECT * FROM other.elsewhere WHERE id = ${1}`
      await build()
    },
  }),
  'a hook in the transaction of a migration': (build) => ({
    beforeEachMigrate: async ({ sql }) => {
      await sql`SELECT * FROM a WHERE id = ${1}`
      await build()
    },
  }),
  'a hook with a transaction of its own': (build) => ({
    beforeMigrate: async ({ sql }) => {
      await sql`SELECT * FROM a WHERE id = ${1}`
      await build()
    },
  }),
  'a hook that has written': (build) => ({
    beforeEachMigrate: async ({ sql }) => {
      await sql`INSERT INTO a VALUES (${2}) RETURNING id`
      await build()
    },
  }),
}

for (const [what, hooksOf] of Object.entries(idlers)) {
  test(`row 3: ${what}, which works on after a query with parameters, holds up nobody's CREATE INDEX CONCURRENTLY`, async (t) => {
    const { url, sql } = await testDatabase(t)
    await sql.unsafe(elsewhere)
    const folder = writeScripts(t, table)
    await migrate({ url, locations: folder.directory })
    folder.write({ 'V2__b.sql': 'CREATE TABLE b (id integer);' })
    let isBuilt = false
    const hooks = hooksOf(async () => {
      await buildElsewhere(sql)
      isBuilt = true
    })
    await migrate({ url, locations: folder.directory, hooks })
    assert.equal(isBuilt, true)
    assert.deepEqual(await history(sql), [
      ['1', true],
      ['2', true],
    ])
  })
}

for (const lockStrategy of ['session', 'transaction', 'table'] as const) {
  test(`row 3: nor does a program by '${lockStrategy}'`, async (t) => {
    const { url, sql } = await testDatabase(t)
    await sql.unsafe(elsewhere)
    const folder = writeScripts(t, table)
    const options = { url, locations: folder.directory, lockStrategy }
    await migrate(options)
    // A door of the server: the program goes on once it is open.
    folder.write({
      'V2__b.mjs': `export async function up({ sql, progress }) {
        await sql\`SELECT * FROM a WHERE id = \${1}\`
        progress({ done: 1 })
        await globalThis[Symbol.for('${url}')]
      }\n`,
    })
    let build: Promise<void> | undefined
    let open = (): void => {}
    const door = new Promise<void>((resolve) => {
      open = resolve
    })
    Object.assign(globalThis, { [Symbol.for(url)]: door })
    t.after(() => Reflect.deleteProperty(globalThis, Symbol.for(url)))
    const onEvent = ({ type }: { readonly type: string }): void => {
      if (type === 'progress') build = buildElsewhere(sql).finally(open)
    }
    await migrate({ ...options, onEvent })
    assert.ok(build !== undefined)
    await build
  })
}

/** What the session that builds the index waits for. */
async function waitForBuilder(sql: Sql): Promise<void> {
  await waitUntil('the index waits for an older snapshot', async () => {
    const rows = await sql`
      SELECT FROM pg_locks AS l JOIN pg_stat_activity AS s USING (pid)
      WHERE s.datname = current_database() AND NOT l.granted AND l.locktype = 'virtualxid' AND query ~ 'CREATE INDEX'`
    return rows.length > 0
  })
}

test('row 4a: a neighbour that waits in pg_advisory_lock for us, and looks for a deadlock last, is the victim; the index is built', async (t) => {
  const { url, sql, name } = await testDatabase(t)
  const folder = writeScripts(t, table)
  const options = { url, locations: folder.directory }
  await migrate(options)
  await sql.unsafe(`ALTER DATABASE ${name} SET deadlock_timeout = '${never}'`)
  const [gate, neighbour] = [await sql.reserve(), await sql.reserve()]
  await gate`SELECT pg_advisory_lock(1)`
  await neighbour`SET deadlock_timeout = '10ms'`
  // One statement, so its snapshot is older than the index, and its wait for us younger.
  const waiting = neighbour.unsafe(`SELECT pg_advisory_lock(1), pg_advisory_lock(${key})`).then(
    () => 'it got the lock',
    ({ code }) => code,
  )
  await waitForLock(sql)
  folder.write(index)
  const running = migrate(options)
  await waitForBuilder(sql)
  await gate`SELECT pg_advisory_unlock(1)`
  assert.equal(await waiting, '40P01')
  assert.equal((await running).migrations.length, 1)
  assert.deepEqual(await indexes(sql), [['i', true]])
  for (const one of [gate, neighbour]) one.release()
})

test('row 4b: where the index is the victim, the run says who stood in its way, and the next one builds it anew', async (t) => {
  const { url, sql, name } = await testDatabase(t)
  const folder = writeScripts(t, table)
  const options = { url, locations: folder.directory }
  await migrate(options)
  await sql.unsafe(`ALTER DATABASE ${name} SET deadlock_timeout = '10ms'`)
  const neighbour = await sql.reserve()
  await neighbour`SET application_name = 'the neighbour'`
  await neighbour.unsafe(`SET deadlock_timeout = '${never}'`)
  folder.write(index)
  let waiting: Promise<unknown> | undefined
  const beforeMigrate = async (): Promise<void> => {
    waiting ??= neighbour.unsafe(`SELECT pg_advisory_lock(${key})`).execute()
    await waitForLock(sql)
  }
  const error = await expectError('STATEMENT_BLOCKED', migrate({ ...options, hooks: { beforeMigrate } }))
  assert.equal(error.details.sqlState, '40P01')
  assert.equal(error.details.script, 'V2__i.sql')
  assert.deepEqual(
    error.details.blockers?.map(({ applicationName }) => applicationName),
    ['the neighbour'],
  )
  assert.match(error.message, /It waited for "the neighbour" \(pid \d+, user .*pg_advisory_lock/)
  // Our session has ended, and with it what the neighbour waited for.
  await waiting
  await neighbour`SELECT pg_advisory_unlock_all()`
  neighbour.release()
  assert.deepEqual(await indexes(sql), [['i', false]])
  assert.equal((await migrate(options)).migrations.length, 1)
  assert.deepEqual(await indexes(sql), [['i', true]])
})

/** A transaction with a snapshot, for which an index has to wait. */
async function keepSnapshot(sql: Sql): Promise<() => Promise<void>> {
  const old = await sql.reserve()
  await old`BEGIN ISOLATION LEVEL REPEATABLE READ`
  await old`SELECT 1`
  return async () => {
    await old`COMMIT`
    old.release()
  }
}

test('row 5: the session that builds the index is the one that holds the lock, so the server sees every circle', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, table)
  const options = { url, locations: folder.directory, lockStrategy: 'session' } as const
  await migrate(options)
  folder.write(index)
  const end = await keepSnapshot(sql)
  const running = migrate(options)
  await waitForBuilder(sql)
  const [builder] = await sql`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'CREATE INDEX' AND pid <> pg_backend_pid()`
  const holders = await sql`
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  assert.deepEqual([...holders], [{ pid: builder?.['pid'] }])
  await end()
  await running
})

test("row 9: by 'table' no row is locked while an index is built, so nobody can wait for one with a snapshot", async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, table)
  const options = { url, locations: folder.directory, lockStrategy: 'table' } as const
  await migrate(options)
  folder.write(index)
  const end = await keepSnapshot(sql)
  const running = migrate(options)
  await waitForBuilder(sql)
  const neighbour = await sql.reserve()
  await neighbour`SET lock_timeout = '30s'`
  for (let look = 0; look < 5; look += 1) {
    const rows = await neighbour`SELECT owner FROM schemaway_lock FOR UPDATE`
    assert.equal(rows.length, 1)
  }
  neighbour.release()
  const sessions = await sql`
    SELECT left(query, 60) AS query FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ '^schemaway'
      AND backend_xmin IS NOT NULL AND query !~ 'CREATE INDEX'`
  assert.deepEqual([...sessions], [])
  await end()
  await running
  assert.deepEqual(await indexes(sql), [['i', true]])
})
