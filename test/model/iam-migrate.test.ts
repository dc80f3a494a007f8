import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { withoutMonthPartitions } from '../../lib/catalogue/without-month-partitions.js'
import { migrate, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { bundledFiles } from './bundled-files.js'
import { modelDatabase } from './model-database.js'

const options = { modules: ['iam'] } as const

test('migrate() makes what the files make by hand, and running it again changes nothing', async (t) => {
  const byHand = await modelDatabase(t, ['iam'])
  const { url, sql } = await testDatabase(t)
  await migrate({ url, ...options })
  const migrated = await readCatalogue(sql, ['iam'])
  assert.deepEqual(withoutMonthPartitions(migrated), await readCatalogue(byHand.sql, ['iam']))
  await migrate({ url, ...options })
  assert.deepEqual(await readCatalogue(sql, ['iam']), migrated)
})

test('the history names every file once, versions first, then repeatables, in their order', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url, ...options })
  const rows = await sql`SELECT script FROM public.flyway_schema_history WHERE success ORDER BY installed_rank`
  const files = bundledFiles(['iam']).map(({ name }) => name)
  const expected = [...files.filter((name) => /^V/.test(name)), ...files.filter((name) => /^R__/.test(name))]
  assert.deepEqual(
    rows.map(({ script }) => script),
    expected.map((name) => `iam/${name}`),
  )
})

test('rollback() to empty leaves history, ledger, roles and citext, and migrate() brings all back', async (t) => {
  const { url, sql } = await testDatabase(t)
  const grantsBefore = (await readCatalogue(sql, [])).grants
  await migrate({ url, ...options })
  const up = await readCatalogue(sql, ['iam'])
  await rollback({ url, ...options, to: 'empty' })

  const schemas = await sql<{ name: string }[]>`
    SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`
  assert.deepEqual(
    schemas.map(({ name }) => name),
    ['public'],
  )
  const left = await readCatalogue(sql, ['public'])
  assert.deepEqual(
    left.tables.map(({ name }) => name),
    ['public.flyway_schema_history', 'public.schemaway_ledger'],
  )
  assert.deepEqual([left.views, left.enums, left.domains, left.functions], [[], [], [], []])
  assert.deepEqual(
    left.extensions.map(({ name }) => name),
    ['citext'],
  )
  assert.deepEqual(left.grants, grantsBefore)
  assert.equal((await sql`SELECT FROM public.flyway_schema_history WHERE version IS NOT NULL`).length, 0)

  await migrate({ url, ...options })
  assert.deepEqual(await readCatalogue(sql, ['iam']), up)
})

test('rollback() by one version leaves what migrate() to that version makes', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url, ...options })
  const up = await readCatalogue(sql, ['iam'])
  await rollback({ url, ...options, to: '20260105.100200' })
  const { tables, views, functions } = await readCatalogue(sql, ['iam'])
  const names = ['api_keys', 'invitations', 'organisation_users', 'organisations', 'users'].map((name) => `iam.${name}`)
  assert.deepEqual(
    tables.map(({ name }) => name),
    names,
  )
  // Its required version is still there, so the view came back; the functions need the audit trail.
  assert.deepEqual(
    views.map(({ name }) => name),
    ['iam.v_organisation_members'],
  )
  assert.ok(!functions.some(({ name }) => name === 'iam.log_audit_event'))
  assert.ok([...tables, ...views].every(({ grants }) => grants.length === 3))
  await migrate({ url, ...options })
  assert.deepEqual(await readCatalogue(sql, ['iam']), up)
})

test('from every version the way back up ends in the same catalogue', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url, ...options })
  const up = await readCatalogue(sql, ['iam'])
  for (const to of ['20260105.100200', '20260105.100100', '20260105.100000', '20260105.095900']) {
    await rollback({ url, ...options, to })
    await migrate({ url, ...options })
    assert.deepEqual(await readCatalogue(sql, ['iam']), up, to)
  }
})
