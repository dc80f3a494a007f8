// Generated from the catalogue of a migrated database by npm run generate; do not edit.
import type { ColumnType, Generated, JsonObject, JsonValue, ReadOnly } from '../row-types.js'
import type * as iam from './iam.js'

/** Runtime status of an agent. */
export const agentStatus = {
  idle: 'idle',
  active: 'active',
  busy: 'busy',
  error: 'error',
  offline: 'offline',
} as const

/** A value of {@link agentStatus}. */
export type AgentStatus = (typeof agentStatus)[keyof typeof agentStatus]

/** Kind of agent. */
export const agentType = {
  email: 'email',
  phone: 'phone',
  sms: 'sms',
  research: 'research',
} as const

/** A value of {@link agentType}. */
export type AgentType = (typeof agentType)[keyof typeof agentType]

/** Answering machine detection result. */
export const answeredBy = {
  human: 'human',
  machine: 'machine',
  fax: 'fax',
  unknown: 'unknown',
} as const

/** A value of {@link answeredBy}. */
export type AnsweredBy = (typeof answeredBy)[keyof typeof answeredBy]

/** Direction of a call. */
export const callDirection = {
  outbound: 'outbound',
  inbound: 'inbound',
} as const

/** A value of {@link callDirection}. */
export type CallDirection = (typeof callDirection)[keyof typeof callDirection]

/** Kind of call event. */
export const callEventType = {
  status: 'status',
  answered: 'answered',
  amd: 'amd',
  dtmf: 'dtmf',
  recording: 'recording',
  transcript: 'transcript',
  error: 'error',
  hangup: 'hangup',
  other: 'other',
} as const

/** A value of {@link callEventType}. */
export type CallEventType = (typeof callEventType)[keyof typeof callEventType]

/** Normalised provider call status. */
export const callStatus = {
  queued: 'queued',
  dialing: 'dialing',
  ringing: 'ringing',
  in_progress: 'in_progress',
  completed: 'completed',
  no_answer: 'no_answer',
  busy: 'busy',
  failed: 'failed',
  cancelled: 'cancelled',
} as const

/** A value of {@link callStatus}. */
export type CallStatus = (typeof callStatus)[keyof typeof callStatus]

/** Origin of a do-not-call entry (seed enum). */
export const exclusionSource = {
  import: 'import',
  api: 'api',
  manual: 'manual',
} as const

/** A value of {@link exclusionSource}. */
export type ExclusionSource = (typeof exclusionSource)[keyof typeof exclusionSource]

/** LLM vendor (seed enum). */
export const llmProvider = {
  openai: 'openai',
  anthropic: 'anthropic',
  'azure-openai': 'azure-openai',
  google: 'google',
} as const

/** A value of {@link llmProvider}. */
export type LlmProvider = (typeof llmProvider)[keyof typeof llmProvider]

/** Kind of provider (seed enum). */
export const providerType = {
  telephony_api: 'telephony_api',
  voice_ai_platform: 'voice_ai_platform',
} as const

/** A value of {@link providerType}. */
export type ProviderType = (typeof providerType)[keyof typeof providerType]

/** Speaker of a transcript snippet. */
export const speaker = {
  agent: 'agent',
  contact: 'contact',
  system: 'system',
} as const

/** A value of {@link speaker}. */
export type Speaker = (typeof speaker)[keyof typeof speaker]

/** Priority; declaration order is the sort order. */
export const taskPriority = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  urgent: 'urgent',
} as const

/** A value of {@link taskPriority}. */
export type TaskPriority = (typeof taskPriority)[keyof typeof taskPriority]

/** Lifecycle of a work item. */
export const taskStatus = {
  pending: 'pending',
  assigned: 'assigned',
  in_progress: 'in_progress',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
} as const

/** A value of {@link taskStatus}. */
export type TaskStatus = (typeof taskStatus)[keyof typeof taskStatus]

/** Kind of work item. */
export const taskType = {
  send_email: 'send_email',
  make_call: 'make_call',
  send_sms: 'send_sms',
  research: 'research',
  follow_up: 'follow_up',
  manual_review: 'manual_review',
} as const

/** A value of {@link taskType}. */
export type TaskType = (typeof taskType)[keyof typeof taskType]

