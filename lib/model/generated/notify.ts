// Generated from the catalogue of a migrated database by npm run generate; do not edit.
import type { ColumnType, Generated, JsonObject, ReadOnly } from '../row-types.js'
import type * as iam from './iam.js'

/** Bounce class. */
export const bounceType = {
  hard: 'hard',
  soft: 'soft',
} as const

/** A value of {@link bounceType}. */
export type BounceType = (typeof bounceType)[keyof typeof bounceType]

/** Provider delivery callback type. */
export const deliveryEventType = {
  accepted: 'accepted',
  delivered: 'delivered',
  deferred: 'deferred',
  bounced: 'bounced',
  complained: 'complained',
  unsubscribed: 'unsubscribed',
  rejected: 'rejected',
} as const

/** A value of {@link deliveryEventType}. */
export type DeliveryEventType = (typeof deliveryEventType)[keyof typeof deliveryEventType]

/** Delivery state of an email (seed enum). */
export const emailStatus = {
  pending: 'pending',
  sent: 'sent',
  failed: 'failed',
} as const

/** A value of {@link emailStatus}. */
export type EmailStatus = (typeof emailStatus)[keyof typeof emailStatus]

/** Survey result the template answers (seed enum). */
export const emailTemplateType = {
  completed: 'completed',
  refused: 'refused',
  not_reached: 'not_reached',
} as const

/** A value of {@link emailTemplateType}. */
export type EmailTemplateType = (typeof emailTemplateType)[keyof typeof emailTemplateType]

/** How an opt-out reached us. */
export const optOutSource = {
  link: 'link',
  reply: 'reply',
  call: 'call',
  import: 'import',
  api: 'api',
  manual: 'manual',
} as const

/** A value of {@link optOutSource}. */
export type OptOutSource = (typeof optOutSource)[keyof typeof optOutSource]

/** Tracked recipient action. */
export const trackingEventType = {
  open: 'open',
  click: 'click',
} as const

/** A value of {@link trackingEventType}. */
export type TrackingEventType = (typeof trackingEventType)[keyof typeof trackingEventType]

/** State of an outgoing webhook delivery. */
export const webhookDeliveryStatus = {
  pending: 'pending',
  delivered: 'delivered',
  failed: 'failed',
  discarded: 'discarded',
} as const

/** A value of {@link webhookDeliveryStatus}. */
export type WebhookDeliveryStatus = (typeof webhookDeliveryStatus)[keyof typeof webhookDeliveryStatus]

/** State of an outgoing webhook endpoint. */
export const webhookEndpointStatus = {
  active: 'active',
  paused: 'paused',
  disabled: 'disabled',
} as const

/** A value of {@link webhookEndpointStatus}. */
export type WebhookEndpointStatus = (typeof webhookEndpointStatus)[keyof typeof webhookEndpointStatus]

/** The tables of the module, by their qualified names. */
export const tables = {
  delivery_events: 'notify.delivery_events',
  email_notifications: 'notify.email_notifications',
  email_templates: 'notify.email_templates',
  message_open_stats: 'notify.message_open_stats',
  message_templates: 'notify.message_templates',
  opt_outs: 'notify.opt_outs',
  tracking_events: 'notify.tracking_events',
  tracking_pixels: 'notify.tracking_pixels',
  webhook_deliveries: 'notify.webhook_deliveries',
  webhook_endpoints: 'notify.webhook_endpoints',
} as const

/** The views of the module, by their qualified names. */
export const views = {
  v_email_delivery_summary: 'notify.v_email_delivery_summary',
  v_message_opens: 'notify.v_message_opens',
  v_tracking_daily: 'notify.v_tracking_daily',
} as const

