import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, sqlState, tenantDatabase } from './model-database.js'

const { owner, app, worker, readonly } = defaultRoleNames
const { red, blue, redMember, shared } = ids
const missing = '00000000-0000-7000-8000-0000000000ff'

type Work<Result> = (transaction: TransactionSql) => Promise<Result>

/** Works as a role without any tenant context. */
async function as<Result>(sql: Sql, role: string, work: Work<Result>): Promise<Result> {
  const answer = await sql.begin(async (transaction) => {
    await transaction.unsafe(`SET LOCAL ROLE ${role}`)
    return { value: await work(transaction) }
  })
  return answer.value
}

const asRed = { organisationId: red, userId: redMember, role: app }

test('a context that was used and is over counts as none', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql.begin(async (transaction) => {
    await transaction`SELECT iam.set_context(${red}, ${redMember}, false)`
    await transaction`SELECT iam.clear_context()`
    const [row] =
      await transaction`SELECT current_setting('app.organisation_id') AS setting, iam.current_organisation_id() AS id`
    assert.deepEqual(row, { setting: '', id: null })
  })
})

test('an address has one open invitation however it is written, in each organisation for itself', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const hash = Buffer.alloc(32, 1)
  await sql`
    INSERT INTO iam.invitations (organisation_id, email, token_hash) VALUES (${blue}, 'guest@example.org', ${hash})`
  await withOrganisation(sql, asRed, async (transaction) => {
    await transaction`INSERT INTO iam.invitations (email, token_hash) VALUES ('guest@example.org', ${hash})`
    const again = transaction.savepoint(
      async (part) =>
        await part`INSERT INTO iam.invitations (email, token_hash) VALUES ('GUEST@example.org', ${Buffer.alloc(32)})`,
    )
    await assert.rejects(again, sqlState('23505'))
  })
})

test('a user sees and edits the own row, and sees the members of the current organisation', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const names: Work<readonly string[]> = async (transaction) =>
    (await transaction<{ name: string }[]>`SELECT name FROM iam.users ORDER BY name`).map(({ name }) => name)
  assert.deepEqual(await withOrganisation(sql, asRed, names), ['Rita', 'Sam'])
  assert.deepEqual(await withOrganisation(sql, { organisationId: missing, userId: redMember, role: app }, names), [
    'Rita',
  ])
  assert.deepEqual(await withOrganisation(sql, { organisationId: missing, role: app }, names), [])

  const renamed = await withOrganisation(
    sql,
    asRed,
    async (transaction) => await transaction`UPDATE iam.users SET name = 'R'`,
  )
  assert.equal(renamed.count, 1)
  const newcomer = '00000000-0000-7000-8000-0000000000d1'
  const register = (userId: string) => async (transaction: TransactionSql) =>
    await transaction`INSERT INTO iam.users (id, email, name) VALUES (${newcomer}, 'new@example.org', ${userId})`
  await assert.rejects(withOrganisation(sql, asRed, register(redMember)), sqlState('42501'))
  await withOrganisation(sql, { ...asRed, userId: newcomer }, register(newcomer))
})

test('the audit trail is append-only, for its owner and for a superuser too', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const id = await withOrganisation(sql, asRed, async (transaction) => {
    const [row] = await transaction<{ id: string }[]>`
      SELECT iam.log_audit_event('campaign', '7', 'created', 'user', NULL, '{"a": 1}', 'r1') AS id`
    return row?.id ?? ''
  })
  const [logged] = await sql`
    SELECT organisation_id, entity_type, entity_id, action, actor_type, actor_id, changes, request_id
    FROM iam.audit_logs WHERE id = ${id}`
  assert.deepEqual(logged, {
    organisation_id: red,
    entity_type: 'campaign',
    entity_id: '7',
    action: 'created',
    actor_type: 'user',
    actor_id: redMember,
    changes: { a: 1 },
    request_id: 'r1',
  })
  const statements = [
    `UPDATE iam.audit_logs SET action = 'x'`,
    'DELETE FROM iam.audit_logs',
    'TRUNCATE iam.audit_logs',
    `UPDATE iam.audit_logs_default SET action = 'x'`,
    'DELETE FROM iam.audit_logs_default',
  ]
  for (const statement of statements) {
    await assert.rejects(
      as(sql, owner, async (transaction) => await transaction.unsafe(statement)),
      sqlState('23001'),
      statement,
    )
    await assert.rejects(sql.unsafe(statement).execute(), sqlState('23001'), statement)
    const changeAsRed = withOrganisation(sql, asRed, async (transaction) => await transaction.unsafe(statement))
    await assert.rejects(changeAsRed, sqlState('42501'), statement)
  }
})

test('the worker finds the memberships behind a login, and members find each other by function', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql`INSERT INTO iam.users (email, name, oidc_issuer, oidc_sub) VALUES ('x@example.org', 'X', 'https://login.example', 'x')`
  const resolve = (subject: string): Promise<unknown> =>
    withWorker(sql, async (transaction) => [
      ...(await transaction`
        SELECT user_status, organisation_id, role FROM iam.resolve_login('https://login.example', ${subject})
        ORDER BY organisation_id`),
    ])
  assert.deepEqual(await resolve('sam'), [
    { user_status: 'active', organisation_id: red, role: 'viewer' },
    { user_status: 'active', organisation_id: blue, role: 'viewer' },
  ])
  assert.deepEqual(await resolve('x'), [{ user_status: 'active', organisation_id: null, role: null }])
  assert.deepEqual(await resolve('nobody'), [])
  for (const role of [app, worker, readonly]) {
    const members = await withOrganisation(
      sql,
      { organisationId: red, role },
      async (transaction) => await transaction`SELECT user_id, email, role FROM iam.list_members() ORDER BY name`,
    )
    assert.deepEqual(
      [...members],
      [
        { user_id: redMember, email: 'red@example.org', role: 'admin' },
        { user_id: shared, email: 'shared@example.org', role: 'viewer' },
      ],
    )
  }
})
