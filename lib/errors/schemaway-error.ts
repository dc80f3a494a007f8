import type { ErrorCode } from './error-codes.js'

/** A problem found while comparing files with history, or while reading files. */
export interface Problem {
  /** What kind of problem it is, in Flyway's words where Flyway has one. */
  readonly kind: string
  readonly message: string
  /** Path of the file as history knows it, for example `iam/V20260105_100000__iam_foundation.sql`. */
  readonly script?: string
  readonly version?: string
  readonly module?: string
  /** 1-based, in the file. */
  readonly line?: number
  readonly column?: number
  /** Qualified name of the partitioned table that could not be looked after. */
  readonly table?: string
  /** Name of the database of `migrateAll()` that failed; `kind` is the code of its error. */
  readonly target?: string
}

/** A month's partition that was made. */
export interface CreatedPartition {
  /** Qualified name of the partitioned table, for example `iam.audit_logs`. */
  readonly table: string
  readonly partition: string
  /** Rows of that month that lay in the default partition until then. */
  readonly movedRows: number
}

/** A month's partition that retention dropped, with its rows. */
export interface DroppedPartition {
  readonly table: string
  readonly partition: string
}

/** Another session that held a lock we needed. */
export interface Blocker {
  readonly pid: number
  readonly applicationName: string
  readonly user: string
  readonly address: string | null
  readonly state: string | null
  /** Seconds since its transaction began, `null` outside a transaction or when the server hides it. */
  readonly transactionSeconds: number | null
  /** Its current or latest statement, shortened; empty when the server hides it. */
  readonly query: string
  /** Lock modes it holds on what we waited for. */
  readonly holds: string | null
}

/** A table that a rollback would drop although it holds rows. */
export interface TableWithRows {
  readonly table: string
  /** Number of rows: exact up to 10,000, beyond that the planner's estimate. */
  readonly rows: number
}

/** Facts of an error for programs; everything in it survives `JSON.stringify`. */
export interface ErrorDetails {
  /** Path of the script as history knows it. */
  readonly script?: string
  /** Path of the file on disk. */
  readonly file?: string
  readonly module?: string
  readonly version?: string
  /** Event of the callback or hook that failed. */
  readonly event?: string
  /** 1-based line in the file. */
  readonly line?: number
  /** 1-based column in the file, counted in code points. */
  readonly column?: number
  /** 1-based number of the failed statement in its file. */
  readonly statement?: number
  /** Lines of the file around the failure, with a caret. */
  readonly excerpt?: string
  readonly sqlState?: string
  /** The server's own words. */
  readonly serverMessage?: string
  readonly detail?: string
  readonly hint?: string
  readonly where?: string
  readonly internalQuery?: string
  readonly constraint?: string
  readonly problems?: readonly Problem[]
  readonly blockers?: readonly Blocker[]
  readonly tables?: readonly TableWithRows[]
  readonly modules?: readonly string[]
  /** Objects of the database, such as `table public.users`. */
  readonly objects?: readonly string[]
  readonly option?: string
  readonly directory?: string
  /** Server that was spoken to, as `host:port/database`. Never contains a password. */
  readonly server?: string
  readonly pending?: readonly string[]
  /** Names of the databases that `migrateAll()` did not bring up to date, in their order. */
  readonly targets?: readonly string[]
  /** Scripts of this run that were applied before it failed. */
  readonly applied?: readonly string[]
  /** Scripts of this run that were undone before it failed. */
  readonly undone?: readonly string[]
  /** Scripts of this run that were not reached. */
  readonly notReached?: readonly string[]
  /**
   * True where a COMMIT had been sent and was not answered: `script`, or all that is neither in `applied`, `undone` nor `notReached`, is
   * either done and recorded or rolled back, and the next run sees which.
   */
  readonly inDoubt?: true
  /** Partitions that `maintain()` made before it failed; they stay. */
  readonly created?: readonly CreatedPartition[]
  /** Partitions that `maintain()` dropped before it failed. */
  readonly dropped?: readonly DroppedPartition[]
}

/**
 * The one error class of schemaway.
 *
 * `code` says what happened, `message` says it for people together with the next step, `details` holds the facts and
 * `cause` the original error. Neither contains passwords, URLs or clients.
 *
 * @example
 * try {
 *   await migrate({ url })
 * } catch (error) {
 *   if (error instanceof SchemawayError && error.code === 'LOCK_WAIT_TIMEOUT') await tryAgainLater()
 *   else throw error
 * }
 */
export class SchemawayError extends Error {
  static {
    // On the prototype, because a stack is written, with the name in its first line, before a constructor can set one.
    Object.defineProperty(SchemawayError.prototype, 'name', { value: 'SchemawayError', configurable: true })
  }

  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = Object.freeze({ ...options.details })
  }

  /** What a log may keep: no stack of foreign objects, no clients, no secrets. */
  toJSON(): { name: string; code: ErrorCode; message: string; details: ErrorDetails; cause?: { name: string } } {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      details: this.details,
      ...(this.cause instanceof Error && { cause: { name: this.cause.name } }),
    }
  }
}
