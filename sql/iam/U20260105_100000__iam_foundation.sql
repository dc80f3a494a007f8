-- Undo of iam: foundation
--
-- Takes away the helpers, the domains, the vocabulary and the schema. The citext extension stays: others may use it.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP FUNCTION IF EXISTS iam.default_partition_rows();
DROP FUNCTION IF EXISTS iam.drop_month_partitions(regclass, date);
DROP FUNCTION IF EXISTS iam.ensure_month_partitions(regclass, date, integer);
DROP FUNCTION IF EXISTS iam.is_partitioned_by_id(regclass);
DROP FUNCTION IF EXISTS iam.revoke_schema(name);
DROP FUNCTION IF EXISTS iam.grant_schema(name, name[]);
DROP FUNCTION IF EXISTS iam.make_tenant_table(regclass);
DROP FUNCTION IF EXISTS iam.make_global_table(regclass);
DROP FUNCTION IF EXISTS iam.grant_table(regclass, boolean);
DROP FUNCTION IF EXISTS iam.secure_table(regclass);
DROP FUNCTION IF EXISTS iam.ensure_constraint(regclass, name, text);
DROP FUNCTION IF EXISTS iam.ensure_policy(regclass, name, text);
DROP FUNCTION IF EXISTS iam.is_citus();
DROP FUNCTION IF EXISTS iam.backoff(integer, interval, interval);
DROP FUNCTION IF EXISTS iam.prevent_mutation();
DROP FUNCTION IF EXISTS iam.set_updated_at();
DROP FUNCTION IF EXISTS iam.require_organisation_id();
DROP FUNCTION IF EXISTS iam.clear_context();
DROP FUNCTION IF EXISTS iam.set_context(uuid, uuid, boolean);
DROP FUNCTION IF EXISTS iam.current_user_id();
DROP FUNCTION IF EXISTS iam.current_organisation_id();
DROP FUNCTION IF EXISTS iam.is_timezone(text);
DROP FUNCTION IF EXISTS iam.uuid_v7_time(uuid);
DROP FUNCTION IF EXISTS iam.uuid_v7_floor(timestamptz);
DROP FUNCTION IF EXISTS iam.uuid_v7();
DROP FUNCTION IF EXISTS iam.uuid_v7_at(timestamptz);
DROP DOMAIN IF EXISTS iam.money_amount;
DROP DOMAIN IF EXISTS iam.currency_code;
DROP DOMAIN IF EXISTS iam.e164;
DROP DOMAIN IF EXISTS iam.email;
DROP TYPE IF EXISTS iam.actor_type;
DROP TYPE IF EXISTS iam.membership_status;
DROP TYPE IF EXISTS iam.user_status;
DROP TYPE IF EXISTS iam.organisation_status;
DROP TYPE IF EXISTS iam.contact_channel;
DROP TYPE IF EXISTS iam.contact_outcome;
DROP TYPE IF EXISTS iam.campaign_language;
DROP TYPE IF EXISTS iam.user_role;
DROP SCHEMA IF EXISTS iam;
