import type { OptionName } from '../../lib/config/option-table.js'

/** A command of Flyway, what stands for it here, and what to know. */
export interface CommandNote {
  readonly flyway: string
  /** Functions of ours; none where it is left out. */
  readonly ours: readonly string[]
  readonly note: string
}

export const commandNotes: readonly CommandNote[] = [
  { flyway: 'migrate', ours: ['migrate'], note: 'Validates first. A script and its history row commit together.' },
  { flyway: 'info', ours: ['info'], note: 'The same states in the same order, as data.' },
  {
    flyway: 'validate',
    ours: ['validate', 'validateFiles'],
    note: 'The second needs no database: names, duplicates, placeholders, open quotes, undo twins.',
  },
  { flyway: 'baseline', ours: ['baseline'], note: '' },
  {
    flyway: 'repair',
    ours: ['repair'],
    note: 'Takes the lock, which Flyway does not; `preview` shows what it would do, `versions` limits it.',
  },
  { flyway: 'clean', ours: ['clean'], note: 'Disabled by default, as there; `preview` shows what would go.' },
  {
    flyway: 'undo (Teams)',
    ours: ['undo', 'rollback'],
    note: '`undo({ target })` undoes the target too, as there; `rollback({ to })` keeps it. Also without the file: the ledger has the text.',
  },
  { flyway: 'testConnection', ours: [], note: '`info()` connects and changes nothing.' },
  {
    flyway: 'check, diff, snapshot, generate, prepare, deploy',
    ours: [],
    note: 'Left out: they belong to paid editions and to schema models.',
  },
  {
    flyway: 'add, init, auth, list-engines, mcp',
    ours: [],
    note: 'Left out: they look after projects, licences and other engines.',
  },
]

/** An option of Flyway with its default there, what stands for it here, and what to know. */
export interface OptionNote {
  readonly flyway: string
  readonly default: string
  readonly ours: OptionName | null
  readonly note: string
}

