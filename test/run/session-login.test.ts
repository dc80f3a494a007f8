import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isTransient } from '../../lib/run/connect-failure.js'
import { openSession } from '../../lib/run/session.js'
import { testDatabase } from '../../lib/testing/index.js'
import { fakeServer, frame } from './fake-server.js'
import { failure, open } from './open-session.js'
import { certificateFile, privateServer, targetOf } from './private-server.js'

describe('the login', () => {
  test('by every kind of password, with TLS and without', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null) return
    const { port, password } = place
    for (const [login, mode, isEncrypted] of [
      [`postgres:${password}`, 'disable', false],
      [`postgres:${password}`, 'require', true],
      ['trusted_login', 'prefer', true],
      ['md5_login:pw', 'disable', false],
      ['clear_login:pw', 'require', true],
    ] as const) {
      const session = await open(t, `postgres://${login}@127.0.0.1:${port}/postgres?sslmode=${mode}`)
      const rows = await session.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
      assert.deepEqual(rows, [{ ssl: isEncrypted }], `${login} ${mode}`)
      await session.close()
    }
  })

  test('by a certificate, its key plain or encrypted', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null) return
    const url = (key: string) =>
      `postgres://certificate_login@localhost:${place.port}/postgres?sslmode=verify-full&sslrootcert=${certificateFile('authority.crt')}` +
      `&sslcert=${certificateFile('client.crt')}&sslkey=${certificateFile(key)}`
    await (await open(t, url('client.key'))).close()
    await (await open(t, `${url('client-encrypted.key')}&sslpassword=certificate-secret`)).close()
    const error = await failure(openSession(targetOf(`${url('client-encrypted.key')}&sslpassword=wrong`)))
    assert.doesNotMatch(error.message, /wrong/)
  })

  test('through a Unix socket', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null || place.server.socketDirectory === null) return
    const host = encodeURIComponent(place.server.socketDirectory)
    const session = await open(t, `postgres://trusted_login@${host}:${place.port}/postgres?sslmode=verify-full`)
    assert.equal(session.display, `${place.server.socketDirectory}/.s.PGSQL.${place.port}/postgres`)
    assert.deepEqual(await session.query('select inet_client_addr() as address'), [{ address: null }])
  })

  test('tries the other way where pg_hba.conf has a rule for that one only', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null) return
    const login = (name: string, mode: string) =>
      `postgres://${name}:pw@127.0.0.1:${place.port}/postgres?sslmode=${mode}`
    const isEncrypted = async (url: string) => {
      const session = await open(t, url)
      const [row] = await session.query<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
      await session.close()
      return row?.ssl
    }
    assert.equal(await isEncrypted(login('tls_login', 'allow')), true)
    assert.equal(await isEncrypted(login('tls_login', 'prefer')), true)
    assert.equal(await isEncrypted(login('plain_login', 'allow')), false)
    assert.equal(await isEncrypted(login('plain_login', 'prefer')), false)
    const refused = await failure(openSession(targetOf(login('plain_login', 'require'))))
    assert.equal(refused.details.sqlState, '28000')
    assert.match(refused.message, /pg_hba\.conf rejects connection.*rules of the server's pg_hba\.conf/)
  })

  test('is made once with a wrong password, also where the mode would allow another try', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null) return
    for (const mode of ['allow', 'prefer', 'require']) {
      let asked = 0
      const password = () => {
        asked += 1
        return 'SECRET'
      }
      const target = {
        ...targetOf(`postgres://postgres@127.0.0.1:${place.port},127.0.0.1:${place.port}/postgres?sslmode=${mode}`),
        password,
      }
      const error = await failure(openSession(target))
      assert.equal(asked, 1, mode)
      assert.equal(error.details.sqlState, '28P01')
      assert.match(
        error.message,
        /password authentication failed for user "postgres" \(28P01\)\. Check user name and password/,
      )
      assert.doesNotMatch(JSON.stringify([error.message, error.stack, error.cause]), /SECRET/)
      assert.ok(!isTransient(error))
    }
  })

  test('says what is wrong in the words of the server, and what to do', async (t) => {
    const place = await privateServer(t, 'plain')
    if (place === null) return
    const refusal = async (login: string, database: string) =>
      failure(openSession(targetOf(`postgres://${login}@127.0.0.1:${place.port}/${database}`)))
    const unknown = await refusal('nobody:pw', 'postgres')
    assert.equal(unknown.details.sqlState, '28P01')
    const missing = await refusal(`postgres:${place.password}`, 'no%22where')
    assert.equal(missing.details.sqlState, '3D000')
    assert.match(missing.message, /database "no"where" does not exist \(3D000\)\. .*CREATE DATABASE "no""where"/)
    assert.ok(!isTransient(missing))
    const closed = await refusal('plain_login:pw', 'closed_database')
    assert.equal(closed.details.sqlState, '42501')
    assert.match(closed.message, /GRANT CONNECT ON DATABASE "closed_database" TO "plain_login"/)
    const full = await refusal('limited_login:pw', 'postgres')
    assert.equal(full.details.sqlState, '53300')
    assert.ok(isTransient(full))
    const setting = await failure(
      openSession(
        targetOf(`postgres://postgres:${place.password}@127.0.0.1:${place.port}/postgres?options=-c%20nothing%3D1`),
      ),
    )
    assert.match(setting.message, /unrecognized configuration parameter "nothing".*settings that are sent at the start/)
  })

  test('goes on to the next host while one is only starting up', async (t) => {
    const { port, url } = await startingServer(t)
    const database = await testDatabase(t)
    const { host } = new URL(database.url)
    const session = await open(t, database.url.replace(host, `127.0.0.1:${port},${host}`))
    assert.equal(session.display, `${host}/${database.name}`)
    const error = await failure(openSession(targetOf(url)))
    assert.match(error.message, /the database system is starting up \(57P03\)/)
    assert.ok(isTransient(error))
  })

  test('counts towards the timeout of its host', async (t) => {
    const { port } = await fakeServer(t, (socket) => socket.once('data', () => socket.write('N')))
    const error = await failure(openSession({ ...targetOf(`postgres://127.0.0.1:${port}/app`), connectTimeout: 100 }))
    assert.match(error.message, /no answer within 0\.1 s/)
  })

  test('stops when the signal fires', async (t) => {
    const { port } = await fakeServer(t, () => {})
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    const target = targetOf(`postgres://127.0.0.1:${port}/app?sslmode=disable`)
    await failure(openSession(target, { signal: controller.signal }), 'ABORTED')
  })

  test('does not end an open session when the signal fires later', async (t) => {
    const controller = new AbortController()
    const session = await open(t, undefined, { signal: controller.signal })
    controller.abort()
    assert.deepEqual(await session.query('select 1 as a'), [{ a: 1 }])
  })
})

