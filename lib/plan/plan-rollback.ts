import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import { type LedgerRow, noUndo } from '../history/ledger-entry.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { Module } from '../modules/define-module.js'
import type { ScriptReference } from '../run/events.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { AppliedRepeatables, type RepeatableDrop } from './applied-repeatables.js'
import { type Dependents, indexDependents, refuseRequiredModules } from './dependent-modules.js'
import type { LedgerDraft, Plan, PlannedScript, PlanStep } from './plan.js'
import { createPlanContext, type PlanContext } from './plan-context.js'
import { planApply, programOf, referenceOf, withoutDown } from './plan-migrate.js'
import { RemainingVersions } from './remaining-versions.js'
import { type AppliedVersion, addAttachedLinks, appliedBaselines, appliedVersions, selectUndo } from './select-undo.js'
import { createUndoSource, type UndoSource } from './undo-source.js'

export interface RollbackInput {
  readonly config: Config
  /** Scripts of every module that may be touched: selected ones and bundled ones that are installed. */
  readonly files: readonly ScriptFile[]
  /** Every module whose definition is known. */
  readonly modules: readonly Module[]
  readonly selected: ReadonlySet<string>
  readonly statuses: readonly MigrationStatus[]
  readonly state: DatabaseState
  readonly ledger: readonly LedgerRow[]
  /** Rank of the first new history row. */
  readonly firstRank: number
}

/**
 * Turns a rollback into steps, one per undone version, newest first. Around each undo the repeatable objects of the
 * module, and of those that require it, are dropped and, where what they require is still applied, run again.
 *
 * @throws SchemawayError `VERSION_NOT_APPLIED`, `UNDO_MISSING`, `MODULE_REQUIRED` before anything is written; codes
 *   about scripts, such as `UNKNOWN_PLACEHOLDER`, for a faulty undo text.
 */
export function planRollback(input: RollbackInput): Plan {
  const { config, files, modules, statuses, selected, state, ledger } = input
  const undoSource = createUndoSource(files, ledger)
  const dependents = indexDependents(modules, ledger)
  const context = createPlanContext(config, modules, state)
  const installed = appliedVersions(statuses)
  const baselines = appliedBaselines(statuses)

  const { attached = new Set() } = config.selection
  const candidates = installed.filter((one) => selected.has(one.module) && !attached.has(one.module))
  const chosen = selectUndo(config, candidates, baselines, ledger)
  const links = modules.filter((module) => attached.has(module.name))
  const undone = addAttachedLinks(chosen, installed, links)
  const repeatables = new AppliedRepeatables(statuses, { selected, undoSource })
  refuseRequiredModules(undone, [...installed, ...baselines, ...repeatables.unselected], dependents)
  refuseMissingUndo(undone, undoSource)

  const remaining = new RemainingVersions([...installed, ...baselines])
  const planner = { undoSource, dependents, context, remaining, repeatables }
  let rank = input.firstRank
  const steps = undone.map((one) => {
    remaining.remove(one)
    const step = planUndo(one, planner, rank)
    rank += step.historyRows.length
    return step
  })
  if (config.to === 'empty') {
    const rest = planDropOfRest(selected, planner)
    if (rest !== null) steps.push(rest)
  }
  return { steps }
}

interface Planner {
  readonly undoSource: UndoSource
  readonly dependents: Dependents
  readonly context: PlanContext
  readonly remaining: RemainingVersions
  readonly repeatables: AppliedRepeatables
}

function planUndo(one: AppliedVersion, planner: Planner, firstRank: number): PlanStep {
  const { context, remaining, repeatables } = planner
  const affected = new Set([one.module, ...planner.dependents(one.module)])
  const changes = repeatables.around(affected, remaining)
  const source = planner.undoSource(one)
  if (source === null) throw new TypeError(`no undo for ${one.script}`)
  const again = changes.runAgain.map(({ file, source }, index) =>
    planApply(file, { rank: firstRank + index, undo: source, context }),
  )
  return {
    action: 'undo',
    reference: referenceOfStatus(one),
    scripts: [
      ...planDrops(changes.drop, context),
      planScript(source, 'undo', referenceOfStatus(one), context),
      ...again.flatMap((step) => step.scripts),
    ],
    ...(one.file !== null && withoutDown(one.file, source)),
    removeRanks: [one.row.installedRank, ...changes.removeRanks],
    removeRepeatables: changes.removeRepeatables,
    historyRows: again.flatMap((step) => step.historyRows),
    ledgerEntries: [
      ...changes.gone.map((status) => describeForLedger(status, 'dropped', context)),
      describeForLedger(one, 'undone', context),
      ...again.flatMap((step) => step.ledgerEntries),
    ],
  }
}

/** What `to: 'empty'` leaves to do when a module has repeatables but no versions (any more). */
function planDropOfRest(selected: ReadonlySet<string>, planner: Planner): PlanStep | null {
  const { context, remaining, repeatables } = planner
  const emptied = new Set([...selected].filter((module) => !remaining.hasModule(module)))
  const changes = repeatables.around(emptied, new RemainingVersions([]))
  const [first] = changes.gone
  if (first === undefined) return null
  return {
    action: 'drop',
    reference: referenceOfStatus(first),
    scripts: planDrops(changes.drop, context),
    removeRanks: changes.removeRanks,
    removeRepeatables: changes.removeRepeatables,
    historyRows: [],
    ledgerEntries: changes.gone.map((status) => describeForLedger(status, 'dropped', context)),
  }
}

function planDrops(drops: readonly RepeatableDrop[], context: PlanContext): readonly PlannedScript[] {
  return drops.map(({ status, source }) => planScript(source, 'drop', referenceOfStatus(status), context))
}

function planScript(
  source: ScriptFile,
  action: 'undo' | 'drop',
  subject: ScriptReference,
  context: PlanContext,
): PlannedScript {
  return {
    action,
    reference: { ...subject, script: source.script },
    parsed: context.parse(source),
    file: source.file,
    searchPath: context.searchPathOf(subject.module),
    ...programOf(source),
  }
}

function refuseMissingUndo(undone: readonly AppliedVersion[], undoSource: UndoSource): void {
  const missing = undone.filter((one) => undoSource(one) === null)
  if (missing.length === 0) return
  const problems = missing.map((one) => ({
    kind: 'UNDO_MISSING',
    message: `${one.script} (version ${one.version.text}${one.row.type === 'SCRIPT' ? ', a program: its file is needed' : ''})`,
    script: one.script,
    module: one.module,
    version: one.version.text,
  }))
  throw new SchemawayError(
    'UNDO_MISSING',
    `Nothing says how to undo ${problems.map((problem) => problem.message).join(', ')}: there is no U file beside it, and ` +
      'the ledger kept none when it was applied. Write the U file, or fix the database forward with a new migration. ' +
      'Nothing was changed.',
    { details: { problems } },
  )
}

function referenceOfStatus(status: MigrationStatus): ScriptReference {
  if (status.file !== null) return referenceOf(status.file)
  return {
    script: status.script,
    module: status.module,
    version: status.version?.text ?? null,
    description: status.description,
  }
}

function describeForLedger(status: MigrationStatus, event: 'undone' | 'dropped', context: PlanContext): LedgerDraft {
  return {
    event,
    module: status.module,
    moduleRequires: context.requirementsOf(status.module),
    kind: status.version === null ? 'repeatable' : 'versioned',
    version: status.version?.text ?? null,
    description: status.description,
    script: status.script,
    installedRank: status.row?.installedRank ?? null,
    checksum: status.row?.checksum ?? null,
    sha256: null,
    ...noUndo,
    error: null,
  }
}
