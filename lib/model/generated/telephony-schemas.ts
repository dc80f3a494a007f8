// Generated from the catalogue of a migrated database by npm run generate; do not edit.
import { cardinality, isContainedBy, jsonTypeof, length, matches } from '../../schemas/check-functions.js'
import { arrayOf, bigint, boolean, date, enumeration, integer, jsonb, numeric, smallint, text, time, timestamptz, uuid } from '../../schemas/column-kinds.js'
import { defineTable, defineView } from '../../schemas/define-table.js'
import { and, atLeast, atMost, equal, greaterThan, isNotNull, isNull, isOneOf, lessThan, notEqual, or } from '../../schemas/three-valued-logic.js'
import * as iam from './iam.js'
import * as telephony from './telephony.js'

export const agents = /*@__PURE__*/ defineTable<'telephony.agents'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    name: { kind: text },
    type: { kind: enumeration(telephony.agentType) },
    status: { kind: enumeration(telephony.agentStatus), hasDefault: true },
    capabilities: { kind: arrayOf(text), hasDefault: true },
    user_id: { kind: uuid, isNullable: true },
    config: { kind: jsonb, hasDefault: true },
    performance_metrics: { kind: jsonb, hasDefault: true },
    last_heartbeat_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_agents_config',
      columns: ['config'],
      expression: 'jsonb_typeof(config) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['config']), 'object'),
    },
    {
      name: 'ck_agents_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 100)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 100)),
    },
    {
      name: 'ck_agents_performance_metrics',
      columns: ['performance_metrics'],
      expression: 'jsonb_typeof(performance_metrics) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['performance_metrics']), 'object'),
    },
  ],
)

