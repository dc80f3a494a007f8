import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { placeHistory } from '../../lib/history/history-row.js'
import { findBrokenLink, type LedgerRow } from '../../lib/history/ledger-entry.js'
import { readLedgerSql } from '../../lib/history/ledger-table.js'
import { clean, defineModule, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const place = placeHistory({ historySchema: 'public', table: 'flyway_schema_history', ledgerTable: 'schemaway_ledger' })

async function readLedger(sql: Sql): Promise<readonly LedgerRow[]> {
  const [row] = await sql.unsafe(readLedgerSql(place))
  return JSON.parse(row?.['rows']) as LedgerRow[]
}

async function exists(sql: Sql, table: string): Promise<boolean> {
  const [row] = await sql`SELECT to_regclass(${table}) IS NOT NULL AS found`
  return row?.['found'] === true
}

test('a member of the owner role, without its rights as it is, cleans what that role owns, and the history goes', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  await migrate({ url, modules: ['iam'] })
  await sql`ALTER TABLE flyway_schema_history OWNER TO schemaway_owner`
  const login = await createLogin(t, database)
  await sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT; GRANT schemaway_owner TO ${login.name}`)
  const report = await clean({ url: login.url, modules: ['iam'], cleanDisabled: false })
  assert.ok(report.dropped.some(({ name }) => name === 'organisations'))
  assert.equal((await sql`SELECT FROM pg_namespace WHERE nspname = 'iam'`).length, 0)
  assert.equal(await exists(sql, 'flyway_schema_history'), false)
  assert.equal(findBrokenLink(await readLedger(sql)), null)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  await sql`CREATE TABLE users (id int)`
  await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations }))
})

test('a history that the login cannot drop is never left behind empty: nothing goes, and the remedy is named and works', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  await migrate({ url, modules: ['iam'] })
  const login = await createLogin(t, database)
  await sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT; GRANT schemaway_owner TO ${login.name}`)
  const work = () => clean({ url: login.url, modules: ['iam'], cleanDisabled: false })
  const ofSuperuser = await expectError('MISSING_PRIVILEGE', work())
  assert.ok(ofSuperuser.message.includes(`ALTER TABLE "public"."flyway_schema_history" OWNER TO "${login.name}";`))

  const creator = await createLogin(t, database)
  await sql.unsafe(`ALTER TABLE flyway_schema_history OWNER TO ${creator.name}`)
  const before = (await sql`SELECT FROM flyway_schema_history`).length
  const error = await expectError('MISSING_PRIVILEGE', work())
  const [grant = ''] = /GRANT "[^;]*;/.exec(error.message) ?? []
  assert.ok(grant.startsWith(`GRANT "${creator.name}" TO "${login.name}"`), error.message)
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, before)
  assert.ok(await exists(sql, 'iam.organisations'))

  await sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT`)
  await sql.unsafe(grant)
  await work()
  assert.equal(await exists(sql, 'flyway_schema_history'), false)
})

/** A module with the schemas `billing` and another one, where it has a table. */
function billing(t: TestContext, other: string) {
  const { directory } = writeScripts(t, {
    'V2__init.sql': `CREATE SCHEMA IF NOT EXISTS billing; CREATE TABLE ${other}.invoice (id int);`,
  })
  return [defineModule({ name: 'billing', directory, schemas: ['billing', other] })] as const
}

test('a module that shares the history schema with installed locations goes only together with them', async (t) => {
  const { url, sql } = await testDatabase(t)
  const modules = billing(t, 'public')
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  await migrate({ url, locations })
  await migrate({ url, modules })
  const error = await expectError('CLEAN_REFUSED', clean({ url, modules, cleanDisabled: false }))
  assert.match(error.message, /schema public, where the migrations of `locations` live too/)
  assert.deepEqual([error.details.objects, error.details.modules], [['schema public'], ['']])
  await expectError('CLEAN_REFUSED', clean({ url, modules, preview: true }))
  assert.deepEqual([await exists(sql, 'a'), await exists(sql, 'invoice')], [true, true])
  await clean({ url, modules, locations, cleanDisabled: false })
  assert.deepEqual([await exists(sql, 'a'), await exists(sql, 'invoice')], [false, false])
})

test('a module that names a schema of a bundled module goes only together with that one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const modules = billing(t, 'iam')
  await migrate({ url, modules: ['iam'] })
  await migrate({ url, modules })
  const error = await expectError('CLEAN_REFUSED', clean({ url, modules, cleanDisabled: false }))
  assert.match(error.message, /schema iam, where module iam lives too/)
  assert.ok(await exists(sql, 'iam.organisations'))
  await clean({ url, modules: ['iam', ...modules], cleanDisabled: false })
  assert.equal(await exists(sql, 'iam.organisations'), false)
})

test('locations go only together with a known module that owns the history schema', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE iam.a (id int);' })
  const options = { url, historySchema: 'iam' }
  await migrate({ url, modules: ['iam'] })
  await sql`ALTER TABLE flyway_schema_history SET SCHEMA iam`
  await sql`ALTER TABLE schemaway_ledger SET SCHEMA iam`
  await migrate({ ...options, locations })
  const error = await expectError('CLEAN_REFUSED', clean({ ...options, locations, cleanDisabled: false }))
  assert.match(error.message, /schema iam, where module iam lives too/)
  assert.deepEqual([await exists(sql, 'iam.a'), await exists(sql, 'iam.organisations')], [true, true])
  await clean({ ...options, modules: ['iam'], locations, cleanDisabled: false })
  assert.deepEqual([await exists(sql, 'iam.a'), await exists(sql, 'iam.organisations')], [false, false])
})
