import { SchemawayError } from '../errors/schemaway-error.js'
import {
  findUnfinished,
  isSameScript,
  noProgress,
  type ProgressRow,
  readProgressSql,
  type ScriptProgress,
  standsOn,
  type UnfinishedScript,
} from '../history/script-progress.js'
import type { Module } from '../modules/define-module.js'
import { locationsModule } from '../modules/select-modules.js'
import type { PlannedScript, PlanStep } from '../plan/plan.js'
import { describeReference } from './describe-reference.js'
import type { Run } from './open-run.js'
import { askAsHistoryRole } from './read-ledger.js'
import { refuseOutsideOfTransactions, scriptsOutside } from './refuse-outside.js'
import { backfillOf, refuseReplacedProgram } from './refuse-replaced-program.js'
import { findObstacle, refuseObstacle, settleCall } from './refuse-resume.js'
import { UnitRunner } from './run-units.js'
import type { StepSender } from './send-steps.js'
import { hashOfSource } from './unit-hashes.js'

/**
 * Prepares the scripts of a plan that run outside a transaction, so that what cannot go on stops the run before it starts.
 *
 * @param steps those with scripts.
 * @throws SchemawayError `INVALID_SCRIPT`, `VALIDATION_FAILED`.
 */
export async function prepareUnits(
  steps: readonly PlanStep[],
  { sender, run }: { readonly sender: StepSender; readonly run: Run },
): Promise<ReadonlyMap<PlanStep, UnitRunner>> {
  const runners = new Map<PlanStep, UnitRunner>()
  const { transaction, selection } = run.config
  const outside = steps.flatMap((step) => {
    const script = step.scripts.find(({ parsed }) => parsed.units !== null)
    return script === undefined ? [] : [{ step, script }]
  })
  refuseOutside(outside, transaction)
  refuseOutsideOfTransactions(run, scriptsOutside(steps))
  if (steps.length === 0) return runners
  const unfinished = await readUnfinished(run)
  refuseUndoBelow(steps, unfinished, selection.modules)
  for (const step of steps.filter(({ action }) => action === 'apply')) {
    const own = findOwn(step, unfinished)
    if (own !== undefined) refuseReplacedProgram(step, own)
    const script = outside.find((one) => one.step === step)?.script
    if (script === undefined) refuseBeginningAnew(step, unfinished)
    else
      runners.set(
        step,
        new UnitRunner(step, script, { sender, run, ...prepareScript(step, script, { unfinished, steps, run }) }),
      )
  }
  return runners
}

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
          ...describeReference(script.reference),
        })),
      },
    },
  )
}

/** What is to be done with a script outside a transaction. */
interface UnitsToRun {
  readonly progress: ScriptProgress
  /** Why it begins anew although an earlier run did a part of it; null when it goes on. */
  readonly anew: string | null
}

/**
 * Finds out where a script outside a transaction begins. A repeatable, which may run any number of times, begins anew when it
 * cannot go on.
 *
 * @param known.unfinished every script that an earlier run did not finish.
 * @param known.steps all of the plan.
 * @throws SchemawayError `VALIDATION_FAILED` when it cannot go on by itself.
 */
function prepareScript(
  step: PlanStep,
  script: PlannedScript,
  known: { readonly unfinished: readonly UnfinishedScript[]; readonly steps: readonly PlanStep[]; readonly run: Run },
): UnitsToRun {
  const { unfinished, steps, run } = known
  const own = findOwn(step, unfinished)
  if (own === undefined) {
    const withoutFile = unfinished.filter((one) => steps.every((other) => findOwn(other, [one]) === undefined))
    refuseOtherVersion(step, script, withoutFile)
    return { progress: noProgress, anew: null }
  }
  // A repeatable in the place of a program, whose progress is another's.
  if (backfillOf(own) !== null) return { progress: noProgress, anew: null }
  const { progress } = own
  const obstacle = findObstacle(script, progress, run.config.placeholders)
  if (obstacle === null) return { progress, anew: null }
  if (step.reference.version !== null) refuseObstacle(script, obstacle)
  // What may run any number of times needs no answer.
  if (obstacle.kind === 'STATEMENT_OUTCOME_UNKNOWN') return { progress, anew: null }
  return { progress, anew: obstacle.message }
}