export const call_attempts = /*@__PURE__*/ defineTable<'telephony.call_attempts'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    contact_id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    provider_config_id: { kind: uuid, isNullable: true },
    attempt_number: { kind: smallint, hasDefault: true },
    direction: { kind: enumeration(telephony.callDirection), hasDefault: true },
    call_id: { kind: text },
    provider_call_id: { kind: text, isNullable: true },
    to_number: { kind: text },
    from_number: { kind: text, isNullable: true },
    status: { kind: enumeration(telephony.callStatus), hasDefault: true, default: () => 'queued' },
    outcome: { kind: enumeration(iam.contactOutcome), isNullable: true },
    provider_raw_status: { kind: text, isNullable: true },
    answered_by: { kind: enumeration(telephony.answeredBy), isNullable: true },
    queued_at: { kind: timestamptz, hasDefault: true, default: () => new Date() },
    started_at: { kind: timestamptz, isNullable: true },
    answered_at: { kind: timestamptz, isNullable: true },
    ended_at: { kind: timestamptz, isNullable: true },
    duration_seconds: { kind: integer, isNullable: true },
    error_code: { kind: text, isNullable: true },
    error_message: { kind: text, isNullable: true },
    recording_uri: { kind: text, isNullable: true },
    recording_deleted_at: { kind: timestamptz, isNullable: true },
    cost_amount: { kind: numeric(12, 6), isNullable: true },
    cost_currency: { kind: text, isNullable: true },
    metadata: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_e164',
      columns: ['to_number'],
      expression: 'VALUE ~ \'^\\+[1-9][0-9]{6,14}$\'::text',
      test: (row) => matches(row['to_number'], /^\+[1-9][0-9]{6,14}$/u),
    },
    {
      name: 'ck_e164',
      columns: ['from_number'],
      expression: 'VALUE ~ \'^\\+[1-9][0-9]{6,14}$\'::text',
      test: (row) => matches(row['from_number'], /^\+[1-9][0-9]{6,14}$/u),
    },
    {
      name: 'ck_call_attempts_attempt_number',
      columns: ['attempt_number'],
      expression: 'attempt_number >= 1',
      test: (row) => atLeast(row['attempt_number'], 1),
    },
    {
      name: 'ck_call_attempts_call_id',
      columns: ['call_id'],
      expression: '(length(call_id) >= 1) AND (length(call_id) <= 255)',
      test: (row) => and(atLeast(length(row['call_id']), 1), atMost(length(row['call_id']), 255)),
    },
    {
      name: 'ck_call_attempts_cost_amount',
      columns: ['cost_amount'],
      expression: 'cost_amount >= (0)::numeric',
      test: (row) => atLeast(row['cost_amount'], 0),
    },
    {
      name: 'ck_call_attempts_cost_currency',
      columns: ['cost_currency'],
      expression: 'cost_currency ~ \'^[A-Z]{3}$\'::text',
      test: (row) => matches(row['cost_currency'], /^[A-Z]{3}$/u),
    },
    {
      name: 'ck_call_attempts_cost_pair',
      columns: ['cost_amount', 'cost_currency'],
      expression: '(cost_amount IS NULL) = (cost_currency IS NULL)',
      test: (row) => equal(isNull(row['cost_amount']), isNull(row['cost_currency'])),
    },
    {
      name: 'ck_call_attempts_duration_seconds',
      columns: ['duration_seconds'],
      expression: 'duration_seconds >= 0',
      test: (row) => atLeast(row['duration_seconds'], 0),
    },
    {
      name: 'ck_call_attempts_ended',
      columns: ['ended_at', 'status'],
      expression: '(ended_at IS NULL) OR (status = ANY (ARRAY[\'completed\'::telephony.call_status, \'no_answer\'::telephony.call_status, \'busy\'::telephony.call_status, \'failed\'::telephony.call_status, \'cancelled\'::telephony.call_status]))',
      test: (row) => or(isNull(row['ended_at']), isOneOf(row['status'], ['completed', 'no_answer', 'busy', 'failed', 'cancelled'])),
    },
    {
      name: 'ck_call_attempts_metadata',
      columns: ['metadata'],
      expression: 'jsonb_typeof(metadata) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['metadata']), 'object'),
    },
    {
      name: 'ck_call_attempts_provider_call_id',
      columns: ['provider_call_id'],
      expression: '(length(provider_call_id) >= 1) AND (length(provider_call_id) <= 255)',
      test: (row) => and(atLeast(length(row['provider_call_id']), 1), atMost(length(row['provider_call_id']), 255)),
    },
    {
      name: 'ck_call_attempts_times',
      columns: ['answered_at', 'started_at', 'ended_at', 'queued_at'],
      expression: '((answered_at IS NULL) OR (started_at IS NOT NULL)) AND ((ended_at IS NULL) OR (ended_at >= queued_at))',
      test: (row) => and(or(isNull(row['answered_at']), isNotNull(row['started_at'])), or(isNull(row['ended_at']), atLeast(row['ended_at'], row['queued_at']))),
    },
  ],
)

export const call_events = /*@__PURE__*/ defineTable<'telephony.call_events'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    call_attempt_id: { kind: uuid },
    event_type: { kind: enumeration(telephony.callEventType) },
    occurred_at: { kind: timestamptz, hasDefault: true },
    provider_event_id: { kind: text, isNullable: true },
    dtmf_digits: { kind: text, isNullable: true },
    offset_ms: { kind: integer, isNullable: true },
    payload: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_call_events_dtmf',
      columns: ['event_type', 'dtmf_digits'],
      expression: '(event_type = \'dtmf\'::telephony.call_event_type) = (dtmf_digits IS NOT NULL)',
      test: (row) => equal(equal(row['event_type'], 'dtmf'), isNotNull(row['dtmf_digits'])),
    },
    {
      name: 'ck_call_events_dtmf_digits',
      columns: ['dtmf_digits'],
      expression: 'dtmf_digits ~ \'^[0-9A-D*#]{1,64}$\'::text',
      test: (row) => matches(row['dtmf_digits'], /^[0-9A-D*#]{1,64}$/u),
    },
    {
      name: 'ck_call_events_offset_ms',
      columns: ['offset_ms'],
      expression: 'offset_ms >= 0',
      test: (row) => atLeast(row['offset_ms'], 0),
    },
    {
      name: 'ck_call_events_payload',
      columns: ['payload'],
      expression: 'jsonb_typeof(payload) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['payload']), 'object'),
    },
    {
      name: 'ck_call_events_provider_event_id',
      columns: ['provider_event_id'],
      expression: '(length(provider_event_id) >= 1) AND (length(provider_event_id) <= 255)',
      test: (row) => and(atLeast(length(row['provider_event_id']), 1), atMost(length(row['provider_event_id']), 255)),
    },
  ],
)

