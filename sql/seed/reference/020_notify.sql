-- Reference data: the default email templates of every organisation, or of the current one where a tenant is set.
--
-- Safe in production: a template that is there stays as it is. May be run again.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DO $$
DECLARE
  v_organisation_id uuid;
BEGIN
  FOR v_organisation_id IN
    SELECT o.id
    FROM iam.organisations AS o
    WHERE o.id = coalesce(iam.current_organisation_id(), o.id)
    ORDER BY o.id
  LOOP
    PERFORM notify.install_default_templates(v_organisation_id);
  END LOOP;
END
$$;
