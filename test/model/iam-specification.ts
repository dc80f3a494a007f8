import type { Grants, Specification } from './specification.js'

const tenantKey = ['uuid NOT NULL DEFAULT iam.current_organisation_id()', 'Tenant key.'] as const
const tenantRowId = ['uuid NOT NULL DEFAULT iam.uuid_v7()', 'Row id, unique inside the organisation.'] as const
const createdAt = ['timestamptz NOT NULL DEFAULT now()', 'Creation time.'] as const
const updatedAt = ['timestamptz NOT NULL DEFAULT now()', 'Latest change, kept by trigger.'] as const
const email = 'iam.email NOT NULL'
const jsonObject = `jsonb NOT NULL DEFAULT '{}'::jsonb`

const ofOrganisation = 'FOREIGN KEY (organisation_id) REFERENCES iam.organisations (id) ON DELETE CASCADE'
const ofMember = (column: string): string =>
  `FOREIGN KEY (organisation_id, ${column}) REFERENCES iam.organisation_users (organisation_id, user_id) ON DELETE NO ACTION`
const ofVersion7 = `CHECK (substr(id::text, 15, 1) = '7')`

const whenUpdated = ['BEFORE UPDATE FOR EACH ROW', 'iam.set_updated_at()'] as const

const workerAccess = 'FOR ALL TO <worker> USING (true) WITH CHECK (true)'
const tenantPolicies = {
  tenant_isolation:
    'FOR ALL USING (organisation_id = iam.current_organisation_id()) ' +
    'WITH CHECK (organisation_id = iam.current_organisation_id())',
  worker_access: workerAccess,
}

const all = 'SELECT, INSERT, UPDATE, DELETE'
const tenantGrants: Grants = { app: all, worker: all, readonly: 'SELECT' }
const globalGrants: Grants = { app: 'SELECT, INSERT, UPDATE', worker: all, readonly: 'SELECT' }
const appendOnlyGrants: Grants = { app: 'SELECT, INSERT', worker: 'SELECT, INSERT', readonly: 'SELECT' }

const everybody = { securityDefiner: false, execute: ['PUBLIC'] } as const
const ownerOnly = { returns: 'void', volatility: 'volatile', securityDefiner: false, execute: [] } as const

const logAuditEvent =
  'log_audit_event(p_entity_type text, p_entity_id text, p_action text, p_actor_type iam.actor_type, p_actor_id text, ' +
  'p_changes jsonb, p_request_id text)'

