import type { Specification } from '../specification.js'
import { stable, volatile } from './shared.js'
import { agentAndTaskTables } from './telephony-agents-tasks.js'
import { callTables } from './telephony-calls.js'
import { complianceTables } from './telephony-compliance.js'
import { providerTables } from './telephony-providers.js'

const callBlockReason =
  'call_block_reason(p_organisation_id uuid, p_phone text, p_country_code text DEFAULT NULL, ' +
  `p_timezone text DEFAULT 'UTC', p_has_consent boolean DEFAULT false, p_at timestamptz DEFAULT now())`

const recordWebhook =
  'record_webhook(p_organisation_id uuid, p_provider_config_id uuid, p_provider_event_id text, ' +
  `p_payload jsonb DEFAULT '{}')`

const claimLimits =
  `p_types telephony.task_type[] DEFAULT NULL, p_limit integer DEFAULT 10, ` + `p_lease interval DEFAULT '5 minutes'`

/** The schema telephony as the model describes it, without what links add. */
export const telephonySpecification: Specification = {
  schema: 'telephony',
  enums: {
    exclusion_source: [['import', 'api', 'manual'], 'Origin of a do-not-call entry (seed enum).'],
    provider_type: [['telephony_api', 'voice_ai_platform'], 'Kind of provider (seed enum).'],
    llm_provider: [['openai', 'anthropic', 'azure-openai', 'google'], 'LLM vendor (seed enum).'],
    call_status: [
      ['queued', 'dialing', 'ringing', 'in_progress', 'completed', 'no_answer', 'busy', 'failed', 'cancelled'],
      'Normalised provider call status.',
    ],
    call_direction: [['outbound', 'inbound'], 'Direction of a call.'],
    answered_by: [['human', 'machine', 'fax', 'unknown'], 'Answering machine detection result.'],
    speaker: [['agent', 'contact', 'system'], 'Speaker of a transcript snippet.'],
    call_event_type: [
      ['status', 'answered', 'amd', 'dtmf', 'recording', 'transcript', 'error', 'hangup', 'other'],
      'Kind of call event.',
    ],
    agent_type: [['email', 'phone', 'sms', 'research'], 'Kind of agent.'],
    agent_status: [['idle', 'active', 'busy', 'error', 'offline'], 'Runtime status of an agent.'],
    task_type: [
      ['send_email', 'make_call', 'send_sms', 'research', 'follow_up', 'manual_review'],
      'Kind of work item.',
    ],
    task_priority: [['low', 'medium', 'high', 'urgent'], 'Priority; declaration order is the sort order.'],
    task_status: [
      ['pending', 'assigned', 'in_progress', 'completed', 'failed', 'cancelled'],
      'Lifecycle of a work item.',
    ],
  },
  domains: {},
  tables: { ...providerTables, ...complianceTables, ...callTables, ...agentAndTaskTables },
  views: {
    v_pending_tasks: {
      organisation_id: 'uuid',
      id: 'uuid',
      type: 'telephony.task_type',
      priority: 'telephony.task_priority',
      status: 'telephony.task_status',
      scheduled_at: 'timestamptz',
      due_at: 'timestamptz',
      attempts: 'smallint',
      max_attempts: 'smallint',
      subject_type: 'text',
      subject_id: 'uuid',
      context: 'jsonb',
      agent_id: 'uuid',
      agent_name: 'text',
      agent_type: 'telephony.agent_type',
      agent_status: 'telephony.agent_status',
      is_late: 'boolean',
    },
    v_agent_performance: {
      organisation_id: 'uuid',
      agent_id: 'uuid',
      name: 'text',
      type: 'telephony.agent_type',
      status: 'telephony.agent_status',
      tasks_total: 'bigint',
      tasks_completed: 'bigint',
      tasks_failed: 'bigint',
      avg_seconds: 'numeric',
      success_rate: 'numeric',
    },
    v_call_log: {
      organisation_id: 'uuid',
      id: 'uuid',
      campaign_id: 'uuid',
      contact_id: 'uuid',
      attempt_number: 'smallint',
      direction: 'telephony.call_direction',
      to_number: 'iam.e164',
      status: 'telephony.call_status',
      outcome: 'iam.contact_outcome',
      queued_at: 'timestamptz',
      answered_at: 'timestamptz',
      ended_at: 'timestamptz',
      duration_seconds: 'integer',
      provider_name: 'text',
      llm_provider: 'telephony.llm_provider',
      snippet_count: 'bigint',
    },
  },
  functions: {
    'is_do_not_call(p_organisation_id uuid, p_phone text, p_at timestamptz DEFAULT now())': stable('boolean'),
    [callBlockReason]: stable('text'),
    'free_call_slots(p_organisation_id uuid, p_provider_config_id uuid)': stable('integer'),
    [recordWebhook]: volatile('boolean'),
    [`claim_tasks(p_worker text, ${claimLimits})`]: volatile('SETOF telephony.tasks'),
    [`claim_tasks(p_organisation_id uuid, p_worker text, ${claimLimits})`]: volatile('SETOF telephony.tasks'),
    "complete_task(p_organisation_id uuid, p_id uuid, p_worker text, p_result jsonb DEFAULT '{}')": volatile('boolean'),
    'fail_task(p_organisation_id uuid, p_id uuid, p_worker text, p_error text)': volatile('boolean'),
    'release_expired_tasks(p_at timestamptz DEFAULT now())': volatile('integer'),
    'install_default_rules(p_organisation_id uuid)': volatile('integer'),
  },
}
