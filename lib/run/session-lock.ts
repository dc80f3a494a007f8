import { quoteDoBlock, withOwnNames } from '../history/quote-sql.js'
import { findLockHolder } from './blockers.js'
import { guardStates, isOfKey, type Lock, type Waiting, waitForLock } from './lock.js'
import type { Session } from './session.js'

/** Flyway's own lock, held by the session from the beginning of a run to its end. It ends with the session. */
export class SessionLock implements Lock {
  readonly strategy = 'session'
  readonly reason: string
  readonly guard: readonly string[] = []
  readonly renewal: readonly string[]
  readonly #session: Session
  readonly #key: bigint
  readonly #waiting: Waiting

  constructor(session: Session, key: bigint, waiting: Waiting, reason: string) {
    this.#session = session
    this.#key = key
    this.#waiting = waiting
    this.reason = reason
    this.renewal = [refuseWithoutLock(key)]
  }

  get backendPid(): string {
    return String(this.#session.backendPid)
  }

  guardPlan(): readonly string[] {
    return []
  }

  async acquire(): Promise<void> {
    const waitedMilliseconds = await waitForLock(
      this.#session,
      () => this.#try(),
      () => findLockHolder(this.#session, this.#key),
      this.#waiting,
    )
    this.#waiting.emit({ type: 'locked', strategy: this.strategy, waitedMilliseconds })
  }

  async isHeld(): Promise<boolean> {
    const [row] = await this.#session.query<{ held: boolean }>(
      withOwnNames(
        `SELECT EXISTS (SELECT FROM pg_locks WHERE ${isOfKey(this.#key)} AND pid = pg_backend_pid()) AS held`,
      ),
    )
    return row?.held === true
  }

  async release(): Promise<void> {
    if (!this.#session.isLost) await this.#session.query(withOwnNames(`SELECT pg_advisory_unlock(${this.#key})`))
  }

  async #try(): Promise<boolean> {
    const sql = withOwnNames(`SELECT pg_try_advisory_lock(${this.#key}) AS locked`)
    const [row] = await this.#session.query<{ locked: boolean }>(sql)
    return row?.locked === true
  }
}

/**
 * Looking into `pg_locks` would cost four times as much. pg_advisory_unlock() knows whether the session had the lock; while that is taken
 * again, the transaction holds it, so that nobody else gets it in between.
 */
function refuseWithoutLock(key: bigint): string {
  return quoteDoBlock(`BEGIN
  IF NOT (pg_catalog.pg_try_advisory_xact_lock(${key}) AND pg_catalog.pg_advisory_unlock(${key}) AND pg_catalog.pg_try_advisory_lock(${key})) THEN
    RAISE EXCEPTION USING ERRCODE = '${guardStates.lost}', MESSAGE = 'the lock was released';
  END IF;
END`)
}
