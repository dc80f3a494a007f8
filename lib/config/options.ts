import type { Hooks } from '../callbacks/hooks.js'
import type { TargetResult } from '../commands/migrate-all-report.js'
import type { RunReport } from '../commands/report.js'
import type { RoleNames } from '../model/role-names.js'
import type { BundledModuleName } from '../modules/bundled.js'
import type { Module } from '../modules/define-module.js'
import type { ConnectionOptions, PostgresClient } from '../run/connection-target.js'
import type { MigrationEvent, TargetEvent } from '../run/events.js'
import type { LockStrategy } from '../run/lock.js'
import type { Encoding } from '../scripts/encodings.js'
import type { Naming } from '../scripts/script-name.js'

export type { RoleNames }

/** Receives messages of a run. Any of the four may be absent. */
export interface Logger {
  debug?(message: string): void
  info?(message: string): void
  warn?(message: string): void
  error?(message: string): void
}

/** Where the database is. Give exactly one of the three. */
export interface ConnectionChoice {
  /** `postgres://user@host:5432/database`; libpq's parameters are honoured, the password may come from PGPASSWORD. */
  readonly url?: string | URL | undefined
  /** Connection options with the names of postgres.js. */
  readonly connection?: ConnectionOptions | undefined
  /** A postgres.js client. Its options are reused; its pool, types and transforms are not touched. */
  readonly sql?: PostgresClient | undefined
}

/** Options of every command that opens a connection. Defaults stand in `docs/configuration.md`. */
export interface ConnectionSettings extends ConnectionChoice {
  /** Shown in `pg_stat_activity` as `<applicationName>@<host>:<pid>`. Default `schemaway`. */
  readonly applicationName?: string | undefined
  /** Milliseconds to wait for each host, default 10,000. */
  readonly connectTimeout?: number | undefined
  /** Further tries when no server is reachable, default 5 (about eight seconds). 0 fails at once, as Flyway does. */
  readonly connectRetries?: number | undefined
  /**
   * Stops the command: between steps, or by cancelling the running statement, which is rolled back. `AbortSignal.timeout(ms)`
   * is a deadline for all of it.
   */
  readonly signal?: AbortSignal | undefined
}

/** Options that every command takes: where history is, whose roles are meant, and who is told. */
export interface SharedOptions {
  /** Schema of history and ledger, default `public`. A database keeps the schema it was first migrated with. */
  readonly historySchema?: string | undefined
  /** History table, default `flyway_schema_history`, so that Flyway finds it too. */
  readonly table?: string | undefined
  /** Role names that differ from the defaults `schemaway_owner`, `schemaway_app`, ... */
  readonly roles?: { readonly [Role in keyof RoleNames]?: string | undefined } | undefined
  /** Receives messages. Default: silence. */
  readonly logger?: Logger | undefined
  /** Receives typed events. What it throws is logged as a warning and ignored. */
  readonly onEvent?: ((event: MigrationEvent) => void) | undefined
}

/** Which modules and folders a command works on. */
export interface SelectionOptions {
  /** Modules to work on. Default: every bundled module, or none when `locations` is given. */
  readonly modules?: readonly (BundledModuleName | Module)[] | undefined
  /** Plain Flyway folders, relative to the working directory, `file:` URLs, or `filesystem:` paths. */
  readonly locations?: string | URL | readonly (string | URL)[] | undefined
}

/** How scripts are found and read. None of it is for those of bundled modules. */
export interface ReadingOptions {
  /** Values for `${name}` in your own scripts; bundled scripts do not see them. */
  readonly placeholders?: Readonly<Record<string, string>> | undefined
  /** Whether `${name}` is replaced in your own scripts, default `true`. */
  readonly placeholderReplacement?: boolean | undefined
  /** What a placeholder begins with, default `${`. */
  readonly placeholderPrefix?: string | undefined
  /** What a placeholder ends with, default `}`. */
  readonly placeholderSuffix?: string | undefined
  /** What stands behind `flyway` in the names of built-in placeholders, default `:` as in `${flyway:defaultSchema}`. */
  readonly placeholderSeparator?: string | undefined
  /** Encoding of your own scripts, default `utf-8`; in any case, and by any name that Java has for one of the five. */
  readonly encoding?: Encoding | (string & Record<never, never>) | undefined
  /** How files of `locations` are named, default `flyway`. */
  readonly naming?: Naming | undefined
  /** Patterns of files to leave out, by path below a location or module. */
  readonly ignore?: readonly string[] | undefined
  /** Whether a folder that does not exist is an error, default `true`; Flyway's is `false`. */
  readonly failOnMissingLocations?: boolean | undefined
}

