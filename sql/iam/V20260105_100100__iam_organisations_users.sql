-- iam: organisations users
--
-- Brings the two global tables and the memberships that tie them together. Memberships are the first tenant table: on
-- Citus every other tenant table is placed beside them.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Tenants. Global table: its id is the tenant key everywhere else.

CREATE TABLE IF NOT EXISTS iam.organisations (
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  slug text NOT NULL,
  name text NOT NULL,
  status iam.organisation_status NOT NULL DEFAULT 'active',
  default_language iam.campaign_language NOT NULL DEFAULT 'en',
  timezone text NOT NULL DEFAULT 'UTC',
  country_code text,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_organisations PRIMARY KEY (id),
  CONSTRAINT uq_organisations_slug UNIQUE (slug),
  CONSTRAINT ck_organisations_slug CHECK (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$'),
  CONSTRAINT ck_organisations_name CHECK (length(name) BETWEEN 1 AND 200),
  CONSTRAINT ck_organisations_timezone CHECK (iam.is_timezone(timezone)),
  CONSTRAINT ck_organisations_country_code CHECK (country_code ~ '^[A-Z]{2}$'),
  CONSTRAINT ck_organisations_settings CHECK (jsonb_typeof(settings) = 'object')
);

SELECT iam.make_global_table('iam.organisations');

SELECT iam.ensure_policy(
  'iam.organisations',
  'tenant_isolation',
  'USING (id = iam.current_organisation_id()) WITH CHECK (id = iam.current_organisation_id())'
);

COMMENT ON TABLE iam.organisations IS 'Tenants. Global table: its id is the tenant key everywhere else.';
COMMENT ON COLUMN iam.organisations.id IS 'Tenant id.';
COMMENT ON COLUMN iam.organisations.slug IS 'URL-safe unique handle.';
COMMENT ON COLUMN iam.organisations.name IS 'Display name.';
COMMENT ON COLUMN iam.organisations.status IS 'Lifecycle state.';
COMMENT ON COLUMN iam.organisations.default_language IS 'Language used when nothing more specific is set.';
COMMENT ON COLUMN iam.organisations.timezone IS 'IANA time zone used for calling windows without a contact zone.';
COMMENT ON COLUMN iam.organisations.country_code IS 'ISO 3166-1 alpha-2 country of establishment.';
COMMENT ON COLUMN iam.organisations.settings IS 'Tenant settings.';
COMMENT ON COLUMN iam.organisations.deleted_at IS 'Soft deletion time.';
COMMENT ON COLUMN iam.organisations.created_at IS 'Creation time.';
COMMENT ON COLUMN iam.organisations.updated_at IS 'Latest change, kept by trigger.';

-- People who log in. Global table: one row per person, membership is separate.

CREATE TABLE IF NOT EXISTS iam.users (
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  email iam.email NOT NULL,
  oidc_issuer text,
  oidc_sub text,
  name text NOT NULL,
  first_name text,
  last_name text,
  locale text NOT NULL DEFAULT 'en',
  timezone text NOT NULL DEFAULT 'UTC',
  status iam.user_status NOT NULL DEFAULT 'active',
  last_login_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_users PRIMARY KEY (id),
  CONSTRAINT uq_users_email UNIQUE (email),
  CONSTRAINT uq_users_oidc_issuer_oidc_sub UNIQUE (oidc_issuer, oidc_sub),
  CONSTRAINT ck_users_oidc_issuer CHECK (length(oidc_issuer) BETWEEN 1 AND 500),
  CONSTRAINT ck_users_oidc_sub CHECK (length(oidc_sub) BETWEEN 1 AND 255),
  CONSTRAINT ck_users_name CHECK (length(name) BETWEEN 1 AND 255),
  CONSTRAINT ck_users_locale CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
  CONSTRAINT ck_users_timezone CHECK (iam.is_timezone(timezone)),
  CONSTRAINT ck_users_oidc_pair CHECK ((oidc_issuer IS NULL) = (oidc_sub IS NULL))
);

SELECT iam.make_global_table('iam.users');

COMMENT ON TABLE iam.users IS 'People who log in. Global table: one row per person, membership is separate.';
COMMENT ON COLUMN iam.users.id IS 'User id.';
COMMENT ON COLUMN iam.users.email IS 'Login email, case-insensitive.';
COMMENT ON COLUMN iam.users.oidc_issuer IS 'OIDC issuer URL.';
COMMENT ON COLUMN iam.users.oidc_sub IS 'OIDC subject at the issuer.';
COMMENT ON COLUMN iam.users.name IS 'Full display name.';
COMMENT ON COLUMN iam.users.first_name IS 'Given name.';
COMMENT ON COLUMN iam.users.last_name IS 'Family name.';
COMMENT ON COLUMN iam.users.locale IS 'UI locale.';
COMMENT ON COLUMN iam.users.timezone IS 'IANA time zone of the user.';
COMMENT ON COLUMN iam.users.status IS 'Account state.';
COMMENT ON COLUMN iam.users.last_login_at IS 'Last successful login.';
COMMENT ON COLUMN iam.users.created_at IS 'Creation time.';
COMMENT ON COLUMN iam.users.updated_at IS 'Latest change, kept by trigger.';

-- Membership of a user in an organisation, with a role.

CREATE TABLE IF NOT EXISTS iam.organisation_users (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  user_id uuid NOT NULL,
  role iam.user_role NOT NULL DEFAULT 'viewer',
  status iam.membership_status NOT NULL DEFAULT 'active',
  invited_by_user_id uuid,
  joined_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_organisation_users PRIMARY KEY (organisation_id, user_id),
  CONSTRAINT fk_organisation_users_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_organisation_users_user_id
    FOREIGN KEY (user_id)
    REFERENCES iam.users (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_organisation_users_invited_by_user_id
    FOREIGN KEY (organisation_id, invited_by_user_id)
    REFERENCES iam.organisation_users (organisation_id, user_id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('iam.organisation_users');

CREATE INDEX IF NOT EXISTS ix_organisation_users_user_id
  ON iam.organisation_users (user_id);

CREATE INDEX IF NOT EXISTS ix_organisation_users_role
  ON iam.organisation_users (organisation_id, role);

CREATE INDEX IF NOT EXISTS ix_organisation_users_invited_by_user_id
  ON iam.organisation_users (organisation_id, invited_by_user_id);

COMMENT ON TABLE iam.organisation_users IS 'Membership of a user in an organisation, with a role.';
COMMENT ON COLUMN iam.organisation_users.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN iam.organisation_users.user_id IS 'Member.';
COMMENT ON COLUMN iam.organisation_users.role IS 'Role inside the organisation.';
COMMENT ON COLUMN iam.organisation_users.status IS 'Membership state.';
COMMENT ON COLUMN iam.organisation_users.invited_by_user_id IS 'Member who invited.';
COMMENT ON COLUMN iam.organisation_users.joined_at IS 'When the membership became active.';
COMMENT ON COLUMN iam.organisation_users.created_at IS 'Creation time.';
COMMENT ON COLUMN iam.organisation_users.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX iam.ix_organisation_users_user_id IS
  'tenancy: exception - login looks for the organisations of a user before a tenant is known.';
COMMENT ON INDEX iam.ix_organisation_users_role IS 'Counts or lists members by role.';
COMMENT ON INDEX iam.ix_organisation_users_invited_by_user_id IS 'Covers the foreign key.';

-- Policies of users. A user sees and edits the own row; members of the current organisation see each other. The
-- membership clause is a sub-select, which Citus refuses in policies: there iam.list_members() does that part.

SELECT iam.ensure_policy(
  'iam.users',
  'users_read',
  CASE
    WHEN iam.is_citus() THEN
      'FOR SELECT USING (id = iam.current_user_id())'
    ELSE
      'FOR SELECT USING (id = iam.current_user_id() OR EXISTS ('
      ' SELECT FROM iam.organisation_users AS m'
      ' WHERE m.organisation_id = iam.current_organisation_id() AND m.user_id = users.id))'
  END
);

SELECT iam.ensure_policy(
  'iam.users',
  'users_insert_self',
  'FOR INSERT WITH CHECK (id = iam.current_user_id())'
);

SELECT iam.ensure_policy(
  'iam.users',
  'users_update_self',
  'FOR UPDATE USING (id = iam.current_user_id()) WITH CHECK (id = iam.current_user_id())'
);
