import assert from 'node:assert/strict'
import test from 'node:test'
import { assertMigrated, info, migrate, rollback, validate, waitUntilMigrated } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const three = {
  'V1__a.sql': 'CREATE TABLE a (id integer);',
  'V2__b.sql': 'CREATE TABLE b (id integer);',
  'V3__c.sql': 'CREATE TABLE c (id integer);',
}

test('services that may not migrate judge what is pending up to the target', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, { ...three, 'R__r.sql': 'SELECT 1;' })
  const common = { url, locations: directory }
  const error = await expectError('PENDING_MIGRATIONS', assertMigrated({ ...common, target: '2' }))
  assert.deepEqual(error.details.pending, ['V1__a.sql', 'V2__b.sql', 'R__r.sql'])
  await migrate({ ...common, target: '2' })
  assert.equal((await assertMigrated({ ...common, target: '2' })).currentVersion, '2')
  assert.equal((await waitUntilMigrated({ ...common, target: 'current', timeout: 1 })).currentVersion, '2')
  await expectError('PENDING_MIGRATIONS', assertMigrated(common))
  const again = await migrate({ ...common, target: '2' })
  assert.equal(again.run, null)
})

test('a target or a pick that no migration has is refused before anything is written', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, three)
  const common = { url, locations: directory }
  const target = await expectError('MIGRATION_NOT_FOUND', migrate({ ...common, target: '7' }))
  assert.match(target.message, /`target` names 7, .* write '7\?'/)
  const pick = await expectError('MIGRATION_NOT_FOUND', migrate({ ...common, cherryPick: ['1', 'x'] }))
  assert.match(pick.message, /`cherryPick` names x, /)
  for (const options of [
    { target: 'newest' },
    { target: '1', cherryPick: ['1'] },
    { ignoreMigrationPatterns: ['*:missin'] },
    { installedBy: 'x'.repeat(101) },
  ]) {
    await expectError('INVALID_OPTIONS', migrate({ ...common, ...options }))
  }
  const [history] = await sql`SELECT to_regclass('flyway_schema_history') AS found`
  assert.equal(history?.['found'], null)
})

test('picks run alone, in their own order, and the rest is ignored until it is picked', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, { ...three, 'R__first_view.sql': 'SELECT 1;', 'R__other.sql': 'SELECT 1;' })
  const common = { url, locations: directory }
  const picked = await migrate({ ...common, cherryPick: ['3', 'first_view', '1'] })
  assert.deepEqual(
    picked.migrations.map(({ script }) => script),
    ['V3__c.sql', 'R__first_view.sql', 'V1__a.sql'],
  )
  const { migrations } = await info({ ...common, cherryPick: ['3', 'first_view', '1'] })
  assert.deepEqual(
    migrations.map(({ script, state }) => [script, state]),
    [
      ['V3__c.sql', 'Success'],
      ['R__first_view.sql', 'Success'],
      ['V1__a.sql', 'Out of Order'],
      ['V2__b.sql', 'Ignored'],
      ['R__other.sql', 'Ignored'],
    ],
  )
  await validate({ ...common, cherryPick: ['3', '1'] })
  await assertMigrated({ ...common, cherryPick: ['3', '1'] })
  const late = await migrate({ ...common, cherryPick: ['2'] })
  assert.deepEqual(
    late.migrations.map(({ script }) => script),
    ['V2__b.sql'],
  )
})

test('the bundled model stops at a target, without the repeatables that need more, and goes on from there', async (t) => {
  const { url, sql } = await testDatabase(t)
  const target = '20260105.100000'
  const { migrations } = await migrate({ url, modules: ['iam'], target })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['iam/V20260105_095900__iam_roles.sql', 'iam/V20260105_100000__iam_foundation.sql', 'iam/R__90_iam_grants.sql'],
  )
  assert.equal((await migrate({ url, modules: ['iam'], target })).run, null)
  await assertMigrated({ url, modules: ['iam'], target })
  await migrate({ url, modules: ['iam'] })
  await validate({ url, modules: ['iam'] })
  const [users] = await sql`SELECT to_regclass('iam.users') AS found`
  assert.equal(users?.['found'], 'iam.users')
})

test('what is recorded without being run is said so by report and ledger, and can be rolled back', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'SELECT * FROM nowhere;',
    'V2__b.sql': "SELECT 'without an end;",
    'U2__b.sql': 'CREATE TABLE undone (id integer);',
    'R__r.sql': 'SELECT nonsense;',
  })
  const common = { url, locations: directory }
  const report = await migrate({ ...common, skipExecutingMigrations: true, installedBy: 'release 7' })
  assert.deepEqual(
    report.migrations.map(({ action, script }) => [action, script]),
    [
      ['adopt', 'V1__a.sql'],
      ['adopt', 'V2__b.sql'],
      ['adopt', 'R__r.sql'],
    ],
  )
  assert.equal(report.currentVersion, '2')
  await validate(common)
  const rows = await sql`SELECT DISTINCT installed_by FROM flyway_schema_history`
  assert.deepEqual([...rows], [{ installed_by: 'release 7' }])
  const [login] = await sql`SELECT session_user AS name`
  const ledger = await sql`SELECT DISTINCT event, login FROM schemaway_ledger`
  assert.deepEqual([...ledger], [{ event: 'adopted', login: login?.['name'] }])
  const undone = await rollback(common)
  assert.deepEqual(
    undone.migrations.map(({ action, script }) => [action, script]),
    [['undo', 'V2__b.sql']],
  )
})

test('without validation a changed file does not stop a migrate(), but a failed row does', async (t) => {
  const { url, sql } = await testDatabase(t)
  const scripts = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const common = { url, locations: scripts.directory }
  await migrate(common)
  scripts.write({ 'V1__a.sql': 'SELECT 2;', 'V2__b.sql': 'SELECT 1;' })
  await expectError('VALIDATION_FAILED', migrate(common))
  assert.equal((await migrate({ ...common, validateOnMigrate: false })).currentVersion, '2')
  await sql`UPDATE flyway_schema_history SET success = false WHERE version = '1'`
  const error = await expectError('VALIDATION_FAILED', migrate({ ...common, validateOnMigrate: false }))
  assert.deepEqual(
    error.details.problems?.map(({ kind }) => kind),
    ['FAILED_VERSIONED_MIGRATION'],
  )
})
