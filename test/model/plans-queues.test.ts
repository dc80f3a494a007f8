import { test } from 'node:test'
import { assertUsesIndexes, type LargeTable, largeModel, organisationId, type PlannedQuery } from './large-tables.js'

const tables: readonly LargeTable[] = [
  'telephony.compliance_rules',
  'telephony.provider_configs',
  'telephony.exclusion_list_entries',
  'telephony.call_attempts',
  'telephony.tasks',
  'survey.campaigns',
  'survey.contacts',
  'survey.events',
  'notify.opt_outs',
  'notify.email_notifications',
  'notify.webhook_endpoints',
  'notify.webhook_deliveries',
]
const organisation = `'${organisationId}'::uuid`
const rowOne = `'019b76da-a800-7000-8000-000000000001'::uuid`
const rowFour = `'019b76da-a800-7000-8000-000000000004'::uuid`
/** Noon is within the hours of every calling rule. */
const workMoment = `(date_trunc('day', now() AT TIME ZONE 'UTC') + interval '12 hours') AT TIME ZONE 'UTC'`

/** What serves one organisation works for the worker and for the application. */
const ofOne = (query: string, ...indexes: readonly string[]): readonly PlannedQuery[] => [
  { login: 'worker', query, indexes },
  { login: 'app', query, indexes },
]
/**
 * What serves all organisations is the worker's. Its plan for all values would have to guess the limit, takes it for a
 * tenth of the table, and so costs too much for the server to choose it by itself.
 */
const ofAll = (query: string, ...indexes: readonly string[]): readonly PlannedQuery[] => [
  { login: 'worker', query, indexes, isPlannedForItsValues: true },
]

const queues: Readonly<Record<string, readonly PlannedQuery[]>> = {
  'due contacts': ofOne(
    `SELECT * FROM survey.claim_due_contacts(${organisation}, ${rowOne}, 'me', 10, p_at => ${workMoment})`,
    'ix_contacts_due',
    'uq_exclusion_list_entries_phone_number',
    'uq_opt_outs_active',
    'ix_call_attempts_to_number_queued_at',
  ),
  'expired leases of contacts': ofOne(
    `SELECT survey.release_expired_contacts(${organisation}, ${workMoment})`,
    'ix_contacts_lease',
  ),
  events: [
    ...ofAll(`SELECT * FROM survey.claim_events('me', 10)`, 'ix_events_queue'),
    ...ofOne(`SELECT * FROM survey.claim_events(${organisation}, 'me', 10)`, 'ix_events_queue'),
  ],
  tasks: [
    ...ofAll(`SELECT * FROM telephony.claim_tasks('me', NULL, 10)`, 'ix_tasks_queue'),
    ...ofAll(`SELECT * FROM telephony.claim_tasks('me', '{make_call}', 10)`, 'ix_tasks_queue'),
    ...ofOne(`SELECT * FROM telephony.claim_tasks(${organisation}, 'me', NULL, 10)`, 'ix_tasks_queue'),
  ],
  'expired leases of tasks': ofAll('SELECT telephony.release_expired_tasks()', 'ix_tasks_lease'),
  emails: [
    ...ofAll(
      `SELECT * FROM notify.claim_email_notifications('me', 10)`,
      'ix_email_notifications_queue',
      'uq_opt_outs_active',
    ),
    ...ofOne(
      `SELECT * FROM notify.claim_email_notifications(${organisation}, 'me', 10)`,
      'ix_email_notifications_queue',
      'uq_opt_outs_active',
    ),
  ],
  'webhook deliveries': [
    ...ofAll(`SELECT * FROM notify.claim_webhook_deliveries('me', 10)`, 'ix_webhook_deliveries_queue'),
    ...ofOne(`SELECT * FROM notify.claim_webhook_deliveries(${organisation}, 'me', 10)`, 'ix_webhook_deliveries_queue'),
  ],
}

const rowsByKey: readonly string[] = [
  `SELECT survey.complete_event(${organisation}, ${rowOne}, 'w')`,
  `SELECT survey.fail_event(${organisation}, ${rowOne}, 'w', 'x')`,
  `SELECT telephony.complete_task(${organisation}, ${rowOne}, 'w')`,
  `SELECT telephony.fail_task(${organisation}, ${rowOne}, 'w', 'x')`,
  `SELECT notify.complete_email_notification(${organisation}, ${rowOne}, 'w', 'm')`,
  `SELECT notify.fail_email_notification(${organisation}, ${rowOne}, 'w', 'x', 'x')`,
  `SELECT notify.finish_webhook_delivery(${organisation}, ${rowOne}, 'w', 200)`,
  `SELECT survey.record_call_outcome(${organisation}, ${rowFour}, 'no_answer')`,
  `SELECT telephony.free_call_slots(${organisation}, ${rowOne})`,
]

test('queues of 60,000 rows are served by their indexes, under row-level security, at first and in the long run', async (t) => {
  const model = await largeModel(t, tables)
  for (const [queue, queries] of Object.entries(queues)) {
    await t.test(queue, async () => {
      for (const planned of queries) await assertUsesIndexes(model, planned)
    })
  }
  for (const query of rowsByKey) {
    await t.test(query.slice('SELECT '.length, query.indexOf('(')), async () => {
      for (const planned of ofOne(query)) await assertUsesIndexes(model, planned)
    })
  }
  await t.test('a contact goes with all that belongs to it, through the indexes of its foreign keys', async () => {
    for (const planned of ofOne(
      `DELETE FROM survey.contacts WHERE organisation_id = ${organisation} AND id = ${rowFour}`,
      'pk_contacts',
      'ix_events_contact_id',
      'uq_call_attempts_contact_attempt',
      'ix_email_notifications_contact_id',
    )) {
      await assertUsesIndexes(model, planned)
    }
  })
})