/** How what is pending is found. */
export interface ComparingOptions {
  /** Allow versions below the newest applied one of their module. Default `false`. */
  readonly outOfOrder?: boolean | undefined
}

/** What is made of a disagreement between history and files. */
export interface JudgingOptions {
  /** What a validation lets pass, as `<type>:<state>`; default `['*:future']`. */
  readonly ignoreMigrationPatterns?: readonly string[] | undefined
}

/** Options of commands that change the database; one process at a time runs one of them. */
export interface LockingOptions {
  /**
   * Milliseconds to wait for other processes that migrate, roll back, seed or maintain the same database, all waits of a call together,
   * default 600,000 (ten minutes).
   */
  readonly waitForLock?: number | undefined
  /**
   * How processes that work on one history are kept apart. `'session'`: by an advisory lock that the session holds, as Flyway
   * does. `'transaction'`: by one that each transaction takes, through a pooler in transaction mode; scripts that cannot run in a
   * transaction are refused. `'table'`: by a row of the table `schemaway_lock` beside the history, for servers without advisory
   * locks; all processes have to use it then. Default `'auto'`: what works on this connection.
   */
  readonly lockStrategy?: 'auto' | LockStrategy | undefined
  /**
   * PostgreSQL's `lock_timeout` in milliseconds, default 2,000, for migrations, seeds and partitions. Short, so that the application
   * does not queue up.
   */
  readonly lockTimeout?: number | undefined
  /**
   * Further tries of a transaction that ran into `lockTimeout` or a deadlock, default 9. Before each there is a pause of `lockTimeout` (none
   * behind a deadlock) and a random time of up to two seconds, so that the application has its tables at least half of the time.
   */
  readonly lockRetries?: number | undefined
  /**
   * PostgreSQL's `statement_timeout` in milliseconds, default 0: none. It holds for migrations, seeds and partitions; what
   * `migrate()` does for partitions has five seconds a statement at the most.
   */
  readonly statementTimeout?: number | undefined
}

/** Options of commands that write rows into history. */
export interface RecordingOptions {
  /** What history says in `installed_by`. Default: the session user. */
  readonly installedBy?: string | undefined
}

/** Options of every command that works on a database and on modules or folders of it. */
export interface CommonOptions extends ConnectionSettings, SharedOptions, SelectionOptions {}

/** Options of commands that run scripts. */
export interface WritingOptions extends CommonOptions, ReadingOptions, LockingOptions, RecordingOptions, HookOptions {
  /** `each` (default) commits every migration by itself; `all` makes the whole command one transaction. */
  readonly transaction?: 'each' | 'all' | undefined
  /** Allow a file to hold statements that cannot run in a transaction beside others. Default `false`. */
  readonly mixed?: boolean | undefined
}

/** Options of commands that may stop at a version. */
export interface TargetOptions {
  /** A version, `latest` (default), `current` or `next`; a version with `?` behind it need not exist. */
  readonly target?: string | undefined
}

/** Options of commands that may consider chosen migrations only. */
export interface PickingOptions {
  /** The only versions, and descriptions of repeatables, to be applied. */
  readonly cherryPick?: readonly string[] | undefined
}

/** What a baseline is called. */
export interface BaselineNames {
  /** Default `1`. */
  readonly baselineVersion?: string | undefined
  /** Default `<< Flyway Baseline >>`. */
  readonly baselineDescription?: string | undefined
}