/** The columns of each table and view, in their order. */
export const columns = {
  delivery_events: [
    'organisation_id',
    'id',
    'email_notification_id',
    'event_type',
    'bounce_type',
    'provider_event_id',
    'occurred_at',
    'payload',
    'created_at',
  ],
  email_notifications: [
    'organisation_id',
    'id',
    'event_id',
    'contact_id',
    'campaign_id',
    'template_id',
    'message_template_id',
    'idempotency_key',
    'to_email',
    'subject',
    'variables',
    'status',
    'attempts',
    'max_attempts',
    'next_attempt_at',
    'locked_by',
    'locked_until',
    'provider_message_id',
    'error_code',
    'error_message',
    'sent_at',
    'delivered_at',
    'bounced_at',
    'complained_at',
    'created_at',
    'updated_at',
  ],
  email_templates: [
    'organisation_id',
    'id',
    'name',
    'type',
    'locale',
    'subject',
    'body_html',
    'body_text',
    'version',
    'is_active',
    'created_at',
    'updated_at',
  ],
  message_open_stats: [
    'organisation_id',
    'pixel_id',
    'open_count',
    'bot_open_count',
    'click_count',
    'first_opened_at',
    'last_opened_at',
    'created_at',
    'updated_at',
  ],
  message_templates: [
    'organisation_id',
    'id',
    'key',
    'channel',
    'locale',
    'version',
    'subject',
    'body',
    'variables',
    'is_active',
    'created_at',
    'updated_at',
  ],
  opt_outs: [
    'organisation_id',
    'id',
    'channel',
    'address',
    'subject_type',
    'subject_id',
    'source',
    'reason',
    'evidence',
    'opted_out_at',
    'revoked_at',
    'created_at',
    'updated_at',
  ],
  tracking_events: [
    'organisation_id',
    'id',
    'occurred_at',
    'pixel_id',
    'event_type',
    'url',
    'ip_hash',
    'user_agent',
    'is_bot',
  ],
  tracking_pixels: [
    'organisation_id',
    'id',
    'email_notification_id',
    'message_ref',
    'token',
    'is_active',
    'created_at',
  ],
  webhook_deliveries: [
    'organisation_id',
    'id',
    'endpoint_id',
    'event_id',
    'event_type',
    'payload',
    'status',
    'attempts',
    'max_attempts',
    'next_attempt_at',
    'locked_by',
    'locked_until',
    'last_status_code',
    'last_error',
    'delivered_at',
    'created_at',
    'updated_at',
  ],
  webhook_endpoints: [
    'organisation_id',
    'id',
    'name',
    'url',
    'event_types',
    'status',
    'secret_ref',
    'consecutive_failures',
    'disabled_at',
    'created_at',
    'updated_at',
  ],
  v_email_delivery_summary: [
    'organisation_id',
    'campaign_id',
    'total',
    'pending',
    'sent',
    'failed',
    'delivered',
    'bounced',
    'complained',
    'suppressed',
  ],
  v_message_opens: [
    'organisation_id',
    'pixel_id',
    'email_notification_id',
    'message_ref',
    'open_count',
    'click_count',
    'first_opened_at',
    'last_opened_at',
  ],
  v_tracking_daily: [
    'organisation_id',
    'day',
    'event_type',
    'events',
    'bot_events',
  ],
} as const

/** Append-only delivery callbacks of the mail provider. */
export interface DeliveryEventsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Email. */
  readonly email_notification_id: string
  /** Kind. */
  readonly event_type: DeliveryEventType
  /** Bounce class. */
  readonly bounce_type: BounceType | null
  /** Event id at the provider, or a digest of the body. */
  readonly provider_event_id: string
  /** Time at the provider. */
  readonly occurred_at: Generated<Date>
  /** Raw event. */
  readonly payload: Generated<JsonObject>
  /** Creation time. */
  readonly created_at: Generated<Date>
}

/** Outgoing emails; a leased retry queue. */
export interface EmailNotificationsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** survey.events row; foreign key added by survey_notify. */
  readonly event_id: string | null
  /** survey.contacts row; foreign key added by survey_notify. */
  readonly contact_id: string | null
  /** survey.campaigns row; foreign key added by survey_notify. */
  readonly campaign_id: string | null
  /** Survey result template. */
  readonly template_id: string | null
  /** Generic template. */
  readonly message_template_id: string | null
  /** Producer key, e.g. event id and template type. */
  readonly idempotency_key: string
  /** Recipient. */
  readonly to_email: string
  /** Rendered subject. */
  readonly subject: string | null
  /** Values for the placeholders. */
  readonly variables: Generated<JsonObject>
  /** Delivery state. */
  readonly status: Generated<EmailStatus>
  /** Send attempts. */
  readonly attempts: Generated<number>
  /** Attempts allowed. */
  readonly max_attempts: Generated<number>
  /** Earliest next attempt. */
  readonly next_attempt_at: Generated<Date>
  /** Sender holding the lease. */
  readonly locked_by: string | null
  /** End of the lease. */
  readonly locked_until: Date | null
  /** Id at the mail provider. */
  readonly provider_message_id: string | null
  /** Latest error code; suppressed when an opt-out stopped it. */
  readonly error_code: string | null
  /** Latest error text. */
  readonly error_message: string | null
  /** Accepted by the provider. */
  readonly sent_at: Date | null
  /** Delivered. */
  readonly delivered_at: Date | null
  /** Bounced. */
  readonly bounced_at: Date | null
  /** Reported as spam. */
  readonly complained_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Email templates for survey results. */
