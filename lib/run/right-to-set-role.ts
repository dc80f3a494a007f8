/** SQL: whether a membership of this server's roles may exclude SET ROLE, as it can since PostgreSQL 16. */
export const hasSetOption =
  "(pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.>=) 160000)"

/** SQL: what `pg_has_role()` is to be asked for, to know whether SET ROLE would be allowed. */
export const rightToSetRole = `CASE WHEN ${hasSetOption} THEN 'SET' ELSE 'MEMBER' END`
