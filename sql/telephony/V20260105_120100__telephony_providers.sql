-- telephony: providers
--
-- Brings the settings of telephony and LLM providers; secrets are named, never stored.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Telephony and LLM provider settings; secrets are stored elsewhere and referenced.

CREATE TABLE IF NOT EXISTS telephony.provider_configs (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  name text NOT NULL DEFAULT 'default',
  provider_type telephony.provider_type NOT NULL DEFAULT 'telephony_api',
  provider_name text NOT NULL DEFAULT 'twilio',
  outbound_number iam.e164 NOT NULL,
  max_concurrent_calls integer NOT NULL DEFAULT 5,
  llm_provider telephony.llm_provider NOT NULL DEFAULT 'openai',
  llm_model text NOT NULL,
  recording_retention_days integer NOT NULL DEFAULT 180,
  transcript_retention_days integer NOT NULL DEFAULT 180,
  credentials_ref text,
  webhook_secret_ref text,
  is_default boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT true,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_provider_configs PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_provider_configs_name UNIQUE (organisation_id, name),
  CONSTRAINT ck_provider_configs_name CHECK (length(name) BETWEEN 1 AND 100),
  CONSTRAINT ck_provider_configs_provider_name CHECK (length(provider_name) BETWEEN 1 AND 100),
  CONSTRAINT ck_provider_configs_max_concurrent_calls CHECK (
    max_concurrent_calls BETWEEN 1 AND 10000
  ),
  CONSTRAINT ck_provider_configs_llm_model CHECK (length(llm_model) BETWEEN 1 AND 100),
  CONSTRAINT ck_provider_configs_recording_retention_days CHECK (
    recording_retention_days BETWEEN 0 AND 3650
  ),
  CONSTRAINT ck_provider_configs_transcript_retention_days CHECK (
    transcript_retention_days BETWEEN 0 AND 3650
  ),
  CONSTRAINT ck_provider_configs_settings CHECK (jsonb_typeof(settings) = 'object'),
  CONSTRAINT fk_provider_configs_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('telephony.provider_configs');

CREATE UNIQUE INDEX IF NOT EXISTS uq_provider_configs_default
  ON telephony.provider_configs (organisation_id)
  WHERE is_default;

COMMENT ON TABLE telephony.provider_configs IS
  'Telephony and LLM provider settings; secrets are stored elsewhere and referenced.';
COMMENT ON COLUMN telephony.provider_configs.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.provider_configs.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN telephony.provider_configs.name IS 'Label of the configuration.';
COMMENT ON COLUMN telephony.provider_configs.provider_type IS 'Kind of provider.';
COMMENT ON COLUMN telephony.provider_configs.provider_name IS 'Vendor.';
COMMENT ON COLUMN telephony.provider_configs.outbound_number IS 'Caller id.';
COMMENT ON COLUMN telephony.provider_configs.max_concurrent_calls IS 'Concurrency limit.';
COMMENT ON COLUMN telephony.provider_configs.llm_provider IS 'LLM vendor.';
COMMENT ON COLUMN telephony.provider_configs.llm_model IS 'LLM model name.';
COMMENT ON COLUMN telephony.provider_configs.recording_retention_days IS 'Days recordings are kept.';
COMMENT ON COLUMN telephony.provider_configs.transcript_retention_days IS 'Days transcripts are kept.';
COMMENT ON COLUMN telephony.provider_configs.credentials_ref IS 'Name of the secret in the secret store.';
COMMENT ON COLUMN telephony.provider_configs.webhook_secret_ref IS 'Name of the webhook signing secret.';
COMMENT ON COLUMN telephony.provider_configs.is_default IS 'Used when a campaign names none.';
COMMENT ON COLUMN telephony.provider_configs.is_active IS 'May be used.';
COMMENT ON COLUMN telephony.provider_configs.settings IS 'Vendor settings without secrets.';
COMMENT ON COLUMN telephony.provider_configs.created_at IS 'Creation time.';
COMMENT ON COLUMN telephony.provider_configs.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX telephony.uq_provider_configs_default IS 'One default configuration per organisation.';
