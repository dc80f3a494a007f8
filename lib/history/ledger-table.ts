import type { HistoryPlace } from './history-row.js'
import { hashEntry, type LedgerEntry } from './ledger-entry.js'
import { quoteIdentifier, quoteLiteral, quoteTextArray } from './quote-sql.js'

const columns = [
  'run_id',
  'event',
  'module',
  'module_requires',
  'kind',
  'version',
  'description',
  'script',
  'installed_rank',
  'checksum',
  'sha256',
  'undo_script',
  'undo_text',
  'placeholders',
  'error',
  'details',
  'login',
  'client',
  'tool_version',
  'hash',
].join(', ')

/** Milliseconds since BEGIN, as SQL. */
export const elapsedSinceBegin =
  "(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) " +
  'pg_catalog.transaction_timestamp()) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int4'

/** Append-only. It is keyed by its own id: Flyway re-uses ranks, and versions may be applied many times. */
export function createLedgerSql(place: HistoryPlace): string {
  const name = (suffix: string): string => quoteIdentifier(`${place.ledgerName}_${suffix}`)
  return `CREATE TABLE ${place.ledger} (
    id bigint GENERATED ALWAYS AS IDENTITY,
    run_id uuid NOT NULL,
    event text NOT NULL,
    module text NOT NULL,
    module_requires text[] NOT NULL,
    kind text NOT NULL,
    version text,
    description text NOT NULL,
    script text NOT NULL,
    installed_rank integer,
    checksum integer,
    sha256 text,
    undo_script text,
    undo_text text,
    placeholders text[] NOT NULL,
    error json,
    details json,
    login text NOT NULL,
    client text NOT NULL,
    tool_version text NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    execution_time integer NOT NULL DEFAULT ${elapsedSinceBegin},
    hash text NOT NULL,
    CONSTRAINT ${name('pk')} PRIMARY KEY (id)
);
COMMENT ON TABLE ${place.ledger} IS 'Append-only record of every migration that schemaway applied, undid or saw fail. '
  'Each row continues a hash chain; do not edit.';`
}

/**
 * One INSERT for entries that follow each other, continuing the chain from `previousHash`. The server refuses it, as
 * {@link isBrokenChain} tells, unless that is the hash of the newest row: what was read of the ledger may have been damaged on
 * its way, or somebody may have written without the lock.
 *
 * @param executionTimes one SQL expression of integer milliseconds per row; null means "since its transaction began", which the
 *   column's default knows without being parsed each time.
 * @param isOwnHash whether `previousHash` is that of a row that this process wrote under the lock; then it is not compared.
 * @returns the SQL and the hash of the last entry, with which the next INSERT continues.
 */
export function insertLedgerSql(
  place: HistoryPlace,
  entries: readonly LedgerEntry[],
  previousHash: string | null,
  executionTimes: readonly string[] | null,
  isOwnHash = false,
): { readonly sql: string; readonly hash: string | null } {
  let previous = previousHash
  const values = entries.map((entry, index) => {
    const hash = hashEntry(entry, previous)
    const row = [
      quoteLiteral(entry.run),
      quoteLiteral(entry.event),
      quoteLiteral(entry.module),
      quoteTextArray(entry.moduleRequires),
      quoteLiteral(entry.kind),
      quoteLiteral(entry.version),
      quoteLiteral(entry.description),
      quoteLiteral(entry.script),
      entry.installedRank ?? 'NULL',
      entry.checksum ?? 'NULL',
      quoteLiteral(entry.sha256),
      quoteLiteral(entry.undoScript),
      quoteLiteral(entry.undoText),
      quoteTextArray(entry.placeholders),
      quoteLiteral(entry.error),
      quoteLiteral(entry.details ?? null),
      quoteLiteral(entry.login),
      quoteLiteral(entry.client),
      quoteLiteral(entry.toolVersion),
      index === 0 && !isOwnHash ? hashBehind(place, previousHash, hash) : quoteLiteral(hash),
      ...(executionTimes === null ? [] : [executionTimes[index] ?? '0']),
    ]
    previous = hash
    return `(${row.join(', ')})`
  })
  return {
    sql: `INSERT INTO ${place.ledger} (${columns}${executionTimes === null ? '' : ', execution_time'}) VALUES ${values.join(', ')}`,
    hash: previous,
  }
}

/** NULL, which the column does not take, unless the newest row has the hash that is continued. */
function hashBehind({ ledger }: HistoryPlace, previousHash: string | null, hash: string): string {
  const isNewest =
    previousHash === null
      ? `NOT EXISTS (SELECT FROM ${ledger})`
      : `(SELECT hash FROM ${ledger} ORDER BY id DESC LIMIT 1) OPERATOR(pg_catalog.=) ${quoteLiteral(previousHash)}`
  return `CASE WHEN ${isNewest} THEN ${quoteLiteral(hash)} END`
}

const notNullViolation = '23502'

/** Whether the server refused rows because they do not continue the newest one of the ledger. */
export function isBrokenChain(
  error: {
    readonly sqlState: string
    readonly schema: string | null
    readonly table: string | null
    readonly column: string | null
  },
  { schemaName, ledgerName }: HistoryPlace,
): boolean {
  const { sqlState, schema, table, column } = error
  return sqlState === notNullViolation && schema === schemaName && table === ledgerName && column === 'hash'
}

/** Every row in order, as one JSON text. */
export function readLedgerSql(place: HistoryPlace): string {
  return (
    `SELECT coalesce(json_agg(json_build_object('id', id, 'run', run_id, 'event', event, 'module', module, ` +
    `'moduleRequires', module_requires, 'kind', kind, 'version', version, 'description', description, ` +
    `'script', script, 'installedRank', installed_rank, 'checksum', checksum, 'sha256', sha256, ` +
    `'undoScript', undo_script, 'undoText', undo_text, 'placeholders', placeholders, 'error', error::text, 'details', details::text, ` +
    `'login', login, 'client', client, 'toolVersion', tool_version, ` +
    `'occurredAt', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), ` +
    `'executionTime', execution_time, 'hash', hash) ORDER BY id), '[]')::text AS rows ` +
    `FROM ${place.ledger}`
  )
}
