import { SchemawayError } from '../errors/schemaway-error.js'
import type { UnfinishedScript } from '../history/script-progress.js'
import type { PlanStep } from '../plan/plan.js'
import { describeReference } from './describe-reference.js'
import { settleCall } from './refuse-resume.js'

/** Name of the backfill that is done in part, where what stopped half-way was a program; null where it was SQL. */
export function backfillOf({ progress }: UnfinishedScript): string | null {
  return progress.done.find(({ details }) => details?.backfill !== undefined)?.details?.backfill ?? null
}

/**
 * Refuses what would run in the place of a program outside a transaction whose backfill is half-done: SQL, or the program itself inside a
 * transaction. It knows nothing of how far that came.
 *
 * @throws SchemawayError `VALIDATION_FAILED`.
 */
export function refuseReplacedProgram(step: PlanStep, own: UnfinishedScript): void {
  const backfill = backfillOf(own)
  // A repeatable may run any number of times.
  if (backfill === null || own.version === null) return
  const reference = describeReference(step.reference)
  const isProgram = step.scripts.some(({ program }) => program !== undefined)
  const message =
    `${own.script} ran outside a transaction and stopped half-way: its backfill "${backfill}" is done in part. Now ` +
    (isProgram
      ? `${reference.script} would run inside one, where a backfill cannot go on`
      : `${reference.script} would run in its place`)
  const back = isProgram ? "Write export const transaction = 'none' into it" : `Put ${own.script} back`
  throw new SchemawayError(
    'VALIDATION_FAILED',
    `${message}. ${back}, so that it goes on; or undo by hand what is done and call ${settleCall(own, 'restart')}. Nothing was changed.`,
    { details: { ...reference, problems: [{ kind: 'EXECUTED_STATEMENT_CHANGED', message, ...reference }] } },
  )
}
