-- iam: views
-- schemaway: requires=20260105.100100
--
-- Brings the list of members with their names.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE VIEW iam.v_organisation_members
WITH (security_invoker = true)
AS
SELECT
  m.organisation_id,
  m.user_id,
  u.email,
  u.name,
  u.status AS user_status,
  m.role,
  m.status AS membership_status,
  m.joined_at
FROM iam.organisation_users AS m
JOIN iam.users AS u ON u.id = m.user_id;
COMMENT ON VIEW iam.v_organisation_members IS 'Members of an organisation with name, role and state.';

GRANT SELECT ON iam.v_organisation_members TO ${role_app}, ${role_worker}, ${role_readonly};
