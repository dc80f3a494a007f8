-- iam: foundation
--
-- Brings the schema, the shared vocabulary, the domains, and the helpers that every later migration uses: ids, tenant
-- context, and the functions that turn a plain table into a tenant table.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE SCHEMA IF NOT EXISTS iam;
COMMENT ON SCHEMA iam IS 'Organisations, users, memberships, audit; shared vocabulary and helpers.';

DO $$
BEGIN
  IF to_regtype('iam.user_role') IS NULL THEN
    CREATE TYPE iam.user_role AS ENUM (
      'admin',
      'campaign_manager',
      'viewer'
    );
  END IF;
END
$$;
COMMENT ON TYPE iam.user_role IS 'Role of a member inside one organisation (seed enum).';

DO $$
BEGIN
  IF to_regtype('iam.campaign_language') IS NULL THEN
    CREATE TYPE iam.campaign_language AS ENUM (
      'en',
      'it'
    );
  END IF;
END
$$;
COMMENT ON TYPE iam.campaign_language IS
  'Language of campaigns, templates and transcripts (seed enum, shared vocabulary).';

DO $$
BEGIN
  IF to_regtype('iam.contact_outcome') IS NULL THEN
    CREATE TYPE iam.contact_outcome AS ENUM (
      'completed',
      'refused',
      'no_answer',
      'busy',
      'failed'
    );
  END IF;
END
$$;
COMMENT ON TYPE iam.contact_outcome IS 'Outcome of a contact attempt (seed enum, shared by survey and telephony).';

DO $$
BEGIN
  IF to_regtype('iam.contact_channel') IS NULL THEN
    CREATE TYPE iam.contact_channel AS ENUM (
      'email',
      'phone',
      'sms',
      'whatsapp',
      'push',
      'postal',
      'any'
    );
  END IF;
END
$$;
COMMENT ON TYPE iam.contact_channel IS 'Contact channel; any means every channel and is allowed only in opt-outs.';

DO $$
BEGIN
  IF to_regtype('iam.organisation_status') IS NULL THEN
    CREATE TYPE iam.organisation_status AS ENUM (
      'active',
      'suspended',
      'closed'
    );
  END IF;
END
$$;
COMMENT ON TYPE iam.organisation_status IS 'Lifecycle of a tenant.';

DO $$
BEGIN
  IF to_regtype('iam.user_status') IS NULL THEN
    CREATE TYPE iam.user_status AS ENUM (
      'active',
      'suspended',
      'deactivated'
    );
  END IF;
END
$$;
COMMENT ON TYPE iam.user_status IS 'Lifecycle of a user account.';

DO $$
BEGIN
  IF to_regtype('iam.membership_status') IS NULL THEN
    CREATE TYPE iam.membership_status AS ENUM (
      'invited',
      'active',
      'suspended',
      'removed'
    );
  END IF;
END
$$;
COMMENT ON TYPE iam.membership_status IS 'Lifecycle of a membership.';

DO $$
BEGIN
  IF to_regtype('iam.actor_type') IS NULL THEN
    CREATE TYPE iam.actor_type AS ENUM (
      'user',
      'api_key',
      'agent',
      'system'
    );
  END IF;
END
$$;
COMMENT ON TYPE iam.actor_type IS 'Kind of actor in the audit log.';

-- Domains. citext may already be there, and in another schema than public, hence the look-ups. It is a trusted
-- extension: to create it, the right to create in the database is enough, even in a schema that is closed to the owner.

