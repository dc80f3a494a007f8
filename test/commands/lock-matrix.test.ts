// What is promised of locks beside CREATE INDEX CONCURRENTLY, which waits for every old snapshot of its database, on whatever table.
// Rows that are shown elsewhere:
//
// | situation | test |
// |---|---|
// | twenty processes that wait hold up nobody's CREATE INDEX CONCURRENTLY | many-processes: '20 processes start ...' |
// | `lockTimeout` does not end a CREATE INDEX CONCURRENTLY that waits | concurrent-indexes: 'lock_timeout does not end ...' |
// | each strategy keeps out each that it can | lock-strategies: "whoever works by '...' keeps out who works by '...'" |
// | a row of the lock table that somebody else took | lock-strategies: 'a lock of the table that somebody else took ...' |
// | a neighbour that waits for us inside the server; hooks and programs with open portals | lock-matrix-indexes |
// | pg_advisory_unlock_all() in a script, inside and outside a transaction | session-state, resume-outside: '... lets go of the lock ...' |
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { type Blocker, type MigrationEvent, migrate, seed } from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { buildElsewhere, elsewhere } from '../support/build-elsewhere.js'
import { expectError } from '../support/expect-error.js'
import { holdLock } from '../support/hold-lock.js'
import { history, indexes } from '../support/outside-transaction.js'
import { waitForLock, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const strategies = ['session', 'transaction', 'table'] as const

/** What no text of a script shows. */
const letGo = `CREATE SCHEMA other; CREATE FUNCTION other.let_go() RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_unlock_all()'`

const table = { 'V1__a.sql': 'CREATE TABLE a (id integer);' }

/** Collects events of one type. */
function collect<Type extends MigrationEvent['type']>(type: Type) {
  const events: Extract<MigrationEvent, { type: Type }>[] = []
  const onEvent = (event: MigrationEvent): void => {
    if (event.type === type) events.push(event as Extract<MigrationEvent, { type: Type }>)
  }
  return { events, onEvent }
}

/** A door that somebody else opens. */
function makeDoor() {
  let open = (): void => {}
  const isOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, isOpen }
}

/** A session with a name, in a transaction that keeps a snapshot without having touched any table. */
async function keepSnapshot(sql: Sql): Promise<{ pid: number; end: () => Promise<void> }> {
  const old = await sql.reserve()
  await old`SET application_name = 'the long report'`
  await old`BEGIN ISOLATION LEVEL REPEATABLE READ`
  const [row] = await old`SELECT pg_backend_pid() AS pid`
  return {
    pid: row?.['pid'],
    end: async () => {
      await old`COMMIT`
      old.release()
    },
  }
}

for (const lockStrategy of strategies) {
  test(`a run by '${lockStrategy}' that idles in a transaction of its own holds up nobody's CREATE INDEX CONCURRENTLY`, async (t) => {
    const { url, sql } = await testDatabase(t)
    await sql.unsafe(elsewhere)
    const { directory: locations } = writeScripts(t, { ...table, 'V2__b.sql': 'CREATE TABLE b (id integer);' })
    await migrate({ url, locations, lockStrategy, target: '1' })
    let isBuilt = false
    await migrate({
      url,
      locations,
      lockStrategy,
      hooks: {
        beforeEachMigrate: async () => {
          await buildElsewhere(sql)
          isBuilt = true
        },
      },
    })
    assert.equal(isBuilt, true)
    assert.deepEqual(await history(sql), [
      ['1', true],
      ['2', true],
    ])
  })
}

/** Statements of sessions that wait in the server, but for the one that builds an index. */
async function findWaiting(sql: Sql): Promise<readonly unknown[]> {
  const rows = await sql`
    SELECT pid, left(query, 60) AS query FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query !~ 'CREATE INDEX CONCURRENTLY'`
  return [...rows]
}

for (const [holder, waiter] of [
  ['session', 'session'],
  ['session', 'transaction'],
  ['table', 'table'],
] as const) {
  test(`a CREATE INDEX CONCURRENTLY of the holder by '${holder}' ends while replicas by '${waiter}' wait, none of them inside the server`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory: locations } = writeScripts(t, {
      ...table,
      'V2__i.sql': 'CREATE INDEX CONCURRENTLY i ON a (id);',
    })
    await migrate({ url, locations, target: '1' })
    // Keeps the index waiting until the replicas wait, and for a while then.
    const old = await keepSnapshot(sql)
    const running = migrate({ url, locations, lockStrategy: holder })
    await waitForLock(sql)
    const { events, onEvent } = collect('waitingForLock')
    const replicas = Array.from({ length: 5 }, () => {
      return migrate({ url, locations, lockStrategy: waiter, waitForLock: 60_000, onEvent })
    })
    await waitUntil('all replicas wait', () => events.length >= replicas.length)
    for (let look = 0; look < 20; look += 1) {
      assert.deepEqual(await findWaiting(sql), [])
      await sleep(20)
    }
    await old.end()
    const [report, ...others] = await Promise.all([running, ...replicas])
    assert.deepEqual(
      report?.migrations.map(({ script }) => script),
      ['V2__i.sql'],
    )
    assert.deepEqual(
      others.flatMap(({ migrations }) => migrations),
      [],
    )
    assert.deepEqual(await indexes(sql), [['i', true]])
  })
}

