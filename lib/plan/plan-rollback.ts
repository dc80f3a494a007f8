import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import type { LedgerRow } from '../history/ledger-entry.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { Module } from '../modules/define-module.js'
import type { ScriptReference } from '../run/events.js'
import { parseScript } from '../scripts/parse-script.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { AppliedRepeatables } from './applied-repeatables.js'
import { modulesThatRequire, refuseRequiredModules } from './dependent-modules.js'
import { placeholderValues } from './placeholder-values.js'
import type { LedgerDraft, Plan, PlannedScript, PlanStep } from './plan.js'
import { planApply, referenceOf } from './plan-migrate.js'
import { searchPathOf } from './search-path.js'
import { type AppliedVersion, appliedVersions, selectUndo } from './select-undo.js'
import { findUndoInLedger, indexUndoFiles, type UndoFiles } from './undo-source.js'

export interface RollbackInput {
  readonly config: Config
  /** Scripts of every module that may be touched: selected ones and bundled ones that are installed. */
  readonly files: readonly ScriptFile[]
  readonly modules: readonly Module[]
  readonly selected: ReadonlySet<string>
  readonly statuses: readonly MigrationStatus[]
  readonly state: DatabaseState
  readonly ledger: readonly LedgerRow[]
  readonly firstRank: number
}

interface Context extends RollbackInput {
  readonly undoFiles: UndoFiles
  readonly values: ReturnType<typeof placeholderValues>
}

/**
 * Turns a rollback into steps, one per undone version, newest first. Around each undo the repeatable objects of the
 * module, and of those that require it, are dropped and, where what they require is still applied, run again.
 *
 * @throws SchemawayError `VERSION_NOT_APPLIED`, `UNDO_MISSING`, `MODULE_REQUIRED` before anything is written.
 */
export function planRollback(given: RollbackInput): Plan {
  const input: Context = {
    ...given,
    undoFiles: indexUndoFiles(given.files),
    values: placeholderValues(given.config, given.state),
  }
  const { config, statuses, selected, ledger } = input
  const installed = appliedVersions(statuses)
  const candidates = installed.filter((one) => selected.has(one.module))
  const undone = selectUndo(config, candidates, ledger)
  refuseRequiredModules(undone, installed, input)
  refuseMissingUndo(undone, input)

  const remaining = new Set(installed)
  const repeatables = new AppliedRepeatables(statuses, input)
  let rank = input.firstRank
  const steps = undone.map((one) => {
    remaining.delete(one)
    const step = planUndo(one, remaining, repeatables, input, rank)
    rank += step.historyRows.length
    return step
  })
  if (config.to === 'empty') {
    const rest = planDropOfRest(repeatables, input)
    if (rest !== null) steps.push(rest)
  }
  return { steps }
}

function planUndo(
  one: AppliedVersion,
  remaining: ReadonlySet<AppliedVersion>,
  repeatables: AppliedRepeatables,
  input: Context,
  firstRank: number,
): PlanStep {
  const affected = new Set([one.module, ...modulesThatRequire(one.module, input)])
  const changes = repeatables.around(affected, remaining)
  const source = undoSource(one, input)
  if (source === null) throw new TypeError(`no undo for ${one.script}`)
  const undo = plannedScript(source, 'undo', referenceOfStatus(one), input)
  const again = changes.runAgain.map((file, index) =>
    planApply(file, {
      config: { ...input.config, selection: { ...input.config.selection, modules: input.modules } },
      undoFiles: input.undoFiles,
      state: input.state,
      values: input.values,
      rank: firstRank + index,
    }),
  )
  return {
    action: 'undo',
    reference: referenceOfStatus(one),
    scripts: [
      ...changes.drop.map((drop) => plannedScript(drop.source, 'drop', referenceOfStatus(drop.status), input)),
      undo,
      ...again.flatMap((step) => step.scripts),
    ],
    removeRanks: [one.row.installedRank, ...changes.removeRanks],
    removeRepeatables: changes.removeRepeatables,
    historyRows: again.flatMap((step) => step.historyRows),
    ledgerEntries: [
      ...changes.gone.map((status) => draftOf(status, 'dropped', input)),
      draftOf(one, 'undone', input),
      ...again.flatMap((step) => step.ledgerEntries),
    ],
  }
}

/** What `to: 'empty'` leaves to do when a module has repeatables but no versions (any more). */
function planDropOfRest(repeatables: AppliedRepeatables, input: Context): PlanStep | null {
  const changes = repeatables.around(input.selected, new Set())
  const [first] = changes.gone
  if (first === undefined) return null
  return {
    action: 'drop',
    reference: referenceOfStatus(first),
    scripts: changes.drop.map((drop) => plannedScript(drop.source, 'drop', referenceOfStatus(drop.status), input)),
    removeRanks: changes.removeRanks,
    removeRepeatables: changes.removeRepeatables,
    historyRows: [],
    ledgerEntries: changes.gone.map((status) => draftOf(status, 'dropped', input)),
  }
}

function plannedScript(
  source: ScriptFile,
  action: 'undo' | 'drop',
  subject: ScriptReference,
  { config, modules, state, values }: Context,
): PlannedScript {
  return {
    action,
    reference: { ...subject, script: source.script },
    parsed: parseScript(source, values(source)),
    file: source.file,
    searchPath: searchPathOf(subject.module, modules, config, state),
  }
}

function undoSource(one: MigrationStatus, input: Context): ScriptFile | null {
  return input.undoFiles.find(one) ?? findUndoInLedger(input.ledger, one.script, one.module)
}

function refuseMissingUndo(undone: readonly AppliedVersion[], input: Context): void {
  const missing = undone.filter((one) => undoSource(one, input) === null)
  if (missing.length === 0) return
  const problems = missing.map((one) => ({
    kind: 'UNDO_MISSING',
    message: `${one.script} (version ${one.version.text})`,
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

function draftOf(status: MigrationStatus, event: 'undone' | 'dropped', { modules }: Context): LedgerDraft {
  return {
    event,
    module: status.module,
    moduleRequires: modules.find((one) => one.name === status.module)?.requires ?? [],
    kind: status.version === null ? 'repeatable' : 'versioned',
    version: status.version?.text ?? null,
    description: status.description,
    script: status.script,
    installedRank: status.row?.installedRank ?? null,
    checksum: status.row?.checksum ?? null,
    sha256: null,
    undoScript: null,
    undoText: null,
    placeholders: [],
    error: null,
  }
}
