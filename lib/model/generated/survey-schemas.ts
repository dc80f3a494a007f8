// Generated from the catalogue of a migrated database by npm run generate; do not edit.
import { isTimezone, jsonTypeof, length, matches } from '../../schemas/check-functions.js'
import { bigint, boolean, enumeration, integer, jsonb, numeric, smallint, text, time, timestamptz, uuid } from '../../schemas/column-kinds.js'
import { defineTable, defineView } from '../../schemas/define-table.js'
import { and, atLeast, atMost, choose, equal, greaterThan, isNotNull, isNull, isOneOf, lessThan, not, notEqual, or } from '../../schemas/three-valued-logic.js'
import * as iam from './iam.js'
import * as survey from './survey.js'

export const campaign_questions = /*@__PURE__*/ defineTable<'survey.campaign_questions'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    campaign_id: { kind: uuid },
    position: { kind: smallint },
    text: { kind: text },
    type: { kind: enumeration(survey.questionType) },
    is_required: { kind: boolean, hasDefault: true },
    scale_min: { kind: smallint, isNullable: true },
    scale_max: { kind: smallint, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_campaign_questions_position',
      columns: ['position'],
      expression: '("position" >= 1) AND ("position" <= 20)',
      test: (row) => and(atLeast(row['position'], 1), atMost(row['position'], 20)),
    },
    {
      name: 'ck_campaign_questions_scale_bounds',
      columns: ['type', 'scale_min', 'scale_max'],
      expression: 'CASE WHEN (type = \'scale\'::survey.question_type) THEN ((scale_min IS NOT NULL) AND (scale_max IS NOT NULL) AND (scale_min < scale_max)) ELSE ((scale_min IS NULL) AND (scale_max IS NULL)) END',
      test: (row) => choose(equal(row['type'], 'scale'), and(isNotNull(row['scale_min']), isNotNull(row['scale_max']), lessThan(row['scale_min'], row['scale_max'])), and(isNull(row['scale_min']), isNull(row['scale_max']))),
    },
    {
      name: 'ck_campaign_questions_text',
      columns: ['text'],
      expression: 'length(text) > 0',
      test: (row) => greaterThan(length(row['text']), 0),
    },
  ],
)

export const campaigns = /*@__PURE__*/ defineTable<'survey.campaigns'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    name: { kind: text },
    description: { kind: text, isNullable: true },
    status: { kind: enumeration(survey.campaignStatus), hasDefault: true, default: () => 'draft' },
    language: { kind: enumeration(iam.campaignLanguage), hasDefault: true },
    intro_script: { kind: text },
    outro_script: { kind: text, isNullable: true },
    max_attempts: { kind: smallint, hasDefault: true },
    retry_interval_minutes: { kind: integer, hasDefault: true },
    timezone: { kind: text, hasDefault: true },
    allowed_call_start_local: { kind: time, hasDefault: true, default: () => '09:00:00' },
    allowed_call_end_local: { kind: time, hasDefault: true, default: () => '20:00:00' },
    starts_at: { kind: timestamptz, isNullable: true },
    ends_at: { kind: timestamptz, isNullable: true },
    require_prior_consent: { kind: boolean, hasDefault: true },
    provider_config_id: { kind: uuid, isNullable: true },
    email_completed_template_id: { kind: uuid, isNullable: true },
    email_refused_template_id: { kind: uuid, isNullable: true },
    email_not_reached_template_id: { kind: uuid, isNullable: true },
    created_by_user_id: { kind: uuid, isNullable: true },
    settings: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_campaigns_call_window',
      columns: ['allowed_call_start_local', 'allowed_call_end_local'],
      expression: 'allowed_call_start_local < allowed_call_end_local',
      test: (row) => lessThan(row['allowed_call_start_local'], row['allowed_call_end_local']),
    },
    {
      name: 'ck_campaigns_intro_script',
      columns: ['intro_script'],
      expression: 'length(intro_script) > 0',
      test: (row) => greaterThan(length(row['intro_script']), 0),
    },
    {
      name: 'ck_campaigns_max_attempts',
      columns: ['max_attempts'],
      expression: '(max_attempts >= 1) AND (max_attempts <= 5)',
      test: (row) => and(atLeast(row['max_attempts'], 1), atMost(row['max_attempts'], 5)),
    },
    {
      name: 'ck_campaigns_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 255)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 255)),
    },
    {
      name: 'ck_campaigns_retry_interval_minutes',
      columns: ['retry_interval_minutes'],
      expression: 'retry_interval_minutes >= 1',
      test: (row) => atLeast(row['retry_interval_minutes'], 1),
    },
    {
      name: 'ck_campaigns_schedule',
      columns: ['ends_at', 'starts_at'],
      expression: '(ends_at IS NULL) OR (starts_at IS NULL) OR (starts_at < ends_at)',
      test: (row) => or(isNull(row['ends_at']), isNull(row['starts_at']), lessThan(row['starts_at'], row['ends_at'])),
    },
    {
      name: 'ck_campaigns_scheduled_start',
      columns: ['status', 'starts_at'],
      expression: '(status <> \'scheduled\'::survey.campaign_status) OR (starts_at IS NOT NULL)',
      test: (row) => or(notEqual(row['status'], 'scheduled'), isNotNull(row['starts_at'])),
    },
    {
      name: 'ck_campaigns_settings',
      columns: ['settings'],
      expression: 'jsonb_typeof(settings) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['settings']), 'object'),
    },
    {
      name: 'ck_campaigns_timezone',
      columns: ['timezone'],
      expression: 'iam.is_timezone(timezone)',
      test: (row) => isTimezone(row['timezone']),
    },
  ],
)

