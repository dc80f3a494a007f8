import type { Specification } from '../specification.js'
import { volatile } from './shared.js'
import { campaignTables } from './survey-campaigns.js'
import { contactTables } from './survey-contacts.js'
import { experimentTables } from './survey-experiments.js'
import { responseAndEventTables } from './survey-responses-events.js'

const claimLimits = `p_limit integer DEFAULT 100, p_lease interval DEFAULT '1 minute'`

const progress = {
  organisation_id: 'uuid',
  campaign_id: 'uuid',
  name: 'text',
  status: 'survey.campaign_status',
  contacts_total: 'bigint',
  pending: 'bigint',
  in_progress: 'bigint',
  completed: 'bigint',
  refused: 'bigint',
  not_reached: 'bigint',
  excluded: 'bigint',
  attempts_total: 'bigint',
  completion_rate: 'numeric',
} as const

/** The schema survey as the model describes it, without what links add. */
export const surveySpecification: Specification = {
  schema: 'survey',
  enums: {
    campaign_status: [
      ['draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled'],
      'Lifecycle of a survey campaign (seed enum).',
    ],
    question_type: [['free_text', 'numeric', 'scale'], 'Answer kind of a question (seed enum).'],
    contact_state: [
      ['pending', 'in_progress', 'completed', 'refused', 'not_reached', 'excluded'],
      'State of a contact inside a campaign (seed enum).',
    ],
    contact_language: [['en', 'it', 'auto'], 'Preferred language of a contact (seed enum).'],
    event_type: [['survey.completed', 'survey.refused', 'survey.not_reached'], 'Domain event type (seed enum).'],
    experiment_status: [['draft', 'running', 'paused', 'completed', 'cancelled'], 'Lifecycle of an A/B experiment.'],
    consent_source: [['import', 'web_form', 'verbal', 'written', 'api'], 'How consent was obtained.'],
  },
  domains: {},
  tables: { ...campaignTables, ...contactTables, ...responseAndEventTables, ...experimentTables },
  views: {
    v_campaign_script: {
      organisation_id: 'uuid',
      campaign_id: 'uuid',
      intro_script: 'text',
      question_1_text: 'text',
      question_1_type: 'text',
      question_2_text: 'text',
      question_2_type: 'text',
      question_3_text: 'text',
      question_3_type: 'text',
    },
    v_survey_responses: {
      organisation_id: 'uuid',
      id: 'uuid',
      campaign_id: 'uuid',
      contact_id: 'uuid',
      call_attempt_id: 'uuid',
      completed_at: 'timestamptz',
      q1_answer: 'text',
      q1_confidence: 'numeric',
      q2_answer: 'text',
      q2_confidence: 'numeric',
      q3_answer: 'text',
      q3_confidence: 'numeric',
    },
    v_campaign_progress: progress,
    v_active_campaigns: {
      ...progress,
      language: 'iam.campaign_language',
      starts_at: 'timestamptz',
      ends_at: 'timestamptz',
      created_by_user_id: 'uuid',
    },
    v_experiment_results: {
      organisation_id: 'uuid',
      experiment_id: 'uuid',
      variant_id: 'uuid',
      key: 'text',
      enrolled: 'bigint',
      completed: 'bigint',
      refused: 'bigint',
      completion_rate: 'numeric',
    },
  },
  functions: {
    'assign_variant(p_experiment_id uuid, p_contact_id uuid)': volatile('uuid'),
    [`claim_events(p_worker text, ${claimLimits})`]: volatile('SETOF survey.events'),
    [`claim_events(p_organisation_id uuid, p_worker text, ${claimLimits})`]: volatile('SETOF survey.events'),
    'complete_event(p_organisation_id uuid, p_id uuid, p_worker text)': volatile('boolean'),
    'fail_event(p_organisation_id uuid, p_id uuid, p_worker text, p_error text, p_max_attempts integer DEFAULT 10)':
      volatile('boolean'),
  },
}
