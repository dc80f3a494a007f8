import assert from 'node:assert/strict'
import net from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ServerError } from '../../lib/run/server-error.js'
import { openSession, type Session } from '../../lib/run/session.js'
import { testDatabase } from '../../lib/testing/index.js'
import { waitUntil } from '../support/wait-until.js'
import { fakeServer, localPort, passOn, throughPort } from './fake-server.js'
import { certificateFile, privateServer, targetOf } from './private-server.js'

async function open(t: TestContext, url: string): Promise<Session> {
  const session = await openSession(targetOf(url))
  t.after(() => session.close())
  return session
}

/** Runs a statement that only a cancellation ends, and returns its SQLSTATE. */
async function cancelled(session: Session): Promise<string> {
  const running = session.send('select pg_sleep(60)').then(
    () => 'it ended by itself',
    (error: unknown) => (error instanceof ServerError ? error.sqlState : String(error)),
  )
  // Until the server has begun with the statement, a request finds nothing to end.
  while ((await Promise.race([running, delay(50, null)])) === null) await session.cancel()
  return running
}

describe('cancel', () => {
  test('ends the statement under way and leaves the session usable', async (t) => {
    const { url } = await testDatabase(t)
    const session = await open(t, url)
    const { backendPid } = session
    assert.equal(await cancelled(session), '57014')
    assert.deepEqual(await session.query('select pg_backend_pid() as pid'), [{ pid: backendPid }])
  })

  test('works over TLS that is verified, by name', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null) return
    const authority = certificateFile('authority.crt')
    const session = await open(
      t,
      `postgres://trusted_login@localhost:${place.port}/postgres?sslmode=verify-full&sslrootcert=${authority}`,
    )
    assert.equal(await cancelled(session), '57014')
  })

  test('works through a Unix socket', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null || place.server.socketDirectory === null) return
    const directory = encodeURIComponent(place.server.socketDirectory)
    const session = await open(t, `postgres://trusted_login@${directory}:${place.port}/postgres`)
    assert.equal(await cancelled(session), '57014')
  })

  test('goes to the server of the session, not to the first of the list', async (t) => {
    const { url, name } = await testDatabase(t)
    const { host } = new URL(url)
    const other = await fakeServer(t, (socket) => socket.destroy())
    const session = await open(t, url.replace(`${host}/${name}`, `127.0.0.1:${other.port},${host}/${name}`))
    const before = other.connections
    assert.equal(await cancelled(session), '57014')
    assert.equal(other.connections, before)
  })

  test('never hits a later message', async (t) => {
    const { url } = await testDatabase(t)
    const session = await open(t, url)
    for (let round = 0; round < 30; round++) {
      const quick = session.send('select 1').catch((error: unknown) => assert.ok(error instanceof ServerError))
      const cancelling = session.cancel()
      await quick
      assert.deepEqual(await session.query('select pg_sleep(0.002), 1 as one').then((rows) => rows.length), 1)
      await cancelling
    }
  })

  test('without a message under way does not even connect', async (t) => {
    const database = await testDatabase(t)
    const port = localPort(database.url)
    if (port === null) return t.skip('the server is not on this machine')
    const proxy = await fakeServer(t, (client) => passOn(client, port))
    const session = await open(t, throughPort(database.url, proxy.port))
    const { connections } = proxy
    await session.cancel()
    assert.equal(proxy.connections, connections)
  })

  test('reports a request that cannot be delivered, and the statement goes on', async (t) => {
    const database = await testDatabase(t)
    const port = localPort(database.url)
    if (port === null) return t.skip('the server is not on this machine')
    const onlyOnce = net.createServer((client) => {
      onlyOnce.close()
      passOn(client, port)
    })
    await new Promise<void>((resolve) => onlyOnce.listen(0, '127.0.0.1', resolve))
    const address = onlyOnce.address()
    assert.ok(address !== null && typeof address === 'object')
    const session = await open(t, `${throughPort(database.url, address.port)}?sslmode=disable`)
    const holder = await database.sql.reserve()
    await holder`select pg_advisory_lock(1)`
    const running = session.query('select pg_advisory_lock(1), 1 as one')
    await waitUntil('the statement is under way', async () => {
      return (
        (await database.sql`select from pg_stat_activity where pid = ${session.backendPid} and wait_event = 'advisory'`)
          .length > 0
      )
    })
    await assert.rejects(session.cancel(), { code: 'CONNECTION_FAILED' })
    await holder`select pg_advisory_unlock(1)`
    holder.release()
    assert.equal((await running).length, 1)
  })
})
