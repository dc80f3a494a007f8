import type { TenancyRule } from './tenancy-rule.js'

/** What stands in the way of distributing the tables by tenant with Citus, or is to be known before. */
export const citusRules: readonly TenancyRule[] = [
  {
    code: 'C01',
    severity: 'error',
    query: `
      SELECT object, 'holds a sub-select, which Citus refuses in policies' AS message
      FROM pol WHERE concat(q, w) ~* '\\mselect\\M'`,
  },
  {
    code: 'C02',
    severity: 'error',
    query: `
      SELECT object,
             'SET NULL and SET DEFAULT are refused in a key with the tenant, whichever columns they name' AS message
      FROM fk WHERE confdeltype IN ('n', 'd') AND tnum = ANY (conkey)`,
  },
  {
    code: 'C03',
    severity: 'warning',
    query: `
      SELECT format('%s.%s', t.fq, g.tgname) AS object, 'is a trigger: it needs citus.enable_unsafe_triggers' AS message
      FROM tab AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgparentid = 0`,
  },
  {
    code: 'C04',
    severity: 'warning',
    query: `
      SELECT p.oid::regprocedure::text AS object,
             'is LANGUAGE sql with parameters over tables of tenants: it cannot be planned' AS message
      FROM options AS s
      JOIN pg_namespace AS n ON n.nspname = ANY (s.schemas)
      JOIN pg_proc AS p ON p.pronamespace = n.oid
      JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'sql'
      WHERE p.pronargs > 0 AND EXISTS (
        SELECT FROM tab AS t
        WHERE t.tnum IS NOT NULL AND (position(t.fq IN p.prosrc) > 0 OR EXISTS (
          SELECT FROM pg_depend AS d
          WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
        ))
      )`,
  },
  {
    code: 'C05',
    severity: 'warning',
    query: `
      SELECT format('%s.%s', n.nspname, c.relname) AS object,
             'is a materialised view: it stays on the coordinator' AS message
      FROM options AS s
      JOIN pg_namespace AS n ON n.nspname = ANY (s.schemas)
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind = 'm'`,
  },
  {
    code: 'C06',
    severity: 'warning',
    query: `
      SELECT object, 'draws from a sequence and is not bigint: inserts from worker nodes fail' AS message
      FROM col WHERE (attidentity <> '' OR value ~ '^nextval') AND atttypid <> 'int8'::regtype`,
  },
  {
    code: 'C07',
    severity: 'info',
    query: `
      SELECT fq AS object, 'has no tenant column: it becomes a reference table' AS message
      FROM tab WHERE tnum IS NULL`,
  },
  {
    code: 'C08',
    severity: 'info',
    query: `
      SELECT t.fq AS object, 'has keys to both kinds of tables: the one distributed first decides' AS message
      FROM tab AS t JOIN fk ON fk.relid = t.oid
      WHERE t.tnum IS NOT NULL
      GROUP BY t.fq
      HAVING bool_or(fk.ftnum IS NULL) AND bool_or(fk.ftnum IS NOT NULL)`,
  },
]