export const compliance_rules = /*@__PURE__*/ defineTable<'telephony.compliance_rules'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    name: { kind: text },
    country_code: { kind: text, isNullable: true },
    channel: { kind: enumeration(iam.contactChannel), hasDefault: true },
    allowed_weekdays: { kind: arrayOf(smallint), hasDefault: true },
    window_start_local: { kind: time, hasDefault: true, default: () => '09:00:00' },
    window_end_local: { kind: time, hasDefault: true, default: () => '20:00:00' },
    max_attempts_per_day: { kind: smallint, isNullable: true },
    max_attempts_per_week: { kind: smallint, isNullable: true },
    min_gap_minutes: { kind: integer, isNullable: true },
    requires_consent: { kind: boolean, hasDefault: true },
    valid_from: { kind: date, hasDefault: true, default: () => new Date().toISOString().slice(0, 10) },
    valid_to: { kind: date, isNullable: true },
    is_active: { kind: boolean, hasDefault: true },
    parameters: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_compliance_rules_allowed_weekdays',
      columns: ['allowed_weekdays'],
      expression: '(allowed_weekdays <@ \'{1,2,3,4,5,6,7}\'::smallint[]) AND (cardinality(allowed_weekdays) > 0)',
      test: (row) => and(isContainedBy(row['allowed_weekdays'], [1, 2, 3, 4, 5, 6, 7]), greaterThan(cardinality(row['allowed_weekdays']), 0)),
    },
    {
      name: 'ck_compliance_rules_channel',
      columns: ['channel'],
      expression: 'channel <> \'any\'::iam.contact_channel',
      test: (row) => notEqual(row['channel'], 'any'),
    },
    {
      name: 'ck_compliance_rules_country_code',
      columns: ['country_code'],
      expression: 'country_code ~ \'^[A-Z]{2}$\'::text',
      test: (row) => matches(row['country_code'], /^[A-Z]{2}$/u),
    },
    {
      name: 'ck_compliance_rules_max_attempts_per_day',
      columns: ['max_attempts_per_day'],
      expression: 'max_attempts_per_day >= 1',
      test: (row) => atLeast(row['max_attempts_per_day'], 1),
    },
    {
      name: 'ck_compliance_rules_max_attempts_per_week',
      columns: ['max_attempts_per_week'],
      expression: 'max_attempts_per_week >= 1',
      test: (row) => atLeast(row['max_attempts_per_week'], 1),
    },
    {
      name: 'ck_compliance_rules_min_gap_minutes',
      columns: ['min_gap_minutes'],
      expression: 'min_gap_minutes >= 0',
      test: (row) => atLeast(row['min_gap_minutes'], 0),
    },
    {
      name: 'ck_compliance_rules_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 200)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 200)),
    },
    {
      name: 'ck_compliance_rules_parameters',
      columns: ['parameters'],
      expression: 'jsonb_typeof(parameters) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['parameters']), 'object'),
    },
    {
      name: 'ck_compliance_rules_validity',
      columns: ['valid_to', 'valid_from'],
      expression: '(valid_to IS NULL) OR (valid_to >= valid_from)',
      test: (row) => or(isNull(row['valid_to']), atLeast(row['valid_to'], row['valid_from'])),
    },
    {
      name: 'ck_compliance_rules_window',
      columns: ['window_start_local', 'window_end_local'],
      expression: 'window_start_local < window_end_local',
      test: (row) => lessThan(row['window_start_local'], row['window_end_local']),
    },
  ],
)

export const exclusion_list_entries = /*@__PURE__*/ defineTable<'telephony.exclusion_list_entries'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    phone_number: { kind: text },
    reason: { kind: text, isNullable: true },
    source: { kind: enumeration(telephony.exclusionSource), hasDefault: true },
    expires_at: { kind: timestamptz, isNullable: true },
    created_by_user_id: { kind: uuid, isNullable: true },
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
  ],
)

