import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  globalGrants,
  isObject,
  jsonObject,
  ofMember,
  ofOrganisation,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  updatedAt,
  whenUpdated,
  workerAccess,
} from './shared.js'

export const organisationAndUserTables = {
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
      ck_organisations_settings: isObject('settings'),
    },
    indexes: {},
    triggers: {
      trg_organisations_set_updated_at: whenUpdated,
    },
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
      email: ['iam.email NOT NULL', 'Login email, case-insensitive.'],
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
    triggers: {
      trg_users_set_updated_at: whenUpdated,
    },
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
    triggers: {
      trg_organisation_users_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
