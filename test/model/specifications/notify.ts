import type { Specification } from '../specification.js'
import { emailTables } from './notify-emails.js'
import { optOutTables } from './notify-opt-outs.js'
import { templateTables } from './notify-templates.js'
import { trackingTables } from './notify-tracking.js'
import { webhookTables } from './notify-webhooks.js'
import { stable, volatile } from './shared.js'

const emailLimits = `p_limit integer DEFAULT 50, p_lease interval DEFAULT '2 minutes'`
const webhookLimits = `p_limit integer DEFAULT 50, p_lease interval DEFAULT '1 minute'`

const checkOptOutStatusOfSubject =
  'check_opt_out_status(p_organisation_id uuid, p_subject_type text, p_subject_id uuid, ' +
  'p_channel iam.contact_channel)'

const failEmailNotification =
  'fail_email_notification(p_organisation_id uuid, p_id uuid, p_worker text, p_code text, p_message text, ' +
  'p_retryable boolean DEFAULT true)'

const recordDeliveryEvent =
  'record_delivery_event(p_organisation_id uuid, p_provider_message_id text, ' +
  'p_event_type notify.delivery_event_type, p_provider_event_id text, p_occurred_at timestamptz DEFAULT now(), ' +
  `p_bounce_type notify.bounce_type DEFAULT NULL, p_payload jsonb DEFAULT '{}')`

const recordTrackingEvent =
  'record_tracking_event(p_organisation_id uuid, p_token text, ' +
  `p_event_type notify.tracking_event_type DEFAULT 'open', p_url text DEFAULT NULL, p_ip_hash bytea DEFAULT NULL, ` +
  'p_user_agent text DEFAULT NULL, p_is_bot boolean DEFAULT false)'

const finishWebhookDelivery =
  'finish_webhook_delivery(p_organisation_id uuid, p_id uuid, p_worker text, p_status_code integer, ' +
  'p_error text DEFAULT NULL)'

/** The schema notify as the model describes it, without what links add. */
export const notifySpecification: Specification = {
  schema: 'notify',
  enums: {
    email_status: [['pending', 'sent', 'failed'], 'Delivery state of an email (seed enum).'],
    email_template_type: [['completed', 'refused', 'not_reached'], 'Survey result the template answers (seed enum).'],
    opt_out_source: [['link', 'reply', 'call', 'import', 'api', 'manual'], 'How an opt-out reached us.'],
    delivery_event_type: [
      ['accepted', 'delivered', 'deferred', 'bounced', 'complained', 'unsubscribed', 'rejected'],
      'Provider delivery callback type.',
    ],
    bounce_type: [['hard', 'soft'], 'Bounce class.'],
    tracking_event_type: [['open', 'click'], 'Tracked recipient action.'],
    webhook_endpoint_status: [['active', 'paused', 'disabled'], 'State of an outgoing webhook endpoint.'],
    webhook_delivery_status: [
      ['pending', 'delivered', 'failed', 'discarded'],
      'State of an outgoing webhook delivery.',
    ],
  },
  domains: {},
  tables: { ...templateTables, ...emailTables, ...optOutTables, ...trackingTables, ...webhookTables },
  views: {
    v_email_delivery_summary: {
      organisation_id: 'uuid',
      campaign_id: 'uuid',
      total: 'bigint',
      pending: 'bigint',
      sent: 'bigint',
      failed: 'bigint',
      delivered: 'bigint',
      bounced: 'bigint',
      complained: 'bigint',
      suppressed: 'bigint',
    },
    v_message_opens: {
      organisation_id: 'uuid',
      pixel_id: 'uuid',
      email_notification_id: 'uuid',
      message_ref: 'text',
      open_count: 'integer',
      click_count: 'integer',
      first_opened_at: 'timestamptz',
      last_opened_at: 'timestamptz',
    },
    v_tracking_daily: {
      organisation_id: 'uuid',
      day: 'date',
      event_type: 'notify.tracking_event_type',
      events: 'bigint',
      bot_events: 'bigint',
    },
  },
  functions: {
    'check_opt_out_status(p_organisation_id uuid, p_address text, p_channel iam.contact_channel)': stable('boolean'),
    [checkOptOutStatusOfSubject]: stable('boolean'),
    [`claim_email_notifications(p_worker text, ${emailLimits})`]: volatile('SETOF notify.email_notifications'),
    [`claim_email_notifications(p_organisation_id uuid, p_worker text, ${emailLimits})`]: volatile(
      'SETOF notify.email_notifications',
    ),
    'complete_email_notification(p_organisation_id uuid, p_id uuid, p_worker text, p_provider_message_id text)':
      volatile('boolean'),
    [failEmailNotification]: volatile('boolean'),
    [recordDeliveryEvent]: volatile('boolean'),
    [recordTrackingEvent]: volatile('boolean'),
    "enqueue_webhook(p_organisation_id uuid, p_event_id text, p_event_type text, p_payload jsonb DEFAULT '{}')":
      volatile('integer'),
    [`claim_webhook_deliveries(p_worker text, ${webhookLimits})`]: volatile('SETOF notify.webhook_deliveries'),
    [`claim_webhook_deliveries(p_organisation_id uuid, p_worker text, ${webhookLimits})`]: volatile(
      'SETOF notify.webhook_deliveries',
    ),
    [finishWebhookDelivery]: volatile('notify.webhook_delivery_status'),
    'install_default_templates(p_organisation_id uuid)': volatile('integer'),
  },
}
