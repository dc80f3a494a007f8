-- Undo of iam: organisations users
--
-- Takes away memberships, users and organisations.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- users_read reads the memberships on plain PostgreSQL, so it goes first. Citus wants the table to exist.

DO $$
BEGIN
  IF to_regclass('iam.users') IS NOT NULL THEN
    DROP POLICY IF EXISTS users_read ON iam.users;
  END IF;
END
$$;

DROP TABLE IF EXISTS iam.organisation_users;
DROP TABLE IF EXISTS iam.users;
DROP TABLE IF EXISTS iam.organisations;
