import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test, { type TestContext } from 'node:test'
import type { Sql } from 'postgres'
import {
  type BundledModuleName,
  createMigrator,
  defineModule,
  type MigrationEvent,
  migrate,
  seed,
} from '../../lib/index.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const demo = '00000000-0000-4000-8000-000000000001'
const other = '00000000-0000-4000-8000-000000000002'

/** Rows of the demo by table; no other table has any. */
const demoRows = {
  'iam.organisation_users': 3,
  'iam.organisations': 1,
  'iam.users': 3,
  'notify.email_templates': 6,
  'survey.campaign_questions': 3,
  'survey.campaigns': 1,
  'survey.contacts': 5,
  'telephony.compliance_rules': 1,
  'telephony.exclusion_list_entries': 2,
  'telephony.provider_configs': 1,
}

async function migrated(t: TestContext, modules?: readonly BundledModuleName[]): Promise<TestDatabase> {
  const database = await testDatabase(t)
  await migrate({ url: database.url, modules })
  return database
}

/** Number of rows of each table of the model that has any. */
async function countRows(sql: Sql): Promise<Readonly<Record<string, number>>> {
  const tables = await sql<{ name: string }[]>`
    SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('iam', 'survey', 'telephony', 'notify') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY 1`
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    const [row] = await sql<{ rows: number }[]>`SELECT count(*)::int AS rows FROM ${sql(name)}`
    if (row !== undefined && row.rows > 0) counts[name] = row.rows
  }
  return counts
}

/** Every row of the demo, as text. */
async function readRows(sql: Sql): Promise<readonly string[]> {
  const rows: string[] = []
  for (const name of Object.keys(demoRows)) {
    rows.push(
      ...(await sql<{ row: string }[]>`SELECT t::text AS row FROM ${sql(name)} AS t ORDER BY 1`).map((one) => one.row),
    )
  }
  return rows
}

test('the demo has exactly its rows, and a second run changes none of them', async (t) => {
  const { url, sql } = await migrated(t)
  const events: MigrationEvent[] = []
  const { milliseconds: _, ...report } = await seed({ url, set: 'demo', onEvent: (event) => void events.push(event) })
  assert.deepEqual(
    { ...report, server: '', files: report.files.map(({ script, module }) => `${script} of ${module}`) },
    {
      command: 'seed',
      server: '',
      set: 'demo',
      files: [
        'seed/demo/010_iam.sql of iam',
        'seed/demo/020_notify.sql of notify',
        'seed/demo/030_telephony.sql of telephony',
        'seed/demo/040_survey.sql of survey',
      ],
      lock: { strategy: 'session', reason: 'The connection to the server is direct.' },
    },
  )
  assert.deepEqual(
    events.flatMap((event) => (event.type === 'seeded' ? [event.script] : [])),
    report.files.map(({ script }) => script),
  )
  assert.deepEqual(await countRows(sql), demoRows)
  const rows = await readRows(sql)
  await seed({ url, set: 'demo' })
  assert.deepEqual(await countRows(sql), demoRows)
  assert.deepEqual(await readRows(sql), rows)
  assert.equal((await sql`SELECT FROM flyway_schema_history WHERE script LIKE 'seed%'`).length, 0)
  assert.equal((await sql`SELECT FROM schemaway_ledger WHERE script LIKE 'seed%'`).length, 0)
})

