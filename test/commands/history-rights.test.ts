import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { migrate, repair } from '../../lib/index.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const readAndWrite =
  'GRANT USAGE, CREATE ON SCHEMA public TO $login; GRANT SELECT, INSERT ON schemaway_ledger TO $login'

test('a login that may insert and delete history, but not update it, repairs it as the owner role', async (t) => {
  const database = await testDatabase(t)
  const { sql } = database
  await migrate({ url: database.url, modules: ['iam'] })
  const login = await createMember(
    t,
    database,
    readAndWrite,
    'GRANT SELECT, INSERT, DELETE ON flyway_schema_history TO $login',
  )
  await sql`UPDATE flyway_schema_history SET checksum = 1 WHERE installed_rank = 1`
  const { repairs } = await repair({ url: login.url, modules: ['iam'] })
  assert.deepEqual(
    repairs.map(({ action }) => action),
    ['align'],
  )
})

test('a login keeps its own rights where the owner role has fewer', async (t) => {
  const database = await testDatabase(t)
  const { sql } = database
  await migrate({ url: database.url, modules: ['iam'] })
  const login = await createMember(
    t,
    database,
    readAndWrite,
    'GRANT SELECT, INSERT, DELETE ON flyway_schema_history TO $login',
  )
  // The role may do one thing that the login may not.
  await sql`REVOKE INSERT, DELETE ON flyway_schema_history FROM schemaway_owner`
  const { directory: locations } = writeScripts(t, { 'V20300101_000000__later.sql': 'SELECT 1;' })
  const report = await migrate({ url: login.url, modules: ['iam'], locations })
  assert.equal(report.migrations.length, 1)
})

test('a login keeps its own rights where the owner role does not reach the schema of the history', async (t) => {
  const database = await testDatabase(t)
  const { sql } = database
  const history = { modules: ['iam'], historySchema: 'app' } as const
  await migrate({ url: database.url, ...history })
  const login = await createMember(t, database)
  await sql.unsafe(`GRANT USAGE, CREATE ON SCHEMA app TO ${login.name}`)
  await sql.unsafe(`GRANT SELECT, INSERT, DELETE ON app.flyway_schema_history, app.schemaway_ledger TO ${login.name}`)
  await sql`REVOKE USAGE ON SCHEMA app FROM schemaway_owner`
  const { directory: locations } = writeScripts(t, { 'V20300101_000000__later.sql': 'SELECT 1;' })
  const report = await migrate({ url: login.url, ...history, locations })
  assert.equal(report.migrations.length, 1)
})

test('a membership of the owner role that excludes SET ROLE is not counted on', async (t) => {
  const database = await testDatabase(t)
  const { sql } = database
  if (!(await hasSetOption(sql))) return t.skip('memberships have no SET option before PostgreSQL 16')
  await migrate({ url: database.url, modules: ['iam'] })
  const login = await createLogin(t, database)
  await sql.unsafe(`GRANT schemaway_owner TO ${login.name} WITH INHERIT FALSE, SET FALSE`)
  await sql.unsafe(readAndWrite.replaceAll('$login', login.name))
  await sql.unsafe(`GRANT SELECT, INSERT ON flyway_schema_history TO ${login.name}`)
  const { directory: locations } = writeScripts(t, { 'V20300101_000000__later.sql': 'SELECT 1;' })
  const report = await migrate({ url: login.url, modules: ['iam'], locations })
  assert.equal(report.migrations.length, 1)
  await sql`UPDATE flyway_schema_history SET checksum = 1 WHERE installed_rank = 1`
  const error = await expectError('MISSING_PRIVILEGE', repair({ url: login.url, modules: ['iam'], locations }))
  assert.match(error.message, /permission denied for table flyway_schema_history/)
  assert.match(error.message, /Give the login SELECT, INSERT, UPDATE and DELETE on the history/)
})

/** A login that may become the owner role and has none of its rights until then, with rights of its own. */
async function createMember(
  t: TestContext,
  database: TestDatabase,
  ...grants: readonly string[]
): Promise<Awaited<ReturnType<typeof createLogin>>> {
  const login = await createLogin(t, database)
  const statements = ['ALTER ROLE $login NOINHERIT', 'GRANT schemaway_owner TO $login', ...grants]
  await database.sql.unsafe(statements.join('; ').replaceAll('$login', login.name))
  return login
}

async function hasSetOption(sql: Sql): Promise<boolean> {
  const [row] = await sql`SELECT current_setting('server_version_num')::int >= 160000 AS has`
  return row?.['has'] === true
}
