import type { TenancyRule } from './tenancy-rule.js'

/** Whether an index serves the checks of a foreign key: its columns come first, in whatever order. */
const covers = (first: number): string => `
  i.relid = fk.relid AND i.indisvalid AND i.amname = 'btree'
  AND i.cols[${first}:${first - 1} + cardinality(fk.conkey)] @> fk.conkey
  AND i.cols[${first}:${first - 1} + cardinality(fk.conkey)] <@ fk.conkey
  -- Rows that name nobody are never looked for.
  AND (i.predicate IS NULL OR EXISTS (
    SELECT FROM col AS c
    WHERE c.relid = fk.relid AND c.attnum = ANY (fk.conkey) AND i.predicate = format('(%I IS NOT NULL)', c.attname)
  ))`
const isUncovered = `NOT EXISTS (SELECT FROM idx AS i WHERE ${covers(1)})`
const isCoveredBehindTenant = `fk.f_global AND EXISTS (SELECT FROM idx AS i WHERE i.cols[1] = fk.tnum AND ${covers(2)})`

/** Foreign keys. */
export const keyRules: readonly TenancyRule[] = [
  {
    code: 'T05',
    severity: 'error',
    query: `
      SELECT object, format('does not pair %s with itself as its first column', tcol) AS message
      FROM fk
      WHERE NOT is_global AND NOT is_registry AND NOT f_global AND NOT f_registry
        AND (conkey[1] IS DISTINCT FROM tnum OR confkey[1] IS DISTINCT FROM ftnum OR tnum IS NULL OR ftnum IS NULL)`,
  },
  {
    code: 'T05',
    severity: 'error',
    query: `
      SELECT object, format('points to the registry of tenants with another column than %s', tcol) AS message
      FROM fk WHERE NOT is_global AND f_registry AND conkey IS DISTINCT FROM ARRAY[tnum]`,
  },
  {
    code: 'T05',
    severity: 'error',
    query: `
      SELECT object, format('leads from a global table into %s, which belongs to tenants', ffq) AS message
      FROM fk WHERE is_global AND NOT f_global AND NOT f_registry`,
  },
  {
    code: 'T05',
    severity: 'error',
    query: `SELECT object, format('points to %s, outside the checked schemas', ffq) AS message FROM fk WHERE f_outside`,
  },
  {
    code: 'T06',
    severity: 'error',
    query: `
      SELECT object, format('ON DELETE SET %s would overwrite %s; name the columns: SET NULL (column)',
                            CASE confdeltype WHEN 'n' THEN 'NULL' ELSE 'DEFAULT' END, tcol) AS message
      FROM fk
      WHERE confdeltype IN ('n', 'd') AND tnum = ANY (conkey)
        AND (confdelsetcols IS NULL OR tnum = ANY (confdelsetcols))`,
  },
  {
    code: 'T06',
    severity: 'error',
    query: `
      SELECT object, format('its ON UPDATE action would rewrite %s', tcol) AS message
      FROM fk WHERE confupdtype IN ('c', 'n', 'd') AND tnum = ANY (conkey)`,
  },
  {
    code: 'T06',
    severity: 'error',
    query: `
      SELECT object, 'is MATCH FULL: without a reference the tenant would have to be null too' AS message
      FROM fk WHERE confmatchtype = 'f' AND cardinality(conkey) > 1`,
  },
  {
    code: 'T06',
    severity: 'warning',
    query: `
      SELECT object, 'is NOT VALID: rows from before were never checked' AS message
      FROM fk WHERE NOT convalidated`,
  },
  {
    code: 'T07',
    severity: 'error',
    query: `
      SELECT fk.object, format('no index begins with its columns (%s)', fk.column_list) AS message
      FROM fk WHERE ${isUncovered} AND NOT (${isCoveredBehindTenant})`,
  },
  {
    code: 'T07',
    severity: 'warning',
    query: `
      SELECT fk.object,
             format('is covered only behind %s: a deletion in %s scans the whole table', fk.tcol, fk.ffq) AS message
      FROM fk WHERE ${isUncovered} AND ${isCoveredBehindTenant}`,
  },
]
