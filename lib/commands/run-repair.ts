import { aroundCommand, aroundRepair } from '../callbacks/around-command.js'
import { hasCallbacks } from '../callbacks/has-callbacks.js'
import { explainOptions } from '../config/explain-options.js'
import type { RepairOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { insertHistorySql } from '../history/history-table.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import { quoteLiteral } from '../history/quote-sql.js'
import { compare } from '../plan/compare.js'
import { loadFiles } from '../plan/load-scripts.js'
import { createPlanContext } from '../plan/plan-context.js'
import { describeRepair, planRepair, type RepairStep } from '../plan/plan-repair.js'
import { untilSettled } from '../run/history-moved.js'
import { openRun, openWithoutLock, type Run } from '../run/open-run.js'
import { lookAtHistory, type PreparedHistory, readHistory, startLedger } from '../run/prepare-history.js'
import { translateError } from '../run/translate-error.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { type Look, whileListening } from './look.js'
import type { RepairReport } from './report.js'

/**
 * The part of repair() that is loaded only when it is called. It looks first: a preview needs no more, and where there is
 * nothing to repair no lock is taken.
 */
export async function runRepair(config: Config, options: RepairOptions, started: number): Promise<RepairReport> {
  explainOptions('repair', options)
  if (config.unfinished !== undefined) {
    return await (await import('./settle-unfinished.js')).settleUnfinished(config, config.unfinished, started)
  }
  const { files, callbacks } = await loadFiles(config.selection, config)
  const looking = await openWithoutLock(config)
  const { session } = looking
  const report = (run: Run | null, steps: readonly RepairStep[]): RepairReport => ({
    command: 'repair',
    server: session.display,
    run: run?.id ?? null,
    preview: config.preview,
    repairs: steps.map(({ row: _, ...repair }) => repair),
    unfinished: [],
    lock: run?.reportedLock ?? null,
    milliseconds: Math.round(performance.now() - started),
  })
  try {
    const seen = await whileListening(config, session, 'reading the history', async () =>
      stepsOf(config, files, await lookAtHistory(looking)),
    )
    const fires = !config.preview && hasCallbacks(callbacks, config)
    if (config.preview || (seen.length === 0 && !fires)) return report(null, seen)
    const { run, steps } = await repairUnderLock(config, { files, callbacks, session })
    const result = { ...report(steps.length === 0 ? null : run, steps), lock: run.reportedLock }
    run.emit({ type: 'finished', run: run.id, milliseconds: result.milliseconds })
    return result
  } finally {
    await session.close()
  }
}

/** What was seen without the lock may have changed since, so it is looked at anew. */
async function repairUnderLock(
  config: Config,
  { files, callbacks, session }: Pick<Look, 'files' | 'callbacks' | 'session'>,
): Promise<{ readonly run: Run; readonly steps: readonly RepairStep[] }> {
  const run = await openRun(config, session)
  const work = async (): Promise<readonly RepairStep[]> => {
    const history = await readHistory(run)
    const steps = stepsOf(config, files, history)
    if (steps.length > 0) {
      await startLedger(run, history)
      await write(run, steps, history.firstRank)
    }
    await run.checkLock(null)
    return steps
  }
  try {
    return { run, steps: await aroundCommand(run, callbacks, aroundRepair, () => untilSettled(work)) }
  } catch (error) {
    throw translateError(error, 'repairing the history', run.session.display)
  } finally {
    await run.close()
  }
}

function stepsOf(
  config: Config,
  files: readonly ScriptFile[],
  { state, modulesByScript }: PreparedHistory,
): readonly RepairStep[] {
  const { statuses } = compare(config, files, state, modulesByScript)
  const { checksumOf } = createPlanContext(config, config.selection.modules, state)
  return planRepair(config, statuses, checksumOf)
}

/** All of it in one transaction, with a line in the ledger for each row. */
async function write(run: Run, steps: readonly RepairStep[], firstRank: number): Promise<void> {
  let rank = firstRank
  const statements: string[] = []
  const entries = steps.map((step) => {
    const { action, installedRank } = step
    const newRank = action === 'mark-deleted' ? rank++ : installedRank
    statements.push(statementOf(run, step, newRank))
    return run.completeEntry(describeRepair(step, newRank))
  })
  const ledger = insertLedgerSql(run.place, entries, run.ledgerHash, null)
  try {
    await run.writeAsHistoryRole([...statements, ledger.sql])
  } catch (error) {
    throw translateError(error, 'repairing the history', run.session.display)
  }
  run.ledgerHash = ledger.hash
  for (const { row: _, ...repair } of steps) run.emit({ type: 'repaired', ...repair })
}

function statementOf(
  { place, installedBy }: Run,
  { action, installedRank, row, after }: RepairStep,
  rank: number,
): string {
  const ofRow = `WHERE installed_rank = ${installedRank}`
  if (action === 'remove' || after === null) return `DELETE FROM ${place.history} ${ofRow}`
  if (action === 'align') {
    return (
      `UPDATE ${place.history} SET description = ${quoteLiteral(after.description)}, type = ${quoteLiteral(after.type)}, ` +
      `checksum = ${after.checksum ?? 'NULL'} ${ofRow}`
    )
  }
  return insertHistorySql(place, [{ ...row, installedRank: rank, type: after.type }], {
    executionTimes: ['0'],
    installedBy,
  })
}