export const optionNotes: readonly OptionNote[] = [
  {
    flyway: 'url, user, password',
    default: '',
    ours: 'url',
    note: 'A PostgreSQL URL, not a JDBC one; or `connection`, or `sql`.',
  },
  {
    flyway: 'locations',
    default: 'db/migration',
    ours: 'locations',
    note: 'Folders, with `*`, `**` and `?`. No `classpath:`, `s3:` or `gcs:`.',
  },
  {
    flyway: 'failOnMissingLocations',
    default: 'false',
    ours: 'failOnMissingLocations',
    note: 'A wrong path would look like a database with nothing to do.',
  },
  { flyway: 'encoding', default: 'UTF-8', ours: 'encoding', note: 'Also in the `.conf` of a script.' },
  { flyway: 'detectEncoding', default: 'false', ours: null, note: 'A guess must not decide what runs.' },
  { flyway: 'table', default: 'flyway_schema_history', ours: 'table', note: '' },
  {
    flyway: 'defaultSchema, schemas',
    default: 'of the login',
    ours: 'historySchema',
    note: 'Only the schema of the history. What else is managed follows from the modules.',
  },
  {
    flyway: 'createSchemas',
    default: 'true',
    ours: null,
    note: 'The schema of the history is made when it is missing; others are made by scripts.',
  },
  {
    flyway: 'tablespace',
    default: '',
    ours: null,
    note: '`ALTER ROLE ... SET default_tablespace` does it for the login.',
  },
  {
    flyway: 'initSql',
    default: '',
    ours: null,
    note: '`ALTER ROLE ... SET`, or `options` in the URL: what a script relies on should not depend on the program that runs it.',
  },
  { flyway: 'target', default: 'latest', ours: 'target', note: '' },
  { flyway: 'cherryPick (Teams)', default: '', ours: 'cherryPick', note: '' },
  {
    flyway: 'outOfOrder',
    default: 'false',
    ours: 'outOfOrder',
    note: 'Judged within a module, so that a module can be added later.',
  },
  { flyway: 'group', default: 'false', ours: 'transaction', note: '`group=true` is `all`.' },
  { flyway: 'mixed', default: 'false', ours: 'mixed', note: '' },
  {
    flyway: 'executeInTransaction',
    default: 'true',
    ours: null,
    note: 'By script only: in its `.conf`, or with `-- schemaway: transaction=none`.',
  },
  { flyway: 'baselineOnMigrate', default: 'false', ours: 'baselineOnMigrate', note: '' },
  { flyway: 'baselineVersion', default: '1', ours: 'baselineVersion', note: '' },
  { flyway: 'baselineDescription', default: '<< Flyway Baseline >>', ours: 'baselineDescription', note: '' },
  { flyway: 'ignoreMigrationPatterns', default: '*:future', ours: 'ignoreMigrationPatterns', note: '' },
  { flyway: 'validateOnMigrate', default: 'true', ours: 'validateOnMigrate', note: '' },
  {
    flyway: 'validateMigrationNaming',
    default: 'false',
    ours: null,
    note: 'Always: a file that is silently left out never runs. `ignore` leaves files out on purpose.',
  },
  { flyway: 'skipExecutingMigrations', default: 'false', ours: 'skipExecutingMigrations', note: '' },
  { flyway: 'cleanDisabled', default: 'true', ours: 'cleanDisabled', note: '' },
  { flyway: 'installedBy', default: 'the user', ours: 'installedBy', note: '' },
  {
    flyway: 'placeholders',
    default: '',
    ours: 'placeholders',
    note: 'One without a value is an error before anything runs.',
  },
  { flyway: 'placeholderReplacement', default: 'true', ours: 'placeholderReplacement', note: '' },
  { flyway: 'placeholderPrefix', default: '${', ours: 'placeholderPrefix', note: '' },
  { flyway: 'placeholderSuffix', default: '}', ours: 'placeholderSuffix', note: '' },
  {
    flyway: 'placeholderSeparator, scriptPlaceholderPrefix, scriptPlaceholderSuffix',
    default: ':, FP__, __',
    ours: null,
    note: 'Fixed; there are no shell scripts.',
  },
  {
    flyway: 'sqlMigrationPrefix, ...Separator, ...Suffixes',
    default: 'V, __, .sql',
    ours: 'naming',
    note: 'The prefixes V, U, R and B are fixed; `up-down` and `numbered` read the names of other tools.',
  },
  { flyway: 'connectRetries', default: '0', ours: 'connectRetries', note: '' },
  {
    flyway: 'connectRetriesInterval',
    default: '120',
    ours: null,
    note: 'Waits double up to five seconds, with jitter.',
  },
  { flyway: 'lockRetryCount', default: '50', ours: 'waitForLock', note: 'A time, not a count: in milliseconds.' },
  {
    flyway: 'postgresql.transactional.lock',
    default: 'true',
    ours: null,
    note: 'Always the session lock, on the connection that runs the scripts: CREATE INDEX CONCURRENTLY works.',
  },
  { flyway: 'loggers', default: 'auto', ours: 'logger', note: 'And `onEvent` for typed events.' },
  {
    flyway: 'callbacks, callbackLocations, skipDefaultCallbacks',
    default: '',
    ours: 'onEvent',
    note: 'SQL callbacks are not there yet, and their files are refused by name; `onEvent` tells what happens. Java callbacks are left out.',
  },
  {
    flyway: 'stream, batch',
    default: 'false',
    ours: null,
    note: 'A script travels in one message, a dump with COPY blocks in pieces.',
  },
  { flyway: 'outputQueryResults', default: 'true', ours: null, note: 'Rows that a script selects are not shown.' },
  { flyway: 'errorOverrides (Teams)', default: '', ours: null, note: 'An error is an error.' },
  { flyway: 'dryRunOutput (Teams)', default: '', ours: null, note: 'Not there yet.' },
  {
    flyway: 'reportEnabled, reportFilename',
    default: 'false',
    ours: null,
    note: 'Every command returns its report, which survives `JSON.stringify`.',
  },
  { flyway: 'environments, configFiles', default: '', ours: null, note: 'Options are an object of your program.' },
  {
    flyway: 'migrationResolvers, javaMigrations, resourceProvider, jarDirs',
    default: '',
    ours: null,
    note: 'They need a JVM.',
  },
]
