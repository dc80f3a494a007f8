import type { TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { type MigrateOptions, migrate } from '../../lib/index.js'
import { expectError } from './expect-error.js'
import { waitForSleep } from './wait-until.js'
import { writeScripts } from './write-scripts.js'

/** Starts a run that holds the lock, in the middle of a statement, for as long as it is let. @returns what ends it. */
export async function holdLock(t: TestContext, sql: Sql, options: MigrateOptions): Promise<() => Promise<void>> {
  const { directory: locations } = writeScripts(t, { 'V1__long.sql': 'SELECT pg_sleep(600);' })
  const controller = new AbortController()
  t.after(() => controller.abort())
  const holding = expectError('ABORTED', migrate({ ...options, locations, signal: controller.signal }))
  await waitForSleep(sql)
  return async () => {
    controller.abort()
    await holding
  }
}
