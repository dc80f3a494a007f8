-- iam: functions
-- schemaway: requires=20260105.100300
--
-- Brings the audit entry point and the two functions that read users where row-level security would hide them.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE FUNCTION iam.log_audit_event(
  p_entity_type text,
  p_entity_id text,
  p_action text,
  p_actor_type iam.actor_type DEFAULT 'system',
  p_actor_id text DEFAULT NULL,
  p_changes jsonb DEFAULT '{}'::jsonb,
  p_request_id text DEFAULT NULL
)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_organisation_id constant uuid := iam.require_organisation_id();
  v_id constant uuid := iam.uuid_v7();
  v_actor_id constant text := coalesce(p_actor_id, iam.current_user_id()::text);
BEGIN
  INSERT INTO iam.audit_logs (
    organisation_id,
    id,
    entity_type,
    entity_id,
    action,
    actor_type,
    actor_id,
    changes,
    request_id
  )
  VALUES (
    v_organisation_id,
    v_id,
    p_entity_type,
    p_entity_id,
    p_action,
    p_actor_type,
    v_actor_id,
    coalesce(p_changes, '{}'::jsonb),
    p_request_id
  );

  RETURN v_id;
END
$$;
COMMENT ON FUNCTION iam.log_audit_event(text, text, text, iam.actor_type, text, jsonb, text) IS
  'Writes one row of the audit trail of the current organisation and returns its id.';

CREATE OR REPLACE FUNCTION iam.resolve_login(p_issuer text, p_sub text)
RETURNS TABLE (
  user_id uuid,
  user_status iam.user_status,
  organisation_id uuid,
  role iam.user_role,
  membership_status iam.membership_status
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_user iam.users;
BEGIN
  SELECT u.*
  INTO v_user
  FROM iam.users AS u
  WHERE u.oidc_issuer = p_issuer
    AND u.oidc_sub = p_sub;

  IF NOT FOUND THEN
    RETURN;
  END IF;

  RETURN QUERY
    SELECT v_user.id, v_user.status, m.organisation_id, m.role, m.status
    FROM iam.organisation_users AS m
    WHERE m.user_id = v_user.id;

  IF NOT FOUND THEN
    RETURN QUERY
      SELECT v_user.id, v_user.status, NULL::uuid, NULL::iam.user_role, NULL::iam.membership_status;
  END IF;
END
$$;
COMMENT ON FUNCTION iam.resolve_login(text, text) IS
  'Finds a user and the memberships by OIDC subject, before a tenant is known; for the worker role only.';

CREATE OR REPLACE FUNCTION iam.list_members()
RETURNS TABLE (
  user_id uuid,
  email text,
  name text,
  user_status iam.user_status,
  role iam.user_role,
  membership_status iam.membership_status,
  joined_at timestamptz
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_organisation_id constant uuid := iam.require_organisation_id();
BEGIN
  RETURN QUERY
    SELECT m.user_id, u.email::text, u.name, u.status, m.role, m.status, m.joined_at
    FROM iam.organisation_users AS m
    JOIN iam.users AS u ON u.id = m.user_id
    WHERE m.organisation_id = v_organisation_id;
END
$$;
COMMENT ON FUNCTION iam.list_members() IS
  'Members of the current organisation with their names; needed on Citus, where users see only themselves.';

REVOKE ALL ON FUNCTION
  iam.resolve_login(text, text),
  iam.list_members()
FROM PUBLIC;

GRANT EXECUTE ON FUNCTION iam.resolve_login(text, text) TO ${role_worker};

GRANT EXECUTE ON FUNCTION iam.list_members() TO ${role_app}, ${role_worker}, ${role_readonly};
