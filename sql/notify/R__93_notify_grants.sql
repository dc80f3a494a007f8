-- notify: grants
-- schemaway: requires=20260105.130000
--
-- Opens the schema to app, worker and readonly, and gives back what UR__93_notify_grants.sql took from its tables
-- and views; partitions get nothing. Tables and views bring their own grants as well: this file keeps its checksum
-- when a later version adds one, so it does not run again then.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

SELECT iam.grant_schema('notify', ARRAY['delivery_events']::name[]);