/** The tables of the module, by their qualified names. */
export const tables = {
  agents: 'telephony.agents',
  call_attempts: 'telephony.call_attempts',
  call_events: 'telephony.call_events',
  compliance_rules: 'telephony.compliance_rules',
  exclusion_list_entries: 'telephony.exclusion_list_entries',
  provider_configs: 'telephony.provider_configs',
  tasks: 'telephony.tasks',
  transcript_snippets: 'telephony.transcript_snippets',
  webhook_receipts: 'telephony.webhook_receipts',
} as const

/** The views of the module, by their qualified names. */
export const views = {
  v_agent_performance: 'telephony.v_agent_performance',
  v_call_log: 'telephony.v_call_log',
  v_pending_tasks: 'telephony.v_pending_tasks',
} as const

/** The columns of each table and view, in their order. */
export const columns = {
  agents: [
    'organisation_id',
    'id',
    'name',
    'type',
    'status',
    'capabilities',
    'user_id',
    'config',
    'performance_metrics',
    'last_heartbeat_at',
    'created_at',
    'updated_at',
  ],
  call_attempts: [
    'organisation_id',
    'id',
    'contact_id',
    'campaign_id',
    'provider_config_id',
    'attempt_number',
    'direction',
    'call_id',
    'provider_call_id',
    'to_number',
    'from_number',
    'status',
    'outcome',
    'provider_raw_status',
    'answered_by',
    'queued_at',
    'started_at',
    'answered_at',
    'ended_at',
    'duration_seconds',
    'error_code',
    'error_message',
    'recording_uri',
    'recording_deleted_at',
    'cost_amount',
    'cost_currency',
    'metadata',
    'created_at',
    'updated_at',
  ],
  call_events: [
    'organisation_id',
    'id',
    'call_attempt_id',
    'event_type',
    'occurred_at',
    'provider_event_id',
    'dtmf_digits',
    'offset_ms',
    'payload',
    'created_at',
  ],
  compliance_rules: [
    'organisation_id',
    'id',
    'name',
    'country_code',
    'channel',
    'allowed_weekdays',
    'window_start_local',
    'window_end_local',
    'max_attempts_per_day',
    'max_attempts_per_week',
    'min_gap_minutes',
    'requires_consent',
    'valid_from',
    'valid_to',
    'is_active',
    'parameters',
    'created_at',
    'updated_at',
  ],
  exclusion_list_entries: [
    'organisation_id',
    'id',
    'phone_number',
    'reason',
    'source',
    'expires_at',
    'created_by_user_id',
    'created_at',
    'updated_at',
  ],
  provider_configs: [
    'organisation_id',
    'id',
    'name',
    'provider_type',
    'provider_name',
    'outbound_number',
    'max_concurrent_calls',
    'llm_provider',
    'llm_model',
    'recording_retention_days',
    'transcript_retention_days',
    'credentials_ref',
    'webhook_secret_ref',
    'is_default',
    'is_active',
    'settings',
    'created_at',
    'updated_at',
  ],
  tasks: [
    'organisation_id',
    'id',
    'type',
    'priority',
    'status',
    'agent_id',
    'subject_type',
    'subject_id',
    'idempotency_key',
    'scheduled_at',
    'due_at',
    'started_at',
    'completed_at',
    'attempts',
    'max_attempts',
    'locked_by',
    'locked_until',
    'last_error',
    'context',
    'result',
    'created_at',
    'updated_at',
  ],
  transcript_snippets: [
    'organisation_id',
    'id',
    'call_attempt_id',
    'sequence_no',
    'speaker',
    'transcript_text',
    'language',
    'start_offset_ms',
    'end_offset_ms',
    'confidence',
    'is_redacted',
    'created_at',
  ],
  webhook_receipts: [
    'organisation_id',
    'provider_config_id',
    'provider_event_id',
    'received_at',
    'processed_at',
    'error_message',
    'payload',
  ],
  v_agent_performance: [
    'organisation_id',
    'agent_id',
    'name',
    'type',
    'status',
    'tasks_total',
    'tasks_completed',
    'tasks_failed',
    'avg_seconds',
    'success_rate',
  ],
  v_call_log: [
    'organisation_id',
    'id',
    'campaign_id',
    'contact_id',
    'attempt_number',
    'direction',
    'to_number',
    'status',
    'outcome',
    'queued_at',
    'answered_at',
    'ended_at',
    'duration_seconds',
    'provider_name',
    'llm_provider',
    'snippet_count',
  ],
  v_pending_tasks: [
    'organisation_id',
    'id',
    'type',
    'priority',
    'status',
    'scheduled_at',
    'due_at',
    'attempts',
    'max_attempts',
    'subject_type',
    'subject_id',
    'context',
    'agent_id',
    'agent_name',
    'agent_type',
    'agent_status',
    'is_late',
  ],
} as const

