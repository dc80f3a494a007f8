-- Undo of survey: contacts
--
-- Takes away the people to be called.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS survey.contacts;
