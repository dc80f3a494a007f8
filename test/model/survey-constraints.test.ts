import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ids } from './model-database.js'
import {
  assertRefused,
  checkViolation,
  copyOf,
  namesOf,
  type Refusal,
  readChecks,
  readUniqueIndexes,
  sampleDatabase,
  uniqueViolation,
} from './refused-statements.js'

const { red, blue } = ids
const foreignKeyViolation = '23503'
const nobody = '00000000-0000-7000-8000-00000000dead'
const organisationTwo = `INSERT INTO iam.organisations (id, slug, name) VALUES ('${blue}', 'blue', 'Blue')`

const broken: readonly Refusal[] = [
  [`UPDATE survey.campaigns SET name = ''`, 'ck_campaigns_name'],
  [`UPDATE survey.campaigns SET name = repeat('x', 256)`, 'ck_campaigns_name'],
  [`UPDATE survey.campaigns SET intro_script = ''`, 'ck_campaigns_intro_script'],
  [`UPDATE survey.campaigns SET max_attempts = 6`, 'ck_campaigns_max_attempts'],
  [`UPDATE survey.campaigns SET max_attempts = 0`, 'ck_campaigns_max_attempts'],
  [`UPDATE survey.campaigns SET retry_interval_minutes = 0`, 'ck_campaigns_retry_interval_minutes'],
  [`UPDATE survey.campaigns SET timezone = 'Mars/Olympus'`, 'ck_campaigns_timezone'],
  [`UPDATE survey.campaigns SET timezone = 'FOO-5'`, 'ck_campaigns_timezone'],
  [`UPDATE survey.campaigns SET timezone = ''`, 'ck_campaigns_timezone'],
  [`UPDATE survey.campaigns SET settings = '[]'`, 'ck_campaigns_settings'],
  [`UPDATE survey.campaigns SET settings = 'null'`, 'ck_campaigns_settings'],
  [`UPDATE survey.campaigns SET allowed_call_start_local = allowed_call_end_local`, 'ck_campaigns_call_window'],
  [`UPDATE survey.campaigns SET allowed_call_start_local = '21:00'`, 'ck_campaigns_call_window'],
  [`UPDATE survey.campaigns SET starts_at = now(), ends_at = now()`, 'ck_campaigns_schedule'],
  [`UPDATE survey.campaigns SET status = 'scheduled', starts_at = NULL`, 'ck_campaigns_scheduled_start'],
  [`UPDATE survey.campaign_questions SET position = 0`, 'ck_campaign_questions_position'],
  [`UPDATE survey.campaign_questions SET position = 21`, 'ck_campaign_questions_position'],
  [`UPDATE survey.campaign_questions SET text = ''`, 'ck_campaign_questions_text'],
  [question('scale', 'NULL, NULL'), 'ck_campaign_questions_scale_bounds'],
  [question('scale', '1, NULL'), 'ck_campaign_questions_scale_bounds'],
  [question('scale', 'NULL, 10'), 'ck_campaign_questions_scale_bounds'],
  [question('scale', '5, 5'), 'ck_campaign_questions_scale_bounds'],
  [question('scale', '10, 1'), 'ck_campaign_questions_scale_bounds'],
  [question('numeric', '1, 10'), 'ck_campaign_questions_scale_bounds'],
  [question('free_text', '1, NULL'), 'ck_campaign_questions_scale_bounds'],
  [`UPDATE survey.contacts SET external_contact_id = ''`, 'ck_contacts_external_contact_id'],
  [`UPDATE survey.contacts SET external_contact_id = repeat('x', 256)`, 'ck_contacts_external_contact_id'],
  [`UPDATE survey.contacts SET full_name = ''`, 'ck_contacts_full_name'],
  [`UPDATE survey.contacts SET full_name = repeat('x', 256)`, 'ck_contacts_full_name'],
  [`UPDATE survey.contacts SET timezone = 'EST5EDT'`, 'ck_contacts_timezone'],
  [`UPDATE survey.contacts SET country_code = 'it'`, 'ck_contacts_country_code'],
  [`UPDATE survey.contacts SET country_code = 'ITA'`, 'ck_contacts_country_code'],
  [`UPDATE survey.contacts SET consent_evidence = '[]'`, 'ck_contacts_consent_evidence'],
  [`UPDATE survey.contacts SET attempts_count = -1`, 'ck_contacts_attempts_count'],
  [`UPDATE survey.contacts SET attempts_count = 51`, 'ck_contacts_attempts_count'],
  [`UPDATE survey.contacts SET attributes = '1'`, 'ck_contacts_attributes'],
  [`UPDATE survey.contacts SET locked_by = 'w', locked_until = NULL`, 'ck_contacts_lock_pair'],
  [`UPDATE survey.contacts SET locked_by = NULL, locked_until = now()`, 'ck_contacts_lock_pair'],
  [`UPDATE survey.contacts SET state = 'pending', do_not_call = true`, 'ck_contacts_dnc_state'],
  [`UPDATE survey.contacts SET state = 'in_progress', do_not_call = true`, 'ck_contacts_dnc_state'],
  [`UPDATE survey.contacts SET has_prior_consent = true, consent_source = NULL`, 'ck_contacts_consent_proof'],
  [`UPDATE survey.survey_responses SET metadata = '[]'`, 'ck_survey_responses_metadata'],
  [
    `UPDATE survey.survey_responses SET started_at = now(), completed_at = now() - interval '1 second'`,
    'ck_survey_responses_times',
  ],
  [`UPDATE survey.survey_answers SET confidence = 1.01`, 'ck_survey_answers_confidence'],
  [`UPDATE survey.survey_answers SET confidence = -0.01`, 'ck_survey_answers_confidence'],
  [`UPDATE survey.survey_answers SET confidence = 'NaN'`, 'ck_survey_answers_confidence'],
  [`UPDATE survey.survey_answers SET answer_text = NULL, answer_numeric = NULL`, 'ck_survey_answers_has_value'],
  [`UPDATE survey.events SET idempotency_key = ''`, 'ck_events_idempotency_key'],
  [`UPDATE survey.events SET idempotency_key = repeat('x', 201)`, 'ck_events_idempotency_key'],
  [`UPDATE survey.events SET payload = '"x"'`, 'ck_events_payload'],
  [`UPDATE survey.events SET attempts = -1`, 'ck_events_attempts'],
  [`UPDATE survey.events SET locked_by = 'w', locked_until = NULL`, 'ck_events_lock_pair'],
  [`UPDATE survey.prompts SET key = 'Greeting'`, 'ck_prompts_key'],
  [`UPDATE survey.prompts SET key = repeat('x', 101)`, 'ck_prompts_key'],
  [`UPDATE survey.prompts SET version = 0`, 'ck_prompts_version'],
  [`UPDATE survey.prompts SET purpose = ''`, 'ck_prompts_purpose'],
  [`UPDATE survey.prompts SET purpose = repeat('x', 101)`, 'ck_prompts_purpose'],
  [`UPDATE survey.prompts SET body = ''`, 'ck_prompts_body'],
  [`UPDATE survey.experiments SET name = ''`, 'ck_experiments_name'],
  [`UPDATE survey.experiments SET name = repeat('x', 201)`, 'ck_experiments_name'],
  [`UPDATE survey.experiments SET started_at = now(), ended_at = now() - interval '1 second'`, 'ck_experiments_times'],
  [`UPDATE survey.experiment_variants SET key = 'A'`, 'ck_experiment_variants_key'],
  [`UPDATE survey.experiment_variants SET key = ''`, 'ck_experiment_variants_key'],
  [`UPDATE survey.experiment_variants SET weight = -1`, 'ck_experiment_variants_weight'],
  [`UPDATE survey.experiment_variants SET weight = 10001`, 'ck_experiment_variants_weight'],
]