DO $$
DECLARE
  v_schema name;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citext') THEN
    BEGIN
      CREATE EXTENSION citext WITH SCHEMA public;
    EXCEPTION
      WHEN insufficient_privilege OR invalid_schema_name OR feature_not_supported OR undefined_file THEN
        RAISE EXCEPTION 'extension citext is missing and % cannot create it: %', current_user, sqlerrm
          USING ERRCODE = sqlstate,
                HINT = 'Ask an administrator to run: CREATE EXTENSION citext WITH SCHEMA public;'
                       ' Any other schema will do as well.';
    END;
  END IF;

  SELECT n.nspname
  INTO v_schema
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
  WHERE e.extname = 'citext';

  IF NOT has_schema_privilege(v_schema, 'USAGE') THEN
    RAISE EXCEPTION 'extension citext lives in schema % and % may not use that schema', v_schema, current_user
      USING ERRCODE = 'insufficient_privilege',
            HINT = format('Ask an administrator to run: GRANT USAGE ON SCHEMA %I TO %I;', v_schema, current_user);
  END IF;

  IF to_regtype('iam.email') IS NULL THEN
    EXECUTE format(
      'CREATE DOMAIN iam.email AS %I.citext'
      ' CONSTRAINT ck_email CHECK (length(VALUE::text) <= 320'
      ' AND VALUE::text ~ ''^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$'')',
      v_schema
    );
  END IF;

  IF to_regtype('iam.e164') IS NULL THEN
    CREATE DOMAIN iam.e164 AS text
      CONSTRAINT ck_e164 CHECK (VALUE ~ '^\+[1-9][0-9]{6,14}$');
  END IF;

  IF to_regtype('iam.currency_code') IS NULL THEN
    CREATE DOMAIN iam.currency_code AS text
      CONSTRAINT ck_currency_code CHECK (VALUE ~ '^[A-Z]{3}$');
  END IF;

  IF to_regtype('iam.money_amount') IS NULL THEN
    CREATE DOMAIN iam.money_amount AS numeric(14, 2);
  END IF;
END
$$;

COMMENT ON DOMAIN iam.email IS 'Email address, case-insensitive.';
COMMENT ON DOMAIN iam.e164 IS 'Phone number in E.164 form.';
COMMENT ON DOMAIN iam.currency_code IS 'ISO 4217 currency code.';
COMMENT ON DOMAIN iam.money_amount IS 'Amount of money; always beside a currency column.';

-- Ids: version-7 uuids sort by time, so a range of ids is a range of time. Times before 1970 count as 1970. STRICT,
-- because greatest() passes over nulls: an unknown time would become the lowest id instead of an unknown one.

CREATE OR REPLACE FUNCTION iam.uuid_v7_at(p_at timestamptz)
RETURNS uuid
LANGUAGE sql
VOLATILE
STRICT
PARALLEL SAFE
AS $$
  SELECT (
    pg_catalog.lpad(pg_catalog.to_hex(t.us / 1000), 12, '0')
    || '7'
    || pg_catalog.lpad(pg_catalog.to_hex((t.us % 1000) * 4096 / 1000), 3, '0')
    || pg_catalog.substr(pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), 17)
  )::uuid
  FROM (SELECT greatest(extract(epoch FROM p_at) * 1000000, 0)::bigint AS us) AS t
$$;
COMMENT ON FUNCTION iam.uuid_v7_at(timestamptz) IS 'Version-7 uuid of a given time, for rows imported from the past.';

DO $$
BEGIN
  IF to_regprocedure('pg_catalog.uuidv7()') IS NOT NULL THEN
    CREATE OR REPLACE FUNCTION iam.uuid_v7()
    RETURNS uuid
    LANGUAGE sql
    VOLATILE
    PARALLEL SAFE
    AS 'SELECT pg_catalog.uuidv7()';
  ELSE
    CREATE OR REPLACE FUNCTION iam.uuid_v7()
    RETURNS uuid
    LANGUAGE sql
    VOLATILE
    PARALLEL SAFE
    AS 'SELECT iam.uuid_v7_at(pg_catalog.clock_timestamp())';
  END IF;
END
$$;
COMMENT ON FUNCTION iam.uuid_v7() IS 'New version-7 uuid with sub-millisecond order inside a session.';

CREATE OR REPLACE FUNCTION iam.uuid_v7_floor(p_at timestamptz)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
AS $$
  SELECT (
    pg_catalog.lpad(
      pg_catalog.to_hex(greatest(pg_catalog.floor(extract(epoch FROM p_at) * 1000), 0)::bigint), 12, '0'
    )
    || '70008000000000000000'
  )::uuid
$$;
COMMENT ON FUNCTION iam.uuid_v7_floor(timestamptz) IS
  'Lowest version-7 uuid of a time: bounds of partitions and of time queries, id >= iam.uuid_v7_floor(from).';

