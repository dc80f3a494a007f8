-- Undo of survey_telephony: links
--
-- Takes the keys between survey and telephony away; the columns and what they hold stay.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

ALTER TABLE IF EXISTS telephony.call_attempts
  DROP CONSTRAINT IF EXISTS fk_call_attempts_campaign_id;
ALTER TABLE IF EXISTS telephony.call_attempts
  DROP CONSTRAINT IF EXISTS fk_call_attempts_contact_id;
ALTER TABLE IF EXISTS survey.events
  DROP CONSTRAINT IF EXISTS fk_events_call_attempt_id;
ALTER TABLE IF EXISTS survey.survey_responses
  DROP CONSTRAINT IF EXISTS fk_survey_responses_call_attempt_id;
ALTER TABLE IF EXISTS survey.campaigns
  DROP CONSTRAINT IF EXISTS fk_campaigns_provider_config_id;
