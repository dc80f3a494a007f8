-- Undo of survey: functions
--
-- Drops what R__20_survey_functions.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP FUNCTION IF EXISTS survey.fail_event(uuid, uuid, text, text, integer);
DROP FUNCTION IF EXISTS survey.complete_event(uuid, uuid, text);
DROP FUNCTION IF EXISTS survey.claim_events(uuid, text, integer, interval);
DROP FUNCTION IF EXISTS survey.claim_events(text, integer, interval);
DROP FUNCTION IF EXISTS survey.assign_variant(uuid, uuid);
