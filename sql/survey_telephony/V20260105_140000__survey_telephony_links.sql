-- survey_telephony: links
--
-- Ties survey and telephony together: campaigns to providers, calls to contacts. The keys are added not valid and then
-- validated, because both sides may already hold rows.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Ids that lead nowhere are forgotten before the keys come, with a warning; the rows that hold them stay. An end that
-- was rolled back with its rows and has come again leaves such ids at the other end. All tables are locked first, in
-- one order: the keys need that lock anyway, and asking for it after an UPDATE would end in a deadlock with writers.

DO $$
DECLARE
  v_is_locked boolean := false;
  v_link record;
  v_forgotten bigint;
BEGIN
  FOR v_link IN
    SELECT l.child::regclass AS child, l.link_column, l.parent::regclass AS parent
    FROM (VALUES
      ('survey.campaigns', 'provider_config_id', 'telephony.provider_configs'),
      ('survey.survey_responses', 'call_attempt_id', 'telephony.call_attempts'),
      ('survey.events', 'call_attempt_id', 'telephony.call_attempts'),
      ('telephony.call_attempts', 'contact_id', 'survey.contacts'),
      ('telephony.call_attempts', 'campaign_id', 'survey.campaigns')
    ) AS l (child, link_column, parent)
    WHERE NOT EXISTS (
      SELECT
      FROM pg_constraint AS c
      WHERE c.conrelid = l.child::regclass
        AND c.conname = format('fk_%s_%s', split_part(l.child, '.', 2), l.link_column)
    )
  LOOP
    IF NOT v_is_locked THEN
      LOCK TABLE
        survey.campaigns,
        survey.contacts,
        survey.events,
        survey.survey_responses,
        telephony.call_attempts,
        telephony.provider_configs
      IN SHARE ROW EXCLUSIVE MODE;
      v_is_locked := true;
    END IF;

    EXECUTE format(
      'UPDATE %1$s AS c SET %2$I = NULL'
      ' WHERE c.%2$I IS NOT NULL'
      ' AND NOT EXISTS (SELECT FROM %3$s AS p WHERE p.organisation_id = c.organisation_id AND p.id = c.%2$I)',
      v_link.child,
      v_link.link_column,
      v_link.parent
    );
    GET DIAGNOSTICS v_forgotten = ROW_COUNT;

    IF v_forgotten > 0 THEN
      RAISE WARNING '% rows of % named rows that are not in %; their % is now empty',
        v_forgotten, v_link.child, v_link.parent, v_link.link_column;
    END IF;
  END LOOP;
END
$$;

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
