import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import type { RoleNames } from '../../lib/model/role-names.js'
import { testDatabase } from '../../lib/testing/index.js'
import { type BundledFile, downFiles, runFiles, upFiles } from './bundled-files.js'
import { openClient, sqlState } from './model-database.js'
import { dropRolesAfter, ownRoles, prepareLogin, statementsFor } from './model-login.js'

const rolesStep = (roles: RoleNames): readonly BundledFile[] => upFiles(['iam'], roles).slice(0, 1)

test('file by file, a login that may create roles and owns the database runs all, up and down, without a warning', async (t) => {
  const { client, roles } = await prepareLogin(t, 'CREATEROLE', true)
  await runFiles(client.sql, upFiles(['iam'], roles))
  await runFiles(client.sql, downFiles(['iam'], roles))
  assert.deepEqual(
    client.notices.filter(({ severity }) => severity === 'WARNING'),
    [],
  )
})

test('the hint names only what is missing', async (t) => {
  const setting = await prepareLogin(t, '', false)
  const { client, roles, database } = setting
  const [first = '', ...rest] = statementsFor(setting).split('; ')
  await database.sql.unsafe(first)
  await assert.rejects(runFiles(client.sql, rolesStep(roles)), {
    code: '42501',
    hint: `Ask an administrator to run: ${rest.join('; ')}`,
  })
})

test('roles that another login made are reported, not taken', async (t) => {
  const { client, roles, login, database, isNewer } = await prepareLogin(t, 'CREATEROLE', true)
  for (const role of Object.values(roles)) await database.sql.unsafe(`CREATE ROLE ${role} NOLOGIN`)
  const run = runFiles(client.sql, rolesStep(roles))
  if (isNewer) {
    const hint = `Ask an administrator to run: GRANT ${roles.worker} TO ${roles.owner} WITH INHERIT TRUE; GRANT ${roles.owner} TO ${login}; GRANT CREATE, CONNECT ON DATABASE ${database.name} TO ${roles.owner};`
    await assert.rejects(run, { code: '42501', hint })
  } else {
    // Before 16 whoever has CREATEROLE may grant any role.
    await run
  }
})

test('a GRANT that the server passes over with a warning is reported like a refused one', async (t) => {
  const setting = await prepareLogin(t, 'CREATEROLE', false)
  const { client, roles, database } = setting
  const statements = statementsFor(setting)
  await assert.rejects(runFiles(client.sql, rolesStep(roles)), {
    code: '42501',
    message: 'roles are still incomplete after five rounds',
    hint: `Ask an administrator to run: ${statements}`,
  })
  await database.sql.unsafe(statements)
  await runFiles(client.sql, upFiles(['iam'], roles))
})

test('an owner that would not inherit from the worker is made to', async (t) => {
  const { roles, database } = await prepareLogin(t, '', false)
  const superuser = openClient(t, database.url)
  for (const role of [roles.owner, roles.worker]) await superuser.sql.unsafe(`CREATE ROLE ${role} NOLOGIN NOINHERIT`)
  await superuser.sql.unsafe(`GRANT ${roles.worker} TO ${roles.owner}`)
  await runFiles(superuser.sql, upFiles(['iam'], roles))
  const [row] = await superuser.sql`SELECT pg_has_role(${roles.owner}, ${roles.worker}, 'USAGE') AS inherits`
  assert.deepEqual(row, { inherits: true })
})

test('undo leaves to the administrator what the administrator granted, and says so', async (t) => {
  const setting = await prepareLogin(t, '', false)
  const { client, roles, database } = setting
  await database.sql.unsafe(statementsFor(setting))
  await runFiles(client.sql, upFiles(['iam'], roles))
  await runFiles(client.sql, [...downFiles(['iam'], roles), ...downFiles(['iam'], roles)])
  const statement = `REVOKE CREATE, CONNECT ON DATABASE ${database.name} FROM ${roles.owner};`
  const warnings = client.notices.filter(({ message }) => message?.includes('keeps its rights on database'))
  assert.deepEqual(
    warnings.map(({ severity, hint }) => [severity, hint]),
    [1, 2].map(() => ['WARNING', `Ask an administrator to run: ${statement}`]),
  )
  const ownerGrants = async (sql: Sql): Promise<readonly string[]> =>
    (await readCatalogue(sql, ['iam'])).grants.filter((grant) => grant.startsWith(roles.owner))
  assert.deepEqual(await ownerGrants(client.sql), [`${roles.owner}: CONNECT, CREATE`])
  await database.sql.unsafe(statement)
  assert.deepEqual(await ownerGrants(client.sql), [])
})

