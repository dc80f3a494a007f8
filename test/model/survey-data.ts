import assert from 'node:assert/strict'
import type { Sql, TransactionSql } from 'postgres'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { ids } from './model-database.js'

/** Columns and their values; what is not given gets its default. */
export type Values = Readonly<Record<string, string | number | boolean | null>>

/** Noon on a Wednesday in UTC: inside every default calling window there. */
export const noon = '2026-06-10T12:00:00Z'

const { red } = ids

/** Inserts one row and returns its id. */
export async function insert(sql: Sql | TransactionSql, table: string, values: Values): Promise<string> {
  const [row] = await sql<{ id: string }[]>`INSERT INTO ${sql(table)} ${sql({ ...values })} RETURNING id`
  assert.ok(row)
  return row.id
}

let numbers = 0

/** A phone number that no other call returns. */
export function newPhoneNumber(): string {
  numbers += 1
  return `+1415${String(numbers).padStart(7, '0')}`
}

/** A running campaign of the organisation red that may call all day. */
export async function insertCampaign(sql: Sql, values: Values = {}): Promise<string> {
  numbers += 1
  return await insert(sql, 'survey.campaigns', {
    organisation_id: red,
    name: `Campaign ${numbers}`,
    intro_script: 'Hello',
    status: 'running',
    allowed_call_start_local: '00:00',
    allowed_call_end_local: '24:00',
    ...values,
  })
}

/** A contact with consent, due since long ago. */
export async function insertContact(sql: Sql, campaignId: string, values: Values = {}): Promise<string> {
  return await insert(sql, 'survey.contacts', {
    organisation_id: red,
    campaign_id: campaignId,
    phone_number: newPhoneNumber(),
    has_prior_consent: true,
    consent_source: 'import',
    next_attempt_at: '2020-01-01T00:00:00Z',
    ...values,
  })
}

/** A rule that lets every call pass but those of limits that are given. */
export async function insertRule(sql: Sql, values: Values = {}): Promise<string> {
  numbers += 1
  return await insert(sql, 'telephony.compliance_rules', {
    organisation_id: red,
    name: `Rule ${numbers}`,
    allowed_weekdays: '{1,2,3,4,5,6,7}',
    window_start_local: '00:00',
    window_end_local: '24:00',
    valid_from: '2000-01-01',
    ...values,
  })
}

/** A call to a contact. */
export async function insertCall(sql: Sql, contactId: string, values: Values = {}): Promise<string> {
  numbers += 1
  const [contact] = await sql<{ organisation_id: string; phone_number: string; campaign_id: string }[]>`
    SELECT organisation_id, phone_number, campaign_id FROM survey.contacts WHERE id = ${contactId}`
  assert.ok(contact)
  return await insert(sql, 'telephony.call_attempts', {
    organisation_id: contact.organisation_id,
    contact_id: contactId,
    campaign_id: contact.campaign_id,
    to_number: contact.phone_number,
    call_id: `call-${numbers}`,
    queued_at: noon,
    ...values,
  })
}

/** Claims contacts as the application of the organisation red. */
export async function claimContacts(
  sql: Sql,
  campaignId: string,
  at = noon,
  { limit = 10, worker = 'worker', lease = '10 minutes' }: { limit?: number; worker?: string; lease?: string } = {},
): Promise<readonly string[]> {
  return await asApp(sql, async (transaction) => {
    const rows = await transaction<{ id: string }[]>`
      SELECT id FROM survey.claim_due_contacts(${red}, ${campaignId}, ${worker}, ${limit}, ${lease}, ${at})`
    return rows.map(({ id }) => id)
  })
}

/** Works as the application of an organisation, bound by row-level security. */
export async function asApp<Result>(
  sql: Sql,
  work: (transaction: TransactionSql) => Promise<Result>,
  organisationId: string = red,
): Promise<Result> {
  return await withOrganisation(sql, { organisationId, role: 'schemaway_app' }, work)
}

export interface ContactState {
  readonly state: string
  readonly attempts_count: number
  readonly last_outcome: string | null
  readonly last_attempt_at: string | null
  /** In UTC, to the second. */
  readonly next_attempt_at: string
  readonly locked_by: string | null
  readonly locked_until: string | null
  readonly do_not_call: boolean
}

/** What the dial loop keeps of a contact. */
export async function readContact(sql: Sql, contactId: string): Promise<ContactState> {
  const [contact] = await sql<ContactState[]>`
    SELECT
      state, attempts_count, last_outcome, locked_by, do_not_call,
      to_char(last_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_attempt_at,
      to_char(next_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS next_attempt_at,
      to_char(locked_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS locked_until
    FROM survey.contacts WHERE id = ${contactId}`
  assert.ok(contact)
  return contact
}
