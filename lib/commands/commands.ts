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
 * A run that applied something, and selects a bundled module, then makes the month partitions of the bundled modules for
 * `partitionsAhead` months. A failure of that does not fail the command, since everything is applied and no row is lost by it:
 * it is in `upkeep.failures` of the report, and a warning to logger and listener. Nobody can write a partitioned table while
 * rows of such a month leave its default partition. That lasts seconds at the most: a statement that takes longer than five
 * is given up, and what it would have done is left to `maintain()`.
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
 * gone. Only migrations of the selected modules are touched, and bundled links that may stand on what goes: those with an
 * end in another module count for nothing in `steps`, `to` and `run`, but go before a version that they were installed
 * after. A link named alone goes alone.
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
 * Looks after the partitioned tables of the bundled modules: makes the partitions of the current month, of the `partitionsAhead`
 * months after it, and of earlier months that were missed and have rows; moves rows of theirs out of the default partition;
 * drops old months where `retention` says so, those included whose rows had stayed in the default partition. To be called
 * about once a month.
 *
 * With nothing to do it hinders nobody: it waits for other processes that migrate, seed or maintain, counts the rows of the
 * default partitions, and takes no lock that a reader or writer would feel. To make or drop a partition it locks the table
 * against everybody. Without rows to move that takes milliseconds; with rows, as long as copying one month of them takes,
 * which `statementTimeout` limits. The lock never waits for this process: each transaction is one message to the server.
 *
 * Each table is looked after by itself, its missed months one by one. A table that is blocked does not keep the others from
 * theirs; at the end an error is thrown, with `details.problems` for every table that failed, and with `details.created` and
 * `details.dropped`, which stand. Rows without a partition are never lost: they lie in the default partition, which the report
 * tells.
 *
 * The login is a member of the owner role or of the worker role. Every bundled module that is installed is looked after; no
 * script is read, so `modules`, `locations`, `placeholders` and `outOfOrder` are not options of it.
 *
 * @param options where the database is; `partitionsAhead`; `retention`: how many months before the current one stay, by table;
 *   locks and timeouts as for `migrate()`.
 * @returns what was created, moved and dropped, and which rows still lie in default partitions (of later months); null for these
 *   when counting them failed.
 * @throws SchemawayError `PENDING_MIGRATIONS` when the model is not installed; `INVALID_OPTIONS` for a table in `retention`
 *   that is not partitioned, before anything is changed; `STATEMENT_BLOCKED` naming who holds the table; `STATEMENT_FAILED`,
 *   also when `statementTimeout` was not enough; `MISSING_PRIVILEGE` with the GRANT; about options, connection and the wait for
 *   other processes as `migrate()`.
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
 * be run at every start. Unlike `migrate()` it has no short way when nothing is missing: every replica that calls it takes the
 * lock of migrations, one after the other, and the login has to be a member of the owner role each time.
 *
 * `reference` is what organisations need in production, too: email templates. `demo` is one organisation with members, a
 * campaign and contacts, for tests and for trying things out. Only the files of installed modules run. Neither history nor
 * ledger records it: there is nothing to undo.
 *
 * @param options as for `migrate()`, and `set`, `organisationId`. With `modules`, just the bundled ones among these are seeded,
 *   and all of them have to be installed.
 * @returns the files that ran.
 * @throws SchemawayError `PENDING_MIGRATIONS` when a module is not, or not completely, installed; `INVALID_OPTIONS` when `modules`
 *   names no bundled one, or there is no such organisation; `STATEMENT_FAILED` with file and line; `MISSING_PRIVILEGE`; about
 *   options, files, connection and the wait for other processes as `migrate()`.
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
