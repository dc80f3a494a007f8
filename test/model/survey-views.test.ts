import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, tenantDatabase } from './model-database.js'
import { asApp, insert, insertCall, insertCampaign, insertContact, type Values } from './survey-data.js'

const { red, blue, redMember } = ids

/** Rows of a view as the application of an organisation sees them. */
async function readView(sql: Sql, view: string, organisationId: string = red) {
  return await asApp(
    sql,
    async (transaction) => {
      const rows = await transaction.unsafe(`SELECT * FROM survey.${view} AS v ORDER BY v`)
      return rows.map((row) => ({ ...row }))
    },
    organisationId,
  )
}

async function insertQuestion(sql: Sql, campaignId: string, position: number, values: Values = {}): Promise<string> {
  return await insert(sql, 'survey.campaign_questions', {
    organisation_id: red,
    campaign_id: campaignId,
    position,
    text: `Question ${position}?`,
    type: 'free_text',
    ...values,
  })
}

async function insertContacts(sql: Sql, campaignId: string, states: Readonly<Record<string, number>>, attempts = 0) {
  const contacts: string[] = []
  for (const [state, count] of Object.entries(states)) {
    for (let number = 0; number < count; number++) {
      contacts.push(await insertContact(sql, campaignId, { state, attempts_count: attempts }))
    }
  }
  return contacts
}

test('v_campaign_script has the first three questions of a campaign in one row, null where there is none', async (t) => {
  const { sql } = await tenantDatabase(t)
  const campaignId = await insertCampaign(sql)
  const empty = await insertCampaign(sql, { intro_script: 'Good day' })
  // Not in order, and one more than the view shows.
  await insertQuestion(sql, campaignId, 4)
  await insertQuestion(sql, campaignId, 3, { type: 'numeric' })
  await insertQuestion(sql, campaignId, 1, { type: 'scale', scale_min: 1, scale_max: 10 })
  const rows = await readView(sql, 'v_campaign_script')
  assert.deepEqual(rows, [
    {
      organisation_id: red,
      campaign_id: campaignId,
      intro_script: 'Hello',
      question_1_text: 'Question 1?',
      question_1_type: 'scale',
      question_2_text: null,
      question_2_type: null,
      question_3_text: 'Question 3?',
      question_3_type: 'numeric',
    },
    {
      organisation_id: red,
      campaign_id: empty,
      intro_script: 'Good day',
      question_1_text: null,
      question_1_type: null,
      question_2_text: null,
      question_2_type: null,
      question_3_text: null,
      question_3_type: null,
    },
  ])
})

test('v_survey_responses has the first three answers of an interview in one row', async (t) => {
  const { sql } = await tenantDatabase(t)
  const campaignId = await insertCampaign(sql)
  const otherCampaign = await insertCampaign(sql)
  const contactId = await insertContact(sql, campaignId, { state: 'completed' })
  const callId = await insertCall(sql, contactId)
  const responseId = await insert(sql, 'survey.survey_responses', {
    organisation_id: red,
    campaign_id: campaignId,
    contact_id: contactId,
    call_attempt_id: callId,
  })
  const answer = async (questionId: string, values: Values) =>
    await insert(sql, 'survey.survey_answers', {
      organisation_id: red,
      response_id: responseId,
      question_id: questionId,
      ...values,
    })
  await answer(await insertQuestion(sql, campaignId, 1), { answer_text: 'Good', confidence: 0.75 })
  await answer(await insertQuestion(sql, campaignId, 3), { answer_numeric: 7, confidence: 1 })
  await answer(await insertQuestion(sql, campaignId, 4), { answer_text: 'Fourth' })
  // An answer to a question of another campaign does not slip in.
  await answer(await insertQuestion(sql, otherCampaign, 2), { answer_text: 'Astray', confidence: 1 })
  assert.deepEqual(await readView(sql, 'v_survey_responses'), [
    {
      organisation_id: red,
      id: responseId,
      campaign_id: campaignId,
      contact_id: contactId,
      call_attempt_id: callId,
      completed_at: null,
      q1_answer: 'Good',
      q1_confidence: '0.75',
      q2_answer: null,
      q2_confidence: null,
      q3_answer: null,
      q3_confidence: '1.00',
    },
  ])
})

