import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertRefused,
  checkViolation,
  copyOf,
  namesOf,
  type Refusal,
  readChecks,
  readUniqueIndexes,
  refusedUpdates,
  sampleDatabase,
  uniqueViolation,
} from './refused-statements.js'

const brokenRules: readonly Refusal[] = [
  ...refusedUpdates('telephony.provider_configs', {
    ck_provider_configs_name: [`name = ''`, `name = repeat('x', 101)`],
    ck_provider_configs_provider_name: [`provider_name = ''`, `provider_name = repeat('x', 101)`],
    ck_provider_configs_max_concurrent_calls: [`max_concurrent_calls = 0`, `max_concurrent_calls = 10001`],
    ck_provider_configs_llm_model: [`llm_model = ''`, `llm_model = repeat('x', 101)`],
    ck_provider_configs_recording_retention_days: [`recording_retention_days = -1`, `recording_retention_days = 3651`],
    ck_provider_configs_transcript_retention_days: [
      `transcript_retention_days = -1`,
      `transcript_retention_days = 3651`,
    ],
    ck_provider_configs_settings: [`settings = '[]'`, `settings = '"a"'`],
  }),
  ...refusedUpdates('telephony.compliance_rules', {
    ck_compliance_rules_name: [`name = ''`, `name = repeat('x', 201)`],
    ck_compliance_rules_country_code: [`country_code = 'it'`, `country_code = 'ITA'`],
    ck_compliance_rules_channel: [`channel = 'any'`],
    ck_compliance_rules_allowed_weekdays: [
      `allowed_weekdays = '{}'`,
      `allowed_weekdays = '{0}'`,
      `allowed_weekdays = '{1,8}'`,
      `allowed_weekdays = '{1,NULL}'`,
    ],
    ck_compliance_rules_max_attempts_per_day: [`max_attempts_per_day = 0`, `max_attempts_per_day = -1`],
    ck_compliance_rules_max_attempts_per_week: [`max_attempts_per_week = 0`, `max_attempts_per_week = -1`],
    ck_compliance_rules_min_gap_minutes: [`min_gap_minutes = -1`],
    ck_compliance_rules_parameters: [`parameters = '[]'`],
    ck_compliance_rules_window: [
      `window_start_local = '20:00'`,
      `window_end_local = '09:00'`,
      `window_start_local = '22:00', window_end_local = '06:00'`,
    ],
    ck_compliance_rules_validity: [`valid_to = valid_from - 1`],
  }),
  ...refusedUpdates('telephony.call_attempts', {
    ck_call_attempts_attempt_number: [`attempt_number = 0`],
    ck_call_attempts_call_id: [`call_id = ''`, `call_id = repeat('x', 256)`],
    ck_call_attempts_provider_call_id: [`provider_call_id = ''`, `provider_call_id = repeat('x', 256)`],
    ck_call_attempts_duration_seconds: [`duration_seconds = -1`],
    ck_call_attempts_cost_amount: [`cost_amount = -0.01, cost_currency = 'EUR'`],
    ck_call_attempts_cost_currency: [`cost_amount = 1, cost_currency = 'eur'`],
    ck_call_attempts_cost_pair: [`cost_amount = 1`, `cost_currency = 'EUR'`],
    ck_call_attempts_metadata: [`metadata = '[]'`],
    ck_call_attempts_times: [`answered_at = now()`, `ended_at = queued_at - interval '1 second', status = 'completed'`],
    ck_call_attempts_ended: ['queued', 'dialing', 'ringing', 'in_progress'].map(
      (status) => `ended_at = queued_at, status = '${status}'`,
    ),
  }),
  ...refusedUpdates('telephony.call_events', {
    ck_call_events_provider_event_id: [`provider_event_id = ''`, `provider_event_id = repeat('x', 256)`],
    ck_call_events_dtmf_digits: [
      `event_type = 'dtmf', dtmf_digits = ''`,
      `event_type = 'dtmf', dtmf_digits = '12E'`,
      `event_type = 'dtmf', dtmf_digits = repeat('1', 65)`,
    ],
    ck_call_events_offset_ms: [`offset_ms = -1`],
    ck_call_events_payload: [`payload = '[]'`],
    ck_call_events_dtmf: [`event_type = 'dtmf'`, `event_type = 'hangup', dtmf_digits = '1'`],
  }),
  ...refusedUpdates('telephony.transcript_snippets', {
    ck_transcript_snippets_sequence_no: [`sequence_no = 0`],
    ck_transcript_snippets_transcript_text: [`transcript_text = ''`],
    ck_transcript_snippets_start_offset_ms: [`start_offset_ms = -1`],
    ck_transcript_snippets_confidence: [`confidence = -0.01`, `confidence = 1.01`],
    ck_transcript_snippets_offsets: [`start_offset_ms = 2, end_offset_ms = 1`],
  }),
  ...refusedUpdates('telephony.webhook_receipts', {
    ck_webhook_receipts_provider_event_id: [`provider_event_id = ''`, `provider_event_id = repeat('x', 256)`],
    ck_webhook_receipts_payload: [`payload = '[]'`],
  }),
  ...refusedUpdates('telephony.agents', {
    ck_agents_name: [`name = ''`, `name = repeat('x', 101)`],
    ck_agents_config: [`config = '[]'`],
    ck_agents_performance_metrics: [`performance_metrics = '[]'`],
  }),
  ...refusedUpdates('telephony.tasks', {
    ck_tasks_subject_type: [`subject_type = '', subject_id = id`, `subject_type = repeat('x', 101), subject_id = id`],
    ck_tasks_idempotency_key: [`idempotency_key = ''`, `idempotency_key = repeat('x', 201)`],
    ck_tasks_attempts: [`attempts = -1`],
    ck_tasks_max_attempts: [`max_attempts = 0`, `max_attempts = 21`],
    ck_tasks_context: [`context = '[]'`],
    ck_tasks_result: [`result = '[]'`],
    ck_tasks_lock_pair: [`locked_by = 'a'`, `locked_until = now()`],
    ck_tasks_subject_pair: [`subject_type = 'survey.contact'`, `subject_id = id`],
    ck_tasks_ended: [
      `status = 'completed'`,
      `status = 'failed'`,
      `status = 'cancelled'`,
      `completed_at = now()`,
      `status = 'in_progress', completed_at = now()`,
    ],
  }),
]

