-- Undo of survey: campaigns
--
-- Takes away questions and campaigns.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS survey.campaign_questions;
DROP TABLE IF EXISTS survey.campaigns;
