-- notify: webhooks
--
-- Brings customer endpoints and the queue of events for them.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Customer endpoints that receive events.

CREATE TABLE IF NOT EXISTS notify.webhook_endpoints (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  name text NOT NULL,
  url text NOT NULL,
  event_types text[] NOT NULL DEFAULT '{}',
  status notify.webhook_endpoint_status NOT NULL DEFAULT 'active',
  secret_ref text,
  consecutive_failures integer NOT NULL DEFAULT 0,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_webhook_endpoints PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_webhook_endpoints_name UNIQUE (organisation_id, name),
  CONSTRAINT ck_webhook_endpoints_name CHECK (length(name) BETWEEN 1 AND 100),
  CONSTRAINT ck_webhook_endpoints_url CHECK (url ~ '^https?://'),
  CONSTRAINT ck_webhook_endpoints_consecutive_failures CHECK (consecutive_failures >= 0),
  CONSTRAINT fk_webhook_endpoints_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('notify.webhook_endpoints');

CREATE INDEX IF NOT EXISTS ix_webhook_endpoints_status
  ON notify.webhook_endpoints (organisation_id, status);

COMMENT ON TABLE notify.webhook_endpoints IS 'Customer endpoints that receive events.';
COMMENT ON COLUMN notify.webhook_endpoints.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.webhook_endpoints.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.webhook_endpoints.name IS 'Label.';
COMMENT ON COLUMN notify.webhook_endpoints.url IS 'Target address.';
COMMENT ON COLUMN notify.webhook_endpoints.event_types IS 'Subscribed types; empty is every type.';
COMMENT ON COLUMN notify.webhook_endpoints.status IS 'State.';
COMMENT ON COLUMN notify.webhook_endpoints.secret_ref IS 'Name of the signing secret.';
COMMENT ON COLUMN notify.webhook_endpoints.consecutive_failures IS 'Failures in a row.';
COMMENT ON COLUMN notify.webhook_endpoints.disabled_at IS 'Switched off by too many failures.';
COMMENT ON COLUMN notify.webhook_endpoints.created_at IS 'Creation time.';
COMMENT ON COLUMN notify.webhook_endpoints.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX notify.ix_webhook_endpoints_status IS 'Active endpoints for fan-out.';

-- Outgoing webhook queue: one row per event and endpoint.

CREATE TABLE IF NOT EXISTS notify.webhook_deliveries (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  endpoint_id uuid NOT NULL,
  event_id text NOT NULL,
  event_type text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}'::jsonb,
  status notify.webhook_delivery_status NOT NULL DEFAULT 'pending',
  attempts smallint NOT NULL DEFAULT 0,
  max_attempts smallint NOT NULL DEFAULT 8,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  locked_by text,
  locked_until timestamptz,
  last_status_code integer,
  last_error text,
  delivered_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_webhook_deliveries PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_webhook_deliveries_endpoint_id_event_id UNIQUE (organisation_id, endpoint_id, event_id),
  CONSTRAINT ck_webhook_deliveries_event_id CHECK (length(event_id) BETWEEN 1 AND 200),
  CONSTRAINT ck_webhook_deliveries_event_type CHECK (
    event_type ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$'
  ),
  CONSTRAINT ck_webhook_deliveries_payload CHECK (jsonb_typeof(payload) = 'object'),
  CONSTRAINT ck_webhook_deliveries_attempts CHECK (attempts >= 0),
  CONSTRAINT ck_webhook_deliveries_max_attempts CHECK (max_attempts BETWEEN 1 AND 30),
  CONSTRAINT ck_webhook_deliveries_last_status_code CHECK (last_status_code BETWEEN 100 AND 599),
  CONSTRAINT ck_webhook_deliveries_lock_pair CHECK ((locked_by IS NULL) = (locked_until IS NULL)),
  CONSTRAINT ck_webhook_deliveries_delivered CHECK (
    (status = 'delivered') = (delivered_at IS NOT NULL)
  ),
  CONSTRAINT fk_webhook_deliveries_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_webhook_deliveries_endpoint_id
    FOREIGN KEY (organisation_id, endpoint_id)
    REFERENCES notify.webhook_endpoints (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('notify.webhook_deliveries');

CREATE INDEX IF NOT EXISTS ix_webhook_deliveries_queue
  ON notify.webhook_deliveries (next_attempt_at)
  WHERE status = 'pending';

CREATE INDEX IF NOT EXISTS ix_webhook_deliveries_event_type_created_at
  ON notify.webhook_deliveries (organisation_id, event_type, created_at);

COMMENT ON TABLE notify.webhook_deliveries IS 'Outgoing webhook queue: one row per event and endpoint.';
COMMENT ON COLUMN notify.webhook_deliveries.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.webhook_deliveries.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.webhook_deliveries.endpoint_id IS 'Endpoint.';
COMMENT ON COLUMN notify.webhook_deliveries.event_id IS 'Id of the event; receivers de-duplicate by it.';
COMMENT ON COLUMN notify.webhook_deliveries.event_type IS 'Type of the event.';
COMMENT ON COLUMN notify.webhook_deliveries.payload IS 'Body.';
COMMENT ON COLUMN notify.webhook_deliveries.status IS 'State.';
COMMENT ON COLUMN notify.webhook_deliveries.attempts IS 'Attempts made.';
COMMENT ON COLUMN notify.webhook_deliveries.max_attempts IS 'Attempts allowed.';
COMMENT ON COLUMN notify.webhook_deliveries.next_attempt_at IS 'Earliest next attempt.';
COMMENT ON COLUMN notify.webhook_deliveries.locked_by IS 'Relay holding the lease.';
COMMENT ON COLUMN notify.webhook_deliveries.locked_until IS 'End of the lease.';
COMMENT ON COLUMN notify.webhook_deliveries.last_status_code IS 'Latest HTTP status.';
COMMENT ON COLUMN notify.webhook_deliveries.last_error IS 'Latest error.';
COMMENT ON COLUMN notify.webhook_deliveries.delivered_at IS 'Delivered.';
COMMENT ON COLUMN notify.webhook_deliveries.created_at IS 'Creation time.';
COMMENT ON COLUMN notify.webhook_deliveries.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX notify.ix_webhook_deliveries_queue IS
  'tenancy: exception - the webhook relay claims over all tenants; holds open rows only.';
COMMENT ON INDEX notify.ix_webhook_deliveries_event_type_created_at IS 'Delivery log.';
