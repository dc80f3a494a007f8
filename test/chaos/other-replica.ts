import { setTimeout as sleep } from 'node:timers/promises'
import type { ChaosServer } from './chaos-server.js'
import type { ChildPool, ChildReport } from './child-pool.js'
import type { Scenario } from './scenarios.js'

/** Another process that migrates the same database at the same time, and that nothing strikes. */
export interface OtherReplica {
  /** Begins, when it has not begun yet. */
  begin(): Promise<void>
  /** @returns how it ended; null when it does not end in that time, upon which it is killed. */
  end(milliseconds: number): Promise<ChildReport | null>
}

/** @returns null where a scenario has none. One that is ahead has the lock when this returns. */
export async function prepareOther(
  { name, other }: Scenario,
  database: string,
  { server, others }: { readonly server: ChaosServer; readonly others: ChildPool },
): Promise<OtherReplica | null> {
  if (other === undefined) return null
  let beginning: ReturnType<ChildPool['work']> | null = null
  const replica: OtherReplica = {
    async begin() {
      beginning ??= others.work({ scenario: name, url: server.urlOf(database) }, false)
      await beginning
    },
    async end(milliseconds) {
      await replica.begin()
      const working = await beginning
      if (working === null) return null
      const report = await Promise.race([working.report, sleep(milliseconds, null, { ref: false })])
      if (report === null) working.kill('SIGKILL')
      return report
    },
  }
  await others.ready()
  if (other === 'ahead') {
    await replica.begin()
    await waitForLock(server, database)
  }
  return replica
}

/** Waits until somebody has an advisory lock, but not for ever: it may have come and gone. */
async function waitForLock({ admin }: ChaosServer, database: string): Promise<void> {
  for (const started = performance.now(); performance.now() - started < 2_000; await sleep(1)) {
    const rows = await admin`
      SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = ${database})`
    if (rows.length > 0) return
  }
}
