-- survey_notify: links
--
-- Ties survey and notify together: campaigns to templates, emails to events and contacts. The keys are added not valid
-- and then validated, because both sides may already hold rows.

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
      ('survey.campaigns', 'email_completed_template_id', 'notify.email_templates'),
      ('survey.campaigns', 'email_refused_template_id', 'notify.email_templates'),
      ('survey.campaigns', 'email_not_reached_template_id', 'notify.email_templates'),
      ('notify.email_notifications', 'event_id', 'survey.events'),
      ('notify.email_notifications', 'contact_id', 'survey.contacts'),
      ('notify.email_notifications', 'campaign_id', 'survey.campaigns')
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
        notify.email_notifications,
        notify.email_templates,
        survey.campaigns,
        survey.contacts,
        survey.events
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
