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
  ...refusedUpdates('notify.email_templates', {
    ck_email_templates_name: [`name = ''`, `name = repeat('x', 256)`],
    ck_email_templates_subject: [`subject = ''`, `subject = repeat('x', 501)`],
    ck_email_templates_body_html: [`body_html = ''`],
    ck_email_templates_version: [`version = 0`],
  }),
  ...refusedUpdates('notify.message_templates', {
    ck_message_templates_key: [`key = ''`, `key = 'Welcome'`, `key = '1st'`, `key = 'a' || repeat('x', 100)`],
    ck_message_templates_channel: [`channel = 'any'`],
    ck_message_templates_version: [`version = 0`],
    ck_message_templates_subject: [`subject = ''`, `subject = repeat('x', 501)`],
    ck_message_templates_body: [`body = ''`],
    ck_message_templates_email_subject: [`channel = 'email', subject = NULL`],
  }),
  ...refusedUpdates('notify.email_notifications', {
    ck_email_notifications_idempotency_key: [`idempotency_key = ''`, `idempotency_key = repeat('x', 201)`],
    ck_email_notifications_subject: [`subject = ''`, `subject = repeat('x', 501)`],
    ck_email_notifications_variables: [`variables = '[]'`],
    ck_email_notifications_attempts: [`attempts = -1`],
    ck_email_notifications_max_attempts: [`max_attempts = 0`, `max_attempts = 21`],
    ck_email_notifications_provider_message_id: [`provider_message_id = ''`, `provider_message_id = repeat('x', 256)`],
    ck_email_notifications_lock_pair: [`locked_by = 'a'`, `locked_until = now()`],
    ck_email_notifications_sent: [`status = 'sent'`],
    ck_email_notifications_one_template: [`message_template_id = template_id`],
  }),
  ...refusedUpdates('notify.delivery_events', {
    ck_delivery_events_provider_event_id: [`provider_event_id = ''`, `provider_event_id = repeat('x', 256)`],
    ck_delivery_events_payload: [`payload = '[]'`],
    ck_delivery_events_bounce: [
      `event_type = 'bounced', bounce_type = NULL`,
      `event_type = 'delivered', bounce_type = 'hard'`,
    ],
  }),
  ...refusedUpdates('notify.opt_outs', {
    ck_opt_outs_address: [
      `address = ''`,
      `address = 'ab'`,
      `address = repeat('x', 321)`,
      `address = 'Anna@example.org'`,
      `address = ' anna@example.org'`,
      `address = 'anna@example.org '`,
    ],
    ck_opt_outs_subject_type: [`subject_type = ''`, `subject_type = repeat('x', 101)`],
    ck_opt_outs_evidence: [`evidence = '[]'`],
    ck_opt_outs_subject_pair: [`subject_type = NULL`, `subject_id = NULL`],
    ck_opt_outs_revoked: [`revoked_at = opted_out_at - interval '1 second'`],
  }),
  ...refusedUpdates('notify.tracking_pixels', {
    ck_tracking_pixels_message_ref: [
      `email_notification_id = NULL, message_ref = ''`,
      `email_notification_id = NULL, message_ref = repeat('x', 201)`,
    ],
    ck_tracking_pixels_token: [
      `token = repeat('x', 19)`,
      `token = repeat('x', 65)`,
      `token = repeat('x', 19) || '/'`,
      `token = repeat('x', 19) || '='`,
    ],
    ck_tracking_pixels_target: [`message_ref = 'outreach.message:1'`, `email_notification_id = NULL`],
  }),
  ...refusedUpdates('notify.tracking_events', {
    ck_tracking_events_id_v7: [`id = '019b76da-a800-4000-8000-000000000001'`],
    ck_tracking_events_click_url: [`event_type = 'click', url = NULL`],
  }),
  ...refusedUpdates('notify.message_open_stats', {
    ck_message_open_stats_open_count: [`open_count = -1`],
    ck_message_open_stats_bot_open_count: [`bot_open_count = -1`],
    ck_message_open_stats_click_count: [`click_count = -1`],
  }),
  ...refusedUpdates('notify.webhook_endpoints', {
    ck_webhook_endpoints_name: [`name = ''`, `name = repeat('x', 101)`],
    ck_webhook_endpoints_url: [`url = ''`, `url = 'ftp://example.org'`, `url = 'example.org'`, `url = 'javascript:0'`],
    ck_webhook_endpoints_consecutive_failures: [`consecutive_failures = -1`],
  }),
  ...refusedUpdates('notify.webhook_deliveries', {
    ck_webhook_deliveries_event_id: [`event_id = ''`, `event_id = repeat('x', 201)`],
    ck_webhook_deliveries_event_type: [
      `event_type = ''`,
      `event_type = 'Survey.completed'`,
      `event_type = 'survey..completed'`,
      `event_type = '.completed'`,
      `event_type = 'survey.'`,
      `event_type = '1st'`,
    ],
    ck_webhook_deliveries_payload: [`payload = '[]'`],
    ck_webhook_deliveries_attempts: [`attempts = -1`],
    ck_webhook_deliveries_max_attempts: [`max_attempts = 0`, `max_attempts = 31`],
    ck_webhook_deliveries_last_status_code: [`last_status_code = 99`, `last_status_code = 600`],
    ck_webhook_deliveries_lock_pair: [`locked_by = 'a'`, `locked_until = now()`],
    ck_webhook_deliveries_delivered: [`status = 'delivered'`, `delivered_at = now()`],
  }),
]

