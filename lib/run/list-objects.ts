import type { HistoryPlace } from '../history/history-row.js'
import { quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import type { Send } from './retry-transaction.js'

/** An object of a schema that a clean drops. */
export interface SchemaObject {
  readonly schema: string
  /** `table`, `view`, `materialized view`, `foreign table`, `sequence`, `routine`, `type`, `domain`, `collation`, `extension`. */
  readonly kind: string
  /** Name, for a routine with its arguments. */
  readonly name: string
  /** What DROP calls it, quoted and qualified. */
  readonly reference: string
  readonly owner: string
  /** Whether the login has its owner's rights as it is. */
  readonly mayDrop: boolean
  /** The catalogue that has it, such as `pg_class`, and its oid there. */
  readonly catalogue: string
  readonly id: number
}

/** Asks for a list, which is JSON in one column. */
export async function ask<Item>(send: Send, sql: string, column: string): Promise<readonly Item[]> {
  const { lastRows } = await send(sql)
  return JSON.parse(String(lastRows[0]?.[column] ?? '[]')) as Item[]
}

/** An object of the owner role is dropped by that role, when the login is a member that does not inherit its rights. */
export function asOwner(
  { owner, mayDrop }: { readonly owner: string; readonly mayDrop: boolean },
  statement: string,
): string {
  return mayDrop ? statement : `SET LOCAL ROLE ${quoteIdentifier(owner)};\n${statement};\nRESET ROLE`
}

/** SQL for the oids of history and ledger, 0 for one that is not there. */
export function ownTables(place: HistoryPlace): string {
  return [place.history, place.ledger, place.lock]
    .map((name) => `coalesce(to_regclass(${quoteLiteral(name)})::oid, 0)`)
    .join(', ')
}

/** SQL condition: no extension brought it. */
export function isFree(catalogue: string, id: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = '${catalogue}'::regclass AND d.objid = ${id} AND d.deptype = 'e')`
}

/**
 * SQL for what schemas hold, in Flyway's order of dropping: materialised views, views, tables, sequences, types,
 * routines, collations, and extensions that the login owns. Partitions go with their tables; what an extension brought goes
 * with the extension or stays; history and ledger are not among them.
 */
export function listObjectsSql(schemas: readonly string[], place: HistoryPlace): string {
  const inSchemas = `n.nspname IN (${schemas.map(quoteLiteral).join(', ')})`
  const kinds =
    "CASE c.relkind WHEN 'm' THEN 'materialized view' WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table' " +
    "WHEN 'S' THEN 'sequence' ELSE 'table' END"
  const qualified = (name: string): string => `format('%I.%I', n.nspname, ${name})`
  const objects = [
    `SELECT CASE c.relkind WHEN 'm' THEN 1 WHEN 'v' THEN 2 WHEN 'S' THEN 4 ELSE 3 END AS place, n.nspname AS schema, ` +
      `${kinds} AS kind, c.relname::text AS name, ${qualified('c.relname')} AS reference, c.relowner AS owner, 'pg_class' AS catalogue, c.oid AS id ` +
      `FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace ` +
      `WHERE ${inSchemas} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT c.relispartition AND c.oid NOT IN (${ownTables(place)}) ` +
      // A sequence of a column goes with its table.
      `AND ${isFree('pg_class', 'c.oid')} AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend AS d ` +
      `WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))`,
    `SELECT 5, n.nspname, CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, t.typname, ${qualified('t.typname')}, t.typowner, 'pg_type', t.oid ` +
      `FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace LEFT JOIN pg_class AS c ON c.oid = t.typrelid ` +
      `WHERE ${inSchemas} AND t.typtype IN ('b', 'c', 'd', 'e', 'r') AND t.typcategory <> 'A' AND coalesce(c.relkind, 'c') = 'c' ` +
      `AND ${isFree('pg_type', 't.oid')}`,
    `SELECT 6, n.nspname, 'routine', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', ` +
      `p.oid::regprocedure::text, p.proowner, 'pg_proc', p.oid FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace ` +
      `WHERE ${inSchemas} AND ${isFree('pg_proc', 'p.oid')} AND NOT EXISTS (SELECT FROM pg_depend AS d ` +
      // The constructors of a range type, and the like.
      `WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')`,
    `SELECT 7, n.nspname, 'collation', l.collname, ${qualified('l.collname')}, l.collowner, 'pg_collation', l.oid ` +
      `FROM pg_collation AS l JOIN pg_namespace AS n ON n.oid = l.collnamespace ` +
      `WHERE ${inSchemas} AND ${isFree('pg_collation', 'l.oid')}`,
    `SELECT 8, n.nspname, 'extension', e.extname, quote_ident(e.extname), e.extowner, 'pg_extension', e.oid ` +
      `FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace ` +
      `WHERE ${inSchemas} AND e.extowner = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = session_user)`,
  ]
  return (
    `SELECT coalesce(json_agg(json_build_object('schema', o.schema, 'kind', o.kind, 'name', o.name, 'reference', o.reference, ` +
    `'owner', pg_get_userbyid(o.owner), 'mayDrop', pg_has_role(current_user, o.owner, 'USAGE'), 'catalogue', o.catalogue, 'id', o.id::int8) ` +
    `ORDER BY o.place, o.schema, o.name), '[]')::text AS objects FROM (${objects.join(' UNION ALL ')}) AS o`
  )
}
