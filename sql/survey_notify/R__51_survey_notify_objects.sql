-- survey_notify: objects
-- schemaway: requires=20260105.140100
--
-- Brings the result email of a survey.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE FUNCTION notify.enqueue_survey_email(p_organisation_id uuid, p_event_id uuid)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_event survey.events;
  v_contact survey.contacts;
  v_campaign survey.campaigns;
  v_type notify.email_template_type;
  v_language iam.campaign_language;
  v_template_id uuid;
  v_active_id uuid;
  v_key constant text := 'survey_event:' || p_event_id::text;
  v_id uuid;
BEGIN
  SELECT e.*
  INTO v_event
  FROM survey.events AS e
  WHERE e.organisation_id = p_organisation_id
    AND e.id = p_event_id;

  IF NOT FOUND THEN
    RETURN NULL;
  END IF;

  SELECT k.*
  INTO v_contact
  FROM survey.contacts AS k
  WHERE k.organisation_id = p_organisation_id
    AND k.id = v_event.contact_id;

  IF v_contact.email IS NULL THEN
    RETURN NULL;
  END IF;

  SELECT c.*
  INTO v_campaign
  FROM survey.campaigns AS c
  WHERE c.organisation_id = p_organisation_id
    AND c.id = v_event.campaign_id;

  -- survey.completed asks for a template of type completed.
  v_type := split_part(v_event.event_type::text, '.', 2);
  v_language := CASE
    WHEN v_contact.preferred_language = 'auto' THEN v_campaign.language
    ELSE v_contact.preferred_language::text::iam.campaign_language
  END;

  -- A campaign that names no template for a result sends no email about it.
  v_template_id := CASE v_type
    WHEN 'completed' THEN v_campaign.email_completed_template_id
    WHEN 'refused' THEN v_campaign.email_refused_template_id
    ELSE v_campaign.email_not_reached_template_id
  END;

  IF v_template_id IS NULL THEN
    RETURN NULL;
  END IF;

  -- The template in use for the language of the contact wins over the one the campaign names.
  SELECT t.id
  INTO v_active_id
  FROM notify.email_templates AS t
  WHERE t.organisation_id = p_organisation_id
    AND t.type = v_type
    AND t.locale = v_language
    AND t.is_active;

  INSERT INTO notify.email_notifications (
    organisation_id,
    event_id,
    contact_id,
    campaign_id,
    template_id,
    idempotency_key,
    to_email,
    variables
  )
  VALUES (
    p_organisation_id,
    v_event.id,
    v_contact.id,
    v_campaign.id,
    coalesce(v_active_id, v_template_id),
    v_key,
    v_contact.email,
    jsonb_build_object('contact_name', coalesce(v_contact.full_name, ''), 'campaign_name', v_campaign.name)
  )
  ON CONFLICT (organisation_id, idempotency_key) DO NOTHING
  RETURNING id INTO v_id;

  -- The email was queued before, maybe by somebody else at this moment.
  IF v_id IS NULL THEN
    SELECT n.id
    INTO v_id
    FROM notify.email_notifications AS n
    WHERE n.organisation_id = p_organisation_id
      AND n.idempotency_key = v_key;
  END IF;

  RETURN v_id;
END
$$;
COMMENT ON FUNCTION notify.enqueue_survey_email(uuid, uuid) IS
  'Queues the email that answers a survey event, once; null without address or template.';
