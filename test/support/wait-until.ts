import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'

/** In milliseconds: far more than a busy machine takes, far less than a test may. */
const patience = 30_000

/**
 * Asks again and again until something is so, and fails when that takes longer than half a minute.
 *
 * @param what the situation that is awaited, for the failure
 */
export async function waitUntil(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patience
  while (!(await isSo())) {
    if (performance.now() > deadline) assert.fail(`within ${patience / 1000} seconds it did not happen that ${what}`)
    await delay(5)
  }
}

/** Waits until that many sessions of the database wait for a lock. */
export async function waitForLock(sql: Sql, sessions = 1): Promise<void> {
  await waitUntil(`${sessions} sessions wait for a lock`, async () => {
    const waiting = await sql`
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    return waiting.length >= sessions
  })
}

/** Waits until a session of the database is in pg_sleep(). */
export async function waitForSleep(sql: Sql): Promise<void> {
  await waitUntil('a session sleeps', async () => {
    const sleeping = await sql`
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
    return sleeping.length > 0
  })
}
