import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Blocker, info, type MigrateOptions, type MigrationEvent, migrate } from '../../lib/index.js'
import { retryPause } from '../../lib/run/retry-pause.js'
import { startPostgres, testDatabase } from '../../lib/testing/index.js'
import { fakeServer, localPort, passOn, throughPort } from '../run/fake-server.js'
import { expectError } from '../support/expect-error.js'
import { waitForLock, waitForSleep, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

/** A script that counts how often it is run, and fails as it is told. */
const counted = (failure: string): string => `SELECT nextval('app.attempts'); ${failure}`

test('a transaction is tried again for a lock that is not available and for a deadlock, and for nothing else', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql`CREATE SCHEMA app`
  const raise = (state: string): string => `DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${state}'; END $$;`
  const cases = [
    ['55P03', raise('55P03'), 3],
    ['40P01', raise('40P01'), 3],
    ['40001', raise('40001'), 1],
    ['55006', raise('55006'), 1],
    ['53300', raise('53300'), 1],
    ['57014', raise('57014'), 1],
    ['57014', 'SELECT pg_sleep(600);', 1],
    ['23505', raise('23505'), 1],
  ] as const
  for (const [state, failure, attempts] of cases) {
    await sql`DROP SEQUENCE IF EXISTS app.attempts`
    await sql`CREATE SEQUENCE app.attempts`
    const { directory: locations } = writeScripts(t, { 'V1__a.sql': `CREATE TABLE a (id int); ${counted(failure)}` })
    const events: MigrationEvent[] = []
    const error = await expectError(
      attempts === 1 ? 'STATEMENT_FAILED' : 'STATEMENT_BLOCKED',
      migrate({
        url,
        locations,
        lockRetries: 2,
        lockTimeout: 100,
        statementTimeout: 500,
        onEvent: (event) => events.push(event),
      }),
    )
    assert.equal(error.details.sqlState, state)
    const [row] = await sql`SELECT last_value::int AS made, to_regclass('a') AS a FROM app.attempts`
    assert.deepEqual({ ...row }, { made: attempts, a: null }, failure)
    const retries = events.filter((event) => event.type === 'retry')
    assert.deepEqual(
      retries.map((event) => [event.attempt, event.of, event.sqlState]),
      Array.from({ length: attempts - 1 }, (_, index) => [index + 2, 3, state]),
    )
    const floor = state === '55P03' ? 100 : 0
    for (const { attempt, waitMilliseconds } of retries) {
      const jitter = waitMilliseconds - floor
      assert.ok(jitter >= 0 && jitter <= 100 * 2 ** (attempt - 1), `${waitMilliseconds}`)
    }
  }
})

test('pauses between attempts differ, grow by two seconds at the most, and are no shorter than the wait for a lock was', () => {
  for (const [attempt, limit] of [
    [1, 200],
    [2, 400],
    [4, 1_600],
    [5, 2_000],
    [1_000, 2_000],
  ] as const) {
    for (const [sqlState, lockTimeout, floor] of [
      ['40P01', 2_000, 0],
      ['55P03', 0, 0],
      ['55P03', 2_000, 2_000],
      ['55P03', 60_000, 60_000],
    ] as const) {
      const pauses = Array.from({ length: 200 }, () => retryPause(attempt, { sqlState }, lockTimeout))
      assert.ok(pauses.every((pause) => Number.isInteger(pause) && pause >= floor && pause <= floor + limit))
      // Of 200 times, chance leaves out half of the range not once in 10^60.
      assert.ok(Math.min(...pauses) < floor + limit / 2 && Math.max(...pauses) > floor + limit / 2)
    }
  }
})

test('a deadlock undoes all of the transaction, which then goes through', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe('CREATE SCHEMA app; CREATE TABLE app.one (id int); CREATE TABLE app.two (id int)')
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql':
      'CREATE TABLE a (id int); LOCK TABLE app.two; SELECT pg_advisory_xact_lock(1); LOCK TABLE app.one; INSERT INTO a VALUES (1);',
  })
  const gate = await sql.reserve()
  await gate`SELECT pg_advisory_lock(1)`
  const other = await sql.reserve()
  // So that it is the migration that finds out.
  await other`SET deadlock_timeout = '10min'`
  await other.unsafe('BEGIN; LOCK TABLE app.one')
  const retries: string[] = []
  const running = migrate({
    url,
    locations,
    lockTimeout: 60_000,
    onEvent: (event) => event.type === 'retry' && retries.push(event.sqlState),
  })
  await waitForLock(sql)
  const locking = other`LOCK TABLE app.two`.execute()
  await waitForLock(sql, 2)
  await gate`SELECT pg_advisory_unlock(1)`
  gate.release()
  await locking
  await other`COMMIT`
  other.release()
  await running
  assert.equal(retries[0], '40P01')
  assert.deepEqual([...(await sql`SELECT id FROM a`)], [{ id: 1 }])
})

