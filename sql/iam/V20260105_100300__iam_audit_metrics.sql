-- iam: audit metrics
--
-- Brings the audit trail, which outlives its tenant, and the metrics. Both grow without end, so both are partitioned by
-- month through their version-7 ids.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Immutable audit trail; rows survive deletion of the organisation.

CREATE TABLE IF NOT EXISTS iam.audit_logs (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  occurred_at timestamptz NOT NULL DEFAULT now(),
  entity_type text NOT NULL,
  entity_id text NOT NULL,
  action text NOT NULL,
  actor_type iam.actor_type NOT NULL DEFAULT 'system',
  actor_id text,
  changes jsonb NOT NULL DEFAULT '{}'::jsonb,
  request_id text,
  ip_address inet,
  user_agent text,
  CONSTRAINT pk_audit_logs PRIMARY KEY (organisation_id, id),
  CONSTRAINT ck_audit_logs_entity_type CHECK (length(entity_type) BETWEEN 1 AND 100),
  CONSTRAINT ck_audit_logs_entity_id CHECK (length(entity_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_audit_logs_action CHECK (length(action) BETWEEN 1 AND 100),
  CONSTRAINT ck_audit_logs_changes CHECK (jsonb_typeof(changes) = 'object'),
  CONSTRAINT ck_audit_logs_id_v7 CHECK (substr(id::text, 15, 1) = '7')
) PARTITION BY RANGE (id);

SELECT iam.make_tenant_table('iam.audit_logs');

SELECT iam.grant_table('iam.audit_logs', p_append_only => true);

CREATE TABLE IF NOT EXISTS iam.audit_logs_default PARTITION OF iam.audit_logs DEFAULT;

SELECT iam.make_tenant_table('iam.audit_logs_default');

CREATE OR REPLACE TRIGGER trg_audit_logs_immutable
  BEFORE UPDATE OR DELETE ON iam.audit_logs
  FOR EACH ROW
  EXECUTE FUNCTION iam.prevent_mutation();

CREATE OR REPLACE TRIGGER trg_audit_logs_no_truncate
  BEFORE TRUNCATE ON iam.audit_logs
  FOR EACH STATEMENT
  EXECUTE FUNCTION iam.prevent_mutation();

CREATE INDEX IF NOT EXISTS ix_audit_logs_entity
  ON iam.audit_logs (organisation_id, entity_type, entity_id, id);

CREATE INDEX IF NOT EXISTS ix_audit_logs_actor
  ON iam.audit_logs (organisation_id, actor_id, id)
  WHERE actor_id IS NOT NULL;

COMMENT ON TABLE iam.audit_logs IS 'Immutable audit trail; rows survive deletion of the organisation.';
COMMENT ON TABLE iam.audit_logs_default IS 'Rows without a month partition; see iam.default_partition_rows().';
COMMENT ON COLUMN iam.audit_logs.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN iam.audit_logs.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN iam.audit_logs.occurred_at IS 'When it happened; the partition follows the id.';
COMMENT ON COLUMN iam.audit_logs.entity_type IS 'Kind of entity, e.g. campaign.';
COMMENT ON COLUMN iam.audit_logs.entity_id IS 'Id of the entity as text.';
COMMENT ON COLUMN iam.audit_logs.action IS 'What happened, e.g. status_changed.';
COMMENT ON COLUMN iam.audit_logs.actor_type IS 'Kind of actor.';
COMMENT ON COLUMN iam.audit_logs.actor_id IS 'Id of the actor as text.';
COMMENT ON COLUMN iam.audit_logs.changes IS 'Before/after values.';
COMMENT ON COLUMN iam.audit_logs.request_id IS 'Correlation id of the request.';
COMMENT ON COLUMN iam.audit_logs.ip_address IS 'Client address.';
COMMENT ON COLUMN iam.audit_logs.user_agent IS 'Client agent.';
COMMENT ON INDEX iam.ix_audit_logs_entity IS 'History of one entity.';
COMMENT ON INDEX iam.ix_audit_logs_actor IS 'History of one actor.';

-- Time series of system and business metrics per organisation.

CREATE TABLE IF NOT EXISTS iam.system_metrics (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  name text NOT NULL,
  value double precision NOT NULL,
  unit text,
  labels jsonb NOT NULL DEFAULT '{}'::jsonb,
  CONSTRAINT pk_system_metrics PRIMARY KEY (organisation_id, id),
  CONSTRAINT ck_system_metrics_name CHECK (name ~ '^[a-z][a-z0-9_.]{0,99}$'),
  CONSTRAINT ck_system_metrics_labels CHECK (jsonb_typeof(labels) = 'object'),
  CONSTRAINT ck_system_metrics_id_v7 CHECK (substr(id::text, 15, 1) = '7'),
  CONSTRAINT fk_system_metrics_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE
) PARTITION BY RANGE (id);

SELECT iam.make_tenant_table('iam.system_metrics');

CREATE TABLE IF NOT EXISTS iam.system_metrics_default PARTITION OF iam.system_metrics DEFAULT;

SELECT iam.make_tenant_table('iam.system_metrics_default');

CREATE INDEX IF NOT EXISTS ix_system_metrics_name
  ON iam.system_metrics (organisation_id, name, id);

COMMENT ON TABLE iam.system_metrics IS 'Time series of system and business metrics per organisation.';
COMMENT ON TABLE iam.system_metrics_default IS 'Rows without a month partition; see iam.default_partition_rows().';
COMMENT ON COLUMN iam.system_metrics.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN iam.system_metrics.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN iam.system_metrics.recorded_at IS 'Sample time; the partition follows the id.';
COMMENT ON COLUMN iam.system_metrics.name IS 'Metric name.';
COMMENT ON COLUMN iam.system_metrics.value IS 'Sample value.';
COMMENT ON COLUMN iam.system_metrics.unit IS 'Unit of the value.';
COMMENT ON COLUMN iam.system_metrics.labels IS 'Dimensions of the sample.';
COMMENT ON INDEX iam.ix_system_metrics_name IS 'Reads one series over a time range.';
