import { explainOptions } from '../config/explain-options.js'
import type { AdoptOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import type { DatabaseState } from '../history/history-row.js'
import { insertHistorySql } from '../history/history-table.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import { quoteLiteral } from '../history/quote-sql.js'
import { type AdoptedFile, findAdopted } from '../plan/find-adopted.js'
import { loadScripts } from '../plan/load-scripts.js'
import { createPlanContext, type PlanContext } from '../plan/plan-context.js'
import { planAdopt, referenceOf } from '../plan/plan-migrate.js'
import { indexUndoFiles } from '../plan/undo-source.js'
import { openRun, type Run } from '../run/open-run.js'
import { grantToOwnerRole, prepareHistory, refuseUnsuitableServer } from '../run/prepare-history.js'
import { readForeignRecord, refuseAdoption } from '../run/read-foreign-record.js'
import { readState } from '../run/read-state.js'
import { translateError } from '../run/translate-error.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { compareVersions } from '../scripts/version.js'
import type { AdoptReport } from './report.js'

/** The part of adopt() that is loaded only when it is called. */
export async function runAdopt(config: Config, options: AdoptOptions, started: number): Promise<AdoptReport> {
  explainOptions('adopt', options)
  const bundled = new Set(config.selection.modules.filter(({ isBundled }) => isBundled).map(({ name }) => name))
  const files = (await loadScripts(config.selection, config)).filter(({ module }) => !bundled.has(module))
  const run = await openRun(config)
  try {
    const { state } = await readState(run.session, run.place, config.roles.owner)
    refuseUnsuitableServer(run, state)
    refuseUsedHistory(run, state)
    const { adopted, problems } = findAdopted(await readForeignRecord(run, state.sessionUser), files)
    if (problems.length > 0) throw refuseAdoption(run, problems)
    const context = createPlanContext(config, config.selection.modules, state)
    if (!config.preview) await record(run, adopted, { files, context })
    const milliseconds = Math.round(performance.now() - started)
    run.emit({ type: 'finished', run: config.preview ? null : run.id, milliseconds })
    return {
      command: 'adopt',
      server: run.session.display,
      run: config.preview ? null : run.id,
      preview: config.preview,
      adopted: adopted.map(({ file }) => referenceOf(file)),
      pending: pendingAfter(files, adopted),
      milliseconds,
    }
  } catch (error) {
    throw translateError(error, 'taking over what another tool applied', run.session.display)
  } finally {
    await run.close()
  }
}

/** Only a row about the schema of the history itself may be there. */
function refuseUsedHistory(run: Run, { rows }: DatabaseState): void {
  const count = (rows ?? []).filter(({ type }) => type !== 'SCHEMA').length
  if (count === 0) return
  const message =
    `${run.place.history} is a history already, with ${count} ${count === 1 ? 'row' : 'rows'}; go on with migrate(), or, if ` +
    'another database was meant, correct the URL, or choose another `table`'
  throw refuseAdoption(run, [{ kind: 'HISTORY_NOT_EMPTY', message }])
}

/** Writes history and ledger, in one transaction. */
async function record(
  run: Run,
  adopted: readonly AdoptedFile[],
  { files, context }: { readonly files: readonly ScriptFile[]; readonly context: PlanContext },
): Promise<void> {
  const undoFiles = indexUndoFiles(files)
  const { firstRank } = await prepareHistory(run)
  const steps = adopted.map(({ file }, index) =>
    planAdopt(file, { rank: firstRank + index, undo: undoFiles.find(file), context }),
  )
  if (steps.length > 0) {
    const executionTimes = steps.map(() => '0')
    const rows = steps.flatMap(({ historyRows }) => historyRows)
    const entries = steps.flatMap(({ ledgerEntries }) => ledgerEntries).map((draft) => run.completeEntry(draft))
    const ledger = insertLedgerSql(run.place, entries, run.ledgerHash, executionTimes)
    await run.writeAsHistoryRole([
      insertHistorySql(run.place, rows, { executionTimes, installedBy: run.installedBy }),
      ...setTimesSql(run, adopted, firstRank),
      ledger.sql,
    ])
    run.ledgerHash = ledger.hash
  }
  await grantToOwnerRole(run)
}

/** History says when each migration was really applied, where the other tool knew. */
function setTimesSql({ place }: Run, adopted: readonly AdoptedFile[], firstRank: number): readonly string[] {
  const times = adopted.flatMap(({ appliedOn }, index) =>
    appliedOn === null ? [] : [`(${firstRank + index}, ${quoteLiteral(appliedOn)}::timestamp)`],
  )
  if (times.length === 0) return []
  return [
    `UPDATE ${place.history} SET installed_on = t.applied_on FROM (VALUES ${times.join(', ')}) AS t (rank, applied_on) ` +
      'WHERE installed_rank = t.rank',
  ]
}

/** What the next migrate() finds: versions in order, then repeatables. */
function pendingAfter(files: readonly ScriptFile[], adopted: readonly AdoptedFile[]): readonly string[] {
  const done = new Set(adopted.map(({ file }) => file))
  const open = files.filter((file) => !done.has(file) && (file.kind === 'versioned' || file.kind === 'repeatable'))
  return open.toSorted(byOrderOfRunning).map(({ script }) => script)
}

function byOrderOfRunning(one: ScriptFile, other: ScriptFile): number {
  if (one.version !== null && other.version !== null) return compareVersions(one.version, other.version)
  if (one.version !== null || other.version !== null) return one.version === null ? 1 : -1
  return one.description < other.description ? -1 : 1
}
