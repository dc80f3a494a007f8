// Generated from the catalogue of a migrated database by npm run generate; do not edit.
import type { ColumnType, Generated, JsonObject, ReadOnly } from '../row-types.js'
import type * as iam from './iam.js'

/** Lifecycle of a survey campaign (seed enum). */
export const campaignStatus = {
  draft: 'draft',
  scheduled: 'scheduled',
  running: 'running',
  paused: 'paused',
  completed: 'completed',
  cancelled: 'cancelled',
} as const

/** A value of {@link campaignStatus}. */
export type CampaignStatus = (typeof campaignStatus)[keyof typeof campaignStatus]

/** How consent was obtained. */
export const consentSource = {
  import: 'import',
  web_form: 'web_form',
  verbal: 'verbal',
  written: 'written',
  api: 'api',
} as const

/** A value of {@link consentSource}. */
export type ConsentSource = (typeof consentSource)[keyof typeof consentSource]

/** Preferred language of a contact (seed enum). */
export const contactLanguage = {
  en: 'en',
  it: 'it',
  auto: 'auto',
} as const

/** A value of {@link contactLanguage}. */
export type ContactLanguage = (typeof contactLanguage)[keyof typeof contactLanguage]

/** State of a contact inside a campaign (seed enum). */
export const contactState = {
  pending: 'pending',
  in_progress: 'in_progress',
  completed: 'completed',
  refused: 'refused',
  not_reached: 'not_reached',
  excluded: 'excluded',
} as const

/** A value of {@link contactState}. */
export type ContactState = (typeof contactState)[keyof typeof contactState]

/** Domain event type (seed enum). */
export const eventType = {
  'survey.completed': 'survey.completed',
  'survey.refused': 'survey.refused',
  'survey.not_reached': 'survey.not_reached',
} as const

/** A value of {@link eventType}. */
export type EventType = (typeof eventType)[keyof typeof eventType]

/** Lifecycle of an A/B experiment. */
export const experimentStatus = {
  draft: 'draft',
  running: 'running',
  paused: 'paused',
  completed: 'completed',
  cancelled: 'cancelled',
} as const

/** A value of {@link experimentStatus}. */
export type ExperimentStatus = (typeof experimentStatus)[keyof typeof experimentStatus]

/** Answer kind of a question (seed enum). */
export const questionType = {
  free_text: 'free_text',
  numeric: 'numeric',
  scale: 'scale',
} as const

/** A value of {@link questionType}. */
export type QuestionType = (typeof questionType)[keyof typeof questionType]

/** The tables of the module, by their qualified names. */
export const tables = {
  campaign_questions: 'survey.campaign_questions',
  campaigns: 'survey.campaigns',
  contacts: 'survey.contacts',
  enrollments: 'survey.enrollments',
  events: 'survey.events',
  experiment_variants: 'survey.experiment_variants',
  experiments: 'survey.experiments',
  prompts: 'survey.prompts',
  survey_answers: 'survey.survey_answers',
  survey_responses: 'survey.survey_responses',
} as const

/** The views of the module, by their qualified names. */
export const views = {
  v_active_campaigns: 'survey.v_active_campaigns',
  v_campaign_effectiveness: 'survey.v_campaign_effectiveness',
  v_campaign_progress: 'survey.v_campaign_progress',
  v_campaign_script: 'survey.v_campaign_script',
  v_experiment_results: 'survey.v_experiment_results',
  v_survey_responses: 'survey.v_survey_responses',
} as const