/** Automated or human agents that work on tasks. */
export interface AgentsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Agent name. */
  readonly name: string
  /** Kind. */
  readonly type: AgentType
  /** Runtime status. */
  readonly status: Generated<AgentStatus>
  /** What the agent can do. */
  readonly capabilities: ColumnType<string[], readonly string[] | undefined, readonly string[]>
  /** Member behind a human agent. */
  readonly user_id: string | null
  /** Configuration without secrets. */
  readonly config: Generated<JsonObject>
  /** Latest figures. */
  readonly performance_metrics: Generated<JsonObject>
  /** Latest sign of life. */
  readonly last_heartbeat_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** One attempt to call a person. */
export interface CallAttemptsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** survey.contacts row when survey is installed; foreign key added by survey_telephony. */
  readonly contact_id: string | null
  /** survey.campaigns row; foreign key added by survey_telephony. */
  readonly campaign_id: string | null
  /** Configuration used. */
  readonly provider_config_id: string | null
  /** 1 for the first attempt of a contact. */
  readonly attempt_number: Generated<number>
  /** Direction. */
  readonly direction: Generated<CallDirection>
  /** Our idempotency key of the dial request. */
  readonly call_id: string
  /** Call id at the provider. */
  readonly provider_call_id: string | null
  /** Dialled number. */
  readonly to_number: string
  /** Caller id used. */
  readonly from_number: string | null
  /** Normalised status. */
  readonly status: Generated<CallStatus>
  /** Outcome once ended. */
  readonly outcome: iam.ContactOutcome | null
  /** Status as the provider said it. */
  readonly provider_raw_status: string | null
  /** Machine detection. */
  readonly answered_by: AnsweredBy | null
  /** Queued. */
  readonly queued_at: Generated<Date>
  /** Dialling started. */
  readonly started_at: Date | null
  /** Answered. */
  readonly answered_at: Date | null
  /** Ended. */
  readonly ended_at: Date | null
  /** Talk time. */
  readonly duration_seconds: number | null
  /** Provider error code. */
  readonly error_code: string | null
  /** Provider error text. */
  readonly error_message: string | null
  /** Where the recording lies. */
  readonly recording_uri: string | null
  /** Recording erased by retention. */
  readonly recording_deleted_at: Date | null
  /** Price of the call. */
  readonly cost_amount: ColumnType<string | null, string | number | null | undefined, string | number | null>
  /** ISO 4217 currency of the price. */
  readonly cost_currency: string | null
  /** Other facts. */
  readonly metadata: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Append-only provider events of a call, including DTMF. */
export interface CallEventsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Call. */
  readonly call_attempt_id: string
  /** Kind. */
  readonly event_type: CallEventType
  /** Time at the provider. */
  readonly occurred_at: Generated<Date>
  /** Event id at the provider. */
  readonly provider_event_id: string | null
  /** Pressed keys. */
  readonly dtmf_digits: string | null
  /** Milliseconds since answer. */
  readonly offset_ms: number | null
  /** Raw event without secrets. */
  readonly payload: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
}

