import { withOwnNames } from '../history/quote-sql.js'
import { findLockHolder } from './blockers.js'
import { isOfKey, type Lock, type Waiting, waitForLock } from './lock.js'
import type { Session } from './session.js'

/** Flyway's own lock, held by the session from the beginning of a run to its end. It ends with the session. */
export class SessionLock implements Lock {
  readonly strategy = 'session'
  readonly reason: string
  readonly guard: readonly string[] = []
  readonly renewal: readonly string[] = []
  readonly #session: Session
  readonly #key: bigint
  readonly #waiting: Waiting

  constructor(session: Session, key: bigint, waiting: Waiting, reason: string) {
    this.#session = session
    this.#key = key
    this.#waiting = waiting
    this.reason = reason
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
