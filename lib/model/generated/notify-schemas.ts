// Generated from the catalogue of a migrated database by npm run generate; do not edit.
import { btrim, countNonNulls, jsonTypeof, length, lower, matches, substr } from '../../schemas/check-functions.js'
import { arrayOf, bigint, boolean, bytea, date, enumeration, integer, jsonb, smallint, text, timestamptz, uuid } from '../../schemas/column-kinds.js'
import { defineTable, defineView } from '../../schemas/define-table.js'
import { and, atLeast, atMost, equal, greaterThan, isNotNull, isNull, notEqual, or } from '../../schemas/three-valued-logic.js'
import * as iam from './iam.js'
import * as notify from './notify.js'

export const delivery_events = /*@__PURE__*/ defineTable<'notify.delivery_events'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    email_notification_id: { kind: uuid },
    event_type: { kind: enumeration(notify.deliveryEventType) },
    bounce_type: { kind: enumeration(notify.bounceType), isNullable: true },
    provider_event_id: { kind: text },
    occurred_at: { kind: timestamptz, hasDefault: true },
    payload: { kind: jsonb, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_delivery_events_bounce',
      columns: ['event_type', 'bounce_type'],
      expression: '(event_type = \'bounced\'::notify.delivery_event_type) = (bounce_type IS NOT NULL)',
      test: (row) => equal(equal(row['event_type'], 'bounced'), isNotNull(row['bounce_type'])),
    },
    {
      name: 'ck_delivery_events_payload',
      columns: ['payload'],
      expression: 'jsonb_typeof(payload) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['payload']), 'object'),
    },
    {
      name: 'ck_delivery_events_provider_event_id',
      columns: ['provider_event_id'],
      expression: '(length(provider_event_id) >= 1) AND (length(provider_event_id) <= 255)',
      test: (row) => and(atLeast(length(row['provider_event_id']), 1), atMost(length(row['provider_event_id']), 255)),
    },
  ],
)

export const email_notifications = /*@__PURE__*/ defineTable<'notify.email_notifications'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    event_id: { kind: uuid, isNullable: true },
    contact_id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    template_id: { kind: uuid, isNullable: true },
    message_template_id: { kind: uuid, isNullable: true },
    idempotency_key: { kind: text },
    to_email: { kind: text },
    subject: { kind: text, isNullable: true },
    variables: { kind: jsonb, hasDefault: true },
    status: { kind: enumeration(notify.emailStatus), hasDefault: true, default: () => 'pending' },
    attempts: { kind: smallint, hasDefault: true },
    max_attempts: { kind: smallint, hasDefault: true },
    next_attempt_at: { kind: timestamptz, hasDefault: true },
    locked_by: { kind: text, isNullable: true },
    locked_until: { kind: timestamptz, isNullable: true },
    provider_message_id: { kind: text, isNullable: true },
    error_code: { kind: text, isNullable: true },
    error_message: { kind: text, isNullable: true },
    sent_at: { kind: timestamptz, isNullable: true },
    delivered_at: { kind: timestamptz, isNullable: true },
    bounced_at: { kind: timestamptz, isNullable: true },
    complained_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_email',
      columns: ['to_email'],
      expression: '(length((VALUE)::text) <= 320) AND ((VALUE)::text ~ \'^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$\'::text)',
      test: (row) => and(atMost(length(row['to_email']), 320), matches(row['to_email'], /^[^@\t\n\v\f\r ]+@[^@\t\n\v\f\r ]+\.[^@\t\n\v\f\r ]+$/u)),
    },
    {
      name: 'ck_email_notifications_attempts',
      columns: ['attempts'],
      expression: 'attempts >= 0',
      test: (row) => atLeast(row['attempts'], 0),
    },
    {
      name: 'ck_email_notifications_idempotency_key',
      columns: ['idempotency_key'],
      expression: '(length(idempotency_key) >= 1) AND (length(idempotency_key) <= 200)',
      test: (row) => and(atLeast(length(row['idempotency_key']), 1), atMost(length(row['idempotency_key']), 200)),
    },
    {
      name: 'ck_email_notifications_lock_pair',
      columns: ['locked_by', 'locked_until'],
      expression: '(locked_by IS NULL) = (locked_until IS NULL)',
      test: (row) => equal(isNull(row['locked_by']), isNull(row['locked_until'])),
    },
    {
      name: 'ck_email_notifications_max_attempts',
      columns: ['max_attempts'],
      expression: '(max_attempts >= 1) AND (max_attempts <= 20)',
      test: (row) => and(atLeast(row['max_attempts'], 1), atMost(row['max_attempts'], 20)),
    },
    {
      name: 'ck_email_notifications_one_template',
      columns: ['template_id', 'message_template_id'],
      expression: 'num_nonnulls(template_id, message_template_id) <= 1',
      test: (row) => atMost(countNonNulls(row['template_id'], row['message_template_id']), 1),
    },
    {
      name: 'ck_email_notifications_provider_message_id',
      columns: ['provider_message_id'],
      expression: '(length(provider_message_id) >= 1) AND (length(provider_message_id) <= 255)',
      test: (row) => and(atLeast(length(row['provider_message_id']), 1), atMost(length(row['provider_message_id']), 255)),
    },
    {
      name: 'ck_email_notifications_sent',
      columns: ['status', 'sent_at'],
      expression: '(status <> \'sent\'::notify.email_status) OR (sent_at IS NOT NULL)',
      test: (row) => or(notEqual(row['status'], 'sent'), isNotNull(row['sent_at'])),
    },
    {
      name: 'ck_email_notifications_subject',
      columns: ['subject'],
      expression: '(length(subject) >= 1) AND (length(subject) <= 500)',
      test: (row) => and(atLeast(length(row['subject']), 1), atMost(length(row['subject']), 500)),
    },
    {
      name: 'ck_email_notifications_variables',
      columns: ['variables'],
      expression: 'jsonb_typeof(variables) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['variables']), 'object'),
    },
  ],
)

