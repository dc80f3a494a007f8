import { type Blocker, SchemawayError } from '../errors/schemaway-error.js'
import { pause } from './abort.js'
import { describeBlocker } from './blockers.js'
import type { Emit } from './emit.js'
import { ServerError } from './server-error.js'
import type { Session } from './session.js'
import { translateError } from './translate-error.js'

/** "Flyway" in bytes; Flyway adds the hash of the history table's name. */
const flywayLockBase = 77431708279161n
const shortestPause = 25
const longestPause = 175
const reportInterval = 5_000

/** How processes that work on one history are kept apart. */
export type LockStrategy = 'session' | 'transaction' | 'table'

/** What keeps other processes away, as reports tell it. */
export interface ReportedLock {
  /** `session`: held by the session. `transaction`: by each transaction for itself. `table`: a row of a table. */
  readonly strategy: LockStrategy
  /** One sentence about why it was this one. */
  readonly reason: string
}

/** What a plan was made for, and its transactions have to find still. */
export interface HistoryHead {
  /** Hash of the ledger's latest row; null where it has none. */
  readonly ledgerHash: string | null
  /** No row of history has a higher rank. */
  readonly highestRank: number
  /** Which tables were there, where one that was not is about to be made. */
  readonly existing?: { readonly history: boolean; readonly ledger: boolean }
}

/** Keeps other processes from working on the same history. */
export interface Lock {
  readonly strategy: LockStrategy
  /** One sentence about why it is this strategy. */
  readonly reason: string
  /** Statements behind the BEGIN of each transaction. They raise one of the {@link guardStates}. */
  readonly guard: readonly string[]
  /**
   * As {@link guard}, where history or ledger is written: refuses when they are not what the plan was made for any more.
   *
   * @param role that may read them where the login may not.
   */
  guardPlan(head: HistoryHead, role: string | null): readonly string[]
  /**
   * Statements in front of the COMMIT of a transaction that may have taken long, or ran what may have let go of the lock. They raise
   * one of the {@link guardStates}, so that nothing is committed without it.
   */
  readonly renewal: readonly string[]
  /** SQL for the process id of the server that runs a transaction of this session, seen from another session. */
  readonly backendPid: string
  /** Waits until nobody else works, and takes the lock, where there is one to be held between transactions. */
  acquire(): Promise<void>
  /** Whether it is still there; a script, or somebody else, may have taken it away. */
  isHeld(): Promise<boolean>
  /** Never fails because it is gone. */
  release(): Promise<void>
  /** Told when the command that holds it has itself dropped what it consists of. */
  forget?(): void
}

/**
 * Statements of a DO block as another role. RESET ROLE would end a role that the session came with, and not only until the
 * transaction ends: behind a pooler others would be without it.
 *
 * @param role SQL expression of its name; null for the role that is in force.
 * @returns the statements, and what has to be declared for them.
 */
export function asRole(
  role: string | null,
  statements: string,
): { readonly statements: string; readonly declarations: readonly string[] } {
  if (role === null) return { statements, declarations: [] }
  const become = (name: string): string => `  PERFORM pg_catalog.set_config('role', ${name}, true);`
  return {
    statements: [become(role), statements, become('v_role')].join('\n'),
    declarations: [`v_role pg_catalog.text := pg_catalog.current_setting('role')`],
  }
}

/** SQLSTATEs of our own that a guard raises; class SW is used by nobody else. */
export const guardStates = {
  /** Another process works at this moment. Nothing was done; the same message may be sent again. */
  busy: 'SW011',
  /** History or ledger are not what the plan was made for. */
  moved: 'SW012',
  /** The lock is somebody else's, or nobody's. */
  lost: 'SW013',
} as const

/** Key of Flyway's own advisory lock, so that Flyway and schemaway exclude each other. */
export function lockKey(history: string): bigint {
  let hash = 0
  for (let index = 0; index < history.length; index += 1) hash = (Math.imul(hash, 31) + history.charCodeAt(index)) | 0
  return flywayLockBase + BigInt(hash)
}

/** Condition on `pg_locks` for an advisory lock of one bigint key. */
export function isOfKey(key: bigint): string {
  const unsigned = BigInt.asUintN(64, key)
  return `locktype = 'advisory' AND granted AND objsubid = 1 AND classid = ${unsigned >> 32n} AND objid = ${unsigned & 0xffffffffn}`
}

/** How long to wait for a lock, and whom to tell about it. */
export interface Waiting {
  /** Milliseconds, for all waits of a run together. */
  readonly longestWait: number
  readonly signal: AbortSignal | undefined
  readonly emit: Emit
}

/**
 * Tries to take a lock until it is there.
 *
 * It polls and never waits inside the server: a session that waits in `pg_advisory_lock` keeps a snapshot, for which a
 * CREATE INDEX CONCURRENTLY of the lock's holder would wait in turn, until one of them dies of a deadlock.
 *
 * @param waitedBefore for how many milliseconds this run has waited already.
 * @returns how long that took, in milliseconds.
 * @throws SchemawayError `LOCK_WAIT_TIMEOUT` naming the holder, `ABORTED`, `CONNECTION_LOST`; `STATEMENT_FAILED` when the server refuses a try.
 */
export async function waitForLock(
  session: Session,
  tryOnce: () => Promise<boolean>,
  findHolder: () => Promise<Blocker | null>,
  { longestWait, signal, emit }: Waiting,
  waitedBefore = 0,
): Promise<number> {
  const started = performance.now()
  let reported = started
  const attempt = async (): Promise<boolean> => {
    try {
      return await tryOnce()
    } catch (error) {
      throw translateError(error, 'taking the lock', session.display)
    }
  }
  // The name of the holder is a help, not a condition.
  const holder = async (): Promise<Blocker | null> => {
    return await findHolder().catch((error) => {
      if (error instanceof ServerError) return null
      throw error
    })
  }
  while (!(await attempt())) {
    const now = performance.now()
    const waited = waitedBefore + Math.round(now - started)
    if (waited >= longestWait) throw lockWaitTimeout(session, await holder(), waited)
    if (now - reported >= reportInterval || reported === started) {
      reported = now
      emit({ type: 'waitingForLock', waitedMilliseconds: waited, holder: await holder() })
    }
    const jitter = shortestPause + Math.random() * (longestPause - shortestPause)
    await pause(Math.min(jitter, longestWait - waited), signal, 'waiting for another process that migrates')
  }
  return Math.round(performance.now() - started)
}

function lockWaitTimeout(session: Session, holder: Blocker | null, waited: number): SchemawayError {
  return new SchemawayError(
    'LOCK_WAIT_TIMEOUT',
    `Another process migrates ${session.display}, and this one has waited ${waited} ms for such: ` +
      `${holder === null ? 'it has just finished, or cannot be seen' : describeBlocker(holder)}. Nothing was changed meanwhile. Wait for it and try ` +
      'again, raise `waitForLock`, or end that session if it hangs: SELECT pg_terminate_backend(<pid>).',
    { details: { server: session.display, ...(holder !== null && { blockers: [holder] }) } },
  )
}
