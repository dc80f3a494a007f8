-- Undo of survey_notify: objects
--
-- Drops what R__51_survey_notify_objects.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP FUNCTION IF EXISTS notify.enqueue_survey_email(uuid, uuid);