test('v_campaign_progress counts contacts by state, and the share completed of those not excluded', async (t) => {
  const { sql } = await tenantDatabase(t)
  const campaignId = await insertCampaign(sql, { name: 'A' })
  await insertCampaign(sql, { name: 'B', status: 'draft' })
  const excluded = await insertCampaign(sql, { name: 'C' })
  const states = { pending: 1, in_progress: 1, completed: 2, refused: 1, not_reached: 1, excluded: 4 }
  await insertContacts(sql, campaignId, states, 2)
  await insertContacts(sql, excluded, { excluded: 1 })
  const rows = await readView(sql, 'v_campaign_progress')
  const none = {
    pending: '0',
    in_progress: '0',
    completed: '0',
    refused: '0',
    not_reached: '0',
    excluded: '0',
    attempts_total: '0',
    completion_rate: null,
  }
  assert.deepEqual(
    rows.map(({ campaign_id, ...rest }) => rest),
    [
      {
        organisation_id: red,
        name: 'A',
        status: 'running',
        contacts_total: '10',
        pending: '1',
        in_progress: '1',
        completed: '2',
        refused: '1',
        not_reached: '1',
        excluded: '4',
        attempts_total: '20',
        completion_rate: '33.33',
      },
      { organisation_id: red, name: 'B', status: 'draft', contacts_total: '0', ...none },
      { organisation_id: red, name: 'C', status: 'running', contacts_total: '1', ...none, excluded: '1' },
    ],
  )
})

test('v_active_campaigns has running and paused campaigns only', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const status of ['draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled']) {
    await insertCampaign(sql, {
      name: status,
      status,
      language: 'it',
      starts_at: '2026-06-01T00:00:00Z',
      ends_at: '2026-07-01T00:00:00Z',
      created_by_user_id: redMember,
    })
  }
  const rows = await readView(sql, 'v_active_campaigns')
  assert.deepEqual(
    rows.map((row) => row['name']),
    ['running', 'paused'],
  )
  assert.deepEqual(
    rows.map(({ language, starts_at, ends_at, created_by_user_id, contacts_total }) => [
      language,
      starts_at,
      ends_at,
      created_by_user_id,
      contacts_total,
    ])[0],
    ['it', new Date('2026-06-01T00:00:00Z'), new Date('2026-07-01T00:00:00Z'), redMember, '0'],
  )
})

test('v_experiment_results counts by variant, those without contacts included', async (t) => {
  const { sql } = await tenantDatabase(t)
  const campaignId = await insertCampaign(sql)
  const experiment = { organisation_id: red, campaign_id: campaignId, name: 'Greeting' }
  const experimentId = await insert(sql, 'survey.experiments', experiment)
  const variants: Record<string, string> = {}
  for (const key of ['a', 'b', 'c']) {
    const variant = { organisation_id: red, experiment_id: experimentId, key }
    variants[key] = await insert(sql, 'survey.experiment_variants', variant)
  }
  const enrol = async (key: string, states: Readonly<Record<string, number>>) => {
    for (const contactId of await insertContacts(sql, campaignId, states)) {
      await sql`INSERT INTO survey.enrollments (organisation_id, experiment_id, contact_id, variant_id)
        VALUES (${red}, ${experimentId}, ${contactId}, ${variants[key] ?? ''})`
    }
  }
  await enrol('a', { completed: 2, refused: 1, pending: 3 })
  await enrol('b', { completed: 1 })
  const rows = await readView(sql, 'v_experiment_results')
  assert.deepEqual(
    rows.map(({ key, enrolled, completed, refused, completion_rate }) => [
      key,
      enrolled,
      completed,
      refused,
      completion_rate,
    ]),
    [
      ['a', '6', '2', '1', '33.33'],
      ['b', '1', '1', '0', '100.00'],
      ['c', '0', '0', '0', null],
    ],
  )
  assert.deepEqual(
    rows.map(({ variant_id }) => variant_id),
    Object.values(variants),
  )
})

test('v_campaign_effectiveness has calls, answers, duration and cost; no cost over several currencies', async (t) => {
  const { sql } = await tenantDatabase(t)
  const one = await insertCampaign(sql, { name: 'A' })
  const mixed = await insertCampaign(sql, { name: 'B' })
  await insertCampaign(sql, { name: 'C' })
  const [first = '', second = '', third = ''] = await insertContacts(sql, one, { completed: 2, pending: 2 })
  const answered = { started_at: '2026-06-10T12:00:01Z', answered_at: '2026-06-10T12:00:05Z' }
  await insertCall(sql, first, { ...answered, duration_seconds: 30, cost_amount: 0.25, cost_currency: 'EUR' })
  await insertCall(sql, second, { ...answered, duration_seconds: 60, cost_amount: 0.5, cost_currency: 'EUR' })
  await insertCall(sql, third, { status: 'no_answer' })
  const contactId = await insertContact(sql, mixed)
  await insertCall(sql, contactId, { cost_amount: 1, cost_currency: 'EUR' })
  await insertCall(sql, contactId, { cost_amount: 1, cost_currency: 'USD', attempt_number: 2 })
  const rows = await readView(sql, 'v_campaign_effectiveness')
  assert.deepEqual(
    rows.map(({ organisation_id, campaign_id, status, ...rest }) => rest),
    [
      {
        name: 'A',
        contacts_total: '4',
        completed: '2',
        completion_rate: '50.00',
        calls: '3',
        answered: '2',
        avg_duration_seconds: '45.0000000000000000',
        cost_amount: '0.750000',
        answer_rate: '66.67',
      },
      {
        name: 'B',
        contacts_total: '1',
        completed: '0',
        completion_rate: '0.00',
        calls: '2',
        answered: '0',
        avg_duration_seconds: null,
        cost_amount: null,
        answer_rate: '0.00',
      },
      {
        name: 'C',
        contacts_total: '0',
        completed: '0',
        completion_rate: null,
        calls: '0',
        answered: '0',
        avg_duration_seconds: null,
        cost_amount: null,
        answer_rate: null,
      },
    ],
  )
})

