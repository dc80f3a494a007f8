import type { ScriptFile } from '../scripts/script-file.js'
import { quoteIdentifier } from './quote-sql.js'

/** Where history and ledger live, quoted for SQL text. */
export interface HistoryPlace {
  readonly schema: string
  /** As it is, without quotes. */
  readonly schemaName: string
  /** Qualified and quoted: `"public"."flyway_schema_history"`. */
  readonly history: string
  readonly ledger: string
  /** Table of locks, which only some engines need. */
  readonly lock: string
  readonly historyName: string
  readonly ledgerName: string
}

/** Beside every history of a schema, with a row for each that is locked. */
export const lockTable = 'schemaway_lock'

export function placeHistory(names: { historySchema: string; table: string; ledgerTable: string }): HistoryPlace {
  const schema = quoteIdentifier(names.historySchema)
  return {
    schema,
    schemaName: names.historySchema,
    history: `${schema}.${quoteIdentifier(names.table)}`,
    ledger: `${schema}.${quoteIdentifier(names.ledgerTable)}`,
    lock: `${schema}.${quoteIdentifier(lockTable)}`,
    historyName: names.table,
    ledgerName: names.ledgerTable,
  }
}

/** One row of `flyway_schema_history`, in Flyway's own meaning. */
export interface HistoryRow {
  readonly installedRank: number
  /** Display text; null for repeatable and synthetic rows. */
  readonly version: string | null
  readonly description: string
  /** `SQL`, `BASELINE`, `DELETE`, `SCHEMA`, `UNDO_SQL`, ... Unknown types of other editions are kept as they are. */
  readonly type: string
  readonly script: string
  /** Signed CRC-32, or null for rows without a file. */
  readonly checksum: number | null
  readonly installedBy: string
  /** `YYYY-MM-DD HH:MM:SS`, in the time zone of the session that wrote it. */
  readonly installedOn: string
  /** Milliseconds. */
  readonly executionTime: number
  readonly success: boolean
}

/** Rows that a SQL script, or one in another language, has left. Versioned ones have a version, repeatables none. */
export function isMigrationRow({ type }: Pick<HistoryRow, 'type'>): boolean {
  return type !== 'SCHEMA' && !isBaselineRow({ type }) && !isRemovalType(type)
}

/** The type that history gives to a file: `SCRIPT` is Flyway's for what is not SQL. */
export function typeOf(file: Pick<ScriptFile, 'kind' | 'program'> | null): string {
  if (file?.program !== undefined) return 'SCRIPT'
  return file?.kind === 'baseline' ? 'SQL_BASELINE' : 'SQL'
}

export function isRepeatableRow(row: HistoryRow): boolean {
  return row.version === null && isMigrationRow(row)
}

/** A row of the baseline command, or of a `B` script. */
export function isBaselineRow({ type }: Pick<HistoryRow, 'type'>): boolean {
  return type === 'BASELINE' || isBaselineScriptType(type)
}

export function isBaselineScriptType(type: string): boolean {
  return type.endsWith('_BASELINE') || type.endsWith('_STATE_SCRIPT')
}

/** A row that only says that an earlier one no longer counts. */
export function isRemovalType(type: string): boolean {
  return type === 'DELETE' || type.startsWith('UNDO_')
}

/** What one query tells about the database and its history. */
export interface DatabaseState {
  readonly currentUser: string
  readonly sessionUser: string
  readonly database: string
  readonly currentSchema: string | null
  readonly searchPath: string
  /** `server_version_num`, for example 180004. */
  readonly serverVersion: number
  readonly backendPid: number
  readonly isInRecovery: boolean
  /** Server clock in milliseconds since 1970. */
  readonly now: number
  /** Server clock as `YYYY-MM-DD HH:MM:SS`. */
  readonly timestamp: string
  /** Null when there is no history table yet. */
  readonly rows: readonly HistoryRow[] | null
}

type RowTuple = [number, string | null, string, string, string, number | null, string, string, number, boolean]

const stateNames = [
  'currentUser',
  'sessionUser',
  'database',
  'currentSchema',
  'searchPath',
  'serverVersion',
  'backendPid',
  'isInRecovery',
  'now',
  'timestamp',
  'rows',
] as const

interface RawState extends Omit<DatabaseState, 'rows'> {
  readonly rows: readonly RowTuple[] | null
}

/**
 * The one query of a start-up that has nothing to do. It names the history table directly, so it fails with 42P01 where
 * there is none. Every name in it is qualified, because it also asks for the search path.
 *
 * @param table quoted and qualified name, or null to ask about the database only.
 */
export function readStateSql(table: string | null): string {
  const rows =
    table === null
      ? 'NULL'
      : `(SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(installed_rank, version, description, type, script, ` +
        `checksum, installed_by, pg_catalog.to_char(installed_on, 'YYYY-MM-DD HH24:MI:SS'), execution_time, success) ` +
        `ORDER BY installed_rank), '[]') FROM ${table})`
  const seconds = `pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())`
  return (
    `SELECT pg_catalog.json_build_object('currentUser', current_user, 'sessionUser', session_user, ` +
    `'database', pg_catalog.current_database(), 'currentSchema', pg_catalog.current_schema(), ` +
    `'searchPath', pg_catalog.current_setting('search_path'), ` +
    `'serverVersion', pg_catalog.current_setting('server_version_num')::pg_catalog.int4, ` +
    `'backendPid', pg_catalog.pg_backend_pid(), 'isInRecovery', pg_catalog.pg_is_in_recovery(), ` +
    `'now', pg_catalog.floor(${seconds} OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8, ` +
    `'timestamp', pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS'), 'rows', ${rows})::pg_catalog.text AS state`
  )
}

/**
 * Reads what {@link readStateSql} returned.
 *
 * @throws SyntaxError also where a line that garbles has changed a name.
 */
export function parseState(text: string): DatabaseState {
  const raw = JSON.parse(text) as RawState
  if (stateNames.some((name) => raw[name] === undefined)) throw new SyntaxError('a name is missing')
  return { ...raw, rows: raw.rows === null ? null : raw.rows.map(toRow) }
}

function toRow([
  installedRank,
  version,
  description,
  type,
  script,
  checksum,
  installedBy,
  installedOn,
  executionTime,
  success,
]: RowTuple): HistoryRow {
  return {
    installedRank,
    version,
    description,
    type,
    script,
    checksum,
    installedBy,
    installedOn,
    executionTime,
    success,
  }
}

/** As history holds it: of more than 200 characters Flyway keeps the first 197. */
export function shortenDescription(description: string): string {
  return description.length > 200 ? `${wholeCharacters(description.slice(0, 197))}...` : description
}

/** As history holds it: of more than 1000 characters Flyway keeps the first 1000 and overwrites three of them. */
export function shortenScript(script: string): string {
  return script.length > 1000 ? `...${wholeCharacters(script.slice(3, 1000))}` : script
}

/** Java counts UTF-16 units, as we do, so a cut may go through a character; half of one cannot be stored. */
function wholeCharacters(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '')
}
