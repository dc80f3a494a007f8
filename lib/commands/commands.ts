import type {
  AdoptOptions,
  AssertOptions,
  BaselineOptions,
  CleanOptions,
  InfoOptions,
  MaintainOptions,
  MigrateAllOptions,
  MigrateOptions,
  MigrationTargets,
  RepairOptions,
  RollbackOptions,
  SeedOptions,
  UndoOptions,
  ValidateFilesOptions,
  ValidateOptions,
  WaitOptions,
} from '../config/options.js'
import { readOptions } from '../config/read-options.js'
import { migrateDatabase } from './look.js'
import type { MigrateAllReport } from './migrate-all-report.js'
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
 * its history row, so a process that is killed leaves no half-done migration; one that runs outside a transaction goes on
 * where it stopped.
 *
 * A run that applied something, and selects a bundled module, then makes the month partitions of the bundled modules for
 * `partitionsAhead` months. A failure of that does not fail the command, since everything is applied and no row is lost by it:
 * it is in `upkeep.failures` of the report, and a warning to logger and listener. Nobody can write a partitioned table while
 * rows of such a month leave its default partition. That lasts seconds at the most: a statement that takes longer than five
 * is given up, and what it would have done is left to `maintain()`.
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
  return await migrateDatabase(await readOptions('migrate', options), options, started)
}

/**
 * Migrates many databases with the same scripts, such as one for each tenant: each as `migrate()` does, a number of them at a
 * time. The scripts are read once, before any database is asked, and parsed once for all that give their placeholders the same
 * values; a file that is edited meanwhile counts as it was read. Each database has one connection.
 *
 * A database that fails does not keep the others from theirs, and nothing is thrown for it: among hundreds there is often one
 * that is being restored, and whoever calls has to know of all the others as well. What must not go unnoticed is said by
 * `report.throwIfFailed()`. `report.resume` names what is left; it goes into `only` of the next call.
 *
 * @param targets connection URLs, or objects with `url`, `connection` or `sql`, and a `name` and `placeholders` of their own; in a
 *   list, or an iterable, also an async one, which is asked for the next one when there is room. A name occurs once; by default
 *   it is `host:port/database`. A list is checked before anything begins, of another iterable each target when its turn comes.
 * @param options as for `migrate()`, but for where the database is; `concurrency` (8), `stopOnFailure`, `timeoutPerTarget` (ms),
 *   `only`, `onResult`; events carry their `target`. After `signal` those under way stop and fail; the others are not begun.
 * @returns one result for each target, in their order, and the numbers of each kind.
 * @throws SchemawayError `INVALID_OPTIONS`, `INVALID_MODULES` and codes about files before anything begins; `TARGETS_FAILED` when
 *   the iterable itself fails, after those under way have ended. In results: any code of `migrate()`, and `TARGET_TIMEOUT`.
 * @example
 * const report = await migrateAll(tenants.map(({ id, url }) => ({ name: id, url })), { locations: 'db/migration' })
 * report.throwIfFailed()
 */
export async function migrateAll(
  targets: MigrationTargets,
  options: MigrateAllOptions = {},
): Promise<MigrateAllReport> {
  const { runMigrateAll } = await import('./run-migrate-all.js')
  return await runMigrateAll(targets, options)
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
 * Lists every migration, applied or not, with its state in Flyway's words. Takes no lock and, callbacks aside, writes nothing.
 * `describeInfo()` makes Flyway's table of it.
 *
 * @throws SchemawayError about options, files and connection, as `migrate()`.
 * @example
 * const { migrations, currentVersion } = await info({ url })
 */
export async function info(options: InfoOptions): Promise<InfoReport> {
  const { runInfo } = await import('./run-look.js')
  return await runInfo(await readOptions('info', options))
}

/**
 * Compares history with the files and reports every disagreement at once. As with Flyway, a pending migration is one.
 * Takes no lock and, callbacks aside, writes nothing.
 *
 * @throws SchemawayError `VALIDATION_FAILED` with all `details.problems`; about options, files and connection as
 *   `migrate()`.
 * @example
 * await validate({ url, modules: ['iam'] })
 */
export async function validate(options: ValidateOptions): Promise<ValidateReport> {
  const { runValidate } = await import('./run-look.js')
  return await runValidate(await readOptions('validate', options))
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
 * @param options as for `migrate()` where the database is concerned; `set`, `organisationId`; `target` where migrate() stops
 *   at a version. With `modules`, just the bundled ones among these are seeded, and all of them have to be installed.
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
 * only read. Stop that tool first: it does not know the lock that is taken here. History and its rows are written in one
 * transaction; where there is nothing to take over, no history is made, since migrate() would run everything over what is there.
 *
 * @param options as for `migrate()` where the database and the files are concerned; `from` or `applied`, `fromTable`,
 *   `preview`.
 * @returns what history now calls applied, and what is left for `migrate()`.
 * @throws SchemawayError `ADOPTION_REFUSED` with all `details.problems`, before anything is written: when the other tool left
 *   a dirty version or no version, a version has no file, history has rows already, or the table is not there; about
 *   options, files and connection as `migrate()`. A `preview` throws the same.
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
 * Unlike Flyway it takes the lock, so that no migration runs at the same time; it can be previewed, without the lock, and
 * limited to `versions`; and the ledger keeps every value that it changes.
 *
 * With `unfinished` it says what was found out about scripts that stopped half-way outside a transaction, and does nothing
 * else: that the statement under way was completed, by the run or by hand (`'completed'`), that it was not (`'repeat'`), or
 * that all the script did is undone by hand (`'restart'`). That is written into the ledger, and the next `migrate()` goes on
 * accordingly.
 *
 * @param options as for `migrate()` where database and files are concerned; `preview`, `versions`,
 *   `ignoreMigrationPatterns`, `unfinished`.
 * @returns each row, with its values before and after. Empty when there was nothing to repair.
 * @throws SchemawayError `VERSION_NOT_APPLIED` when `versions` names what history, if there is one, does not have, or no
 *   such script; `MISSING_PRIVILEGE`, also of a preview; about options, files and connection as `migrate()`.
 * @example
 * const { repairs } = await repair({ url, locations: 'db/migration', preview: true })
 * await repair({ url, locations: 'db/migration', versions: ['20260105.100100'] })
 * await repair({ url, locations: 'db/migration', versions: ['20260105.100100'], unfinished: 'completed' })
 */
export async function repair(options: RepairOptions): Promise<RepairReport> {
  const started = performance.now()
  const config = await readOptions('repair', options)
  const { runRepair } = await import('./run-repair.js')
  return await runRepair(config, options, started)
}

/**
 * Drops everything that the selected modules own, with all rows: their schemas; for `locations`, what the history schema
 * holds, in Flyway's order. Their rows of history go too, and the table with the last of them, so that migrate() asks again
 * what other content stands for; a login that can neither drop it nor become its owner is refused. A baseline goes only when
 * everything is cleaned that it may stand for. For databases of tests and of development; disabled unless `cleanDisabled: false`.
 *
 * All of it is one transaction, which locks the tables first. Nothing is dropped when a CASCADE would take something along
 * outside of these schemas, when something stands on a history that would go, when other installed modules, or migrations of
 * `locations`, have one of these schemas too, or for an extension in the schema of a module while other modules are installed.
 * Roles stay, and so does the ledger, which gets a row that lists what went.
 *
 * @param options as for `migrate()` where database and selection are concerned; `cleanDisabled`, `preview`.
 * @returns what was dropped, or with `preview: true` what would be. A preview locks nothing, and is refused for the same reasons.
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
