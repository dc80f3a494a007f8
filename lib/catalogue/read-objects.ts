import type { PendingQuery, Row, TransactionSql } from 'postgres'
import type { Domain, Enum, Extension, Routine, Schema } from './read-catalogue.js'

export type Reader = TransactionSql<Record<string, unknown>>

/** Names of schemas, as a text that any client can send. */
export function namesOf(sql: Reader, schemas: readonly string[]) {
  return sql`ARRAY(SELECT json_array_elements_text(${JSON.stringify(schemas)}::text::json))`
}

/** Reads rows as one JSON value: a client that does not fetch types could not read the lists in them. */
export async function readList<Item>(sql: Reader, query: PendingQuery<Row[]>): Promise<readonly Item[]> {
  const [row] = await sql<
    { items: readonly Item[] }[]
  >`SELECT coalesce(json_agg(q), '[]') AS items FROM (${query}) AS q`
  return row?.items ?? []
}

/** Rights of others than the owner, from an access list and the default that an empty one stands for. */
export function grants(sql: Reader, list: string, kind: string, owner: string) {
  return sql.unsafe(`ARRAY(
    SELECT format('%s: %s', g.grantee, string_agg(g.privilege, ', ' ORDER BY g.privilege COLLATE "C"))
    FROM (
      SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END AS grantee,
             a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END AS privilege
      FROM aclexplode(coalesce(${list}, acldefault('${kind}', ${owner}))) AS a
      WHERE a.grantee <> ${owner}
    ) AS g
    GROUP BY g.grantee
    ORDER BY g.grantee COLLATE "C"
  )`)
}

/** Whether an object was made by CREATE EXTENSION. */
export function belongsToExtension(sql: Reader, catalogue: string, id: string) {
  return sql.unsafe(`EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = '${catalogue}'::regclass AND d.objid = ${id} AND d.deptype = 'e'
  )`)
}

export async function readDatabaseGrants(sql: Reader): Promise<readonly string[]> {
  const [database] = await readList<{ readonly grants: readonly string[] }>(
    sql,
    sql`
      SELECT ${grants(sql, 'd.datacl', 'd', 'd.datdba')} AS grants FROM pg_database AS d
      WHERE d.datname = current_database()`,
  )
  return database?.grants ?? []
}

export async function readExtensions(sql: Reader): Promise<readonly Extension[]> {
  return await readList<Extension>(
    sql,
    sql`
      SELECT e.extname AS name, pg_get_userbyid(e.extowner) AS owner, n.nspname AS schema,
             obj_description(e.oid, 'pg_extension') AS comment
      FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
      WHERE e.extname <> 'plpgsql'
      ORDER BY e.extname COLLATE "C"`,
  )
}

export async function readSchemas(sql: Reader, schemas: readonly string[]): Promise<readonly Schema[]> {
  return await readList<Schema>(
    sql,
    sql`
      SELECT n.nspname AS name, pg_get_userbyid(n.nspowner) AS owner,
             ${grants(sql, 'n.nspacl', 'n', 'n.nspowner')} AS grants,
             obj_description(n.oid, 'pg_namespace') AS comment
      FROM pg_namespace AS n
      WHERE n.nspname = ANY (${namesOf(sql, schemas)})
      ORDER BY n.nspname COLLATE "C"`,
  )
}

export async function readEnums(sql: Reader, schemas: readonly string[]): Promise<readonly Enum[]> {
  return await readList<Enum>(
    sql,
    sql`
      SELECT format('%s.%s', n.nspname, t.typname) AS name, pg_get_userbyid(t.typowner) AS owner,
             ${grants(sql, 't.typacl', 'T', 't.typowner')} AS grants,
             ARRAY(
               SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder
             ) AS labels,
             obj_description(t.oid, 'pg_type') AS comment
      FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
      WHERE t.typtype = 'e' AND n.nspname = ANY (${namesOf(sql, schemas)}) AND NOT ${belongsToExtension(sql, 'pg_type', 't.oid')}
      ORDER BY n.nspname COLLATE "C", t.typname COLLATE "C"`,
  )
}

export async function readDomains(sql: Reader, schemas: readonly string[]): Promise<readonly Domain[]> {
  return await readList<Domain>(
    sql,
    sql`
      SELECT format('%s.%s', n.nspname, t.typname) AS name, pg_get_userbyid(t.typowner) AS owner,
             ${grants(sql, 't.typacl', 'T', 't.typowner')} AS grants,
             format_type(t.typbasetype, t.typtypmod) AS type, NOT t.typnotnull AS nullable, t.typdefault AS default,
             ARRAY(
               SELECT format('%s %s', c.conname, pg_get_constraintdef(c.oid)) FROM pg_constraint AS c
               WHERE c.contypid = t.oid AND c.contype <> 'n' ORDER BY c.conname COLLATE "C"
             ) AS checks,
             obj_description(t.oid, 'pg_type') AS comment
      FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
      WHERE t.typtype = 'd' AND n.nspname = ANY (${namesOf(sql, schemas)}) AND NOT ${belongsToExtension(sql, 'pg_type', 't.oid')}
      ORDER BY n.nspname COLLATE "C", t.typname COLLATE "C"`,
  )
}

export async function readFunctions(sql: Reader, schemas: readonly string[]): Promise<readonly Routine[]> {
  return await readList<Routine>(
    sql,
    sql`
      SELECT format('%s.%s', n.nspname, p.proname) AS name, pg_get_userbyid(p.proowner) AS owner,
             ${grants(sql, 'p.proacl', 'f', 'p.proowner')} AS grants,
             pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS returns,
             CASE p.prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
                            ELSE 'window' END AS kind,
             l.lanname AS language,
             CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
             CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel,
             p.proisstrict AS strict, p.prosecdef AS "securityDefiner", coalesce(p.proconfig, '{}') AS settings,
             CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition,
             obj_description(p.oid, 'pg_proc') AS comment
      FROM pg_proc AS p
      JOIN pg_namespace AS n ON n.oid = p.pronamespace
      JOIN pg_language AS l ON l.oid = p.prolang
      WHERE n.nspname = ANY (${namesOf(sql, schemas)}) AND NOT ${belongsToExtension(sql, 'pg_proc', 'p.oid')}
      ORDER BY n.nspname COLLATE "C", p.proname COLLATE "C", pg_get_function_identity_arguments(p.oid) COLLATE "C"`,
  )
}