export const contacts = /*@__PURE__*/ defineTable<'survey.contacts'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    campaign_id: { kind: uuid },
    external_contact_id: { kind: text, isNullable: true },
    phone_number: { kind: text },
    email: { kind: text, isNullable: true },
    full_name: { kind: text, isNullable: true },
    preferred_language: { kind: enumeration(survey.contactLanguage), hasDefault: true },
    timezone: { kind: text, isNullable: true },
    country_code: { kind: text, isNullable: true },
    has_prior_consent: { kind: boolean, hasDefault: true, default: () => false },
    consent_source: { kind: enumeration(survey.consentSource), isNullable: true },
    consent_at: { kind: timestamptz, isNullable: true },
    consent_evidence: { kind: jsonb, hasDefault: true },
    do_not_call: { kind: boolean, hasDefault: true, default: () => false },
    state: { kind: enumeration(survey.contactState), hasDefault: true, default: () => 'pending' },
    attempts_count: { kind: smallint, hasDefault: true },
    last_attempt_at: { kind: timestamptz, isNullable: true },
    last_outcome: { kind: enumeration(iam.contactOutcome), isNullable: true },
    next_attempt_at: { kind: timestamptz, hasDefault: true },
    locked_by: { kind: text, isNullable: true },
    locked_until: { kind: timestamptz, isNullable: true },
    attributes: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_e164',
      columns: ['phone_number'],
      expression: 'VALUE ~ \'^\\+[1-9][0-9]{6,14}$\'::text',
      test: (row) => matches(row['phone_number'], /^\+[1-9][0-9]{6,14}$/u),
    },
    {
      name: 'ck_email',
      columns: ['email'],
      expression: '(length((VALUE)::text) <= 320) AND ((VALUE)::text ~ \'^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$\'::text)',
      test: (row) => and(atMost(length(row['email']), 320), matches(row['email'], /^[^@\t\n\v\f\r ]+@[^@\t\n\v\f\r ]+\.[^@\t\n\v\f\r ]+$/u)),
    },
    {
      name: 'ck_contacts_attempts_count',
      columns: ['attempts_count'],
      expression: '(attempts_count >= 0) AND (attempts_count <= 50)',
      test: (row) => and(atLeast(row['attempts_count'], 0), atMost(row['attempts_count'], 50)),
    },
    {
      name: 'ck_contacts_attributes',
      columns: ['attributes'],
      expression: 'jsonb_typeof(attributes) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['attributes']), 'object'),
    },
    {
      name: 'ck_contacts_consent_evidence',
      columns: ['consent_evidence'],
      expression: 'jsonb_typeof(consent_evidence) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['consent_evidence']), 'object'),
    },
    {
      name: 'ck_contacts_consent_proof',
      columns: ['has_prior_consent', 'consent_source'],
      expression: '(NOT has_prior_consent) OR (consent_source IS NOT NULL)',
      test: (row) => or(not(row['has_prior_consent']), isNotNull(row['consent_source'])),
    },
    {
      name: 'ck_contacts_country_code',
      columns: ['country_code'],
      expression: 'country_code ~ \'^[A-Z]{2}$\'::text',
      test: (row) => matches(row['country_code'], /^[A-Z]{2}$/u),
    },
    {
      name: 'ck_contacts_dnc_state',
      columns: ['do_not_call', 'state'],
      expression: 'NOT (do_not_call AND (state = ANY (ARRAY[\'pending\'::survey.contact_state, \'in_progress\'::survey.contact_state])))',
      test: (row) => not(and(row['do_not_call'], isOneOf(row['state'], ['pending', 'in_progress']))),
    },
    {
      name: 'ck_contacts_external_contact_id',
      columns: ['external_contact_id'],
      expression: '(length(external_contact_id) >= 1) AND (length(external_contact_id) <= 255)',
      test: (row) => and(atLeast(length(row['external_contact_id']), 1), atMost(length(row['external_contact_id']), 255)),
    },
    {
      name: 'ck_contacts_full_name',
      columns: ['full_name'],
      expression: '(length(full_name) >= 1) AND (length(full_name) <= 255)',
      test: (row) => and(atLeast(length(row['full_name']), 1), atMost(length(row['full_name']), 255)),
    },
    {
      name: 'ck_contacts_lock_pair',
      columns: ['locked_by', 'locked_until'],
      expression: '(locked_by IS NULL) = (locked_until IS NULL)',
      test: (row) => equal(isNull(row['locked_by']), isNull(row['locked_until'])),
    },
    {
      name: 'ck_contacts_timezone',
      columns: ['timezone'],
      expression: '(timezone IS NULL) OR iam.is_timezone(timezone)',
      test: (row) => or(isNull(row['timezone']), isTimezone(row['timezone'])),
    },
  ],
)