test('undo works where nobody but named roles may connect', async (t) => {
  const setting = await prepareLogin(t, '', false)
  const { client, roles, database, login } = setting
  await database.sql.unsafe(
    `REVOKE ALL ON DATABASE ${database.name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${database.name} TO ${login}`,
  )
  await database.sql.unsafe(statementsFor(setting))
  await runFiles(client.sql, [...upFiles(['iam'], roles), ...downFiles(['iam'], roles)])
  assert.deepEqual((await readCatalogue(client.sql, ['iam'])).schemas, [])
})

test('a database that belongs to the owner role keeps the rights of its owner', async (t) => {
  const { roles, database } = await prepareLogin(t, '', false)
  const superuser = openClient(t, database.url)
  await runFiles(superuser.sql, rolesStep(roles))
  await superuser.sql.unsafe(`ALTER DATABASE ${database.name} OWNER TO ${roles.owner}`)
  await runFiles(superuser.sql, [...upFiles(['iam'], roles), ...downFiles(['iam'], roles), ...upFiles(['iam'], roles)])
  assert.equal((await readCatalogue(superuser.sql, ['iam'])).schemas.length, 1)
  await superuser.sql.unsafe(`ALTER DATABASE ${database.name} OWNER TO CURRENT_USER`)
})

test('eight databases make the same roles at the same moment', async (t) => {
  const databases = await Promise.all(Array.from({ length: 8 }, async () => await testDatabase(t)))
  const roles = ownRoles()
  dropRolesAfter(t, databases[0]?.url ?? '', Object.values(roles))
  const clients = databases.map(({ url }) => openClient(t, url))
  await Promise.all(clients.map(async ({ sql }) => await sql`SELECT 1`))
  await Promise.all(clients.map(async ({ sql }) => await runFiles(sql, upFiles(['iam'], roles))))
  const [first, ...others] = await Promise.all(clients.map(async ({ sql }) => await readCatalogue(sql, ['iam'])))
  for (const other of others) assert.deepEqual(other, first)
})

test('citext is found in any schema, and is asked for when it cannot be created or used', async (t) => {
  const setting = await prepareLogin(t, '', false)
  const { client, roles, database } = setting
  await database.sql.unsafe(statementsFor(setting))
  await database.sql.unsafe('DROP SCHEMA public')
  await runFiles(client.sql, rolesStep(roles))
  await assert.rejects(runFiles(client.sql, upFiles(['iam'], roles)), {
    code: '3F000',
    hint: /^Ask an administrator to run: CREATE EXTENSION citext WITH SCHEMA public;/,
  })
  await database.sql.unsafe('CREATE SCHEMA types; CREATE EXTENSION citext WITH SCHEMA types')
  await assert.rejects(runFiles(client.sql, upFiles(['iam'], roles)), {
    code: '42501',
    hint: `Ask an administrator to run: GRANT USAGE ON SCHEMA types TO ${roles.owner};`,
  })
  await database.sql.unsafe(`GRANT USAGE ON SCHEMA types TO ${roles.owner}`)
  await runFiles(client.sql, [...upFiles(['iam'], roles), ...upFiles(['iam'], roles)])
  const { domains } = await readCatalogue(client.sql, ['iam'])
  assert.deepEqual(domains.find(({ name }) => name === 'iam.email')?.type, 'types.citext')
})

test('a login that is no member of the owner role cannot run the files behind the roles step', async (t) => {
  const { client, roles, database } = await prepareLogin(t, '', false)
  await runFiles(openClient(t, database.url).sql, rolesStep(roles))
  await assert.rejects(runFiles(client.sql, upFiles(['iam'], roles).slice(1)), sqlState('42501'))
})
