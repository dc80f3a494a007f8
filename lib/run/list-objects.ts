import type { HistoryPlace } from '../history/history-row.js'
import { quoteLiteral } from '../history/quote-sql.js'

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
}

/**
 * SQL for what schemas hold, in Flyway's order of dropping: materialised views, views, tables, sequences, types,
 * routines, collations, and extensions that the login owns. Partitions go with their tables; what an extension brought goes
 * with the extension or stays; history and ledger are not among them.
 */
export function listObjectsSql(schemas: readonly string[], place: HistoryPlace): string {
  const inSchemas = `n.nspname IN (${schemas.map(quoteLiteral).join(', ')})`
  const isFree = (catalogue: string, id: string): string =>
    `NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = '${catalogue}'::regclass AND d.objid = ${id} AND d.deptype = 'e')`
  const own = [place.history, place.ledger]
    .map((name) => `coalesce(to_regclass(${quoteLiteral(name)})::oid, 0)`)
    .join(', ')
  const kinds =
    "CASE c.relkind WHEN 'm' THEN 'materialized view' WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table' " +
    "WHEN 'S' THEN 'sequence' ELSE 'table' END"
  const qualified = (name: string): string => `format('%I.%I', n.nspname, ${name})`
  const objects = [
    `SELECT CASE c.relkind WHEN 'm' THEN 1 WHEN 'v' THEN 2 WHEN 'S' THEN 4 ELSE 3 END AS place, n.nspname AS schema, ` +
      `${kinds} AS kind, c.relname::text AS name, ${qualified('c.relname')} AS reference, c.relowner AS owner ` +
      `FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace ` +
      `WHERE ${inSchemas} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT c.relispartition AND c.oid NOT IN (${own}) ` +
      // A sequence of a column goes with its table.
      `AND ${isFree('pg_class', 'c.oid')} AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend AS d ` +
      `WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))`,
    `SELECT 5, n.nspname, CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, t.typname, ${qualified('t.typname')}, t.typowner ` +
      `FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace LEFT JOIN pg_class AS c ON c.oid = t.typrelid ` +
      `WHERE ${inSchemas} AND t.typtype IN ('b', 'c', 'd', 'e', 'r') AND t.typcategory <> 'A' AND coalesce(c.relkind, 'c') = 'c' ` +
      `AND ${isFree('pg_type', 't.oid')}`,
    `SELECT 6, n.nspname, 'routine', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', ` +
      `p.oid::regprocedure::text, p.proowner FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace ` +
      `WHERE ${inSchemas} AND ${isFree('pg_proc', 'p.oid')} AND NOT EXISTS (SELECT FROM pg_depend AS d ` +
      // The constructors of a range type, and the like.
      `WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')`,
    `SELECT 7, n.nspname, 'collation', l.collname, ${qualified('l.collname')}, l.collowner ` +
      `FROM pg_collation AS l JOIN pg_namespace AS n ON n.oid = l.collnamespace ` +
      `WHERE ${inSchemas} AND ${isFree('pg_collation', 'l.oid')}`,
    `SELECT 8, n.nspname, 'extension', e.extname, quote_ident(e.extname), e.extowner ` +
      `FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace ` +
      `WHERE ${inSchemas} AND e.extowner = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = session_user)`,
  ]
  return (
    `SELECT coalesce(json_agg(json_build_object('schema', o.schema, 'kind', o.kind, 'name', o.name, 'reference', o.reference, ` +
    `'owner', pg_get_userbyid(o.owner), 'mayDrop', pg_has_role(current_user, o.owner, 'USAGE')) ` +
    `ORDER BY o.place, o.schema, o.name), '[]')::text AS objects FROM (${objects.join(' UNION ALL ')}) AS o`
  )
}

/**
 * SQL for everything outside of schemas that a CASCADE could take along: relations, columns, constraints, triggers,
 * policies, routines and types, as texts that name them.
 */
export function listOutsideSql(schemas: readonly string[], place: HistoryPlace): string {
  const outside = `n.nspname NOT IN (${schemas.map(quoteLiteral).join(', ')}) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`
  const own = [place.history, place.ledger]
    .map((name) => `coalesce(to_regclass(${quoteLiteral(name)})::oid, 0)`)
    .join(', ')
  const relations =
    `FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE ${outside} ` +
    `AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid NOT IN (${own})`
  const ofRelation = (kind: string, name: string, catalogue: string, relation: string, more = ''): string =>
    `SELECT '${kind} ' || ${name} || ' of ' || format('%I.%I', n.nspname, c.relname) FROM ${catalogue} AS x ` +
    `JOIN pg_class AS c ON c.oid = x.${relation} JOIN pg_namespace AS n ON n.oid = c.relnamespace ` +
    `WHERE ${outside} AND c.oid NOT IN (${own})${more}`
  const objects = [
    `SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'table' END ` +
      `|| ' ' || format('%I.%I', n.nspname, c.relname) AS name ${relations}`,
    ofRelation('column', 'x.attname::text', 'pg_attribute', 'attrelid', ' AND x.attnum > 0 AND NOT x.attisdropped'),
    ofRelation('default', 'x.adnum::text', 'pg_attrdef', 'adrelid'),
    ofRelation('constraint', 'x.conname::text', 'pg_constraint', 'conrelid'),
    ofRelation('trigger', 'x.tgname::text', 'pg_trigger', 'tgrelid', ' AND NOT x.tgisinternal'),
    ofRelation('policy', 'x.polname::text', 'pg_policy', 'polrelid'),
    ofRelation('index', 'x.indexrelid::regclass::text', 'pg_index', 'indrelid'),
    `SELECT 'routine ' || p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE ${outside}`,
    `SELECT 'type ' || format('%I.%I', n.nspname, t.typname) FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace ` +
      `WHERE ${outside} AND t.typtype IN ('b', 'd', 'e', 'r') AND t.typcategory <> 'A'`,
  ]
  return `SELECT coalesce(json_agg(o.name), '[]')::text AS names FROM (${objects.join(' UNION ALL ')}) AS o`
}