export const email_templates = /*@__PURE__*/ defineTable<'notify.email_templates'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    name: { kind: text },
    type: { kind: enumeration(notify.emailTemplateType) },
    locale: { kind: enumeration(iam.campaignLanguage), hasDefault: true },
    subject: { kind: text },
    body_html: { kind: text },
    body_text: { kind: text, isNullable: true },
    version: { kind: integer, hasDefault: true },
    is_active: { kind: boolean, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_email_templates_body_html',
      columns: ['body_html'],
      expression: 'length(body_html) > 0',
      test: (row) => greaterThan(length(row['body_html']), 0),
    },
    {
      name: 'ck_email_templates_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 255)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 255)),
    },
    {
      name: 'ck_email_templates_subject',
      columns: ['subject'],
      expression: '(length(subject) >= 1) AND (length(subject) <= 500)',
      test: (row) => and(atLeast(length(row['subject']), 1), atMost(length(row['subject']), 500)),
    },
    {
      name: 'ck_email_templates_version',
      columns: ['version'],
      expression: 'version >= 1',
      test: (row) => atLeast(row['version'], 1),
    },
  ],
)

export const message_open_stats = /*@__PURE__*/ defineTable<'notify.message_open_stats'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    pixel_id: { kind: uuid },
    open_count: { kind: integer, hasDefault: true },
    bot_open_count: { kind: integer, hasDefault: true },
    click_count: { kind: integer, hasDefault: true },
    first_opened_at: { kind: timestamptz, isNullable: true },
    last_opened_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_message_open_stats_bot_open_count',
      columns: ['bot_open_count'],
      expression: 'bot_open_count >= 0',
      test: (row) => atLeast(row['bot_open_count'], 0),
    },
    {
      name: 'ck_message_open_stats_click_count',
      columns: ['click_count'],
      expression: 'click_count >= 0',
      test: (row) => atLeast(row['click_count'], 0),
    },
    {
      name: 'ck_message_open_stats_open_count',
      columns: ['open_count'],
      expression: 'open_count >= 0',
      test: (row) => atLeast(row['open_count'], 0),
    },
  ],
)