/** Options of commands that fire callbacks. */
export interface HookOptions {
  /** Functions that are called at Flyway's callback events, behind the SQL callbacks of the same event. */
  readonly hooks?: Hooks | undefined
}

/** Options of `baseline()`. */
export interface BaselineOptions
  extends CommonOptions,
    ReadingOptions,
    LockingOptions,
    RecordingOptions,
    BaselineNames,
    HookOptions {}

/** Options of `repair()`. */
export interface RepairOptions
  extends CommonOptions,
    ReadingOptions,
    JudgingOptions,
    LockingOptions,
    RecordingOptions,
    HookOptions {
  /** Versions, and descriptions of repeatables, to repair; one that history does not have is refused. Default: all. */
  readonly versions?: readonly string[] | undefined
  /**
   * What was found out about the scripts of `versions`, which run outside a transaction and stopped half-way. `'completed'`: the
   * statement that was under way when the run ended is done, by that run or by hand. `'repeat'`: it is not. `'restart'`: all
   * that the script did is undone by hand. The next `migrate()` goes on accordingly. With it, nothing else is repaired.
   */
  readonly unfinished?: 'completed' | 'repeat' | 'restart' | undefined
  /** Report what would be done, without the lock, and do nothing. Default `false`. */
  readonly preview?: boolean | undefined
}

/** Options of `adopt()`. */
export interface AdoptOptions
  extends CommonOptions,
    ReadingOptions,
    Omit<LockingOptions, 'lockRetries'>,
    RecordingOptions {
  /** The tool whose record of applied migrations is taken over. */
  readonly from?: 'golang-migrate' | 'node-pg-migrate' | undefined
  /** Instead of `from`: the files that are applied already, by path below their folder, name or version. */
  readonly applied?: readonly string[] | undefined
  /** Table of that tool, as SQL writes it; default `schema_migrations`, or `pgmigrations`. */
  readonly fromTable?: string | undefined
  /** Report what would be done, and do nothing. Default `false`. */
  readonly preview?: boolean | undefined
}

/** Options of `clean()`. */
export interface CleanOptions extends CommonOptions, ReadingOptions, LockingOptions, HookOptions {
  /** Must be `false` for anything to be done. */
  readonly cleanDisabled?: boolean | undefined
  /** Report what would be dropped, and do nothing; refused where the clean would be. Default `false`. */
  readonly preview?: boolean | undefined
}

/** Options of `undo()`. */
export interface UndoOptions extends WritingOptions {
  /** The oldest version to undo, which is undone too; `next` (default) undoes the newest only. */
  readonly target?: string | undefined
  /** Let it drop tables that hold rows. Default `false`. */
  readonly allowDataLoss?: boolean | undefined
}

/** Options of `migrate()`. */
export interface MigrateOptions
  extends WritingOptions,
    ComparingOptions,
    JudgingOptions,
    TargetOptions,
    PickingOptions,
    BaselineNames {
  /** Compare history with the files before anything is applied. Default `true`. */
  readonly validateOnMigrate?: boolean | undefined
  /** Record what is pending as applied, without running it. Default `false`. */
  readonly skipExecutingMigrations?: boolean | undefined
  /** Baseline a schema that has content but no history, and go on. Default `false`. */
  readonly baselineOnMigrate?: boolean | undefined
  /**
   * After a run that applied something, the partitioned tables of the bundled modules get the partitions of the current
   * month and of this many months after it. Default 3.
   */
  readonly partitionsAhead?: number | undefined
}

/** One database of `migrateAll()`. */
export interface MigrationTarget extends ConnectionChoice {
  /** What results and events call it; default `host:port/database`. Each occurs once. */
  readonly name?: string | undefined
  /** Further values for `${name}` in your own scripts; they go before those of the options. */
  readonly placeholders?: Readonly<Record<string, string>> | undefined
}

/** The databases of `migrateAll()`: connection URLs, or objects with one. An iterable is read as there is room for more. */
export type MigrationTargets = Iterable<string | URL | MigrationTarget> | AsyncIterable<string | URL | MigrationTarget>

