import { SchemawayError } from '../errors/schemaway-error.js'
import type { PlanStep } from '../plan/plan.js'
import type { Unit } from '../run/drive-with-umzug.js'
import type { Callbacks } from './callbacks.js'
import { eachEventsOf } from './each-events.js'

/**
 * Puts around the units of a run, one for each step, what runs in transactions of its own: what comes between versions
 * and repeatables, what follows a failure, and the callbacks of files that run outside a transaction.
 */
export function surroundUnits(
  units: readonly Unit[],
  steps: readonly PlanStep[],
  callbacks: Callbacks,
  runsOutside: (step: PlanStep) => boolean,
): readonly Unit[] {
  const { command } = callbacks.config
  const events = eachEventsOf(command)
  const boundary = command === 'migrate' ? steps.findIndex(({ reference }) => reference.version === null) : -1
  return units.flatMap((unit, index) => {
    const step = steps[index]
    if (step === undefined) return [unit]
    const run = async (): Promise<void> => {
      const isOutside = runsOutside(step)
      const facts = { migration: step.reference }
      if (isOutside && (callbacks.has(events.beforeStatement) || callbacks.has(events.afterStatement))) {
        callbacks.warnOfStatements(step.reference.script)
      }
      if (isOutside) await callbacks.fire(events.before, facts)
      await tellFailure(callbacks, [step], unit.run)
      if (isOutside) await callbacks.fire(events.after, facts)
    }
    const surrounded = { name: unit.name, run }
    return index === boundary ? [boundaryUnit(callbacks), surrounded] : [surrounded]
  })
}

function boundaryUnit(callbacks: Callbacks): Unit {
  return {
    name: 'afterVersioned',
    run: async () => await callbacks.fireBoundary(),
  }
}

/**
 * Fires what follows the failure of a migration, once its transaction is rolled back. (In Flyway these callbacks run in
 * the transaction that is aborted, so they fail, and their failure hides what went wrong.)
 */
export async function tellFailure(
  callbacks: Callbacks,
  steps: readonly PlanStep[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const events = eachEventsOf(callbacks.config.command)
    const { script, statement, line, event } = error instanceof SchemawayError ? error.details : {}
    const step = steps.find(({ scripts, reference }) =>
      [reference, ...scripts.map((one) => one.reference)].some((one) => one.script === script),
    )
    const failed = step ?? (steps.length === 1 ? steps[0] : undefined)
    // Without the lock nothing may be committed any more. What another process did is no failure.
    const isOver = error instanceof SchemawayError && (error.code === 'LOCK_LOST' || error.code === 'HISTORY_MOVED')
    // A callback that fails is no migration that fails.
    if (failed !== undefined && event === undefined && !isOver) {
      const migration = failed.reference
      if (statement !== undefined && line !== undefined) {
        const facts = { migration, statement: { number: statement, line } }
        await callbacks.fireAfterError(events.statementError, error, facts)
      }
      await callbacks.fireAfterError(events.error, error, { migration })
    }
    throw error
  }
}
