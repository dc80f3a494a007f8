import { exceptionPrefix, type TenancyRule } from './tenancy-rule.js'

const isMisled = 'of_tenant AND tnum IS NOT NULL AND cols[1] <> tnum'

/** Indexes, and what is unique. */
export const indexRules: readonly TenancyRule[] = [
  {
    code: 'T08',
    severity: 'error',
    query: `
      SELECT object, format('does not lead with %s, and its comment does not say why', tcol) AS message
      FROM idx
      WHERE ${isMisled} AND amname = 'btree'
        AND coalesce(obj_description(indexrelid, 'pg_class'), '') !~ '^${exceptionPrefix}\\S'`,
  },
  {
    code: 'T08',
    severity: 'info',
    query: `
      SELECT object,
             format('a %s index leads with %s only by an extension (btree_gin, btree_gist)', amname, tcol) AS message
      FROM idx WHERE ${isMisled} AND amname <> 'btree'`,
  },
  {
    code: 'T09',
    severity: 'error',
    query: `
      SELECT object, 'is unique over all tenants' AS message
      FROM idx WHERE of_tenant AND indisunique AND NOT tnum = ANY (cols)`,
  },
  {
    code: 'T09',
    severity: 'error',
    query: `
      SELECT format('%s.%s', t.fq, k.conname) AS object, 'excludes over all tenants' AS message
      FROM tenant AS t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'x'
      WHERE NOT t.tnum = ANY (k.conkey)`,
  },
  {
    code: 'T09',
    severity: 'error',
    query: `
      SELECT object, 'is invalid: its concurrent build failed' AS message
      FROM idx WHERE NOT indisvalid AND relkind <> 'p'`,
  },
  {
    code: 'T18',
    severity: 'info',
    query: `
      SELECT a.object, format('is the beginning of %s', b.iname) AS message
      FROM idx AS a JOIN idx AS b ON b.relid = a.relid AND b.indexrelid <> a.indexrelid
      WHERE NOT a.indisunique AND a.predicate IS NULL AND b.predicate IS NULL
        AND a.amname = 'btree' AND b.amname = 'btree'
        AND 0 <> ALL (a.cols) AND b.cols[1:cardinality(a.cols)] = a.cols AND cardinality(b.cols) > cardinality(a.cols)`,
  },
  // Enums, citext, numeric, jsonb, arrays: what they compare with may leak values, so policies come first.
  {
    code: 'T19',
    severity: 'info',
    query: `
      SELECT DISTINCT i.object,
             format('%s (%s) is not searched under row-level security; it serves order and counting only', a.attname,
                    format_type(a.atttypid, a.atttypmod)) AS message
      FROM idx AS i
      CROSS JOIN LATERAL unnest(i.cols) WITH ORDINALITY AS u(number, position)
      JOIN col AS a ON a.relid = i.relid AND a.attnum = u.number
      JOIN pg_opclass AS c ON c.oid = (string_to_array(i.indclass::text, ' ')::oid[])[u.position]
      JOIN pg_amop AS ao ON ao.amopfamily = c.opcfamily AND ao.amopstrategy = 3
                        AND ao.amoplefttype = c.opcintype AND ao.amoprighttype = c.opcintype
      JOIN pg_operator AS o ON o.oid = ao.amopopr
      JOIN pg_proc AS p ON p.oid = o.oprcode
      WHERE i.of_tenant AND i.relrowsecurity AND i.amname = 'btree' AND NOT i.indisunique AND u.position > 1
        AND NOT p.proleakproof`,
  },
]
