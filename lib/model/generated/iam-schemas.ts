// Generated from the catalogue of a migrated database by npm run generate; do not edit.
import { isTimezone, jsonTypeof, length, matches, octetLength, substr } from '../../schemas/check-functions.js'
import { arrayOf, bytea, doublePrecision, enumeration, inet, jsonb, text, timestamptz, uuid } from '../../schemas/column-kinds.js'
import { defineTable, defineView } from '../../schemas/define-table.js'
import { and, atLeast, atMost, equal, isNull, or } from '../../schemas/three-valued-logic.js'
import * as iam from './iam.js'

export const api_keys = /*@__PURE__*/ defineTable<'iam.api_keys'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    name: { kind: text },
    key_prefix: { kind: text },
    key_hash: { kind: bytea },
    scopes: { kind: arrayOf(text), hasDefault: true },
    created_by_user_id: { kind: uuid, isNullable: true },
    last_used_at: { kind: timestamptz, isNullable: true },
    expires_at: { kind: timestamptz, isNullable: true },
    revoked_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_api_keys_key_hash',
      columns: ['key_hash'],
      expression: 'octet_length(key_hash) = 32',
      test: (row) => equal(octetLength(row['key_hash']), 32),
    },
    {
      name: 'ck_api_keys_key_prefix',
      columns: ['key_prefix'],
      expression: 'key_prefix ~ \'^[A-Za-z0-9_]{6,20}$\'::text',
      test: (row) => matches(row['key_prefix'], /^[A-Za-z0-9_]{6,20}$/u),
    },
    {
      name: 'ck_api_keys_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 100)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 100)),
    },
  ],
)

export const audit_logs = /*@__PURE__*/ defineTable<'iam.audit_logs'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    occurred_at: { kind: timestamptz, hasDefault: true },
    entity_type: { kind: text },
    entity_id: { kind: text },
    action: { kind: text },
    actor_type: { kind: enumeration(iam.actorType), hasDefault: true },
    actor_id: { kind: text, isNullable: true },
    changes: { kind: jsonb, hasDefault: true },
    request_id: { kind: text, isNullable: true },
    ip_address: { kind: inet, isNullable: true },
    user_agent: { kind: text, isNullable: true },
  },
  [
    {
      name: 'ck_audit_logs_action',
      columns: ['action'],
      expression: '(length(action) >= 1) AND (length(action) <= 100)',
      test: (row) => and(atLeast(length(row['action']), 1), atMost(length(row['action']), 100)),
    },
    {
      name: 'ck_audit_logs_changes',
      columns: ['changes'],
      expression: 'jsonb_typeof(changes) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['changes']), 'object'),
    },
    {
      name: 'ck_audit_logs_entity_id',
      columns: ['entity_id'],
      expression: '(length(entity_id) >= 1) AND (length(entity_id) <= 200)',
      test: (row) => and(atLeast(length(row['entity_id']), 1), atMost(length(row['entity_id']), 200)),
    },
    {
      name: 'ck_audit_logs_entity_type',
      columns: ['entity_type'],
      expression: '(length(entity_type) >= 1) AND (length(entity_type) <= 100)',
      test: (row) => and(atLeast(length(row['entity_type']), 1), atMost(length(row['entity_type']), 100)),
    },
    {
      name: 'ck_audit_logs_id_v7',
      columns: ['id'],
      expression: 'substr((id)::text, 15, 1) = \'7\'::text',
      test: (row) => equal(substr(row['id'], 15, 1), '7'),
    },
  ],
)

export const invitations = /*@__PURE__*/ defineTable<'iam.invitations'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    email: { kind: text },
    role: { kind: enumeration(iam.userRole), hasDefault: true },
    token_hash: { kind: bytea },
    invited_by_user_id: { kind: uuid, isNullable: true },
    expires_at: { kind: timestamptz, hasDefault: true },
    accepted_at: { kind: timestamptz, isNullable: true },
    revoked_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_email',
      columns: ['email'],
      expression: '(length((VALUE)::text) <= 320) AND ((VALUE)::text ~ \'^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$\'::text)',
      test: (row) => and(atMost(length(row['email']), 320), matches(row['email'], /^[^@\t\n\v\f\r ]+@[^@\t\n\v\f\r ]+\.[^@\t\n\v\f\r ]+$/u)),
    },
    {
      name: 'ck_invitations_closed_once',
      columns: ['accepted_at', 'revoked_at'],
      expression: '(accepted_at IS NULL) OR (revoked_at IS NULL)',
      test: (row) => or(isNull(row['accepted_at']), isNull(row['revoked_at'])),
    },
    {
      name: 'ck_invitations_token_hash',
      columns: ['token_hash'],
      expression: 'octet_length(token_hash) = 32',
      test: (row) => equal(octetLength(row['token_hash']), 32),
    },
  ],
)

export const organisation_users = /*@__PURE__*/ defineTable<'iam.organisation_users'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    user_id: { kind: uuid },
    role: { kind: enumeration(iam.userRole), hasDefault: true },
    status: { kind: enumeration(iam.membershipStatus), hasDefault: true },
    invited_by_user_id: { kind: uuid, isNullable: true },
    joined_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [],
)