export const message_templates = /*@__PURE__*/ defineTable<'notify.message_templates'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    key: { kind: text },
    channel: { kind: enumeration(iam.contactChannel) },
    locale: { kind: enumeration(iam.campaignLanguage), hasDefault: true },
    version: { kind: integer, hasDefault: true },
    subject: { kind: text, isNullable: true },
    body: { kind: text },
    variables: { kind: arrayOf(text), hasDefault: true },
    is_active: { kind: boolean, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_message_templates_body',
      columns: ['body'],
      expression: 'length(body) > 0',
      test: (row) => greaterThan(length(row['body']), 0),
    },
    {
      name: 'ck_message_templates_channel',
      columns: ['channel'],
      expression: 'channel <> \'any\'::iam.contact_channel',
      test: (row) => notEqual(row['channel'], 'any'),
    },
    {
      name: 'ck_message_templates_email_subject',
      columns: ['channel', 'subject'],
      expression: '(channel <> \'email\'::iam.contact_channel) OR (subject IS NOT NULL)',
      test: (row) => or(notEqual(row['channel'], 'email'), isNotNull(row['subject'])),
    },
    {
      name: 'ck_message_templates_key',
      columns: ['key'],
      expression: 'key ~ \'^[a-z][a-z0-9_.-]{0,99}$\'::text',
      test: (row) => matches(row['key'], /^[a-z][a-z0-9_.-]{0,99}$/u),
    },
    {
      name: 'ck_message_templates_subject',
      columns: ['subject'],
      expression: '(length(subject) >= 1) AND (length(subject) <= 500)',
      test: (row) => and(atLeast(length(row['subject']), 1), atMost(length(row['subject']), 500)),
    },
    {
      name: 'ck_message_templates_version',
      columns: ['version'],
      expression: 'version >= 1',
      test: (row) => atLeast(row['version'], 1),
    },
  ],
)

export const opt_outs = /*@__PURE__*/ defineTable<'notify.opt_outs'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    channel: { kind: enumeration(iam.contactChannel) },
    address: { kind: text },
    subject_type: { kind: text, isNullable: true },
    subject_id: { kind: uuid, isNullable: true },
    source: { kind: enumeration(notify.optOutSource), hasDefault: true },
    reason: { kind: text, isNullable: true },
    evidence: { kind: jsonb, hasDefault: true },
    opted_out_at: { kind: timestamptz, hasDefault: true, default: () => new Date() },
    revoked_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_opt_outs_address',
      columns: ['address'],
      expression: '((length(address) >= 3) AND (length(address) <= 320)) AND (address = lower(btrim(address)))',
      test: (row) => and(and(atLeast(length(row['address']), 3), atMost(length(row['address']), 320)), equal(row['address'], lower(btrim(row['address'])))),
    },
    {
      name: 'ck_opt_outs_evidence',
      columns: ['evidence'],
      expression: 'jsonb_typeof(evidence) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['evidence']), 'object'),
    },
    {
      name: 'ck_opt_outs_revoked',
      columns: ['revoked_at', 'opted_out_at'],
      expression: '(revoked_at IS NULL) OR (revoked_at >= opted_out_at)',
      test: (row) => or(isNull(row['revoked_at']), atLeast(row['revoked_at'], row['opted_out_at'])),
    },
    {
      name: 'ck_opt_outs_subject_pair',
      columns: ['subject_type', 'subject_id'],
      expression: '(subject_type IS NULL) = (subject_id IS NULL)',
      test: (row) => equal(isNull(row['subject_type']), isNull(row['subject_id'])),
    },
    {
      name: 'ck_opt_outs_subject_type',
      columns: ['subject_type'],
      expression: '(length(subject_type) >= 1) AND (length(subject_type) <= 100)',
      test: (row) => and(atLeast(length(row['subject_type']), 1), atMost(length(row['subject_type']), 100)),
    },
  ],
)

