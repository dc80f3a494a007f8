import type { StepAction } from '../run/events.js'

/** One migration that a command ran. */
export interface ReportedMigration {
  /** What was done; `drop` removes objects of a repeatable that is not run again. */
  readonly action: StepAction
  readonly script: string
  readonly module: string
  readonly version: string | null
  readonly description: string
  /** Duration as this process saw it; under `transaction: 'all'` the share of the message it travelled in. */
  readonly milliseconds: number
}

/** What `migrate()` and `rollback()` return. Plain data that survives `JSON.stringify`. */
export interface RunReport {
  readonly command: 'migrate' | 'rollback'
  /** `host:port/database`. */
  readonly server: string
  /** Identifies this call in the ledger; null when there was nothing to do. */
  readonly run: string | null
  /** What was run, in order. Empty when the database was up to date. */
  readonly migrations: readonly ReportedMigration[]
  /** Highest applied version afterwards. */
  readonly currentVersion: string | null
  readonly milliseconds: number
}