/** The columns of each table and view, in their order. */
export const columns = {
  campaign_questions: [
    'organisation_id',
    'id',
    'campaign_id',
    'position',
    'text',
    'type',
    'is_required',
    'scale_min',
    'scale_max',
    'created_at',
    'updated_at',
  ],
  campaigns: [
    'organisation_id',
    'id',
    'name',
    'description',
    'status',
    'language',
    'intro_script',
    'outro_script',
    'max_attempts',
    'retry_interval_minutes',
    'timezone',
    'allowed_call_start_local',
    'allowed_call_end_local',
    'starts_at',
    'ends_at',
    'require_prior_consent',
    'provider_config_id',
    'email_completed_template_id',
    'email_refused_template_id',
    'email_not_reached_template_id',
    'created_by_user_id',
    'settings',
    'created_at',
    'updated_at',
  ],
  contacts: [
    'organisation_id',
    'id',
    'campaign_id',
    'external_contact_id',
    'phone_number',
    'email',
    'full_name',
    'preferred_language',
    'timezone',
    'country_code',
    'has_prior_consent',
    'consent_source',
    'consent_at',
    'consent_evidence',
    'do_not_call',
    'state',
    'attempts_count',
    'last_attempt_at',
    'last_outcome',
    'next_attempt_at',
    'locked_by',
    'locked_until',
    'attributes',
    'created_at',
    'updated_at',
  ],
  enrollments: [
    'organisation_id',
    'experiment_id',
    'contact_id',
    'variant_id',
    'assigned_at',
  ],
  events: [
    'organisation_id',
    'id',
    'event_type',
    'campaign_id',
    'contact_id',
    'call_attempt_id',
    'idempotency_key',
    'payload',
    'published_at',
    'attempts',
    'next_attempt_at',
    'locked_by',
    'locked_until',
    'last_error',
    'dead_at',
    'created_at',
  ],
  experiment_variants: [
    'organisation_id',
    'id',
    'experiment_id',
    'key',
    'weight',
    'intro_script',
    'prompt_id',
    'created_at',
    'updated_at',
  ],
  experiments: [
    'organisation_id',
    'id',
    'campaign_id',
    'name',
    'status',
    'started_at',
    'ended_at',
    'created_at',
    'updated_at',
  ],
  prompts: [
    'organisation_id',
    'id',
    'key',
    'version',
    'purpose',
    'language',
    'body',
    'is_active',
    'created_at',
    'updated_at',
  ],
  survey_answers: [
    'organisation_id',
    'id',
    'response_id',
    'question_id',
    'answer_text',
    'answer_numeric',
    'confidence',
    'answered_at',
    'created_at',
    'updated_at',
  ],
  survey_responses: [
    'organisation_id',
    'id',
    'campaign_id',
    'contact_id',
    'call_attempt_id',
    'language',
    'consent_given_at',
    'started_at',
    'completed_at',
    'metadata',
    'created_at',
    'updated_at',
  ],
  v_active_campaigns: [
    'organisation_id',
    'campaign_id',
    'name',
    'status',
    'contacts_total',
    'pending',
    'in_progress',
    'completed',
    'refused',
    'not_reached',
    'excluded',
    'attempts_total',
    'completion_rate',
    'language',
    'starts_at',
    'ends_at',
    'created_by_user_id',
  ],
  v_campaign_effectiveness: [
    'organisation_id',
    'campaign_id',
    'name',
    'status',
    'contacts_total',
    'completed',
    'completion_rate',
    'calls',
    'answered',
    'avg_duration_seconds',
    'cost_amount',
    'answer_rate',
  ],
  v_campaign_progress: [
    'organisation_id',
    'campaign_id',
    'name',
    'status',
    'contacts_total',
    'pending',
    'in_progress',
    'completed',
    'refused',
    'not_reached',
    'excluded',
    'attempts_total',
    'completion_rate',
  ],
  v_campaign_script: [
    'organisation_id',
    'campaign_id',
    'intro_script',
    'question_1_text',
    'question_1_type',
    'question_2_text',
    'question_2_type',
    'question_3_text',
    'question_3_type',
  ],
  v_experiment_results: [
    'organisation_id',
    'experiment_id',
    'variant_id',
    'key',
    'enrolled',
    'completed',
    'refused',
    'completion_rate',
  ],
  v_survey_responses: [
    'organisation_id',
    'id',
    'campaign_id',
    'contact_id',
    'call_attempt_id',
    'completed_at',
    'q1_answer',
    'q1_confidence',
    'q2_answer',
    'q2_confidence',
    'q3_answer',
    'q3_confidence',
  ],
} as const

/** Ordered questions of a campaign (the core product uses positions 1 to 3). */
export interface CampaignQuestionsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Campaign. */
  readonly campaign_id: string
  /** Order in the script, from 1. */
  readonly position: number
  /** Question as spoken. */
  readonly text: string
  /** Answer kind. */
  readonly type: QuestionType
  /** Survey is complete only when answered. */
  readonly is_required: Generated<boolean>
  /** Lowest value, scale only. */
  readonly scale_min: number | null
  /** Highest value, scale only. */
  readonly scale_max: number | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Voice survey campaigns. */
