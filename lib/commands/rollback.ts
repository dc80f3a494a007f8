import type { RollbackOptions } from '../config/options.js'
import { readOptions } from '../config/read-options.js'
import type { RunReport } from './report.js'

/**
 * Undoes applied migrations, newest first, with their U files, or with the text that the ledger kept when the file is
 * gone. Only migrations of the selected modules are touched.
 *
 * Without `steps`, `to` or `run` the newest applied version is undone. Around each undo, repeatable objects of the module
 * and of those that require it are dropped and, where what they require is still there, run again.
 *
 * @param options as for `migrate()`, and `steps`, `to` (that version stays; `'empty'` undoes everything), `run: 'last'`,
 *   `allowDataLoss`.
 * @returns what was undone, in order.
 * @throws SchemawayError `VERSION_NOT_APPLIED`, `UNDO_MISSING`, `MODULE_REQUIRED`, `LEDGER_BROKEN` before anything is
 *   written; `DATA_LOSS_REFUSED` when a table that holds rows would go; otherwise as `migrate()`.
 * @example
 * await rollback({ url })                            // the newest version
 * await rollback({ url, to: '20260105.100100' })     // everything newer than that
 * await rollback({ url, run: 'last' })               // what the latest migrate() applied
 */
export async function rollback(options: RollbackOptions): Promise<RunReport> {
  const started = performance.now()
  const config = await readOptions('rollback', options)
  const { runRollback } = await import('./run-rollback.js')
  return await runRollback(config, options, started)
}