test('the rows of the demo are those that the model describes', async (t) => {
  const { url, sql } = await migrated(t)
  await seed({ url, set: 'demo' })
  const [organisation] = await sql`SELECT id, slug, timezone, country_code FROM iam.organisations`
  assert.deepEqual({ ...organisation }, { id: demo, slug: 'demo', timezone: 'Europe/Rome', country_code: 'IT' })
  const members = await sql`
    SELECT right(u.id::text, 2) AS id, u.email::text, u.oidc_issuer, u.oidc_sub, m.role::text
    FROM iam.users AS u JOIN iam.organisation_users AS m ON m.user_id = u.id ORDER BY u.id`
  assert.deepEqual(
    members.map((row) => Object.values(row).join(' ')),
    [
      '11 admin@example.com https://idp.example.com demo-admin admin',
      '12 manager@example.com https://idp.example.com demo-manager campaign_manager',
      '13 viewer@example.com https://idp.example.com demo-viewer viewer',
    ],
  )
  const [campaign] = await sql`
    SELECT right(c.id::text, 4) AS id, c.status::text, c.language::text, right(c.provider_config_id::text, 4) AS provider,
           right(c.created_by_user_id::text, 2) AS creator, p.name AS "providerName", p.outbound_number::text AS number,
           p.llm_model AS model, p.is_default AS "isDefault", p.provider_name AS telephony,
           completed.name AS completed, refused.name AS refused, not_reached.name AS "notReached"
    FROM survey.campaigns AS c
    JOIN telephony.provider_configs AS p ON p.id = c.provider_config_id
    JOIN notify.email_templates AS completed ON completed.id = c.email_completed_template_id
    JOIN notify.email_templates AS refused ON refused.id = c.email_refused_template_id
    JOIN notify.email_templates AS not_reached ON not_reached.id = c.email_not_reached_template_id`
  assert.deepEqual(
    { ...campaign },
    {
      id: '0301',
      status: 'draft',
      language: 'en',
      provider: '0201',
      creator: '12',
      providerName: 'default',
      number: '+14155550100',
      model: 'example-model',
      isDefault: true,
      telephony: 'twilio',
      completed: 'Completed (English)',
      refused: 'Refused (English)',
      notReached: 'Not reached (English)',
    },
  )
  const questions = await sql`
    SELECT right(id::text, 4), position, type::text, scale_min, scale_max FROM survey.campaign_questions ORDER BY position`
  assert.deepEqual(
    questions.map((row) => Object.values(row).join(' ').trim()),
    ['0311 1 scale 1 10', '0312 2 free_text', '0313 3 numeric'],
  )
  const contacts = await sql`
    SELECT right(id::text, 4), external_contact_id, phone_number::text, coalesce(email::text, '-') AS email, preferred_language::text,
           timezone, country_code, has_prior_consent, coalesce(consent_source::text, '-') AS source,
           coalesce(to_char(consent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '-') AS consent, do_not_call, state::text
    FROM survey.contacts ORDER BY id`
  assert.deepEqual(
    contacts.map((row) => Object.values(row).map(String)),
    [
      ['0401', 'DEMO-1', '+14155550101', 'one@example.com', 'en', ...proof('pending')],
      ['0402', 'DEMO-2', '+14155550102', 'two@example.com', 'it', ...proof('pending')],
      [
        '0403',
        'DEMO-3',
        '+14155550103',
        'three@example.com',
        'auto',
        'UTC',
        'US',
        'false',
        '-',
        '-',
        'false',
        'pending',
      ],
      ['0404', 'DEMO-4', '+14155550104', '-', 'auto', ...proof('pending')],
      ['0405', 'DEMO-5', '+14155550105', 'five@example.com', 'en', ...proof('excluded')],
    ].map((row) => row.map(String)),
  )
  const excluded = await sql`
    SELECT phone_number::text AS number, source::text FROM telephony.exclusion_list_entries ORDER BY 1`
  assert.deepEqual(
    excluded.map(({ number, source }) => [number, source]),
    [
      ['+14155550190', 'api'],
      ['+14155550191', 'manual'],
    ],
  )

  function proof(state: string): readonly string[] {
    return ['UTC', 'US', 'true', 'import', '2026-01-04', String(state === 'excluded'), state]
  }
})

const subsets: readonly (readonly BundledModuleName[])[] = [
  ['iam'],
  ['iam', 'survey'],
  ['iam', 'telephony'],
  ['iam', 'notify'],
  ['iam', 'survey', 'telephony'],
  ['iam', 'survey', 'notify'],
  ['iam', 'telephony', 'notify'],
]

