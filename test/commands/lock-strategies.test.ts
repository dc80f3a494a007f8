import assert from 'node:assert/strict'
import test from 'node:test'
import { clean, type MigrationEvent, migrate, repair, rollback } from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForLock, waitForSleep } from '../support/wait-until.js'
import { withoutAdvisoryLocks } from '../support/without-advisory-locks.js'
import { writeScripts } from '../support/write-scripts.js'

const strategies = ['session', 'transaction', 'table'] as const
const sessions = 12

const steps = {
  'V1__step.sql': 'CREATE TABLE applied (step int);\nINSERT INTO applied VALUES (1);',
  ...Object.fromEntries(
    [2, 3, 4, 5, 6].map((step) => [
      `V${step}__step.sql`,
      `INSERT INTO applied VALUES (${step});\nSELECT pg_sleep(0.01);`,
    ]),
  ),
  'R__counted.sql': 'INSERT INTO applied VALUES (100);',
}

for (const lockStrategy of strategies) {
  for (const transaction of ['each', 'all'] as const) {
    test(`${sessions} sessions migrate at once by '${lockStrategy}' (transaction: '${transaction}'): each script runs once`, async (t) => {
      const { url, sql } = await testDatabase(t)
      const { directory: locations } = writeScripts(t, steps)
      const reports = await Promise.all(
        Array.from({ length: sessions }, () => migrate({ url, locations, lockStrategy, transaction })),
      )
      const applied = reports.flatMap(({ migrations }) => migrations.map(({ script }) => script))
      assert.deepEqual([...applied].sort(), Object.keys(steps).sort())
      for (const { lock, run, currentVersion } of reports) {
        assert.equal(currentVersion, '6')
        if (run !== null) assert.equal(lock?.strategy, lockStrategy)
      }
      const rows = await sql`SELECT step FROM applied ORDER BY step`
      assert.deepEqual(
        rows.map((row) => row['step']),
        [1, 2, 3, 4, 5, 6, 100],
      )
      const history = await sql`SELECT installed_rank FROM flyway_schema_history ORDER BY installed_rank`
      assert.deepEqual(
        history.map((row) => row['installed_rank']),
        [1, 2, 3, 4, 5, 6, 7],
      )
      const failed = await sql`SELECT FROM schemaway_ledger WHERE event = 'failed'`
      assert.equal(failed.length, 0)
    })
  }

  test(`rollback() and repair() by '${lockStrategy}'`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const folder = writeScripts(t, {
      'V1__a.sql': 'CREATE TABLE a (id int);',
      'U1__a.sql': 'DROP TABLE a;',
      'V2__b.sql': 'CREATE TABLE b (id int);',
      'U2__b.sql': 'DROP TABLE b;',
    })
    const options = { url, locations: folder.directory, lockStrategy } as const
    await migrate(options)
    folder.write({ 'V2__b.sql': 'CREATE TABLE b (id int); -- edited' })
    const repaired = await repair(options)
    assert.deepEqual([repaired.repairs.length, repaired.lock?.strategy], [1, lockStrategy])
    const undone = await rollback({ ...options, to: 'empty' })
    assert.deepEqual(
      undone.migrations.map(({ script }) => script),
      ['V2__b.sql', 'V1__a.sql'],
    )
    assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 0)
  })

  test(`a statement that fails by '${lockStrategy}' is told with its place, and is in the ledger`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory: locations } = writeScripts(t, {
      'V1__a.sql': 'CREATE TABLE a (id int);',
      'V2__b.sql': 'CREATE TABLE b (id int);\n\n  SELECT 1 / id FROM (VALUES (0)) AS v (id);\n',
    })
    const error = await expectError('STATEMENT_FAILED', migrate({ url, locations, lockStrategy }))
    const { script, line, column, applied } = error.details
    assert.deepEqual([script, line, column, applied], ['V2__b.sql', 3, 3, ['V1__a.sql']])
    const failed = await sql`SELECT script FROM schemaway_ledger WHERE event = 'failed'`
    assert.deepEqual([...failed], [{ script: 'V2__b.sql' }])
  })
}

