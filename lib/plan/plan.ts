import type { CallbackEvent } from '../callbacks/callback-events.js'
import type { HookPoint } from '../callbacks/hooks.js'
import type { ErrorCode } from '../errors/error-codes.js'
import type { NewHistoryRow } from '../history/history-table.js'
import type { LedgerEntry } from '../history/ledger-entry.js'
import type { ScriptReference, StepAction } from '../run/events.js'
import type { ParsedScript } from '../scripts/parse-script.js'

/** A script that is going to run. */
export interface PlannedScript {
  readonly action: StepAction
  readonly reference: ScriptReference
  readonly parsed: ParsedScript
  /** Path on disk, or `ledger` for a text that only the ledger still has. */
  readonly file: string
  /** Of a file in TypeScript or JavaScript: the function of it that runs. Nothing of it is parsed then. */
  readonly program?: 'up' | 'down'
  /** `search_path` for the script, as SET takes it. */
  readonly searchPath: string
  /** Of a callback: the event at which it runs. */
  readonly callback?: CallbackEvent
  /** A function of the caller's that is called here. Nothing is parsed then. */
  readonly hook?: HookPoint
  /** Only these statements of it: where callbacks run around every statement. */
  readonly range?: { readonly first: number; readonly behind: number }
  /** It goes on with the session as the script before it left it. */
  readonly continuesSession?: true
  /** The script behind it goes on with the session as it leaves it. */
  readonly leavesSession?: true
}

/** A ledger entry before the run fills in who and where. */
export type LedgerDraft = Omit<LedgerEntry, 'run' | 'login' | 'client' | 'toolVersion'>

/**
 * What one transaction does under `transaction: 'each'`: scripts in order, then what history and ledger say about them.
 */
export interface PlanStep {
  readonly action: StepAction
  /** The migration this step is about. */
  readonly reference: ScriptReference
  readonly scripts: readonly PlannedScript[]
  /** Ranks of history rows to remove, before the new ones are written. */
  readonly removeRanks: readonly number[]
  /** Repeatables whose history rows go as well, by script; a step before may have written some. */
  readonly removeRepeatables: readonly string[]
  /** A program, by its path on disk, that has a U file: its own `down` would be another. */
  readonly mustNotExportDown?: { readonly file: string; readonly undoScript: string }
  /** Set when the script that is kept to undo this one could not run as it is, with what a rollback would say. */
  readonly unusableUndo?: { readonly undoScript: string; readonly code: ErrorCode; readonly message: string }
  readonly historyRows: readonly NewHistoryRow[]
  readonly ledgerEntries: readonly LedgerDraft[]
}

/** The ordered steps of one command: what it runs and what a preview shows are this same object. */
export interface Plan {
  readonly steps: readonly PlanStep[]
}