export const enrollments = /*@__PURE__*/ defineTable<'survey.enrollments'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    experiment_id: { kind: uuid },
    contact_id: { kind: uuid },
    variant_id: { kind: uuid },
    assigned_at: { kind: timestamptz, hasDefault: true },
  },
  [],
)

export const events = /*@__PURE__*/ defineTable<'survey.events'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    event_type: { kind: enumeration(survey.eventType) },
    campaign_id: { kind: uuid },
    contact_id: { kind: uuid },
    call_attempt_id: { kind: uuid, isNullable: true },
    idempotency_key: { kind: text },
    payload: { kind: jsonb, hasDefault: true },
    published_at: { kind: timestamptz, isNullable: true },
    attempts: { kind: smallint, hasDefault: true },
    next_attempt_at: { kind: timestamptz, hasDefault: true },
    locked_by: { kind: text, isNullable: true },
    locked_until: { kind: timestamptz, isNullable: true },
    last_error: { kind: text, isNullable: true },
    dead_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_events_attempts',
      columns: ['attempts'],
      expression: 'attempts >= 0',
      test: (row) => atLeast(row['attempts'], 0),
    },
    {
      name: 'ck_events_idempotency_key',
      columns: ['idempotency_key'],
      expression: '(length(idempotency_key) >= 1) AND (length(idempotency_key) <= 200)',
      test: (row) => and(atLeast(length(row['idempotency_key']), 1), atMost(length(row['idempotency_key']), 200)),
    },
    {
      name: 'ck_events_lock_pair',
      columns: ['locked_by', 'locked_until'],
      expression: '(locked_by IS NULL) = (locked_until IS NULL)',
      test: (row) => equal(isNull(row['locked_by']), isNull(row['locked_until'])),
    },
    {
      name: 'ck_events_payload',
      columns: ['payload'],
      expression: 'jsonb_typeof(payload) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['payload']), 'object'),
    },
  ],
)