export const tracking_events = /*@__PURE__*/ defineTable<'notify.tracking_events'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    occurred_at: { kind: timestamptz, hasDefault: true },
    pixel_id: { kind: uuid },
    event_type: { kind: enumeration(notify.trackingEventType), hasDefault: true, default: () => 'open' },
    url: { kind: text, isNullable: true },
    ip_hash: { kind: bytea, isNullable: true },
    user_agent: { kind: text, isNullable: true },
    is_bot: { kind: boolean, hasDefault: true },
  },
  [
    {
      name: 'ck_tracking_events_click_url',
      columns: ['event_type', 'url'],
      expression: '(event_type <> \'click\'::notify.tracking_event_type) OR (url IS NOT NULL)',
      test: (row) => or(notEqual(row['event_type'], 'click'), isNotNull(row['url'])),
    },
    {
      name: 'ck_tracking_events_id_v7',
      columns: ['id'],
      expression: 'substr((id)::text, 15, 1) = \'7\'::text',
      test: (row) => equal(substr(row['id'], 15, 1), '7'),
    },
  ],
)

export const tracking_pixels = /*@__PURE__*/ defineTable<'notify.tracking_pixels'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    email_notification_id: { kind: uuid, isNullable: true },
    message_ref: { kind: text, isNullable: true },
    token: { kind: text, hasDefault: true },
    is_active: { kind: boolean, hasDefault: true },
    created_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_tracking_pixels_message_ref',
      columns: ['message_ref'],
      expression: '(length(message_ref) >= 1) AND (length(message_ref) <= 200)',
      test: (row) => and(atLeast(length(row['message_ref']), 1), atMost(length(row['message_ref']), 200)),
    },
    {
      name: 'ck_tracking_pixels_target',
      columns: ['email_notification_id', 'message_ref'],
      expression: 'num_nonnulls(email_notification_id, message_ref) = 1',
      test: (row) => equal(countNonNulls(row['email_notification_id'], row['message_ref']), 1),
    },
    {
      name: 'ck_tracking_pixels_token',
      columns: ['token'],
      expression: 'token ~ \'^[A-Za-z0-9_-]{20,64}$\'::text',
      test: (row) => matches(row['token'], /^[A-Za-z0-9_-]{20,64}$/u),
    },
  ],
)

export const webhook_deliveries = /*@__PURE__*/ defineTable<'notify.webhook_deliveries'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    endpoint_id: { kind: uuid },
    event_id: { kind: text },
    event_type: { kind: text },
    payload: { kind: jsonb, hasDefault: true },
    status: { kind: enumeration(notify.webhookDeliveryStatus), hasDefault: true, default: () => 'pending' },
    attempts: { kind: smallint, hasDefault: true },
    max_attempts: { kind: smallint, hasDefault: true },
    next_attempt_at: { kind: timestamptz, hasDefault: true },
    locked_by: { kind: text, isNullable: true },
    locked_until: { kind: timestamptz, isNullable: true },
    last_status_code: { kind: integer, isNullable: true },
    last_error: { kind: text, isNullable: true },
    delivered_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_webhook_deliveries_attempts',
      columns: ['attempts'],
      expression: 'attempts >= 0',
      test: (row) => atLeast(row['attempts'], 0),
    },
    {
      name: 'ck_webhook_deliveries_delivered',
      columns: ['status', 'delivered_at'],
      expression: '(status = \'delivered\'::notify.webhook_delivery_status) = (delivered_at IS NOT NULL)',
      test: (row) => equal(equal(row['status'], 'delivered'), isNotNull(row['delivered_at'])),
    },
    {
      name: 'ck_webhook_deliveries_event_id',
      columns: ['event_id'],
      expression: '(length(event_id) >= 1) AND (length(event_id) <= 200)',
      test: (row) => and(atLeast(length(row['event_id']), 1), atMost(length(row['event_id']), 200)),
    },
    {
      name: 'ck_webhook_deliveries_event_type',
      columns: ['event_type'],
      expression: 'event_type ~ \'^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$\'::text',
      test: (row) => matches(row['event_type'], /^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$/u),
    },
    {
      name: 'ck_webhook_deliveries_last_status_code',
      columns: ['last_status_code'],
      expression: '(last_status_code >= 100) AND (last_status_code <= 599)',
      test: (row) => and(atLeast(row['last_status_code'], 100), atMost(row['last_status_code'], 599)),
    },
    {
      name: 'ck_webhook_deliveries_lock_pair',
      columns: ['locked_by', 'locked_until'],
      expression: '(locked_by IS NULL) = (locked_until IS NULL)',
      test: (row) => equal(isNull(row['locked_by']), isNull(row['locked_until'])),
    },
    {
      name: 'ck_webhook_deliveries_max_attempts',
      columns: ['max_attempts'],
      expression: '(max_attempts >= 1) AND (max_attempts <= 30)',
      test: (row) => and(atLeast(row['max_attempts'], 1), atMost(row['max_attempts'], 30)),
    },
    {
      name: 'ck_webhook_deliveries_payload',
      columns: ['payload'],
      expression: 'jsonb_typeof(payload) = \'object\'::text',
      test: (row) => equal(jsonTypeof(row['payload']), 'object'),
    },
  ],
)

