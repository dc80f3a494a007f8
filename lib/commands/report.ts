import type { MigrationState } from '../history/migration-state.js'
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

/** One migration as `info()` lists it. */
export interface MigrationInfo {
  readonly category: 'Versioned' | 'Repeatable' | 'Baseline' | ''
  readonly version: string | null
  readonly description: string
  /** `SQL`, `BASELINE`, `SCHEMA`, ... as history has it. */
  readonly type: string
  readonly state: MigrationState
  readonly module: string
  readonly script: string
  /** `YYYY-MM-DD HH:MM:SS`, null when not applied. */
  readonly installedOn: string | null
  readonly installedBy: string | null
  readonly installedRank: number | null
  /** Milliseconds, null when not applied. */
  readonly executionTime: number | null
  /** Whether a U file is there. Without one the ledger may still know. */
  readonly isUndoable: boolean
}

/** What `info()` returns. Plain data. */
export interface InfoReport {
  readonly command: 'info'
  readonly server: string
  readonly currentVersion: string | null
  readonly pending: number
  readonly migrations: readonly MigrationInfo[]
}

/** What `validate()` returns when everything agrees. */
export interface ValidateReport {
  readonly command: 'validate'
  readonly server: string
  /** Number of applied and resolved migrations that were compared. */
  readonly checked: number
}

/** What a database looks like that has everything. */
export interface MigratedReport {
  readonly server: string
  readonly currentVersion: string | null
}
