import type { ErrorCode } from '../errors/error-codes.js'
import type { Blocker } from '../errors/schemaway-error.js'

/** A script as events and reports name it. */
export interface ScriptReference {
  /** Path as history knows it, for example `iam/V20260105_100000__iam_foundation.sql`. */
  readonly script: string
  /** Name of its module; empty for scripts of `locations`. */
  readonly module: string
  readonly version: string | null
  readonly description: string
}

/** What a step does to the database. */
export type StepAction = 'apply' | 'undo' | 'drop'

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
  | { readonly type: 'locked'; readonly waitedMilliseconds: number }
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
  | { readonly type: 'notice'; readonly severity: string; readonly message: string }
  | { readonly type: 'finished'; readonly run: string | null; readonly milliseconds: number }
