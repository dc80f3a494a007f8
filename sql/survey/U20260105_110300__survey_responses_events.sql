-- Undo of survey: responses events
--
-- Takes away events, answers and interviews.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS survey.events;
DROP TABLE IF EXISTS survey.survey_answers;
DROP TABLE IF EXISTS survey.survey_responses;
