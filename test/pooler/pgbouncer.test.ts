import assert from 'node:assert/strict'
import test from 'node:test'
import postgres from 'postgres'
import { testDatabase } from '../../lib/testing/index.js'
import { readPgBouncerVersion, startPgBouncer, withoutPgBouncer } from '../support/start-pgbouncer.js'

test('PgBouncer is there', { skip: withoutPgBouncer }, () => {
  assert.match(readPgBouncerVersion(), /^1\.\d+\.\d+/)
})

test('in transaction mode two clients share one server connection, a restart ends them, and the port stays', {
  skip: withoutPgBouncer,
}, async (t) => {
  const { url } = await testDatabase(t)
  const pooler = await startPgBouncer(t, {
    server: url,
    poolMode: 'transaction',
    poolSize: 1,
    connectQuery: "SET work_mem = '7MB'; SET search_path = public",
  })
  const clients = [1, 2].map(() => postgres(pooler.through(url), { max: 1, prepare: false, onnotice: () => {} }))
  t.after(async () => void (await Promise.all(clients.map(async (client) => await client.end()))))
  const pids = async (): Promise<unknown[]> => {
    const answers = await Promise.all(clients.map((client) => client`SELECT pg_backend_pid() AS pid`.simple()))
    return answers.map(([row]) => row?.['pid'])
  }
  const [first, second] = await pids()
  assert.equal(first, second)
  assert.equal((await clients[0]?.unsafe('SHOW work_mem').simple())?.[0]?.['work_mem'], '7MB')
  assert.equal((await pooler.show('servers')).length, 1)
  // One more is the console's.
  assert.equal((await pooler.show('clients')).length, 3)
  await pooler.restart()
  assert.equal((await pooler.show('servers')).length, 0)
  assert.notEqual((await pids())[0], first)
  await pooler.stop()
  await assert.rejects(pooler.show('servers'))
})
