import type { HistoryPlace } from '../history/history-row.js'
import { doWithOwnNames, quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import { findLockHolder } from './blockers.js'
import { asRole, guardStates, type HistoryHead, isOfKey, type Lock, type Waiting, waitForLock } from './lock.js'
import type { Session } from './session.js'

/**
 * Flyway's own lock, held by each transaction for itself, since behind a transaction pooler nothing else belongs to anybody. In
 * between another process may work; the next transaction notices, because history or ledger have moved on.
 */
export class TransactionLock implements Lock {
  readonly strategy = 'transaction'
  readonly reason: string
  readonly guard: readonly string[]
  readonly renewal: readonly string[] = []
  readonly #session: Session
  readonly #key: bigint
  readonly #place: HistoryPlace
  readonly #waiting: Waiting
  /** Milliseconds of all waits together: each transaction may have to wait again. */
  #waited = 0

  constructor(
    session: Session,
    names: { readonly key: bigint; readonly place: HistoryPlace },
    waiting: Waiting,
    reason: string,
  ) {
    this.#session = session
    this.#key = names.key
    this.#place = names.place
    this.#waiting = waiting
    this.reason = reason
    this.guard = [doWithOwnNames(this.#tryLock)]
  }

  /** Whoever holds the key is the connection that runs our transaction, wherever the pooler sent it. */
  get backendPid(): string {
    return `(SELECT pid FROM pg_locks WHERE ${isOfKey(this.#key)} AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1)`
  }

  guardPlan({ ledgerHash, highestRank, existing }: HistoryHead, role: string | null): readonly string[] {
    const { schemaName, ledgerName, historyName, ledger, history } = this.#place
    const exists = (name: string): string =>
      'EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace ' +
      `WHERE n.nspname = ${quoteLiteral(schemaName)} AND c.relname = ${quoteLiteral(name)})`
    const moved = `RAISE EXCEPTION USING ERRCODE = '${guardStates.moved}', MESSAGE = 'another process has changed the history';`
    const absent = [
      ...(existing?.history === false ? [historyName] : []),
      ...(existing?.ledger === false ? [ledgerName] : []),
    ]
    const { statements, declarations } = asRole(
      role === null ? null : quoteLiteral(role),
      `${this.#tryLock}
${absent
  .map(
    (name) => `  IF ${exists(name)} THEN
    ${moved}
  END IF;
`,
  )
  .join('')}  IF ${exists(ledgerName)} THEN
    SELECT l.hash INTO v_hash FROM ${ledger} AS l ORDER BY l.id DESC LIMIT 1;
  END IF;
  IF v_hash IS DISTINCT FROM ${ledgerHash === null ? 'NULL' : quoteLiteral(ledgerHash)} THEN
    ${moved}
  END IF;
  IF ${exists(historyName)} THEN
    IF EXISTS (SELECT FROM ${history} AS h WHERE h.installed_rank > ${highestRank}) THEN
      ${moved}
    END IF;
  END IF;`,
    )
    return [doWithOwnNames(statements, ['v_hash pg_catalog.text', ...declarations])]
  }

  async acquire(): Promise<void> {
    const waitedMilliseconds = await waitForLock(
      this.#session,
      () => this.#isFree(),
      () => findLockHolder(this.#session, this.#key),
      this.#waiting,
      this.#waited,
    )
    this.#waited += waitedMilliseconds
    this.#waiting.emit({ type: 'locked', strategy: this.strategy, waitedMilliseconds })
  }

  /** Each transaction has it, or fails. */
  async isHeld(): Promise<boolean> {
    return true
  }

  async release(): Promise<void> {}

  get #tryLock(): string {
    return `  IF NOT pg_catalog.pg_try_advisory_xact_lock(${this.#key}) THEN
    RAISE EXCEPTION USING ERRCODE = '${guardStates.busy}', MESSAGE = 'another process migrates';
  END IF;`
  }

  async #isFree(): Promise<boolean> {
    const sql = withOwnNames(`SELECT pg_try_advisory_xact_lock(${this.#key}) AS free`)
    const [row] = await this.#session.query<{ free: boolean }>(sql)
    return row?.free === true
  }
}
