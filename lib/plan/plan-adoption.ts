import type { PlanStep } from './plan.js'
import type { HistoryBeginning } from './plan-baseline.js'

/**
 * Steps that only record, as rows to be written together.
 *
 * @param appliedOn for each step when it was applied, as SQL reads it.
 */
export function recordOf(steps: readonly PlanStep[], appliedOn: readonly (string | null)[] = []): HistoryBeginning {
  return {
    rows: steps.flatMap((step) => step.historyRows),
    entries: steps.flatMap((step) => step.ledgerEntries),
    appliedOn,
  }
}
