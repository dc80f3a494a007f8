import type { PlannedScript, PlanStep } from '../plan/plan.js'
import type { OutsideRunner } from '../run/execute-plan.js'
import type { Run } from '../run/open-run.js'
import { refuseOutside } from '../run/prepare-units.js'
import { refuseOutsideOfTransactions } from '../run/refuse-outside.js'
import type { RunProgram, StepSender } from '../run/send-steps.js'
import { loadPrograms } from './load-programs.js'
import { OutsideProgram } from './outside-program.js'
import { ProgramRunner } from './run-programs.js'

/** What runs the programs of a plan. */
export interface PreparedPrograms {
  readonly runBehind: RunProgram
  /** Programs outside a transaction. */
  readonly outside: ReadonlyMap<PlanStep, OutsideRunner>
}

/**
 * Finds the programs of a plan that run outside a transaction.
 *
 * @throws SchemawayError as {@link preparePrograms}.
 */
export async function findOutsidePrograms(steps: readonly PlanStep[], run: Run): Promise<readonly PlannedScript[]> {
  const programs = await loadPrograms(steps, { session: run.session, signal: run.config.signal })
  return [...programs].flatMap(([script, { transaction }]) =>
    script.program === 'up' && transaction === 'none' ? [script] : [],
  )
}

/**
 * Loads the programs of a plan, and sorts out those that run outside a transaction.
 *
 * @throws SchemawayError `INVALID_SCRIPT`, `UNDO_MISSING`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function preparePrograms(
  steps: readonly PlanStep[],
  { sender, run }: { readonly sender: StepSender; readonly run: Run },
): Promise<PreparedPrograms> {
  const programs = await loadPrograms(steps, { session: run.session, signal: run.config.signal })
  const isOutside = (script: PlannedScript): boolean =>
    script.program === 'up' && programs.get(script)?.transaction === 'none'
  const found = steps.flatMap((step) => {
    const script = step.scripts.find(isOutside)
    return script === undefined ? [] : [{ step, script }]
  })
  refuseOutside(found, run.config.transaction)
  refuseOutsideOfTransactions(
    run,
    found.map(({ script }) => script),
  )
  const { runBehind } = new ProgramRunner(programs, run)
  const outside = found.map(({ step, script }) => [step, new OutsideProgram(step, script, { sender, run })] as const)
  return { runBehind, outside: new Map(outside) }
}
