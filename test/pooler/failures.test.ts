import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { migrate, SchemawayError } from '../../lib/index.js'
import { startPostgres, type TestServer } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { startMigrating } from '../support/run-process.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { waitForSleep, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { leftoversOf, pooledDatabase, tablesOf, versionsOf } from './pooled-database.js'

const skip = withoutPgBouncer
/** How long nothing but a sleep may go on that nobody wants any more, in milliseconds. */
const soon = 20_000

const scripts = {
  'V1__a.sql': 'CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);',
  'V2__b.sql': 'CREATE TABLE b (id int);\nINSERT INTO a VALUES (2);\nSELECT pg_sleep(60);',
  'V3__c.sql': 'INSERT INTO a VALUES (3);',
}
const withoutSleep = { 'V2__b.sql': 'CREATE TABLE b (id int);\nINSERT INTO a VALUES (2);' }

let crashing: Promise<TestServer> | null = null
/** A server of this file's own, which may crash. */
function startCrashingServer(): Promise<TestServer> {
  crashing ??= startPostgres({ settings: { restart_after_crash: 'on' } })
  return crashing
}
after(async () => await (await crashing)?.stop())

async function pidOfSleep(sql: Sql): Promise<number> {
  const [row] = await sql`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
  return row?.['pid'] ?? 0
}

async function expectConverged(url: string, locations: string, sql: Sql): Promise<void> {
  const report = await migrate({ url, locations })
  assert.equal(report.currentVersion, '3')
  assert.deepEqual(await versionsOf(sql), ['1', '2', '3'])
  const rows = await sql`SELECT id FROM a ORDER BY id`
  assert.deepEqual(
    rows.map((row) => row['id']),
    [1, 2, 3],
  )
  assert.deepEqual(await leftoversOf(sql), [])
}

for (const transaction of ['each', 'all'] as const) {
  test(`a signal cancels the statement under way through PgBouncer (transaction: '${transaction}')`, {
    skip,
  }, async (t) => {
    const { pooled, sql } = await pooledDatabase(t)
    const folder = writeScripts(t, scripts)
    const stop = new AbortController()
    const running = expectError(
      'ABORTED',
      migrate({ url: pooled, locations: folder.directory, signal: stop.signal, transaction }),
    )
    await waitForSleep(sql)
    const started = performance.now()
    stop.abort(new Error('enough'))
    const error = await running
    assert.ok(performance.now() - started < soon)
    assert.match(String(error.cause), /enough/)
    assert.equal((await tablesOf(sql)).includes('b'), false)
    assert.deepEqual(await versionsOf(sql), transaction === 'each' ? ['1'] : [])
    assert.deepEqual(await leftoversOf(sql), [])
    folder.write(withoutSleep)
    await expectConverged(pooled, folder.directory, sql)
  })
}

test('a signal cancels through a pool that has no connection left', { skip }, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolSize: 1 })
  const folder = writeScripts(t, scripts)
  const stop = new AbortController()
  const running = expectError('ABORTED', migrate({ url: pooled, locations: folder.directory, signal: stop.signal }))
  await waitForSleep(sql)
  const started = performance.now()
  stop.abort()
  await running
  assert.ok(performance.now() - started < soon)
  folder.write(withoutSleep)
  await expectConverged(pooled, folder.directory, sql)
})

test('a process that is killed behind PgBouncer leaves nothing, and the next one goes on', { skip }, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolSize: 2 })
  const folder = writeScripts(t, scripts)
  const killed = startMigrating({ url: pooled, locations: folder.directory })
  await killed.ready
  killed.go()
  await waitForSleep(sql)
  killed.child.kill('SIGKILL')
  await killed.ended
  folder.write(withoutSleep)
  const started = performance.now()
  await expectConverged(pooled, folder.directory, sql)
  // PgBouncer closes the connection to the server, which notices within client_connection_check_interval.
  assert.ok(performance.now() - started < soon)
})

test('a server connection that is terminated behind PgBouncer costs the run, and the next one converges', {
  skip,
}, async (t) => {
  const { pooled, sql } = await pooledDatabase(t)
  const folder = writeScripts(t, scripts)
  const running = expectError('CONNECTION_LOST', migrate({ url: pooled, locations: folder.directory }))
  await waitForSleep(sql)
  await sql`SELECT pg_terminate_backend(${await pidOfSleep(sql)})`
  await running
  folder.write(withoutSleep)
  await expectConverged(pooled, folder.directory, sql)
})

test('a server that crashes behind PgBouncer costs the run, and the next one converges', { skip }, async (t) => {
  const server = await startCrashingServer()
  const { pooled, sql } = await pooledDatabase(t, { server })
  const folder = writeScripts(t, scripts)
  const running = expectError('CONNECTION_LOST', migrate({ url: pooled, locations: folder.directory }))
  await waitForSleep(sql)
  // The postmaster ends all others, and recovers.
  process.kill(await pidOfSleep(sql), 'SIGKILL')
  await running
  folder.write(withoutSleep)
  await waitUntil(
    'the server is back',
    async () =>
      await sql`SELECT 1`.then(
        () => true,
        () => false,
      ),
  )
  await expectConverged(pooled, folder.directory, sql)
})

test('a restart of PgBouncer in the middle costs the run, and the next one converges', { skip }, async (t) => {
  const { pooled, sql, pooler } = await pooledDatabase(t)
  const folder = writeScripts(t, scripts)
  const running = expectError('CONNECTION_LOST', migrate({ url: pooled, locations: folder.directory }))
  await waitForSleep(sql)
  await pooler.restart()
  await running
  folder.write(withoutSleep)
  await expectConverged(pooled, folder.directory, sql)
})

test('restarts of PgBouncer at any moment end in a whole database', { skip }, async (t) => {
  const { pooled, sql, pooler } = await pooledDatabase(t)
  const count = 20
  const { directory: locations } = writeScripts(t, {
    'V0__steps.sql': 'CREATE TABLE steps (step int);',
    ...Object.fromEntries(
      Array.from({ length: count }, (_, step) => [
        `V${step + 1}__step.sql`,
        `INSERT INTO steps VALUES (${step});\nSELECT pg_sleep(0.01);`,
      ]),
    ),
  })
  const outcomes = new Set<string>()
  for (const milliseconds of [5, 20, 40, 60, 90, 120]) {
    const running = migrate({ url: pooled, locations, connectRetries: 0 })
    const outcome = running.then(
      () => 'done',
      (error: unknown) => (error instanceof SchemawayError ? error.code : String(error)),
    )
    await delay(milliseconds)
    await pooler.restart()
    outcomes.add(await outcome)
  }
  for (const outcome of outcomes) assert.match(outcome, /^(done|CONNECTION_LOST|CONNECTION_FAILED)$/)
  await migrate({ url: pooled, locations })
  const rows = await sql`SELECT step FROM steps ORDER BY step`
  assert.deepEqual(
    rows.map((row) => row['step']),
    Array.from({ length: count }, (_, step) => step),
  )
  assert.equal((await versionsOf(sql)).length, count + 1)
  assert.deepEqual(await leftoversOf(sql), [])
})
