import { aroundCommand, aroundUndo } from '../callbacks/around-command.js'
import { explainOptions } from '../config/explain-options.js'
import type { RollbackOptions, UndoOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import { findBrokenLink, type LedgerRow } from '../history/ledger-entry.js'
import { bundled, bundledModules } from '../modules/bundled.js'
import type { Module } from '../modules/define-module.js'
import { compare } from '../plan/compare.js'
import { loadFiles, loadScripts, selectedNames } from '../plan/load-scripts.js'
import { planRollback } from '../plan/plan-rollback.js'
import { executePlan } from '../run/execute-plan.js'
import { untilSettled } from '../run/history-moved.js'
import { openRun } from '../run/open-run.js'
import { readHistory, startLedger } from '../run/prepare-history.js'
import { readLedger } from '../run/read-ledger.js'
import { translateError } from '../run/translate-error.js'
import type { RunReport } from './report.js'
import { reportRun } from './report-run.js'

type RollbackResult = Pick<Parameters<typeof reportRun>[1], 'before' | 'results'>

/** The part of rollback() and undo() that is loaded only when they are called. */
export async function runRollback(
  config: Config,
  options: RollbackOptions | UndoOptions,
  started: number,
): Promise<RunReport> {
  explainOptions(config.command, options)
  const { locations } = config.selection
  const { files: selectedFiles, callbacks } = await loadFiles(config.selection, config)
  const run = await openRun(config)
  const rollBack = async (): Promise<RollbackResult> => {
    const history = await readHistory(run)
    const ledger = history.hasLedger ? await readLedger(run) : []
    refuseBrokenLedger(ledger)
    const others = installedBundledModules(history.state, config.selection.modules)
    const modules = [...config.selection.modules, ...others]
    const files = [...selectedFiles, ...(await loadScripts({ modules: others, locations: [] }, config))]
    // Compared over all modules whose files are known, so that repeatables of dependents can be run again.
    const wide: Config = { ...config, selection: { modules, locations } }
    const { statuses } = compare(wide, files, history.state, history.modulesByScript)
    const plan = planRollback({
      config,
      files,
      modules,
      selected: selectedNames(config.selection),
      statuses,
      state: history.state,
      ledger,
      firstRank: history.firstRank,
    })
    if (plan.steps.length > 0) await startLedger(run, history)
    return { before: statuses, results: await executePlan(plan, run) }
  }
  try {
    return await reportRun(run, {
      ...(await aroundCommand(run, callbacks, aroundUndo, () => untilSettled(rollBack))),
      started,
    })
  } catch (error) {
    throw translateError(error, 'rolling back', run.session.display)
  } finally {
    await run.close()
  }
}

/** Bundled modules that are in the database without being selected: their repeatables may depend on what is undone. */
function installedBundledModules(state: DatabaseState, selected: readonly Module[]): readonly Module[] {
  const prefixes = new Set(state.rows?.map(({ script }) => script.split('/')[0]))
  const isNeeded = ({ name }: { readonly name: string }): boolean =>
    prefixes.has(name) && !selected.some((module) => module.name === name)
  return bundled.some(isNeeded) ? bundledModules().filter(isNeeded) : []
}

/** The undo texts of the ledger are run as they stand, so nobody may have edited them unnoticed. */
function refuseBrokenLedger(ledger: readonly LedgerRow[]): void {
  const broken = findBrokenLink(ledger)
  if (broken === null) return
  throw new SchemawayError(
    'LEDGER_BROKEN',
    `The ledger was edited: row ${broken.id} (${broken.event} ${broken.script}) does not continue the hash chain. Undo texts of ` +
      'this ledger are not run. Restore the row from a backup, or delete the ledger rows and undo by hand. Nothing was changed.',
    { details: { script: broken.script } },
  )
}
