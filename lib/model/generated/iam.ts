// Generated from the catalogue of a migrated database by npm run generate; do not edit.
import type { ColumnType, Generated, JsonObject, ReadOnly } from '../row-types.js'

/** Kind of actor in the audit log. */
export const actorType = {
  user: 'user',
  api_key: 'api_key',
  agent: 'agent',
  system: 'system',
} as const

/** A value of {@link actorType}. */
export type ActorType = (typeof actorType)[keyof typeof actorType]

/** Language of campaigns, templates and transcripts (seed enum, shared vocabulary). */
export const campaignLanguage = {
  en: 'en',
  it: 'it',
} as const

/** A value of {@link campaignLanguage}. */
export type CampaignLanguage = (typeof campaignLanguage)[keyof typeof campaignLanguage]

/** Contact channel; any means every channel and is allowed only in opt-outs. */
export const contactChannel = {
  email: 'email',
  phone: 'phone',
  sms: 'sms',
  whatsapp: 'whatsapp',
  push: 'push',
  postal: 'postal',
  any: 'any',
} as const

/** A value of {@link contactChannel}. */
export type ContactChannel = (typeof contactChannel)[keyof typeof contactChannel]

/** Outcome of a contact attempt (seed enum, shared by survey and telephony). */
export const contactOutcome = {
  completed: 'completed',
  refused: 'refused',
  no_answer: 'no_answer',
  busy: 'busy',
  failed: 'failed',
} as const

/** A value of {@link contactOutcome}. */
export type ContactOutcome = (typeof contactOutcome)[keyof typeof contactOutcome]

/** Lifecycle of a membership. */
export const membershipStatus = {
  invited: 'invited',
  active: 'active',
  suspended: 'suspended',
  removed: 'removed',
} as const

/** A value of {@link membershipStatus}. */
export type MembershipStatus = (typeof membershipStatus)[keyof typeof membershipStatus]

/** Lifecycle of a tenant. */
export const organisationStatus = {
  active: 'active',
  suspended: 'suspended',
  closed: 'closed',
} as const

/** A value of {@link organisationStatus}. */
export type OrganisationStatus = (typeof organisationStatus)[keyof typeof organisationStatus]

/** Role of a member inside one organisation (seed enum). */
export const userRole = {
  admin: 'admin',
  campaign_manager: 'campaign_manager',
  viewer: 'viewer',
} as const

/** A value of {@link userRole}. */
export type UserRole = (typeof userRole)[keyof typeof userRole]

/** Lifecycle of a user account. */
export const userStatus = {
  active: 'active',
  suspended: 'suspended',
  deactivated: 'deactivated',
} as const

/** A value of {@link userStatus}. */
export type UserStatus = (typeof userStatus)[keyof typeof userStatus]

/** The tables of the module, by their qualified names. */
export const tables = {
  api_keys: 'iam.api_keys',
  audit_logs: 'iam.audit_logs',
  invitations: 'iam.invitations',
  organisation_users: 'iam.organisation_users',
  organisations: 'iam.organisations',
  system_metrics: 'iam.system_metrics',
  users: 'iam.users',
} as const

/** The views of the module, by their qualified names. */
export const views = {
  v_organisation_members: 'iam.v_organisation_members',
} as const

/** The columns of each table and view, in their order. */
export const columns = {
  api_keys: [
    'organisation_id',
    'id',
    'name',
    'key_prefix',
    'key_hash',
    'scopes',
    'created_by_user_id',
    'last_used_at',
    'expires_at',
    'revoked_at',
    'created_at',
    'updated_at',
  ],
  audit_logs: [
    'organisation_id',
    'id',
    'occurred_at',
    'entity_type',
    'entity_id',
    'action',
    'actor_type',
    'actor_id',
    'changes',
    'request_id',
    'ip_address',
    'user_agent',
  ],
  invitations: [
    'organisation_id',
    'id',
    'email',
    'role',
    'token_hash',
    'invited_by_user_id',
    'expires_at',
    'accepted_at',
    'revoked_at',
    'created_at',
    'updated_at',
  ],
  organisation_users: [
    'organisation_id',
    'user_id',
    'role',
    'status',
    'invited_by_user_id',
    'joined_at',
    'created_at',
    'updated_at',
  ],
  organisations: [
    'id',
    'slug',
    'name',
    'status',
    'default_language',
    'timezone',
    'country_code',
    'settings',
    'deleted_at',
    'created_at',
    'updated_at',
  ],
  system_metrics: [
    'organisation_id',
    'id',
    'recorded_at',
    'name',
    'value',
    'unit',
    'labels',
  ],
  users: [
    'id',
    'email',
    'oidc_issuer',
    'oidc_sub',
    'name',
    'first_name',
    'last_name',
    'locale',
    'timezone',
    'status',
    'last_login_at',
    'created_at',
    'updated_at',
  ],
  v_organisation_members: [
    'organisation_id',
    'user_id',
    'email',
    'name',
    'user_status',
    'role',
    'membership_status',
    'joined_at',
  ],
} as const

