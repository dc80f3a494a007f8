import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { withWorker } from '../../lib/model/with-worker.js'
import { waitForLock } from '../support/wait-until.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'
import { asApp, insert, insertCampaign, insertContact, type Values } from './survey-data.js'

const { red, blue } = ids

async function insertTemplate(sql: Sql, type: string, locale: string, values: Values = {}): Promise<string> {
  return await insert(sql, 'notify.email_templates', {
    organisation_id: red,
    name: `${type} ${locale}`,
    type,
    locale,
    subject: 'Thank you',
    body_html: '<p>Thank you</p>',
    ...values,
  })
}

/** A campaign in English that names English templates, and the event of a contact with an address. */
async function prepare(sql: Sql, { contact = {}, type = 'completed' }: { contact?: Values; type?: string } = {}) {
  const templates = {
    completed: await insertTemplate(sql, 'completed', 'en'),
    refused: await insertTemplate(sql, 'refused', 'en'),
    not_reached: await insertTemplate(sql, 'not_reached', 'en'),
  }
  const campaignId = await insertCampaign(sql, {
    name: 'Spring',
    email_completed_template_id: templates.completed,
    email_refused_template_id: templates.refused,
    email_not_reached_template_id: templates.not_reached,
  })
  const contactId = await insertContact(sql, campaignId, {
    email: 'Anna@Example.org',
    full_name: 'Anna',
    ...contact,
  })
  const eventId = await insert(sql, 'survey.events', {
    organisation_id: red,
    event_type: `survey.${type}`,
    campaign_id: campaignId,
    contact_id: contactId,
    idempotency_key: contactId,
  })
  return { templates, campaignId, contactId, eventId }
}

async function enqueue(sql: Sql, eventId: string, organisationId: string = red): Promise<string | null> {
  return await asApp(
    sql,
    async (transaction) => {
      const [row] = await transaction<{ id: string | null }[]>`
        SELECT notify.enqueue_survey_email(${red}, ${eventId}) AS id`
      return row?.id ?? null
    },
    organisationId,
  )
}

async function templateOf(sql: Sql, emailId: string | null): Promise<string | undefined> {
  const [email] = await sql<{ template_id: string }[]>`
    SELECT template_id FROM notify.email_notifications WHERE id = ${emailId}`
  return email?.template_id
}

test('the email names event, contact, campaign, template and what the template asks for', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { templates, campaignId, contactId, eventId } = await prepare(sql)
  const id = await enqueue(sql, eventId)
  const [email] = await sql`
    SELECT event_id, contact_id, campaign_id, template_id, message_template_id, idempotency_key,
      to_email::text AS to_email, variables, status, attempts
    FROM notify.email_notifications WHERE organisation_id = ${red} AND id = ${id}`
  assert.deepEqual(
    { ...email },
    {
      event_id: eventId,
      contact_id: contactId,
      campaign_id: campaignId,
      template_id: templates.completed,
      message_template_id: null,
      idempotency_key: `survey_event:${eventId}`,
      to_email: 'Anna@Example.org',
      variables: { contact_name: 'Anna', campaign_name: 'Spring' },
      status: 'pending',
      attempts: 0,
    },
  )
})

test('a second call returns the same email, and adds none', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { eventId } = await prepare(sql)
  const id = await enqueue(sql, eventId)
  assert.ok(id)
  await sql`UPDATE notify.email_notifications SET status = 'sent', sent_at = now()`
  assert.equal(await enqueue(sql, eventId), id)
  assert.equal((await sql`SELECT FROM notify.email_notifications`).length, 1)
})

test('of two calls at the same moment both return the same email', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  const { eventId } = await prepare(sql)
  const other = openClient(t, url).sql
  let late: Promise<string | null> = Promise.resolve(null)
  const first = await asApp(sql, async (transaction) => {
    const [row] = await transaction<{ id: string }[]>`SELECT notify.enqueue_survey_email(${red}, ${eventId}) AS id`
    late = enqueue(other, eventId)
    await waitForLock(sql)
    return row?.id
  })
  assert.equal(await late, first)
})

test('each result has a template of its own', async (t) => {
  for (const type of ['completed', 'refused', 'not_reached'] as const) {
    const { sql } = await tenantDatabase(t)
    const { templates, eventId } = await prepare(sql, { type })
    assert.equal(await templateOf(sql, await enqueue(sql, eventId)), templates[type])
  }
})

