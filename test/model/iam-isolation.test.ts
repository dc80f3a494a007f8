import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, sqlState, tenantDatabase } from './model-database.js'

const { owner, app, worker, readonly } = defaultRoleNames
const { red, blue, redMember, blueMember, shared } = ids
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

test('app and readonly see the rows of their organisation only, the worker sees all', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql`
    INSERT INTO iam.api_keys (organisation_id, name, key_prefix, key_hash)
    SELECT id, slug, slug || '_prefix', sha256(slug::bytea) FROM iam.organisations`
  const read: Work<unknown> = async (transaction) => [
    await transaction`SELECT slug FROM iam.organisations ORDER BY slug`.values(),
    await transaction`SELECT name FROM iam.api_keys ORDER BY name`.values(),
    await transaction`SELECT count(*)::int FROM iam.organisation_users`.values(),
    await transaction`SELECT name FROM iam.v_organisation_members ORDER BY name`.values(),
  ]
  for (const role of [app, readonly]) {
    const seen = JSON.stringify(await withOrganisation(sql, { organisationId: red, role }, read))
    assert.equal(seen, '[[["red"]],[["red"]],[[2]],[["Rita"],["Sam"]]]', role)
    const other = JSON.stringify(await withOrganisation(sql, { organisationId: blue, role }, read))
    assert.equal(other, '[[["blue"]],[["blue"]],[[2]],[["Bob"],["Sam"]]]', role)
  }
  const everything = JSON.stringify(await withWorker(sql, read))
  assert.equal(everything, '[[["blue"],["red"]],[["blue"],["red"]],[[4]],[["Bob"],["Rita"],["Sam"],["Sam"]]]')
})

test('without a context nothing is seen and nothing can be written', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql`INSERT INTO iam.audit_logs (organisation_id, entity_type, entity_id, action) VALUES (${red}, 'a', 'b', 'c')`
  await sql`INSERT INTO iam.system_metrics (organisation_id, name, value) VALUES (${red}, 'calls', 1)`
  const tables = [
    'organisations',
    'users',
    'organisation_users',
    'audit_logs',
    'system_metrics',
    'v_organisation_members',
  ]
  for (const role of [app, readonly]) {
    for (const table of tables) {
      const rows = await as(sql, role, async (transaction) => await transaction`SELECT FROM iam.${transaction(table)}`)
      assert.equal(rows.length, 0, `${role} ${table}`)
    }
  }
  const insert = as(
    sql,
    app,
    async (transaction) => await transaction`INSERT INTO iam.system_metrics (name, value) VALUES ('calls', 1)`,
  )
  // The row-level check comes before NOT NULL, so nothing is told about the column.
  await assert.rejects(insert, sqlState('42501'))
  const update = await as(
    sql,
    app,
    async (transaction) => await transaction`UPDATE iam.organisations SET name = 'taken'`,
  )
  assert.equal(update.count, 0)
  await assert.rejects(
    as(sql, app, async (transaction) => await transaction`SELECT iam.list_members()`),
    sqlState('42501'),
  )
  await assert.rejects(
    as(sql, app, async (transaction) => await transaction`SELECT iam.log_audit_event('a', 'b', 'c')`),
    sqlState('42501'),
  )
})

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