test('each organisation sees its own figures in every view, nobody without context, and the worker all', async (t) => {
  const { sql } = await tenantDatabase(t)
  // The same ids in both organisations: what joins by id alone would show.
  const id = '00000000-0000-7000-8000-00000000e001'
  for (const [organisation_id, count] of [
    [red, 1],
    [blue, 2],
  ] as const) {
    const own = { organisation_id, id }
    const member = { organisation_id, campaign_id: id }
    await insertCampaign(sql, own)
    await insert(sql, 'survey.campaign_questions', {
      ...own,
      ...member,
      position: 1,
      text: `${count}?`,
      type: 'numeric',
    })
    const contacts = [id, '00000000-0000-7000-8000-00000000e002'].slice(0, count)
    for (const contactId of contacts) {
      await insertContact(sql, id, { organisation_id, id: contactId, state: 'completed', attempts_count: count })
    }
    await insert(sql, 'survey.survey_responses', { ...own, ...member, contact_id: id })
    await insert(sql, 'survey.survey_answers', { ...own, response_id: id, question_id: id, answer_text: `${count}!` })
    await insert(sql, 'survey.experiments', { ...own, ...member, name: 'Greeting' })
    await insert(sql, 'survey.experiment_variants', { ...own, experiment_id: id, key: 'a' })
    await sql`INSERT INTO survey.enrollments (organisation_id, experiment_id, contact_id, variant_id)
      SELECT organisation_id, ${id}, id, ${id} FROM survey.contacts WHERE organisation_id = ${organisation_id}`
    for (let attempt = 1; attempt <= count; attempt++) {
      await insert(sql, 'telephony.call_attempts', {
        ...member,
        contact_id: id,
        attempt_number: attempt,
        call_id: `call-${attempt}`,
        to_number: '+14155550100',
      })
    }
  }
  const figures: Readonly<Record<string, readonly [column: string, red: string, blue: string]>> = {
    v_campaign_script: ['question_1_text', '1?', '2?'],
    v_survey_responses: ['q1_answer', '1!', '2!'],
    v_campaign_progress: ['attempts_total', '1', '4'],
    v_active_campaigns: ['completed', '1', '2'],
    v_experiment_results: ['enrolled', '1', '2'],
    v_campaign_effectiveness: ['calls', '1', '2'],
  }
  const views = await sql<{ name: string }[]>`
    SELECT viewname::text AS name FROM pg_views WHERE schemaname = 'survey' ORDER BY viewname`
  assert.deepEqual(views.map(({ name }) => name).sort(), Object.keys(figures).sort(), 'every view is tried')
  for (const [view, [column, inRed, inBlue]] of Object.entries(figures)) {
    const see = async (organisationId: string) =>
      (await readView(sql, view, organisationId)).map((row) => [row['organisation_id'], row[column]])
    assert.deepEqual(await see(red), [[red, inRed]], view)
    assert.deepEqual(await see(blue), [[blue, inBlue]], view)
    const query = `SELECT organisation_id, ${column} AS figure FROM survey.${view} ORDER BY organisation_id`
    const reader = { organisationId: red, role: 'schemaway_readonly' }
    const read = await withOrganisation(sql, reader, async (transaction) => await transaction.unsafe(query))
    assert.deepEqual(
      read.map(({ figure }) => figure),
      [inRed],
      view,
    )
    const all = await withWorker(sql, async (transaction) => await transaction.unsafe(query))
    assert.deepEqual(
      all.map(({ figure }) => figure),
      [inRed, inBlue],
      view,
    )
    await sql.begin(async (transaction) => {
      await transaction`SET LOCAL ROLE schemaway_app`
      assert.equal((await transaction.unsafe(query)).length, 0, `${view} without context`)
    })
  }
})
