import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { startMigrating } from '../support/run-process.js'
import { writeScripts } from '../support/write-scripts.js'

test('a process killed in the middle of a migration leaves nothing of it, and the next migrate() goes on', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, {
    'V1__first.sql': 'CREATE TABLE done (step text);',
    'V2__long.sql':
      "INSERT INTO done VALUES ('two: before');\nSELECT pg_sleep(60);\nINSERT INTO done VALUES ('two: after');",
    'V3__third.sql': "INSERT INTO done VALUES ('three');",
  })
  const { directory } = folder
  const killed = startMigrating({ url, locations: directory })
  await killed.ready
  killed.go()
  await killed.saw('"stepStarted","action":"apply","number":2')
  await waitForSleep(sql)
  killed.child.kill('SIGKILL')
  assert.equal((await killed.ended).code, null)

  folder.write({ 'V2__long.sql': "INSERT INTO done VALUES ('two: before');\nINSERT INTO done VALUES ('two: after');" })
  // The server notices within client_connection_check_interval; until then the lock is held and this call waits.
  await migrate({ url, locations: directory })
  assert.deepEqual(
    (await sql`SELECT step FROM done ORDER BY step`).map((row) => row['step']),
    ['three', 'two: after', 'two: before'],
  )
  assert.deepEqual(
    (await sql`SELECT installed_rank, version, success FROM flyway_schema_history ORDER BY 1`).map((row) => ({
      ...row,
    })),
    [1, 2, 3].map((number) => ({ installed_rank: number, version: String(number), success: true })),
  )
})

test('processes killed at any moment, one after the other, still end in a whole database', async (t) => {
  const { url, sql } = await testDatabase(t)
  for (const delay of [0, 15, 40, 60, 90, 130]) {
    const killed = startMigrating({ url, modules: ['iam'] })
    await killed.ready
    killed.go()
    await killed.saw('"connected"').catch(() => {})
    await sleep(delay)
    killed.child.kill('SIGKILL')
    await killed.ended
  }
  await migrate({ url, modules: ['iam'] })
  const rows =
    await sql`SELECT version, description, count(*)::int AS times FROM flyway_schema_history GROUP BY 1, 2 ORDER BY 1, 2`
  assert.deepEqual(
    rows.map((row) => row['times']),
    rows.map(() => 1),
  )
  assert.equal(rows.length, 8)
  assert.equal((await migrate({ url, modules: ['iam'] })).migrations.length, 0)
  const ledger =
    await sql`SELECT script, count(*)::int AS times FROM schemaway_ledger WHERE event = 'applied' GROUP BY 1`
  assert.deepEqual(
    ledger.map((row) => row['times']),
    ledger.map(() => 1),
  )
})

/** Until the long statement is really under way. */
async function waitForSleep(sql: Sql): Promise<void> {
  for (;;) {
    const rows = await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
    if (rows.length > 0) return
    await sleep(20)
  }
}
