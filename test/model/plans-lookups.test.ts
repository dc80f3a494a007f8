import { test } from 'node:test'
import { assertUsesIndexes, type LargeTable, largeModel, organisationId, type PlannedQuery } from './large-tables.js'

const tables: readonly LargeTable[] = [
  'iam.users',
  'iam.organisation_users',
  'iam.api_keys',
  'iam.invitations',
  'iam.audit_logs',
  'iam.system_metrics',
  'telephony.provider_configs',
  'telephony.exclusion_list_entries',
  'telephony.call_attempts',
  'telephony.call_events',
  'telephony.transcript_snippets',
  'telephony.webhook_receipts',
  'survey.contacts',
  'notify.opt_outs',
  'notify.email_notifications',
  'notify.delivery_events',
  'notify.tracking_pixels',
  'notify.tracking_events',
  'notify.message_open_stats',
]
const organisation = `'${organisationId}'::uuid`
const first = '019b76da-a800-7000-8000-000000000001'

/** By the application, whose condition on the organisation is often the policy's alone. */
const byApp = (
  query: string,
  parameters: readonly (string | number)[],
  ...indexes: readonly string[]
): PlannedQuery => ({
  login: 'app',
  query,
  parameters,
  indexes,
})

const lookups: Readonly<Record<string, readonly PlannedQuery[]>> = {
  'a number on the exclusion list': [
    byApp(
      `SELECT telephony.is_do_not_call(${organisation}, $1)`,
      ['+14156000001'],
      'uq_exclusion_list_entries_phone_number',
    ),
    byApp(
      'SELECT FROM telephony.exclusion_list_entries WHERE phone_number = $1',
      ['+14156000001'],
      'uq_exclusion_list_entries_phone_number',
    ),
  ],
  'an opt-out by address': [
    byApp(
      `SELECT notify.check_opt_out_status(${organisation}, $1, 'email')`,
      ['gone1@example.org'],
      'uq_opt_outs_active',
    ),
  ],
  'an opt-out by person': [
    byApp(
      `SELECT notify.check_opt_out_status(${organisation}, 'survey.contact', $1, 'email')`,
      [first],
      'ix_opt_outs_subject_type_subject_id',
    ),
  ],
  'the transcript of a call': [
    byApp(
      'SELECT * FROM telephony.transcript_snippets WHERE call_attempt_id = $1 ORDER BY sequence_no',
      [first],
      'uq_transcript_snippets_call_attempt_id_sequence_no',
    ),
  ],
  'the events of a call': [
    byApp(
      'SELECT * FROM telephony.call_events WHERE call_attempt_id = $1 ORDER BY occurred_at',
      [first],
      'ix_call_events_call_attempt_id_occurred_at',
    ),
  ],
  'the call of a provider callback': [
    byApp(
      'SELECT * FROM telephony.call_attempts WHERE provider_config_id = $1 AND provider_call_id = $2',
      [first, 'p1'],
      'uq_call_attempts_provider_call',
    ),
  ],
  'the calls that run': [
    byApp(`SELECT telephony.free_call_slots(${organisation}, $1)`, [first], 'ix_call_attempts_running'),
  ],
  'the webhooks that wait': [
    byApp(
      'SELECT * FROM telephony.webhook_receipts WHERE processed_at IS NULL ORDER BY received_at LIMIT 10',
      [],
      'ix_webhook_receipts_open',
    ),
  ],
  'a contact by number': [
    byApp('SELECT * FROM survey.contacts WHERE phone_number = $1', ['+14155000001'], 'ix_contacts_phone_number'),
  ],
  'a tracking token': [
    byApp(
      `SELECT notify.record_tracking_event(${organisation}, $1)`,
      ['token-00000000000000000001'],
      'uq_tracking_pixels_token',
    ),
    byApp(
      'SELECT * FROM notify.tracking_events WHERE pixel_id = $1 ORDER BY id',
      [first],
      'ix_tracking_events_pixel_id',
    ),
  ],
  'the email of a delivery callback': [
    byApp(
      `SELECT notify.record_delivery_event(${organisation}, $1, 'delivered', 'new')`,
      ['m4'],
      'uq_email_notifications_provider_message',
    ),
    byApp(
      'SELECT * FROM notify.delivery_events WHERE email_notification_id = $1 ORDER BY occurred_at',
      [first],
      'ix_delivery_events_email_notification_id_occurred_at',
    ),
  ],
  'an API key': [byApp('SELECT * FROM iam.api_keys WHERE key_prefix = $1', ['prefix1'], 'uq_api_keys_key_prefix')],
  'an invitation': [
    byApp(
      `SELECT * FROM iam.invitations WHERE token_hash = sha256($1::text::bytea)`,
      ['1'],
      'uq_invitations_token_hash',
    ),
  ],
  'a login': [
    {
      login: 'worker',
      query: `SELECT * FROM iam.resolve_login('https://login.example', $1)`,
      parameters: ['1'],
      indexes: ['uq_users_oidc_issuer_oidc_sub', 'ix_organisation_users_user_id'],
    },
  ],
  'the audit trail of an entity and of an actor, in one month': ['entity_id', 'actor_id'].map((column) => ({
    ...byApp(
      `SELECT * FROM iam.audit_logs
       WHERE ${column === 'entity_id' ? "entity_type = 'campaign' AND " : ''}${column} = $1
         AND id >= iam.uuid_v7_floor($2) AND id < iam.uuid_v7_floor($3)
       ORDER BY id`,
      ['1', '2026-03-01Z', '2026-04-01Z'],
      column === 'entity_id' ? 'ix_audit_logs_entity' : 'ix_audit_logs_actor',
    ),
    partitions: ['audit_logs_y2026m03'],
  })),
  'a series of metrics in one month': [
    {
      ...byApp(
        `SELECT * FROM iam.system_metrics
       WHERE name = $1 AND id >= iam.uuid_v7_floor($2) AND id < iam.uuid_v7_floor($3) ORDER BY id`,
        ['m1', '2026-03-01Z', '2026-04-01Z'],
        'ix_system_metrics_name',
      ),
      partitions: ['system_metrics_y2026m03'],
    },
  ],
}

test('look-ups among 60,000 rows go through indexes, under row-level security, at first and in the long run', async (t) => {
  const model = await largeModel(t, tables)
  for (const [title, queries] of Object.entries(lookups)) {
    await t.test(title, async () => {
      for (const planned of queries) await assertUsesIndexes(model, planned)
    })
  }
})