test('whoever blocks is named by process, application, user, age and query', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe('CREATE SCHEMA app; CREATE TABLE app.busy (id int)')
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'ALTER TABLE app.busy ADD COLUMN more int;' })
  const other = await sql.reserve()
  await other`SET application_name = 'the long report'`
  const [self] = await other`SELECT pg_backend_pid() AS pid, session_user::text AS login`
  await other`BEGIN`
  await other`SELECT count(*) FROM app.busy`
  const blocked: MigrationEvent[] = []
  const error = await expectError(
    'STATEMENT_BLOCKED',
    migrate({
      url,
      locations,
      lockTimeout: 300,
      lockRetries: 1,
      onEvent: (event) => event.type === 'blocked' && blocked.push(event),
    }),
  )
  await other`COMMIT`
  other.release()
  const [blocker] = error.details.blockers ?? []
  assert.deepEqual(
    [blocker?.pid, blocker?.user, blocker?.applicationName, blocker?.query, blocker?.holds],
    [self?.['pid'], self?.['login'], 'the long report', 'SELECT count(*) FROM app.busy', 'AccessShareLock'],
  )
  assert.ok((blocker?.transactionSeconds ?? -1) >= 0)
  assert.match(
    error.message,
    /"the long report" \(pid \d+, user \w+.*, idle in transaction, in a transaction for [\d.]+ s, latest statement: SELECT count/,
  )
  assert.ok(blocked.length > 0)
})

test('without a lockTimeout whoever blocks is named while a statement waits for ever', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe('CREATE SCHEMA app; CREATE TABLE app.busy (id int)')
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'ALTER TABLE app.busy ADD COLUMN more int;',
    'V2__b.sql': '-- schemaway: transaction=none\nVACUUM app.busy;',
  })
  const other = await sql.reserve()
  const [self] = await other`SELECT pg_backend_pid() AS pid`
  // The history is read without a lock timeout by whoever only looks, and the ledger is written to behind a statement.
  for (const [version, held] of [
    ['1', 'app.busy'],
    ['1', 'flyway_schema_history'],
    ['2', 'schemaway_ledger'],
  ] as const) {
    if (held !== 'app.busy') await migrate({ url, locations, target: '1' })
    await other.unsafe(`BEGIN; LOCK TABLE ${held}`)
    const blocked: Blocker[] = []
    const onEvent = (event: MigrationEvent): void => {
      if (event.type === 'blocked') blocked.push(...event.blockers)
    }
    const running = migrate({ url, locations, target: version, lockTimeout: 0, onEvent })
    await waitUntil(`whoever holds ${held} is named`, () => blocked.length > 0)
    assert.equal(blocked[0]?.pid, self?.['pid'])
    await other`COMMIT`
    await running
  }
  other.release()
})

test('whoever holds the history is named to one who only looks at it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  await migrate({ url, locations })
  const other = await sql.reserve()
  await other.unsafe("SET application_name = 'the repack'; BEGIN; LOCK TABLE flyway_schema_history")
  const names: string[] = []
  const onEvent = (event: MigrationEvent): void => {
    if (event.type === 'blocked') names.push(...event.blockers.map(({ applicationName }) => applicationName))
  }
  const running = info({ url, locations, onEvent })
  await waitUntil('it is named', () => names.length > 0)
  assert.equal(names[0], 'the repack')
  await other`COMMIT`
  other.release()
  await running
})

test('a prepared transaction that blocks is named as what it is', async (t) => {
  const server = await startPostgres({ settings: { max_prepared_transactions: '2' } })
  t.after(() => server.stop())
  const { url, sql } = await testDatabase(t, { server })
  await sql.unsafe('CREATE SCHEMA app; CREATE TABLE app.busy (id int)')
  const other = await sql.reserve()
  await other.unsafe("BEGIN; INSERT INTO app.busy VALUES (1); PREPARE TRANSACTION 'forgotten'")
  other.release()
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'ALTER TABLE app.busy ADD COLUMN more int;' })
  const error = await expectError('STATEMENT_BLOCKED', migrate({ url, locations, lockTimeout: 300, lockRetries: 1 }))
  await sql`ROLLBACK PREPARED 'forgotten'`
  assert.deepEqual(
    error.details.blockers?.map(({ pid }) => pid),
    [0],
  )
  assert.match(error.message, /waited for a prepared transaction, which no session holds \(pg_prepared_xacts names it/)
  await migrate({ url, locations })
})

