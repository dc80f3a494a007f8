import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  ofOrganisation,
  partOf,
  refersTo,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
  updatedAt,
  whenUpdated,
} from './shared.js'

export const experimentTables = {
  prompts: {
    comment: 'Versioned prompts for the voice agent.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      key: ['text NOT NULL', 'Stable name of the prompt.'],
      version: ['integer NOT NULL', 'Version number.'],
      purpose: ['text NOT NULL', 'What the prompt is for.'],
      language: [`iam.campaign_language NOT NULL DEFAULT 'en'`, 'Language.'],
      body: ['text NOT NULL', 'Prompt text.'],
      is_active: ['boolean NOT NULL DEFAULT false', 'The version in use.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_prompts: 'PRIMARY KEY (organisation_id, id)',
      uq_prompts_key_language_version: 'UNIQUE (organisation_id, key, language, version)',
      ck_prompts_key: `CHECK (key ~ '^[a-z][a-z0-9_.-]{0,99}$')`,
      ck_prompts_version: 'CHECK (version >= 1)',
      ck_prompts_purpose: 'CHECK (length(purpose) BETWEEN 1 AND 100)',
      ck_prompts_body: 'CHECK (length(body) > 0)',
      fk_prompts_organisation_id: ofOrganisation,
    },
    indexes: {
      uq_prompts_active: [
        'UNIQUE (organisation_id, key, language) WHERE is_active',
        'One active version per prompt and language.',
      ],
    },
    triggers: {
      trg_prompts_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
  experiments: {
    comment: 'A/B experiments on a campaign script.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      campaign_id: ['uuid NOT NULL', 'Campaign under test.'],
      name: ['text NOT NULL', 'Experiment name.'],
      status: [`survey.experiment_status NOT NULL DEFAULT 'draft'`, 'Lifecycle state.'],
      started_at: ['timestamptz', 'Start.'],
      ended_at: ['timestamptz', 'End.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_experiments: 'PRIMARY KEY (organisation_id, id)',
      uq_experiments_campaign_id_name: 'UNIQUE (organisation_id, campaign_id, name)',
      ck_experiments_name: 'CHECK (length(name) BETWEEN 1 AND 200)',
      ck_experiments_times: 'CHECK (ended_at IS NULL OR started_at IS NULL OR ended_at >= started_at)',
      fk_experiments_organisation_id: ofOrganisation,
      fk_experiments_campaign_id: partOf('campaign_id', 'survey.campaigns'),
    },
    indexes: {
      uq_experiments_running: [
        `UNIQUE (organisation_id, campaign_id) WHERE status = 'running'`,
        'One running experiment per campaign.',
      ],
    },
    triggers: {
      trg_experiments_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
  experiment_variants: {
    comment: 'Variants of an experiment.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      experiment_id: ['uuid NOT NULL', 'Experiment.'],
      key: ['text NOT NULL', 'Variant key, e.g. a.'],
      weight: ['integer NOT NULL DEFAULT 1', 'Relative share.'],
      intro_script: ['text', 'Replaces the campaign introduction.'],
      prompt_id: ['uuid', 'Prompt version of this variant.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_experiment_variants: 'PRIMARY KEY (organisation_id, id)',
      uq_experiment_variants_experiment_id_key: 'UNIQUE (organisation_id, experiment_id, key)',
      uq_experiment_variants_experiment_id_id: 'UNIQUE (organisation_id, experiment_id, id)',
      ck_experiment_variants_key: `CHECK (key ~ '^[a-z0-9_-]{1,50}$')`,
      ck_experiment_variants_weight: 'CHECK (weight BETWEEN 0 AND 10000)',
      fk_experiment_variants_organisation_id: ofOrganisation,
      fk_experiment_variants_experiment_id: partOf('experiment_id', 'survey.experiments'),
      fk_experiment_variants_prompt_id: refersTo('prompt_id', 'survey.prompts'),
    },
    indexes: {
      ix_experiment_variants_prompt_id: [
        '(organisation_id, prompt_id) WHERE prompt_id IS NOT NULL',
        'Covers the foreign key.',
      ],
    },
    triggers: {
      trg_experiment_variants_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
  enrollments: {
    comment: 'Stable assignment of a contact to an experiment variant.',
    columns: {
      organisation_id: tenantKey,
      experiment_id: ['uuid NOT NULL', 'Experiment.'],
      contact_id: ['uuid NOT NULL', 'Contact.'],
      variant_id: ['uuid NOT NULL', 'Assigned variant; never changed.'],
      assigned_at: ['timestamptz NOT NULL DEFAULT now()', 'Assignment time.'],
    },
    constraints: {
      pk_enrollments: 'PRIMARY KEY (organisation_id, experiment_id, contact_id)',
      fk_enrollments_organisation_id: ofOrganisation,
      fk_enrollments_experiment_id: partOf('experiment_id', 'survey.experiments'),
      fk_enrollments_contact_id: partOf('contact_id', 'survey.contacts'),
      fk_enrollments_experiment_id_variant_id: partOf(
        'experiment_id, variant_id',
        'survey.experiment_variants',
        'experiment_id, id',
      ),
    },
    indexes: {
      ix_enrollments_experiment_id_variant_id: [
        '(organisation_id, experiment_id, variant_id)',
        'Result per variant; covers the foreign key.',
      ],
      ix_enrollments_contact_id: ['(organisation_id, contact_id)', 'Variants of a contact; covers the foreign key.'],
    },
    triggers: {},
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
