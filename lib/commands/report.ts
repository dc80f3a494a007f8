import type { ErrorCode } from '../errors/error-codes.js'
import type { CreatedPartition, DroppedPartition } from '../errors/schemaway-error.js'
import type { MigrationState } from '../history/migration-state.js'
import type { RepairedRow, ScriptReference, StepAction } from '../run/events.js'
import type { ReportedLock } from '../run/lock.js'
import type { DefaultPartitionRows } from '../run/partition-upkeep.js'
import type { SeededFile } from '../run/run-seeds.js'

export type { CreatedPartition, DefaultPartitionRows, DroppedPartition, ReportedLock, SeededFile }

/** One migration that a command ran. */
export interface ReportedMigration {
  /** What was done; `adopt` recorded it without running it, `drop` removed objects of a repeatable that is not run again. */
  readonly action: StepAction
  readonly script: string
  readonly module: string
  readonly version: string | null
  readonly description: string
  /** Duration as this process saw it; under `transaction: 'all'` the share of the message it travelled in. */
  readonly milliseconds: number
}

/** What `migrate()`, `rollback()` and `undo()` return. Plain data that survives `JSON.stringify`. */
export interface RunReport {
  readonly command: 'migrate' | 'rollback' | 'undo'
  /** `host:port/database`. */
  readonly server: string
  /** Identifies this call in the ledger; null when there was nothing to do. */
  readonly run: string | null
  /** What was run, in order. Empty when the database was up to date. */
  readonly migrations: readonly ReportedMigration[]
  /** Highest applied version afterwards. */
  readonly currentVersion: string | null
  /** What was done for partitions after `migrate()` had applied something with a bundled module; null after any other run. */
  readonly upkeep: UpkeepReport | null
  /** What kept other processes away; null where no lock was needed. */
  readonly lock: ReportedLock | null
  readonly milliseconds: number
}

/** What `migrate()` did for partitions once everything was applied. */
export interface UpkeepReport {
  readonly created: readonly CreatedPartition[]
  /** What could not be done. No row is lost by it; `maintain()` makes up for it. */
  readonly failures: readonly UpkeepFailure[]
}

export interface UpkeepFailure {
  /** Qualified name of the partitioned table; null when it did not come to any. */
  readonly table: string | null
  readonly code: ErrorCode
  readonly message: string
}

/** What `maintain()` returns. Plain data. */
export interface MaintainReport {
  readonly command: 'maintain'
  readonly server: string
  /** Partitions that were made, with the rows that moved into them. */
  readonly created: readonly CreatedPartition[]
  /** Partitions that `retention` dropped. */
  readonly dropped: readonly DroppedPartition[]
  /** Rows that still lie in default partitions; null when they could not be counted, as the event `upkeepFailed` says. */
  readonly defaultRows: readonly DefaultPartitionRows[] | null
  /** What kept other processes away; null where no lock was needed. */
  readonly lock: ReportedLock | null
  readonly milliseconds: number
}

/** What `seed()` returns. Plain data. */
export interface SeedReport {
  readonly command: 'seed'
  readonly server: string
  readonly set: 'reference' | 'demo'
  /** The files that ran, in order: those of the installed modules. */
  readonly files: readonly SeededFile[]
  /** What kept other processes away; null where no lock was needed. */
  readonly lock: ReportedLock | null
  readonly milliseconds: number
}

/** What `adopt()` returns. Plain data. */
export interface AdoptReport {
  readonly command: 'adopt'
  readonly server: string
  /** Identifies this call in the ledger; null for a preview. */
  readonly run: string | null
  /** True when nothing was written. */
  readonly preview: boolean
  /** What history now calls applied, in its order. */
  readonly adopted: readonly ScriptReference[]
  /** Scripts that are not applied yet, in the order in which `migrate()` would run them. */
  readonly pending: readonly string[]
  /** What kept other processes away; null where no lock was needed. */
  readonly lock: ReportedLock | null
  readonly milliseconds: number
}

/** What `baseline()` returns. Plain data. */
export interface BaselineReport {
  readonly command: 'baseline'
  readonly server: string
  /** Identifies this call in the ledger; null when the baseline was there already. */
  readonly run: string | null
  readonly version: string
  readonly description: string
  /** False when history begins with this very baseline already. */
  readonly isWritten: boolean
  /** What kept other processes away; null where no lock was needed. */
  readonly lock: ReportedLock | null
  readonly milliseconds: number
}

/** A script that stopped half-way outside a transaction, and what was said about it. */
export interface SettledScript extends ScriptReference {
  readonly unfinished: 'completed' | 'repeat' | 'restart'
  /** Number of the statement with which the next `migrate()` goes on, from 1. */
  readonly nextStatement: number
}

/** What `repair()` returns. Plain data. */
export interface RepairReport {
  readonly command: 'repair'
  readonly server: string
  /** Identifies this call in the ledger; null when nothing was written. */
  readonly run: string | null
  /** True when nothing was written. */
  readonly preview: boolean
  /** What was changed, or would be, row by row. */
  readonly repairs: readonly RepairedRow[]
  /** With the option `unfinished`: what the ledger says now, or would, of scripts that stopped half-way. */
  readonly unfinished: readonly SettledScript[]
  /** What kept other processes away; null where no lock was needed. */
  readonly lock: ReportedLock | null
  readonly milliseconds: number
}

/** An object that `clean()` dropped. */
export interface DroppedObject {
  readonly schema: string
  /** Such as `table`, `view`, `routine`, `type`. */
  readonly kind: string
  /** For a routine with its arguments. */
  readonly name: string
}

/** What `clean()` returns. Plain data. */
export interface CleanReport {
  readonly command: 'clean'
  readonly server: string
  /** Identifies this call in the ledger; null for a preview. */
  readonly run: string | null
  /** True when nothing was dropped. */
  readonly preview: boolean
  /** Modules whose objects went, or would go; `''` stands for `locations`. */
  readonly modules: readonly string[]
  readonly schemas: readonly string[]
  /** What went, or would go. Partitions, indexes and the like go with their tables. */
  readonly dropped: readonly DroppedObject[]
  /** Rows of history that went, or would go. */
  readonly historyRows: number
  /** What kept other processes away; null where no lock was needed. */
  readonly lock: ReportedLock | null
  readonly milliseconds: number
}

/** One migration as `info()` lists it. */
export interface MigrationInfo {
  readonly category: 'Versioned' | 'Repeatable' | 'Baseline' | 'Undo' | ''
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

/** What `validateFiles()` returns when it finds no fault. */
export interface FilesReport {
  readonly command: 'validateFiles'
  /** Number of files that were looked at. */
  readonly checked: number
}

/** What a database looks like that has everything. */
export interface MigratedReport {
  readonly server: string
  readonly currentVersion: string | null
}