test('rows of another organisation can be neither written nor changed, moved, removed or referenced', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const key = Buffer.alloc(32)
  await sql`INSERT INTO iam.api_keys (organisation_id, name, key_prefix, key_hash) VALUES (${red}, 'r', 'prefix', ${key})`
  await sql`INSERT INTO iam.api_keys (organisation_id, name, key_prefix, key_hash) VALUES (${blue}, 'b', 'prefix', ${key})`
  const tryAsRed = (work: Work<unknown>): Promise<unknown> => withOrganisation(sql, asRed, work)

  const foreign =
    (organisation: string): Work<unknown> =>
    async (transaction) =>
      await transaction`
      INSERT INTO iam.api_keys (organisation_id, name, key_prefix, key_hash)
      VALUES (${organisation}, 'x', 'another', ${key})`
  await assert.rejects(tryAsRed(foreign(blue)), sqlState('42501'), 'insert')
  await assert.rejects(tryAsRed(foreign(missing)), sqlState('42501'), 'insert for nobody')
  await assert.rejects(
    tryAsRed(async (transaction) => await transaction`UPDATE iam.api_keys SET organisation_id = ${blue}`),
    sqlState('42501'),
    'move',
  )
  const updated = await withOrganisation(
    sql,
    asRed,
    async (transaction) => await transaction`UPDATE iam.api_keys SET name = 'new'`,
  )
  assert.equal(updated.count, 1)
  const removed = await withOrganisation(sql, asRed, async (transaction) => await transaction`DELETE FROM iam.api_keys`)
  assert.equal(removed.count, 1)
  assert.deepEqual([...(await sql`SELECT name FROM iam.api_keys`)], [{ name: 'b' }])

  // Blue's member and nobody at all give the same answer.
  for (const user of [blueMember, missing]) {
    const reference: Work<unknown> = async (transaction) =>
      await transaction`
        INSERT INTO iam.api_keys (name, key_prefix, key_hash, created_by_user_id) VALUES ('x', 'another', ${key}, ${user})`
    await assert.rejects(tryAsRed(reference), sqlState('23503'), user)
  }
})

test('unique keys do not tell what other organisations hold', async (t) => {
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

test('a tenant or a user disappears through the worker only, and leaves the audit trail behind', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await withOrganisation(
    sql,
    asRed,
    async (transaction) => await transaction`SELECT iam.log_audit_event('a', 'b', 'c')`,
  )
  for (const table of ['organisations', 'users']) {
    const attempt = withOrganisation(
      sql,
      asRed,
      async (transaction) => await transaction`DELETE FROM iam.${transaction(table)}`,
    )
    await assert.rejects(attempt, sqlState('42501'), table)
  }
  await withWorker(sql, async (transaction) => await transaction`DELETE FROM iam.organisations WHERE id = ${red}`)
  const [left] = await sql`
    SELECT (SELECT count(*)::int FROM iam.organisation_users) AS members, (SELECT count(*)::int FROM iam.users) AS users,
           (SELECT count(*)::int FROM iam.audit_logs WHERE organisation_id = ${red}) AS events`
  assert.deepEqual(left, { members: 2, users: 3, events: 1 })
})

test('readonly writes nothing, and nobody truncates', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const attempts: readonly [string, Work<unknown>][] = [
    [readonly, async (transaction) => await transaction`UPDATE iam.organisations SET name = 'x'`],
    [readonly, async (transaction) => await transaction`INSERT INTO iam.system_metrics (name, value) VALUES ('x', 1)`],
    [readonly, async (transaction) => await transaction`DELETE FROM iam.api_keys`],
    [app, async (transaction) => await transaction`TRUNCATE iam.api_keys`],
    [worker, async (transaction) => await transaction`TRUNCATE iam.api_keys`],
    [app, async (transaction) => await transaction`SELECT iam.resolve_login('https://login.example', 'rita')`],
    [app, async (transaction) => await transaction`SELECT iam.make_tenant_table('iam.users')`],
    [worker, async (transaction) => await transaction`SELECT iam.grant_schema('iam')`],
    [app, async (transaction) => await transaction`CREATE TABLE iam.mine (a int)`],
  ]
  for (const [role, work] of attempts) {
    await assert.rejects(withOrganisation(sql, { ...asRed, role }, work), sqlState('42501'), `${role}: ${work}`)
  }
})

test('a partition is closed to everybody but its owner', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql`SELECT iam.ensure_month_partitions('iam.system_metrics', '2031-01-15', 0)`
  for (const role of [app, worker, readonly]) {
    for (const partition of ['audit_logs_default', 'system_metrics_default', 'system_metrics_y2031m01']) {
      const read = as(sql, role, async (transaction) => await transaction`SELECT FROM iam.${transaction(partition)}`)
      await assert.rejects(read, sqlState('42501'), `${role} ${partition}`)
    }
  }
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