export const organisations = /*@__PURE__*/ defineTable<'iam.organisations'>(
  {
    id: { kind: uuid, hasDefault: true },
    slug: { kind: text },
    name: { kind: text },
    status: { kind: enumeration(iam.organisationStatus), hasDefault: true },
    default_language: { kind: enumeration(iam.campaignLanguage), hasDefault: true },
    timezone: { kind: text, hasDefault: true },
    country_code: { kind: text, isNullable: true },
    settings: { kind: jsonb, hasDefault: true },
    deleted_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_organisations_country_code',
      columns: ['country_code'],
      expression: 'country_code ~ \'^[A-Z]{2}$\'::text',
      test: (row) => matches(row['country_code'], /^[A-Z]{2}$/u),
    },
    {
      name: 'ck_organisations_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 200)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 200)),
    },
    {
      name: 'ck_organisations_settings',
      columns: ['settings'],
      expression: 'jsonb_typeof(settings) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['settings']), 'object'),
    },
    {
      name: 'ck_organisations_slug',
      columns: ['slug'],
      expression: 'slug ~ \'^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$\'::text',
      test: (row) => matches(row['slug'], /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u),
    },
    {
      name: 'ck_organisations_timezone',
      columns: ['timezone'],
      expression: 'iam.is_timezone(timezone)',
      test: (row) => isTimezone(row['timezone']),
    },
  ],
)

export const system_metrics = /*@__PURE__*/ defineTable<'iam.system_metrics'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    recorded_at: { kind: timestamptz, hasDefault: true },
    name: { kind: text },
    value: { kind: doublePrecision },
    unit: { kind: text, isNullable: true },
    labels: { kind: jsonb, hasDefault: true },
  },
  [
    {
      name: 'ck_system_metrics_id_v7',
      columns: ['id'],
      expression: 'substr((id)::text, 15, 1) = \'7\'::text',
      test: (row) => equal(substr(row['id'], 15, 1), '7'),
    },
    {
      name: 'ck_system_metrics_labels',
      columns: ['labels'],
      expression: 'jsonb_typeof(labels) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['labels']), 'object'),
    },
    {
      name: 'ck_system_metrics_name',
      columns: ['name'],
      expression: 'name ~ \'^[a-z][a-z0-9_.]{0,99}$\'::text',
      test: (row) => matches(row['name'], /^[a-z][a-z0-9_.]{0,99}$/u),
    },
  ],
)

export const users = /*@__PURE__*/ defineTable<'iam.users'>(
  {
    id: { kind: uuid, hasDefault: true },
    email: { kind: text },
    oidc_issuer: { kind: text, isNullable: true },
    oidc_sub: { kind: text, isNullable: true },
    name: { kind: text },
    first_name: { kind: text, isNullable: true },
    last_name: { kind: text, isNullable: true },
    locale: { kind: text, hasDefault: true },
    timezone: { kind: text, hasDefault: true },
    status: { kind: enumeration(iam.userStatus), hasDefault: true },
    last_login_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_email',
      columns: ['email'],
      expression: '(length((VALUE)::text) <= 320) AND ((VALUE)::text ~ \'^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$\'::text)',
      test: (row) => and(atMost(length(row['email']), 320), matches(row['email'], /^[^@\t\n\v\f\r ]+@[^@\t\n\v\f\r ]+\.[^@\t\n\v\f\r ]+$/u)),
    },
    {
      name: 'ck_users_locale',
      columns: ['locale'],
      expression: 'locale ~ \'^[a-z]{2,3}(-[A-Z]{2})?$\'::text',
      test: (row) => matches(row['locale'], /^[a-z]{2,3}(-[A-Z]{2})?$/u),
    },
    {
      name: 'ck_users_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 255)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 255)),
    },
    {
      name: 'ck_users_oidc_issuer',
      columns: ['oidc_issuer'],
      expression: '(length(oidc_issuer) >= 1) AND (length(oidc_issuer) <= 500)',
      test: (row) => and(atLeast(length(row['oidc_issuer']), 1), atMost(length(row['oidc_issuer']), 500)),
    },
    {
      name: 'ck_users_oidc_pair',
      columns: ['oidc_issuer', 'oidc_sub'],
      expression: '(oidc_issuer IS NULL) = (oidc_sub IS NULL)',
      test: (row) => equal(isNull(row['oidc_issuer']), isNull(row['oidc_sub'])),
    },
    {
      name: 'ck_users_oidc_sub',
      columns: ['oidc_sub'],
      expression: '(length(oidc_sub) >= 1) AND (length(oidc_sub) <= 255)',
      test: (row) => and(atLeast(length(row['oidc_sub']), 1), atMost(length(row['oidc_sub']), 255)),
    },
    {
      name: 'ck_users_timezone',
      columns: ['timezone'],
      expression: 'iam.is_timezone(timezone)',
      test: (row) => isTimezone(row['timezone']),
    },
  ],
)

export const v_organisation_members = /*@__PURE__*/ defineView<'iam.v_organisation_members'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    user_id: { kind: uuid, isNullable: true },
    email: { kind: text, isNullable: true },
    name: { kind: text, isNullable: true },
    user_status: { kind: enumeration(iam.userStatus), isNullable: true },
    role: { kind: enumeration(iam.userRole), isNullable: true },
    membership_status: { kind: enumeration(iam.membershipStatus), isNullable: true },
    joined_at: { kind: timestamptz, isNullable: true },
  },
)
