import assert from 'node:assert/strict'
import test from 'node:test'
import { assertMigrated, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

test('a login that may not create tables gets the GRANT that it lacks', async (t) => {
  const database = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const login = await createLogin(t, database)
  const error = await expectError('MISSING_PRIVILEGE', migrate({ url: login.url, locations }))
  const grant = `GRANT USAGE, CREATE ON SCHEMA "public" TO "${login.name}";`
  assert.ok(error.message.includes(grant), error.message)
  await database.sql.unsafe(grant)
  assert.equal((await migrate({ url: login.url, locations })).currentVersion, '1')
})

test('a login that may not read history gets the GRANT, and can go on after it', async (t) => {
  const database = await testDatabase(t)
  const folder = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const locations = folder.directory
  const login = await createLogin(t, database)
  await migrate({ url: database.url, locations })
  const error = await expectError('MISSING_PRIVILEGE', assertMigrated({ url: login.url, locations }))
  const grants = error.message.match(/GRANT [^;]+;/g)?.slice(0, 2) ?? []
  assert.equal(grants.length, 2, error.message)
  await database.sql.unsafe(grants.join('\n'))
  folder.write({ 'V2__b.sql': 'SELECT 2;' })
  assert.equal((await migrate({ url: login.url, locations })).currentVersion, '2')
})

test('a second login that is a member of the owner role goes on with the history of the first, inheriting or not', async (t) => {
  const database = await testDatabase(t)
  const folder = writeScripts(t, {
    'V20270101_000000__later.sql': 'SET LOCAL ROLE schemaway_owner; CREATE TABLE iam.later (id int);',
  })
  await migrate({ url: database.url, modules: ['iam'] })
  const login = await createLogin(t, database)
  await database.sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT; GRANT schemaway_owner TO ${login.name}`)
  // Monitoring may read; that must not hide that writing needs the role.
  await database.sql.unsafe('GRANT SELECT ON flyway_schema_history TO PUBLIC')
  const report = await migrate({ url: login.url, modules: ['iam'], locations: folder.directory })
  assert.deepEqual(
    report.migrations.map((one) => one.version),
    ['20270101.000000'],
  )
  const [row] = await database.sql`SELECT installed_by FROM flyway_schema_history ORDER BY installed_rank DESC LIMIT 1`
  assert.equal(row?.['installed_by'], login.name)
  const [table] =
    await database.sql`SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = 'iam.later'::regclass`
  assert.equal(table?.['owner'], 'schemaway_owner')
})

test('a history schema that does not exist is created and noted as Flyway notes it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE here (id int);' })
  await migrate({ url, locations, historySchema: 'app', table: 'history' })
  assert.deepEqual(
    (await sql`SELECT installed_rank, type, script FROM app.history ORDER BY 1`).map((row) => ({ ...row })),
    [
      { installed_rank: 0, type: 'SCHEMA', script: '"app"' },
      { installed_rank: 1, type: 'SQL', script: 'V1__a.sql' },
    ],
  )
  const [row] =
    await sql`SELECT to_regclass('app.here')::text AS table, to_regclass('app.history_ledger')::text AS ledger`
  assert.deepEqual({ ...row }, { table: 'app.here', ledger: 'app.history_ledger' })
  assert.equal((await migrate({ url, locations, historySchema: 'app', table: 'history' })).run, null)
})

test('a login of the owner role that may not even read history goes on through the role', async (t) => {
  const database = await testDatabase(t)
  await migrate({ url: database.url, modules: ['iam'] })
  const login = await createLogin(t, database)
  await database.sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT; GRANT schemaway_owner TO ${login.name}`)
  assert.equal((await migrate({ url: login.url, modules: ['iam'] })).run, null)
})