export interface CampaignsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Campaign name. */
  readonly name: string
  /** Free description. */
  readonly description: string | null
  /** Lifecycle state. */
  readonly status: Generated<CampaignStatus>
  /** Language of the script. */
  readonly language: Generated<iam.CampaignLanguage>
  /** Spoken introduction including the consent question. */
  readonly intro_script: string
  /** Spoken closing. */
  readonly outro_script: string | null
  /** Call attempts per contact. */
  readonly max_attempts: Generated<number>
  /** Minimum minutes between attempts. */
  readonly retry_interval_minutes: Generated<number>
  /** Zone of the call window when the contact has none. */
  readonly timezone: Generated<string>
  /** Start of the daily call window, local time. */
  readonly allowed_call_start_local: Generated<string>
  /** End (exclusive) of the daily call window. */
  readonly allowed_call_end_local: Generated<string>
  /** Scheduled start. */
  readonly starts_at: Date | null
  /** Scheduled end. */
  readonly ends_at: Date | null
  /** Only contacts with prior consent may be called. */
  readonly require_prior_consent: Generated<boolean>
  /** telephony.provider_configs row; foreign key added by the survey_telephony link module. */
  readonly provider_config_id: string | null
  /** notify.email_templates row for completed; foreign key added by survey_notify. */
  readonly email_completed_template_id: string | null
  /** notify.email_templates row for refused; foreign key added by survey_notify. */
  readonly email_refused_template_id: string | null
  /** notify.email_templates row for not_reached; foreign key added by survey_notify. */
  readonly email_not_reached_template_id: string | null
  /** Creating member. */
  readonly created_by_user_id: string | null
  /** Extra settings. */
  readonly settings: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** People to be called in a campaign. */
export interface ContactsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Campaign. */
  readonly campaign_id: string
  /** Id in the importing system. */
  readonly external_contact_id: string | null
  /** Number to dial. */
  readonly phone_number: string
  /** Address for the result email. */
  readonly email: string | null
  /** Name used in greetings and templates. */
  readonly full_name: string | null
  /** Preferred language. */
  readonly preferred_language: Generated<ContactLanguage>
  /** IANA zone of the contact. */
  readonly timezone: string | null
  /** Country used for compliance rules. */
  readonly country_code: string | null
  /** Prior consent to be called exists. */
  readonly has_prior_consent: Generated<boolean>
  /** How consent was obtained. */
  readonly consent_source: ConsentSource | null
  /** When consent was obtained. */
  readonly consent_at: Date | null
  /** Proof of consent (document id, wording version, ip). */
  readonly consent_evidence: Generated<JsonObject>
  /** Must never be called. */
  readonly do_not_call: Generated<boolean>
  /** State in the campaign. */
  readonly state: Generated<ContactState>
  /** Attempts made so far. */
  readonly attempts_count: Generated<number>
  /** Time of the latest attempt. */
  readonly last_attempt_at: Date | null
  /** Outcome of the latest attempt. */
  readonly last_outcome: iam.ContactOutcome | null
  /** Earliest time of the next attempt. */
  readonly next_attempt_at: Generated<Date>
  /** Worker holding the lease. */
  readonly locked_by: string | null
  /** End of the lease. */
  readonly locked_until: Date | null
  /** Imported attributes. */
  readonly attributes: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Stable assignment of a contact to an experiment variant. */
export interface EnrollmentsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Experiment. */
  readonly experiment_id: string
  /** Contact. */
  readonly contact_id: string
  /** Assigned variant; never changed. */
  readonly variant_id: string
  /** Assignment time. */
  readonly assigned_at: Generated<Date>
}