export const webhook_endpoints = /*@__PURE__*/ defineTable<'notify.webhook_endpoints'>(
  {
    organisation_id: { kind: uuid, hasDefault: true },
    id: { kind: uuid, hasDefault: true },
    name: { kind: text },
    url: { kind: text },
    event_types: { kind: arrayOf(text), hasDefault: true },
    status: { kind: enumeration(notify.webhookEndpointStatus), hasDefault: true },
    secret_ref: { kind: text, isNullable: true },
    consecutive_failures: { kind: integer, hasDefault: true },
    disabled_at: { kind: timestamptz, isNullable: true },
    created_at: { kind: timestamptz, hasDefault: true },
    updated_at: { kind: timestamptz, hasDefault: true },
  },
  [
    {
      name: 'ck_webhook_endpoints_consecutive_failures',
      columns: ['consecutive_failures'],
      expression: 'consecutive_failures >= 0',
      test: (row) => atLeast(row['consecutive_failures'], 0),
    },
    {
      name: 'ck_webhook_endpoints_name',
      columns: ['name'],
      expression: '(length(name) >= 1) AND (length(name) <= 100)',
      test: (row) => and(atLeast(length(row['name']), 1), atMost(length(row['name']), 100)),
    },
    {
      name: 'ck_webhook_endpoints_url',
      columns: ['url'],
      expression: 'url ~ \'^https?://\'::text',
      test: (row) => matches(row['url'], /^https?:\/\//u),
    },
  ],
)

export const v_email_delivery_summary = /*@__PURE__*/ defineView<'notify.v_email_delivery_summary'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    campaign_id: { kind: uuid, isNullable: true },
    total: { kind: bigint, isNullable: true },
    pending: { kind: bigint, isNullable: true },
    sent: { kind: bigint, isNullable: true },
    failed: { kind: bigint, isNullable: true },
    delivered: { kind: bigint, isNullable: true },
    bounced: { kind: bigint, isNullable: true },
    complained: { kind: bigint, isNullable: true },
    suppressed: { kind: bigint, isNullable: true },
  },
)

export const v_message_opens = /*@__PURE__*/ defineView<'notify.v_message_opens'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    pixel_id: { kind: uuid, isNullable: true },
    email_notification_id: { kind: uuid, isNullable: true },
    message_ref: { kind: text, isNullable: true },
    open_count: { kind: integer, isNullable: true },
    click_count: { kind: integer, isNullable: true },
    first_opened_at: { kind: timestamptz, isNullable: true },
    last_opened_at: { kind: timestamptz, isNullable: true },
  },
)

export const v_tracking_daily = /*@__PURE__*/ defineView<'notify.v_tracking_daily'>(
  {
    organisation_id: { kind: uuid, isNullable: true },
    day: { kind: date, isNullable: true },
    event_type: { kind: enumeration(notify.trackingEventType), isNullable: true },
    events: { kind: bigint, isNullable: true },
    bot_events: { kind: bigint, isNullable: true },
  },
)
