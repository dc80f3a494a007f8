-- Undo of notify: grants
--
-- Takes back what R__93_notify_grants.sql gives. Once the helper is gone there is nothing left to take back.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DO $$
BEGIN
  IF to_regprocedure('iam.revoke_schema(name)') IS NOT NULL THEN
    PERFORM iam.revoke_schema('notify');
  END IF;
END
$$;
