import { SchemawayError } from '../errors/schemaway-error.js'
import {
  type ProgressRow,
  readProgressSql,
  type ScriptProgress,
  summariseProgress,
} from '../history/script-progress.js'
import type { PlannedScript, PlanStep } from '../plan/plan.js'
import type { Run } from './open-run.js'
import { askAsHistoryRole } from './prepare-history.js'

/**
 * Refuses scripts that cannot run in a transaction where one is needed: for everything together, or around an undo.
 *
 * @throws SchemawayError `INVALID_SCRIPT` with all of them.
 */
export function refuseOutside(
  outside: readonly { readonly step: PlanStep; readonly script: PlannedScript }[],
  transaction: 'each' | 'all',
): void {
  const wrong = outside.filter(({ step }) => transaction === 'all' || step.action !== 'apply')
  const [first] = wrong
  if (first === undefined) return
  const names = wrong.map(({ script }) => script.reference.script)
  const why =
    transaction === 'all'
      ? "`transaction: 'all'` asks for one transaction around everything. Pass `transaction: 'each'` for this run, or leave them out of it."
      : 'a rollback runs them in the transaction of an undo. Write them without CONCURRENTLY, VACUUM and the like, or roll back by hand.'
  throw new SchemawayError(
    'INVALID_SCRIPT',
    `${names.join(', ')} ${names.length === 1 ? 'runs' : 'run'} outside a transaction, but ${why} Nothing was changed.`,
    {
      details: {
        script: first.script.reference.script,
        file: first.script.file,
        problems: wrong.map(({ script }) => ({
          kind: 'OUTSIDE_TRANSACTION',
          message: `${script.reference.script} runs outside a transaction`,
          script: script.reference.script,
          module: script.reference.module,
          ...(script.reference.version !== null && { version: script.reference.version }),
        })),
      },
    },
  )
}

/**
 * Refuses a script that stopped half-way outside a transaction and now runs inside one: it would begin anew.
 *
 * @throws SchemawayError `VALIDATION_FAILED`.
 */
export function refuseBeginningAnew(step: PlanStep, progress: ScriptProgress): void {
  if (progress.done.length === 0 && progress.begun === null) return
  const { script, module, version } = step.reference
  const reference = { script, module, ...(version !== null && { version }) }
  const message =
    `${script} ran outside a transaction and stopped half-way: ${progress.done.length} of its parts are done. Now it would run ` +
    'inside one, from its beginning'
  throw new SchemawayError(
    'VALIDATION_FAILED',
    `${message}. Put "-- schemaway: transaction=none" at its top and leave the parts that are done as they were; or undo them ` +
      'by hand and give the file another name. Nothing was changed.',
    { details: { ...reference, problems: [{ kind: 'EXECUTED_STATEMENT_CHANGED', message, ...reference }] } },
  )
}

/** What the ledger knows of scripts that are not finished, by script as history has it. */
export async function readProgress(run: Run): Promise<(script: string) => ScriptProgress> {
  const { rows } = await askAsHistoryRole<{ rows: string }>(run, readProgressSql(run.place))
  const all = JSON.parse(rows) as ProgressRow[]
  return (script) => summariseProgress(all.filter((row) => row.script === script))
}