test('a deadline for the whole call ends it wherever it is, and says so', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe('CREATE SCHEMA app; CREATE TABLE app.busy (id int)')
  const { directory: sleeping } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int); SELECT pg_sleep(600);' })
  const { directory: blocked } = writeScripts(t, { 'V1__a.sql': 'ALTER TABLE app.busy ADD COLUMN more int;' })
  const other = await sql.reserve()
  await other.unsafe('BEGIN; SELECT FROM app.busy')
  for (const options of [
    { locations: sleeping },
    { locations: blocked, lockTimeout: 0 },
    // Most of the time is spent in pauses between attempts.
    { locations: blocked, lockTimeout: 1, lockRetries: 1_000 },
  ]) {
    const error = await expectError('ABORTED', migrate({ url, ...options, signal: AbortSignal.timeout(1_500) }))
    assert.match(error.message, /whose deadline had passed/)
    assert.equal((error.cause as Error).name, 'TimeoutError')
    const [row] = await sql`SELECT to_regclass('a') AS a,
      (SELECT count(*)::int FROM pg_attribute WHERE attrelid = 'app.busy'::regclass AND attname = 'more') AS altered,
      (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks`
    assert.deepEqual({ ...row }, { a: null, altered: 0, locks: 0 })
  }
  await other`COMMIT`
  other.release()
  await migrate({ url, locations: blocked })
})

test('wherever a deadline passes, the error is ABORTED and its cause a TimeoutError', async (t) => {
  const outside = '-- schemaway: transaction=none\nSELECT pg_sleep(600);'
  const listen = "await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))"
  const program = `export async function up({ signal }) { ${listen} }\n`
  const hooks: MigrateOptions['hooks'] = {
    beforeMigrate: async ({ signal }) => {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  }
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, Partial<MigrateOptions>])[] = [
    ['outside a transaction', { 'V1__a.sql': outside }, {}],
    ['in a program', { 'V1__a.mjs': program }, {}],
    ['in a program outside a transaction', { 'V1__a.mjs': `${program}export const transaction = 'none'\n` }, {}],
    ['in all at once', { 'V1__a.sql': 'SELECT 1;', 'V2__b.sql': 'SELECT pg_sleep(600);' }, { transaction: 'all' }],
    ['in a callback', { 'V1__a.sql': 'SELECT 1;', 'afterMigrate.sql': 'SELECT pg_sleep(600);' }, {}],
    ['in a hook', { 'V1__a.sql': 'SELECT 1;' }, { hooks }],
  ]
  for (const [where, files, options] of cases) {
    const { url, drop } = await testDatabase(t)
    const { directory: locations } = writeScripts(t, files)
    const call = migrate({ url, locations, ...options, signal: AbortSignal.timeout(1_000) })
    const error = await expectError('ABORTED', call)
    assert.ok(error.cause instanceof Error, where)
    assert.equal(error.cause.name, 'TimeoutError', where)
    await drop()
  }
})

test('a deadline that is no deadline but the wish of the caller is not called one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT pg_sleep(600);' })
  const stop = new AbortController()
  const running = expectError('ABORTED', migrate({ url, locations, signal: stop.signal }))
  await waitForSleep(sql)
  stop.abort(new Error('SIGTERM'))
  assert.doesNotMatch((await running).message, /deadline/)
})

for (const end of ['is stopped', 'goes through'] as const) {
  test(`a run that ${end} does not wait for the session that was to find out who blocks`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const port = localPort(url)
    if (port === null) return t.skip('the server is not on this machine')
    await sql.unsafe('CREATE SCHEMA app; CREATE TABLE app.busy (id int)')
    const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'ALTER TABLE app.busy ADD COLUMN more int;' })
    let answers = true
    const proxy = await fakeServer(t, (client) => {
      if (answers) passOn(client, port)
    })
    const other = await sql.reserve()
    await other.unsafe('BEGIN; SELECT FROM app.busy')
    const stop = new AbortController()
    const running = migrate({
      url: `${throughPort(url, proxy.port)}?sslmode=disable`,
      locations,
      signal: stop.signal,
      lockTimeout: 600,
      lockRetries: 1_000,
      connectTimeout: 86_400_000,
      onEvent: (event) => {
        if (event.type === 'stepStarted') answers = false
      },
    })
    running.catch(() => {})
    await waitForLock(sql)
    const { connections } = proxy
    await waitUntil('somebody wants to look who blocks', () => proxy.connections > connections)
    if (end === 'is stopped') stop.abort()
    else await other`COMMIT`
    // Far longer than it takes, far shorter than the connection may.
    const isOver = await Promise.race([
      running.then(() => true).catch(() => true),
      delay(60_000, false, { ref: false }),
    ])
    assert.ok(isOver)
    if (end === 'is stopped') await expectError('ABORTED', running)
    await other`ROLLBACK`
    other.release()
  })
}

test('the library listens for no signal of the process, before, during or after a run', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  const names = ['SIGTERM', 'SIGINT', 'SIGHUP', 'exit', 'beforeExit', 'uncaughtException', 'unhandledRejection']
  const count = (): readonly number[] => names.map((name) => process.listenerCount(name))
  const before = count()
  const during: (readonly number[])[] = []
  await migrate({ url, locations, onEvent: () => during.push(count()) })
  assert.ok(during.length > 3)
  for (const counts of [...during, count()]) assert.deepEqual(counts, before)
})
