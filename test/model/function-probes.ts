/** How a function is tried by somebody who works for one organisation and knows all ids of another one. */
export interface FunctionProbe {
  /** The call, written as a query. `$table.column` stands for what the other organisation's row holds there. */
  readonly call: string
  /** What the call gives, as JSON: the rows without their column names; or the SQLSTATE of the refusal. */
  readonly answer: string
  /** State that rows must be in for the call to do something where it may; the same for both organisations. */
  readonly given?: string
  /**
   * Who shows that the call does something where it may, so that the answer above means something: the other
   * organisation itself, or the worker for functions that serve all organisations. None: the answer means something.
   */
  readonly control: 'organisation' | 'worker' | 'none'
}

const nothing = '[]'
const free = (table: string): string => `UPDATE ${table} SET locked_by = NULL, locked_until = NULL`
const leased = (table: string): string =>
  `UPDATE ${table} SET locked_by = 'w', locked_until = now() + interval '1 hour'`
const runningTask = `
  UPDATE telephony.tasks SET status = 'in_progress', locked_by = 'w', locked_until = now() + interval '1 hour'`
const pendingTask = `UPDATE telephony.tasks SET status = 'pending', locked_by = NULL, locked_until = NULL`
/** Typed, because the forms of a claim function differ by it only. */
const organisation = "'$survey.events.organisation_id'::uuid"

