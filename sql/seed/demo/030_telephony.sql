-- Demo data: a calling rule, a provider configuration and two do-not-call entries.
--
-- Needs 010_iam.sql. May be run again.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

SELECT telephony.install_default_rules('00000000-0000-4000-8000-000000000001');

INSERT INTO telephony.provider_configs (organisation_id, id, name, outbound_number, llm_model, is_default)
VALUES (
  '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000201',
  'default',
  '+14155550100',
  'example-model',
  true
)
ON CONFLICT (organisation_id, id) DO NOTHING;

INSERT INTO telephony.exclusion_list_entries (organisation_id, phone_number, reason, source)
VALUES
  ('00000000-0000-4000-8000-000000000001', '+14155550190', 'asked not to be called', 'api'),
  ('00000000-0000-4000-8000-000000000001', '+14155550191', 'blocked by hand', 'manual')
ON CONFLICT DO NOTHING;
