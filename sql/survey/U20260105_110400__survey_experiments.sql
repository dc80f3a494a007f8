-- Undo of survey: experiments
--
-- Takes away experiments and prompts.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS survey.enrollments;
DROP TABLE IF EXISTS survey.experiment_variants;
DROP TABLE IF EXISTS survey.experiments;
DROP TABLE IF EXISTS survey.prompts;
