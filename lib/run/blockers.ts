import type { Blocker } from '../errors/schemaway-error.js'
import { withOwnNames } from '../history/quote-sql.js'
import { isOfKey, lockKey } from './lock.js'
import type { Session } from './session.js'

/** Who migrates sends nothing else meanwhile; outside a transaction it is a bare statement of a script. */
function holdsLock(): string {
  // The upper halves of all keys by which Flyway, and we, lock a history: a number and the 32 bits of a hash.
  const base = lockKey('')
  const halves = [base - 2n ** 31n, base + 2n ** 31n].map((key) => key >> 32n)
  return (
    `EXISTS (SELECT FROM pg_locks AS k WHERE k.pid = b.pid AND k.locktype = 'advisory' AND k.granted AND k.objsubid = 1 ` +
    `AND k.classid IN (${halves.join(', ')}))`
  )
}

const blockerColumns = (): string =>
  `'pid', b.pid, 'applicationName', coalesce(a.application_name, ''), 'user', coalesce(a.usename::text, ''), ` +
  `'address', host(a.client_addr), 'state', a.state, ` +
  `'transactionSeconds', round(extract(epoch FROM clock_timestamp() - a.xact_start)::numeric, 1), ` +
  // What a migration sends may hold values of placeholders.
  `'query', CASE WHEN ${holdsLock()} OR left(a.query, 1000) ~ 'schemaway[.](own|session)|[$]schemaway(_[0-9]+)?[$]' THEN '(a migration)' ` +
  `ELSE coalesce(left(a.query, 200), '') END`

/** What PostgreSQL gives in place of a process id. */
const preparedTransaction = 0

/**
 * Sessions that a backend waits for, asked from another session while it waits.
 *
 * @param backendPid SQL for its process id.
 */
export async function findBlockers(observer: Session, backendPid: string): Promise<readonly Blocker[]> {
  const rows = await observer.query<{ blocker: string }>(
    withOwnNames(
      `SELECT json_build_object(${blockerColumns()}, 'holds', (SELECT string_agg(DISTINCT h.mode, ', ') FROM pg_locks h ` +
        `WHERE h.pid = b.pid AND h.granted AND h.locktype = 'relation' AND h.relation IN ` +
        `(SELECT w.relation FROM pg_locks w WHERE w.pid = ${backendPid} AND NOT w.granted)))::text AS blocker ` +
        `FROM (SELECT DISTINCT unnest(pg_blocking_pids(${backendPid})) AS pid) AS b LEFT JOIN pg_stat_activity a USING (pid)`,
    ),
  )
  return rows.map((row) => JSON.parse(row.blocker) as Blocker)
}

/**
 * Sessions that wait for a backend.
 *
 * @param backendPid SQL for its process id.
 */
export async function findWaiters(observer: Session, backendPid: string): Promise<readonly Blocker[]> {
  const rows = await observer.query<{ blocker: string }>(
    withOwnNames(
      `SELECT json_build_object(${blockerColumns()}, 'holds', NULL)::text AS blocker FROM (SELECT pid FROM pg_stat_activity ` +
        `WHERE wait_event_type = 'Lock' AND ${backendPid} = ANY (pg_blocking_pids(pid))) AS b LEFT JOIN pg_stat_activity a USING (pid)`,
    ),
  )
  return rows.map((row) => JSON.parse(row.blocker) as Blocker)
}

/** The session that holds an advisory lock. */
export async function findLockHolder(session: Session, key: bigint): Promise<Blocker | null> {
  const rows = await session.query<{ blocker: string }>(
    withOwnNames(
      `SELECT json_build_object(${blockerColumns()}, 'holds', 'advisory lock')::text AS blocker FROM (SELECT l.pid FROM pg_locks l ` +
        `WHERE ${isOfKey(key)} AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS b ` +
        'LEFT JOIN pg_stat_activity a USING (pid)',
    ),
  )
  const [first] = rows
  return first === undefined ? null : (JSON.parse(first.blocker) as Blocker)
}

/** Who held what a statement waited for, as a sentence. */
export function describeBlockers(blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return 'Which session held it could not be found out in time.'
  return `It waited for ${blockers.map(describeBlocker).join('; ')}.`
}

/** One blocker in words, for messages. */
export function describeBlocker(blocker: Blocker): string {
  // Whoever holds a lock of the table is no session of ours to see either, but its row says who it is.
  if (blocker.pid === preparedTransaction && blocker.state === null) {
    return 'a prepared transaction, which no session holds (pg_prepared_xacts names it, ROLLBACK PREPARED ends it)'
  }
  const name = blocker.applicationName === '' ? 'a session' : `"${blocker.applicationName}"`
  const where = blocker.address === null ? '' : ` from ${blocker.address}`
  const since = blocker.transactionSeconds === null ? '' : `, in a transaction for ${blocker.transactionSeconds} s`
  const query = blocker.query === '' ? '' : `, latest statement: ${blocker.query.replaceAll(/\s+/g, ' ')}`
  return `${name} (pid ${blocker.pid}, user ${blocker.user}${where}, ${blocker.state ?? 'state hidden'}${since}${query})`
}