/** Calling windows and frequency limits by country and channel. */
export interface ComplianceRulesTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Rule name. */
  readonly name: string
  /** Country; null is the fallback rule. */
  readonly country_code: string | null
  /** Channel the rule governs. */
  readonly channel: Generated<iam.ContactChannel>
  /** ISO weekdays, Monday is 1. */
  readonly allowed_weekdays: ColumnType<number[], readonly number[] | undefined, readonly number[]>
  /** Start, local time of the person contacted. */
  readonly window_start_local: Generated<string>
  /** End, exclusive. */
  readonly window_end_local: Generated<string>
  /** Limit per person and day. */
  readonly max_attempts_per_day: number | null
  /** Limit per person and rolling 7 days. */
  readonly max_attempts_per_week: number | null
  /** Minimum gap between attempts. */
  readonly min_gap_minutes: number | null
  /** Prior consent needed. */
  readonly requires_consent: Generated<boolean>
  /** First day. */
  readonly valid_from: ColumnType<Date, string | undefined, string>
  /** Last day. */
  readonly valid_to: ColumnType<Date | null, string | null | undefined, string | null>
  /** In force. */
  readonly is_active: Generated<boolean>
  /** Further parameters. */
  readonly parameters: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Do-not-call list. */
export interface ExclusionListEntriesTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Number that must not be called. */
  readonly phone_number: string
  /** Why. */
  readonly reason: string | null
  /** Origin of the entry. */
  readonly source: Generated<ExclusionSource>
  /** End of the exclusion; null is permanent. */
  readonly expires_at: Date | null
  /** Member who added it. */
  readonly created_by_user_id: string | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Telephony and LLM provider settings; secrets are stored elsewhere and referenced. */
export interface ProviderConfigsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Label of the configuration. */
  readonly name: Generated<string>
  /** Kind of provider. */
  readonly provider_type: Generated<ProviderType>
  /** Vendor. */
  readonly provider_name: Generated<string>
  /** Caller id. */
  readonly outbound_number: string
  /** Concurrency limit. */
  readonly max_concurrent_calls: Generated<number>
  /** LLM vendor. */
  readonly llm_provider: Generated<LlmProvider>
  /** LLM model name. */
  readonly llm_model: string
  /** Days recordings are kept. */
  readonly recording_retention_days: Generated<number>
  /** Days transcripts are kept. */
  readonly transcript_retention_days: Generated<number>
  /** Name of the secret in the secret store. */
  readonly credentials_ref: string | null
  /** Name of the webhook signing secret. */
  readonly webhook_secret_ref: string | null
  /** Used when a campaign names none. */
  readonly is_default: Generated<boolean>
  /** May be used. */
  readonly is_active: Generated<boolean>
  /** Vendor settings without secrets. */
  readonly settings: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Work items for agents; a leased queue. */
export interface TasksTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Kind of work. */
  readonly type: TaskType
  /** Priority. */
  readonly priority: Generated<TaskPriority>
  /** State. */
  readonly status: Generated<TaskStatus>
  /** Assigned agent. */
  readonly agent_id: string | null
  /** Kind of the entity worked on, e.g. survey.contact. */
  readonly subject_type: string | null
  /** Id of that entity; no foreign key. */
  readonly subject_id: string | null
  /** Producer key. */
  readonly idempotency_key: string | null
  /** Not before. */
  readonly scheduled_at: Generated<Date>
  /** Wanted by. */
  readonly due_at: Date | null
  /** Work began. */
  readonly started_at: Date | null
  /** Work ended. */
  readonly completed_at: Date | null
  /** Attempts made. */
  readonly attempts: Generated<number>
  /** Attempts allowed. */
  readonly max_attempts: Generated<number>
  /** Worker holding the lease. */
  readonly locked_by: string | null
  /** End of the lease. */
  readonly locked_until: Date | null
  /** Latest error. */
  readonly last_error: string | null
  /** Input. */
  readonly context: Generated<JsonObject>
  /** Output. */
  readonly result: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Ordered pieces of a call transcript. */
export interface TranscriptSnippetsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Call. */
  readonly call_attempt_id: string
  /** Order in the call. */
  readonly sequence_no: number
  /** Who spoke. */
  readonly speaker: Speaker
  /** What was said. */
  readonly transcript_text: string
  /** Language. */
  readonly language: Generated<iam.CampaignLanguage>
  /** Start since answer. */
  readonly start_offset_ms: number | null
  /** End since answer. */
  readonly end_offset_ms: number | null
  /** Recogniser confidence. */
  readonly confidence: ColumnType<string | null, string | number | null | undefined, string | number | null>
  /** Personal data was removed. */
  readonly is_redacted: Generated<boolean>
  /** Creation time. */
  readonly created_at: Generated<Date>
}

