-- Undo of iam: roles
--
-- Takes the owner's rights on this database back. The roles stay: they belong to the cluster. What an administrator
-- granted in place of the login is left with a warning, because only the administrator can take it back.

-- An undo file before this one in the same transaction has switched to the owner; this one runs as the login.
SET LOCAL role TO DEFAULT;
SET LOCAL search_path = pg_catalog;

DO $$
DECLARE
  v_owner constant text := '${role_owner}';
  v_statement constant text := format('REVOKE CREATE, CONNECT ON DATABASE %I FROM %I', current_database(), v_owner);
  v_reason text := 'somebody else granted them';
BEGIN
  FOR v_attempt IN 1..2 LOOP
    -- A database that belongs to the owner itself keeps the rights of its owner.
    IF NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_database AS d
      CROSS JOIN LATERAL aclexplode(d.datacl) AS a
      JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee
      WHERE d.datname = current_database()
        AND r.rolname = v_owner
        AND r.oid <> d.datdba
        AND a.privilege_type IN ('CREATE', 'CONNECT')
    ) THEN
      RETURN;
    END IF;

    IF v_attempt = 1 THEN
      BEGIN
        EXECUTE v_statement;
      EXCEPTION
        WHEN insufficient_privilege THEN
          v_reason := sqlerrm;
      END;
    END IF;
  END LOOP;

  RAISE WARNING 'role % keeps its rights on database %: %', v_owner, current_database(), v_reason
    USING HINT = 'Ask an administrator to run: ' || v_statement || ';';
END
$$;