describe('a password function', () => {
  test('is asked once for each login and may be async', async (t) => {
    const { url } = await testDatabase(t)
    const { password } = new URL(url)
    let asked = 0
    const target = {
      ...targetOf(url),
      password: async () => {
        asked += 1
        await delay(5)
        return decodeURIComponent(password)
      },
    }
    for (const expected of [1, 2]) {
      const session = await openSession(target)
      await session.close()
      assert.equal(asked, expected)
    }
  })

  test('that throws is the cause of CONNECTION_FAILED', async (t) => {
    const { url } = await testDatabase(t)
    const thrown = new Error('no token')
    for (const password of [
      () => Promise.reject(thrown),
      () => {
        throw thrown
      },
    ]) {
      const error = await failure(openSession({ ...targetOf(url), password }))
      assert.equal(error.cause, thrown)
      assert.match(error.message, /the function that was given as password failed/)
      assert.ok(!isTransient(error))
    }
  })

  test('that returns no text is refused', async (t) => {
    const { url } = await testDatabase(t)
    const password = (() => undefined) as unknown as () => string
    assert.match((await failure(openSession({ ...targetOf(url), password }))).message, /did not return text/)
  })

  test('that never answers is given up after the timeout', async (t) => {
    const { url } = await testDatabase(t)
    const target = { ...targetOf(url), connectTimeout: 100, password: () => new Promise<string>(() => {}) }
    assert.match((await failure(openSession(target))).message, /no answer within 0\.1 s/)
  })
})

/** A server that says, to every login, that it is starting up. */
async function startingServer(t: TestContext): Promise<{ port: number; url: string }> {
  const fields = 'SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0'
  const { port } = await fakeServer(t, (socket) => {
    let requests = 0
    socket.on('data', () => {
      requests += 1
      if (requests === 1) socket.write('N')
      else socket.end(frame('E', fields))
    })
  })
  return { port, url: `postgres://127.0.0.1:${port}/app` }
}
