-- Undo of survey: views
--
-- Drops what R__21_survey_views.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP VIEW IF EXISTS survey.v_experiment_results;
DROP VIEW IF EXISTS survey.v_active_campaigns;
DROP VIEW IF EXISTS survey.v_campaign_progress;
DROP VIEW IF EXISTS survey.v_survey_responses;
DROP VIEW IF EXISTS survey.v_campaign_script;
