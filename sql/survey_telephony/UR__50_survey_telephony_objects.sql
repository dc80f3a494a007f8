-- Undo of survey_telephony: objects
--
-- Drops what R__50_survey_telephony_objects.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP VIEW IF EXISTS survey.v_campaign_effectiveness;
DROP FUNCTION IF EXISTS survey.record_call_outcome(uuid, uuid, iam.contact_outcome, timestamptz);
DROP FUNCTION IF EXISTS survey.release_expired_contacts(uuid, timestamptz);
DROP FUNCTION IF EXISTS survey.claim_due_contacts(uuid, uuid, text, integer, interval, timestamptz);