test('rows that break a rule of survey are refused with 23514 by the constraint of that rule', async (t) => {
  const { sql } = await sampleDatabase(t)
  await assertRefused(sql, checkViolation, broken)
  assert.deepEqual(namesOf(broken), await readChecks(sql, 'survey'), 'every check is tried')
})

test('bad numbers and addresses are refused by their domains', async (t) => {
  const { sql } = await sampleDatabase(t)
  await assertRefused(sql, checkViolation, [
    ...['0039021234567', '+0123456789', '+39', '+39 021234567', '+1234567890123456', ''].map(
      (number): Refusal => [`UPDATE survey.contacts SET phone_number = '${number}'`, 'ck_e164'],
    ),
    ...['nobody', 'a@b', 'a b@example.org', '@example.org'].map(
      (email): Refusal => [`UPDATE survey.contacts SET email = '${email}'`, 'ck_email'],
    ),
  ])
})

test('the ends of every range are taken', async (t) => {
  const { sql } = await sampleDatabase(t)
  for (const statement of [
    `UPDATE survey.campaigns SET max_attempts = 1, retry_interval_minutes = 1, name = repeat('x', 255),
       allowed_call_start_local = '00:00', allowed_call_end_local = '24:00', timezone = 'Pacific/Kiritimati'`,
    `UPDATE survey.campaigns SET max_attempts = 5, status = 'scheduled', starts_at = now(), ends_at = NULL`,
    `UPDATE survey.campaign_questions SET position = 20, type = 'scale', scale_min = 1, scale_max = 10`,
    `UPDATE survey.contacts SET attempts_count = 50, timezone = NULL, country_code = NULL, email = NULL,
       full_name = NULL, external_contact_id = NULL, has_prior_consent = false, consent_source = NULL`,
    `UPDATE survey.contacts SET do_not_call = true, state = 'excluded', locked_by = NULL, locked_until = NULL`,
    `UPDATE survey.survey_answers SET confidence = 0, answer_text = NULL, answer_numeric = 0`,
    `UPDATE survey.survey_answers SET confidence = 1, answer_text = ''`,
    `UPDATE survey.survey_responses SET completed_at = started_at`,
    `UPDATE survey.experiment_variants SET weight = 0, key = repeat('x', 50)`,
    `UPDATE survey.experiment_variants SET weight = 10000`,
    `UPDATE survey.prompts SET key = 'a' || repeat('.', 99)`,
    `UPDATE survey.experiments SET started_at = now(), ended_at = now()`,
  ]) {
    await assert.doesNotReject(sql.unsafe(statement).execute(), statement)
  }
})

