-- notify: opt outs
--
-- Brings opt-outs by channel and address.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Opt-outs by channel and address.

CREATE TABLE IF NOT EXISTS notify.opt_outs (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  channel iam.contact_channel NOT NULL,
  address text NOT NULL,
  subject_type text,
  subject_id uuid,
  source notify.opt_out_source NOT NULL DEFAULT 'manual',
  reason text,
  evidence jsonb NOT NULL DEFAULT '{}'::jsonb,
  opted_out_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_opt_outs PRIMARY KEY (organisation_id, id),
  CONSTRAINT ck_opt_outs_address CHECK (
    length(address) BETWEEN 3 AND 320 AND address = lower(btrim(address))
  ),
  CONSTRAINT ck_opt_outs_subject_type CHECK (length(subject_type) BETWEEN 1 AND 100),
  CONSTRAINT ck_opt_outs_evidence CHECK (jsonb_typeof(evidence) = 'object'),
  CONSTRAINT ck_opt_outs_subject_pair CHECK ((subject_type IS NULL) = (subject_id IS NULL)),
  CONSTRAINT ck_opt_outs_revoked CHECK (revoked_at IS NULL OR revoked_at >= opted_out_at),
  CONSTRAINT fk_opt_outs_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('notify.opt_outs');

CREATE UNIQUE INDEX IF NOT EXISTS uq_opt_outs_active
  ON notify.opt_outs (organisation_id, address, channel)
  WHERE revoked_at IS NULL;

CREATE INDEX IF NOT EXISTS ix_opt_outs_subject_type_subject_id
  ON notify.opt_outs (organisation_id, subject_type, subject_id)
  WHERE subject_id IS NOT NULL;

COMMENT ON TABLE notify.opt_outs IS 'Opt-outs by channel and address.';
COMMENT ON COLUMN notify.opt_outs.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.opt_outs.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.opt_outs.channel IS 'Channel; any is every channel.';
COMMENT ON COLUMN notify.opt_outs.address IS 'Lower-cased email or E.164 number.';
COMMENT ON COLUMN notify.opt_outs.subject_type IS 'Kind of the person record, e.g. escalation.customer.';
COMMENT ON COLUMN notify.opt_outs.subject_id IS 'Id of that record; no foreign key.';
COMMENT ON COLUMN notify.opt_outs.source IS 'How it reached us.';
COMMENT ON COLUMN notify.opt_outs.reason IS 'Reason given.';
COMMENT ON COLUMN notify.opt_outs.evidence IS 'Proof: message id, call id, ip.';
COMMENT ON COLUMN notify.opt_outs.opted_out_at IS 'When.';
COMMENT ON COLUMN notify.opt_outs.revoked_at IS 'When the person opted in again.';
COMMENT ON COLUMN notify.opt_outs.created_at IS 'Creation time.';
COMMENT ON COLUMN notify.opt_outs.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX notify.uq_opt_outs_active IS 'Opt-out check; one active opt-out per address and channel.';
COMMENT ON INDEX notify.ix_opt_outs_subject_type_subject_id IS 'Opt-outs of a person record.';