for (const modules of subsets) {
  test(`with ${modules.join(', ')} installed, the demo has the rows of just these, chosen or not, twice`, async (t) => {
    const { url, sql } = await migrated(t, modules)
    const expected = Object.fromEntries(
      Object.entries(demoRows).filter(([table]) => modules.some((module) => table.startsWith(`${module}.`))),
    )
    await seed({ url, set: 'demo' })
    assert.deepEqual(await countRows(sql), expected)
    await seed({ url, set: 'demo', modules })
    assert.deepEqual(await countRows(sql), expected)
    if (!modules.includes('survey')) return
    const [campaign] = await sql`
      SELECT provider_config_id IS NOT NULL AS telephony, email_completed_template_id IS NOT NULL AS notify
      FROM survey.campaigns`
    assert.deepEqual({ ...campaign }, { telephony: modules.includes('telephony'), notify: modules.includes('notify') })
  })
}

test('a module that comes later is seeded then, and linked to what is there', async (t) => {
  const { url, sql } = await migrated(t, ['iam', 'survey'])
  await seed({ url, set: 'demo' })
  await migrate({ url })
  await seed({ url, set: 'demo' })
  assert.deepEqual(await countRows(sql), demoRows)
  const [campaign] =
    await sql`SELECT num_nulls(provider_config_id, email_completed_template_id) AS missing FROM survey.campaigns`
  assert.equal(campaign?.['missing'], 0)
})

test('reference data goes to every organisation, or to one, and keeps templates that were changed', async (t) => {
  const { url, sql } = await migrated(t)
  assert.equal((await seed({ url, set: 'reference' })).files.length, 1)
  assert.deepEqual(await countRows(sql), {})
  await sql`INSERT INTO iam.organisations (id, slug, name) VALUES (${demo}, 'a', 'A'), (${other}, 'b', 'B')`
  await seed({ url, set: 'reference', organisationId: other })
  assert.deepEqual(await templates(), [{ id: other, rows: 6 }])
  await sql`UPDATE notify.email_templates SET subject = 'ours' WHERE type = 'refused'`
  await seed({ url, set: 'reference' })
  assert.deepEqual(await templates(), [
    { id: demo, rows: 6 },
    { id: other, rows: 6 },
  ])
  assert.equal((await sql`SELECT FROM notify.email_templates WHERE subject = 'ours'`).length, 2)
  const unknown = '00000000-0000-4000-8000-000000000003'
  const error = await expectError('INVALID_OPTIONS', seed({ url, set: 'reference', organisationId: unknown }))
  assert.match(error.message, /There is no organisation 00000000-0000-4000-8000-000000000003/)

  async function templates(): Promise<readonly unknown[]> {
    const rows = await sql`
      SELECT organisation_id AS id, count(*)::int AS rows FROM notify.email_templates GROUP BY 1 ORDER BY 1`
    return rows.map((row) => ({ ...row }))
  }
})

test('a tenant that the login brings along does not narrow the reference data down', async (t) => {
  const { url, sql } = await migrated(t)
  await sql`INSERT INTO iam.organisations (id, slug, name) VALUES (${demo}, 'a', 'A'), (${other}, 'b', 'B')`
  const narrow = `${url}?options=${encodeURIComponent(`-c app.organisation_id=${demo}`)}`
  await seed({ url: narrow, set: 'reference' })
  assert.equal((await sql`SELECT FROM notify.email_templates`).length, 12)
})

