-- Undo of survey: types
--
-- Takes away the vocabulary and the schema.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TYPE IF EXISTS survey.consent_source;
DROP TYPE IF EXISTS survey.experiment_status;
DROP TYPE IF EXISTS survey.event_type;
DROP TYPE IF EXISTS survey.contact_language;
DROP TYPE IF EXISTS survey.contact_state;
DROP TYPE IF EXISTS survey.question_type;
DROP TYPE IF EXISTS survey.campaign_status;
DROP SCHEMA IF EXISTS survey;