/** Domain events; also the transactional outbox of the survey schema. */
export interface EventsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Event type. */
  readonly event_type: EventType
  /** Campaign. */
  readonly campaign_id: string
  /** Contact. */
  readonly contact_id: string
  /** telephony.call_attempts row; foreign key added by survey_telephony. */
  readonly call_attempt_id: string | null
  /** Producer key that makes emission idempotent, e.g. contact id and type. */
  readonly idempotency_key: string
  /** Event body. */
  readonly payload: Generated<JsonObject>
  /** Relayed successfully. */
  readonly published_at: Date | null
  /** Relay attempts. */
  readonly attempts: Generated<number>
  /** Earliest relay time. */
  readonly next_attempt_at: Generated<Date>
  /** Relay holding the lease. */
  readonly locked_by: string | null
  /** End of the lease. */
  readonly locked_until: Date | null
  /** Latest relay error. */
  readonly last_error: string | null
  /** Given up. */
  readonly dead_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
}

/** Variants of an experiment. */
export interface ExperimentVariantsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Experiment. */
  readonly experiment_id: string
  /** Variant key, e.g. a. */
  readonly key: string
  /** Relative share. */
  readonly weight: Generated<number>
  /** Replaces the campaign introduction. */
  readonly intro_script: string | null
  /** Prompt version of this variant. */
  readonly prompt_id: string | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** A/B experiments on a campaign script. */
export interface ExperimentsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Campaign under test. */
  readonly campaign_id: string
  /** Experiment name. */
  readonly name: string
  /** Lifecycle state. */
  readonly status: Generated<ExperimentStatus>
  /** Start. */
  readonly started_at: Date | null
  /** End. */
  readonly ended_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Versioned prompts for the voice agent. */
export interface PromptsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Stable name of the prompt. */
  readonly key: string
  /** Version number. */
  readonly version: number
  /** What the prompt is for. */
  readonly purpose: string
  /** Language. */
  readonly language: Generated<iam.CampaignLanguage>
  /** Prompt text. */
  readonly body: string
  /** The version in use. */
  readonly is_active: Generated<boolean>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Answer to one question in a response. */
export interface SurveyAnswersTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Response. */
  readonly response_id: string
  /** Question. */
  readonly question_id: string
  /** Answer as understood. */
  readonly answer_text: string | null
  /** Numeric value for numeric and scale. */
  readonly answer_numeric: ColumnType<string | null, string | number | null | undefined, string | number | null>
  /** Extraction confidence 0 to 1. */
  readonly confidence: ColumnType<string | null, string | number | null | undefined, string | number | null>
  /** Answer time. */
  readonly answered_at: Generated<Date>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** One completed or partial interview of a contact. */
export interface SurveyResponsesTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Campaign. */
  readonly campaign_id: string
  /** Contact. */
  readonly contact_id: string
  /** telephony.call_attempts row; foreign key added by survey_telephony. */
  readonly call_attempt_id: string | null
  /** Language the interview was held in. */
  readonly language: iam.CampaignLanguage | null
  /** Spoken consent time in the call. */
  readonly consent_given_at: Date | null
  /** First question time. */
  readonly started_at: Generated<Date>
  /** Completion time; null while partial. */
  readonly completed_at: Date | null
  /** Model versions and other facts. */
  readonly metadata: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Progress of running and paused campaigns. */
export interface ActiveCampaignsView {
  readonly organisation_id: ReadOnly<string | null>
  readonly campaign_id: ReadOnly<string | null>
  readonly name: ReadOnly<string | null>
  readonly status: ReadOnly<CampaignStatus | null>
  readonly contacts_total: ReadOnly<string | null>
  readonly pending: ReadOnly<string | null>
  readonly in_progress: ReadOnly<string | null>
  readonly completed: ReadOnly<string | null>
  readonly refused: ReadOnly<string | null>
  readonly not_reached: ReadOnly<string | null>
  readonly excluded: ReadOnly<string | null>
  readonly attempts_total: ReadOnly<string | null>
  readonly completion_rate: ReadOnly<string | null>
  readonly language: ReadOnly<iam.CampaignLanguage | null>
  readonly starts_at: ReadOnly<Date | null>
  readonly ends_at: ReadOnly<Date | null>
  readonly created_by_user_id: ReadOnly<string | null>
}