const takenKeys: readonly Refusal[] = [
  [copyOf('notify.email_templates', { is_active: false }), 'uq_email_templates_type_locale_version'],
  [copyOf('notify.email_templates', { version: 2 }), 'uq_email_templates_active'],
  [copyOf('notify.message_templates', { is_active: false }), 'uq_message_templates_key_channel_locale_version'],
  [copyOf('notify.message_templates', { version: 2 }), 'uq_message_templates_active'],
  [copyOf('notify.email_notifications', { provider_message_id: 'b' }), 'uq_email_notifications_idempotency_key'],
  [copyOf('notify.email_notifications', { idempotency_key: 'b' }), 'uq_email_notifications_provider_message'],
  [copyOf('notify.delivery_events'), 'uq_delivery_events_provider_event_id'],
  [copyOf('notify.opt_outs'), 'uq_opt_outs_active'],
  [copyOf('notify.tracking_pixels', { email_notification_id: null, message_ref: 'a' }), 'uq_tracking_pixels_token'],
  [copyOf('notify.tracking_pixels', { token: 'x'.repeat(20) }), 'uq_tracking_pixels_email'],
  [copyOf('notify.message_open_stats'), 'pk_message_open_stats'],
  [copyOf('notify.webhook_endpoints'), 'uq_webhook_endpoints_name'],
  [copyOf('notify.webhook_deliveries'), 'uq_webhook_deliveries_endpoint_id_event_id'],
]

test('a row that breaks a rule is refused by the check of that rule, for every check of notify', async (t) => {
  const { sql } = await sampleDatabase(t)
  await assertRefused(sql, checkViolation, brokenRules)
  assert.deepEqual(namesOf(brokenRules), await readChecks(sql, 'notify'))
})

test('a key that is taken is refused, for every unique index of notify', async (t) => {
  const { sql } = await sampleDatabase(t)
  await assertRefused(sql, uniqueViolation, takenKeys)
  await sql`UPDATE notify.tracking_pixels SET email_notification_id = NULL, message_ref = 'a'`
  const sameMessage: Refusal = [
    copyOf('notify.tracking_pixels', { token: 'x'.repeat(20) }),
    'uq_tracking_pixels_message_ref',
  ]
  await assertRefused(sql, uniqueViolation, [sameMessage])
  const unique = namesOf([...takenKeys, sameMessage]).filter((name) => !name.startsWith('pk_'))
  assert.deepEqual(unique, await readUniqueIndexes(sql, 'notify'))
})

test('rows at the edge of the rules are taken', async (t) => {
  const { sql } = await sampleDatabase(t)
  const taken = [
    `UPDATE notify.message_templates SET key = 'a' || repeat('x', 99), channel = 'sms', subject = NULL`,
    `UPDATE notify.email_notifications SET status = 'sent', sent_at = now(), attempts = 32767, max_attempts = 20,
       template_id = NULL, to_email = 'Anna@Example.org'`,
    `UPDATE notify.delivery_events SET event_type = 'bounced', bounce_type = 'soft'`,
    `UPDATE notify.opt_outs SET address = 'a@b', subject_type = NULL, subject_id = NULL, revoked_at = opted_out_at`,
    copyOf('notify.opt_outs', { address: 'a@b', revoked_at: null }),
    `UPDATE notify.tracking_events SET event_type = 'click', url = ''`,
    `UPDATE notify.webhook_endpoints SET url = 'http://localhost'`,
    `UPDATE notify.webhook_deliveries SET status = 'delivered', delivered_at = now(), event_type = 'a.b_2.c', last_status_code = 599`,
    copyOf('notify.webhook_deliveries', { event_id: 'b', status: 'discarded', delivered_at: null }),
    copyOf('notify.email_templates', { version: 2, is_active: false }),
    copyOf('notify.message_templates', { locale: 'it' }),
  ]
  for (const statement of taken) await sql.unsafe(statement)
})

test('a pixel gets a token of its own that passes as part of an address', async (t) => {
  const { sql } = await sampleDatabase(t)
  await sql`
    INSERT INTO notify.tracking_pixels (organisation_id, message_ref)
    SELECT id, 'sample:' || number FROM iam.organisations, generate_series(1, 20) AS number`
  const tokens = await sql<{ token: string }[]>`SELECT token FROM notify.tracking_pixels WHERE message_ref IS NOT NULL`
  assert.equal(new Set(tokens.map(({ token }) => token)).size, 20)
  for (const { token } of tokens) assert.match(token, /^[0-9a-f]{32}$/)
})

test('a template stays while emails name it; emails and endpoints take their parts along when they go', async (t) => {
  const { sql } = await sampleDatabase(t)
  await assert.rejects(sql`DELETE FROM notify.email_templates`.execute(), { code: '23503' })
  await sql`DELETE FROM notify.email_notifications`
  await sql`DELETE FROM notify.webhook_endpoints`
  const parts = ['delivery_events', 'tracking_pixels', 'tracking_events', 'message_open_stats', 'webhook_deliveries']
  for (const table of parts) assert.equal((await sql.unsafe(`SELECT FROM notify.${table}`)).length, 0, table)
})