/** Incoming provider webhooks seen, for de-duplication. */
export interface WebhookReceiptsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Configuration the webhook came through. */
  readonly provider_config_id: string
  /** Event id, or a digest of the body when the provider sends none. */
  readonly provider_event_id: string
  /** Arrival. */
  readonly received_at: Generated<Date>
  /** Handled. */
  readonly processed_at: Date | null
  /** Handling error. */
  readonly error_message: string | null
  /** Raw body without secrets. */
  readonly payload: Generated<JsonObject>
}

/** Tasks, success and speed by agent. */
export interface AgentPerformanceView {
  readonly organisation_id: ReadOnly<string | null>
  readonly agent_id: ReadOnly<string | null>
  readonly name: ReadOnly<string | null>
  readonly type: ReadOnly<AgentType | null>
  readonly status: ReadOnly<AgentStatus | null>
  readonly tasks_total: ReadOnly<string | null>
  readonly tasks_completed: ReadOnly<string | null>
  readonly tasks_failed: ReadOnly<string | null>
  readonly avg_seconds: ReadOnly<string | null>
  readonly success_rate: ReadOnly<string | null>
}

/** Calls with provider and number of transcript snippets. */
export interface CallLogView {
  readonly organisation_id: ReadOnly<string | null>
  readonly id: ReadOnly<string | null>
  readonly campaign_id: ReadOnly<string | null>
  readonly contact_id: ReadOnly<string | null>
  readonly attempt_number: ReadOnly<number | null>
  readonly direction: ReadOnly<CallDirection | null>
  readonly to_number: ReadOnly<string | null>
  readonly status: ReadOnly<CallStatus | null>
  readonly outcome: ReadOnly<iam.ContactOutcome | null>
  readonly queued_at: ReadOnly<Date | null>
  readonly answered_at: ReadOnly<Date | null>
  readonly ended_at: ReadOnly<Date | null>
  readonly duration_seconds: ReadOnly<number | null>
  readonly provider_name: ReadOnly<string | null>
  readonly llm_provider: ReadOnly<LlmProvider | null>
  readonly snippet_count: ReadOnly<string | null>
}

/** Open tasks with their agent. */
export interface PendingTasksView {
  readonly organisation_id: ReadOnly<string | null>
  readonly id: ReadOnly<string | null>
  readonly type: ReadOnly<TaskType | null>
  readonly priority: ReadOnly<TaskPriority | null>
  readonly status: ReadOnly<TaskStatus | null>
  readonly scheduled_at: ReadOnly<Date | null>
  readonly due_at: ReadOnly<Date | null>
  readonly attempts: ReadOnly<number | null>
  readonly max_attempts: ReadOnly<number | null>
  readonly subject_type: ReadOnly<string | null>
  readonly subject_id: ReadOnly<string | null>
  readonly context: ReadOnly<JsonValue | null>
  readonly agent_id: ReadOnly<string | null>
  readonly agent_name: ReadOnly<string | null>
  readonly agent_type: ReadOnly<AgentType | null>
  readonly agent_status: ReadOnly<AgentStatus | null>
  readonly is_late: ReadOnly<boolean | null>
}

/** The tables and views of the module telephony. */
export interface TelephonyDatabase {
  readonly 'telephony.agents': AgentsTable
  readonly 'telephony.call_attempts': CallAttemptsTable
  readonly 'telephony.call_events': CallEventsTable
  readonly 'telephony.compliance_rules': ComplianceRulesTable
  readonly 'telephony.exclusion_list_entries': ExclusionListEntriesTable
  readonly 'telephony.provider_configs': ProviderConfigsTable
  readonly 'telephony.tasks': TasksTable
  readonly 'telephony.transcript_snippets': TranscriptSnippetsTable
  readonly 'telephony.webhook_receipts': WebhookReceiptsTable
  readonly 'telephony.v_agent_performance': AgentPerformanceView
  readonly 'telephony.v_call_log': CallLogView
  readonly 'telephony.v_pending_tasks': PendingTasksView
}
