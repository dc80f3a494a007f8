-- iam: roles
--
-- Brings the four group roles of the model and lets the owner work in this database. Roles belong to the cluster, so
-- another database may be migrated at the same moment: every statement tolerates that somebody else was faster, and the
-- loop looks again until nothing is missing. Every other file switches to the owner; this one makes the owner, so it
-- runs as the connecting login.

-- In every file: nothing that others may have put into a schema of theirs is called by an unqualified name.
SET LOCAL search_path = pg_catalog;

DO $$
DECLARE
  v_owner constant text := '${role_owner}';
  v_worker constant text := '${role_worker}';
  v_roles constant text[] := ARRAY['${role_owner}', '${role_app}', '${role_worker}', '${role_readonly}'];
  v_version constant integer := current_setting('server_version_num');
  v_set constant text := CASE WHEN v_version >= 160000 THEN 'SET' ELSE 'MEMBER' END;
  v_inherit constant text := CASE WHEN v_version >= 160000 THEN ' WITH INHERIT TRUE' ELSE '' END;
  v_citus constant boolean := EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus');
  v_todo text[];
  v_missing text[];
  v_statement text;
  v_role text;
  v_known boolean;
BEGIN
  FOR v_round IN 1..5 LOOP
    -- What is missing, as statements that an administrator could run as they stand.
    v_todo := ARRAY(
      SELECT format('CREATE ROLE %I NOLOGIN', wanted.role_name)
      FROM unnest(v_roles) WITH ORDINALITY AS wanted (role_name, position)
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = wanted.role_name)
      ORDER BY wanted.position
    );

    -- The owner's data migrations and definer functions must see rows although row-level security is forced. A policy
    -- counts for a member only when the member inherits, so it is USAGE that matters. Before 16 inheriting is up to the
    -- member and not to the grant.
    IF NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_roles AS o
      CROSS JOIN pg_catalog.pg_roles AS w
      WHERE o.rolname = v_owner
        AND w.rolname = v_worker
        AND pg_catalog.pg_has_role(o.oid, w.oid, 'USAGE')
    ) THEN
      v_todo := v_todo || (format('GRANT %I TO %I', v_worker, v_owner) || v_inherit);

      IF v_version < 160000
        AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = v_owner AND NOT r.rolinherit)
      THEN
        v_todo := v_todo || format('ALTER ROLE %I INHERIT', v_owner);
      END IF;
    END IF;

    -- SET ROLE asks for the rights of the session user, whatever role is in force. From 16 on the creator of a role is
    -- a member without the right to SET ROLE, hence the server's own test.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = session_user AND r.rolsuper)
      AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_roles AS r
        WHERE r.rolname = v_owner
          AND pg_catalog.pg_has_role(session_user, r.oid, v_set)
      )
    THEN
      v_todo := v_todo || format('GRANT %I TO %I', v_owner, session_user);
    END IF;

    IF (
      SELECT count(DISTINCT a.privilege_type) < 2
      FROM pg_catalog.pg_database AS d
      CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
      WHERE d.datname = current_database()
        AND a.grantee = (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = v_owner)
        AND a.privilege_type IN ('CREATE', 'CONNECT')
    ) THEN
      v_todo := v_todo || format('GRANT CREATE, CONNECT ON DATABASE %I TO %I', current_database(), v_owner);
    END IF;

    -- Citus reaches its workers as the current role, so there the owner must be able to log in.
    IF v_citus AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = v_owner AND r.rolcanlogin) THEN
      v_todo := v_todo || format('ALTER ROLE %I LOGIN', v_owner);
    END IF;

    EXIT WHEN cardinality(v_todo) = 0;

    -- An error takes back what this step has done so far, so the administrator needs the list from before.
    v_missing := coalesce(v_missing, v_todo);

    FOREACH v_statement IN ARRAY v_todo LOOP
      BEGIN
        EXECUTE v_statement;
      EXCEPTION
        WHEN duplicate_object OR unique_violation OR internal_error THEN
          NULL;  -- done by another database at this moment; the next round looks again
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'roles are missing and % may not make them: %', current_user, sqlerrm
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Ask an administrator to run: ' || array_to_string(v_missing, '; ') || ';';
      END;
    END LOOP;
  END LOOP;

  -- A GRANT of which the login may give only a part, or nothing, is a mere warning of the server and ends here.
  IF cardinality(v_todo) > 0 THEN
    RAISE EXCEPTION 'roles are still incomplete after five rounds'
      USING ERRCODE = 'insufficient_privilege',
            HINT = 'Ask an administrator to run: ' || array_to_string(v_missing, '; ') || ';';
  END IF;

  -- Citus lists roles per database. A role that was made through another database gets onto the list of this
  -- one by owning an object here for a moment.
  IF v_citus THEN
    FOREACH v_role IN ARRAY v_roles LOOP
      EXECUTE 'SELECT EXISTS (SELECT FROM pg_dist_object WHERE classid = $1 AND objid = $2::regrole)'
        INTO v_known
        USING 'pg_authid'::regclass, quote_ident(v_role);
      CONTINUE WHEN v_known;

      BEGIN
        CREATE TYPE public.schemaway_probe AS ENUM ();
        EXECUTE format('ALTER TYPE public.schemaway_probe OWNER TO %I', v_role);
        DROP TYPE public.schemaway_probe;
      EXCEPTION
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'role % comes from another database and % may not make it known here', v_role, current_user
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Let a superuser run this migration once in this database.';
      END;
    END LOOP;
  END IF;
END
$$;
