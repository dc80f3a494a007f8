import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { sqlState } from './model-database.js'
import { isGlobal, modelWithTenants, readAllRows } from './tenant-logins.js'

test('an organisation with rows in every table goes in one statement, and leaves its audit trail', async (t) => {
  const { admin, worker, red, blue } = await modelWithTenants(t)
  const others = await readAllRows(admin, blue)
  const trail = (await readAllRows(admin, red)).split('\n').filter((row) => row.startsWith('iam.audit_logs '))
  assert.equal(trail.length, 1)

  const { count } = await worker.sql`DELETE FROM iam.organisations WHERE id = ${red.organisationId}`

  assert.equal(count, 1)
  const left = (await readAllRows(admin, red)).split('\n')
  // A person may belong to other organisations as well.
  assert.deepEqual(
    left.map((row) => row.split(' ')[0]),
    ['iam.audit_logs', 'iam.users'],
  )
  assert.deepEqual(left.slice(0, 1), trail)
  assert.equal(await readAllRows(admin, blue), others)
})

test('each row that others are parts of goes with its parts, and none of another organisation does', async (t) => {
  const { admin, app, red, blue } = await modelWithTenants(t)
  const others = await readAllRows(admin, blue)
  const { organisationId } = red
  const parents = ['survey.campaigns', 'survey.contacts', 'notify.tracking_pixels', 'notify.webhook_endpoints']
  for (const parent of parents.toReversed()) {
    const removed = await withOrganisation(
      app.sql,
      { organisationId },
      async (transaction) => await transaction.unsafe(`DELETE FROM ${parent}`),
    )
    assert.equal(removed.count, 1, parent)
  }
  const left = new Set((await readAllRows(admin, red)).split('\n').map((row) => row.split(' ')[0]))
  const parts = red.rows.filter(({ foreignKeys }) => foreignKeys.some(({ target }) => parents.includes(target)))
  assert.deepEqual(
    parts.filter(({ table }) => left.has(table)),
    [],
  )
  assert.equal(await readAllRows(admin, blue), others)
})

test('an organisation or a user disappears through the worker only', async (t) => {
  const { admin, app, readonly, red } = await modelWithTenants(t)
  const before = await readAllRows(admin, red)
  for (const { sql } of [app, readonly]) {
    for (const { table } of red.rows.filter(isGlobal)) {
      const attempt = withOrganisation(
        sql,
        { organisationId: red.organisationId, userId: red.userId },
        async (transaction) => await transaction.unsafe(`DELETE FROM ${table}`),
      )
      await assert.rejects(attempt, sqlState('42501'), table)
    }
  }
  assert.equal(await readAllRows(admin, red), before)
})
