import { SchemawayError } from '../errors/schemaway-error.js'
import type { StepResult } from './send-steps.js'

/** How often a plan is made anew at the most, before it is said that there is no end to it. */
export const mostPlans = 1_000

/** As {@link mostPlans}, where the lock keeps others away: what was read was damaged, which it hardly is twice. */
export const mostPlansByReading = 3

/**
 * Another process wrote history or ledger after they were read, where the lock is held by single transactions; or the ledger does not
 * end as it was read. The transaction that noticed it is rolled back, and the work can be planned anew.
 */
export class HistoryMoved extends SchemawayError {
  /** They hold the texts of scripts, with the values of placeholders in them. */
  readonly #results: readonly StepResult[]
  /** Whether a row was refused because it does not continue the ledger. */
  readonly isMisread: boolean

  constructor(server: string, results: readonly StepResult[] = [], isMisread = false) {
    const what = isMisread
      ? `The ledger of ${server} does not end as this command read it: another process wrote into it without the lock, or the answer was ` +
        'damaged on its way. What was planned does not fit.'
      : `Another process changed the history of ${server} between two transactions of this command, so what was planned does not fit any more.`
    super(
      'HISTORY_MOVED',
      `${what} ${results.length === 0 ? 'Nothing was changed.' : 'What is in `details` is done and recorded; the rest was not run.'} Look ` +
        'with info(), then run again if something is left to do.',
      { details: { server, ...describeResults(results) } },
    )
    this.#results = results
    this.isMisread = isMisread
  }

  /** What was done before it was noticed; it is committed. No property, so that nobody who logs the error shows it. */
  results(): readonly StepResult[] {
    return this.#results
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
      const mayGoOn =
        error instanceof HistoryMoved &&
        error.results().length === 0 &&
        plans < (error.isMisread ? mostPlansByReading : mostPlans)
      if (!mayGoOn) throw error
    }
  }
}