test('rows that exist already are refused with 23505 by the key that is taken', async (t) => {
  const { sql } = await sampleDatabase(t)
  const taken: readonly Refusal[] = [
    [copyOf('survey.campaigns'), 'uq_campaigns_name'],
    [copyOf('survey.campaign_questions'), 'uq_campaign_questions_campaign_id_position'],
    [copyOf('survey.contacts', { external_contact_id: 'other' }), 'uq_contacts_campaign_id_phone_number'],
    [copyOf('survey.contacts', { phone_number: '+14155559999' }), 'uq_contacts_campaign_id_external_contact_id'],
    [copyOf('survey.survey_responses'), 'uq_survey_responses_campaign_id_contact_id'],
    [copyOf('survey.survey_answers'), 'uq_survey_answers_response_id_question_id'],
    [copyOf('survey.events'), 'uq_events_idempotency_key'],
    [copyOf('survey.prompts', { is_active: false }), 'uq_prompts_key_language_version'],
    [copyOf('survey.prompts', { version: 2 }), 'uq_prompts_active'],
    [copyOf('survey.experiments', { status: 'draft' }), 'uq_experiments_campaign_id_name'],
    [copyOf('survey.experiments', { name: 'Other' }), 'uq_experiments_running'],
    [copyOf('survey.experiment_variants'), 'uq_experiment_variants_experiment_id_key'],
    [copyOf('survey.enrollments'), 'pk_enrollments'],
  ]
  await assertRefused(sql, uniqueViolation, taken)
  // These three serve as targets of foreign keys and contain the primary key, which is always met first.
  const targets = [
    'uq_contacts_campaign_id_id',
    'uq_experiment_variants_experiment_id_id',
    'uq_survey_responses_campaign_id_id',
  ]
  const tried = namesOf(taken).filter((name) => !name.startsWith('pk_'))
  assert.deepEqual([...tried, ...targets].sort(), await readUniqueIndexes(sql, 'survey'))
})

test('what is unique among live rows only is free again afterwards', async (t) => {
  const { sql } = await sampleDatabase(t)
  await sql`UPDATE survey.campaigns SET status = 'cancelled'`
  await sql.unsafe(copyOf('survey.campaigns', { status: 'draft' }))
  await sql`UPDATE survey.experiments SET status = 'completed'`
  await sql.unsafe(copyOf('survey.experiments', { name: 'Other', status: 'running' }))
  await sql`UPDATE survey.prompts SET is_active = false`
  await sql.unsafe(copyOf('survey.prompts', { version: 2, is_active: true }))
})

