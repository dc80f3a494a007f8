/**
 * Every `code` that a {@link SchemawayError} can carry. The list is closed: switch on it, never on a message.
 */
export const errorCodes = [
  /** An option is unknown, missing or malformed, or a connection URL cannot be understood. */
  'INVALID_OPTIONS',
  /** Modules are unknown, repeated, form a circle, or require one that is not selected. */
  'INVALID_MODULES',
  /** A directory of migrations does not exist or cannot be read. */
  'UNREADABLE_DIRECTORY',
  /** The SQL files that the package ships are not where the code runs, usually because a bundler left them behind. */
  'BUNDLED_SQL_MISSING',
  /** Umzug could not be loaded, usually because a bundler changed how it is. */
  'ENGINE_UNAVAILABLE',
  /** Files are named outside the grammar, or two files claim the same version or description. */
  'INVALID_SCRIPT_NAMES',
  /** The text of a file cannot be run: encoding, NUL, unterminated quote, psql command, unsupported statement. */
  'INVALID_SCRIPT',
  /** A `-- schemaway: key=value` line is unknown, repeated or malformed. */
  'INVALID_DIRECTIVE',
  /** A `${placeholder}` has no value. */
  'UNKNOWN_PLACEHOLDER',
  /** A file contains COMMIT, ROLLBACK or another statement that would end its transaction. */
  'TRANSACTION_CONTROL',
  /** No server could be reached, or it refused the login. */
  'CONNECTION_FAILED',
  /** The connection broke while work was under way. What was not committed is undone by the server. */
  'CONNECTION_LOST',
  /** The server is older than the oldest supported version, or is a standby that cannot be written. */
  'SERVER_UNSUITABLE',
  /** The login lacks a right; the message contains the GRANT. */
  'MISSING_PRIVILEGE',
  /** Another process migrates this database and did not finish within `waitForLock`. */
  'LOCK_WAIT_TIMEOUT',
  /** A script released the lock under which it ran, or another process took it over. */
  'LOCK_LOST',
  /** History or ledger are not what was read of them, because another process changed them, and the command cannot be planned anew half-way. */
  'HISTORY_MOVED',
  /** A statement waited longer than `lockTimeout` for a lock that another session holds, in every attempt. */
  'STATEMENT_BLOCKED',
  /** A statement of a script failed. */
  'STATEMENT_FAILED',
  /** A migration in TypeScript or JavaScript threw an error, or did not wait for its own queries. */
  'PROGRAM_FAILED',
  /** A function of the option `hooks` threw an error, or did not wait for its own queries. */
  'HOOK_FAILED',
  /** The script ran, but the server refused its COMMIT, for instance because of a deferred constraint. */
  'COMMIT_FAILED',
  /** A script ended the transaction that schemaway had opened for it, or a query came after the end of withOrganisation(). */
  'TRANSACTION_ESCAPED',
  /** History and files disagree, or files have faults (`validateFiles`); `details.problems` lists every finding. */
  'VALIDATION_FAILED',
  /** Migrations are pending where none may be (`assertMigrated`, `seed`), or the model is not installed (`maintain`). */
  'PENDING_MIGRATIONS',
  /** `waitUntilMigrated` ran out of time. */
  'WAIT_TIMEOUT',
  /** `target` or `cherryPick` names a migration that does not exist. */
  'MIGRATION_NOT_FOUND',
  /** `rollback({ to })`, `undo({ target })` or `repair({ versions })` names a version that is not applied. */
  'VERSION_NOT_APPLIED',
  /** A migration has to be undone, but neither a file nor the ledger has a text for it. */
  'UNDO_MISSING',
  /** A rollback would drop tables that hold rows and `allowDataLoss` was not given. */
  'DATA_LOSS_REFUSED',
  /** A module cannot go while another installed one requires it. */
  'MODULE_REQUIRED',
  /** There is content in a schema, but no history that says what it is. */
  'SCHEMA_NOT_EMPTY',
  /** `baseline()` would give a history another beginning than it has. */
  'BASELINE_REFUSED',
  /** `clean()` was called without `cleanDisabled: false`. */
  'CLEAN_DISABLED',
  /** `clean()` would drop something that no selected module owns. */
  'CLEAN_REFUSED',
  /** The ledger was edited by somebody who did not know its hash chain. */
  'LEDGER_BROKEN',
  /** The history table exists but does not have Flyway's columns. */
  'HISTORY_UNREADABLE',
  /** `adopt()` cannot take over what another tool applied: dirty, unknown versions, a history that is not empty. */
  'ADOPTION_REFUSED',
  /** `migrateAll` gave one database no longer than `timeoutPerTarget`, which was not enough. */
  'TARGET_TIMEOUT',
  /** `migrateAll` did not bring every database up to date; `details.targets` lists those that it did not. */
  'TARGETS_FAILED',
  /** The caller's `AbortSignal` fired. */
  'ABORTED',
] as const

/** One of the {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number]
