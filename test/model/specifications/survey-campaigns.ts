import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  isObject,
  jsonObject,
  ofMember,
  ofOrganisation,
  partOf,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
  updatedAt,
  whenUpdated,
} from './shared.js'

export const campaignTables = {
  campaigns: {
    comment: 'Voice survey campaigns.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      name: ['text NOT NULL', 'Campaign name.'],
      description: ['text', 'Free description.'],
      status: [`survey.campaign_status NOT NULL DEFAULT 'draft'`, 'Lifecycle state.'],
      language: [`iam.campaign_language NOT NULL DEFAULT 'en'`, 'Language of the script.'],
      intro_script: ['text NOT NULL', 'Spoken introduction including the consent question.'],
      outro_script: ['text', 'Spoken closing.'],
      max_attempts: ['smallint NOT NULL DEFAULT 3', 'Call attempts per contact.'],
      retry_interval_minutes: ['integer NOT NULL DEFAULT 60', 'Minimum minutes between attempts.'],
      timezone: [`text NOT NULL DEFAULT 'UTC'`, 'Zone of the call window when the contact has none.'],
      allowed_call_start_local: [`time NOT NULL DEFAULT '09:00'`, 'Start of the daily call window, local time.'],
      allowed_call_end_local: [`time NOT NULL DEFAULT '20:00'`, 'End (exclusive) of the daily call window.'],
      starts_at: ['timestamptz', 'Scheduled start.'],
      ends_at: ['timestamptz', 'Scheduled end.'],
      require_prior_consent: ['boolean NOT NULL DEFAULT true', 'Only contacts with prior consent may be called.'],
      provider_config_id: [
        'uuid',
        'telephony.provider_configs row; foreign key added by the survey_telephony link module.',
      ],
      email_completed_template_id: [
        'uuid',
        'notify.email_templates row for completed; foreign key added by survey_notify.',
      ],
      email_refused_template_id: [
        'uuid',
        'notify.email_templates row for refused; foreign key added by survey_notify.',
      ],
      email_not_reached_template_id: [
        'uuid',
        'notify.email_templates row for not_reached; foreign key added by survey_notify.',
      ],
      created_by_user_id: ['uuid', 'Creating member.'],
      settings: [jsonObject, 'Extra settings.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_campaigns: 'PRIMARY KEY (organisation_id, id)',
      ck_campaigns_name: 'CHECK (length(name) BETWEEN 1 AND 255)',
      ck_campaigns_intro_script: 'CHECK (length(intro_script) > 0)',
      ck_campaigns_max_attempts: 'CHECK (max_attempts BETWEEN 1 AND 5)',
      ck_campaigns_retry_interval_minutes: 'CHECK (retry_interval_minutes >= 1)',
      ck_campaigns_timezone: 'CHECK (iam.is_timezone(timezone))',
      ck_campaigns_settings: isObject('settings'),
      ck_campaigns_call_window: 'CHECK (allowed_call_start_local < allowed_call_end_local)',
      ck_campaigns_schedule: 'CHECK (ends_at IS NULL OR starts_at IS NULL OR starts_at < ends_at)',
      ck_campaigns_scheduled_start: `CHECK (status <> 'scheduled' OR starts_at IS NOT NULL)`,
      fk_campaigns_organisation_id: ofOrganisation,
      fk_campaigns_created_by_user_id: ofMember('created_by_user_id'),
    },
    indexes: {
      uq_campaigns_name: [
        `UNIQUE (organisation_id, name) WHERE status <> 'cancelled'`,
        'Campaign names are unique while not cancelled.',
      ],
      ix_campaigns_status_starts_at: [
        '(organisation_id, status, starts_at)',
        'Campaign list by state; scheduler start.',
      ],
      ix_campaigns_created_by_user_id: ['(organisation_id, created_by_user_id)', 'Covers the foreign key.'],
      ix_campaigns_provider_config_id: [
        '(organisation_id, provider_config_id) WHERE provider_config_id IS NOT NULL',
        'Covers the link foreign key.',
      ],
      ix_campaigns_email_completed_template_id: [
        '(organisation_id, email_completed_template_id) WHERE email_completed_template_id IS NOT NULL',
        'Covers the link foreign key.',
      ],
      ix_campaigns_email_refused_template_id: [
        '(organisation_id, email_refused_template_id) WHERE email_refused_template_id IS NOT NULL',
        'Covers the link foreign key.',
      ],
      ix_campaigns_email_not_reached_template_id: [
        '(organisation_id, email_not_reached_template_id) WHERE email_not_reached_template_id IS NOT NULL',
        'Covers the link foreign key.',
      ],
    },
    triggers: {
      trg_campaigns_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
  campaign_questions: {
    comment: 'Ordered questions of a campaign (the core product uses positions 1 to 3).',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      campaign_id: ['uuid NOT NULL', 'Campaign.'],
      position: ['smallint NOT NULL', 'Order in the script, from 1.'],
      text: ['text NOT NULL', 'Question as spoken.'],
      type: ['survey.question_type NOT NULL', 'Answer kind.'],
      is_required: ['boolean NOT NULL DEFAULT true', 'Survey is complete only when answered.'],
      scale_min: ['smallint', 'Lowest value, scale only.'],
      scale_max: ['smallint', 'Highest value, scale only.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_campaign_questions: 'PRIMARY KEY (organisation_id, id)',
      uq_campaign_questions_campaign_id_position: 'UNIQUE (organisation_id, campaign_id, position)',
      ck_campaign_questions_position: 'CHECK (position BETWEEN 1 AND 20)',
      ck_campaign_questions_text: 'CHECK (length(text) > 0)',
      ck_campaign_questions_scale_bounds:
        `CHECK (CASE WHEN type = 'scale' ` +
        'THEN scale_min IS NOT NULL AND scale_max IS NOT NULL AND scale_min < scale_max ' +
        'ELSE scale_min IS NULL AND scale_max IS NULL END)',
      fk_campaign_questions_organisation_id: ofOrganisation,
      fk_campaign_questions_campaign_id: partOf('campaign_id', 'survey.campaigns'),
    },
    indexes: {},
    triggers: {
      trg_campaign_questions_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
