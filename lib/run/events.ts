import type { ErrorCode } from '../errors/error-codes.js'
import type { Blocker } from '../errors/schemaway-error.js'
import type { LockStrategy } from './lock.js'

/** A script as events and reports name it. */
export interface ScriptReference {
  /** Path as history knows it, for example `iam/V20260105_100000__iam_foundation.sql`. */
  readonly script: string
  /** Name of its module; empty for scripts of `locations`. */
  readonly module: string
  readonly version: string | null
  readonly description: string
}

/** What a step does to the database; `adopt` only records a script as applied. */
export type StepAction = 'apply' | 'adopt' | 'undo' | 'drop'

/** What `repair()` did to a row of history. */
export type RepairAction = 'remove' | 'mark-deleted' | 'align'

/** A row that `repair()` was about. */
export interface RepairedRow {
  /** `remove`: a failed row went. `mark-deleted`: a row without a file counts no more. `align`: it says what its file says. */
  readonly action: RepairAction
  readonly script: string
  readonly module: string
  readonly version: string | null
  readonly description: string
  readonly installedRank: number
  readonly before: RepairedValues
  /** Null when the row is removed. */
  readonly after: RepairedValues | null
}

/** Those values of a row that a repair may change. */
export interface RepairedValues {
  readonly description: string
  readonly type: string
  readonly checksum: number | null
  readonly success: boolean
}

/** Everything `onEvent` may receive; told apart by `type`. */
export type MigrationEvent =
  | { readonly type: 'connected'; readonly server: string; readonly backendPid: number }
  | {
      readonly type: 'connectionRetry'
      readonly attempt: number
      readonly waitMilliseconds: number
      readonly reason: string
    }
  | { readonly type: 'waitingForLock'; readonly waitedMilliseconds: number; readonly holder: Blocker | null }
  | { readonly type: 'locked'; readonly strategy: LockStrategy; readonly waitedMilliseconds: number }
  | {
      readonly type: 'planned'
      readonly run: string
      readonly steps: readonly (ScriptReference & { readonly action: StepAction })[]
    }
  | ({
      readonly type: 'stepStarted'
      readonly action: StepAction
      readonly number: number
      readonly of: number
    } & ScriptReference)
  | ({
      readonly type: 'stepFinished'
      readonly action: StepAction
      readonly number: number
      readonly of: number
      readonly milliseconds: number
    } & ScriptReference)
  /** A migration in TypeScript or JavaScript tells how far it is, in units of its own. */
  | ({
      readonly type: 'progress'
      readonly done: number
      readonly total: number | null
      readonly message: string | null
    } & ScriptReference)
  | { readonly type: 'blocked'; readonly blockers: readonly Blocker[] }
  | {
      readonly type: 'retry'
      readonly attempt: number
      readonly of: number
      readonly waitMilliseconds: number
      readonly sqlState: string
    }
  /** A partition of a month was made; rows of that month were moved into it from the default partition. */
  | {
      readonly type: 'partitionCreated'
      readonly table: string
      readonly partition: string
      readonly movedRows: number
    }
  | { readonly type: 'partitionDropped'; readonly table: string; readonly partition: string }
  /** Partitions could not be looked after. `migrate()` goes on; `maintain()` throws, unless rows were only counted. */
  | { readonly type: 'upkeepFailed'; readonly table: string | null; readonly code: ErrorCode; readonly message: string }
  /** A file of `seed()` has run, and is committed. */
  | { readonly type: 'seeded'; readonly script: string; readonly module: string; readonly milliseconds: number }
  /** History began with a baseline. */
  | { readonly type: 'baselined'; readonly version: string; readonly description: string }
  /** `repair()` changed history. */
  | ({ readonly type: 'repaired' } & RepairedRow)
  /** `clean()` dropped what modules own. */
  | { readonly type: 'cleaned'; readonly modules: readonly string[]; readonly objects: number }
  /** With `failOnMissingLocations: false`: a folder that does not exist was left out. */
  | { readonly type: 'locationMissing'; readonly location: string }
  /** A pattern of `ignore` leaves out no file. */
  | { readonly type: 'ignoreUnused'; readonly pattern: string }
  /** A `.conf` file, by its path on disk, beside which there is no script; nobody reads it. */
  | { readonly type: 'configurationWithoutScript'; readonly file: string }
  /** The script that would undo an applied one cannot run as it is; a rollback would refuse it with this code and message. */
  | {
      readonly type: 'undoUnusable'
      readonly script: string
      readonly undoScript: string
      readonly code: ErrorCode
      readonly message: string
    }
  | { readonly type: 'notice'; readonly severity: string; readonly message: string }
  | { readonly type: 'finished'; readonly run: string | null; readonly milliseconds: number }

/** What `onEvent` of `migrateAll()` receives: an event of one of its databases. */
export type TargetEvent = MigrationEvent & {
  /** Name of the database; empty for what concerns all, such as a folder that is left out. */
  readonly target: string
}