export const experiment_variants = /*@__PURE__*/ defineTable<'survey.experiment_variants'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    experiment_id: { kind: uuid },
    key: { kind: text },
    weight: { kind: integer, hasDefault: true },
    intro_script: { kind: text, isNullable: true },
    prompt_id: { kind: uuid, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_experiment_variants_key',
      columns: ['key'],
      expression: 'key ~ \'^[a-z0-9_-]{1,50}$\'::text',
      test: (row) => matches(row['key'], /^[a-z0-9_-]{1,50}$/u),
    },
    {
      name: 'ck_experiment_variants_weight',
      columns: ['weight'],
      expression: '(weight >= 0) AND (weight <= 10000)',
      test: (row) => and(atLeast(row['weight'], 0), atMost(row['weight'], 10000)),
    },
  ],
)

export const experiments = /*@__PURE__*/ defineTable<'survey.experiments'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    campaign_id: { kind: uuid },
    name: { kind: text },
    status: { kind: enumeration(survey.experimentStatus), hasDefault: true },
    started_at: { kind: timestamptz, isNullable: true },
    ended_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_experiments_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 200)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 200)),
    },
    {
      name: 'ck_experiments_times',
      columns: ['ended_at', 'started_at'],
      expression: '(ended_at IS NULL) OR (started_at IS NULL) OR (ended_at >= started_at)',
      test: (row) => or(isNull(row['ended_at']), isNull(row['started_at']), atLeast(row['ended_at'], row['started_at'])),
    },
  ],
)

export const prompts = /*@__PURE__*/ defineTable<'survey.prompts'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    key: { kind: text },
    version: { kind: integer },
    purpose: { kind: text },
    language: { kind: enumeration(iam.campaignLanguage), hasDefault: true },
    body: { kind: text },
    is_active: { kind: boolean, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_prompts_body',
      columns: ['body'],
      expression: 'length(body) > 0',
      test: (row) => greaterThan(length(row['body']), 0),
    },
    {
      name: 'ck_prompts_key',
      columns: ['key'],
      expression: 'key ~ \'^[a-z][a-z0-9_.-]{0,99}$\'::text',
      test: (row) => matches(row['key'], /^[a-z][a-z0-9_.-]{0,99}$/u),
    },
    {
      name: 'ck_prompts_purpose',
      columns: ['purpose'],
      expression: '(length(purpose) >= 1) AND (length(purpose) <= 100)',
      test: (row) => and(atLeast(length(row['purpose']), 1), atMost(length(row['purpose']), 100)),
    },
    {
      name: 'ck_prompts_version',
      columns: ['version'],
      expression: 'version >= 1',
      test: (row) => atLeast(row['version'], 1),
    },
  ],
)

export const survey_answers = /*@__PURE__*/ defineTable<'survey.survey_answers'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    response_id: { kind: uuid },
    question_id: { kind: uuid },
    answer_text: { kind: text, isNullable: true },
    answer_numeric: { kind: numeric(), isNullable: true },
    confidence: { kind: numeric(3, 2), isNullable: true },
    answered_at: { kind: timestamptz, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_survey_answers_confidence',
      columns: ['confidence'],
      expression: '(confidence >= (0)::numeric) AND (confidence <= (1)::numeric)',
      test: (row) => and(atLeast(row['confidence'], 0), atMost(row['confidence'], 1)),
    },
    {
      name: 'ck_survey_answers_has_value',
      columns: ['answer_text', 'answer_numeric'],
      expression: '(answer_text IS NOT NULL) OR (answer_numeric IS NOT NULL)',
      test: (row) => or(isNotNull(row['answer_text']), isNotNull(row['answer_numeric'])),
    },
  ],
)

export const survey_responses = /*@__PURE__*/ defineTable<'survey.survey_responses'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    campaign_id: { kind: uuid },
    contact_id: { kind: uuid },
    call_attempt_id: { kind: uuid, isNullable: true },
    language: { kind: enumeration(iam.campaignLanguage), isNullable: true },
    consent_given_at: { kind: timestamptz, isNullable: true },
    started_at: { kind: timestamptz, hasDefault: true, default: () => new Date() },
    completed_at: { kind: timestamptz, isNullable: true },
    metadata: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_survey_responses_metadata',
      columns: ['metadata'],
      expression: 'jsonb_typeof(metadata) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['metadata']), 'object'),
    },
    {
      name: 'ck_survey_responses_times',
      columns: ['completed_at', 'started_at'],
      expression: '(completed_at IS NULL) OR (completed_at >= started_at)',
      test: (row) => or(isNull(row['completed_at']), atLeast(row['completed_at'], row['started_at'])),
    },
  ],
)

