import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { isTransient } from '../../lib/run/connect-failure.js'
import { openSession } from '../../lib/run/session.js'
import { requireAttributes } from '../../lib/run/session-attributes.js'
import { closedPort } from './fake-server.js'
import { failure, open } from './open-session.js'
import { privateServer, targetOf } from './private-server.js'

/** A server that can be written, one that is read only by default, and a standby; everybody is let in to all. */
async function servers(t: TestContext) {
  const [writable, readOnly, standby] = await Promise.all([
    privateServer(t, 'plain'),
    privateServer(t, 'read-only'),
    privateServer(t, 'standby'),
  ])
  if (writable === null || readOnly === null || standby === null) return null
  return { writable: writable.port, readOnly: readOnly.port, standby: standby.port }
}

function urlOf(ports: readonly number[], wanted: string): string {
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  return `postgres://postgres@${hosts}/template1?sslmode=disable&target_session_attrs=${wanted}`
}

describe('target_session_attrs', () => {
  test('takes the first host that is of the wanted kind', async (t) => {
    const found = await servers(t)
    if (found === null) return
    const { writable, readOnly, standby } = found
    for (const [wanted, hosts, expected] of [
      ['any', [standby, writable], standby],
      ['read-write', [standby, readOnly, writable], writable],
      ['read-only', [writable, standby, readOnly], standby],
      ['read-only', [writable, readOnly], readOnly],
      ['primary', [standby, readOnly, writable], readOnly],
      ['standby', [writable, readOnly, standby], standby],
      ['prefer-standby', [writable, readOnly, standby], standby],
      ['prefer-standby', [writable, readOnly], writable],
    ] as const) {
      const session = await open(t, urlOf(hosts, wanted))
      assert.equal(session.display, `127.0.0.1:${expected}/template1`, wanted)
      await session.close()
    }
  })

  test('says of each host why it did not do, and that it may pass', async (t) => {
    const found = await servers(t)
    if (found === null) return
    const { writable, readOnly, standby } = found
    const error = await failure(openSession(targetOf(urlOf([readOnly, standby], 'read-write'))))
    assert.equal(error.message.match(/the server is read only, but "read-write" is wanted/g)?.length, 2)
    assert.ok(isTransient(error))
    assert.match((await failure(openSession(targetOf(urlOf([standby], 'primary'))))).message, /is a standby/)
    assert.match((await failure(openSession(targetOf(urlOf([writable], 'standby'))))).message, /is not a standby/)
    assert.match((await failure(openSession(targetOf(urlOf([writable], 'read-only'))))).message, /can be written/)
  })

  test('of prefer-standby reports the network when no host answers', async () => {
    const target = targetOf(urlOf([await closedPort()], 'prefer-standby'))
    assert.match((await failure(openSession(target))).message, /connection refused/)
  })

  test('asks a server behind a pooler that does not report what it is', async (t) => {
    const found = await servers(t)
    if (found === null) return
    for (const [port, refused, accepted] of [
      [found.readOnly, 'read-write', 'primary'],
      [found.writable, 'read-only', 'read-write'],
      [found.standby, 'primary', 'read-only'],
    ] as const) {
      const session = await open(t, urlOf([port], 'any'))
      const silent = { parameters: new Map(), query: session.query.bind(session) }
      await requireAttributes(silent, accepted)
      await assert.rejects(requireAttributes(silent, refused), { kind: 'unsuitable' })
      await session.close()
      await assert.rejects(requireAttributes(silent, accepted), { kind: 'closed' })
    }
    const session = await open(t, urlOf([found.writable], 'any'))
    await session.send('begin')
    await assert.rejects(session.query('select 1/0'))
    const refusing = { parameters: new Map(), query: session.query.bind(session) }
    await assert.rejects(requireAttributes(refusing, 'primary'), { kind: 'login', code: '25P02' })
  })
})
