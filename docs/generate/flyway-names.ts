import type { OptionName } from '../../lib/config/option-table.js'

/** A command of Flyway, what stands for it here, and what to know. */
export interface CommandNote {
  readonly flyway: string
  /** Functions of ours; none where it is left out. */
  readonly ours: readonly string[]
  readonly note: string
}

export const commandNotes: readonly CommandNote[] = [
  {
    flyway: 'migrate',
    ours: ['migrate'],
    note: 'Validates first. A script in a transaction commits together with its history row.',
  },
  {
    flyway: 'info',
    ours: ['info', 'describeInfo'],
    note: 'The same states in the same order, as data; the second prints the table.',
  },
  {
    flyway: 'validate',
    ours: ['validate', 'validateFiles'],
    note: 'The second needs no database: names, duplicates, placeholders, open quotes, undo twins.',
  },
  { flyway: 'baseline', ours: ['baseline'], note: 'Under the lock.' },
  {
    flyway: 'repair',
    ours: ['repair'],
    note: 'Takes the lock, which Flyway does not; `preview` shows what it would do, `versions` limits it, `unfinished` settles a script that stopped half-way outside a transaction.',
  },
  {
    flyway: 'clean',
    ours: ['clean'],
    note: 'Disabled by default, as there; `preview` shows what would go. Only the schemas of the modules, or that of the history.',
  },
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
  {
    flyway: 'encoding',
    default: 'UTF-8',
    ours: 'encoding',
    note: 'Also in the `.conf` of a script. UTF-8, ISO-8859-1, windows-1252, UTF-16LE and UTF-16BE, in any case and by any name that Java has for them; others are refused.',
  },
  { flyway: 'detectEncoding', default: 'false', ours: null, note: 'Left out: a guess must not decide what runs.' },
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
    note: 'Left out: the schema of the history is made when it is missing; others are made by scripts, which say with which owner and rights.',
  },
  {
    flyway: 'tablespace',
    default: '',
    ours: null,
    note: 'Left out: `ALTER ROLE ... SET default_tablespace` does it for the login.',
  },
  {
    flyway: 'initSql',
    default: '',
    ours: null,
    note: 'Left out: `ALTER ROLE ... SET`, or `options` in the URL, does it; what a script relies on should not depend on the program that runs it. What is to hold in each migration can be set in `beforeEachMigrate.sql`.',
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
    note: 'By script only: in its `.conf`, or with `-- schemaway: transaction=none`. Not for all files at once: it follows from what a file does.',
  },
  { flyway: 'baselineOnMigrate', default: 'false', ours: 'baselineOnMigrate', note: '' },
  { flyway: 'baselineVersion', default: '1', ours: 'baselineVersion', note: '' },
  { flyway: 'baselineDescription', default: '<< Flyway Baseline >>', ours: 'baselineDescription', note: '' },
  {
    flyway: 'ignoreMigrationPatterns',
    default: '*:future',
    ours: 'ignoreMigrationPatterns',
    note: "A list; it replaces the default, so write `['*:future', '*:missing']`. Of no meaning to `info()`, which then does not take it.",
  },
  { flyway: 'validateOnMigrate', default: 'true', ours: 'validateOnMigrate', note: '' },
  {
    flyway: 'validateMigrationNaming',
    default: 'false',
    ours: null,
    note: 'Always: a file that is silently left out never runs. `ignore` leaves files out on purpose.',
  },
  {
    flyway: 'skipExecutingMigrations',
    default: 'false',
    ours: 'skipExecutingMigrations',
    note: 'As there, content without a history is no obstacle then, and `baselineOnMigrate` writes no baseline: every version is recorded. To leave out what a baseline covers, call `baseline()` first.',
  },
  { flyway: 'cleanDisabled', default: 'true', ours: 'cleanDisabled', note: '' },
  { flyway: 'installedBy', default: 'the user', ours: 'installedBy', note: '' },
  {
    flyway: 'placeholders',
    default: '',
    ours: 'placeholders',
    note: 'One without a value is an error before anything runs. `$${` stands for `${`.',
  },
  { flyway: 'placeholderReplacement', default: 'true', ours: 'placeholderReplacement', note: '' },
  { flyway: 'placeholderPrefix', default: '${', ours: 'placeholderPrefix', note: '' },
  { flyway: 'placeholderSuffix', default: '}', ours: 'placeholderSuffix', note: '' },
  {
    flyway: 'placeholderSeparator',
    default: ':',
    ours: 'placeholderSeparator',
    note: 'Bundled modules always have the default marks.',
  },
  {
    flyway: 'scriptPlaceholderPrefix, scriptPlaceholderSuffix',
    default: 'FP__, __',
    ours: null,
    note: 'There are no shell scripts.',
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
    note: 'Always the session lock, on the connection that runs the scripts, so that CREATE INDEX CONCURRENTLY works. It keeps out both kinds of Flyway.',
  },
  { flyway: 'loggers', default: 'auto', ours: 'logger', note: 'And `onEvent` for typed events.' },
  {
    flyway: 'callbacks, callbackLocations, skipDefaultCallbacks',
    default: '',
    ours: 'hooks',
    note: 'SQL callbacks lie in `locations`, and `hooks` are functions at the same events: [below](#callbacks). A folder of their own, or leaving them out, is not offered: `ignore` leaves files out.',
  },
  {
    flyway: 'stream, batch',
    default: 'false',
    ours: null,
    note: 'Left out: a script travels in one message, and a dump with COPY blocks in pieces, whatever its size.',
  },
  {
    flyway: 'outputQueryResults',
    default: 'true',
    ours: null,
    note: 'Left out: rows that a script selects are not shown.',
  },
  { flyway: 'errorOverrides (Teams)', default: '', ours: null, note: 'Left out: an error is an error.' },
  {
    flyway: 'dryRunOutput (Teams)',
    default: '',
    ours: null,
    note: 'Left out for now: `info()` lists what would run; `repair`, `clean` and `adopt` have `preview`.',
  },
  {
    flyway: 'reportEnabled, reportFilename',
    default: 'false',
    ours: null,
    note: 'Every command returns its report, which survives `JSON.stringify`; `describeInfo()` prints the table of Flyway.',
  },
  {
    flyway: 'environments, configFiles',
    default: '',
    ours: null,
    note: 'Left out: options are an object of your program.',
  },
  {
    flyway: 'migrationResolvers, javaMigrations, resourceProvider, jarDirs',
    default: '',
    ours: null,
    note: 'Left out: they need a JVM. A migration that needs a program is written in [TypeScript or JavaScript](#migrations-in-typescript).',
  },
]
