-- Demo data: the default email templates of the demo organisation.
--
-- Needs 010_iam.sql. May be run again.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

SELECT notify.install_default_templates('00000000-0000-4000-8000-000000000001');