export const provider_configs = /*@__PURE__*/ defineTable<'telephony.provider_configs'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    name: { kind: text, hasDefault: true },
    provider_type: { kind: enumeration(telephony.providerType), hasDefault: true },
    provider_name: { kind: text, hasDefault: true },
    outbound_number: { kind: text },
    max_concurrent_calls: { kind: integer, hasDefault: true },
    llm_provider: { kind: enumeration(telephony.llmProvider), hasDefault: true },
    llm_model: { kind: text },
    recording_retention_days: { kind: integer, hasDefault: true },
    transcript_retention_days: { kind: integer, hasDefault: true },
    credentials_ref: { kind: text, isNullable: true },
    webhook_secret_ref: { kind: text, isNullable: true },
    is_default: { kind: boolean, hasDefault: true },
    is_active: { kind: boolean, hasDefault: true },
    settings: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_e164',
      columns: ['outbound_number'],
      expression: 'VALUE ~ \'^\\+[1-9][0-9]{6,14}$\'::text',
      test: (row) => matches(row['outbound_number'], /^\+[1-9][0-9]{6,14}$/u),
    },
    {
      name: 'ck_provider_configs_llm_model',
      columns: ['llm_model'],
      expression: '(length(llm_model) >= 1) AND (length(llm_model) <= 100)',
      test: (row) => and(atLeast(length(row['llm_model']), 1), atMost(length(row['llm_model']), 100)),
    },
    {
      name: 'ck_provider_configs_max_concurrent_calls',
      columns: ['max_concurrent_calls'],
      expression: '(max_concurrent_calls >= 1) AND (max_concurrent_calls <= 10000)',
      test: (row) => and(atLeast(row['max_concurrent_calls'], 1), atMost(row['max_concurrent_calls'], 10000)),
    },
    {
      name: 'ck_provider_configs_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 100)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 100)),
    },
    {
      name: 'ck_provider_configs_provider_name',
      columns: ['provider_name'],
      expression: '(length(provider_name) >= 1) AND (length(provider_name) <= 100)',
      test: (row) => and(atLeast(length(row['provider_name']), 1), atMost(length(row['provider_name']), 100)),
    },
    {
      name: 'ck_provider_configs_recording_retention_days',
      columns: ['recording_retention_days'],
      expression: '(recording_retention_days >= 0) AND (recording_retention_days <= 3650)',
      test: (row) => and(atLeast(row['recording_retention_days'], 0), atMost(row['recording_retention_days'], 3650)),
    },
    {
      name: 'ck_provider_configs_settings',
      columns: ['settings'],
      expression: 'jsonb_typeof(settings) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['settings']), 'object'),
    },
    {
      name: 'ck_provider_configs_transcript_retention_days',
      columns: ['transcript_retention_days'],
      expression: '(transcript_retention_days >= 0) AND (transcript_retention_days <= 3650)',
      test: (row) => and(atLeast(row['transcript_retention_days'], 0), atMost(row['transcript_retention_days'], 3650)),
    },
  ],
)