/** A half-done file that got another version would do again what is done. */
function refuseOtherVersion(step: PlanStep, script: PlannedScript, unfinished: readonly UnfinishedScript[]): void {
  const units = script.parsed.units ?? []
  const before = unfinished.find(({ module, progress: { done } }) => {
    const isSame = (hash: string | undefined, index: number): boolean => {
      const unit = units[index]
      return unit !== undefined && hash === hashOfSource(script, unit)
    }
    return (
      module === step.reference.module &&
      done.some((_, index) => units[index]?.transaction !== 'session') &&
      done.every(({ sha256 }, index) => isSame(sha256, index))
    )
  })
  if (before === undefined) return
  const reference = describeReference(step.reference)
  const message =
    `${reference.script} begins with the ${before.progress.done.length} parts that are done of ${before.script}, which ran outside a transaction ` +
    'and stopped half-way'
  throw new SchemawayError(
    'VALIDATION_FAILED',
    `${message}. If it is the same file, give it back its version, so that it goes on. If it is not, or if what was done is undone ` +
      `by hand, call ${settleCall(before, 'restart')}. Nothing was changed.`,
    { details: { ...reference, problems: [{ kind: 'UNFINISHED_SCRIPT_RENAMED', message, ...reference }] } },
  )
}

/**
 * Refuses a script that stopped half-way outside a transaction and now runs inside one: it would begin anew.
 *
 * @throws SchemawayError `VALIDATION_FAILED`.
 */
function refuseBeginningAnew(step: PlanStep, unfinished: readonly UnfinishedScript[]): void {
  const own = findOwn(step, unfinished)
  // A repeatable may.
  if (own === undefined || own.version === null) return
  const reference = describeReference(step.reference)
  const message = `${reference.script} ran outside a transaction and stopped half-way: ${describeDone(own)}. Now it would run inside one, from its beginning`
  throw new SchemawayError(
    'VALIDATION_FAILED',
    `${message}. Put "-- schemaway: transaction=none" at its top and leave the parts that are done as they were; or undo them ` +
      `by hand and call ${settleCall(own, 'restart')}. Nothing was changed.`,
    { details: { ...reference, problems: [{ kind: 'EXECUTED_STATEMENT_CHANGED', message, ...reference }] } },
  )
}

/**
 * Refuses to undo what a script that stopped half-way may stand on: it would go on later as if nothing had happened.
 *
 * @param modules definitions that say who requires whom.
 * @throws SchemawayError `VALIDATION_FAILED`.
 */
function refuseUndoBelow(
  steps: readonly PlanStep[],
  unfinished: readonly UnfinishedScript[],
  modules: readonly Module[],
): void {
  const undone = new Set(steps.filter(({ action }) => action === 'undo').map(({ reference }) => reference.module))
  if (undone.size === 0) return
  const requires = new Map(unfinished.map((one) => [one.module, one.moduleRequires]))
  for (const module of modules) requires.set(module.name, module.requires)
  // Scripts of no module may stand on any; a repeatable begins anew by itself.
  const blocking = unfinished.find(
    ({ module, version }) => version !== null && (module === locationsModule || standsOn(module, undone, requires)),
  )
  if (blocking === undefined) return
  const reference = describeReference(blocking)
  const message =
    `${reference.script} runs outside a transaction and stopped half-way: ${describeDone(blocking)}; they may stand on ` +
    'what would be undone'
  throw new SchemawayError(
    'VALIDATION_FAILED',
    `${message}. Let migrate() finish it first, with its file in place; or undo by hand what is done and call ${settleCall(blocking, 'restart')}, behind ` +
      'which nothing counts as done. Nothing was changed.',
    { details: { ...reference, problems: [{ kind: 'UNFINISHED_SCRIPT', message, ...reference }] } },
  )
}

function describeDone(one: UnfinishedScript): string {
  const { done, begun } = one.progress
  const backfill = backfillOf(one)
  const parts = backfill === null ? `${done.length} of its parts are done` : `its backfill ${backfill} is done in part`
  if (begun === null) return parts
  const { statement, line } = begun.details ?? { statement: 1, line: 1 }
  const index = begun.details?.index === undefined ? '' : ', which may have left an invalid index'
  return `${parts}, and its statement ${statement} in line ${line} was begun${index}`
}

/** What the ledger knows of scripts that are not finished. */
export async function readUnfinished(run: Run): Promise<readonly UnfinishedScript[]> {
  const { rows } = await askAsHistoryRole<{ rows: string }>(run, readProgressSql(run.place))
  const requires = new Map(run.config.selection.modules.map((module) => [module.name, module.requires]))
  return findUnfinished(JSON.parse(rows) as ProgressRow[], requires)
}

function findOwn({ ledgerEntries }: PlanStep, unfinished: readonly UnfinishedScript[]): UnfinishedScript | undefined {
  const [entry] = ledgerEntries
  return entry === undefined ? undefined : unfinished.find((one) => isSameScript(one, entry))
}