const takenKeys: readonly Refusal[] = [
  [copyOf('telephony.provider_configs', { is_default: false }), 'uq_provider_configs_name'],
  [copyOf('telephony.provider_configs', { name: 'other' }), 'uq_provider_configs_default'],
  [copyOf('telephony.exclusion_list_entries'), 'uq_exclusion_list_entries_phone_number'],
  [copyOf('telephony.compliance_rules'), 'uq_compliance_rules_name'],
  [copyOf('telephony.call_attempts', { provider_call_id: 'b', attempt_number: 2 }), 'uq_call_attempts_call_id'],
  [copyOf('telephony.call_attempts', { call_id: 'b', attempt_number: 2 }), 'uq_call_attempts_provider_call'],
  [copyOf('telephony.call_attempts', { call_id: 'b', provider_call_id: 'b' }), 'uq_call_attempts_contact_attempt'],
  [copyOf('telephony.call_events'), 'uq_call_events_provider_event'],
  [copyOf('telephony.transcript_snippets'), 'uq_transcript_snippets_call_attempt_id_sequence_no'],
  [copyOf('telephony.webhook_receipts'), 'pk_webhook_receipts'],
  [copyOf('telephony.agents'), 'uq_agents_name'],
  [copyOf('telephony.tasks'), 'uq_tasks_idempotency_key'],
]

test('a row that breaks a rule is refused by the check of that rule, for every check of telephony', async (t) => {
  const { sql } = await sampleDatabase(t)
  await assertRefused(sql, checkViolation, brokenRules)
  assert.deepEqual(namesOf(brokenRules), await readChecks(sql, 'telephony'))
})