test('a snapshot for which a CREATE INDEX CONCURRENTLY waits is named, longer than lockTimeout', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { ...table, 'V2__i.sql': 'CREATE INDEX CONCURRENTLY i ON a (id);' })
  await migrate({ url, locations, target: '1' })
  const old = await keepSnapshot(sql)
  const { events, onEvent } = collect('blocked')
  const running = migrate({ url, locations, lockTimeout: 150, lockRetries: 0, onEvent })
  await waitUntil('the snapshot is named several times', () => events.length >= 2)
  await old.end()
  await running
  const named = events.flatMap(({ blockers }) => blockers)
  assert.deepEqual([...new Set(named.map(({ pid }) => pid))], [old.pid])
  const [first] = named
  assert.deepEqual(
    [first?.applicationName, first?.user, first?.state],
    ['the long report', 'postgres', 'idle in transaction'],
  )
  assert.match(first?.query ?? '', /pg_backend_pid/)
  assert.equal(typeof first?.transactionSeconds, 'number')
  assert.deepEqual(await indexes(sql), [['i', true]])
})

for (const lockStrategy of strategies) {
  test(`whoever waits for a run by '${lockStrategy}' is told who holds the lock, and when the wait ends`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const applicationName = 'deployment-of-monday'
    const stop = await holdLock(t, sql, { url, lockStrategy, applicationName })
    const [row] = await sql`
      SELECT pid, usename FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
    const { directory: locations } = writeScripts(t, table)
    const { events, onEvent } = collect('waitingForLock')
    const error = await expectError(
      'LOCK_WAIT_TIMEOUT',
      migrate({ url, locations, lockStrategy, waitForLock: 250, onEvent }),
    )
    const told: readonly (Blocker | null | undefined)[] = [events[0]?.holder, error.details.blockers?.[0]]
    for (const blocker of told) {
      assert.ok(blocker)
      const { pid, user, query, applicationName: name, state, transactionSeconds } = blocker
      assert.match(name, /deployment-of-monday/)
      assert.equal(user, row?.['usename'])
      if (lockStrategy === 'table') {
        assert.match(state ?? '', /holds the row of .* for \d+ s/)
        continue
      }
      // Its text may hold values of placeholders.
      assert.deepEqual([pid, query, state], [row?.['pid'], '(a migration)', 'active'])
      assert.equal(typeof transactionSeconds, 'number')
    }
    assert.match(error.message, /deployment-of-monday.*Nothing was changed/s)
    assert.deepEqual([...(await sql`SELECT to_regclass('a') AS a`)], [{ a: null }])
    await stop()
    assert.equal((await migrate({ url, locations, lockStrategy })).migrations.length, 1)
  })

  test(`runs by '${lockStrategy}' on other databases, and on other histories of one database, do not wait`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const other = await testDatabase(t)
    const stop = await holdLock(t, sql, { url, lockStrategy })
    const { directory: locations } = writeScripts(t, table)
    const { events, onEvent } = collect('waitingForLock')
    const options = { locations, lockStrategy, waitForLock: 0, onEvent }
    await migrate({ ...options, url: other.url })
    await migrate({ ...options, url, table: 'other_history', baselineOnMigrate: true, baselineVersion: '0' })
    await migrate({ ...options, url, historySchema: 'other' })
    assert.deepEqual(events, [])
    await stop()
  })
}

test('a lock that ended with its session: nothing more is committed, and another process goes on', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { ...table, 'R__b.sql': 'CREATE TABLE b (id integer);' })
  const options = { url, locations }
  const { events, onEvent } = collect('connected')
  const door = makeDoor()
  const reached = makeDoor()
  const error = expectError(
    'CONNECTION_LOST',
    migrate({
      ...options,
      onEvent,
      hooks: {
        beforeRepeatables: async () => {
          reached.open()
          await door.isOpen
        },
      },
    }),
  )
  await reached.isOpen
  await sql`SELECT pg_terminate_backend(${events[0]?.backendPid ?? 0}, 30000)`
  // The first process still believes that it migrates.
  const { migrations } = await migrate(options)
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['R__b.sql'],
  )
  door.open()
  assert.deepEqual((await error).details.applied, ['V1__a.sql'])
  const rows = await sql`SELECT count(*)::int AS rows FROM flyway_schema_history`
  assert.deepEqual([...rows], [{ rows: 2 }])
})

for (const transaction of ['each', 'all'] as const) {
  test(`a lock that a script let go of in a way that its text does not show is noticed before its COMMIT, with transaction '${transaction}'`, async (t) => {
    const { url, sql } = await testDatabase(t)
    await sql.unsafe(letGo)
    const { directory: locations } = writeScripts(t, {
      ...table,
      'V2__b.sql': 'CREATE TABLE b (id int); SELECT other.let_go();',
      'V3__c.sql': 'CREATE TABLE c (id int);',
    })
    const error = await expectError('LOCK_LOST', migrate({ url, locations, transaction }))
    assert.match(error.message, /released the lock.*before the COMMIT: its transaction is rolled back/)
    const applied = transaction === 'each' ? ['V1__a.sql'] : []
    assert.deepEqual(error.details.applied, applied)
    assert.equal(error.details.script, transaction === 'each' ? 'V2__b.sql' : undefined)
    const rows = await sql`SELECT script FROM flyway_schema_history`
    assert.deepEqual(
      rows.map(({ script }) => script),
      applied,
    )
    const [row] = await sql`SELECT to_regclass('b') AS b, to_regclass('c') AS c`
    assert.deepEqual({ ...row }, { b: null, c: null })
    const failures = await sql`SELECT FROM schemaway_ledger WHERE event = 'failed'`
    assert.equal(failures.length, 0, 'nothing more is written')
  })
}

test('a lock that a script let go of, and somebody else took, is noticed before its COMMIT', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(letGo)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int); SELECT other.let_go(); SELECT pg_advisory_xact_lock(1);',
  })
  const [gate, other] = [await sql.reserve(), await sql.reserve()]
  await gate`SELECT pg_advisory_lock(1)`
  const running = expectError('LOCK_LOST', migrate({ url, locations }))
  await waitForLock(sql)
  const key = lockKey('"public"."flyway_schema_history"')
  const [row] = await other.unsafe(`SELECT pg_try_advisory_lock(${key}) AS taken`)
  assert.equal(row?.['taken'], true)
  await gate`SELECT pg_advisory_unlock(1)`
  await running
  const [left] = await sql`SELECT to_regclass('a') AS a`
  assert.equal(left?.['a'], null)
  await other`SELECT pg_advisory_unlock_all()`
  for (const one of [gate, other]) one.release()
})

test('a script that let go of the lock and failed leaves nothing, not even a line about its failure', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(letGo)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT other.let_go(); SELECT broken;' })
  await expectError('STATEMENT_FAILED', migrate({ url, locations }))
  assert.equal((await sql`SELECT FROM schemaway_ledger`).length, 0)
})

test('a procedure that let go of the lock outside a transaction stops its script behind it', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(
    `${letGo}; CREATE PROCEDURE other.work() LANGUAGE plpgsql AS 'BEGIN COMMIT; PERFORM other.let_go(); END'`,
  )
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': '-- schemaway: transaction=none\nCALL other.work();\nCREATE TABLE a (id int);',
  })
  const error = await expectError('LOCK_LOST', migrate({ url, locations }))
  assert.match(error.message, /V1__a\.sql released the lock .* goes on with statement 2\./)
  await migrate({ url, locations })
})

test('a released lock keeps seeds from being committed', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url, modules: ['iam'] })
  await sql.unsafe(`${letGo}; GRANT USAGE ON SCHEMA other TO PUBLIC`)
  await sql.unsafe(`CREATE FUNCTION other.on_insert() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM other.let_go(); RETURN NEW; END';
    CREATE TRIGGER let_go BEFORE INSERT ON iam.organisations FOR EACH ROW EXECUTE FUNCTION other.on_insert()`)
  await expectError('LOCK_LOST', seed({ url, set: 'demo', modules: ['iam'] }))
  assert.equal((await sql`SELECT FROM iam.organisations`).length, 0)
})

test("whoever is overtaken between two transactions by 'transaction', and waits too long, is told what it had done", async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { ...table, 'V2__b.sql': 'CREATE TABLE b (id integer);' })
  const key = lockKey('"public"."flyway_schema_history"')
  const other = await sql.reserve()
  await other`SET application_name = 'the other deploy'`
  let taken: Promise<unknown> | undefined
  const error = await expectError(
    'LOCK_WAIT_TIMEOUT',
    migrate({
      url,
      locations,
      lockStrategy: 'transaction',
      waitForLock: 250,
      hooks: {
        afterEachMigrate: async ({ migration }) => {
          if (migration?.version !== '1') return
          // It gets the lock as soon as this transaction is committed, before the next one can.
          taken = other.unsafe(`SELECT pg_advisory_lock(${key})`).execute()
          await waitForLock(sql)
        },
      },
    }),
  )
  await taken
  assert.deepEqual([error.details.applied, error.details.notReached], [['V1__a.sql'], ['V2__b.sql']])
  assert.equal(error.details.blockers?.[0]?.applicationName, 'the other deploy')
  assert.match(error.message, /"the other deploy".*Nothing was changed meanwhile/s)
  await other`SELECT pg_advisory_unlock_all()`
  other.release()
  assert.equal((await migrate({ url, locations, lockStrategy: 'transaction' })).migrations.length, 1)
})