/** The schema iam as the model describes it. */
export const iamSpecification: Specification = {
  schema: 'iam',
  comment: 'Organisations, users, memberships, audit; shared vocabulary and helpers.',
  enums: {
    user_role: [['admin', 'campaign_manager', 'viewer'], 'Role of a member inside one organisation (seed enum).'],
    campaign_language: [
      ['en', 'it'],
      'Language of campaigns, templates and transcripts (seed enum, shared vocabulary).',
    ],
    contact_outcome: [
      ['completed', 'refused', 'no_answer', 'busy', 'failed'],
      'Outcome of a contact attempt (seed enum, shared by survey and telephony).',
    ],
    contact_channel: [
      ['email', 'phone', 'sms', 'whatsapp', 'push', 'postal', 'any'],
      'Contact channel; any means every channel and is allowed only in opt-outs.',
    ],
    organisation_status: [['active', 'suspended', 'closed'], 'Lifecycle of a tenant.'],
    user_status: [['active', 'suspended', 'deactivated'], 'Lifecycle of a user account.'],
    membership_status: [['invited', 'active', 'suspended', 'removed'], 'Lifecycle of a membership.'],
    actor_type: [['user', 'api_key', 'agent', 'system'], 'Kind of actor in the audit log.'],
  },
  domains: {
    email:
      'public.citext CONSTRAINT ck_email CHECK (length(VALUE::text) <= 320 ' +
      `AND VALUE::text ~ '^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$')`,
    e164: `text CONSTRAINT ck_e164 CHECK (VALUE ~ '^\\+[1-9][0-9]{6,14}$')`,
    currency_code: `text CONSTRAINT ck_currency_code CHECK (VALUE ~ '^[A-Z]{3}$')`,
    money_amount: 'numeric(14,2)',
  },
  tables: {
    organisations: {
      comment: 'Tenants. Global table: its id is the tenant key everywhere else.',
      columns: {
        id: ['uuid NOT NULL DEFAULT iam.uuid_v7()', 'Tenant id.'],
        slug: ['text NOT NULL', 'URL-safe unique handle.'],
        name: ['text NOT NULL', 'Display name.'],
        status: [`iam.organisation_status NOT NULL DEFAULT 'active'`, 'Lifecycle state.'],
        default_language: [
          `iam.campaign_language NOT NULL DEFAULT 'en'`,
          'Language used when nothing more specific is set.',
        ],
        timezone: [`text NOT NULL DEFAULT 'UTC'`, 'IANA time zone used for calling windows without a contact zone.'],
        country_code: ['text', 'ISO 3166-1 alpha-2 country of establishment.'],
        settings: [jsonObject, 'Tenant settings.'],
        deleted_at: ['timestamptz', 'Soft deletion time.'],
        created_at: createdAt,
        updated_at: updatedAt,
      },
      constraints: {
        pk_organisations: 'PRIMARY KEY (id)',
        uq_organisations_slug: 'UNIQUE (slug)',
        ck_organisations_slug: `CHECK (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$')`,
        ck_organisations_name: 'CHECK (length(name) BETWEEN 1 AND 200)',
        ck_organisations_timezone: 'CHECK (iam.is_timezone(timezone))',
        ck_organisations_country_code: `CHECK (country_code ~ '^[A-Z]{2}$')`,
        ck_organisations_settings: `CHECK (jsonb_typeof(settings) = 'object')`,
      },
      indexes: {},
      triggers: { trg_organisations_set_updated_at: whenUpdated },
      policies: {
        tenant_isolation:
          'FOR ALL USING (id = iam.current_organisation_id()) WITH CHECK (id = iam.current_organisation_id())',
        worker_access: workerAccess,
      },
      grants: globalGrants,
    },
    users: {
      comment: 'People who log in. Global table: one row per person, membership is separate.',
      columns: {
        id: ['uuid NOT NULL DEFAULT iam.uuid_v7()', 'User id.'],
        email: [email, 'Login email, case-insensitive.'],
        oidc_issuer: ['text', 'OIDC issuer URL.'],
        oidc_sub: ['text', 'OIDC subject at the issuer.'],
        name: ['text NOT NULL', 'Full display name.'],
        first_name: ['text', 'Given name.'],
        last_name: ['text', 'Family name.'],
        locale: [`text NOT NULL DEFAULT 'en'`, 'UI locale.'],
        timezone: [`text NOT NULL DEFAULT 'UTC'`, 'IANA time zone of the user.'],
        status: [`iam.user_status NOT NULL DEFAULT 'active'`, 'Account state.'],
        last_login_at: ['timestamptz', 'Last successful login.'],
        created_at: createdAt,
        updated_at: updatedAt,
      },
      constraints: {
        pk_users: 'PRIMARY KEY (id)',
        uq_users_email: 'UNIQUE (email)',
        uq_users_oidc_issuer_oidc_sub: 'UNIQUE (oidc_issuer, oidc_sub)',
        ck_users_oidc_issuer: 'CHECK (length(oidc_issuer) BETWEEN 1 AND 500)',
        ck_users_oidc_sub: 'CHECK (length(oidc_sub) BETWEEN 1 AND 255)',
        ck_users_name: 'CHECK (length(name) BETWEEN 1 AND 255)',
        ck_users_locale: `CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$')`,
        ck_users_timezone: 'CHECK (iam.is_timezone(timezone))',
        ck_users_oidc_pair: 'CHECK ((oidc_issuer IS NULL) = (oidc_sub IS NULL))',
      },
      indexes: {},
      triggers: { trg_users_set_updated_at: whenUpdated },
      policies: {
        users_read:
          'FOR SELECT USING (id = iam.current_user_id() OR EXISTS (SELECT FROM iam.organisation_users AS m ' +
          'WHERE m.organisation_id = iam.current_organisation_id() AND m.user_id = users.id))',
        users_insert_self: 'FOR INSERT WITH CHECK (id = iam.current_user_id())',
        users_update_self: 'FOR UPDATE USING (id = iam.current_user_id()) WITH CHECK (id = iam.current_user_id())',
        worker_access: workerAccess,
      },
      grants: globalGrants,
    },
    organisation_users: {
      comment: 'Membership of a user in an organisation, with a role.',
      columns: {
        organisation_id: tenantKey,
        user_id: ['uuid NOT NULL', 'Member.'],
        role: [`iam.user_role NOT NULL DEFAULT 'viewer'`, 'Role inside the organisation.'],
        status: [`iam.membership_status NOT NULL DEFAULT 'active'`, 'Membership state.'],
        invited_by_user_id: ['uuid', 'Member who invited.'],
        joined_at: ['timestamptz', 'When the membership became active.'],
        created_at: createdAt,
        updated_at: updatedAt,
      },
      constraints: {
        pk_organisation_users: 'PRIMARY KEY (organisation_id, user_id)',
        fk_organisation_users_organisation_id: ofOrganisation,
        fk_organisation_users_user_id: 'FOREIGN KEY (user_id) REFERENCES iam.users (id) ON DELETE CASCADE',
        fk_organisation_users_invited_by_user_id: ofMember('invited_by_user_id'),
      },
      indexes: {
        ix_organisation_users_user_id: [
          '(user_id)',
          'tenancy: exception - login looks for the organisations of a user before a tenant is known.',
        ],
        ix_organisation_users_role: ['(organisation_id, role)', 'Counts or lists members by role.'],
        ix_organisation_users_invited_by_user_id: ['(organisation_id, invited_by_user_id)', 'Covers the foreign key.'],
      },
      triggers: { trg_organisation_users_set_updated_at: whenUpdated },
      policies: tenantPolicies,
      grants: tenantGrants,
    },
    invitations: {
      comment: 'Open invitations to join an organisation.',
      columns: {
        organisation_id: tenantKey,
        id: tenantRowId,
        email: [email, 'Invited address.'],
        role: [`iam.user_role NOT NULL DEFAULT 'viewer'`, 'Role granted on acceptance.'],
        token_hash: ['bytea NOT NULL', 'SHA-256 of the secret; the public token carries the organisation id.'],
        invited_by_user_id: ['uuid', 'Inviting member.'],
        expires_at: [`timestamptz NOT NULL DEFAULT now() + interval '7 days'`, 'End of validity.'],
        accepted_at: ['timestamptz', 'Acceptance time.'],
        revoked_at: ['timestamptz', 'Revocation time.'],
        created_at: createdAt,
        updated_at: updatedAt,
      },
      constraints: {
        pk_invitations: 'PRIMARY KEY (organisation_id, id)',
        uq_invitations_token_hash: 'UNIQUE (organisation_id, token_hash)',
        ck_invitations_token_hash: 'CHECK (octet_length(token_hash) = 32)',
        ck_invitations_closed_once: 'CHECK (accepted_at IS NULL OR revoked_at IS NULL)',
        fk_invitations_organisation_id: ofOrganisation,
        fk_invitations_invited_by_user_id: ofMember('invited_by_user_id'),
      },
      indexes: {
        uq_invitations_open: [
          'UNIQUE (organisation_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL',
          'One open invitation per address.',
        ],
        ix_invitations_invited_by_user_id: ['(organisation_id, invited_by_user_id)', 'Covers the foreign key.'],
      },
      triggers: { trg_invitations_set_updated_at: whenUpdated },
      policies: tenantPolicies,
      grants: tenantGrants,
    },
    api_keys: {
      comment: 'Machine credentials of an organisation.',
      columns: {
        organisation_id: tenantKey,
        id: tenantRowId,
        name: ['text NOT NULL', 'Label.'],
        key_prefix: ['text NOT NULL', 'Visible prefix used for lookup.'],
        key_hash: ['bytea NOT NULL', 'SHA-256 of the secret part.'],
        scopes: [`text[] NOT NULL DEFAULT '{}'`, 'Granted scopes.'],
        created_by_user_id: ['uuid', 'Creating member.'],
        last_used_at: ['timestamptz', 'Last use, updated at most once a minute.'],
        expires_at: ['timestamptz', 'End of validity.'],
        revoked_at: ['timestamptz', 'Revocation time.'],
        created_at: createdAt,
        updated_at: updatedAt,
      },
      constraints: {
        pk_api_keys: 'PRIMARY KEY (organisation_id, id)',
        uq_api_keys_key_prefix: 'UNIQUE (organisation_id, key_prefix)',
        ck_api_keys_name: 'CHECK (length(name) BETWEEN 1 AND 100)',
        ck_api_keys_key_prefix: `CHECK (key_prefix ~ '^[A-Za-z0-9_]{6,20}$')`,
        ck_api_keys_key_hash: 'CHECK (octet_length(key_hash) = 32)',
        fk_api_keys_organisation_id: ofOrganisation,
        fk_api_keys_created_by_user_id: ofMember('created_by_user_id'),
      },
      indexes: {
        ix_api_keys_created_by_user_id: ['(organisation_id, created_by_user_id)', 'Covers the foreign key.'],
      },
      triggers: { trg_api_keys_set_updated_at: whenUpdated },
      policies: tenantPolicies,
      grants: tenantGrants,
    },
    audit_logs: {
      comment: 'Immutable audit trail; rows survive deletion of the organisation.',
      partitionBy: 'RANGE (id)',
      columns: {
        organisation_id: tenantKey,
        id: tenantRowId,
        occurred_at: ['timestamptz NOT NULL DEFAULT now()', 'When it happened; the partition follows the id.'],
        entity_type: ['text NOT NULL', 'Kind of entity, e.g. campaign.'],
        entity_id: ['text NOT NULL', 'Id of the entity as text.'],
        action: ['text NOT NULL', 'What happened, e.g. status_changed.'],
        actor_type: [`iam.actor_type NOT NULL DEFAULT 'system'`, 'Kind of actor.'],
        actor_id: ['text', 'Id of the actor as text.'],
        changes: [jsonObject, 'Before/after values.'],
        request_id: ['text', 'Correlation id of the request.'],
        ip_address: ['inet', 'Client address.'],
        user_agent: ['text', 'Client agent.'],
      },
      constraints: {
        pk_audit_logs: 'PRIMARY KEY (organisation_id, id)',
        ck_audit_logs_entity_type: 'CHECK (length(entity_type) BETWEEN 1 AND 100)',
        ck_audit_logs_entity_id: 'CHECK (length(entity_id) BETWEEN 1 AND 200)',
        ck_audit_logs_action: 'CHECK (length(action) BETWEEN 1 AND 100)',
        ck_audit_logs_changes: `CHECK (jsonb_typeof(changes) = 'object')`,
        ck_audit_logs_id_v7: ofVersion7,
      },
      indexes: {
        ix_audit_logs_entity: ['(organisation_id, entity_type, entity_id, id)', 'History of one entity.'],
        ix_audit_logs_actor: ['(organisation_id, actor_id, id) WHERE actor_id IS NOT NULL', 'History of one actor.'],
      },
      triggers: {
        trg_audit_logs_immutable: ['BEFORE UPDATE OR DELETE FOR EACH ROW', 'iam.prevent_mutation()'],
        trg_audit_logs_no_truncate: ['BEFORE TRUNCATE FOR EACH STATEMENT', 'iam.prevent_mutation()'],
      },
      policies: tenantPolicies,
      grants: appendOnlyGrants,
    },
    system_metrics: {
      comment: 'Time series of system and business metrics per organisation.',
      partitionBy: 'RANGE (id)',
      columns: {
        organisation_id: tenantKey,
        id: tenantRowId,
        recorded_at: ['timestamptz NOT NULL DEFAULT now()', 'Sample time; the partition follows the id.'],
        name: ['text NOT NULL', 'Metric name.'],
        value: ['double precision NOT NULL', 'Sample value.'],
        unit: ['text', 'Unit of the value.'],
        labels: [jsonObject, 'Dimensions of the sample.'],
      },
      constraints: {
        pk_system_metrics: 'PRIMARY KEY (organisation_id, id)',
        ck_system_metrics_name: `CHECK (name ~ '^[a-z][a-z0-9_.]{0,99}$')`,
        ck_system_metrics_labels: `CHECK (jsonb_typeof(labels) = 'object')`,
        ck_system_metrics_id_v7: ofVersion7,
        fk_system_metrics_organisation_id: ofOrganisation,
      },
      indexes: {
        ix_system_metrics_name: ['(organisation_id, name, id)', 'Reads one series over a time range.'],
      },
      triggers: {},
      policies: tenantPolicies,
      grants: tenantGrants,
    },
  },
  views: {
    v_organisation_members: {
      columns: {
        organisation_id: 'uuid',
        user_id: 'uuid',
        email: 'iam.email',
        name: 'text',
        user_status: 'iam.user_status',
        role: 'iam.user_role',
        membership_status: 'iam.membership_status',
        joined_at: 'timestamp with time zone',
      },
      grants: { app: 'SELECT', worker: 'SELECT', readonly: 'SELECT' },
    },
  },
  functions: {
    'uuid_v7()': { returns: 'uuid', volatility: 'volatile', ...everybody },
    'uuid_v7_at(p_at timestamp with time zone)': { returns: 'uuid', volatility: 'volatile', ...everybody },
    'uuid_v7_floor(p_at timestamp with time zone)': { returns: 'uuid', volatility: 'immutable', ...everybody },
    'uuid_v7_time(p_id uuid)': { returns: 'timestamp with time zone', volatility: 'immutable', ...everybody },
    'is_timezone(p_name text)': { returns: 'boolean', volatility: 'immutable', ...everybody },
    'current_organisation_id()': { returns: 'uuid', volatility: 'stable', ...everybody },
    'current_user_id()': { returns: 'uuid', volatility: 'stable', ...everybody },
    'set_context(p_organisation_id uuid, p_user_id uuid, p_local boolean)': {
      returns: 'void',
      volatility: 'volatile',
      ...everybody,
    },
    'clear_context()': { returns: 'void', volatility: 'volatile', ...everybody },
    'require_organisation_id()': { returns: 'uuid', volatility: 'stable', ...everybody },
    'set_updated_at()': { returns: 'trigger', volatility: 'volatile', ...everybody },
    'prevent_mutation()': { returns: 'trigger', volatility: 'volatile', ...everybody },
    'backoff(p_attempts integer, p_base interval, p_cap interval)': {
      returns: 'interval',
      volatility: 'immutable',
      ...everybody,
    },
    'is_citus()': { returns: 'boolean', volatility: 'stable', ...everybody },
    'make_tenant_table(p_table regclass)': ownerOnly,
    'make_global_table(p_table regclass)': ownerOnly,
    'secure_table(p_table regclass)': ownerOnly,
    'grant_table(p_table regclass, p_append_only boolean)': ownerOnly,
    'ensure_policy(p_table regclass, p_name name, p_definition text)': ownerOnly,
    'ensure_constraint(p_table regclass, p_name name, p_definition text)': ownerOnly,
    'grant_schema(p_schema name, p_append_only name[])': ownerOnly,
    'revoke_schema(p_schema name)': ownerOnly,
    'is_partitioned_by_id(p_table regclass)': { ...ownerOnly, returns: 'boolean', volatility: 'stable' },
    'ensure_month_partitions(p_parent regclass, p_from date, p_months integer)': {
      returns: 'integer',
      volatility: 'volatile',
      securityDefiner: true,
      execute: ['worker'],
    },
    'drop_month_partitions(p_parent regclass, p_before date)': {
      returns: 'integer',
      volatility: 'volatile',
      securityDefiner: true,
      execute: ['worker'],
    },
    'default_partition_rows()': {
      returns:
        'TABLE(parent regclass, partition regclass, row_count bigint, oldest timestamp with time zone, ' +
        'newest timestamp with time zone)',
      volatility: 'stable',
      securityDefiner: true,
      execute: ['worker'],
    },
    [logAuditEvent]: { returns: 'uuid', volatility: 'volatile', ...everybody },
    'resolve_login(p_issuer text, p_sub text)': {
      returns:
        'TABLE(user_id uuid, user_status iam.user_status, organisation_id uuid, role iam.user_role, ' +
        'membership_status iam.membership_status)',
      volatility: 'stable',
      securityDefiner: true,
      execute: ['worker'],
    },
    'list_members()': {
      returns:
        'TABLE(user_id uuid, email text, name text, user_status iam.user_status, role iam.user_role, ' +
        'membership_status iam.membership_status, joined_at timestamp with time zone)',
      volatility: 'stable',
      securityDefiner: true,
      execute: ['app', 'worker', 'readonly'],
    },
  },
}
