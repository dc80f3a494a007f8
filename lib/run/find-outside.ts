import { quoteLiteral } from '../history/quote-sql.js'
import type { SchemaObject } from './list-objects.js'

/**
 * SQL for what DROP ... CASCADE of objects and schemas would take along outside of schemas, as PostgreSQL names it. It
 * follows pg_depend as the server does: to everything that depends on what goes, and from a part, such as the rule of a
 * view or a member of an extension, to the whole.
 *
 * What has no schema of its own is outside unless it is part of something inside: a trigger of a table there, a cast of a
 * type there. An extension is, unless it is one of the objects.
 *
 * @param history the table of history, where it goes; what a DROP without CASCADE takes along is part of it, and inside.
 * @param schemas what lies in them may go.
 * @param whole those of them that are dropped as a whole.
 */
export function findOutsideSql(
  objects: readonly SchemaObject[],
  history: SchemaObject | null,
  { schemas, whole }: { readonly schemas: readonly string[]; readonly whole: readonly string[] },
): string {
  const names = (list: readonly string[]): string => ['', ...list].map(quoteLiteral).join(', ')
  // As pg_identify_object() gives them.
  const quoted = ['', ...schemas].map((name) => `quote_ident(${quoteLiteral(name)})`).join(', ')
  const seeds = [
    `SELECT 'pg_namespace'::regclass::oid AS classid, n.oid AS objid, 0 AS objsubid FROM pg_namespace AS n ` +
      `WHERE n.nspname IN (${names(whole)})`,
    ...objects.filter(({ schema, kind }) => !whole.includes(schema) || kind === 'extension').map(seedOf),
    ...(history === null ? [] : [seedOf(history)]),
  ]
  const ofHistory =
    history === null
      ? 'SELECT * FROM seeds'
      : `${seedOf(history)} UNION SELECT d.classid, d.objid, d.objsubid FROM parts AS p JOIN pg_depend AS d ` +
        `ON d.refclassid = p.classid AND d.refobjid = p.objid AND p.objsubid IN (0, d.refobjsubid) AND d.deptype IN ('a', 'i')`
  const chosen = objects.filter(({ kind }) => kind === 'extension').map(({ id }) => String(id))
  const extensions = ['0', ...chosen].join(', ')
  return (
    `WITH RECURSIVE seeds AS (${seeds.join(' UNION ALL ')}), parts (classid, objid, objsubid) AS (${ofHistory}), ` +
    `walk AS (SELECT * FROM seeds UNION SELECT next.* FROM walk AS w CROSS JOIN LATERAL (` +
    `SELECT d.classid, d.objid, d.objsubid FROM pg_depend AS d WHERE d.refclassid = w.classid AND d.refobjid = w.objid ` +
    `AND (w.objsubid = 0 OR d.refobjsubid = w.objsubid) UNION ALL ` +
    `SELECT d.refclassid, d.refobjid, d.refobjsubid FROM pg_depend AS d WHERE d.classid = w.classid AND d.objid = w.objid ` +
    `AND d.deptype IN ('i', 'e')) AS next), ` +
    `named AS (SELECT w.*, nullif(o.schema, 'pg_toast') AS schema FROM walk AS w ` +
    `CROSS JOIN LATERAL pg_identify_object(w.classid, w.objid, w.objsubid) AS o), ` +
    `inside AS (SELECT n.classid, n.objid, n.objsubid FROM named AS n WHERE n.schema IN (${quoted}) ` +
    `UNION SELECT * FROM seeds UNION SELECT * FROM parts ` +
    `UNION SELECT n.classid, n.objid, n.objsubid FROM named AS n JOIN pg_depend AS d ON d.classid = n.classid ` +
    `AND d.objid = n.objid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass AND d.refobjid IN (${extensions}) ` +
    `UNION SELECT n.classid, n.objid, n.objsubid FROM inside AS i JOIN pg_depend AS d ON d.refclassid = i.classid ` +
    `AND d.refobjid = i.objid AND i.objsubid IN (0, d.refobjsubid) JOIN named AS n ON n.classid = d.classid AND n.objid = d.objid ` +
    `AND n.schema IS NULL AND (d.deptype IN ('a', 'i') OR (n.classid IN ('pg_cast'::regclass, 'pg_transform'::regclass) ` +
    `AND d.refclassid = 'pg_type'::regclass))), ` +
    `outside AS (SELECT n.* FROM named AS n WHERE (n.classid, n.objid, n.objsubid) NOT IN (SELECT * FROM inside)) ` +
    `SELECT coalesce(json_agg(DISTINCT pg_describe_object(o.classid, o.objid, o.objsubid)), '[]')::text AS names ` +
    // Parts of what is named already are not named again.
    `FROM outside AS o WHERE NOT EXISTS (SELECT FROM pg_depend AS d JOIN outside AS w ON w.classid = d.refclassid ` +
    `AND w.objid = d.refobjid AND w.objsubid IN (0, d.refobjsubid) WHERE d.deptype IN ('a', 'i', 'e') ` +
    `AND d.classid = o.classid AND d.objid = o.objid AND d.objsubid IN (0, o.objsubid)) ` +
    `AND NOT (o.objsubid > 0 AND (o.classid, o.objid, 0) IN (SELECT classid, objid, objsubid FROM outside))`
  )
}

function seedOf({ catalogue, id }: SchemaObject): string {
  return `SELECT '${catalogue}'::regclass::oid, ${id}::oid, 0`
}