CREATE OR REPLACE FUNCTION iam.uuid_v7_time(p_id uuid)
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
AS $$
  SELECT pg_catalog.to_timestamp(
    ('x0000' || pg_catalog.substr(pg_catalog.replace(p_id::text, '-', ''), 1, 12))::bit(64)::bigint / 1000.0
  )
$$;
COMMENT ON FUNCTION iam.uuid_v7_time(uuid) IS 'Time inside a version-7 uuid, to the millisecond.';

-- Checks used by columns.

CREATE OR REPLACE FUNCTION iam.is_timezone(p_name text)
RETURNS boolean
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF p_name IS NULL THEN
    RETURN false;
  END IF;

  -- The server alone would also take POSIX strings such as FOO-5.
  IF p_name <> 'UTC' AND p_name !~ '^[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+$' THEN
    RETURN false;
  END IF;

  -- A POSIX string may hold a slash, too: Foo/Bar+5. Digits occur in the fixed offsets of Etc only.
  IF p_name ~ '[0-9]' AND p_name !~ '^Etc/GMT(?:0|[+](?:[0-9]|1[0-2])|-(?:[0-9]|1[0-4]))$' THEN
    RETURN false;
  END IF;

  PERFORM timestamptz '2026-01-01 00:00:00+00' AT TIME ZONE p_name;
  RETURN true;
EXCEPTION
  WHEN invalid_parameter_value THEN
    RETURN false;
END
$$;
COMMENT ON FUNCTION iam.is_timezone(text) IS 'True for UTC and for IANA zone names that the server knows.';

-- Tenant context. The two readers carry no SET clause, so that they are inlined in policies.

CREATE OR REPLACE FUNCTION iam.current_organisation_id()
RETURNS uuid
LANGUAGE sql
STABLE
PARALLEL SAFE
AS $$
  SELECT nullif(pg_catalog.current_setting('app.organisation_id', true), '')::uuid
$$;
COMMENT ON FUNCTION iam.current_organisation_id() IS 'Tenant of the session, null without context.';

CREATE OR REPLACE FUNCTION iam.current_user_id()
RETURNS uuid
LANGUAGE sql
STABLE
PARALLEL SAFE
AS $$
  SELECT nullif(pg_catalog.current_setting('app.user_id', true), '')::uuid
$$;
COMMENT ON FUNCTION iam.current_user_id() IS 'User of the session, null without context.';

CREATE OR REPLACE FUNCTION iam.set_context(
  p_organisation_id uuid,
  p_user_id uuid DEFAULT NULL,
  p_local boolean DEFAULT true
)
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT
    set_config('app.organisation_id', coalesce(p_organisation_id::text, ''), p_local),
    set_config('app.user_id', coalesce(p_user_id::text, ''), p_local)
$$;
COMMENT ON FUNCTION iam.set_context(uuid, uuid, boolean) IS
  'Sets tenant and user, by default until the end of the transaction. Not for Citus: there use SET LOCAL.';

CREATE OR REPLACE FUNCTION iam.clear_context()
RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT
    set_config('app.organisation_id', '', false),
    set_config('app.user_id', '', false)
$$;
COMMENT ON FUNCTION iam.clear_context() IS 'Empties tenant and user for the session.';

CREATE OR REPLACE FUNCTION iam.require_organisation_id()
RETURNS uuid
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_organisation_id constant uuid := iam.current_organisation_id();
BEGIN
  IF v_organisation_id IS NULL THEN
    RAISE EXCEPTION 'app.organisation_id is not set'
      USING ERRCODE = 'insufficient_privilege',
            HINT = 'Set it in the transaction: SET LOCAL app.organisation_id = ''<uuid>''.';
  END IF;

  RETURN v_organisation_id;
END
$$;
COMMENT ON FUNCTION iam.require_organisation_id() IS 'Tenant of the session, or error 42501.';

-- Trigger functions. They look at the row only: on Citus a trigger runs on a shard and may not query other tables.

CREATE OR REPLACE FUNCTION iam.set_updated_at()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NEW IS DISTINCT FROM OLD THEN
    NEW.updated_at := now();
  END IF;

  RETURN NEW;
END
$$;
COMMENT ON FUNCTION iam.set_updated_at() IS 'Trigger: keeps updated_at when a row really changes.';