export const tasks = /*@__PURE__*/ defineTable<'telephony.tasks'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    type: { kind: enumeration(telephony.taskType) },
    priority: { kind: enumeration(telephony.taskPriority), hasDefault: true },
    status: { kind: enumeration(telephony.taskStatus), hasDefault: true, default: () => 'pending' },
    agent_id: { kind: uuid, isNullable: true },
    subject_type: { kind: text, isNullable: true },
    subject_id: { kind: uuid, isNullable: true },
    idempotency_key: { kind: text, isNullable: true },
    scheduled_at: { kind: timestamptz, hasDefault: true },
    due_at: { kind: timestamptz, isNullable: true },
    started_at: { kind: timestamptz, isNullable: true },
    completed_at: { kind: timestamptz, isNullable: true },
    attempts: { kind: smallint, hasDefault: true },
    max_attempts: { kind: smallint, hasDefault: true },
    locked_by: { kind: text, isNullable: true },
    locked_until: { kind: timestamptz, isNullable: true },
    last_error: { kind: text, isNullable: true },
    context: { kind: jsonb, hasDefault: true },
    result: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_tasks_attempts',
      columns: ['attempts'],
      expression: 'attempts >= 0',
      test: (row) => atLeast(row['attempts'], 0),
    },
    {
      name: 'ck_tasks_context',
      columns: ['context'],
      expression: 'jsonb_typeof(context) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['context']), 'object'),
    },
    {
      name: 'ck_tasks_ended',
      columns: ['status', 'completed_at'],
      expression: '(status = ANY (ARRAY[\'completed\'::telephony.task_status, \'failed\'::telephony.task_status, \'cancelled\'::telephony.task_status])) = (completed_at IS NOT NULL)',
      test: (row) => equal(isOneOf(row['status'], ['completed', 'failed', 'cancelled']), isNotNull(row['completed_at'])),
    },
    {
      name: 'ck_tasks_idempotency_key',
      columns: ['idempotency_key'],
      expression: '(length(idempotency_key) >= 1) AND (length(idempotency_key) <= 200)',
      test: (row) => and(atLeast(length(row['idempotency_key']), 1), atMost(length(row['idempotency_key']), 200)),
    },
    {
      name: 'ck_tasks_lock_pair',
      columns: ['locked_by', 'locked_until'],
      expression: '(locked_by IS NULL) = (locked_until IS NULL)',
      test: (row) => equal(isNull(row['locked_by']), isNull(row['locked_until'])),
    },
    {
      name: 'ck_tasks_max_attempts',
      columns: ['max_attempts'],
      expression: '(max_attempts >= 1) AND (max_attempts <= 20)',
      test: (row) => and(atLeast(row['max_attempts'], 1), atMost(row['max_attempts'], 20)),
    },
    {
      name: 'ck_tasks_result',
      columns: ['result'],
      expression: 'jsonb_typeof(result) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['result']), 'object'),
    },
    {
      name: 'ck_tasks_subject_pair',
      columns: ['subject_type', 'subject_id'],
      expression: '(subject_type IS NULL) = (subject_id IS NULL)',
      test: (row) => equal(isNull(row['subject_type']), isNull(row['subject_id'])),
    },
    {
      name: 'ck_tasks_subject_type',
      columns: ['subject_type'],
      expression: '(length(subject_type) >= 1) AND (length(subject_type) <= 100)',
      test: (row) => and(atLeast(length(row['subject_type']), 1), atMost(length(row['subject_type']), 100)),
    },
  ],
)

export const transcript_snippets = /*@__PURE__*/ defineTable<'telephony.transcript_snippets'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    call_attempt_id: { kind: uuid },
    sequence_no: { kind: integer },
    speaker: { kind: enumeration(telephony.speaker) },
    transcript_text: { kind: text },
    language: { kind: enumeration(iam.campaignLanguage), hasDefault: true },
    start_offset_ms: { kind: integer, isNullable: true },
    end_offset_ms: { kind: integer, isNullable: true },
    confidence: { kind: numeric(3, 2), isNullable: true },
    is_redacted: { kind: boolean, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_transcript_snippets_confidence',
      columns: ['confidence'],
      expression: '(confidence >= (0)::numeric) AND (confidence <= (1)::numeric)',
      test: (row) => and(atLeast(row['confidence'], 0), atMost(row['confidence'], 1)),
    },
    {
      name: 'ck_transcript_snippets_offsets',
      columns: ['end_offset_ms', 'start_offset_ms'],
      expression: '(end_offset_ms IS NULL) OR (end_offset_ms >= start_offset_ms)',
      test: (row) => or(isNull(row['end_offset_ms']), atLeast(row['end_offset_ms'], row['start_offset_ms'])),
    },
    {
      name: 'ck_transcript_snippets_sequence_no',
      columns: ['sequence_no'],
      expression: 'sequence_no >= 1',
      test: (row) => atLeast(row['sequence_no'], 1),
    },
    {
      name: 'ck_transcript_snippets_start_offset_ms',
      columns: ['start_offset_ms'],
      expression: 'start_offset_ms >= 0',
      test: (row) => atLeast(row['start_offset_ms'], 0),
    },
    {
      name: 'ck_transcript_snippets_transcript_text',
      columns: ['transcript_text'],
      expression: 'length(transcript_text) > 0',
      test: (row) => greaterThan(length(row['transcript_text']), 0),
    },
  ],
)