export const v_active_campaigns = /*@__PURE__*/ defineView<'survey.v_active_campaigns'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    name: { kind: text, isNullable: true },
    status: { kind: enumeration(survey.campaignStatus), isNullable: true },
    contacts_total: { kind: bigint, isNullable: true },
    pending: { kind: bigint, isNullable: true },
    in_progress: { kind: bigint, isNullable: true },
    completed: { kind: bigint, isNullable: true },
    refused: { kind: bigint, isNullable: true },
    not_reached: { kind: bigint, isNullable: true },
    excluded: { kind: bigint, isNullable: true },
    attempts_total: { kind: bigint, isNullable: true },
    completion_rate: { kind: numeric(), isNullable: true },
    language: { kind: enumeration(iam.campaignLanguage), isNullable: true },
    starts_at: { kind: timestamptz, isNullable: true },
    ends_at: { kind: timestamptz, isNullable: true },
    created_by_user_id: { kind: uuid, isNullable: true },
  },
)

export const v_campaign_effectiveness = /*@__PURE__*/ defineView<'survey.v_campaign_effectiveness'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    name: { kind: text, isNullable: true },
    status: { kind: enumeration(survey.campaignStatus), isNullable: true },
    contacts_total: { kind: bigint, isNullable: true },
    completed: { kind: bigint, isNullable: true },
    completion_rate: { kind: numeric(), isNullable: true },
    calls: { kind: bigint, isNullable: true },
    answered: { kind: bigint, isNullable: true },
    avg_duration_seconds: { kind: numeric(), isNullable: true },
    cost_amount: { kind: numeric(), isNullable: true },
    answer_rate: { kind: numeric(), isNullable: true },
  },
)

export const v_campaign_progress = /*@__PURE__*/ defineView<'survey.v_campaign_progress'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    name: { kind: text, isNullable: true },
    status: { kind: enumeration(survey.campaignStatus), isNullable: true },
    contacts_total: { kind: bigint, isNullable: true },
    pending: { kind: bigint, isNullable: true },
    in_progress: { kind: bigint, isNullable: true },
    completed: { kind: bigint, isNullable: true },
    refused: { kind: bigint, isNullable: true },
    not_reached: { kind: bigint, isNullable: true },
    excluded: { kind: bigint, isNullable: true },
    attempts_total: { kind: bigint, isNullable: true },
    completion_rate: { kind: numeric(), isNullable: true },
  },
)

export const v_campaign_script = /*@__PURE__*/ defineView<'survey.v_campaign_script'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    intro_script: { kind: text, isNullable: true },
    question_1_text: { kind: text, isNullable: true },
    question_1_type: { kind: text, isNullable: true },
    question_2_text: { kind: text, isNullable: true },
    question_2_type: { kind: text, isNullable: true },
    question_3_text: { kind: text, isNullable: true },
    question_3_type: { kind: text, isNullable: true },
  },
)

export const v_experiment_results = /*@__PURE__*/ defineView<'survey.v_experiment_results'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    experiment_id: { kind: uuid, isNullable: true },
    variant_id: { kind: uuid, isNullable: true },
    key: { kind: text, isNullable: true },
    enrolled: { kind: bigint, isNullable: true },
    completed: { kind: bigint, isNullable: true },
    refused: { kind: bigint, isNullable: true },
    completion_rate: { kind: numeric(), isNullable: true },
  },
)

export const v_survey_responses = /*@__PURE__*/ defineView<'survey.v_survey_responses'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    contact_id: { kind: uuid, isNullable: true },
    call_attempt_id: { kind: uuid, isNullable: true },
    completed_at: { kind: timestamptz, isNullable: true },
    q1_answer: { kind: text, isNullable: true },
    q1_confidence: { kind: numeric(), isNullable: true },
    q2_answer: { kind: text, isNullable: true },
    q2_confidence: { kind: numeric(), isNullable: true },
    q3_answer: { kind: text, isNullable: true },
    q3_confidence: { kind: numeric(), isNullable: true },
  },
)