CREATE OR REPLACE FUNCTION iam.prevent_mutation()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END
$$;
COMMENT ON FUNCTION iam.prevent_mutation() IS 'Trigger: refuses every change of an append-only table.';

CREATE OR REPLACE FUNCTION iam.backoff(
  p_attempts integer,
  p_base interval DEFAULT interval '1 minute',
  p_cap interval DEFAULT interval '6 hours'
)
RETURNS interval
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT least(p_base * power(2, greatest(least(p_attempts, 20) - 1, 0)), p_cap)
$$;
COMMENT ON FUNCTION iam.backoff(integer, interval, interval) IS 'Wait before the next attempt: doubles, up to the cap.';

-- Helpers for migrations. Each may be called again without effect.

CREATE OR REPLACE FUNCTION iam.is_citus()
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
$$;
COMMENT ON FUNCTION iam.is_citus() IS 'True when this database is the coordinator of a Citus cluster.';

CREATE OR REPLACE FUNCTION iam.ensure_policy(p_table regclass, p_name name, p_definition text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = p_table AND p.polname = p_name) THEN
    EXECUTE format('CREATE POLICY %I ON %s %s', p_name, p_table, p_definition);
  END IF;
END
$$;
COMMENT ON FUNCTION iam.ensure_policy(regclass, name, text) IS
  'Creates a row-level security policy unless the table has one of that name.';

CREATE OR REPLACE FUNCTION iam.ensure_constraint(p_table regclass, p_name name, p_definition text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conrelid = p_table AND c.conname = p_name) THEN
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', p_table, p_name, p_definition);
  END IF;
END
$$;
COMMENT ON FUNCTION iam.ensure_constraint(regclass, name, text) IS
  'Adds a constraint, not yet valid, unless the table has one of that name.';

CREATE OR REPLACE FUNCTION iam.secure_table(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_table pg_class;
BEGIN
  SELECT * INTO STRICT v_table FROM pg_class AS c WHERE c.oid = p_table;

  IF NOT v_table.relrowsecurity THEN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
  END IF;

  IF NOT v_table.relforcerowsecurity THEN
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
  END IF;

  PERFORM iam.ensure_policy(p_table, 'worker_access', 'TO ${role_worker} USING (true) WITH CHECK (true)');

  IF NOT v_table.relispartition
    AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attname = 'updated_at')
    AND NOT EXISTS (
      SELECT
      FROM pg_trigger AS t
      WHERE t.tgrelid = p_table
        AND t.tgfoid = 'iam.set_updated_at()'::regprocedure
    )
  THEN
    EXECUTE format(
      'CREATE TRIGGER %I BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION iam.set_updated_at()',
      format('trg_%s_set_updated_at', v_table.relname),
      p_table
    );
  END IF;
END
$$;
COMMENT ON FUNCTION iam.secure_table(regclass) IS
  'What global and tenant tables share: forced row-level security, worker policy, updated_at trigger.';

