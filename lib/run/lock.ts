import { SchemawayError } from '../errors/schemaway-error.js'
import { pause } from './abort.js'
import { describeBlocker, findLockHolder } from './blockers.js'
import type { Emit } from './emit.js'
import type { Session } from './session.js'

/** "Flyway" in bytes; Flyway adds the hash of the history table's name. */
const flywayLockBase = 77431708279161n
const shortestPause = 25
const longestPause = 175
const reportInterval = 5_000

/** Key of Flyway's own advisory lock, so that Flyway and schemaway exclude each other. */
export function lockKey(history: string): bigint {
  let hash = 0
  for (let index = 0; index < history.length; index += 1) hash = (Math.imul(hash, 31) + history.charCodeAt(index)) | 0
  return flywayLockBase + BigInt(hash)
}

/**
 * Takes the lock of a history table for the session, or waits for it.
 *
 * It polls and never waits inside the server: a session that waits in `pg_advisory_lock` keeps a snapshot, for which a
 * CREATE INDEX CONCURRENTLY of the lock's holder would wait in turn, until one of them dies of a deadlock.
 *
 * @param longestWait milliseconds.
 * @throws SchemawayError `LOCK_WAIT_TIMEOUT` naming the holder, `ABORTED`, `CONNECTION_LOST`.
 */
export async function acquireLock(
  session: Session,
  key: bigint,
  options: { readonly longestWait: number; readonly signal: AbortSignal | undefined; readonly emit: Emit },
): Promise<void> {
  const started = performance.now()
  let reported = started
  while (!(await tryLock(session, key))) {
    const now = performance.now()
    const waited = Math.round(now - started)
    if (waited >= options.longestWait) throw await lockWaitTimeout(session, key, waited)
    if (now - reported >= reportInterval || reported === started) {
      reported = now
      options.emit({ type: 'waitingForLock', waitedMilliseconds: waited, holder: await findLockHolder(session, key) })
    }
    const jitter = shortestPause + Math.random() * (longestPause - shortestPause)
    await pause(
      Math.min(jitter, options.longestWait - waited),
      options.signal,
      'waiting for another process that migrates',
    )
  }
  options.emit({ type: 'locked', waitedMilliseconds: Math.round(performance.now() - started) })
}

async function tryLock(session: Session, key: bigint): Promise<boolean> {
  const [row] = await session.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${key}) AS locked`)
  return row?.locked === true
}

/** Whether this session still holds the lock; a script may have released it. */
export async function holdsLock(session: Session, key: bigint): Promise<boolean> {
  const unsigned = BigInt.asUintN(64, key)
  const [row] = await session.query<{ held: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() ` +
      `AND objsubid = 1 AND classid = ${unsigned >> 32n} AND objid = ${unsigned & 0xffffffffn}) AS held`,
  )
  return row?.held === true
}

export async function releaseLock(session: Session, key: bigint): Promise<void> {
  if (!session.isLost) await session.query(`SELECT pg_advisory_unlock(${key})`)
}

async function lockWaitTimeout(session: Session, key: bigint, waited: number): Promise<SchemawayError> {
  const holder = await findLockHolder(session, key)
  return new SchemawayError(
    'LOCK_WAIT_TIMEOUT',
    `Another process has been migrating ${session.display} for longer than ${waited} ms: ` +
      `${holder === null ? 'it has just finished' : describeBlocker(holder)}. Nothing was changed. Wait for it and try ` +
      'again, raise `waitForLock`, or end that session if it hangs: SELECT pg_terminate_backend(<pid>).',
    { details: { server: session.display, ...(holder !== null && { blockers: [holder] }) } },
  )
}
