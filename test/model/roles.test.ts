import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { modelDatabase } from './model-database.js'

const { owner, app, worker, readonly } = defaultRoleNames

test('the roles step makes group roles, puts the owner into the worker role and opens it the database', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const roles = await sql`
    SELECT rolname AS name, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS privileged,
           rolcanlogin AS "canLogin"
    FROM pg_roles WHERE rolname IN (${owner}, ${app}, ${worker}, ${readonly}) ORDER BY rolname COLLATE "C"`
  const plain = [app, owner, readonly, worker].map((name) => ({ name, privileged: false, canLogin: false }))
  assert.deepEqual([...roles], plain)
  const memberships = await sql`
    SELECT m.roleid::regrole::text AS role, m.member::regrole::text AS member FROM pg_auth_members AS m
    WHERE m.member::regrole::text IN (${owner}, ${app}, ${worker}, ${readonly})`
  assert.deepEqual([...memberships], [{ role: worker, member: owner }])
  const { grants, extensions } = await readCatalogue(sql, [])
  assert.ok(grants.includes(`${owner}: CONNECT, CREATE`))
  assert.deepEqual(
    extensions.map(({ name, schema }) => [name, schema]),
    [['citext', 'public']],
  )
})
