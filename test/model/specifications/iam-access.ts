import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  ofMember,
  ofOrganisation,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
  updatedAt,
  whenUpdated,
} from './shared.js'

export const accessTables = {
  invitations: {
    comment: 'Open invitations to join an organisation.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      email: ['iam.email NOT NULL', 'Invited address.'],
      role: [`iam.user_role NOT NULL DEFAULT 'viewer'`, 'Role granted on acceptance.'],
      token_hash: ['bytea NOT NULL', 'SHA-256 of the secret; the public token carries the organisation id.'],
      invited_by_user_id: ['uuid', 'Inviting member.'],
      expires_at: [`timestamptz NOT NULL DEFAULT now() + INTERVAL '7 days'`, 'End of validity.'],
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
    triggers: {
      trg_invitations_set_updated_at: whenUpdated,
    },
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
    triggers: {
      trg_api_keys_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
