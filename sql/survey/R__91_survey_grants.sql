-- survey: grants
-- schemaway: requires=20260105.110000
--
-- Runs after everything else, so that each table and view of the schema has its grants; partitions get none.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

SELECT iam.grant_schema('survey');