/** Machine credentials of an organisation. */
export interface ApiKeysTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Label. */
  readonly name: string
  /** Visible prefix used for lookup. */
  readonly key_prefix: string
  /** SHA-256 of the secret part. */
  readonly key_hash: Uint8Array
  /** Granted scopes. */
  readonly scopes: ColumnType<string[], readonly string[] | undefined, readonly string[]>
  /** Creating member. */
  readonly created_by_user_id: string | null
  /** Last use, updated at most once a minute. */
  readonly last_used_at: Date | null
  /** End of validity. */
  readonly expires_at: Date | null
  /** Revocation time. */
  readonly revoked_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Immutable audit trail; rows survive deletion of the organisation. */
export interface AuditLogsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** When it happened; the partition follows the id. */
  readonly occurred_at: Generated<Date>
  /** Kind of entity, e.g. campaign. */
  readonly entity_type: string
  /** Id of the entity as text. */
  readonly entity_id: string
  /** What happened, e.g. status_changed. */
  readonly action: string
  /** Kind of actor. */
  readonly actor_type: Generated<ActorType>
  /** Id of the actor as text. */
  readonly actor_id: string | null
  /** Before/after values. */
  readonly changes: Generated<JsonObject>
  /** Correlation id of the request. */
  readonly request_id: string | null
  /** Client address. */
  readonly ip_address: string | null
  /** Client agent. */
  readonly user_agent: string | null
}

/** Open invitations to join an organisation. */
export interface InvitationsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Invited address. */
  readonly email: string
  /** Role granted on acceptance. */
  readonly role: Generated<UserRole>
  /** SHA-256 of the secret; the public token carries the organisation id. */
  readonly token_hash: Uint8Array
  /** Inviting member. */
  readonly invited_by_user_id: string | null
  /** End of validity. */
  readonly expires_at: Generated<Date>
  /** Acceptance time. */
  readonly accepted_at: Date | null
  /** Revocation time. */
  readonly revoked_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Membership of a user in an organisation, with a role. */
export interface OrganisationUsersTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Member. */
  readonly user_id: string
  /** Role inside the organisation. */
  readonly role: Generated<UserRole>
  /** Membership state. */
  readonly status: Generated<MembershipStatus>
  /** Member who invited. */
  readonly invited_by_user_id: string | null
  /** When the membership became active. */
  readonly joined_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Tenants. Global table: its id is the tenant key everywhere else. */
export interface OrganisationsTable {
  /** Tenant id. */
  readonly id: Generated<string>
  /** URL-safe unique handle. */
  readonly slug: string
  /** Display name. */
  readonly name: string
  /** Lifecycle state. */
  readonly status: Generated<OrganisationStatus>
  /** Language used when nothing more specific is set. */
  readonly default_language: Generated<CampaignLanguage>
  /** IANA time zone used for calling windows without a contact zone. */
  readonly timezone: Generated<string>
  /** ISO 3166-1 alpha-2 country of establishment. */
  readonly country_code: string | null
  /** Tenant settings. */
  readonly settings: Generated<JsonObject>
  /** Soft deletion time. */
  readonly deleted_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Time series of system and business metrics per organisation. */
export interface SystemMetricsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Sample time; the partition follows the id. */
  readonly recorded_at: Generated<Date>
  /** Metric name. */
  readonly name: string
  /** Sample value. */
  readonly value: number
  /** Unit of the value. */
  readonly unit: string | null
  /** Dimensions of the sample. */
  readonly labels: Generated<JsonObject>
}

/** People who log in. Global table: one row per person, membership is separate. */
export interface UsersTable {
  /** User id. */
  readonly id: Generated<string>
  /** Login email, case-insensitive. */
  readonly email: string
  /** OIDC issuer URL. */
  readonly oidc_issuer: string | null
  /** OIDC subject at the issuer. */
  readonly oidc_sub: string | null
  /** Full display name. */
  readonly name: string
  /** Given name. */
  readonly first_name: string | null
  /** Family name. */
  readonly last_name: string | null
  /** UI locale. */
  readonly locale: Generated<string>
  /** IANA time zone of the user. */
  readonly timezone: Generated<string>
  /** Account state. */
  readonly status: Generated<UserStatus>
  /** Last successful login. */
  readonly last_login_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Members of an organisation with name, role and state. */
export interface OrganisationMembersView {
  readonly organisation_id: ReadOnly<string | null>
  readonly user_id: ReadOnly<string | null>
  readonly email: ReadOnly<string | null>
  readonly name: ReadOnly<string | null>
  readonly user_status: ReadOnly<UserStatus | null>
  readonly role: ReadOnly<UserRole | null>
  readonly membership_status: ReadOnly<MembershipStatus | null>
  readonly joined_at: ReadOnly<Date | null>
}

/** The tables and views of the module iam. */
export interface IamDatabase {
  readonly 'iam.api_keys': ApiKeysTable
  readonly 'iam.audit_logs': AuditLogsTable
  readonly 'iam.invitations': InvitationsTable
  readonly 'iam.organisation_users': OrganisationUsersTable
  readonly 'iam.organisations': OrganisationsTable
  readonly 'iam.system_metrics': SystemMetricsTable
  readonly 'iam.users': UsersTable
  readonly 'iam.v_organisation_members': OrganisationMembersView
}