/** By name and argument types. Functions that read or write no rows stand in {@link functionsWithoutRows}. */
export const functionProbes: Readonly<Record<string, FunctionProbe>> = {
  'survey.assign_variant(uuid, uuid)': {
    call: `SELECT survey.assign_variant('$survey.experiments.id', '$survey.contacts.id')`,
    answer: '[[null]]',
    control: 'organisation',
  },
  'survey.claim_events(text, integer, interval)': {
    call: `SELECT id FROM survey.claim_events('w') WHERE organisation_id = ${organisation}`,
    answer: nothing,
    given: free('survey.events'),
    control: 'worker',
  },
  'survey.claim_events(uuid, text, integer, interval)': {
    call: `SELECT id FROM survey.claim_events(${organisation}, 'w')`,
    answer: nothing,
    given: free('survey.events'),
    control: 'organisation',
  },
  'survey.complete_event(uuid, uuid, text)': {
    call: `SELECT survey.complete_event(${organisation}, '$survey.events.id', 'w')`,
    answer: '[[false]]',
    given: leased('survey.events'),
    control: 'organisation',
  },
  'survey.fail_event(uuid, uuid, text, text, integer)': {
    call: `SELECT survey.fail_event(${organisation}, '$survey.events.id', 'w', 'x')`,
    answer: '[[false]]',
    given: leased('survey.events'),
    control: 'organisation',
  },
  'survey.claim_due_contacts(uuid, uuid, text, integer, interval, timestamp with time zone)': {
    // Noon of the next Tuesday: within the hours of the calling rule.
    call: `
      SELECT id FROM survey.claim_due_contacts(
        ${organisation}, '$survey.campaigns.id', 'w',
        p_at => (date_trunc('week', now() AT TIME ZONE 'UTC') + interval '8 days 12 hours') AT TIME ZONE 'UTC')`,
    answer: nothing,
    given: `UPDATE survey.contacts SET state = 'pending', locked_by = NULL, locked_until = NULL`,
    control: 'organisation',
  },
  'survey.release_expired_contacts(uuid, timestamp with time zone)': {
    call: `SELECT survey.release_expired_contacts(${organisation})`,
    answer: '[[0]]',
    given: `UPDATE survey.contacts SET state = 'in_progress', locked_by = 'w', locked_until = now() - interval '1 hour'`,
    control: 'organisation',
  },
  'survey.record_call_outcome(uuid, uuid, iam.contact_outcome, timestamp with time zone)': {
    call: `SELECT survey.record_call_outcome(${organisation}, '$telephony.call_attempts.id', 'completed')`,
    answer: 'P0002',
    control: 'organisation',
  },
  'telephony.is_do_not_call(uuid, text, timestamp with time zone)': {
    call: `SELECT telephony.is_do_not_call(${organisation}, '$telephony.exclusion_list_entries.phone_number')`,
    answer: '[[false]]',
    control: 'organisation',
  },
  'telephony.call_block_reason(uuid, text, text, text, boolean, timestamp with time zone)': {
    call: `SELECT telephony.call_block_reason(${organisation}, '$telephony.exclusion_list_entries.phone_number')`,
    answer: '[["no_rule"]]',
    control: 'organisation',
  },
  'telephony.free_call_slots(uuid, uuid)': {
    call: `SELECT telephony.free_call_slots(${organisation}, '$telephony.provider_configs.id')`,
    answer: '[[null]]',
    control: 'organisation',
  },
  'telephony.record_webhook(uuid, uuid, text, jsonb)': {
    call: `SELECT telephony.record_webhook(${organisation}, '$telephony.provider_configs.id', 'new')`,
    answer: '42501',
    control: 'organisation',
  },
  'telephony.claim_tasks(text, telephony.task_type[], integer, interval)': {
    call: `SELECT id FROM telephony.claim_tasks('w') WHERE organisation_id = ${organisation}`,
    answer: nothing,
    given: pendingTask,
    control: 'worker',
  },
  'telephony.claim_tasks(uuid, text, telephony.task_type[], integer, interval)': {
    call: `SELECT id FROM telephony.claim_tasks(${organisation}, 'w')`,
    answer: nothing,
    given: pendingTask,
    control: 'organisation',
  },
  'telephony.complete_task(uuid, uuid, text, jsonb)': {
    call: `SELECT telephony.complete_task(${organisation}, '$telephony.tasks.id', 'w')`,
    answer: '[[false]]',
    given: runningTask,
    control: 'organisation',
  },
  'telephony.fail_task(uuid, uuid, text, text)': {
    call: `SELECT telephony.fail_task(${organisation}, '$telephony.tasks.id', 'w', 'x')`,
    answer: '[[false]]',
    given: runningTask,
    control: 'organisation',
  },
  'telephony.release_expired_tasks(timestamp with time zone)': {
    call: `SELECT telephony.release_expired_tasks(now() + interval '1 day')`,
    // Its own task, and no other.
    answer: '[[1]]',
    given: runningTask,
    control: 'worker',
  },
  'telephony.install_default_rules(uuid)': {
    call: `SELECT telephony.install_default_rules(${organisation})`,
    answer: '42501',
    control: 'organisation',
  },
  'telephony.is_opted_out(uuid, text)': {
    call: `SELECT telephony.is_opted_out(${organisation}, '$notify.opt_outs.address')`,
    answer: '[[false]]',
    control: 'organisation',
  },
  'notify.check_opt_out_status(uuid, text, iam.contact_channel)': {
    call: `SELECT notify.check_opt_out_status(${organisation}, '$notify.opt_outs.address', 'sms')`,
    answer: '[[false]]',
    control: 'organisation',
  },
  'notify.check_opt_out_status(uuid, text, uuid, iam.contact_channel)': {
    call: `
      SELECT notify.check_opt_out_status(
        ${organisation}, '$notify.opt_outs.subject_type', '$notify.opt_outs.subject_id', 'sms')`,
    answer: '[[false]]',
    control: 'organisation',
  },
  'notify.claim_email_notifications(text, integer, interval)': {
    call: `SELECT id FROM notify.claim_email_notifications('w') WHERE organisation_id = ${organisation}`,
    answer: nothing,
    given: free('notify.email_notifications'),
    control: 'worker',
  },
  'notify.claim_email_notifications(uuid, text, integer, interval)': {
    call: `SELECT id FROM notify.claim_email_notifications(${organisation}, 'w')`,
    answer: nothing,
    given: free('notify.email_notifications'),
    control: 'organisation',
  },
  'notify.complete_email_notification(uuid, uuid, text, text)': {
    call: `SELECT notify.complete_email_notification(${organisation}, '$notify.email_notifications.id', 'w', 'new')`,
    answer: '[[false]]',
    given: leased('notify.email_notifications'),
    control: 'organisation',
  },
  'notify.fail_email_notification(uuid, uuid, text, text, text, boolean)': {
    call: `SELECT notify.fail_email_notification(${organisation}, '$notify.email_notifications.id', 'w', 'x', 'x')`,
    answer: '[[false]]',
    given: leased('notify.email_notifications'),
    control: 'organisation',
  },
  'notify.record_delivery_event(uuid, text, notify.delivery_event_type, text, timestamp with time zone, notify.bounce_type, jsonb)':
    {
      call: `
      SELECT notify.record_delivery_event(
        ${organisation}, '$notify.email_notifications.provider_message_id', 'complained', 'new')`,
      answer: '[[false]]',
      control: 'organisation',
    },
  'notify.record_tracking_event(uuid, text, notify.tracking_event_type, text, bytea, text, boolean)': {
    call: `SELECT notify.record_tracking_event(${organisation}, '$notify.tracking_pixels.token')`,
    answer: '[[false]]',
    control: 'organisation',
  },
  'notify.enqueue_webhook(uuid, text, text, jsonb)': {
    call: `SELECT notify.enqueue_webhook(${organisation}, 'new', 'sample')`,
    answer: '[[0]]',
    control: 'organisation',
  },
  'notify.claim_webhook_deliveries(text, integer, interval)': {
    call: `SELECT id FROM notify.claim_webhook_deliveries('w') WHERE organisation_id = ${organisation}`,
    answer: nothing,
    given: free('notify.webhook_deliveries'),
    control: 'worker',
  },
  'notify.claim_webhook_deliveries(uuid, text, integer, interval)': {
    call: `SELECT id FROM notify.claim_webhook_deliveries(${organisation}, 'w')`,
    answer: nothing,
    given: free('notify.webhook_deliveries'),
    control: 'organisation',
  },
  'notify.finish_webhook_delivery(uuid, uuid, text, integer, text)': {
    call: `SELECT notify.finish_webhook_delivery(${organisation}, '$notify.webhook_deliveries.id', 'w', 410)`,
    answer: '[[null]]',
    given: leased('notify.webhook_deliveries'),
    control: 'organisation',
  },
  'notify.install_default_templates(uuid)': {
    call: `SELECT notify.install_default_templates(${organisation})`,
    answer: '42501',
    control: 'organisation',
  },
  'notify.enqueue_survey_email(uuid, uuid)': {
    call: `SELECT notify.enqueue_survey_email(${organisation}, '$survey.events.id')`,
    answer: '[[null]]',
    control: 'organisation',
  },
  'iam.list_members()': {
    call: `SELECT user_id FROM iam.list_members() WHERE user_id = '$iam.users.id'`,
    answer: nothing,
    control: 'organisation',
  },
  'iam.log_audit_event(text, text, text, iam.actor_type, text, jsonb, text)': {
    call: `SELECT iam.log_audit_event('campaign', '$survey.campaigns.id', 'new') IS NOT NULL`,
    // It writes, but into the trail of the caller.
    answer: '[[true]]',
    control: 'none',
  },
}

/** Functions that neither read nor write rows of the model, which the application may call. */
export const functionsWithoutRows: readonly string[] = [
  'iam.backoff(integer, interval, interval)',
  'iam.clear_context()',
  'iam.current_organisation_id()',
  'iam.current_user_id()',
  'iam.is_citus()',
  'iam.is_timezone(text)',
  'iam.require_organisation_id()',
  'iam.set_context(uuid, uuid, boolean)',
  'iam.uuid_v7()',
  'iam.uuid_v7_at(timestamp with time zone)',
  'iam.uuid_v7_floor(timestamp with time zone)',
  'iam.uuid_v7_time(uuid)',
]
