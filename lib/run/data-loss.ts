import { SchemawayError, type TableWithRows } from '../errors/schemaway-error.js'
import type { HistoryPlace } from '../history/history-row.js'
import { doWithOwnNames, ownNames, quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import { ServerError } from './server-error.js'
import type { Session } from './session.js'

/** SQLSTATE of our own for "tables with content were dropped"; class SW is used by nobody else. */
const tablesDropped = 'SW001'
const exactUpTo = 10_000

/**
 * SQL that a rollback runs around its undo scripts: first it notes every table that has content on disk, at the end it
 * raises when one of them is gone, whatever dropped it.
 *
 * @param knownEmpty names of tables that were found to be empty although they have pages.
 */
export function dataLossCheck(
  place: HistoryPlace,
  knownEmpty: readonly string[],
): { readonly before: string; readonly after: string } {
  const ignored = [place.history, place.ledger, place.lock].map(
    (name) => `pg_catalog.to_regclass(${quoteLiteral(name)})`,
  )
  const before =
    `SELECT pg_catalog.set_config('schemaway.tables', coalesce((SELECT pg_catalog.json_object_agg(c.oid, ` +
    `pg_catalog.format('%I.%I', n.nspname, c.relname)) FROM pg_catalog.pg_class AS c ` +
    `JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace ` +
    `WHERE c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relpersistence OPERATOR(pg_catalog.<>) 't' ` +
    `AND n.nspname OPERATOR(pg_catalog.!~) '^(pg_|information_schema$)' ` +
    ignored.map((name) => `AND coalesce(c.oid OPERATOR(pg_catalog.<>) ${name}::pg_catalog.oid, true) `).join('') +
    knownEmpty
      .map(
        (name) => `AND pg_catalog.format('%I.%I', n.nspname, c.relname) OPERATOR(pg_catalog.<>) ${quoteLiteral(name)} `,
      )
      .join('') +
    `AND pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog.>) 0), '{}')::pg_catalog.text, true)`
  const after = doWithOwnNames(
    `  SELECT pg_catalog.json_agg(t.value ORDER BY t.value)::pg_catalog.text
  INTO v_gone
  FROM pg_catalog.json_each_text(pg_catalog.current_setting('schemaway.tables')::pg_catalog.json) AS t
  WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) t.key::pg_catalog.oid
  );

  IF v_gone IS NOT NULL THEN
    RAISE EXCEPTION 'tables with content were dropped'
      USING ERRCODE = '${tablesDropped}', DETAIL = v_gone;
  END IF;`,
    ['v_gone pg_catalog.text'],
  )
  return { before, after }
}

/** Names of the tables that the check found dropped, or null when the error is another one. */
export function readDroppedTables(error: ServerError): readonly string[] | null {
  return error.sqlState === tablesDropped && error.detail !== null ? (JSON.parse(error.detail) as string[]) : null
}

/**
 * Which of the tables really hold rows; pages may hold dead rows only.
 *
 * Rows that row-level security hides from this login still count: such a table is reported with the planner's estimate.
 */
export async function findTablesWithRows(
  session: Session,
  names: readonly string[],
): Promise<readonly TableWithRows[]> {
  const tables: TableWithRows[] = []
  for (const table of names) {
    const rows = await countRows(session, table)
    if (rows > 0) tables.push({ table, rows })
  }
  return tables
}

async function countRows(session: Session, table: string): Promise<number> {
  const estimate = `(SELECT greatest(reltuples, 1)::bigint FROM pg_class WHERE oid = ${quoteLiteral(table)}::regclass)`
  try {
    const [row] = await session.query<{ rows: number }>(
      // One message, since behind a pooler the next one may reach another connection.
      `BEGIN READ ONLY; ${ownNames}; SET LOCAL row_security = off; SELECT (CASE WHEN n <= ${exactUpTo} THEN n ELSE greatest(n, ${estimate}) END)::float8 AS rows ` +
        `FROM (SELECT count(*) AS n FROM (SELECT FROM ${table} LIMIT ${exactUpTo + 1}) AS some_rows) AS counted; COMMIT`,
    )
    return row?.rows ?? 0
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    await session.send('ROLLBACK')
    const [row] = await session.query<{ rows: number }>(withOwnNames(`SELECT ${estimate}::float8 AS rows`))
    return row?.rows ?? 1
  }
}

/** @param isUntouched whether nothing was undone before. */
export function dataLossRefused(tables: readonly TableWithRows[], isUntouched: boolean): SchemawayError {
  const list = tables.map(
    ({ table, rows }) => `${table} (${rows > exactUpTo ? 'about ' : ''}${rows} ${rows === 1 ? 'row' : 'rows'})`,
  )
  return new SchemawayError(
    'DATA_LOSS_REFUSED',
    `This rollback would drop ${tables.length === 1 ? 'a table that holds' : 'tables that hold'} rows: ${list.join(', ')}. ` +
      `${isUntouched ? 'Nothing was changed.' : 'What is in details.undone stays undone.'} Save the rows, then pass ` +
      '`allowDataLoss: true`.',
    { details: { tables } },
  )
}