for (const [holder, waiter] of [
  ['session', 'session'],
  ['session', 'transaction'],
  ['transaction', 'session'],
  ['transaction', 'transaction'],
  ['table', 'table'],
] as const) {
  test(`whoever works by '${holder}' keeps out who works by '${waiter}'`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory: locations } = writeScripts(t, { 'V1__long.sql': 'SELECT pg_sleep(60);' })
    const stop = new AbortController()
    const holding = expectError('ABORTED', migrate({ url, locations, lockStrategy: holder, signal: stop.signal }))
    await waitForSleep(sql)
    const events: MigrationEvent[] = []
    const onEvent = (event: MigrationEvent): void => void events.push(event)
    const error = await expectError(
      'LOCK_WAIT_TIMEOUT',
      migrate({ url, locations, lockStrategy: waiter, waitForLock: 200, onEvent }),
    )
    assert.equal(error.details.blockers?.length, 1)
    assert.ok(events.some(({ type }) => type === 'waitingForLock'))
    stop.abort()
    await holding
  })
}

test('by transactions, what runs outside of one is refused before anything runs, with every name', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__index.sql': 'CREATE INDEX CONCURRENTLY a_id ON a (id);',
    'V3__program.mjs': "export const transaction = 'none'\nexport async function up() {}\n",
  })
  const error = await expectError('SERVER_UNSUITABLE', migrate({ url, locations, lockStrategy: 'transaction' }))
  assert.match(
    error.message,
    /V2__index\.sql, V3__program\.mjs run outside a transaction.*direct URL.*Nothing was changed/,
  )
  assert.equal((await sql`SELECT FROM pg_tables WHERE schemaname = 'public'`).length, 0)
})

test('a rollback that another process overtakes after its first step ends with what it has done', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'U1__a.sql': 'DROP TABLE a;',
    'V2__b.sql': 'CREATE TABLE b (id int);',
    'U2__b.sql': 'DROP TABLE b;',
  })
  await migrate({ url, locations })
  const key = lockKey('"public"."flyway_schema_history"')
  let other: Promise<unknown> | undefined
  const error = await expectError(
    'HISTORY_MOVED',
    rollback({
      url,
      locations,
      to: 'empty',
      lockStrategy: 'transaction',
      hooks: {
        beforeEachUndo: async ({ migration }) => {
          if (migration?.version !== '2') return
          // It gets the lock as soon as this transaction is committed, before the next one can.
          const text = `SELECT pg_advisory_xact_lock(${key}); INSERT INTO schemaway_ledger (run_id, event, module, module_requires, kind,
            description, script, placeholders, login, client, tool_version, hash) SELECT run_id, 'progressed', module, module_requires,
            kind, description, script, placeholders, login, client, tool_version, 'other' FROM schemaway_ledger LIMIT 1`
          other = sql.unsafe(text).simple().execute()
          await waitForLock(sql)
        },
      },
    }),
  )
  await other
  assert.deepEqual(error.details.undone, ['V2__b.sql'])
  assert.match(error.message, /Another process changed the history.*run again/)
  assert.deepEqual(
    (await sql`SELECT version FROM flyway_schema_history`).map((row) => row['version']),
    ['1'],
  )
})

test('an expired lock of the table is taken over, and whose it was is told', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  await sql`CREATE TABLE IF NOT EXISTS schemaway_lock (history text PRIMARY KEY, owner uuid NOT NULL, client text NOT NULL,
    login text NOT NULL, acquired_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, server text, backend_pid integer,
    backend_start timestamptz)`
  await sql`INSERT INTO schemaway_lock VALUES ('"public"."flyway_schema_history"', gen_random_uuid(), 'dead@host:1', 'someone',
    now() - interval '1 hour', now() + interval '1 hour')`
  const table = { url, locations, lockStrategy: 'table' } as const
  const error = await expectError('LOCK_WAIT_TIMEOUT', migrate({ ...table, waitForLock: 100 }))
  assert.match(error.message, /dead@host:1/)
  await sql`UPDATE schemaway_lock SET expires_at = now() - interval '1 second'`
  const events: MigrationEvent[] = []
  await migrate({ ...table, onEvent: (event) => events.push(event) })
  const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []))
  assert.match(notices.join('\n'), /took over the lock of dead@host:1/)
  assert.equal((await sql`SELECT FROM schemaway_lock`).length, 0, 'it is released')
})

