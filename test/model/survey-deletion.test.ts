import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, sqlState, tenantDatabase } from './model-database.js'
import { asApp, insert, insertCall, insertCampaign, insertContact, noon } from './survey-data.js'

const { red, redMember } = ids

const tables = [
  'survey.campaigns',
  'survey.campaign_questions',
  'survey.contacts',
  'survey.survey_responses',
  'survey.survey_answers',
  'survey.events',
  'survey.experiments',
  'survey.experiment_variants',
  'survey.enrollments',
  'telephony.call_attempts',
  'telephony.call_events',
  'telephony.transcript_snippets',
  'notify.email_notifications',
  'notify.delivery_events',
] as const

async function countRows(sql: Sql): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for (const table of tables) counts[table] = (await sql.unsafe(`SELECT FROM ${table}`)).length
  return counts
}

const none = Object.fromEntries(tables.map((table) => [table, 0]))

/** A campaign with all that can hang on it, made by the functions where there are some. */
async function insertEverything(sql: Sql, number: number) {
  const own = { organisation_id: red }
  const template = { ...own, name: 'Thanks', type: 'completed', version: number, is_active: false }
  const templateId = await insert(sql, 'notify.email_templates', { ...template, subject: 'a', body_html: 'b' })
  const providerId = await insert(sql, 'telephony.provider_configs', {
    ...own,
    name: `Provider ${number}`,
    provider_type: 'telephony_api',
    provider_name: 'example',
    outbound_number: '+14155550100',
    llm_provider: 'openai',
    llm_model: 'example',
  })
  const promptId = await insert(sql, 'survey.prompts', {
    ...own,
    key: `greeting.${number}`,
    version: 1,
    purpose: 'Greets',
    body: 'Hello',
  })
  const campaignId = await insertCampaign(sql, {
    provider_config_id: providerId,
    email_completed_template_id: templateId,
    created_by_user_id: redMember,
  })
  const part = { ...own, campaign_id: campaignId }
  const questionId = await insert(sql, 'survey.campaign_questions', {
    ...part,
    position: 1,
    text: 'a',
    type: 'numeric',
  })
  const experimentId = await insert(sql, 'survey.experiments', { ...part, name: 'a', status: 'running' })
  await insert(sql, 'survey.experiment_variants', {
    ...own,
    experiment_id: experimentId,
    key: 'a',
    prompt_id: promptId,
  })
  const contactId = await insertContact(sql, campaignId, { email: 'anna@example.org' })
  const callId = await insertCall(sql, contactId, { provider_config_id: providerId })
  await insert(sql, 'telephony.call_events', { ...own, call_attempt_id: callId, event_type: 'answered' })
  await insert(sql, 'telephony.transcript_snippets', {
    ...own,
    call_attempt_id: callId,
    sequence_no: 1,
    speaker: 'agent',
    transcript_text: 'Hello',
  })
  const responseId = await insert(sql, 'survey.survey_responses', {
    ...part,
    contact_id: contactId,
    call_attempt_id: callId,
  })
  const answer = { ...own, response_id: responseId, question_id: questionId, answer_numeric: 1 }
  await insert(sql, 'survey.survey_answers', answer)
  await asApp(sql, async (transaction) => {
    await transaction`SELECT survey.assign_variant(${experimentId}, ${contactId})`
    await transaction`SELECT survey.record_call_outcome(${red}, ${callId}, 'completed', ${noon})`
    await transaction`SELECT notify.enqueue_survey_email(${red}, id) FROM survey.events WHERE contact_id = ${contactId}`
  })
  const [email] = await sql<{ id: string }[]>`SELECT id FROM notify.email_notifications WHERE contact_id = ${contactId}`
  await insert(sql, 'notify.delivery_events', {
    ...own,
    email_notification_id: email?.id ?? '',
    event_type: 'delivered',
    provider_event_id: `event-${number}`,
  })
  return { campaignId, contactId, callId }
}

test('a campaign goes with all that hangs on it, and another campaign stays whole', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { campaignId } = await insertEverything(sql, 1)
  const single = await countRows(sql)
  assert.ok(
    Object.values(single).every((count) => count > 0),
    'every table has a row',
  )
  await insertEverything(sql, 2)
  await asApp(sql, async (transaction) => await transaction`DELETE FROM survey.campaigns WHERE id = ${campaignId}`)
  assert.deepEqual(await countRows(sql), single)
})

test('a campaign goes even where calls and emails name it through their contact only', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { campaignId } = await insertEverything(sql, 1)
  await sql`UPDATE telephony.call_attempts SET campaign_id = NULL`
  await sql`UPDATE notify.email_notifications SET campaign_id = NULL`
  await asApp(sql, async (transaction) => await transaction`DELETE FROM survey.campaigns WHERE id = ${campaignId}`)
  assert.deepEqual(await countRows(sql), none)
})

test('a contact goes with calls, answers, events, emails and enrolment; the campaign stays', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { contactId } = await insertEverything(sql, 1)
  await asApp(sql, async (transaction) => await transaction`DELETE FROM survey.contacts WHERE id = ${contactId}`)
  assert.deepEqual(await countRows(sql), {
    ...none,
    'survey.campaigns': 1,
    'survey.campaign_questions': 1,
    'survey.experiments': 1,
    'survey.experiment_variants': 1,
  })
})

test('all campaigns and contacts of an organisation go in one statement each', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const table of ['survey.contacts', 'survey.campaigns']) {
    for (let number = 1; number <= 3; number++) {
      await insertEverything(sql, number + (table === 'survey.contacts' ? 0 : 10))
    }
    await asApp(sql, async (transaction) => await transaction.unsafe(`DELETE FROM ${table}`))
    assert.equal((await sql.unsafe(`SELECT FROM ${table}`)).length, 0)
  }
  assert.deepEqual(await countRows(sql), none)
})

test('an organisation goes in one statement', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertEverything(sql, 1)
  await withWorker(sql, async (transaction) => await transaction`DELETE FROM iam.organisations WHERE id = ${red}`)
  assert.deepEqual(await countRows(sql), none)
  assert.equal((await sql`SELECT FROM survey.prompts`).length, 0)
})

test('a question with answers cannot be deleted alone, which the end of the transaction tells', async (t) => {
  const { sql } = await tenantDatabase(t)
  await insertEverything(sql, 1)
  await assert.rejects(sql`DELETE FROM survey.campaign_questions`.execute(), sqlState('23503'))
  await sql.begin(async (transaction) => {
    await transaction`DELETE FROM survey.campaign_questions`
    await transaction`DELETE FROM survey.survey_answers`
  })
  assert.equal((await sql`SELECT FROM survey.campaign_questions`).length, 0)
})

test('a call that an event or an interview names cannot be deleted alone', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { callId } = await insertEverything(sql, 1)
  await assert.rejects(sql`DELETE FROM telephony.call_attempts WHERE id = ${callId}`.execute(), sqlState('23503'))
})
