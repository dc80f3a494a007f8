-- iam: grants
-- schemaway: requires=20260105.100000
--
-- Opens the schema to app, worker and readonly, and gives back what UR__90_iam_grants.sql took from its tables and
-- views; partitions get nothing. Tables and views bring their own grants as well: this file keeps its checksum when a
-- later version adds one, so it does not run again then.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

SELECT iam.grant_schema('iam', ARRAY['audit_logs']::name[]);

-- A tenant or a user disappears through the worker only.

DO $$
BEGIN
  IF to_regclass('iam.users') IS NOT NULL THEN
    REVOKE DELETE ON iam.organisations, iam.users FROM ${role_app};
  END IF;
END
$$;
