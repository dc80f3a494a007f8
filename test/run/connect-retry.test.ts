import assert from 'node:assert/strict'
import net from 'node:net'
import { describe, test } from 'node:test'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { type ConnectionRetry, openSessionWithRetries } from '../../lib/run/connect-retry.js'
import { testDatabase } from '../../lib/testing/index.js'
import { closedPort, fakeServer, localPort, passOn, throughPort } from './fake-server.js'
import { privateServer, targetOf } from './private-server.js'

describe('openSessionWithRetries', () => {
  test('opens a session as soon as the server listens', async (t) => {
    const database = await testDatabase(t)
    const port = localPort(database.url)
    if (port === null) return t.skip('the server is not on this machine')
    const late = await closedPort()
    const proxy = net.createServer((client) => passOn(client, port))
    t.after(() => proxy.close())
    const retries: ConnectionRetry[] = []
    const session = await openSessionWithRetries(targetOf(throughPort(database.url, late)), {
      connectRetries: 50,
      onRetry(retry) {
        retries.push(retry)
        if (retries.length === 2) proxy.listen(late, '127.0.0.1')
      },
    })
    await session.close()
    assert.ok(retries.length >= 2)
    assert.deepEqual(
      retries.slice(0, 2).map(({ attempt, of }) => [attempt, of]),
      [
        [1, 51],
        [2, 51],
      ],
    )
    for (const { attempt, waitMilliseconds, error } of retries) {
      assert.ok(waitMilliseconds >= 0 && waitMilliseconds <= Math.min(5_000, 250 * 2 ** (attempt - 1)))
      assert.equal(error.code, 'CONNECTION_FAILED')
    }
  })

  test('says how many tries it made in which time', async () => {
    const port = await closedPort()
    const opening = openSessionWithRetries(targetOf(`postgres://127.0.0.1:${port}/app`), { connectRetries: 2 })
    await assert.rejects(opening, (error: unknown) => {
      assert.ok(error instanceof SchemawayError)
      assert.match(error.message, /connection refused.*Gave up after 3 tries in \d\.\d s\./)
      assert.equal(error.details.server, `127.0.0.1:${port}/app`)
      return true
    })
  })

  test('without retries tries once and says nothing about tries', async () => {
    const opening = openSessionWithRetries(targetOf(`postgres://127.0.0.1:${await closedPort()}/app`), {
      connectRetries: 0,
    })
    await assert.rejects(opening, (error: unknown) => {
      assert.ok(error instanceof SchemawayError)
      assert.doesNotMatch(error.message, /tries/)
      return true
    })
  })

  test('never repeats a login that was refused for good', async (t) => {
    const place = await privateServer(t, 'plain')
    if (place === null) return
    for (const login of ['postgres:wrong@127.0.0.1', `postgres:${place.password}@127.0.0.1`]) {
      const retries: ConnectionRetry[] = []
      const database = login.includes('wrong') ? 'postgres' : 'nowhere'
      const target = targetOf(`postgres://${login}:${place.port}/${database}`)
      await assert.rejects(
        openSessionWithRetries(target, { connectRetries: 3, onRetry: (retry) => retries.push(retry) }),
        { code: 'CONNECTION_FAILED' },
      )
      assert.equal(retries.length, 0)
    }
  })

  test('repeats while the server is full or no host is of the wanted kind', async (t) => {
    const place = await privateServer(t, 'plain')
    if (place === null) return
    for (const [login, parameters] of [
      ['limited_login:pw', ''],
      ['trusted_login', '?target_session_attrs=standby'],
    ]) {
      let retries = 0
      const target = targetOf(`postgres://${login}@127.0.0.1:${place.port}/postgres${parameters}`)
      const opening = openSessionWithRetries(target, { connectRetries: 1, onRetry: () => (retries += 1) })
      await assert.rejects(opening, /Gave up after 2 tries/)
      assert.equal(retries, 1)
    }
  })

  test('stops waiting when the signal fires', async (t) => {
    const { port } = await fakeServer(t, (socket) => socket.destroy())
    const controller = new AbortController()
    const reason = new Error('enough')
    const opening = openSessionWithRetries(targetOf(`postgres://127.0.0.1:${port}/app`), {
      connectRetries: 1_000,
      signal: controller.signal,
      onRetry: ({ attempt }) => {
        if (attempt === 2) controller.abort(reason)
      },
    })
    await assert.rejects(opening, { code: 'ABORTED', cause: reason })
  })
})
