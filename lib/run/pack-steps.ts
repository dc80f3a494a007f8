import type { PlanStep } from '../plan/plan.js'
import type { ParsedScript } from '../scripts/parse-script.js'
import type { Parcel } from './send-steps.js'

const stepsOfFirstMessage = 20
const stepsPerMessage = 200
const charactersPerMessage = 1_000_000

/** A big script travels alone. */
function lengthOf(parsed: ParsedScript): number {
  return parsed.pieces === undefined ? parsed.text.length : charactersPerMessage
}

/** Steps of one transaction, in messages of a size that is quick to send and cheap to hold. */
export function pack(steps: readonly PlanStep[]): readonly Parcel[] {
  const parcels: PlanStep[][] = []
  let open: PlanStep[] = []
  let characters = 0
  for (const step of steps) {
    const length = step.scripts.reduce((sum, { parsed }) => sum + lengthOf(parsed), 0)
    // The first is small, so that the server has something to do while the second is written.
    const most = parcels.length === 0 ? stepsOfFirstMessage : stepsPerMessage
    if (open.length > 0 && (open.length >= most || characters + length > charactersPerMessage)) {
      parcels.push(open)
      open = []
      characters = 0
    }
    open.push(step)
    characters += length
  }
  parcels.push(open)
  return parcels.map((steps, index) => ({ steps, begins: index === 0, commits: index === parcels.length - 1 }))
}
