import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { allSchemas } from './bundled-files.js'
import { sqlState } from './model-database.js'
import { modelWithLogins, modelWithTenants, tenantId } from './tenant-logins.js'

const campaigns = async (sql: Sql | TransactionSql): Promise<string> => {
  const rows = await sql<{ slug: string }[]>`
    SELECT o.slug FROM survey.campaigns AS c JOIN iam.organisations AS o ON o.id = c.organisation_id ORDER BY o.slug`
  return rows.map(({ slug }) => slug).join()
}

const readState = async (sql: Sql): Promise<unknown> => [
  ...(await sql`
    SELECT current_user = session_user AS "isItself",
           coalesce(current_setting('app.organisation_id', true), '') AS organisation,
           coalesce(current_setting('app.user_id', true), '') AS "user"`),
]

test('the only connection of a pool keeps nothing of the organisation that it worked for, or of the worker', async (t) => {
  const { app, worker, red, blue } = await modelWithTenants(t)
  const [inRed, inBlue] = [red, blue].map(({ organisationId, userId }) => ({ organisationId, userId }))
  assert.ok(inRed && inBlue)
  const empty = [{ isItself: true, organisation: '', user: '' }]
  const fail = async (): Promise<never> => {
    throw new Error('the callback fails')
  }
  const steps: readonly (() => Promise<unknown>)[] = [
    async () => assert.equal(await withOrganisation(app.sql, inRed, campaigns), 'red'),
    async () => assert.equal(await withOrganisation(app.sql, inBlue, campaigns), 'blue'),
    async () => await assert.rejects(withOrganisation(app.sql, inRed, fail), /the callback fails/),
    async () => {
      const broken = withOrganisation(
        app.sql,
        { ...inRed, role: defaultRoleNames.app },
        async (transaction) => await transaction`SELECT 1 / 0`,
      )
      await assert.rejects(broken, sqlState('22012'))
    },
    async () => {
      const refused = withOrganisation(
        app.sql,
        inRed,
        async (transaction) => await transaction`UPDATE survey.campaigns SET organisation_id = ${blue.organisationId}`,
      )
      await assert.rejects(refused, sqlState('42501'))
    },
  ]
  for (const step of steps) {
    await step()
    assert.deepEqual(await readState(app.sql), empty)
    assert.equal(await campaigns(app.sql), '')
    assert.equal(await withOrganisation(app.sql, inBlue, campaigns), 'blue')
  }
  assert.equal(await withWorker(worker.sql, campaigns), 'blue,red')
  await assert.rejects(withWorker(worker.sql, fail), /the callback fails/)
  assert.deepEqual(await readState(worker.sql), empty)
})

test('a plan that was made for one organisation serves another one with its own rows', async (t) => {
  const { app, red, blue } = await modelWithTenants(t)
  for (const mode of ['auto', 'force_generic_plan']) {
    await app.sql.unsafe(`SET plan_cache_mode = ${mode}`)
    // A statement and the statements in functions are planned anew five times before a plan for all values is considered.
    for (let round = 0; round < 8; round += 1) {
      for (const { name, organisationId, rows } of [red, blue]) {
        await withOrganisation(app.sql, { organisationId }, async (transaction) => {
          assert.equal(await campaigns(transaction), name)
          const other = name === 'red' ? blue : red
          const [row] = await transaction`
            SELECT telephony.is_do_not_call(${organisationId}, '+14155550190') AS own,
                   telephony.is_do_not_call(${other.organisationId}, '+14155550190') AS others`
          assert.deepEqual(row, { own: true, others: false })
          const members = await transaction<{ id: string }[]>`SELECT user_id AS id FROM iam.list_members()`
          const user = rows.find(({ table }) => table === 'iam.users')
          assert.deepEqual([...members], [{ id: user?.values['id'] }])
        })
      }
      assert.equal(await campaigns(app.sql), '')
    }
  }
})

test('a login becomes no role but its own', async (t) => {
  const { admin, app, worker, readonly, names } = await modelWithLogins(t)
  const [superuser] = await admin<{ name: string }[]>`SELECT current_user AS name`
  const others = (own: string): readonly string[] => Object.values(defaultRoleNames).filter((role) => role !== own)
  const logins: readonly [Sql, string][] = [
    [app.sql, defaultRoleNames.app],
    [worker.sql, defaultRoleNames.worker],
    [readonly.sql, defaultRoleNames.readonly],
  ]
  for (const [sql, own] of logins) {
    for (const role of others(own)) {
      const attempt = withOrganisation(sql, { organisationId: tenantId(1), role }, async () => {})
      await assert.rejects(attempt, sqlState('42501'), `${own} as ${role}`)
    }
    for (const role of [...others(own), ...Object.values(names), superuser?.name ?? '']) {
      if (role === (await sql`SELECT session_user AS name`)[0]?.['name']) continue
      for (const statement of [`SET ROLE "${role}"`, `SET SESSION AUTHORIZATION "${role}"`]) {
        await assert.rejects(sql.unsafe(statement).execute(), sqlState('42501'), `${own}: ${statement}`)
      }
    }
  }
})

test('the worker sees all by its policy, and no role or login has the right to pass row-level security by', async (t) => {
  const { admin, names } = await modelWithLogins(t)
  const rows = await admin`
    SELECT rolname FROM pg_roles
    WHERE (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
      AND rolname IN ${admin([...Object.values(defaultRoleNames), ...Object.values(names)])}`
  assert.deepEqual([...rows], [])
})

test('a login makes nothing in the schemas of the model, and changes nothing that is there', async (t) => {
  const { app, worker, readonly } = await modelWithLogins(t)
  const statements = [
    ...[...new Set(allSchemas), 'public'].flatMap((schema) => [
      `CREATE TABLE ${schema}.mine (a int)`,
      `CREATE VIEW ${schema}.mine AS SELECT 1`,
      `CREATE FUNCTION ${schema}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      `CREATE TYPE ${schema}.mine AS ENUM ('a')`,
    ]),
    'CREATE SCHEMA mine',
    'ALTER TABLE survey.campaigns DISABLE ROW LEVEL SECURITY',
    'ALTER TABLE survey.campaigns NO FORCE ROW LEVEL SECURITY',
    'ALTER TABLE survey.campaigns ADD COLUMN mine int',
    'CREATE POLICY mine ON survey.campaigns USING (true)',
    'DROP POLICY tenant_isolation ON survey.campaigns',
    'CREATE INDEX ON survey.campaigns (name)',
    `CREATE OR REPLACE FUNCTION iam.current_organisation_id() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'`,
    `ALTER FUNCTION iam.current_organisation_id() SET app.organisation_id = ''`,
    'CREATE TEMPORARY TABLE mine () INHERITS (survey.campaigns)',
    'SET session_replication_role = replica',
  ]
  for (const { sql } of [app, worker, readonly]) {
    for (const statement of statements) {
      await assert.rejects(sql.unsafe(statement).execute(), sqlState('42501'), statement)
    }
  }
})
