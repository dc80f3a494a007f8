import type { TenancyRule } from './tenancy-rule.js'

const mentions = (expression: string): string => `${expression} ~ ('\\m' || p.compared || '\\M')`

/** Row-level security, views, functions and roles. */
export const securityRules: readonly TenancyRule[] = [
  {
    code: 'T10',
    severity: 'error',
    query: `
      SELECT r.fq AS object,
             'row-level security is ' || CASE WHEN r.relrowsecurity THEN 'not forced' ELSE 'off' END AS message
      FROM rel AS r
      WHERE NOT r.is_global AND (r.tnum IS NOT NULL OR r.is_registry)
        AND NOT (r.relrowsecurity AND r.relforcerowsecurity)
        -- A partition answers for itself as soon as somebody may ask it.
        AND (NOT r.relispartition OR EXISTS (
          SELECT FROM aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) AS a WHERE a.grantee <> r.relowner
        ))`,
  },
  {
    code: 'T11',
    severity: 'error',
    query: `
      SELECT t.fq AS object, 'has no policy FOR ALL with USING and WITH CHECK that compares the tenant' AS message
      FROM tab AS t
      WHERE (t.is_registry OR t.tnum IS NOT NULL AND NOT t.is_global) AND NOT EXISTS (
        SELECT FROM pol AS p
        WHERE p.relid = t.oid AND p.polpermissive AND p.polcmd = '*' AND ${mentions('p.q')} AND ${mentions('p.w')}
      )`,
  },
  {
    code: 'T11',
    severity: 'error',
    query: `SELECT object, 'has no WITH CHECK' AS message FROM pol WHERE polcmd IN ('*', 'w', 'a') AND w IS NULL`,
  },
  // Permissive policies widen each other. The worker is meant to see all, and a global table has its own rules.
  {
    code: 'T11',
    severity: 'error',
    query: `
      SELECT p.object,
             format('does not compare %s, and opens the table to all whom it applies to', p.compared) AS message
      FROM pol AS p
      WHERE p.polpermissive AND NOT p.is_global AND p.for_worker IS NOT TRUE
        AND NOT (${mentions('coalesce(p.q, p.w)')} AND ${mentions('coalesce(p.w, p.q)')})`,
  },
  {
    code: 'T11',
    severity: 'info',
    query: `
      SELECT object, 'calls current_setting() for each row; call the shared function' AS message
      FROM pol WHERE q ~ 'current_setting' AND q !~* 'select[^;]*current_setting'`,
  },
  {
    code: 'T11',
    severity: 'warning',
    query: `
      SELECT object,
             'reads current_setting() without true for missing ones, or without nullif for empty ones' AS message
      FROM pol WHERE q ~ 'current_setting' AND (q !~* 'current_setting\\([^)]*,\\s*true\\)' OR q !~* 'nullif\\s*\\(')`,
  },
  {
    code: 'T12',
    severity: 'error',
    query: `
      SELECT format('%s.%s', n.nspname, c.relname) AS object,
             'reads with the rights of its owner, not of whoever asks' AS message
      FROM options AS s
      JOIN pg_namespace AS n ON n.nspname = ANY (s.schemas)
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind = 'v'
      WHERE NOT EXISTS (SELECT FROM unnest(c.reloptions) AS o WHERE o ~* '^security_invoker=(true|on|yes|1)$')`,
  },
  {
    code: 'T12',
    severity: 'warning',
    query: `
      SELECT format('%s.%s', n.nspname, c.relname) AS object,
             'is a materialised view: no policy guards its rows' AS message
      FROM options AS s
      JOIN pg_namespace AS n ON n.nspname = ANY (s.schemas)
      JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind = 'm'`,
  },
  {
    code: 'T13',
    severity: 'error',
    query: `
      SELECT p.oid::regprocedure::text AS object, 'is SECURITY DEFINER without a search_path of its own' AS message
      FROM options AS s
      JOIN pg_namespace AS n ON n.nspname = ANY (s.schemas)
      JOIN pg_proc AS p ON p.pronamespace = n.oid
      WHERE p.prosecdef AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS o WHERE o LIKE 'search_path=%')`,
  },
  {
    code: 'T13',
    severity: 'error',
    query: `
      SELECT p.oid::regprocedure::text AS object, 'is SECURITY DEFINER and open to PUBLIC' AS message
      FROM options AS s
      JOIN pg_namespace AS n ON n.nspname = ANY (s.schemas)
      JOIN pg_proc AS p ON p.pronamespace = n.oid
      WHERE p.prosecdef AND EXISTS (
        SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee = 0
      )`,
  },
  {
    code: 'R01',
    severity: 'error',
    query: `
      SELECT r.rolname AS object, 'is a superuser, bypasses row-level security or may create roles' AS message
      FROM options AS s JOIN pg_roles AS r ON r.rolname = ANY (s.application_roles)
      WHERE r.rolsuper OR r.rolbypassrls OR r.rolcreaterole`,
  },
  {
    code: 'R01',
    severity: 'error',
    query: `
      SELECT a.rolname AS object, format('can become %s, whom no policy holds', r.rolname) AS message
      FROM options AS s
      JOIN pg_roles AS a ON a.rolname = ANY (s.application_roles) AND NOT a.rolsuper
      JOIN pg_roles AS r ON r.oid <> a.oid AND pg_has_role(a.oid, r.oid, 'MEMBER')
      WHERE r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT FROM tab AS t WHERE t.relowner = r.oid)`,
  },
  {
    code: 'R01',
    severity: 'error',
    query: `
      SELECT t.fq AS object, format('belongs to %s, which applications use', a.rolname) AS message
      FROM options AS s
      JOIN pg_roles AS a ON a.rolname = ANY (s.application_roles)
      JOIN tab AS t ON t.relowner = a.oid`,
  },
  {
    code: 'R01',
    severity: 'error',
    query: `
      SELECT t.fq AS object,
             format('%s holds TRUNCATE, REFERENCES or TRIGGER, which pass row-level security by', a.rolname) AS message
      FROM options AS s
      JOIN pg_roles AS a ON a.rolname = ANY (s.application_roles) AND NOT a.rolsuper
      JOIN tab AS t ON has_table_privilege(a.oid, t.oid, 'TRUNCATE, REFERENCES, TRIGGER')`,
  },
  {
    code: 'R01',
    severity: 'error',
    query: `
      SELECT t.fq AS object, 'PUBLIC holds rights on it' AS message
      FROM tab AS t WHERE EXISTS (SELECT FROM aclexplode(t.relacl) AS a WHERE a.grantee = 0)`,
  },
]
