import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MigrateOptions, migrate, rollback, SchemawayError } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { upFiles } from './bundled-files.js'
import { assertSameState, type DatabaseState, readDatabaseState, withExtension } from './database-state.js'
import { modelDatabase } from './model-database.js'
import { addLogin, prepareLogin, statementsFor } from './model-login.js'

test('a login that may create roles and owns the database installs everything, removes it and installs it again', async (t) => {
  const { database, roles, login, url } = await prepareLogin(t, 'CREATEROLE', true)
  const empty = await readDatabaseState(database.sql)
  const [facts] = await database.sql`
    SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = ${login}`
  assert.deepEqual({ ...facts }, { rolsuper: false, rolbypassrls: false, rolcreaterole: true, rolcreatedb: false })

  await migrate({ url, roles })
  const complete = await readDatabaseState(database.sql)
  assertEverythingBelongsTo(roles.owner, complete)
  await rollback({ url, roles, to: 'empty' })
  assertSameState(await readDatabaseState(database.sql), withExtension(empty, complete))
  await migrate({ url, roles, transaction: 'all' })
  assertSameState(await readDatabaseState(database.sql), complete)
})

test('what such a login makes equals what a superuser makes', async (t) => {
  const { database, roles, url } = await prepareLogin(t, 'CREATEROLE', true)
  await migrate({ url, roles })
  const byLogin = await readDatabaseState(database.sql)
  const other = await modelDatabase(t, undefined, roles)
  const bySuperuser = await readDatabaseState(other.sql)
  // Roles cannot be dropped before what belongs to them.
  await other.drop()
  // The rights of the database's own owner are no grants, and here the owners differ.
  assertSameState(withoutDatabaseGrants(byLogin), withoutDatabaseGrants(bySuperuser))
})

test('a login without rights is told what an administrator has to run, and installs everything once just that was run', async (t) => {
  const setting = await prepareLogin(t, '', false)
  const { database, roles, login, url } = setting
  const told: string[] = []
  for (;;) {
    const statements = await refusedFor({ url, roles })
    if (statements === null) break
    assert.ok(!told.includes(statements), `told twice: ${statements}`)
    told.push(statements)
    await database.sql.unsafe(statements)
  }
  assert.deepEqual(told, [`GRANT USAGE, CREATE ON SCHEMA "public" TO "${login}";`, statementsFor(setting)])
  assertEverythingBelongsTo(roles.owner, await readDatabaseState(database.sql))
  assert.deepEqual((await migrate({ url, roles })).migrations, [])
  // What the administrator granted stays until the administrator takes it back.
  await rollback({ url, roles, to: 'empty' })
  const { catalogue } = await readDatabaseState(database.sql)
  assert.deepEqual([catalogue.schemas, catalogue.tables, catalogue.functions], [[], [], []])
  assert.ok(catalogue.grants.includes(`${roles.owner}: CONNECT, CREATE`))
})

test('a second login of the owner role goes on where the first stopped, and takes back what both have done', async (t) => {
  const setting = await prepareLogin(t, 'CREATEROLE', true)
  const { client, database, roles } = setting
  const second = await addLogin(t, setting, 'second')
  await migrate({ url: setting.url, roles, modules: ['iam'] })
  const onlyIam = await readDatabaseState(database.sql)
  // The first login has made the role, so it may let others in.
  await client.sql.unsafe(`GRANT ${roles.owner} TO ${second.login}`)

  const report = await migrate({ url: second.url, roles })
  assert.equal(report.migrations.length, upFiles().length - upFiles(['iam']).length)
  const complete = await readDatabaseState(database.sql)
  assertEverythingBelongsTo(roles.owner, complete)
  assert.deepEqual((await migrate({ url: setting.url, roles })).migrations, [])

  // Each takes back what the other has done, in part and as a whole.
  await rollback({ url: setting.url, roles, to: '20260105.120200' })
  await migrate({ url: second.url, roles })
  assertSameState(await readDatabaseState(database.sql), complete)
  await rollback({ url: second.url, roles, modules: ['survey', 'telephony', 'notify'], to: 'empty' })
  assertSameState(await readDatabaseState(database.sql), onlyIam)
  await rollback({ url: second.url, roles, to: '20260105.095900' })
  assert.deepEqual((await readDatabaseState(database.sql)).catalogue.schemas, [])
  await migrate({ url: setting.url, roles })
  assertSameState(await readDatabaseState(database.sql), complete)
})

test('a login that is no member of the owner role is told to become one, and goes on then', async (t) => {
  const setting = await prepareLogin(t, 'CREATEROLE', true)
  const { database, roles } = setting
  const second = await addLogin(t, setting, 'second')
  await migrate({ url: setting.url, roles, modules: ['iam'] })
  const error = await expectError('MISSING_PRIVILEGE', migrate({ url: second.url, roles }))
  const [, statement] = /make the login a member of the owner role: (GRANT [^;]+;)/.exec(error.message) ?? []
  assert.equal(statement, `GRANT "${roles.owner}" TO "${second.login}";`)
  await database.sql.unsafe(statement)
  await migrate({ url: second.url, roles })
  assertEverythingBelongsTo(roles.owner, await readDatabaseState(database.sql))
})

test('two databases of one cluster share the roles, and one that goes leaves them to the other', async (t) => {
  const first = await prepareLogin(t, 'CREATEROLE', true)
  const { roles } = first
  await migrate({ url: first.url, roles })
  const complete = await readDatabaseState(first.database.sql)
  const second = await prepareLogin(t, '', false)
  await second.database.sql.unsafe(`ALTER DATABASE ${second.database.name} OWNER TO ${first.login}`)
  const url = new URL(first.url)
  url.pathname = `/${second.database.name}`
  await Promise.all([migrate({ url, roles }), migrate({ url: first.url, roles })])
  assertSameState(await readDatabaseState(second.database.sql), complete)
  await rollback({ url, roles, to: 'empty' })
  assertSameState(await readDatabaseState(first.database.sql), complete)
  await second.database.drop()
})

/** Runs migrate(): the statements that its refusal asks an administrator to run, or null when it went well. */
async function refusedFor(options: MigrateOptions): Promise<string | null> {
  try {
    await migrate(options)
    return null
  } catch (error) {
    assert.ok(error instanceof SchemawayError)
    const text = `${error.message}\n${error.details.hint ?? ''}`
    const statements = /((?:(?:CREATE ROLE|GRANT|ALTER ROLE) [^;]+;[ \n]?)+)/.exec(text)?.[1]
    if (statements === undefined) throw error
    return statements.trim()
  }
}

function assertEverythingBelongsTo(owner: string, { catalogue }: DatabaseState): void {
  const { schemas, enums, domains, tables, views, functions, extensions } = catalogue
  assert.deepEqual(
    schemas.map(({ name }) => name),
    ['iam', 'notify', 'survey', 'telephony'],
  )
  const all = [...schemas, ...enums, ...domains, ...tables, ...views, ...functions, ...extensions]
  assert.deepEqual(
    all.filter((one) => one.owner !== owner).map(({ name }) => name),
    [],
  )
}

function withoutDatabaseGrants({ catalogue, objects }: DatabaseState): DatabaseState {
  return { catalogue: { ...catalogue, grants: [] }, objects }
}
