import type { TenancyRule } from './tenancy-rule.js'

/** Tables and their columns. */
export const tableRules: readonly TenancyRule[] = [
  {
    code: 'T01',
    severity: 'error',
    query: `
      SELECT fq AS object, format('has no %s and is not a global table', tcol) AS message
      FROM tenant WHERE tnum IS NULL`,
  },
  {
    code: 'T02',
    severity: 'error',
    query: `SELECT fq AS object, format('%s may be null', tcol) AS message FROM tenant WHERE NOT tnotnull`,
  },
  {
    code: 'T02',
    severity: 'error',
    query: `
      SELECT fq AS object, format('%s is %s, not uuid', tcol, format_type(ttype, NULL)) AS message
      FROM tenant WHERE ttype <> 'uuid'::regtype`,
  },
  // The tenant of the session is safe: it is null without a context, and then the row is refused.
  {
    code: 'T02',
    severity: 'warning',
    query: `
      SELECT t.fq AS object,
             format('%s defaults to %s: rows whose tenant was forgotten are filed silently', t.tcol, c.value) AS message
      FROM tenant AS t JOIN col AS c ON c.relid = t.oid AND c.attnum = t.tnum
      WHERE c.value <> (SELECT tenant_function FROM options)`,
  },
  {
    code: 'T03',
    severity: 'error',
    query: `
      SELECT t.fq AS object, CASE WHEN k.oid IS NULL THEN 'has no primary key'
                                  ELSE format('the primary key is not (%s, id)', t.tcol) END AS message
      FROM tenant AS t
      LEFT JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'p'
      LEFT JOIN col AS i ON i.relid = t.oid AND i.attname = 'id'
      LEFT JOIN pg_partitioned_table AS p ON p.partrelid = t.oid
      WHERE t.tnum IS NOT NULL
        -- A partitioned table may append the columns it is partitioned by.
        AND (k.oid IS NULL OR k.conkey[1:2] IS DISTINCT FROM ARRAY[t.tnum, i.attnum]
             OR NOT k.conkey[3:] <@ coalesce(string_to_array(p.partattrs::text, ' ')::int2[], '{}'))`,
  },
  {
    code: 'T04',
    severity: 'error',
    query: `
      SELECT fq AS object, format('id is %s, not uuid', format_type(atttypid, atttypmod)) AS message
      FROM col WHERE attname = 'id' AND atttypid <> 'uuid'::regtype`,
  },
  {
    code: 'T04',
    severity: 'warning',
    query: `
      SELECT fq AS object, 'id has no default' AS message
      FROM col WHERE attname = 'id' AND NOT atthasdef AND attidentity = ''`,
  },
  {
    code: 'T04',
    severity: 'info',
    query: `
      SELECT fq AS object, format('id defaults to %s, whose values are not in the order of time', value) AS message
      FROM col WHERE attname = 'id' AND value ~ '(gen_random_uuid|uuid_generate_v4)'`,
  },
  {
    code: 'T14',
    severity: 'error',
    query: `
      SELECT object, 'is a timestamp without time zone' AS message
      FROM col WHERE atttypid = 'timestamp'::regtype`,
  },
  {
    code: 'T14',
    severity: 'warning',
    query: `
      SELECT t.fq AS object, format('%s is missing, may be null or has no default', wanted.name) AS message
      FROM tab AS t
      CROSS JOIN (VALUES ('created_at'), ('updated_at')) AS wanted(name)
      LEFT JOIN col AS c ON c.relid = t.oid AND c.attname = wanted.name
      WHERE c.attnum IS NULL AND wanted.name = 'created_at' OR NOT (c.attnotnull AND c.atthasdef)`,
  },
  {
    code: 'T15',
    severity: 'warning',
    query: `
      SELECT c.fq AS object, 'updated_at has no enabled BEFORE UPDATE trigger for each row' AS message
      FROM col AS c
      WHERE c.attname = 'updated_at' AND NOT EXISTS (
        SELECT FROM pg_trigger AS g
        WHERE g.tgrelid = c.relid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
          -- Bits of tgtype: 1 each row, 2 before, 16 update.
          AND g.tgtype & 19 = 19
      )`,
  },
  {
    code: 'T16',
    severity: 'warning',
    query: `
      SELECT c.object, 'draws from a sequence that all tenants share, which tells them of each other' AS message
      FROM col AS c JOIN tenant AS t ON t.oid = c.relid
      WHERE c.attidentity <> '' OR c.value ~ '^nextval\\('`,
  },
  {
    code: 'T17',
    severity: 'error',
    query: `
      SELECT registry AS object, format('%s is not of one type in all tables', tenant_column) AS message
      FROM options WHERE (SELECT count(DISTINCT ttype) FROM tenant) > 1`,
  },
]
