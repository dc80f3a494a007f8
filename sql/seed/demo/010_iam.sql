-- Demo data: one organisation with three members.
--
-- For tests and examples only; not for production. May be run again.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

INSERT INTO iam.organisations (id, slug, name, timezone, country_code)
VALUES ('00000000-0000-4000-8000-000000000001', 'demo', 'Demo Organisation', 'Europe/Rome', 'IT')
ON CONFLICT (id) DO UPDATE
SET name = EXCLUDED.name;

INSERT INTO iam.users (id, email, oidc_issuer, oidc_sub, name)
VALUES
  (
    '00000000-0000-4000-8000-000000000011', 'admin@example.com', 'https://idp.example.com', 'demo-admin',
    'Demo Admin'
  ),
  (
    '00000000-0000-4000-8000-000000000012', 'manager@example.com', 'https://idp.example.com', 'demo-manager',
    'Demo Manager'
  ),
  (
    '00000000-0000-4000-8000-000000000013', 'viewer@example.com', 'https://idp.example.com', 'demo-viewer',
    'Demo Viewer'
  )
ON CONFLICT (id) DO UPDATE
SET
  email = EXCLUDED.email,
  name = EXCLUDED.name;

INSERT INTO iam.organisation_users (organisation_id, user_id, role, joined_at)
VALUES
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000011', 'admin',
    '2026-01-05 00:00:00+00'
  ),
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000012', 'campaign_manager',
    '2026-01-05 00:00:00+00'
  ),
  (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000013', 'viewer',
    '2026-01-05 00:00:00+00'
  )
ON CONFLICT DO NOTHING;
