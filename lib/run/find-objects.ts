import type { HistoryPlace } from '../history/history-row.js'
import { quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import { isFree, ownTables } from './list-objects.js'
import type { Session } from './session.js'

/** How many objects an error names. */
const mostNames = 5

/** Objects of schemas that are expected to be empty. */
export interface FoundObjects {
  readonly count: number
  /** The first few, such as `table public.users`. */
  readonly names: readonly string[]
}

/**
 * Looks for what makes a schema "not empty" by Flyway's definition: tables, views, sequences, types and functions that no
 * extension brought. Partitioned tables and materialised views alone do not. History and ledger do not count either.
 */
export async function findObjects(
  session: Session,
  schemas: readonly string[],
  place: HistoryPlace,
): Promise<FoundObjects> {
  if (schemas.length === 0) return { count: 0, names: [] }
  const isIn = (namespace: string): string =>
    `${namespace} IN (SELECT oid FROM pg_namespace WHERE nspname IN (${schemas.map(quoteLiteral).join(', ')}))`
  const [row] = await session.query<{ found: string }>(
    withOwnNames(
      `WITH found AS (` +
        `SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind, c.relnamespace AS schema, c.relname AS name ` +
        `FROM pg_class AS c WHERE ${isIn('c.relnamespace')} AND c.relkind IN ('r', 'v', 'S', 't') AND ${isFree('pg_class', 'c.oid')} ` +
        `AND c.oid NOT IN (${ownTables(place)}) AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass ` +
        `AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN (${ownTables(place)})) ` +
        `UNION ALL SELECT 'type', t.typnamespace, t.typname FROM pg_type AS t WHERE ${isIn('t.typnamespace')} ` +
        `AND t.typcategory NOT IN ('A', 'C') AND ${isFree('pg_type', 't.oid')} ` +
        `UNION ALL SELECT 'function', p.pronamespace, p.proname FROM pg_proc AS p WHERE ${isIn('p.pronamespace')} ` +
        `AND ${isFree('pg_proc', 'p.oid')}), ` +
        `named AS (SELECT f.kind || ' ' || format('%I.%I', n.nspname, f.name) AS name, f.kind FROM found AS f ` +
        `JOIN pg_namespace AS n ON n.oid = f.schema) ` +
        `SELECT json_build_object('count', (SELECT count(*) FROM named), 'names', (SELECT coalesce(json_agg(o.name), '[]') ` +
        `FROM (SELECT name FROM named ORDER BY kind <> 'table', kind, name LIMIT ${mostNames}) AS o))::text AS found`,
    ),
  )
  return row === undefined ? { count: 0, names: [] } : (JSON.parse(row.found) as FoundObjects)
}
