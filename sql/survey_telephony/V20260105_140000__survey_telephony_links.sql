-- survey_telephony: links
--
-- Ties survey and telephony together: campaigns to providers, calls to contacts. The keys are added not valid and then
-- validated, because both sides may already hold rows.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

SELECT iam.ensure_constraint(
  'survey.campaigns',
  'fk_campaigns_provider_config_id',
  'FOREIGN KEY (organisation_id, provider_config_id)'
  ' REFERENCES telephony.provider_configs (organisation_id, id)'
  ' ON DELETE NO ACTION'
);

ALTER TABLE survey.campaigns
  VALIDATE CONSTRAINT fk_campaigns_provider_config_id;

SELECT iam.ensure_constraint(
  'survey.survey_responses',
  'fk_survey_responses_call_attempt_id',
  'FOREIGN KEY (organisation_id, call_attempt_id)'
  ' REFERENCES telephony.call_attempts (organisation_id, id)'
  ' ON DELETE NO ACTION'
);

ALTER TABLE survey.survey_responses
  VALIDATE CONSTRAINT fk_survey_responses_call_attempt_id;

SELECT iam.ensure_constraint(
  'survey.events',
  'fk_events_call_attempt_id',
  'FOREIGN KEY (organisation_id, call_attempt_id)'
  ' REFERENCES telephony.call_attempts (organisation_id, id)'
  ' ON DELETE NO ACTION'
);

ALTER TABLE survey.events
  VALIDATE CONSTRAINT fk_events_call_attempt_id;

SELECT iam.ensure_constraint(
  'telephony.call_attempts',
  'fk_call_attempts_contact_id',
  'FOREIGN KEY (organisation_id, contact_id)'
  ' REFERENCES survey.contacts (organisation_id, id)'
  ' ON DELETE CASCADE'
);

ALTER TABLE telephony.call_attempts
  VALIDATE CONSTRAINT fk_call_attempts_contact_id;

SELECT iam.ensure_constraint(
  'telephony.call_attempts',
  'fk_call_attempts_campaign_id',
  'FOREIGN KEY (organisation_id, campaign_id)'
  ' REFERENCES survey.campaigns (organisation_id, id)'
  ' ON DELETE CASCADE'
);

ALTER TABLE telephony.call_attempts
  VALIDATE CONSTRAINT fk_call_attempts_campaign_id;
