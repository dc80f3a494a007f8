import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  isObject,
  jsonObject,
  ofMember,
  ofOrganisation,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
  updatedAt,
  whenUpdated,
} from './shared.js'

export const complianceTables = {
  exclusion_list_entries: {
    comment: 'Do-not-call list.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      phone_number: ['iam.e164 NOT NULL', 'Number that must not be called.'],
      reason: ['text', 'Why.'],
      source: [`telephony.exclusion_source NOT NULL DEFAULT 'manual'`, 'Origin of the entry.'],
      expires_at: ['timestamptz', 'End of the exclusion; null is permanent.'],
      created_by_user_id: ['uuid', 'Member who added it.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_exclusion_list_entries: 'PRIMARY KEY (organisation_id, id)',
      uq_exclusion_list_entries_phone_number: 'UNIQUE (organisation_id, phone_number)',
      fk_exclusion_list_entries_organisation_id: ofOrganisation,
      fk_exclusion_list_entries_created_by_user_id: ofMember('created_by_user_id'),
    },
    indexes: {
      ix_exclusion_list_entries_created_by_user_id: [
        '(organisation_id, created_by_user_id) WHERE created_by_user_id IS NOT NULL',
        'Covers the foreign key.',
      ],
      ix_exclusion_list_entries_expires_at: [
        '(organisation_id, expires_at) WHERE expires_at IS NOT NULL',
        'Expiry sweep.',
      ],
    },
    triggers: {
      trg_exclusion_list_entries_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
  compliance_rules: {
    comment: 'Calling windows and frequency limits by country and channel.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      name: ['text NOT NULL', 'Rule name.'],
      country_code: ['text', 'Country; null is the fallback rule.'],
      channel: [`iam.contact_channel NOT NULL DEFAULT 'phone'`, 'Channel the rule governs.'],
      allowed_weekdays: [`smallint[] NOT NULL DEFAULT '{1,2,3,4,5,6}'`, 'ISO weekdays, Monday is 1.'],
      window_start_local: [`time NOT NULL DEFAULT '09:00'`, 'Start, local time of the person contacted.'],
      window_end_local: [`time NOT NULL DEFAULT '20:00'`, 'End, exclusive.'],
      max_attempts_per_day: ['smallint', 'Limit per person and day.'],
      max_attempts_per_week: ['smallint', 'Limit per person and rolling 7 days.'],
      min_gap_minutes: ['integer', 'Minimum gap between attempts.'],
      requires_consent: ['boolean NOT NULL DEFAULT true', 'Prior consent needed.'],
      valid_from: ['date NOT NULL DEFAULT CURRENT_DATE', 'First day.'],
      valid_to: ['date', 'Last day.'],
      is_active: ['boolean NOT NULL DEFAULT true', 'In force.'],
      parameters: [jsonObject, 'Further parameters.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_compliance_rules: 'PRIMARY KEY (organisation_id, id)',
      uq_compliance_rules_name: 'UNIQUE (organisation_id, name)',
      ck_compliance_rules_name: 'CHECK (length(name) BETWEEN 1 AND 200)',
      ck_compliance_rules_country_code: `CHECK (country_code ~ '^[A-Z]{2}$')`,
      ck_compliance_rules_channel: `CHECK (channel <> 'any')`,
      ck_compliance_rules_allowed_weekdays:
        `CHECK (allowed_weekdays <@ '{1,2,3,4,5,6,7}'::smallint[] ` + 'AND cardinality(allowed_weekdays) > 0)',
      ck_compliance_rules_max_attempts_per_day: 'CHECK (max_attempts_per_day >= 1)',
      ck_compliance_rules_max_attempts_per_week: 'CHECK (max_attempts_per_week >= 1)',
      ck_compliance_rules_min_gap_minutes: 'CHECK (min_gap_minutes >= 0)',
      ck_compliance_rules_parameters: isObject('parameters'),
      ck_compliance_rules_window: 'CHECK (window_start_local < window_end_local)',
      ck_compliance_rules_validity: 'CHECK (valid_to IS NULL OR valid_to >= valid_from)',
      fk_compliance_rules_organisation_id: ofOrganisation,
    },
    indexes: {
      ix_compliance_rules_channel_country_code: [
        '(organisation_id, channel, country_code) WHERE is_active',
        'Rule lookup before contacting.',
      ],
    },
    triggers: {
      trg_compliance_rules_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
