type Severity = 'error' | 'warning' | 'info'

/** One thing that a rule has to say about one object. */
export interface TenancyFinding {
  readonly code: string
  readonly severity: Severity
  /** Qualified name of a table, view or function; the name of a part of a table stands behind that of the table. */
  readonly object: string
  readonly message: string
}

/** One question about the catalogue. Rules that look at the same thing share a code. */
export interface TenancyRule {
  readonly code: string
  readonly severity: Severity
  /** Selects `object` and `message` from what {@link catalogue} gives names to. */
  readonly query: string
}

/** What a model calls its parts. */
export interface TenancyOptions {
  readonly schemas: readonly string[]
  /** The column that says whose a row is. */
  readonly tenantColumn: string
  /** The call that gives the tenant of the session, as the server prints it; null when there is none. */
  readonly tenantFunction: string
  /** The table whose key the tenant column holds. */
  readonly registry: string
  /** Tables without tenant by design. */
  readonly globalTables: readonly string[]
  /** Roles that applications log in as, or get through a membership. */
  readonly applicationRoles: readonly string[]
  /** The one among them that is meant to see all tenants. */
  readonly workerRole: string
}

/** The comment of an index that leads with another column begins so, and goes on with the reason. */
export const exceptionPrefix = 'tenancy: exception - '

/**
 * What the rules ask, as the beginning of a statement whose only parameter are the options as JSON: `rel` are all
 * tables; `tab` those that are no partitions, for which their parent speaks; `tenant` those that have to carry the
 * tenant column; `col`, `idx`, `fk` and `pol` the columns, indexes, foreign keys and policies of `tab`. Columns are
 * numbered as in `pg_attribute`.
 */
export const catalogue = `
WITH options AS (
  SELECT ARRAY(SELECT json_array_elements_text(o -> 'schemas')) AS schemas,
         (o ->> 'tenantColumn')::name AS tenant_column,
         o ->> 'tenantFunction' AS tenant_function,
         o ->> 'registry' AS registry,
         ARRAY(SELECT json_array_elements_text(o -> 'globalTables')) AS global_tables,
         ARRAY(SELECT json_array_elements_text(o -> 'applicationRoles')) AS application_roles,
         o ->> 'workerRole' AS worker_role
  FROM (SELECT $1::text::json AS o) AS given
),
rel AS (
  SELECT c.oid, n.nspname, format('%s.%s', n.nspname, c.relname) AS fq, c.relkind, c.relowner, c.relacl,
         c.relispartition, c.relrowsecurity, c.relforcerowsecurity,
         format('%s.%s', n.nspname, c.relname) = ANY (o.global_tables) AS is_global,
         format('%s.%s', n.nspname, c.relname) = o.registry AS is_registry,
         t.attnum AS tnum, t.attnotnull AS tnotnull, t.atttypid AS ttype, o.tenant_column AS tcol
  FROM options AS o
  JOIN pg_namespace AS n ON n.nspname = ANY (o.schemas)
  JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
  LEFT JOIN pg_attribute AS t ON t.attrelid = c.oid AND t.attname = o.tenant_column AND NOT t.attisdropped
  WHERE NOT EXISTS (
    SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
),
tab AS (SELECT * FROM rel WHERE NOT relispartition),
tenant AS (SELECT * FROM tab WHERE NOT is_global AND NOT is_registry),
col AS (
  SELECT t.oid AS relid, t.fq, a.attnum, a.attname, format('%s.%s', t.fq, a.attname) AS object, a.atttypid, a.atttypmod,
         a.attnotnull, a.attidentity, a.atthasdef, pg_get_expr(d.adbin, d.adrelid) AS value
  FROM tab AS t
  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
),
-- An expression is column 0; what stands in INCLUDE is cut off.
idx AS (
  SELECT t.fq, t.oid AS relid, t.relkind, t.tnum, t.tcol, t.relrowsecurity,
         NOT t.is_global AND NOT t.is_registry AS of_tenant,
         ic.relname AS iname, format('%s.%s', t.fq, ic.relname) AS object, x.indexrelid, x.indisunique, x.indisprimary,
         x.indisvalid, x.indclass, pg_get_expr(x.indpred, x.indrelid) AS predicate, am.amname,
         (string_to_array(x.indkey::text, ' ')::int2[])[1:x.indnkeyatts] AS cols
  FROM tab AS t
  JOIN pg_index AS x ON x.indrelid = t.oid
  JOIN pg_class AS ic ON ic.oid = x.indexrelid
  JOIN pg_am AS am ON am.oid = ic.relam
),
fk AS (
  SELECT t.fq, t.oid AS relid, t.tnum, t.tcol, t.is_global, t.is_registry, format('%s.%s', t.fq, k.conname) AS object,
         k.conkey, k.confkey, k.confrelid, k.convalidated, k.confdeltype, k.confupdtype, k.confmatchtype,
         k.confdelsetcols, coalesce(f.fq, k.confrelid::regclass::text) AS ffq, f.tnum AS ftnum,
         coalesce(f.is_global, true) AS f_global, coalesce(f.is_registry, false) AS f_registry,
         f.oid IS NULL AS f_outside,
         (
           SELECT string_agg(a.attname, ', ' ORDER BY u.position)
           FROM unnest(k.conkey) WITH ORDINALITY AS u(number, position)
           JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = u.number
         ) AS column_list
  FROM tab AS t
  JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
  LEFT JOIN tab AS f ON f.oid = k.confrelid
),
pol AS (
  SELECT t.fq, t.oid AS relid, t.is_global, format('%s.%s', t.fq, p.polname) AS object, p.polpermissive, p.polcmd,
         CASE WHEN t.is_registry THEN 'id' ELSE t.tcol::text END AS compared,
         p.polroles = ARRAY[to_regrole(o.worker_role)::oid] AS for_worker,
         pg_get_expr(p.polqual, p.polrelid) AS q, pg_get_expr(p.polwithcheck, p.polrelid) AS w
  FROM options AS o
  CROSS JOIN tab AS t
  JOIN pg_policy AS p ON p.polrelid = t.oid
)`