export interface EmailTemplatesTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Template name. */
  readonly name: string
  /** Survey result it answers. */
  readonly type: EmailTemplateType
  /** Language. */
  readonly locale: Generated<iam.CampaignLanguage>
  /** Subject with placeholders. */
  readonly subject: string
  /** HTML body with placeholders. */
  readonly body_html: string
  /** Plain text body. */
  readonly body_text: string | null
  /** Version. */
  readonly version: Generated<number>
  /** The version in use. */
  readonly is_active: Generated<boolean>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Aggregated opens and clicks per pixel. */
export interface MessageOpenStatsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Pixel. */
  readonly pixel_id: string
  /** Opens by people. */
  readonly open_count: Generated<number>
  /** Opens by proxies and scanners. */
  readonly bot_open_count: Generated<number>
  /** Clicks. */
  readonly click_count: Generated<number>
  /** First open. */
  readonly first_opened_at: Date | null
  /** Latest open. */
  readonly last_opened_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Templates of every channel, found by key. */
export interface MessageTemplatesTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Stable key. */
  readonly key: string
  /** Channel. */
  readonly channel: iam.ContactChannel
  /** Language. */
  readonly locale: Generated<iam.CampaignLanguage>
  /** Version. */
  readonly version: Generated<number>
  /** Subject, email only. */
  readonly subject: string | null
  /** Body or call script with placeholders. */
  readonly body: string
  /** Placeholders used. */
  readonly variables: ColumnType<string[], readonly string[] | undefined, readonly string[]>
  /** The version in use. */
  readonly is_active: Generated<boolean>
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Opt-outs by channel and address. */
export interface OptOutsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Channel; any is every channel. */
  readonly channel: iam.ContactChannel
  /** Lower-cased email or E.164 number. */
  readonly address: string
  /** Kind of the person record, e.g. escalation.customer. */
  readonly subject_type: string | null
  /** Id of that record; no foreign key. */
  readonly subject_id: string | null
  /** How it reached us. */
  readonly source: Generated<OptOutSource>
  /** Reason given. */
  readonly reason: string | null
  /** Proof: message id, call id, ip. */
  readonly evidence: Generated<JsonObject>
  /** When. */
  readonly opted_out_at: Generated<Date>
  /** When the person opted in again. */
  readonly revoked_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Raw opens and clicks. */
export interface TrackingEventsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** When; the partition follows the id. */
  readonly occurred_at: Generated<Date>
  /** Pixel. */
  readonly pixel_id: string
  /** Kind. */
  readonly event_type: Generated<TrackingEventType>
  /** Clicked address. */
  readonly url: string | null
  /** Keyed hash of the client address. */
  readonly ip_hash: Uint8Array | null
  /** Client agent. */
  readonly user_agent: string | null
  /** Proxy or scanner, not a person. */
  readonly is_bot: Generated<boolean>
}

/** Open-tracking tokens, one per email. */
export interface TrackingPixelsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Email of this schema. */
  readonly email_notification_id: string | null
  /** Message of an extension model, e.g. outreach.message and its id. */
  readonly message_ref: string | null
  /** Random public token; the public URL also carries the organisation id. */
  readonly token: Generated<string>
  /** Counts opens. */
  readonly is_active: Generated<boolean>
  /** Creation time. */
  readonly created_at: Generated<Date>
}

