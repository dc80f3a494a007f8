-- Demo data: a draft campaign with three questions and five contacts.
--
-- Needs 010_iam.sql; uses the provider and the templates when telephony and notify are there. May be run again.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

INSERT INTO survey.campaigns (organisation_id, id, name, description, intro_script, created_by_user_id)
VALUES (
  '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000301',
  'Demo satisfaction survey',
  'Three questions',
  'Hello, may we ask three short questions?',
  '00000000-0000-4000-8000-000000000012'
)
ON CONFLICT (organisation_id, id) DO NOTHING;

DO $$
DECLARE
  v_organisation_id constant uuid := '00000000-0000-4000-8000-000000000001';
  v_campaign_id constant uuid := '00000000-0000-4000-8000-000000000301';
  v_provider_config_id uuid;
  v_template record;
BEGIN
  IF to_regclass('telephony.provider_configs') IS NOT NULL THEN
    SELECT p.id
    INTO v_provider_config_id
    FROM telephony.provider_configs AS p
    WHERE p.organisation_id = v_organisation_id
      AND p.is_default;

    UPDATE survey.campaigns
    SET provider_config_id = v_provider_config_id
    WHERE organisation_id = v_organisation_id
      AND id = v_campaign_id
      AND provider_config_id IS NULL;
  END IF;

  IF to_regclass('notify.email_templates') IS NOT NULL THEN
    FOR v_template IN
      SELECT t.id, t.type::text AS type
      FROM notify.email_templates AS t
      WHERE t.organisation_id = v_organisation_id
        AND t.locale = 'en'
        AND t.is_active
    LOOP
      EXECUTE format(
        'UPDATE survey.campaigns SET %1$I = $1 WHERE organisation_id = $2 AND id = $3 AND %1$I IS NULL',
        'email_' || v_template.type || '_template_id'
      )
        USING v_template.id, v_organisation_id, v_campaign_id;
    END LOOP;
  END IF;
END
$$;

INSERT INTO survey.campaign_questions (organisation_id, id, campaign_id, position, text, type, scale_min, scale_max)
VALUES
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000311',
    '00000000-0000-4000-8000-000000000301', 1, 'How satisfied are you, from 1 to 10?', 'scale', 1, 10
  ),
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000312',
    '00000000-0000-4000-8000-000000000301', 2, 'What do you like most?', 'free_text', NULL, NULL
  ),
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000313',
    '00000000-0000-4000-8000-000000000301', 3, 'How many people would you tell about us?', 'numeric', NULL, NULL
  )
ON CONFLICT DO NOTHING;

INSERT INTO survey.contacts (
  organisation_id,
  id,
  campaign_id,
  external_contact_id,
  phone_number,
  email,
  full_name,
  preferred_language,
  timezone,
  country_code,
  has_prior_consent,
  consent_source,
  consent_at,
  do_not_call,
  state
)
VALUES
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000401',
    '00000000-0000-4000-8000-000000000301', 'DEMO-1', '+14155550101', 'one@example.com', 'Contact One', 'en',
    'UTC', 'US', true, 'import', '2026-01-04 00:00:00+00', false, 'pending'
  ),
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000402',
    '00000000-0000-4000-8000-000000000301', 'DEMO-2', '+14155550102', 'two@example.com', 'Contact Two', 'it',
    'UTC', 'US', true, 'import', '2026-01-04 00:00:00+00', false, 'pending'
  ),
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000403',
    '00000000-0000-4000-8000-000000000301', 'DEMO-3', '+14155550103', 'three@example.com', 'Contact Three', 'auto',
    'UTC', 'US', false, NULL, NULL, false, 'pending'
  ),
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000404',
    '00000000-0000-4000-8000-000000000301', 'DEMO-4', '+14155550104', NULL, 'Contact Four', 'auto',
    'UTC', 'US', true, 'import', '2026-01-04 00:00:00+00', false, 'pending'
  ),
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000405',
    '00000000-0000-4000-8000-000000000301', 'DEMO-5', '+14155550105', 'five@example.com', 'Contact Five', 'en',
    'UTC', 'US', true, 'import', '2026-01-04 00:00:00+00', true, 'excluded'
  )
ON CONFLICT DO NOTHING;
