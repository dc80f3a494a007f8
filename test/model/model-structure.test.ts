import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCatalogue, type Table } from '../../lib/catalogue/read-catalogue.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { allSchemas } from './bundled-files.js'
import { modelDatabase } from './model-database.js'

const tableNames: Readonly<Record<string, string>> = {
  iam: 'api_keys audit_logs invitations organisation_users organisations system_metrics users',
  survey:
    'campaign_questions campaigns contacts enrollments events experiment_variants experiments prompts survey_answers ' +
    'survey_responses',
  telephony:
    'agents call_attempts call_events compliance_rules exclusion_list_entries provider_configs tasks ' +
    'transcript_snippets webhook_receipts',
  notify:
    'delivery_events email_notifications email_templates message_open_stats message_templates opt_outs ' +
    'tracking_events tracking_pixels webhook_deliveries webhook_endpoints',
}
const enumCounts = { iam: 8, survey: 7, telephony: 13, notify: 8 }

/** The enums of the product that the model grew out of, which keep their labels. */
const seedEnums: Readonly<Record<string, string>> = {
  'iam.user_role': 'admin campaign_manager viewer',
  'iam.campaign_language': 'en it',
  'iam.contact_outcome': 'completed refused no_answer busy failed',
  'survey.campaign_status': 'draft scheduled running paused completed cancelled',
  'survey.question_type': 'free_text numeric scale',
  'survey.contact_state': 'pending in_progress completed refused not_reached excluded',
  'survey.contact_language': 'en it auto',
  'survey.event_type': 'survey.completed survey.refused survey.not_reached',
  'telephony.exclusion_source': 'import api manual',
  'telephony.provider_type': 'telephony_api voice_ai_platform',
  'telephony.llm_provider': 'openai anthropic azure-openai google',
  'notify.email_status': 'pending sent failed',
  'notify.email_template_type': 'completed refused not_reached',
}

/** Helpers that the planner must be able to inline. */
const inlined = /^iam\.(uuid_v7.*|current_.*_id)$/

