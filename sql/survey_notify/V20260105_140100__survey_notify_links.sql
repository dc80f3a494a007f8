-- survey_notify: links
--
-- Ties survey and notify together: campaigns to templates, emails to events and contacts. The keys are added not valid
-- and then validated, because both sides may already hold rows.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

SELECT iam.ensure_constraint(
  'survey.campaigns',
  'fk_campaigns_email_completed_template_id',
  'FOREIGN KEY (organisation_id, email_completed_template_id)'
  ' REFERENCES notify.email_templates (organisation_id, id)'
  ' ON DELETE NO ACTION'
);

ALTER TABLE survey.campaigns
  VALIDATE CONSTRAINT fk_campaigns_email_completed_template_id;

SELECT iam.ensure_constraint(
  'survey.campaigns',
  'fk_campaigns_email_refused_template_id',
  'FOREIGN KEY (organisation_id, email_refused_template_id)'
  ' REFERENCES notify.email_templates (organisation_id, id)'
  ' ON DELETE NO ACTION'
);

ALTER TABLE survey.campaigns
  VALIDATE CONSTRAINT fk_campaigns_email_refused_template_id;

SELECT iam.ensure_constraint(
  'survey.campaigns',
  'fk_campaigns_email_not_reached_template_id',
  'FOREIGN KEY (organisation_id, email_not_reached_template_id)'
  ' REFERENCES notify.email_templates (organisation_id, id)'
  ' ON DELETE NO ACTION'
);

ALTER TABLE survey.campaigns
  VALIDATE CONSTRAINT fk_campaigns_email_not_reached_template_id;

SELECT iam.ensure_constraint(
  'notify.email_notifications',
  'fk_email_notifications_event_id',
  'FOREIGN KEY (organisation_id, event_id)'
  ' REFERENCES survey.events (organisation_id, id)'
  ' ON DELETE NO ACTION'
);

ALTER TABLE notify.email_notifications
  VALIDATE CONSTRAINT fk_email_notifications_event_id;

SELECT iam.ensure_constraint(
  'notify.email_notifications',
  'fk_email_notifications_contact_id',
  'FOREIGN KEY (organisation_id, contact_id)'
  ' REFERENCES survey.contacts (organisation_id, id)'
  ' ON DELETE CASCADE'
);

ALTER TABLE notify.email_notifications
  VALIDATE CONSTRAINT fk_email_notifications_contact_id;

SELECT iam.ensure_constraint(
  'notify.email_notifications',
  'fk_email_notifications_campaign_id',
  'FOREIGN KEY (organisation_id, campaign_id)'
  ' REFERENCES survey.campaigns (organisation_id, id)'
  ' ON DELETE CASCADE'
);

ALTER TABLE notify.email_notifications
  VALIDATE CONSTRAINT fk_email_notifications_campaign_id;
