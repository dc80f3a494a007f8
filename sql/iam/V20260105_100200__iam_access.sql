-- iam: access
--
-- Brings invitations and machine credentials. Secrets are stored as SHA-256 only.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Open invitations to join an organisation.

CREATE TABLE IF NOT EXISTS iam.invitations (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  email iam.email NOT NULL,
  role iam.user_role NOT NULL DEFAULT 'viewer',
  token_hash bytea NOT NULL,
  invited_by_user_id uuid,
  expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
  accepted_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_invitations PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_invitations_token_hash UNIQUE (organisation_id, token_hash),
  CONSTRAINT ck_invitations_token_hash CHECK (octet_length(token_hash) = 32),
  CONSTRAINT ck_invitations_closed_once CHECK (accepted_at IS NULL OR revoked_at IS NULL),
  CONSTRAINT fk_invitations_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_invitations_invited_by_user_id
    FOREIGN KEY (organisation_id, invited_by_user_id)
    REFERENCES iam.organisation_users (organisation_id, user_id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('iam.invitations');

CREATE UNIQUE INDEX IF NOT EXISTS uq_invitations_open
  ON iam.invitations (organisation_id, email)
  WHERE accepted_at IS NULL AND revoked_at IS NULL;

CREATE INDEX IF NOT EXISTS ix_invitations_invited_by_user_id
  ON iam.invitations (organisation_id, invited_by_user_id);

COMMENT ON TABLE iam.invitations IS 'Open invitations to join an organisation.';
COMMENT ON COLUMN iam.invitations.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN iam.invitations.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN iam.invitations.email IS 'Invited address.';
COMMENT ON COLUMN iam.invitations.role IS 'Role granted on acceptance.';
COMMENT ON COLUMN iam.invitations.token_hash IS
  'SHA-256 of the secret; the public token carries the organisation id.';
COMMENT ON COLUMN iam.invitations.invited_by_user_id IS 'Inviting member.';
COMMENT ON COLUMN iam.invitations.expires_at IS 'End of validity.';
COMMENT ON COLUMN iam.invitations.accepted_at IS 'Acceptance time.';
COMMENT ON COLUMN iam.invitations.revoked_at IS 'Revocation time.';
COMMENT ON COLUMN iam.invitations.created_at IS 'Creation time.';
COMMENT ON COLUMN iam.invitations.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX iam.uq_invitations_open IS 'One open invitation per address.';
COMMENT ON INDEX iam.ix_invitations_invited_by_user_id IS 'Covers the foreign key.';

-- Machine credentials of an organisation.

CREATE TABLE IF NOT EXISTS iam.api_keys (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  name text NOT NULL,
  key_prefix text NOT NULL,
  key_hash bytea NOT NULL,
  scopes text[] NOT NULL DEFAULT '{}',
  created_by_user_id uuid,
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_api_keys PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_api_keys_key_prefix UNIQUE (organisation_id, key_prefix),
  CONSTRAINT ck_api_keys_name CHECK (length(name) BETWEEN 1 AND 100),
  CONSTRAINT ck_api_keys_key_prefix CHECK (key_prefix ~ '^[A-Za-z0-9_]{6,20}$'),
  CONSTRAINT ck_api_keys_key_hash CHECK (octet_length(key_hash) = 32),
  CONSTRAINT fk_api_keys_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_api_keys_created_by_user_id
    FOREIGN KEY (organisation_id, created_by_user_id)
    REFERENCES iam.organisation_users (organisation_id, user_id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('iam.api_keys');

CREATE INDEX IF NOT EXISTS ix_api_keys_created_by_user_id
  ON iam.api_keys (organisation_id, created_by_user_id);

COMMENT ON TABLE iam.api_keys IS 'Machine credentials of an organisation.';
COMMENT ON COLUMN iam.api_keys.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN iam.api_keys.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN iam.api_keys.name IS 'Label.';
COMMENT ON COLUMN iam.api_keys.key_prefix IS 'Visible prefix used for lookup.';
COMMENT ON COLUMN iam.api_keys.key_hash IS 'SHA-256 of the secret part.';
COMMENT ON COLUMN iam.api_keys.scopes IS 'Granted scopes.';
COMMENT ON COLUMN iam.api_keys.created_by_user_id IS 'Creating member.';
COMMENT ON COLUMN iam.api_keys.last_used_at IS 'Last use, updated at most once a minute.';
COMMENT ON COLUMN iam.api_keys.expires_at IS 'End of validity.';
COMMENT ON COLUMN iam.api_keys.revoked_at IS 'Revocation time.';
COMMENT ON COLUMN iam.api_keys.created_at IS 'Creation time.';
COMMENT ON COLUMN iam.api_keys.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX iam.ix_api_keys_created_by_user_id IS 'Covers the foreign key.';
