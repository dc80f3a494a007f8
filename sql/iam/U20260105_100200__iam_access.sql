-- Undo of iam: access
--
-- Takes away machine credentials and invitations.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS iam.api_keys;
DROP TABLE IF EXISTS iam.invitations;
