-- Undo of iam: views
--
-- Drops what R__11_iam_views.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP VIEW IF EXISTS iam.v_organisation_members;