test('references to rows that do not exist, or belong to another organisation, are refused with 23503', async (t) => {
  const { sql } = await sampleDatabase(t)
  await sql.unsafe(organisationTwo)
  // The rows of the sample exist, in the organisation red.
  const elsewhere = (table: string, columns: string, values: string) =>
    `INSERT INTO survey.${table} (organisation_id, ${columns}) SELECT '${blue}', ${values}`
  const campaign = '(SELECT id FROM survey.campaigns)'
  const contact = '(SELECT id FROM survey.contacts)'
  await assertRefused(sql, foreignKeyViolation, [
    [
      elsewhere('campaign_questions', 'campaign_id, position, text, type', `${campaign}, 1, 'a', 'numeric'`),
      'fk_campaign_questions_campaign_id',
    ],
    [elsewhere('contacts', 'campaign_id, phone_number', `${campaign}, '+14155550100'`), 'fk_contacts_campaign_id'],
    [
      elsewhere('survey_responses', 'campaign_id, contact_id', `${campaign}, ${contact}`),
      'fk_survey_responses_campaign_id',
    ],
    [elsewhere('experiments', 'campaign_id, name', `${campaign}, 'a'`), 'fk_experiments_campaign_id'],
    [
      elsewhere(
        'campaigns',
        'name, intro_script, created_by_user_id',
        `'a', 'b', (SELECT user_id FROM iam.organisation_users)`,
      ),
      'fk_campaigns_created_by_user_id',
    ],
    [
      elsewhere(
        'campaigns',
        'name, intro_script, provider_config_id',
        `'a', 'b', (SELECT id FROM telephony.provider_configs)`,
      ),
      'fk_campaigns_provider_config_id',
    ],
    ...['completed', 'refused', 'not_reached'].map(
      (type): Refusal => [
        elsewhere(
          'campaigns',
          `name, intro_script, email_${type}_template_id`,
          `'a', 'b', (SELECT id FROM notify.email_templates)`,
        ),
        `fk_campaigns_email_${type}_template_id`,
      ],
    ),
    [copyOf('survey.prompts', { organisation_id: nobody }), 'fk_prompts_organisation_id'],
    [`UPDATE survey.survey_responses SET contact_id = '${nobody}'`, 'fk_survey_responses_campaign_id_contact_id'],
    [`UPDATE survey.survey_responses SET call_attempt_id = '${nobody}'`, 'fk_survey_responses_call_attempt_id'],
    [`UPDATE survey.survey_answers SET response_id = '${nobody}'`, 'fk_survey_answers_response_id'],
    [`UPDATE survey.survey_answers SET question_id = '${nobody}'`, 'fk_survey_answers_question_id'],
    [`UPDATE survey.events SET contact_id = '${nobody}'`, 'fk_events_contact_id'],
    [`UPDATE survey.events SET campaign_id = '${nobody}'`, 'fk_events_campaign_id'],
    [`UPDATE survey.events SET call_attempt_id = '${nobody}'`, 'fk_events_call_attempt_id'],
    [`UPDATE survey.experiment_variants SET prompt_id = '${nobody}'`, 'fk_experiment_variants_prompt_id'],
    [`UPDATE survey.enrollments SET contact_id = '${nobody}'`, 'fk_enrollments_contact_id'],
    [`UPDATE survey.enrollments SET variant_id = '${nobody}'`, 'fk_enrollments_experiment_id_variant_id'],
    [`UPDATE telephony.call_attempts SET contact_id = '${nobody}'`, 'fk_call_attempts_contact_id'],
    [`UPDATE telephony.call_attempts SET campaign_id = '${nobody}'`, 'fk_call_attempts_campaign_id'],
    [`UPDATE notify.email_notifications SET event_id = '${nobody}'`, 'fk_email_notifications_event_id'],
    [`UPDATE notify.email_notifications SET contact_id = '${nobody}'`, 'fk_email_notifications_contact_id'],
    [`UPDATE notify.email_notifications SET campaign_id = '${nobody}'`, 'fk_email_notifications_campaign_id'],
  ])
})

test('an interview names a contact of its own campaign, an enrolment a variant of its own experiment', async (t) => {
  const { sql } = await sampleDatabase(t)
  const other = '019b76da-a800-7000-8000-0000000000fe'
  await sql.unsafe(copyOf('survey.campaigns', { id: other, name: 'Other' }))
  await sql.unsafe(copyOf('survey.experiments', { id: other, name: 'Other', status: 'draft' }))
  await sql`DELETE FROM survey.survey_answers`
  await assertRefused(sql, foreignKeyViolation, [
    [`UPDATE survey.survey_responses SET campaign_id = '${other}'`, 'fk_survey_responses_campaign_id_contact_id'],
    [`UPDATE survey.enrollments SET experiment_id = '${other}'`, 'fk_enrollments_experiment_id_variant_id'],
  ])
})

test('what others name cannot be deleted alone', async (t) => {
  const { sql } = await sampleDatabase(t)
  await sql`UPDATE survey.campaigns SET created_by_user_id = (SELECT user_id FROM iam.organisation_users)`
  await sql`UPDATE survey.experiment_variants SET prompt_id = (SELECT id FROM survey.prompts)`
  for (const table of [
    'survey.campaign_questions',
    'survey.prompts',
    'telephony.call_attempts',
    'iam.organisation_users',
  ]) {
    await assert.rejects(sql.unsafe(`DELETE FROM ${table}`).execute(), { code: foreignKeyViolation }, table)
  }
  assert.equal((await sql`SELECT FROM survey.campaigns WHERE organisation_id = ${red}`).length, 1)
})

function question(type: string, bounds: string): string {
  return `UPDATE survey.campaign_questions SET type = '${type}', (scale_min, scale_max) = ROW (${bounds})`
}
