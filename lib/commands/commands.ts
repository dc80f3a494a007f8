import type {
  AssertOptions,
  InfoOptions,
  MaintainOptions,
  MigrateOptions,
  RollbackOptions,
  SeedOptions,
  ValidateOptions,
  WaitOptions,
} from '../config/options.js'
import { readOptions } from '../config/read-options.js'
import { currentVersion } from '../history/migration-state.js'
import { refuseProblems } from '../plan/compare.js'
import { look, startLooking } from './look.js'
import type { InfoReport, MaintainReport, MigratedReport, RunReport, SeedReport, ValidateReport } from './report.js'

// What a start-up needs that finds nothing to do stands here; everything else is loaded when it is called for, since
// loading a file costs more than most of what is in it.

/**
 * Brings a database to the state that its scripts describe.
 *
 * When nothing is pending, this costs one connection and one query: no lock is taken and nothing is written. Otherwise
 * one process at a time migrates, others wait and then find nothing left to do. Every migration commits together with
 * its history row, so a process that is killed leaves no half-done migration.
 *
 * A run that applied something then makes the month partitions of the bundled modules for `partitionsAhead` months. A
 * failure of that does not fail the command, since everything is applied and no row is lost by it: it is in
 * `upkeep.failures` of the report, and a warning to logger and listener.
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
  const found = await startLooking(config)
  const { comparison, server } = found
  try {
    refuseProblems(comparison.problems)
    if (comparison.pending.length > 0) {
      const { runMigrate } = await import('./run-migrate.js')
      return await runMigrate(config, options, found, started)
    }
  } finally {
    await found.session.close()
  }
  const milliseconds = Math.round(performance.now() - started)
  if (config.isObserved) {
    const { createEmit } = await import('../run/emit.js')
    createEmit(config)({ type: 'finished', run: null, milliseconds })
  }
  return {
    command: 'migrate',
    server,
    run: null,
    migrations: [],
    currentVersion: currentVersion(comparison.statuses),
    upkeep: null,
    milliseconds,
  }
}

/**
 * Undoes applied migrations, newest first, with their U files, or with the text that the ledger kept when the file is
 * gone. Only migrations of the selected modules are touched, and of the bundled links that stand on one of them: links
 * come by themselves and go by themselves, before what they tie together. A link named alone goes alone.
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
 * await rollback({ url, modules: ['notify'], to: 'empty' })            // one module, and its links to others
 * await rollback({ url, modules: ['telephony_notify'], to: 'empty' })  // a link alone
 */
export async function rollback(options: RollbackOptions): Promise<RunReport> {
  const started = performance.now()
  const config = await readOptions('rollback', options)
  const { runRollback } = await import('./run-rollback.js')
  return await runRollback(config, options, started)
}

/**
 * Lists every migration, applied or not, with its state in Flyway's words. Takes no lock and writes nothing.
 *
 * @throws SchemawayError about options, files and connection, as `migrate()`.
 * @example
 * const { migrations, currentVersion } = await info({ url })
 */
export async function info(options: InfoOptions): Promise<InfoReport> {
  const { reportInfo } = await import('./report-info.js')
  return reportInfo(await look(await readOptions('info', options)))
}

/**
 * Compares history with the files and reports every disagreement at once. As with Flyway, a pending migration is one.
 * Takes no lock and writes nothing.
 *
 * @throws SchemawayError `VALIDATION_FAILED` with all `details.problems`; about options, files and connection as
 *   `migrate()`.
 * @example
 * await validate({ url, modules: ['iam'] })
 */
export async function validate(options: ValidateOptions): Promise<ValidateReport> {
  const { findProblems } = await import('../plan/find-problems.js')
  const { comparison, server } = await look(await readOptions('validate', options))
  refuseProblems(findProblems(comparison.statuses, false))
  return { command: 'validate', server, checked: comparison.statuses.length }
}

