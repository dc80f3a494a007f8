import type { Specification } from '../specification.js'
import { accessTables } from './iam-access.js'
import { auditAndMetricTables } from './iam-audit-metrics.js'
import { organisationAndUserTables } from './iam-organisations-users.js'
import { immutable, stable, volatile } from './shared.js'

const ownerOnly = { returns: 'void', volatility: 'volatile', securityDefiner: false, execute: [] } as const
const partitionTool = { securityDefiner: true, execute: ['worker'] } as const

const logAuditEvent =
  'log_audit_event(p_entity_type text, p_entity_id text, p_action text, ' +
  `p_actor_type iam.actor_type DEFAULT 'system', p_actor_id text DEFAULT NULL, p_changes jsonb DEFAULT '{}', ` +
  'p_request_id text DEFAULT NULL)'

const ensureMonthPartitions =
  `ensure_month_partitions(p_parent regclass, p_from date DEFAULT (now() AT TIME ZONE 'UTC')::date, ` +
  'p_months integer DEFAULT 3)'

/** The schema iam as the model describes it. */
export const iamSpecification: Specification = {
  schema: 'iam',
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
  tables: { ...organisationAndUserTables, ...accessTables, ...auditAndMetricTables },
  views: {
    v_organisation_members: {
      organisation_id: 'uuid',
      user_id: 'uuid',
      email: 'iam.email',
      name: 'text',
      user_status: 'iam.user_status',
      role: 'iam.user_role',
      membership_status: 'iam.membership_status',
      joined_at: 'timestamptz',
    },
  },
  functions: {
    'uuid_v7()': volatile('uuid'),
    'uuid_v7_at(p_at timestamptz)': volatile('uuid'),
    'uuid_v7_floor(p_at timestamptz)': immutable('uuid'),
    'uuid_v7_time(p_id uuid)': immutable('timestamptz'),
    'is_timezone(p_name text)': immutable('boolean'),
    'current_organisation_id()': stable('uuid'),
    'current_user_id()': stable('uuid'),
    'set_context(p_organisation_id uuid, p_user_id uuid DEFAULT NULL, p_local boolean DEFAULT true)': volatile('void'),
    'clear_context()': volatile('void'),
    'require_organisation_id()': stable('uuid'),
    'set_updated_at()': volatile('trigger'),
    'prevent_mutation()': volatile('trigger'),
    "backoff(p_attempts integer, p_base interval DEFAULT '1 minute', p_cap interval DEFAULT '6 hours')":
      immutable('interval'),
    'is_citus()': stable('boolean'),
    'make_tenant_table(p_table regclass)': ownerOnly,
    'make_global_table(p_table regclass)': ownerOnly,
    'secure_table(p_table regclass)': ownerOnly,
    'grant_table(p_table regclass, p_append_only boolean DEFAULT false)': ownerOnly,
    'ensure_policy(p_table regclass, p_name name, p_definition text)': ownerOnly,
    'ensure_constraint(p_table regclass, p_name name, p_definition text)': ownerOnly,
    "grant_schema(p_schema name, p_append_only name[] DEFAULT '{}')": ownerOnly,
    'revoke_schema(p_schema name)': ownerOnly,
    'is_partitioned_by_id(p_table regclass)': { ...ownerOnly, returns: 'boolean', volatility: 'stable' },
    [ensureMonthPartitions]: { returns: 'integer', volatility: 'volatile', ...partitionTool },
    'drop_month_partitions(p_parent regclass, p_before date)': {
      returns: 'integer',
      volatility: 'volatile',
      ...partitionTool,
    },
    'default_partition_rows()': {
      returns: 'TABLE (parent regclass, partition regclass, row_count bigint, oldest timestamptz, newest timestamptz)',
      volatility: 'stable',
      ...partitionTool,
    },
    [logAuditEvent]: volatile('uuid'),
    'resolve_login(p_issuer text, p_sub text)': {
      returns:
        'TABLE (user_id uuid, user_status iam.user_status, organisation_id uuid, role iam.user_role, ' +
        'membership_status iam.membership_status)',
      volatility: 'stable',
      securityDefiner: true,
      execute: ['worker'],
    },
    'list_members()': {
      returns:
        'TABLE (user_id uuid, email text, name text, user_status iam.user_status, role iam.user_role, ' +
        'membership_status iam.membership_status, joined_at timestamptz)',
      volatility: 'stable',
      securityDefiner: true,
      execute: ['app', 'worker', 'readonly'],
    },
  },
}