/** Options of `migrateAll()`. */
export interface MigrateAllOptions extends Omit<MigrateOptions, keyof ConnectionChoice | 'onEvent'> {
  /** How many databases are migrated at the same time, default 8. */
  readonly concurrency?: number | undefined
  /** Begin no further database once one has failed; those under way are completed. Default `false`. */
  readonly stopOnFailure?: boolean | undefined
  /** Milliseconds for one database, from connecting to the end; 0 (default) means no limit. */
  readonly timeoutPerTarget?: number | undefined
  /** Names of the targets to migrate, such as `resume` of an earlier report. Default: all. */
  readonly only?: readonly string[] | undefined
  /**
   * Receives each result at once, with the report of `migrate()` where it ended well, and is waited for before another target
   * takes its place. With it, `results` lists only those that did not end well, so that memory stays small with any number.
   */
  readonly onResult?: ((result: TargetResult, report: RunReport | null) => void | Promise<void>) | undefined
  /** Receives typed events, each with the name of its target. What it throws is logged as a warning and ignored. */
  readonly onEvent?: ((event: TargetEvent) => void) | undefined
}

/** Options of `maintain()`, which looks after every partitioned table that is installed, and reads no script. */
export interface MaintainOptions extends ConnectionSettings, SharedOptions, LockingOptions {
  /** Months after the current one that get a partition, default 3. */
  readonly partitionsAhead?: number | undefined
  /** What is dropped, by the qualified name of a partitioned table. Default: nothing. */
  readonly retention?: Readonly<Record<string, Retention>> | undefined
}

/** How long the rows of a partitioned table stay. */
export interface Retention {
  /** Months that stay before the current one, 1 to 1,200; what lies before them is dropped for good. */
  readonly months: number
}

/** Options of `seed()`. */
export interface SeedOptions
  extends ConnectionSettings,
    SharedOptions,
    Pick<SelectionOptions, 'modules'>,
    ComparingOptions,
    JudgingOptions,
    TargetOptions,
    LockingOptions {
  /** `reference`: what organisations need, also in production. `demo`: an organisation to try things out with. */
  readonly set: 'reference' | 'demo'
  /** The one organisation that gets the reference data. Default: every organisation. */
  readonly organisationId?: string | undefined
}

/** Options of `rollback()`; of `steps`, `to` and `run` at most one. Without any, the newest version is undone. */
export interface RollbackOptions extends WritingOptions {
  /** Undo that many of the newest applied versions. */
  readonly steps?: number | undefined
  /** Undo everything newer than this version, which stays; `'empty'` undoes everything. */
  readonly to?: string | undefined
  /** `'last'`: undo what the latest `migrate()` that applied something had applied. */
  readonly run?: 'last' | undefined
  /** Let the rollback drop tables that hold rows. Default `false`. */
  readonly allowDataLoss?: boolean | undefined
}

/** Options of `validateFiles()`: those that say which files there are, and how they are read. */
export interface ValidateFilesOptions extends SharedOptions, SelectionOptions, ReadingOptions {
  /** Allow a file to hold statements that cannot run in a transaction beside others. Default `false`. */
  readonly mixed?: boolean | undefined
  /** Whether a version without a `U` file is a fault. Default `false`. */
  readonly requireUndo?: boolean | undefined
}

/** Options of commands that only look. */
export interface LookingOptions
  extends CommonOptions,
    ReadingOptions,
    ComparingOptions,
    TargetOptions,
    PickingOptions {}

/** Options of `info()`. */
export interface InfoOptions extends LookingOptions, HookOptions {}

/** Options of `validate()`. */
export interface ValidateOptions extends InfoOptions, JudgingOptions {}

/** Options of `assertMigrated()`. */
export interface AssertOptions extends LookingOptions, JudgingOptions {}

/** Options of `waitUntilMigrated()`. */
export interface WaitOptions extends LookingOptions, JudgingOptions {
  /** Longest wait in milliseconds, default 60,000. */
  readonly timeout?: number | undefined
  /** Milliseconds between two looks, default 500. */
  readonly interval?: number | undefined
}
