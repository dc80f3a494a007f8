import type { MigrateOptions } from '../config/options.js'
import { readOptions } from '../config/read-options.js'
import { refuseProblems } from '../plan/compare.js'
import { createEmit } from '../run/emit.js'
import { currentVersion } from './current-version.js'
import { look } from './look.js'
import type { RunReport } from './report.js'

/**
 * Brings a database to the state that its scripts describe.
 *
 * When nothing is pending, this costs one connection and one query: no lock is taken and nothing is written. Otherwise
 * one process at a time migrates, others wait and then find nothing left to do. Every migration commits together with
 * its history row, so a process that is killed leaves no half-done migration.
 *
 * @param options where the database is, which modules to install, and how; see `docs/configuration.md`.
 * @returns what was applied, in order.
 * @throws SchemawayError `INVALID_OPTIONS`, `INVALID_MODULES`, `INVALID_SCRIPT_NAMES`, `INVALID_SCRIPT` and other codes
 *   about files before anything is written; `VALIDATION_FAILED` when files and history disagree; `CONNECTION_FAILED`,
 *   `MISSING_PRIVILEGE`, `LOCK_WAIT_TIMEOUT`; `STATEMENT_FAILED`, `STATEMENT_BLOCKED`, `COMMIT_FAILED`,
 *   `TRANSACTION_ESCAPED` for the script that failed, with those before it applied; `ABORTED`.
 * @example
 * await migrate({ url: process.env.DATABASE_URL })
 * await migrate({ url, locations: 'db/migration', transaction: 'all' })
 */
export async function migrate(options: MigrateOptions): Promise<RunReport> {
  const started = performance.now()
  const config = await readOptions('migrate', options)
  const { comparison, server } = await look(config)
  refuseProblems(comparison.problems)
  if (comparison.pending.length > 0) {
    const { runMigrate } = await import('./run-migrate.js')
    return await runMigrate(config, options, started)
  }
  const milliseconds = Math.round(performance.now() - started)
  createEmit(config)({ type: 'finished', run: null, milliseconds })
  return {
    command: 'migrate',
    server,
    run: null,
    migrations: [],
    currentVersion: currentVersion(comparison.statuses),
    milliseconds,
  }
}
