import type {
  AdoptOptions,
  AssertOptions,
  BaselineOptions,
  CleanOptions,
  InfoOptions,
  MaintainOptions,
  MigrateOptions,
  RepairOptions,
  RollbackOptions,
  SeedOptions,
  UndoOptions,
  ValidateFilesOptions,
  ValidateOptions,
  WaitOptions,
} from '../config/options.js'
import { readOptions } from '../config/read-options.js'
import { currentVersion } from '../history/migration-state.js'
import { refuseProblems, validationRules } from '../plan/compare.js'
import { look, startLooking } from './look.js'
import type {
  AdoptReport,
  BaselineReport,
  CleanReport,
  FilesReport,
  InfoReport,
  MaintainReport,
  MigratedReport,
  RepairReport,
  RunReport,
  SeedReport,
  ValidateReport,
} from './report.js'

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
 * Where there is no history, the schemas that the migrations are for have to be empty: the history schema for `locations`,
 * a module's own schemas for a module. Otherwise `baselineOnMigrate` says that what is there stands for every version up
 * to `baselineVersion`.
 *
 * @param options where the database is, which modules to install, and how; see `docs/configuration.md`.
 * @returns what was applied, in order.
 * @throws SchemawayError `INVALID_OPTIONS`, `INVALID_MODULES`, `INVALID_SCRIPT_NAMES`, `INVALID_SCRIPT` and other codes
 *   about files before anything is written; `VALIDATION_FAILED` when files and history disagree;
 *   `SCHEMA_NOT_EMPTY` where there is content but no history; `CONNECTION_FAILED`,
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
    // A missing history is begun even without files: whether the schemas are empty decides how.
    if (comparison.pending.length > 0 || found.state.rows === null) {
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
 * Undoes applied versions by Flyway's rule: newest first, the target included, until a version below it is met. Without
 * a target, the newest one. It is `rollback()` with another way of saying how far; `rollback({ to })` keeps its version.
 *
 * @param options as for `rollback()`, with `target` instead of `steps`, `to` and `run`: a version that is applied, or one
 *   with `?` behind it that need not be.
 * @returns what was undone, in order.
 * @throws SchemawayError as `rollback()`; `VERSION_NOT_APPLIED` when the target is not applied.
 * @example
 * await undo({ url })                                // the newest version
 * await undo({ url, target: '20260105.100100' })     // that one, and everything newer
 */
export async function undo(options: UndoOptions): Promise<RunReport> {
  const started = performance.now()
  const config = await readOptions('undo', options)
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
  const config = await readOptions('validate', options)
  const { comparison, server } = await look(config)
  refuseProblems(findProblems(comparison.statuses, validationRules(config, false)))
  return { command: 'validate', server, checked: comparison.statuses.length }
}

/**
 * Looks at the scripts alone, without a database: names, duplicates, the order of modules, placeholders without a value,
 * text that cannot be run (encoding, unterminated quotes, psql commands, transaction control), directives, undo files
 * without what they undo. For a test, a commit hook or a pull request: two branches that took the same version are
 * found before they meet in a database.
 *
 * @param options as for `migrate()`, without what concerns the connection; `requireUndo` asks for a `U` file for every
 *   version.
 * @returns how many files were looked at.
 * @throws SchemawayError `VALIDATION_FAILED` with all `details.problems`. Their `kind` is the code with which `migrate()` would
 *   stop, or `INVALID_NAME`, `DUPLICATE_VERSIONED_MIGRATION`, `DUPLICATE_REPEATABLE_MIGRATION`,
 *   `DUPLICATE_UNDO_MIGRATION`, `UNDO_WITHOUT_MIGRATION`, `UNDO_MISSING`; of one file the first fault of its text.
 *   `INVALID_OPTIONS`, `INVALID_MODULES` about the options.
 * @example
 * test('migrations are sound', () => validateFiles({ locations: 'db/migration', requireUndo: true }))
 */
export async function validateFiles(options: ValidateFilesOptions): Promise<FilesReport> {
  const { checkAllFiles } = await import('./validate-files.js')
  return await checkAllFiles(await readOptions('validateFiles', options))
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

/**
 * Takes over a database that another tool migrated: writes into history, and into the ledger, which of the files are
 * applied already. Runs none of them. From then on `migrate()`, `rollback()` and the rest work as if schemaway had applied
 * them. A history that Flyway wrote needs no adoption.
 *
 * - `from: 'golang-migrate'` reads the one version in `schema_migrations`: every file up to it is applied.
 * - `from: 'node-pg-migrate'` reads the names in `pgmigrations`, and keeps when each was applied. A name belongs to the file
 *   of the same name, or else of the version that it begins with.
 * - `applied: [...]` lists files by path, name or version, repeatables among them.
 *
 * Files are found as always: in `locations`, or in modules of your own, by their `naming`. The table of the other tool is
 * only read. Stop that tool first: it does not know the lock that is taken here.
 *
 * @param options as for `migrate()` where the database and the files are concerned; `from` or `applied`, `fromTable`,
 *   `preview`.
 * @returns what history now calls applied, and what is left for `migrate()`.
 * @throws SchemawayError `ADOPTION_REFUSED` with all `details.problems`, before anything is written: when the other tool left
 *   a dirty version, a version has no file, history has rows already, or the table is not there; about options, files and
 *   connection as `migrate()`.
 * @example
 * await adopt({ url, locations: 'db/migration', from: 'golang-migrate', preview: true })
 * await adopt({ url, locations: 'db/migration', from: 'node-pg-migrate', fromTable: 'ops.pgmigrations' })
 * await adopt({ url, locations: 'db/migration', applied: ['V1__tables.sql', 'V2__views.sql', 'R__functions.sql'] })
 */
export async function adopt(options: AdoptOptions): Promise<AdoptReport> {
  const started = performance.now()
  const config = await readOptions('adopt', options)
  const { runAdopt } = await import('./run-adopt.js')
  return await runAdopt(config, options, started)
}

/**
 * Says that a database which was made without migrations stands where `baselineVersion` would have brought it: begins a
 * history with a BASELINE row. What has that version or a lower one is never run. Changes nothing else.
 *
 * Called again with the same version and description, it does nothing. As with Flyway, a history that exists in any other
 * way refuses a baseline. It covers every module, since versions have one order over all of them.
 *
 * @param options as for `migrate()` where the database is concerned; `baselineVersion` (default `1`),
 *   `baselineDescription` (default `<< Flyway Baseline >>`).
 * @returns the baseline, and whether it was written now.
 * @throws SchemawayError `BASELINE_REFUSED`; `LOCK_WAIT_TIMEOUT`, `MISSING_PRIVILEGE`; about options and connection as
 *   `migrate()`.
 * @example
 * await baseline({ url, locations: 'db/migration', baselineVersion: '20260105.100100', baselineDescription: 'as of January' })
 * await migrate({ url, locations: 'db/migration' })
 */
export async function baseline(options: BaselineOptions): Promise<BaselineReport> {
  const started = performance.now()
  const config = await readOptions('baseline', options)
  const { runBaseline } = await import('./run-baseline.js')
  return await runBaseline(config, options, started)
}

/**
 * Makes history agree with the files again, by Flyway's rules: removes failed rows, marks rows without a file as deleted
 * (those newer than every file only if `ignoreMigrationPatterns` does not name them, as it does by default), and gives
 * versioned rows the checksum, description and type of their files. It never runs SQL of a file: what a failed migration
 * left behind, and what a changed file would do, is for you to see to.
 *
 * Unlike Flyway it takes the lock, so that no migration runs at the same time; it can be previewed, and limited to
 * `versions`; and the ledger keeps every value that it changes.
 *
 * @param options as for `migrate()` where database and files are concerned; `preview`, `versions`,
 *   `ignoreMigrationPatterns`.
 * @returns each row, with its values before and after. Empty when there was nothing to repair.
 * @throws SchemawayError `VERSION_NOT_APPLIED` when `versions` names what history does not have; about options, files and
 *   connection as `migrate()`.
 * @example
 * const { repairs } = await repair({ url, locations: 'db/migration', preview: true })
 * await repair({ url, locations: 'db/migration', versions: ['20260105.100100'] })
 */
export async function repair(options: RepairOptions): Promise<RepairReport> {
  const started = performance.now()
  const config = await readOptions('repair', options)
  const { runRepair } = await import('./run-repair.js')
  return await runRepair(config, options, started)
}

/**
 * Drops everything that the selected modules own, with all rows: their schemas; for `locations`, what the history schema
 * holds, in Flyway's order. Their rows of history go too, and the table with them when its own schema is cleaned and no
 * other module is left. For databases of tests and of development; disabled unless `cleanDisabled: false` is passed.
 *
 * All of it is one transaction. Whatever a CASCADE would take along outside of these schemas is a reason to drop nothing.
 * Roles stay, and so does the ledger, which gets a row that lists what went.
 *
 * @param options as for `migrate()` where database and selection are concerned; `cleanDisabled`, `preview`.
 * @returns what was dropped, or with `preview: true` what would be; a preview locks nothing, and does not look outside.
 * @throws SchemawayError `CLEAN_DISABLED`; `CLEAN_REFUSED` with `details.objects`; `MODULE_REQUIRED` when an installed
 *   module that stays requires a selected one; `STATEMENT_BLOCKED`, `MISSING_PRIVILEGE`; about options and connection as
 *   `migrate()`.
 * @example
 * await clean({ url, preview: true })
 * await clean({ url, cleanDisabled: false })
 * await clean({ url, locations: 'db/migration', cleanDisabled: false })
 */
export async function clean(options: CleanOptions): Promise<CleanReport> {
  const started = performance.now()
  const config = await readOptions('clean', options)
  const { runClean } = await import('./run-clean.js')
  return await runClean(config, options, started)
}
