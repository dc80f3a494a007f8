// The tests of somebody who tests a service that uses schemaway.
import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate, rollback } from 'schemaway'
import { startPostgres, testDatabase } from 'schemaway/testing'

test('a database of its own for a test', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url, modules: ['iam'] })
  await sql`INSERT INTO iam.organisations (slug, name) VALUES ('acme', 'Acme Ltd')`
  const [row] = await sql`SELECT count(*)::int AS organisations FROM iam.organisations`
  assert.equal(row.organisations, 1)
})

test('another test sees nothing of it', async (t) => {
  const { sql } = await testDatabase(t)
  const [row] = await sql`SELECT to_regclass('iam.organisations') AS organisations`
  assert.equal(row.organisations, null)
})

test('a server with settings of its own', async () => {
  const server = await startPostgres({ settings: { timezone: 'Europe/Rome' } })
  try {
    assert.equal(server.kind, 'embedded')
    console.log(`directory ${server.socketDirectory}`)
    const { url, sql } = await server.createDatabase()
    const [row] = await sql`SHOW timezone`
    assert.equal(row.TimeZone, 'Europe/Rome')
    assert.ok((await migrate({ url, modules: ['iam'] })).migrations.length > 0)
    assert.ok((await rollback({ url, modules: ['iam'], to: 'empty' })).migrations.length > 0)
  } finally {
    await server.stop()
  }
})