test('a key that is taken is refused, for every unique index of telephony', async (t) => {
  const { sql } = await sampleDatabase(t)
  await assertRefused(sql, uniqueViolation, takenKeys)
  const unique = namesOf(takenKeys).filter((name) => !name.startsWith('pk_'))
  assert.deepEqual(unique, await readUniqueIndexes(sql, 'telephony'))
})

test('rows at the edge of the rules are taken', async (t) => {
  const { sql } = await sampleDatabase(t)
  const taken = [
    `UPDATE telephony.provider_configs SET max_concurrent_calls = 10000, recording_retention_days = 0,
       transcript_retention_days = 3650, name = repeat('x', 100)`,
    `UPDATE telephony.compliance_rules SET window_start_local = '00:00', window_end_local = '24:00', valid_to = valid_from,
       allowed_weekdays = '{7}', max_attempts_per_day = 1, min_gap_minutes = 0, country_code = NULL`,
    `UPDATE telephony.call_attempts SET started_at = queued_at, answered_at = queued_at, ended_at = queued_at,
       status = 'completed', duration_seconds = 0, cost_amount = 0, cost_currency = 'EUR'`,
    `UPDATE telephony.call_events SET event_type = 'dtmf', dtmf_digits = '0123456789ABCD*#', offset_ms = 0`,
    `UPDATE telephony.transcript_snippets SET confidence = 1, start_offset_ms = 0, end_offset_ms = 0`,
    `UPDATE telephony.tasks SET status = 'cancelled', completed_at = now(), max_attempts = 20, attempts = 32767`,
    copyOf('telephony.provider_configs', { name: 'second', is_default: false }),
    copyOf('telephony.call_attempts', {
      call_id: 'inbound',
      contact_id: null,
      provider_call_id: null,
      direction: 'inbound',
    }),
    copyOf('telephony.call_events', { provider_event_id: null, event_type: 'other', dtmf_digits: null }),
    copyOf('telephony.tasks', { idempotency_key: null }),
    copyOf('telephony.exclusion_list_entries', { phone_number: '+390612345' }),
  ]
  for (const statement of taken) await sql.unsafe(statement)
})

test('numbers are taken in E.164 form only', async (t) => {
  const { sql } = await sampleDatabase(t)
  const columns = [
    'provider_configs.outbound_number',
    'exclusion_list_entries.phone_number',
    'call_attempts.to_number',
    'call_attempts.from_number',
  ]
  const wrong = ['', '14155550101', '+04155550101', '+1 415 555 0101', '+123456', '+1234567890123456', '+1415555010a']
  for (const column of columns) {
    const [table, name] = column.split('.')
    for (const number of wrong) {
      await assertRefused(sql, checkViolation, [[`UPDATE telephony.${table} SET ${name} = '${number}'`, 'ck_e164']])
    }
    for (const number of ['+1234567', '+123456789012345']) {
      await sql.unsafe(`UPDATE telephony.${table} SET ${name} = '${number}'`)
    }
  }
})

test('a provider, a call and an agent stay while others name them, and take their parts along when they go', async (t) => {
  const { sql } = await sampleDatabase(t)
  const gone = (table: string): Promise<unknown> => sql.unsafe(`DELETE FROM telephony.${table}`).execute()
  await assert.rejects(gone('provider_configs'), { code: '23503' })
  await assert.rejects(gone('agents'), { code: '23503', constraint_name: 'fk_tasks_agent_id' })
  await sql`DELETE FROM survey.campaigns`
  const left = async (table: string): Promise<number> => (await sql.unsafe(`SELECT FROM telephony.${table}`)).length
  assert.deepEqual(await Promise.all(['call_attempts', 'call_events', 'transcript_snippets'].map(left)), [0, 0, 0])
  await gone('provider_configs')
  assert.equal(await left('webhook_receipts'), 0)
})