CREATE OR REPLACE FUNCTION iam.grant_table(p_table regclass, p_append_only boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('GRANT SELECT ON %s TO ${role_app}, ${role_worker}, ${role_readonly}', p_table);

  IF p_append_only THEN
    EXECUTE format('GRANT INSERT ON %s TO ${role_app}, ${role_worker}', p_table);
    EXECUTE format('REVOKE UPDATE, DELETE ON %s FROM ${role_app}, ${role_worker}', p_table);
  ELSE
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO ${role_app}, ${role_worker}', p_table);
  END IF;
END
$$;
COMMENT ON FUNCTION iam.grant_table(regclass, boolean) IS
  'Grants a table to app, worker and readonly; an append-only one without UPDATE and DELETE.';

CREATE OR REPLACE FUNCTION iam.make_global_table(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_distributed boolean := true;
BEGIN
  IF iam.is_citus() THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = $1)'
      INTO v_distributed
      USING p_table;
  END IF;

  IF NOT v_distributed THEN
    EXECUTE 'SELECT create_reference_table($1)'
      USING p_table;
  END IF;

  PERFORM iam.secure_table(p_table);
  PERFORM iam.grant_table(p_table);
  EXECUTE format('REVOKE DELETE ON %s FROM ${role_app}', p_table);
END
$$;
COMMENT ON FUNCTION iam.make_global_table(regclass) IS
  'Makes a global table: on Citus a reference table; secured and granted, its own policies come with the migration.';

CREATE OR REPLACE FUNCTION iam.make_tenant_table(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_is_partition constant boolean := (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = p_table);
  v_distributed boolean := true;
BEGIN
  IF iam.is_citus() AND NOT v_is_partition THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = $1)'
      INTO v_distributed
      USING p_table;
  END IF;

  -- All tenant tables share the placement of the memberships, the first of them.
  IF NOT v_distributed THEN
    EXECUTE 'SELECT create_distributed_table($1, ''organisation_id'', colocate_with => $2)'
      USING
        p_table,
        CASE WHEN p_table::text = 'iam.organisation_users' THEN 'default' ELSE 'iam.organisation_users' END;
  END IF;

  PERFORM iam.secure_table(p_table);

  -- A partition is reached through its parent; nobody but the owner may open it directly.
  IF NOT v_is_partition THEN
    PERFORM iam.ensure_policy(
      p_table,
      'tenant_isolation',
      'USING (organisation_id = iam.current_organisation_id())'
      ' WITH CHECK (organisation_id = iam.current_organisation_id())'
    );
    PERFORM iam.grant_table(p_table);
  END IF;
END
$$;
COMMENT ON FUNCTION iam.make_tenant_table(regclass) IS
  'Makes a tenant table: on Citus distributed by organisation_id; secured, with the policy tenant_isolation, granted.';

CREATE OR REPLACE FUNCTION iam.grant_schema(p_schema name, p_append_only name[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_relation record;
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO ${role_app}, ${role_worker}, ${role_readonly}', p_schema);

  -- Partitions are left out: they are reached through their parent.
  FOR v_relation IN
    SELECT c.oid::regclass AS name, c.relname, c.relkind
    FROM pg_class AS c
    WHERE c.relnamespace = quote_ident(p_schema)::regnamespace
      AND c.relkind IN ('r', 'p', 'v')
      AND NOT c.relispartition
    ORDER BY c.relname
  LOOP
    IF v_relation.relkind = 'v' THEN
      EXECUTE format('GRANT SELECT ON %s TO ${role_app}, ${role_worker}, ${role_readonly}', v_relation.name);
    ELSE
      PERFORM iam.grant_table(v_relation.name, v_relation.relname = ANY (p_append_only));
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION iam.grant_schema(name, name[]) IS
  'Grants the tables and views of a schema to app, worker and readonly; append-only tables without UPDATE and DELETE.';

CREATE OR REPLACE FUNCTION iam.revoke_schema(p_schema name)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_relation regclass;
BEGIN
  FOR v_relation IN
    SELECT c.oid::regclass
    FROM pg_class AS c
    WHERE c.relnamespace = quote_ident(p_schema)::regnamespace
      AND c.relkind IN ('r', 'p', 'v')
      AND NOT c.relispartition
    ORDER BY c.relname
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM ${role_app}, ${role_worker}, ${role_readonly}', v_relation);
  END LOOP;

  EXECUTE format('REVOKE ALL ON SCHEMA %I FROM ${role_app}, ${role_worker}, ${role_readonly}', p_schema);
END
$$;
COMMENT ON FUNCTION iam.revoke_schema(name) IS 'Takes back what iam.grant_schema gave.';

-- Month partitions of tables that are partitioned by RANGE (id). The worker calls these functions with the rights of
-- the owner, so they touch the owner's own tables only: the partition key of any other table could be an expression,
-- and its function, written by whoever made the table, would run as the owner. Membership is no measure for that: the
-- owner is a member of the worker, and so counts as an owner of the worker's tables.

CREATE OR REPLACE FUNCTION iam.is_partitioned_by_id(p_table regclass)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT EXISTS (
    SELECT
    FROM pg_partitioned_table AS t
    JOIN pg_class AS c ON c.oid = t.partrelid
    JOIN pg_roles AS o ON o.oid = c.relowner
    JOIN pg_attribute AS a ON a.attrelid = t.partrelid AND a.attnum = t.partattrs[0]
    WHERE t.partrelid = p_table
      AND t.partstrat = 'r'
      AND t.partnatts = 1
      AND a.attname = 'id'
      AND a.atttypid = 'uuid'::regtype
      AND o.rolname = current_user
  )
$$;
COMMENT ON FUNCTION iam.is_partitioned_by_id(regclass) IS
  'True for a table of the current role that is partitioned by RANGE (id) over uuids.';

CREATE OR REPLACE FUNCTION iam.ensure_month_partitions(
  p_parent regclass,
  p_from date DEFAULT (now() AT TIME ZONE 'UTC')::date,
  p_months integer DEFAULT 3
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_is_citus constant boolean := iam.is_citus();
  v_schema name;
  v_table name;
  v_default regclass;
  v_columns text;
  v_month date;
  v_partition text;
  v_from uuid;
  v_to uuid;
  v_awake text[];
  v_statement text;
  v_moved bigint;
  v_created integer := 0;
BEGIN
  IF NOT iam.is_partitioned_by_id(p_parent) THEN
    RAISE EXCEPTION '% is not a table of % that is partitioned by RANGE (id)', p_parent, current_user
      USING ERRCODE = 'wrong_object_type';
  END IF;

  SELECT n.nspname, c.relname
  INTO v_schema, v_table
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = p_parent;

  IF p_months NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'p_months is %, not a number from 0 to 120', p_months
      USING ERRCODE = 'invalid_parameter_value';
  END IF;

  FOR v_ahead IN 0..p_months LOOP
    v_month := date_trunc('month', p_from::timestamp) + make_interval(months => v_ahead);
    v_partition := format('%I.%I', v_schema, v_table || to_char(v_month, '"_y"YYYY"m"MM'));
    CONTINUE WHEN to_regclass(v_partition) IS NOT NULL;

    -- CREATE TABLE would take this lock, too, but give it back when it fails, and writers would slip in. It has to be
    -- the strongest, and on the parent: an INSERT that waited for the default partition alone would have chosen that
    -- already, and would then be refused there.
    IF NOT v_is_citus THEN
      EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', p_parent);
      CONTINUE WHEN to_regclass(v_partition) IS NOT NULL;
    END IF;

    v_from := iam.uuid_v7_floor(v_month::timestamp AT TIME ZONE 'UTC');
    v_to := iam.uuid_v7_floor((v_month + interval '1 month') AT TIME ZONE 'UTC');

    BEGIN
      EXECUTE format(
        'CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', v_partition, p_parent, v_from, v_to
      );
    EXCEPTION
      WHEN duplicate_table THEN
        CONTINUE;  -- another session was faster; possible on Citus only, where nothing is locked beforehand

      -- The default partition holds rows of the month: they move.
      WHEN check_violation THEN
        IF v_is_citus THEN
          RAISE WARNING 'the default partition of % already holds rows of %', p_parent, v_partition
            USING HINT = 'See iam.default_partition_rows().';
          CONTINUE;
        END IF;

        SELECT t.partdefid::regclass
        INTO STRICT v_default
        FROM pg_partitioned_table AS t
        WHERE t.partrelid = p_parent;

        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
        INTO STRICT v_columns
        FROM pg_attribute AS a
        WHERE a.attrelid = p_parent
          AND a.attnum > 0
          AND NOT a.attisdropped
          AND a.attgenerated = '';

        EXECUTE format(
          'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED'
          ' INCLUDING STORAGE INCLUDING COMPRESSION)',
          v_partition,
          p_parent
        );

        -- Rows that move are neither inserted nor deleted, so no trigger hears of it. The new table has none yet;
        -- those of the default partition, which may refuse every DELETE, are put to sleep until the rows are out.
        v_awake := ARRAY(
          SELECT format(
            'ALTER TABLE %s ENABLE %s TRIGGER %I',
            v_default,
            CASE t.tgenabled WHEN 'R' THEN 'REPLICA' WHEN 'A' THEN 'ALWAYS' ELSE '' END,
            t.tgname
          )
          FROM pg_trigger AS t
          WHERE t.tgrelid = v_default
            AND NOT t.tgisinternal
            AND t.tgenabled <> 'D'
        );
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', v_default);
        EXECUTE format(
          'WITH moved AS (DELETE FROM %1$s WHERE id >= %2$L AND id < %3$L RETURNING %4$s)'
          ' INSERT INTO %5$s (%4$s) OVERRIDING SYSTEM VALUE SELECT %4$s FROM moved',
          v_default,
          v_from,
          v_to,
          v_columns,
          v_partition
        );
        GET DIAGNOSTICS v_moved = ROW_COUNT;

        FOREACH v_statement IN ARRAY v_awake LOOP
          EXECUTE v_statement;
        END LOOP;

        EXECUTE format(
          'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', p_parent, v_partition, v_from, v_to
        );
        RAISE NOTICE '% rows moved from the default partition of % to %', v_moved, p_parent, v_partition;
    END;

    EXECUTE format(
      'COMMENT ON TABLE %s IS %L',
      v_partition,
      format('Rows of %s, by the time in their ids (UTC).', to_char(v_month, 'YYYY-MM'))
    );
    PERFORM iam.make_tenant_table(v_partition::regclass);
    v_created := v_created + 1;
  END LOOP;

  RETURN v_created;
END
$$;
COMMENT ON FUNCTION iam.ensure_month_partitions(regclass, date, integer) IS
  'Creates the missing partitions of a month and of the months after it, and moves rows of theirs from the default'
  ' partition into them; returns how many it created.';

CREATE OR REPLACE FUNCTION iam.drop_month_partitions(p_parent regclass, p_before date)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_limit constant uuid := iam.uuid_v7_floor(p_before::timestamp AT TIME ZONE 'UTC');
  v_partition regclass;
  v_dropped integer := 0;
BEGIN
  IF NOT iam.is_partitioned_by_id(p_parent) THEN
    RAISE EXCEPTION '% is not a table of % that is partitioned by RANGE (id)', p_parent, current_user
      USING ERRCODE = 'wrong_object_type';
  END IF;

  FOR v_partition IN
    SELECT c.oid::regclass
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = p_parent
      AND c.relname ~ '_y[0-9]{4}m[0-9]{2}$'
      AND substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::uuid <= v_limit
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE %s', v_partition);
    v_dropped := v_dropped + 1;
  END LOOP;

  RETURN v_dropped;
END
$$;
COMMENT ON FUNCTION iam.drop_month_partitions(regclass, date) IS
  'Retention: drops the month partitions that end on or before a date; returns how many.';

CREATE OR REPLACE FUNCTION iam.default_partition_rows()
RETURNS TABLE (parent regclass, partition regclass, row_count bigint, oldest timestamptz, newest timestamptz)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  FOR parent, partition IN
    SELECT t.partrelid::regclass, t.partdefid::regclass
    FROM pg_partitioned_table AS t
    WHERE t.partdefid <> 0
      AND iam.is_partitioned_by_id(t.partrelid)
    ORDER BY t.partrelid::regclass::text
  LOOP
    EXECUTE format(
      'SELECT'
      ' count(*),'
      ' iam.uuid_v7_time(min(id::text COLLATE "C")::uuid),'
      ' iam.uuid_v7_time(max(id::text COLLATE "C")::uuid)'
      ' FROM %s',
      partition
    )
      INTO row_count, oldest, newest;

    IF row_count > 0 THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION iam.default_partition_rows() IS
  'Check: default partitions that hold rows, with the times of the oldest and newest; no row is good news.';

REVOKE ALL ON FUNCTION
  iam.ensure_policy(regclass, name, text),
  iam.ensure_constraint(regclass, name, text),
  iam.secure_table(regclass),
  iam.grant_table(regclass, boolean),
  iam.make_global_table(regclass),
  iam.make_tenant_table(regclass),
  iam.grant_schema(name, name[]),
  iam.revoke_schema(name),
  iam.is_partitioned_by_id(regclass),
  iam.ensure_month_partitions(regclass, date, integer),
  iam.drop_month_partitions(regclass, date),
  iam.default_partition_rows()
FROM PUBLIC;

GRANT EXECUTE ON FUNCTION
  iam.ensure_month_partitions(regclass, date, integer),
  iam.drop_month_partitions(regclass, date),
  iam.default_partition_rows()
TO ${role_worker};