test('a database without the model, or with a part of it pending, is told to be migrated first', async (t) => {
  const { url, sql } = await testDatabase(t)
  const empty = await expectError('PENDING_MIGRATIONS', seed({ url, set: 'demo' }))
  assert.match(empty.message, /iam is not installed in .*Run migrate\(\) first\. Nothing was changed\./)
  assert.equal((await sql`SELECT FROM pg_class WHERE relname = 'flyway_schema_history'`).length, 0)
  await migrate({ url, modules: ['iam', 'survey'] })
  const absent = await expectError('PENDING_MIGRATIONS', seed({ url, set: 'demo', modules: ['iam', 'notify'] }))
  assert.match(absent.message, /notify is not installed in /)
  await sql`DELETE FROM flyway_schema_history WHERE script = 'survey/R__21_survey_views.sql'`
  const pending = await expectError('PENDING_MIGRATIONS', seed({ url, set: 'demo' }))
  assert.match(pending.message, /is not migrated: survey\/R__21_survey_views\.sql pending/)
  assert.deepEqual(await countRows(sql), {})
})

test('where migrate() stops at a version, seed() stops there too', async (t) => {
  const { url, sql } = await testDatabase(t)
  const target = '20260105.100200'
  await migrate({ url, modules: ['iam'], target })
  const newest = await expectError('PENDING_MIGRATIONS', seed({ url, set: 'reference', modules: ['iam'] }))
  assert.ok((newest.details.pending?.length ?? 0) > 0)
  await seed({ url, set: 'reference', modules: ['iam'], target })
  await createMigrator({ url, modules: ['iam'], target }).seed({ set: 'reference' })
  assert.deepEqual(await countRows(sql), {})
})

test('a wrong set, and one that is missing, are refused', async (t) => {
  const { url } = await testDatabase(t)
  // @ts-expect-error: there is no such set
  await expectError('INVALID_OPTIONS', seed({ url, set: 'production' }))
  // @ts-expect-error: a set must be named
  await expectError('INVALID_OPTIONS', seed({ url }))
  // @ts-expect-error: nothing is named at all
  await expectError('INVALID_OPTIONS', createMigrator({ url }).seed())
})

test('several seeds at once all succeed, with the rows of one', async (t) => {
  const { url, sql } = await migrated(t)
  await Promise.all([1, 2, 3].map(() => seed({ url, set: 'demo' })))
  assert.deepEqual(await countRows(sql), demoRows)
})

test('rows that stand in the way are named with file and line, and nothing of the seeds remains', async (t) => {
  const { url, sql } = await migrated(t)
  await sql`INSERT INTO iam.users (email, name) VALUES ('viewer@example.com', 'V')`
  const error = await expectError('STATEMENT_FAILED', seed({ url, set: 'demo' }))
  assert.match(error.message, /^seed\/demo\/010_iam\.sql:13:1 failed: 23505 .*uq_users_email/)
  assert.deepEqual([error.details.line, error.details.constraint], [13, 'uq_users_email'])
  assert.deepEqual(await countRows(sql), { 'iam.users': 1 })
})

