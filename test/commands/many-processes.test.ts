import assert from 'node:assert/strict'
import test from 'node:test'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { startMigrating } from '../support/run-process.js'
import { writeScripts } from '../support/write-scripts.js'

const processes = 20

test('20 processes start on an empty database: each version is applied once, and nobody blocks CREATE INDEX CONCURRENTLY', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(
    t,
    Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `V${index + 1}__step.sql`,
        index === 0
          ? 'CREATE TABLE applied (step int);'
          : `INSERT INTO applied VALUES (${index + 1});\nSELECT pg_sleep(0.01);`,
      ]),
    ),
  )
  await sql`CREATE SCHEMA other`
  await sql`CREATE TABLE other.elsewhere (id int)`
  const key = lockKey('"public"."flyway_schema_history"')
  const holder = await sql.reserve()
  await holder`SELECT pg_advisory_lock(${String(key)}::bigint)`

  const started = Array.from({ length: processes }, () => startMigrating({ url, locations: directory }))
  t.after(() => {
    for (const { child } of started) child.kill('SIGKILL')
  })
  await Promise.all(started.map(({ ready }) => ready))
  for (const one of started) one.go()
  await Promise.all(started.map((one) => one.saw('"waitingForLock"')))

  // All twenty wait for the lock now. An index is built meanwhile; a waiter with a snapshot would hold it up for ever.
  const builder = await sql.reserve()
  await builder`SET statement_timeout = '30s'`
  await builder.unsafe('CREATE INDEX CONCURRENTLY elsewhere_id ON other.elsewhere (id)')
  builder.release()
  const [index] = await sql`SELECT indisvalid FROM pg_index WHERE indexrelid = 'other.elsewhere_id'::regclass`
  assert.equal(index?.['indisvalid'], true)

  await holder`SELECT pg_advisory_unlock(${String(key)}::bigint)`
  holder.release()
  const ends = await Promise.all(started.map(({ ended }) => ended))
  assert.deepEqual(
    ends.filter(({ code }) => code !== 0).map(({ output }) => output),
    [],
  )
  const rows = await sql`SELECT installed_rank, version FROM flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    rows.map((row) => [row['installed_rank'], row['version']]),
    Array.from({ length: 12 }, (_, one) => [one + 1, String(one + 1)]),
  )
  const steps = await sql`SELECT step FROM applied ORDER BY step`
  assert.deepEqual(
    steps.map((row) => row['step']),
    Array.from({ length: 11 }, (_, one) => one + 2),
  )
  const runs = await sql`SELECT DISTINCT run_id FROM schemaway_ledger WHERE event = 'applied'`
  assert.equal(runs.length, 1)
  const [left] =
    await sql`SELECT count(*)::int AS locks FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  assert.equal(left?.['locks'], 0)
})

test('the key is the one that Flyway computes for its table', () => {
  assert.equal(lockKey('"public"."flyway_schema_history"'), 77433833903597n)
  assert.equal(lockKey('"app"."flyway_schema_history"'), 77431436970681n)
})
