import type { TestContext } from 'node:test'
import postgres, { type Sql } from 'postgres'
import { findBinaries } from '../../lib/testing/find-binaries.js'
import { startPostgres, type TestServer } from '../../lib/testing/index.js'
import { waitUntil } from '../support/wait-until.js'

/** A primary, and a standby that gets everything from it. */
export interface ReplicatedServers {
  readonly primary: TestServer
  readonly standby: TestServer
  /** URL of a database with both hosts, in this order. */
  urlOf(database: string, hosts: readonly TestServer[], query?: string): string
  /** A superuser's session, ended with the test. */
  open(server: TestServer, database?: string): Sql
  /** Waits until the standby has everything that the primary has committed. */
  catchUp(): Promise<void>
  /** The standby gets nothing more. */
  disconnect(): Promise<void>
  /** Ends the primary, and lets the standby become one. */
  failOver(): Promise<void>
}

/** What `node:test` takes as the reason to skip. */
export const withoutBinaries: string | false = explainMissingBinaries()

function explainMissingBinaries(): string | false {
  try {
    findBinaries(undefined)
    return false
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** As the cluster was made, since a standby may not have less. */
const settings = { wal_level: 'replica', max_wal_senders: '10', wal_keep_size: '256MB', synchronous_commit: 'on' }

/**
 * Starts two servers of a test's own. All test servers begin with copies of one cluster, so that a standby needs no copy of its primary:
 * it gets all that came later by streaming.
 */
export async function startReplicatedServers(t: TestContext): Promise<ReplicatedServers> {
  const primary = await startPostgres({ settings })
  t.after(async () => await primary.stop())
  const { port, password } = new URL(primary.url)
  const standby = await startPostgres({
    settings: {
      ...settings,
      primary_conninfo: `host=127.0.0.1 port=${port} user=postgres password=${password}`,
      wal_retrieve_retry_interval: '100ms',
    },
    files: { 'standby.signal': '' },
  })
  t.after(async () => await standby.stop())

  const opened: Sql[] = []
  t.after(async () => void (await Promise.all(opened.map((sql) => sql.end({ timeout: 1 })))))
  const open = (server: TestServer, database = 'postgres'): Sql => {
    const url = new URL(server.url)
    url.pathname = `/${database}`
    const sql = postgres(url.href, { max: 4, fetch_types: false, onnotice: () => {} })
    opened.push(sql)
    return sql
  }
  const onPrimary = open(primary)
  const onStandby = open(standby)
  await waitUntil('the standby streams', async () => {
    return (await onPrimary`SELECT FROM pg_stat_replication WHERE state = 'streaming'`).length === 1
  })

  return {
    primary,
    standby,
    open,
    urlOf(database, hosts, query = 'target_session_attrs=read-write') {
      const list = hosts.map(({ url }) => new URL(url).host).join(',')
      return `postgres://postgres:${password}@${list}/${database}?${query}`
    },
    async catchUp() {
      const [row] = await onPrimary`SELECT pg_current_wal_flush_lsn()::text AS lsn`
      const lsn: string = row?.['lsn']
      await waitUntil('the standby has caught up', async () => {
        const [is] = await onStandby`SELECT pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn AS so`
        return is?.['so'] === true
      })
    },
    async disconnect() {
      await onStandby`ALTER SYSTEM SET primary_conninfo = ''`
      await onStandby`SELECT pg_reload_conf()`
      await waitUntil('the standby is alone', async () => {
        return (await onPrimary`SELECT FROM pg_stat_replication`).length === 0
      })
    },
    async failOver() {
      await primary.stop()
      await onStandby`SELECT pg_promote()`
    },
  }
}
