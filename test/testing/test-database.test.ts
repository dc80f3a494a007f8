import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPostgres, testDatabase } from '../../lib/testing/index.js'

test('every test has an empty database of its own on a server that all share', async (t) => {
  const [one, other] = [await testDatabase(t), await testDatabase(t)]
  assert.notEqual(one.name, other.name)
  assert.equal(new URL(one.url).host, new URL(other.url).host)
  await one.sql`CREATE TABLE t ()`
  assert.equal((await other.sql`SELECT 1 FROM pg_tables WHERE tablename = 't'`).length, 0)
})

test('the database is dropped when the test is over, and not before', async (t) => {
  const ended: (() => Promise<void>)[] = []
  const database = await testDatabase({ after: (fn) => void ended.push(fn), name: t.name })
  const { sql } = await testDatabase(t)
  const exists = async (): Promise<boolean> =>
    (await sql`SELECT FROM pg_database WHERE datname = ${database.name}`).length === 1
  assert.equal(await exists(), true)
  assert.equal(ended.length, 1)
  await ended[0]?.()
  assert.equal(await exists(), false)
})

test('a test may bring its own server', async (t) => {
  const server = await startPostgres({ settings: { lock_timeout: '7s' } })
  const { sql, drop } = await testDatabase(t, { server })
  const [row] = await sql`SELECT current_setting('lock_timeout') AS value`
  assert.deepEqual({ ...row }, { value: '7s' })
  await drop()
  await server.stop()
})