test('a login that is a member of the owner role only seeds, inheriting or not', async (t) => {
  const database = await migrated(t)
  const login = await createLogin(t, database)
  await database.sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT; GRANT schemaway_owner TO ${login.name}`)
  await seed({ url: login.url, set: 'demo' })
  await seed({ url: login.url, set: 'reference', organisationId: demo })
  assert.deepEqual(await countRows(database.sql), demoRows)
})

for (const role of ['schemaway_app', 'schemaway_worker', 'schemaway_readonly']) {
  test(`a login of ${role} may not seed, and changes nothing`, async (t) => {
    const database = await migrated(t)
    const login = await createLogin(t, database)
    await database.sql.unsafe(`GRANT ${role} TO ${login.name}`)
    await expectError('MISSING_PRIVILEGE', seed({ url: login.url, set: 'demo' }))
    // Nor when it may read the history.
    await database.sql.unsafe(`GRANT SELECT ON flyway_schema_history TO ${login.name}`)
    const error = await expectError('MISSING_PRIVILEGE', seed({ url: login.url, set: 'demo' }))
    assert.match(error.message, /010_iam\.sql:5:1 failed: 42501 permission denied to set role "schemaway_owner"/)
    assert.deepEqual(await countRows(database.sql), {})
  })
}

test('a login that may not seed gets the GRANT also when it names an organisation', async (t) => {
  const database = await migrated(t)
  await database.sql`INSERT INTO iam.organisations (id, slug, name) VALUES (${demo}, 'a', 'A')`
  const login = await createLogin(t, database)
  await database.sql.unsafe(`GRANT SELECT ON flyway_schema_history TO ${login.name}`)
  const options = { url: login.url, set: 'reference', organisationId: demo } as const
  const error = await expectError('MISSING_PRIVILEGE', seed(options))
  const grant = `GRANT "schemaway_owner" TO "${login.name}";`
  assert.ok(error.message.includes(grant), error.message)
  assert.equal(error.details.sqlState, '42501')
  await database.sql.unsafe(grant)
  assert.equal((await seed(options)).files.length, 1)
})

test('an error of the second attempt is not taken for one of a file that only the first had sent', async (t) => {
  const database = await migrated(t)
  await database.sql`INSERT INTO iam.organisations (id, slug, name) VALUES (${demo}, 'a', 'A')`
  const login = await createLogin(t, database)
  await database.sql.unsafe(`GRANT schemaway_owner TO ${login.name}`)
  const holder = await database.sql.reserve()
  await holder.unsafe('BEGIN; LOCK TABLE notify.email_templates')
  const revoke = `
    import postgres from 'postgres'
    const sql = postgres(process.env.DATABASE, { max: 1 })
    await sql.unsafe('REVOKE schemaway_owner FROM ${login.name}')
    await sql.end()`
  const seeding = seed({
    url: login.url,
    set: 'reference',
    organisationId: demo,
    lockTimeout: 200,
    lockRetries: 1,
    onEvent: ({ type }) => {
      if (type !== 'retry') return
      // Before the next attempt begins, hence without giving this process back.
      const env = { ...process.env, DATABASE: database.url }
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', revoke], { env })
      assert.equal(status, 0, String(stderr))
    },
  })
  const error = await expectError('MISSING_PRIVILEGE', seeding)
  await holder.unsafe('ROLLBACK')
  holder.release()
  assert.ok(error.message.includes(`GRANT "schemaway_owner" TO "${login.name}";`), error.message)
  assert.equal(error.details.script, undefined)
  assert.equal(error.details.line, undefined)
})

test('modules of your own have no seeds, and alone they are refused', async (t) => {
  const { url } = await migrated(t, ['iam'])
  const { directory } = writeScripts(t, { 'V20270101_000000__own_a.sql': 'SELECT 1;' })
  const own = defineModule({ name: 'own', directory })
  const error = await expectError('INVALID_OPTIONS', seed({ url, set: 'demo', modules: [own] }))
  assert.match(error.message, /no bundled module is selected/)
  assert.equal(error.details.option, 'modules')
  assert.equal((await seed({ url, set: 'demo', modules: ['iam', own] })).files.length, 1)
})

test('role names of your own are those of the seeds, too', async (t) => {
  const database = await testDatabase(t)
  const prefix = `seed_${process.pid}`
  const roles = { owner: `${prefix}_o`, app: `${prefix}_a`, worker: `${prefix}_w`, readonly: `${prefix}_r` }
  t.after(async () => {
    const { default: postgres } = await import('postgres')
    const elsewhere = postgres(new URL('/postgres', database.url).href, { max: 1, onnotice: () => {} })
    for (const role of Object.values(roles)) await elsewhere.unsafe(`DROP ROLE IF EXISTS ${role}`)
    await elsewhere.end()
  })
  const migrator = createMigrator({ url: database.url, roles, transaction: 'all' })
  await migrator.migrate()
  await migrator.seed({ set: 'demo' })
  assert.deepEqual(await countRows(database.sql), demoRows)
})