test('a lock of the table that somebody else took is noticed before anything more is committed', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'R__b.sql': 'CREATE TABLE b (id int);',
  })
  const error = await expectError(
    'LOCK_LOST',
    migrate({
      url,
      locations,
      lockStrategy: 'table',
      hooks: { beforeRepeatables: async () => void (await sql`UPDATE schemaway_lock SET owner = gen_random_uuid()`) },
    }),
  )
  assert.deepEqual(error.details.applied, ['V1__a.sql'])
  assert.deepEqual([...(await sql`SELECT to_regclass('b')::text AS b`)], [{ b: null }])
  assert.equal((await sql`SELECT FROM schemaway_lock`).length, 1, 'the lock of the other one stays')
})

test('outside a transaction a lost lock of the table stops the script behind the statement that was under way', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql':
      '-- schemaway: transaction=none\nCREATE TABLE a (id int);\nUPDATE schemaway_lock SET owner = gen_random_uuid();\nCREATE TABLE b (id int);',
  })
  await expectError('LOCK_LOST', migrate({ url, locations, lockStrategy: 'table' }))
  assert.deepEqual([...(await sql`SELECT to_regclass('b')::text AS b`)], [{ b: null }])
})

test('clean() by the table takes the table of locks along with the history', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  const options = { url, locations, lockStrategy: 'table' } as const
  await migrate(options)
  const report = await clean({ ...options, cleanDisabled: false })
  assert.equal(report.lock?.strategy, 'table')
  const left = await sql`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
  assert.deepEqual([...left], [{ tablename: 'schemaway_ledger' }])
  await migrate(options)
})

test('where the lock of a session keeps nobody out, a table does, and asking for the session is refused', async (t) => {
  const { url, sql } = await testDatabase(t)
  await withoutAdvisoryLocks(sql)
  const { directory: locations } = writeScripts(t, steps)
  const refused = await expectError('SERVER_UNSUITABLE', migrate({ url, locations, lockStrategy: 'session' }))
  assert.match(
    refused.message,
    /does not exclude.*two sessions got the same lock.*lockStrategy: 'table'.*Nothing was changed/,
  )
  assert.equal((await sql`SELECT FROM pg_tables WHERE schemaname = 'public'`).length, 0)
  const report = await migrate({ url, locations })
  assert.equal(report.lock?.strategy, 'table')
  assert.match(report.lock?.reason ?? '', /two sessions got the same lock/)
  // Not only for the first migrate(), which makes the history.
  const { directory } = writeScripts(t, { ...steps, 'V7__more.sql': 'SELECT 1;' })
  assert.equal((await migrate({ url, locations: directory })).lock?.strategy, 'table')
})

test('by transactions, what Flyway applied meanwhile is seen by its rank', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': 'CREATE TABLE b (id int);',
    'V3__c.sql': 'CREATE TABLE c (id int);',
  })
  await migrate({ url, locations, target: '1' })
  const [first] = await sql`SELECT checksum FROM flyway_schema_history WHERE version = '1'`
  assert.ok(first)
  const copy = await testDatabase(t)
  await migrate({ url: copy.url, locations })
  const [second] = await copy.sql`SELECT checksum FROM flyway_schema_history WHERE version = '2'`
  let calls = 0
  const report = await migrate({
    url,
    locations,
    lockStrategy: 'transaction',
    hooks: {
      beforeMigrate: async () => {
        calls += 1
        await sql`CREATE TABLE b (id int)`
        await sql`INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by,
          execution_time, success) VALUES (2, '2', 'b', 'SQL', 'V2__b.sql', ${second?.['checksum']}, 'flyway', 1, true)`
      },
    },
  })
  assert.deepEqual([calls, report.migrations.map(({ version }) => version)], [1, ['3']])
})
