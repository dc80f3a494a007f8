import { SchemawayError } from '../errors/schemaway-error.js'

/** What became of one database of `migrateAll()`. */
export type TargetResult =
  | {
      /** Name of the database. */
      readonly target: string
      /** `unchanged`: it was up to date. */
      readonly status: 'migrated' | 'unchanged'
      /** `host:port/database`. */
      readonly server: string
      /** Identifies the run in the ledger; null when nothing was applied. */
      readonly run: string | null
      /** Number of migrations that were applied. */
      readonly migrations: number
      /** Highest applied version afterwards. */
      readonly currentVersion: string | null
      /** Partitions that could not be made once everything was applied; events `upkeepFailed` say why. */
      readonly upkeepFailures: number
      readonly milliseconds: number
    }
  | {
      readonly target: string
      readonly status: 'failed'
      /** As `migrate()` would have thrown it; `TARGET_TIMEOUT` when its time was up. */
      readonly error: SchemawayError
      readonly milliseconds: number
    }
  | { readonly target: string; readonly status: 'notStarted' }

/** How many databases a message names. */
const mostNamed = 20

/** What `migrateAll()` returns. Its properties are plain data that survives `JSON.stringify`. */
export class MigrateAllReport {
  readonly command = 'migrateAll'
  /** One for each target, in their order; with `onResult`, of those only that failed or were not begun. */
  readonly results: readonly TargetResult[]
  readonly migrated: number
  readonly unchanged: number
  readonly failed: number
  /** Number of targets that were not begun, because of `signal` or `stopOnFailure`, as far as they are known. */
  readonly notStarted: number
  /** Names of those that failed or were not begun, for `only` of the next call. */
  readonly resume: readonly string[]
  /** False when targets of an iterable were not asked for any more; `resume` does not have these. */
  readonly isComplete: boolean
  readonly milliseconds: number

  constructor(found: Pick<MigrateAllReport, 'results' | 'migrated' | 'unchanged' | 'isComplete' | 'milliseconds'>) {
    const unfinished = found.results.filter(({ status }) => status === 'failed' || status === 'notStarted')
    this.results = found.results
    this.migrated = found.migrated
    this.unchanged = found.unchanged
    this.failed = unfinished.filter(({ status }) => status === 'failed').length
    this.notStarted = unfinished.length - this.failed
    this.resume = unfinished.map(({ target }) => target)
    this.isComplete = found.isComplete
    this.milliseconds = found.milliseconds
    Object.freeze(this)
  }

  /**
   * Throws unless every database is up to date now.
   *
   * @throws SchemawayError `TARGETS_FAILED` with `details.problems`, one for each that failed, and `details.targets`, the names in
   *   `resume`; its `cause` is the first error.
   */
  throwIfFailed(): void {
    if (this.failed + this.notStarted === 0 && this.isComplete) return
    const all = this.migrated + this.unchanged + this.failed + this.notStarted
    const failures = this.results.flatMap((result) => (result.status === 'failed' ? [result] : []))
    const named = failures.slice(0, mostNamed).map(({ target, error }) => `${target}: ${error.code}, ${error.message}`)
    const others = failures.length - named.length
    throw new SchemawayError(
      'TARGETS_FAILED',
      `${this.failed} of ${all} databases failed, and ${this.notStarted}${this.isComplete ? '' : ' or more'} were not begun. ` +
        'Correct what is wrong, then call migrateAll() with the same targets again: what is done costs no more than a look, ' +
        'and `only: report.resume` leaves it out altogether.' +
        named.map((line) => `\n- ${line}`).join('') +
        (others > 0 ? `\n- and ${others} more, in details.problems` : ''),
      {
        details: {
          problems: failures.map(({ target, error }) => ({ kind: error.code, message: error.message, target })),
          targets: this.resume,
        },
        ...(failures[0] !== undefined && { cause: failures[0].error }),
      },
    )
  }
}
