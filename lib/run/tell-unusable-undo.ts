import type { PlanStep } from '../plan/plan.js'
import type { Emit } from './emit.js'

/** Tells of scripts that are kept to undo others and could not. */
export function tellUnusableUndo(emit: Emit, steps: readonly Pick<PlanStep, 'reference' | 'unusableUndo'>[]): void {
  for (const { reference, unusableUndo } of steps) {
    if (unusableUndo !== undefined) emit({ type: 'undoUnusable', script: reference.script, ...unusableUndo })
  }
}