export const webhook_receipts = /*@__PURE__*/ defineTable<'telephony.webhook_receipts'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    provider_config_id: { kind: uuid },
    provider_event_id: { kind: text },
    received_at: { kind: timestamptz, hasDefault: true },
    processed_at: { kind: timestamptz, isNullable: true },
    error_message: { kind: text, isNullable: true },
    payload: { kind: jsonb, hasDefault: true },
  },
  [
    {
      name: 'ck_webhook_receipts_payload',
      columns: ['payload'],
      expression: 'jsonb_typeof(payload) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['payload']), 'object'),
    },
    {
      name: 'ck_webhook_receipts_provider_event_id',
      columns: ['provider_event_id'],
      expression: '(length(provider_event_id) >= 1) AND (length(provider_event_id) <= 255)',
      test: (row) => and(atLeast(length(row['provider_event_id']), 1), atMost(length(row['provider_event_id']), 255)),
    },
  ],
)

export const v_agent_performance = /*@__PURE__*/ defineView<'telephony.v_agent_performance'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    agent_id: { kind: uuid, isNullable: true },
    name: { kind: text, isNullable: true },
    type: { kind: enumeration(telephony.agentType), isNullable: true },
    status: { kind: enumeration(telephony.agentStatus), isNullable: true },
    tasks_total: { kind: bigint, isNullable: true },
    tasks_completed: { kind: bigint, isNullable: true },
    tasks_failed: { kind: bigint, isNullable: true },
    avg_seconds: { kind: numeric(), isNullable: true },
    success_rate: { kind: numeric(), isNullable: true },
  },
)

export const v_call_log = /*@__PURE__*/ defineView<'telephony.v_call_log'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    contact_id: { kind: uuid, isNullable: true },
    attempt_number: { kind: smallint, isNullable: true },
    direction: { kind: enumeration(telephony.callDirection), isNullable: true },
    to_number: { kind: text, isNullable: true },
    status: { kind: enumeration(telephony.callStatus), isNullable: true },
    outcome: { kind: enumeration(iam.contactOutcome), isNullable: true },
    queued_at: { kind: timestamptz, isNullable: true },
    answered_at: { kind: timestamptz, isNullable: true },
    ended_at: { kind: timestamptz, isNullable: true },
    duration_seconds: { kind: integer, isNullable: true },
    provider_name: { kind: text, isNullable: true },
    llm_provider: { kind: enumeration(telephony.llmProvider), isNullable: true },
    snippet_count: { kind: bigint, isNullable: true },
  },
)

export const v_pending_tasks = /*@__PURE__*/ defineView<'telephony.v_pending_tasks'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    id: { kind: uuid, isNullable: true },
    type: { kind: enumeration(telephony.taskType), isNullable: true },
    priority: { kind: enumeration(telephony.taskPriority), isNullable: true },
    status: { kind: enumeration(telephony.taskStatus), isNullable: true },
    scheduled_at: { kind: timestamptz, isNullable: true },
    due_at: { kind: timestamptz, isNullable: true },
    attempts: { kind: smallint, isNullable: true },
    max_attempts: { kind: smallint, isNullable: true },
    subject_type: { kind: text, isNullable: true },
    subject_id: { kind: uuid, isNullable: true },
    context: { kind: jsonb, isNullable: true },
    agent_id: { kind: uuid, isNullable: true },
    agent_name: { kind: text, isNullable: true },
    agent_type: { kind: enumeration(telephony.agentType), isNullable: true },
    agent_status: { kind: enumeration(telephony.agentStatus), isNullable: true },
    is_late: { kind: boolean, isNullable: true },
  },
)
