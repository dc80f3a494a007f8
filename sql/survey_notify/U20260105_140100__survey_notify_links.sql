-- Undo of survey_notify: links
--
-- Takes the keys between survey and notify away; the columns and what they hold stay.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

ALTER TABLE IF EXISTS notify.email_notifications
  DROP CONSTRAINT IF EXISTS fk_email_notifications_campaign_id;
ALTER TABLE IF EXISTS notify.email_notifications
  DROP CONSTRAINT IF EXISTS fk_email_notifications_contact_id;
ALTER TABLE IF EXISTS notify.email_notifications
  DROP CONSTRAINT IF EXISTS fk_email_notifications_event_id;
ALTER TABLE IF EXISTS survey.campaigns
  DROP CONSTRAINT IF EXISTS fk_campaigns_email_not_reached_template_id;
ALTER TABLE IF EXISTS survey.campaigns
  DROP CONSTRAINT IF EXISTS fk_campaigns_email_refused_template_id;
ALTER TABLE IF EXISTS survey.campaigns
  DROP CONSTRAINT IF EXISTS fk_campaigns_email_completed_template_id;