test('the language is that of the contact, or that of the campaign where the contact has none', async (t) => {
  for (const [preferred, campaignLanguage, expected] of [
    ['auto', 'en', 'english'],
    ['auto', 'it', 'italian'],
    ['it', 'en', 'italian'],
    ['en', 'it', 'english'],
  ] as const) {
    const { sql } = await tenantDatabase(t)
    const { templates, eventId } = await prepare(sql, { contact: { preferred_language: preferred } })
    const choice = { english: templates.completed, italian: await insertTemplate(sql, 'completed', 'it') }
    await sql`UPDATE survey.campaigns SET language = ${campaignLanguage}`
    assert.equal(
      await templateOf(sql, await enqueue(sql, eventId)),
      choice[expected],
      `${preferred} ${campaignLanguage}`,
    )
  }
})

test('the template in use wins over the one that the campaign names, which serves where none is in use', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { templates, eventId } = await prepare(sql)
  await sql`UPDATE notify.email_templates SET is_active = false WHERE id = ${templates.completed}`
  const newer = await insertTemplate(sql, 'completed', 'en', { version: 2 })
  assert.equal(await templateOf(sql, await enqueue(sql, eventId)), newer)
  await sql`DELETE FROM notify.email_notifications`
  await sql`UPDATE notify.email_templates SET is_active = false`
  assert.equal(await templateOf(sql, await enqueue(sql, eventId)), templates.completed)
  // In another language than the contact's, for want of a better one.
  await sql`DELETE FROM notify.email_notifications`
  await sql`UPDATE survey.contacts SET preferred_language = 'it'`
  assert.equal(await templateOf(sql, await enqueue(sql, eventId)), templates.completed)
})

test('a template of another organisation is never taken, even by the worker, who sees them all', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { templates, eventId } = await prepare(sql)
  await sql`UPDATE notify.email_templates SET is_active = false`
  await insertTemplate(sql, 'completed', 'en', { organisation_id: blue })
  await withWorker(
    sql,
    async (transaction) => await transaction`SELECT notify.enqueue_survey_email(${red}, ${eventId})`,
  )
  const [email] = await sql`SELECT organisation_id, template_id FROM notify.email_notifications`
  assert.deepEqual({ ...email }, { organisation_id: red, template_id: templates.completed })
})

test('without an address, a template of the campaign, or an event there is no email', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { campaignId, contactId, eventId } = await prepare(sql)
  await sql`UPDATE survey.contacts SET email = NULL`
  assert.equal(await enqueue(sql, eventId), null)
  await sql`UPDATE survey.contacts SET email = 'anna@example.org' WHERE id = ${contactId}`
  await sql`UPDATE survey.campaigns SET email_completed_template_id = NULL WHERE id = ${campaignId}`
  assert.equal(await enqueue(sql, eventId), null, 'a campaign that names no template sends none')
  assert.equal(await enqueue(sql, red), null)
  const [row] = await sql`SELECT notify.enqueue_survey_email(NULL, ${eventId}) AS id`
  assert.equal(row?.['id'], null)
  assert.equal((await sql`SELECT FROM notify.email_notifications`).length, 0)
})

test('a contact without a name is greeted without one', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { eventId } = await prepare(sql, { contact: { full_name: null } })
  await enqueue(sql, eventId)
  const [email] = await sql`SELECT variables FROM notify.email_notifications`
  assert.deepEqual(email?.['variables'], { contact_name: '', campaign_name: 'Spring' })
})

test('another organisation queues nothing, and the sender suppresses whoever opted out', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { eventId } = await prepare(sql)
  assert.equal(await enqueue(sql, eventId, blue), null)
  await insert(sql, 'notify.opt_outs', { organisation_id: red, channel: 'email', address: 'anna@example.org' })
  const id = await enqueue(sql, eventId)
  const claimed = await asApp(
    sql,
    async (transaction) => await transaction`SELECT id FROM notify.claim_email_notifications(${red}::uuid, 'w'::text)`,
  )
  assert.equal(claimed.length, 0)
  const [email] = await sql`SELECT id, status, error_code FROM notify.email_notifications`
  assert.deepEqual({ ...email }, { id, status: 'failed', error_code: 'suppressed' })
})

test('an event that an email names cannot be deleted alone', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { eventId } = await prepare(sql)
  await enqueue(sql, eventId)
  await assert.rejects(sql`DELETE FROM survey.events`.execute(), sqlState('23503'))
})
