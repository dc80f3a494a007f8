import { namings } from '../scripts/script-name.js'
import {
  addressing,
  baselining,
  type CommandName,
  comparing,
  connecting,
  firing,
  judging,
  keepingPartitions,
  locating,
  locking,
  migrating,
  picking,
  previewing,
  reading,
  recording,
  retrying,
  running,
  selecting,
  targeting,
  undoing,
} from './command-names.js'
import type { OptionSpecification } from './option-kind.js'

const day = 86_400_000
/** PostgreSQL cuts longer names off. */
const longestName = 63

/**
 * The one table of options: names, kinds, defaults. `docs/configuration.md` is printed from it, the fast check of
 * {@link import('./read-options.js').readOptions} reads it, and the zod schema that explains a wrong option is built
 * from it.
 */
export const optionTable = {
  url: {
    kind: { type: 'url' },
    default: null,
    commands: addressing,
    text: 'Connection URL. Give exactly one of `url`, `connection` and `sql`.',
  },
  connection: {
    kind: { type: 'connection' },
    default: null,
    commands: addressing,
    text: 'Connection options with the names of postgres.js; `password` may be an async function.',
  },
  sql: {
    kind: { type: 'client' },
    default: null,
    commands: addressing,
    text: 'A postgres.js client whose options are reused. Work never runs on its pool.',
  },
  modules: {
    kind: { type: 'modules' },
    default: null,
    commands: selecting,
    text: 'Modules to work on, by name or from `defineModule`. Default: every bundled module, unless `locations` is given.',
  },
  locations: {
    kind: { type: 'locations' },
    default: null,
    commands: locating,
    text: 'Plain Flyway folders of migrations, searched recursively.',
  },
  historySchema: {
    kind: { type: 'identifier', longest: longestName },
    default: 'public',
    text: 'Schema of the history and the ledger. Not to be changed once a database is migrated.',
  },
  table: {
    // The longest name made from it is that of the ledger's primary key.
    kind: { type: 'identifier', longest: longestName - '_ledger_pk'.length },
    default: 'flyway_schema_history',
    text: 'Name of the history table. Not to be changed once a database is migrated.',
  },
  roles: {
    kind: { type: 'roles' },
    default: null,
    text: 'Names of the group roles `owner`, `app`, `worker`, `readonly`, where they differ from `schemaway_owner` and so on.',
  },
  placeholders: {
    kind: { type: 'texts' },
    default: null,
    commands: reading,
    text: 'Values for `${name}` in your own scripts. Names compare without regard to case.',
  },
  transaction: {
    kind: { type: 'choice', values: ['each', 'all'] },
    default: 'each',
    commands: running,
    text: '`each`: one transaction per migration. `all`: one transaction for the whole command.',
  },
  outOfOrder: {
    kind: { type: 'boolean' },
    default: false,
    commands: comparing,
    text: 'Allow a version below the newest applied one of its module to be applied late.',
  },
  target: {
    kind: { type: 'text' },
    default: 'latest',
    commands: targeting,
    text: 'Version up to which to migrate, or `latest`, `current`, `next`; with `?` behind a version that need not exist. For `undo()` the oldest version to undo. For `seed()` that of a `migrate()` that stopped there.',
  },
  cherryPick: {
    kind: { type: 'list', mayBeEmpty: false },
    default: null,
    commands: picking,
    text: 'Versions, and descriptions of repeatables, that are the only ones to be applied.',
  },
  validateOnMigrate: {
    kind: { type: 'boolean' },
    default: true,
    commands: migrating,
    text: 'Compare history with the files before anything is applied.',
  },
  skipExecutingMigrations: {
    kind: { type: 'boolean' },
    default: false,
    commands: migrating,
    text: 'Record what is pending as applied, without running it.',
  },
  ignoreMigrationPatterns: {
    kind: { type: 'list', mayBeEmpty: true },
    default: ['*:future'],
    commands: judging,
    text: "What a validation lets pass, as `<type>:<state>`, for example `['*:missing', 'repeatable:pending']`.",
  },
  baselineOnMigrate: {
    kind: { type: 'boolean' },
    default: false,
    commands: migrating,
    text: 'Baseline a schema that has content but no history, and go on.',
  },
  baselineVersion: {
    kind: { type: 'text' },
    default: '1',
    commands: baselining,
    text: 'Version of the baseline: what it covers is never run.',
  },
  baselineDescription: {
    kind: { type: 'text' },
    default: '<< Flyway Baseline >>',
    commands: baselining,
    text: 'Description of the baseline in history.',
  },
  cleanDisabled: {
    kind: { type: 'boolean' },
    default: true,
    commands: ['clean'],
    text: 'Must be `false` for `clean()` to do anything.',
  },
  preview: {
    kind: { type: 'boolean' },
    default: false,
    commands: previewing,
    text: 'Report what would be done, and do nothing.',
  },
  versions: {
    kind: { type: 'list', mayBeEmpty: false },
    default: null,
    commands: ['repair'],
    text: 'Versions, and descriptions of repeatables, to repair. Default: all.',
  },
  unfinished: {
    kind: { type: 'choice', values: ['completed', 'repeat', 'restart'] },
    default: null,
    commands: ['repair'],
    text: 'What was found out about the scripts of `versions`, which stopped half-way outside a transaction: the statement that was under way is `completed`; it is not, so `repeat` it; or all that they did is undone, so `restart` them. Nothing else is repaired then.',
  },
  installedBy: {
    kind: { type: 'text' },
    default: null,
    commands: recording,
    text: 'What history says in `installed_by`. Default: the session user.',
  },
  requireUndo: {
    kind: { type: 'boolean' },
    default: false,
    commands: ['validateFiles'],
    text: 'Whether a version without a `U` file is a fault.',
  },
  mixed: {
    kind: { type: 'boolean' },
    default: false,
    commands: [...running, 'validateFiles'],
    text: 'Allow a file to hold statements that cannot run in a transaction beside others; it then runs outside of one.',
  },
  placeholderReplacement: {
    kind: { type: 'boolean' },
    default: true,
    commands: reading,
    text: 'Whether `${name}` is replaced in your own scripts.',
  },
  placeholderPrefix: {
    kind: { type: 'text' },
    default: '${',
    commands: reading,
    text: 'What a placeholder begins with, in your own scripts.',
  },
  placeholderSuffix: {
    kind: { type: 'text' },
    default: '}',
    commands: reading,
    text: 'What a placeholder ends with, in your own scripts.',
  },
  placeholderSeparator: {
    kind: { type: 'text' },
    default: ':',
    commands: reading,
    text: 'What stands behind `flyway` in the names of built-in placeholders, as in `${flyway:defaultSchema}`, in your own scripts.',
  },
  encoding: {
    kind: { type: 'encoding', values: ['utf-8', 'iso-8859-1', 'windows-1252', 'utf-16le', 'utf-16be'] },
    default: 'utf-8',
    commands: reading,
    text: 'Encoding of your own scripts, in any case; other names that Java has for these, such as `latin1` or `Cp1252`, do as well.',
  },
  naming: {
    kind: { type: 'choice', values: namings },
    default: 'flyway',
    commands: reading,
    text: 'How files of `locations` are named: `V1__x.sql`, `V1.up.sql` or `1_x.up.sql` with `.down.sql`, or `001_x.sql`.',
  },
  ignore: {
    kind: { type: 'list', mayBeEmpty: true },
    default: null,
    commands: reading,
    text: 'Patterns of files to leave out, by their paths below a location or module: `run_all.sql` is one at the top only, `**/*.bak.sql` one anywhere. A pattern that leaves out nothing is warned of.',
  },
  failOnMissingLocations: {
    kind: { type: 'boolean' },
    default: true,
    commands: reading,
    text: "Whether a folder that does not exist is an error. Flyway's default is `false`.",
  },
  from: {
    kind: { type: 'choice', values: ['golang-migrate', 'node-pg-migrate'] },
    default: null,
    commands: ['adopt'],
    text: 'The tool whose record of applied migrations is taken over. Either this or `applied` must be given.',
  },
  applied: {
    kind: { type: 'list', mayBeEmpty: false },
    default: null,
    commands: ['adopt'],
    text: 'The files that are applied already: paths below their folder, names or versions.',
  },
  fromTable: {
    kind: { type: 'text' },
    default: null,
    commands: ['adopt'],
    text: 'Table of that tool, as SQL writes it. Default: `schema_migrations`, or `pgmigrations`.',
  },
  applicationName: {
    kind: { type: 'text' },
    default: 'schemaway',
    commands: connecting,
    text: 'What `pg_stat_activity` shows, before `@host:pid`.',
  },
  connectTimeout: {
    kind: { type: 'integer', minimum: 1, maximum: day },
    default: 10_000,
    commands: connecting,
    text: 'Longest wait for one host to accept the connection, in milliseconds.',
  },
  connectRetries: {
    kind: { type: 'integer', minimum: 0, maximum: 1_000 },
    default: 5,
    commands: connecting,
    text: 'Further tries when no server can be reached, with doubling, jittered waits of up to five seconds.',
  },
  waitForLock: {
    kind: { type: 'integer', minimum: 0, maximum: 7 * day },
    default: 600_000,
    commands: locking,
    text: 'Longest wait for another process that migrates, rolls back, seeds or maintains the same database, in milliseconds.',
  },
  lockStrategy: {
    kind: { type: 'choice', values: ['auto', 'session', 'transaction', 'table'] },
    default: 'auto',
    commands: locking,
    text: 'What keeps processes apart: an advisory lock of the `session`, one of each `transaction`, for poolers, or a row of a `table`, for servers without such locks. `auto` finds out what works.',
  },
  lockTimeout: {
    kind: { type: 'integer', minimum: 0, maximum: day },
    default: 2_000,
    commands: locking,
    text: "PostgreSQL's `lock_timeout` for the statements of migrations and seeds, and for making and dropping partitions, in milliseconds; 0 waits for ever.",
  },
  lockRetries: {
    kind: { type: 'integer', minimum: 0, maximum: 1_000 },
    default: 9,
    commands: retrying,
    text: 'How often a transaction that ran into `lockTimeout` or a deadlock is tried again.',
  },
  statementTimeout: {
    kind: { type: 'integer', minimum: 0, maximum: 7 * day },
    default: 0,
    commands: locking,
    text: "PostgreSQL's `statement_timeout` for migrations and seeds, and for making and dropping partitions, in milliseconds; 0 means none. What `migrate()` does for partitions has 5,000 at the most.",
  },
  partitionsAhead: {
    kind: { type: 'integer', minimum: 0, maximum: 120 },
    default: 3,
    commands: keepingPartitions,
    text: 'For how many months after the current one the partitioned tables of the bundled modules get a partition; `migrate()` sees to it after a run that applied something, when a bundled module is selected.',
  },
  retention: {
    kind: { type: 'retention' },
    default: null,
    commands: ['maintain'],
    text: "Partitioned tables whose old months are dropped, with the number of months that stay before the current one: `{ 'iam.audit_logs': { months: 24 } }`. Default: nothing is dropped.",
  },
  set: {
    kind: { type: 'choice', values: ['reference', 'demo'] },
    default: null,
    commands: ['seed'],
    text: '`reference`: what organisations need, also in production. `demo`: an organisation to try things out with. Must be given.',
  },
  organisationId: {
    kind: { type: 'text' },
    default: null,
    commands: ['seed'],
    text: 'The one organisation that gets the reference data. Default: every organisation.',
  },
  steps: {
    kind: { type: 'integer', minimum: 1, maximum: 1_000_000 },
    default: null,
    commands: ['rollback'],
    text: 'Undo that many of the newest applied versions.',
  },
  to: {
    kind: { type: 'text' },
    default: null,
    commands: ['rollback'],
    text: 'Undo everything newer than this version, which stays; `empty` undoes everything.',
  },
  run: {
    kind: { type: 'choice', values: ['last'] },
    default: null,
    commands: ['rollback'],
    text: '`last`: undo what the latest run of `migrate()` applied.',
  },
  allowDataLoss: {
    kind: { type: 'boolean' },
    default: false,
    commands: undoing,
    text: 'Let a rollback drop tables that hold rows.',
  },
  timeout: {
    kind: { type: 'integer', minimum: 0, maximum: 7 * day },
    default: 60_000,
    commands: ['waitUntilMigrated'],
    text: 'Longest wait until the database is migrated, in milliseconds.',
  },
  interval: {
    kind: { type: 'integer', minimum: 10, maximum: day },
    default: 500,
    commands: ['waitUntilMigrated'],
    text: 'Pause between two looks, in milliseconds.',
  },
  signal: {
    kind: { type: 'signal' },
    default: null,
    commands: connecting,
    text: 'Stops the command: before the next step, or by cancelling the running statement. `AbortSignal.timeout(ms)` is a deadline for all of it.',
  },
  logger: {
    kind: { type: 'logger' },
    default: null,
    text: 'Object with any of `debug`, `info`, `warn`, `error`. Default: silence.',
  },
  onEvent: {
    kind: { type: 'listener' },
    default: null,
    text: 'Called with each typed event of the run. What it throws is logged and ignored.',
  },
  hooks: {
    kind: { type: 'hooks' },
    default: null,
    commands: firing,
    text: "Functions that are called at Flyway's callback events, by the name of the event.",
  },
} as const satisfies Record<string, OptionSpecification>

export type OptionName = keyof typeof optionTable

export const optionNames = Object.keys(optionTable) as readonly OptionName[]

/** Names of the options that one command takes. */
export function optionNamesOf(command: CommandName): readonly OptionName[] {
  return optionNames.filter((name) => {
    const { commands }: OptionSpecification = optionTable[name]
    return commands === undefined || commands.includes(command)
  })
}
