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
  /** `search_path` for the script, as SET takes it. */
  readonly searchPath: string
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
  readonly historyRows: readonly NewHistoryRow[]
  readonly ledgerEntries: readonly LedgerDraft[]
}

/** The ordered steps of one command: what it runs and what a preview shows are this same object. */
export interface Plan {
  readonly steps: readonly PlanStep[]
}