test('the complete model keeps to its conventions', async (t) => {
  const { sql } = await modelDatabase(t)
  const { schemas, enums, tables, views, functions, sequences } = await readCatalogue(sql, allSchemas)
  const own = tables.filter((table) => !isPartition(table))
  const partitions = tables.filter(isPartition)

  await t.test('there are the four schemas and no other, without sequences', async () => {
    const namespaces = await sql<{ name: string }[]>`
      SELECT nspname AS name FROM pg_namespace
      WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') ORDER BY nspname`
    assert.deepEqual(
      namespaces.map(({ name }) => name),
      allSchemas.toSorted(),
    )
    assert.deepEqual(sequences, [])
  })

  await t.test('each schema has its tables and as many enums as it is meant to have', () => {
    for (const [schema, names] of Object.entries(tableNames)) assert.equal(namesIn(own, schema).join(' '), names)
    const found = schemas.map(({ name }) => [name, namesIn(enums, name).length])
    assert.deepEqual(Object.fromEntries(found), enumCounts)
    assert.deepEqual(
      partitions.map(({ name }) => name),
      ['iam.audit_logs_default', 'iam.system_metrics_default', 'notify.tracking_events_default'],
    )
  })

  await t.test('the thirteen seed enums have exactly their labels, in order', () => {
    const labels = new Map(enums.map((type) => [type.name, type.labels.join(' ')]))
    assert.equal(Object.keys(seedEnums).length, 13)
    for (const [name, expected] of Object.entries(seedEnums)) assert.equal(labels.get(name), expected, name)
  })

  await t.test('every id is a uuid of version 7', async () => {
    const ids = tables.flatMap(({ name, columns }) =>
      columns.filter((column) => column.name === 'id').map((column) => ({ table: name, ...column })),
    )
    const withId = new Set(ids.map(({ table }) => table))
    assert.deepEqual(
      tables.map(({ name }) => name).filter((name) => !withId.has(name)),
      ['iam.organisation_users', 'notify.message_open_stats', 'survey.enrollments', 'telephony.webhook_receipts'],
    )
    for (const { table, type, nullable, default: value } of ids)
      assert.deepEqual([type, nullable, value], ['uuid', false, 'iam.uuid_v7()'], table)
    const [row] = await sql<{ version: string }[]>`SELECT substr(iam.uuid_v7()::text, 15, 1) AS version`
    assert.equal(row?.version, '7')
  })

  await t.test('no time is without its zone, and what ends in _at is a time', () => {
    for (const { name: relation, columns } of [...tables, ...views]) {
      for (const { name, type } of columns) {
        assert.doesNotMatch(type, /^(timestamp without |time with |money$|json$|character)/, name)
        if (/_at$/.test(name)) assert.equal(type, 'timestamp with time zone', `${relation}.${name}`)
      }
    }
    for (const { name, arguments: list, returns } of functions)
      assert.doesNotMatch(`${list} ${returns}`, /timestamp without time zone/, name)
  })

  await t.test('every json column is a json object that is never null', () => {
    for (const { name: table, columns, constraints } of own) {
      for (const { name, type, nullable, default: value } of columns) {
        if (type !== 'jsonb') continue
        assert.deepEqual([nullable, value], [false, "'{}'::jsonb"], `${table}.${name}`)
        const check = constraints.find((constraint) => constraint.name === `ck_${unqualified(table)}_${name}`)
        assert.equal(check?.definition, `CHECK ((jsonb_typeof(${name}) = 'object'::text))`, `${table}.${name}`)
      }
    }
  })

  await t.test('row-level security is forced on every table and partition, and partitions are closed', () => {
    for (const { name, rowSecurity, owner } of tables)
      assert.deepEqual([rowSecurity, owner], ['forced', defaultRoleNames.owner], name)
    for (const { name, grants, columns } of partitions)
      assert.deepEqual([grants, columns.flatMap((column) => column.grants)], [[], []], name)
  })

  await t.test('views read with the rights of whoever asks', () => {
    assert.ok(views.length > 0)
    for (const { name, options, materialized, owner } of views)
      assert.deepEqual([options, materialized, owner], [['security_invoker=true'], false, defaultRoleNames.owner], name)
  })

  await t.test('functions are owned, fixed to a path, and touch tables in PL/pgSQL only', () => {
    for (const { name, owner, settings, definition, language, parallel } of functions) {
      assert.equal(owner, defaultRoleNames.owner, name)
      assert.deepEqual(settings, inlined.test(name) ? [] : ['search_path=pg_catalog, pg_temp'], name)
      if (inlined.test(name)) assert.equal(language, 'sql', name)
      if (/^iam\.current_/.test(name)) assert.equal(parallel, 'safe', name)
      if (language === 'sql') {
        const touched = [...tables, ...views].filter((relation) => definition?.includes(relation.name))
        assert.deepEqual(touched, [], `${name} is SQL and touches no table`)
      } else assert.equal(language, 'plpgsql', name)
      // Before 17 a block with EXCEPTION may not run in a parallel query.
      if (/\bEXCEPTION\s+WHEN\b/.test(definition ?? '')) assert.equal(parallel, 'unsafe', name)
    }
  })

  await t.test('who runs a function with the rights of the owner is named, and the path is fixed', () => {
    const definers = functions.filter(({ securityDefiner }) => securityDefiner)
    assert.deepEqual(
      definers.map(({ name }) => name),
      [
        'default_partition_rows',
        'drop_month_partitions',
        'ensure_month_partitions',
        'list_members',
        'resolve_login',
      ].map((name) => `iam.${name}`),
    )
    for (const { name, settings, grants } of definers) {
      assert.ok(
        settings.some((setting) => setting.startsWith('search_path=')),
        name,
      )
      assert.ok(!grants.some((grant) => grant.startsWith('PUBLIC')), name)
    }
  })
})

function namesIn(items: readonly { readonly name: string }[], schema: string): readonly string[] {
  return items.filter(({ name }) => name.startsWith(`${schema}.`)).map(({ name }) => unqualified(name))
}

function unqualified(name: string): string {
  return name.slice(name.indexOf('.') + 1)
}

function isPartition(table: Table): boolean {
  return table.partitionOf !== null
}