/**
 * For services that may not migrate: passes when every migration is applied. One connection, one query.
 *
 * @throws SchemawayError `PENDING_MIGRATIONS` with the scripts, `VALIDATION_FAILED`; about options, files and connection
 *   as `migrate()`.
 * @example
 * await assertMigrated({ url })
 */
export async function assertMigrated(options: AssertOptions): Promise<MigratedReport> {
  const { assertAllApplied } = await import('./assert-all-applied.js')
  return await assertAllApplied(await readOptions('assertMigrated', options))
}

/**
 * For replicas that wait while another process migrates: looks again every `interval` milliseconds.
 *
 * @throws SchemawayError `WAIT_TIMEOUT` after `timeout` milliseconds, with the scripts that are still pending; otherwise
 *   as `assertMigrated()`.
 * @example
 * await waitUntilMigrated({ url, timeout: 120_000 })
 */
export async function waitUntilMigrated(options: WaitOptions): Promise<MigratedReport> {
  const { waitUntilAllApplied } = await import('./assert-all-applied.js')
  return await waitUntilAllApplied(await readOptions('waitUntilMigrated', options))
}

/**
 * Looks after the partitioned tables of the bundled modules: makes the partitions of the current month and of the
 * `partitionsAhead` months after it, moves rows of theirs out of the default partition, and drops old months where
 * `retention` says so. To be called about once a month; with nothing to do it takes no lock on any table.
 *
 * Each table is a transaction of its own. A table that is blocked does not keep the others from theirs; its error is
 * thrown at the end. Rows without a partition are never lost: they lie in the default partition, which the report tells.
 *
 * The login is a member of the owner role or of the worker role. Needs no history, so `modules`, `locations` and what
 * concerns scripts has no influence: every bundled module that is installed is looked after.
 *
 * @param options as for `migrate()`, and `retention`: how many months before the current one stay, by table.
 * @returns what was created, moved and dropped, and which rows still lie in default partitions.
 * @throws SchemawayError `PENDING_MIGRATIONS` when the model is not installed; `INVALID_OPTIONS` for a table in `retention`
 *   that is not partitioned, before anything is changed; `STATEMENT_BLOCKED` naming who holds the table;
 *   `MISSING_PRIVILEGE` with the GRANT; about options and connection as `migrate()`.
 * @example
 * await maintain({ url })
 * await maintain({ url, partitionsAhead: 6, retention: { 'iam.system_metrics': { months: 13 } } })
 */
export async function maintain(options: MaintainOptions): Promise<MaintainReport> {
  const started = performance.now()
  const config = await readOptions('maintain', options)
  const { runMaintain } = await import('./run-maintain.js')
  return await runMaintain(config, options, started)
}

/**
 * Adds the data that comes with the bundled modules, in one transaction. What is there already stays as it is, so it may
 * be run at every start.
 *
 * `reference` is what organisations need in production, too: email templates. `demo` is one organisation with members, a
 * campaign and contacts, for tests and for trying things out. Only the files of installed modules run. Neither history nor
 * ledger records it: there is nothing to undo.
 *
 * @param options as for `migrate()`, and `set`, `organisationId`. With `modules`, just these are seeded, and all of them
 *   have to be installed.
 * @returns the files that ran.
 * @throws SchemawayError `PENDING_MIGRATIONS` when a module is not, or not completely, installed; `STATEMENT_FAILED`
 *   with file and line; `MISSING_PRIVILEGE`; about options, files and connection as `migrate()`.
 * @example
 * await seed({ url, set: 'reference' })
 * await seed({ url, set: 'reference', organisationId })   // after creating an organisation
 * await seed({ url, set: 'demo', modules: ['iam', 'survey'] })
 */
export async function seed(options: SeedOptions): Promise<SeedReport> {
  const started = performance.now()
  const config = await readOptions('seed', options)
  const { runSeed } = await import('./run-seed.js')
  return await runSeed(config, options, started)
}
