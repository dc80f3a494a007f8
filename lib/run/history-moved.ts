import { SchemawayError } from '../errors/schemaway-error.js'
import type { StepResult } from './send-steps.js'

/** How often a plan is made anew at the most, before it is said that there is no end to it. */
export const mostPlans = 1_000

/**
 * Another process wrote history or ledger after they were read, where the lock is held by single transactions. The transaction
 * that noticed it is rolled back, and the work can be planned anew.
 */
export class HistoryMoved extends SchemawayError {
  /** What was done before it was noticed; it is committed. */
  readonly results: readonly StepResult[]

  constructor(server: string, results: readonly StepResult[] = []) {
    super(
      'HISTORY_MOVED',
      `Another process changed the history of ${server} between two transactions of this command, so what was planned does not fit any ` +
        `more. ${results.length === 0 ? 'Nothing was changed.' : 'What is in `details` is done and recorded; the rest was not run.'} Look ` +
        'with info(), then run again if something is left to do.',
      { details: { server, ...describeResults(results) } },
    )
    this.results = results
  }
}

function describeResults(results: readonly StepResult[]): { applied?: readonly string[]; undone?: readonly string[] } {
  const of = (...actions: readonly string[]): readonly string[] =>
    results.filter(({ step }) => actions.includes(step.action)).map(({ step }) => step.reference.script)
  return results.length === 0 ? {} : { applied: of('apply', 'adopt'), undone: of('undo', 'drop') }
}

/**
 * Does work that plans by what it reads, and does it again from the beginning while others change that meanwhile.
 *
 * @throws HistoryMoved when it has done a part already.
 */
export async function untilSettled<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let plans = 1; ; plans += 1) {
    try {
      return await work()
    } catch (error) {
      const mayGoOn = error instanceof HistoryMoved && error.results.length === 0 && plans < mostPlans
      if (!mayGoOn) throw error
    }
  }
}