/** Progress of a campaign beside its calls, answers and cost; the cost is null when its calls were paid in several currencies. */
export interface CampaignEffectivenessView {
  readonly organisation_id: ReadOnly<string | null>
  readonly campaign_id: ReadOnly<string | null>
  readonly name: ReadOnly<string | null>
  readonly status: ReadOnly<CampaignStatus | null>
  readonly contacts_total: ReadOnly<string | null>
  readonly completed: ReadOnly<string | null>
  readonly completion_rate: ReadOnly<string | null>
  readonly calls: ReadOnly<string | null>
  readonly answered: ReadOnly<string | null>
  readonly avg_duration_seconds: ReadOnly<string | null>
  readonly cost_amount: ReadOnly<string | null>
  readonly answer_rate: ReadOnly<string | null>
}

/** Contacts of a campaign by state, and the share completed. */
export interface CampaignProgressView {
  readonly organisation_id: ReadOnly<string | null>
  readonly campaign_id: ReadOnly<string | null>
  readonly name: ReadOnly<string | null>
  readonly status: ReadOnly<CampaignStatus | null>
  readonly contacts_total: ReadOnly<string | null>
  readonly pending: ReadOnly<string | null>
  readonly in_progress: ReadOnly<string | null>
  readonly completed: ReadOnly<string | null>
  readonly refused: ReadOnly<string | null>
  readonly not_reached: ReadOnly<string | null>
  readonly excluded: ReadOnly<string | null>
  readonly attempts_total: ReadOnly<string | null>
  readonly completion_rate: ReadOnly<string | null>
}

/** Script of a campaign with its first three questions in one row. */
export interface CampaignScriptView {
  readonly organisation_id: ReadOnly<string | null>
  readonly campaign_id: ReadOnly<string | null>
  readonly intro_script: ReadOnly<string | null>
  readonly question_1_text: ReadOnly<string | null>
  readonly question_1_type: ReadOnly<string | null>
  readonly question_2_text: ReadOnly<string | null>
  readonly question_2_type: ReadOnly<string | null>
  readonly question_3_text: ReadOnly<string | null>
  readonly question_3_type: ReadOnly<string | null>
}

/** Contacts and completion by experiment variant. */
export interface ExperimentResultsView {
  readonly organisation_id: ReadOnly<string | null>
  readonly experiment_id: ReadOnly<string | null>
  readonly variant_id: ReadOnly<string | null>
  readonly key: ReadOnly<string | null>
  readonly enrolled: ReadOnly<string | null>
  readonly completed: ReadOnly<string | null>
  readonly refused: ReadOnly<string | null>
  readonly completion_rate: ReadOnly<string | null>
}

/** Interviews with the answers to the first three questions in one row. */
export interface SurveyResponsesView {
  readonly organisation_id: ReadOnly<string | null>
  readonly id: ReadOnly<string | null>
  readonly campaign_id: ReadOnly<string | null>
  readonly contact_id: ReadOnly<string | null>
  readonly call_attempt_id: ReadOnly<string | null>
  readonly completed_at: ReadOnly<Date | null>
  readonly q1_answer: ReadOnly<string | null>
  readonly q1_confidence: ReadOnly<string | null>
  readonly q2_answer: ReadOnly<string | null>
  readonly q2_confidence: ReadOnly<string | null>
  readonly q3_answer: ReadOnly<string | null>
  readonly q3_confidence: ReadOnly<string | null>
}

/** The tables and views of the module survey. */
export interface SurveyDatabase {
  readonly 'survey.campaign_questions': CampaignQuestionsTable
  readonly 'survey.campaigns': CampaignsTable
  readonly 'survey.contacts': ContactsTable
  readonly 'survey.enrollments': EnrollmentsTable
  readonly 'survey.events': EventsTable
  readonly 'survey.experiment_variants': ExperimentVariantsTable
  readonly 'survey.experiments': ExperimentsTable
  readonly 'survey.prompts': PromptsTable
  readonly 'survey.survey_answers': SurveyAnswersTable
  readonly 'survey.survey_responses': SurveyResponsesTable
  readonly 'survey.v_active_campaigns': ActiveCampaignsView
  readonly 'survey.v_campaign_effectiveness': CampaignEffectivenessView
  readonly 'survey.v_campaign_progress': CampaignProgressView
  readonly 'survey.v_campaign_script': CampaignScriptView
  readonly 'survey.v_experiment_results': ExperimentResultsView
  readonly 'survey.v_survey_responses': SurveyResponsesView
}