/** Outgoing webhook queue: one row per event and endpoint. */
export interface WebhookDeliveriesTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Endpoint. */
  readonly endpoint_id: string
  /** Id of the event; receivers de-duplicate by it. */
  readonly event_id: string
  /** Type of the event. */
  readonly event_type: string
  /** Body. */
  readonly payload: Generated<JsonObject>
  /** State. */
  readonly status: Generated<WebhookDeliveryStatus>
  /** Attempts made. */
  readonly attempts: Generated<number>
  /** Attempts allowed. */
  readonly max_attempts: Generated<number>
  /** Earliest next attempt. */
  readonly next_attempt_at: Generated<Date>
  /** Relay holding the lease. */
  readonly locked_by: string | null
  /** End of the lease. */
  readonly locked_until: Date | null
  /** Latest HTTP status. */
  readonly last_status_code: number | null
  /** Latest error. */
  readonly last_error: string | null
  /** Delivered. */
  readonly delivered_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Customer endpoints that receive events. */
export interface WebhookEndpointsTable {
  /** Tenant key. */
  readonly organisation_id: Generated<string>
  /** Row id, unique inside the organisation. */
  readonly id: Generated<string>
  /** Label. */
  readonly name: string
  /** Target address. */
  readonly url: string
  /** Subscribed types; empty is every type. */
  readonly event_types: ColumnType<string[], readonly string[] | undefined, readonly string[]>
  /** State. */
  readonly status: Generated<WebhookEndpointStatus>
  /** Name of the signing secret. */
  readonly secret_ref: string | null
  /** Failures in a row. */
  readonly consecutive_failures: Generated<number>
  /** Switched off by too many failures. */
  readonly disabled_at: Date | null
  /** Creation time. */
  readonly created_at: Generated<Date>
  /** Latest change, kept by trigger. */
  readonly updated_at: Generated<Date>
}

/** Emails by campaign and result. */
export interface EmailDeliverySummaryView {
  readonly organisation_id: ReadOnly<string | null>
  readonly campaign_id: ReadOnly<string | null>
  readonly total: ReadOnly<string | null>
  readonly pending: ReadOnly<string | null>
  readonly sent: ReadOnly<string | null>
  readonly failed: ReadOnly<string | null>
  readonly delivered: ReadOnly<string | null>
  readonly bounced: ReadOnly<string | null>
  readonly complained: ReadOnly<string | null>
  readonly suppressed: ReadOnly<string | null>
}

/** Opens and clicks by message. */
export interface MessageOpensView {
  readonly organisation_id: ReadOnly<string | null>
  readonly pixel_id: ReadOnly<string | null>
  readonly email_notification_id: ReadOnly<string | null>
  readonly message_ref: ReadOnly<string | null>
  readonly open_count: ReadOnly<number | null>
  readonly click_count: ReadOnly<number | null>
  readonly first_opened_at: ReadOnly<Date | null>
  readonly last_opened_at: ReadOnly<Date | null>
}

/** Opens and clicks by UTC day. */
export interface TrackingDailyView {
  readonly organisation_id: ReadOnly<string | null>
  readonly day: ReadOnly<Date | null>
  readonly event_type: ReadOnly<TrackingEventType | null>
  readonly events: ReadOnly<string | null>
  readonly bot_events: ReadOnly<string | null>
}

/** The tables and views of the module notify. */
export interface NotifyDatabase {
  readonly 'notify.delivery_events': DeliveryEventsTable
  readonly 'notify.email_notifications': EmailNotificationsTable
  readonly 'notify.email_templates': EmailTemplatesTable
  readonly 'notify.message_open_stats': MessageOpenStatsTable
  readonly 'notify.message_templates': MessageTemplatesTable
  readonly 'notify.opt_outs': OptOutsTable
  readonly 'notify.tracking_events': TrackingEventsTable
  readonly 'notify.tracking_pixels': TrackingPixelsTable
  readonly 'notify.webhook_deliveries': WebhookDeliveriesTable
  readonly 'notify.webhook_endpoints': WebhookEndpointsTable
  readonly 'notify.v_email_delivery_summary': EmailDeliverySummaryView
  readonly 'notify.v_message_opens': MessageOpensView
  readonly 'notify.v_tracking_daily': TrackingDailyView
}
