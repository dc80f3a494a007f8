import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  isObject,
  jsonObject,
  ofOrganisation,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
  updatedAt,
  whenUpdated,
} from './shared.js'

export const providerTables = {
  provider_configs: {
    comment: 'Telephony and LLM provider settings; secrets are stored elsewhere and referenced.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      name: [`text NOT NULL DEFAULT 'default'`, 'Label of the configuration.'],
      provider_type: [`telephony.provider_type NOT NULL DEFAULT 'telephony_api'`, 'Kind of provider.'],
      provider_name: [`text NOT NULL DEFAULT 'twilio'`, 'Vendor.'],
      outbound_number: ['iam.e164 NOT NULL', 'Caller id.'],
      max_concurrent_calls: ['integer NOT NULL DEFAULT 5', 'Concurrency limit.'],
      llm_provider: [`telephony.llm_provider NOT NULL DEFAULT 'openai'`, 'LLM vendor.'],
      llm_model: ['text NOT NULL', 'LLM model name.'],
      recording_retention_days: ['integer NOT NULL DEFAULT 180', 'Days recordings are kept.'],
      transcript_retention_days: ['integer NOT NULL DEFAULT 180', 'Days transcripts are kept.'],
      credentials_ref: ['text', 'Name of the secret in the secret store.'],
      webhook_secret_ref: ['text', 'Name of the webhook signing secret.'],
      is_default: ['boolean NOT NULL DEFAULT false', 'Used when a campaign names none.'],
      is_active: ['boolean NOT NULL DEFAULT true', 'May be used.'],
      settings: [jsonObject, 'Vendor settings without secrets.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_provider_configs: 'PRIMARY KEY (organisation_id, id)',
      uq_provider_configs_name: 'UNIQUE (organisation_id, name)',
      ck_provider_configs_name: 'CHECK (length(name) BETWEEN 1 AND 100)',
      ck_provider_configs_provider_name: 'CHECK (length(provider_name) BETWEEN 1 AND 100)',
      ck_provider_configs_max_concurrent_calls: 'CHECK (max_concurrent_calls BETWEEN 1 AND 10000)',
      ck_provider_configs_llm_model: 'CHECK (length(llm_model) BETWEEN 1 AND 100)',
      ck_provider_configs_recording_retention_days: 'CHECK (recording_retention_days BETWEEN 0 AND 3650)',
      ck_provider_configs_transcript_retention_days: 'CHECK (transcript_retention_days BETWEEN 0 AND 3650)',
      ck_provider_configs_settings: isObject('settings'),
      fk_provider_configs_organisation_id: ofOrganisation,
    },
    indexes: {
      uq_provider_configs_default: [
        'UNIQUE (organisation_id) WHERE is_default',
        'One default configuration per organisation.',
      ],
    },
    triggers: {
      trg_provider_configs_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
