import assert from 'node:assert/strict'
import net from 'node:net'
import { describe, test } from 'node:test'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { connect } from '../../lib/run/connect.js'
import { isTransient } from '../../lib/run/connect-failure.js'
import { waitUntil } from '../support/wait-until.js'
import { closedPort, fakeServer } from './fake-server.js'
import { certificateFile, privateServer, targetOf } from './private-server.js'

/** What the connection failed with; the promise must reject with CONNECTION_FAILED. */
async function failure(promise: Promise<unknown>): Promise<SchemawayError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof SchemawayError, String(error))
    assert.equal(error.code, 'CONNECTION_FAILED')
    return error
  }
  assert.fail('the connection succeeded')
}

describe('connect, over hosts', () => {
  test('goes on to the next host when the first refuses', async (t) => {
    const { port } = await fakeServer(t, () => {})
    const refused = await closedPort()
    const connection = await connect(targetOf(`postgres://127.0.0.1:${refused},127.0.0.1:${port}/app?sslmode=disable`))
    assert.equal(connection.host, `127.0.0.1:${port}`)
    assert.equal(connection.encrypted, false)
    connection.stream.destroy()
  })

  test('goes on to the next host when the first does not answer in time', async (t) => {
    const silent = await fakeServer(t, () => {})
    const { port } = await fakeServer(t, (socket) => socket.once('data', () => socket.write('N')))
    const url = `postgres://127.0.0.1:${silent.port},127.0.0.1:${port}/app`
    const connection = await connect({ ...targetOf(url), connectTimeout: 100 })
    assert.equal(connection.host, `127.0.0.1:${port}`)
    connection.stream.destroy()
  })

  test('names every host that was tried, why it did not do, and what to do', async (t) => {
    const silent = await fakeServer(t, () => {})
    const refused = await closedPort()
    const url = `postgres://USER:SECRET@127.0.0.1:${refused},127.0.0.1:${silent.port},nowhere.invalid:1/app`
    const error = await failure(connect({ ...targetOf(url), connectTimeout: 300 }))
    assert.match(error.message, new RegExp(`127.0.0.1:${refused}: connection refused \\(ECONNREFUSED\\)`))
    assert.match(error.message, new RegExp(`127.0.0.1:${silent.port}: no answer within 0.3 s`))
    assert.match(error.message, /nowhere\.invalid:1: .*(ENOTFOUND|EAI_AGAIN|no answer within)/)
    assert.match(error.message, /Is the server running/)
    assert.equal(error.details.server, `127.0.0.1:${refused},127.0.0.1:${silent.port},nowhere.invalid:1/app`)
    assert.ok(error.cause instanceof AggregateError)
    assert.doesNotMatch(JSON.stringify([error.message, error.stack, error]), /SECRET|USER/)
  })

  test('names the only host in one sentence', async () => {
    const refused = await closedPort()
    const error = await failure(connect(targetOf(`postgres://127.0.0.1:${refused}/app`)))
    assert.match(error.message, new RegExp(`^Cannot connect to 127\\.0\\.0\\.1:${refused}/app: connection refused`))
    assert.ok(error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ECONNREFUSED')
    assert.ok(isTransient(error))
  })

  test('connects to several addresses of one name and reports when all refuse', async () => {
    const refused = await closedPort()
    const error = await failure(connect(targetOf(`postgres://localhost:${refused}/app`)))
    assert.match(error.message, /connection refused \(ECONNREFUSED\)/)
  })

  test('tries all hosts in random order where that is wanted', async (t) => {
    const first = await fakeServer(t, () => {})
    const second = await fakeServer(t, () => {})
    const url = `postgres://127.0.0.1:${first.port},127.0.0.1:${second.port}/app?sslmode=disable&load_balance_hosts=random`
    for (let count = 0; count < 200 && (first.connections === 0 || second.connections === 0); count++) {
      const { stream } = await connect(targetOf(url))
      stream.destroy()
    }
    assert.ok(first.connections > 0 && second.connections > 0)
  })

  test('says that a Unix socket is missing', async () => {
    const error = await failure(connect(targetOf('postgres:///app?host=/nonexistent')))
    assert.match(error.message, /\/nonexistent\/\.s\.PGSQL\.5432\/app: there is no such socket \(ENOENT\)/)
  })

  test('connects to hostaddr without looking the host up', async (t) => {
    const { port } = await fakeServer(t, () => {})
    const connection = await connect(
      targetOf(`postgres://nowhere.invalid:${port}/app?hostaddr=127.0.0.1&sslmode=disable`),
    )
    assert.equal(connection.host, `nowhere.invalid:${port}`)
    connection.stream.destroy()
  })

  test('connects by IPv6', async (t) => {
    const server = net.createServer()
    const isListening = await new Promise((resolve) => {
      server.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true))
    })
    if (!isListening) return t.skip('this machine has no IPv6')
    t.after(() => server.close())
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const connection = await connect(targetOf(`postgres://[::1]:${address.port}/app?sslmode=disable`))
    assert.equal(connection.host, `[::1]:${address.port}`)
    connection.stream.destroy()
  })
})

describe('connect, stopped or broken off', () => {
  test('stops at once when the signal fires, and stays stopped', async (t) => {
    const reason = new Error('enough')
    const controller = new AbortController()
    const silent = await fakeServer(t, () => controller.abort(reason))
    const url = `postgres://127.0.0.1:${silent.port},127.0.0.1:${silent.port}/app`
    const connecting = connect(targetOf(url), { signal: controller.signal })
    await assert.rejects(connecting, { name: 'SchemawayError', code: 'ABORTED', cause: reason })
    assert.equal(silent.connections, 1)
    await assert.rejects(connect(targetOf(url), { signal: controller.signal }), { code: 'ABORTED' })
    assert.equal(silent.connections, 1)
  })

  test('leaves neither sockets nor listeners behind', async (t) => {
    const silent = await fakeServer(t, (socket) => socket.resume())
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      listeners += 1
      add(...parameters)
    }
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...parameters)
    }
    const target = targetOf(`postgres://127.0.0.1:${silent.port},127.0.0.1:${await closedPort()}/app`)
    for (let count = 0; count < 5; count++) {
      await failure(connect({ ...target, connectTimeout: 20 }, { signal }))
    }
    assert.equal(listeners, 0)
    // The client may be done before the server has seen the connection.
    await waitUntil(
      'the server has seen five connections come and go',
      () => silent.connections === 5 && silent.open === 0,
    )
  })

  test('reports a server that closes the connection instead of answering', async (t) => {
    const { port } = await fakeServer(t, (socket) => socket.end())
    const error = await failure(connect(targetOf(`postgres://127.0.0.1:${port}/app?sslmode=require`)))
    assert.match(error.message, /the server closed the connection|ECONNRESET|EPIPE/)
  })
})

describe('connect, by long and unlucky ways', () => {
  test('reports a server that resets the connection instead of answering', async (t) => {
    const { port } = await fakeServer(t, (socket) => socket.once('data', () => socket.resetAndDestroy()))
    const error = await failure(connect(targetOf(`postgres://127.0.0.1:${port}/app?sslmode=prefer`)))
    assert.match(error.message, /connection reset \(ECONNRESET\)/)
    assert.ok(isTransient(error))
  })

  test('reports a server that resets the connection during the handshake', async (t) => {
    const { port } = await fakeServer(t, (socket) =>
      socket.once('data', () => {
        socket.write('S')
        socket.once('data', () => socket.resetAndDestroy())
      }),
    )
    const error = await failure(connect(targetOf(`postgres://127.0.0.1:${port}/app?sslmode=require`)))
    assert.match(error.message, /TLS failed: .*ECONNRESET|during the TLS handshake/)
  })

  test('waits for a month where the caller says so', async (t) => {
    const { port } = await fakeServer(t, (socket) => socket.once('data', () => socket.write('N')))
    const { stream } = await connect(targetOf(`postgres://127.0.0.1:${port}/app?connect_timeout=2678400`))
    stream.destroy()
  })

  test('says that a certificate file holds no certificate', async (t) => {
    const { port } = await fakeServer(t, (socket) => socket.once('data', () => socket.write('S')))
    const file = certificateFile('../connect.test.ts')
    const url = `postgres://127.0.0.1:${port}/app?sslmode=require&sslcert=${file}&sslkey=${file}`
    assert.match((await failure(connect(targetOf(url)))).message, /TLS failed: .*Check sslmode and the certificates/)
  })
})

describe('connect, the answer to the request for TLS', () => {
  async function answer(t: Parameters<typeof fakeServer>[0], bytes: string, mode: string) {
    const requests: Buffer[] = []
    const { port } = await fakeServer(t, (socket) =>
      socket.once('data', (request) => {
        requests.push(request)
        socket.write(bytes)
      }),
    )
    return { requests, target: targetOf(`postgres://127.0.0.1:${port}/app?sslmode=${mode}`) }
  }

  test('N means no TLS: good enough for prefer, an error for require', async (t) => {
    const { requests, target } = await answer(t, 'N', 'prefer')
    const connection = await connect(target)
    assert.equal(connection.encrypted, false)
    connection.stream.destroy()
    assert.deepEqual(requests, [Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])])

    const error = await failure(connect((await answer(t, 'N', 'require')).target))
    assert.match(error.message, /the server does not offer TLS\. Set ssl=on/)
    assert.ok(!isTransient(error))
  })

  test('bytes behind the answer are refused, since anybody could have put them there', async (t) => {
    for (const mode of ['prefer', 'require', 'verify-full']) {
      for (const bytes of ['SX', 'NX']) {
        const error = await failure(connect((await answer(t, bytes, mode)).target))
        assert.match(error.message, /is not one of PostgreSQL/)
      }
    }
  })

  test('any other answer is refused', async (t) => {
    for (const bytes of ['E', 'HTTP/1.1 400 Bad Request\r\n\r\n', '\0']) {
      const error = await failure(connect((await answer(t, bytes, 'prefer')).target))
      assert.match(error.message, /is not one of PostgreSQL.*Is this the port of a PostgreSQL server\?/)
    }
  })

  test('a handshake that fails is the end for require, and prefer goes on without TLS', async (t) => {
    let asked = 0
    const { port } = await fakeServer(t, (socket) => {
      socket.once('data', () => {
        asked += 1
        socket.write('S')
        socket.once('data', () => socket.end('this is not TLS'))
      })
    })
    const connection = await connect(targetOf(`postgres://127.0.0.1:${port}/app?sslmode=prefer`))
    assert.equal(connection.encrypted, false)
    assert.equal(asked, 1)
    connection.stream.destroy()
    const error = await failure(connect(targetOf(`postgres://127.0.0.1:${port}/app?sslmode=require`)))
    assert.match(error.message, /TLS failed|during the TLS handshake/)
  })
})

describe('connect, TLS with a real server', () => {
  const authority = `sslrootcert=${certificateFile('authority.crt')}`
  const stranger = `sslrootcert=${certificateFile('another-authority.crt')}`
  const untrusted = /TLS failed: .*(SELF_SIGNED|UNABLE_TO|self.signed).*sslrootcert/
  const wrongName = /TLS failed: .*ERR_TLS_CERT_ALTNAME_INVALID.*sslmode=verify-ca/

  /** Host, parameters, and what comes of it: encrypted or not, or an error. */
  const withTls: readonly (readonly [string, string, boolean | RegExp])[] = [
    ['localhost', 'sslmode=disable', false],
    ['localhost', 'sslmode=allow', false],
    ['localhost', 'sslmode=prefer', true],
    ['localhost', 'sslmode=require', true],
    ['127.0.0.1', 'sslmode=require', true],
    ['localhost', `sslmode=require&${authority}`, true],
    ['127.0.0.1', `sslmode=require&${authority}`, true],
    ['localhost', `sslmode=require&${stranger}`, untrusted],
    ['localhost', `sslmode=prefer&${authority}`, true],
    ['localhost', `sslmode=prefer&${stranger}`, false],
    ['localhost', `sslmode=verify-ca&${authority}`, true],
    ['127.0.0.1', `sslmode=verify-ca&${authority}`, true],
    ['localhost', `sslmode=verify-ca&${stranger}`, untrusted],
    ['localhost', `sslmode=verify-full&${authority}`, true],
    ['127.0.0.1', `sslmode=verify-full&${authority}`, wrongName],
    ['localhost', `sslmode=verify-full&${stranger}`, untrusted],
    ['localhost', 'sslmode=verify-full', untrusted],
    ['localhost', 'sslrootcert=system', untrusted],
  ]

  for (const [host, parameters, expected] of withTls) {
    test(`the server offers TLS: ${host} with ${parameters.replaceAll(/=\/\S*\//g, '=')}`, async (t) => {
      const place = await privateServer(t, 'tls')
      if (place === null) return
      const connecting = connect(targetOf(`postgres://${host}:${place.port}/postgres?${parameters}`))
      if (expected instanceof RegExp) assert.match((await failure(connecting)).message, expected)
      else {
        const connection = await connecting
        connection.stream.destroy()
        assert.equal(connection.encrypted, expected)
      }
    })
  }

  const issuer = `sslrootcert=${certificateFile('expired-authority.crt')}`
  const hasExpired = /TLS failed: .*CERT_HAS_EXPIRED.*Renew the server's certificate/

  for (const [parameters, expected] of [
    ['sslmode=require', true],
    [`sslmode=require&${issuer}`, hasExpired],
    [`sslmode=verify-ca&${issuer}`, hasExpired],
    [`sslmode=verify-full&${issuer}`, hasExpired],
  ] as const) {
    test(`the certificate of the server has expired: ${parameters.replaceAll(/=\/\S*\//g, '=')}`, async (t) => {
      const place = await privateServer(t, 'expired')
      if (place === null) return
      const connecting = connect(targetOf(`postgres://localhost:${place.port}/postgres?${parameters}`))
      if (expected instanceof RegExp) {
        const error = await failure(connecting)
        assert.match(error.message, expected)
        assert.ok(!isTransient(error))
      } else {
        const connection = await connecting
        connection.stream.destroy()
        assert.equal(connection.encrypted, expected)
      }
    })
  }

  for (const mode of ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']) {
    test(`the server does not offer TLS: ${mode}`, async (t) => {
      const place = await privateServer(t, 'plain')
      if (place === null) return
      const connecting = connect(targetOf(`postgres://127.0.0.1:${place.port}/postgres?sslmode=${mode}&${authority}`))
      if (mode.startsWith('verify') || mode === 'require') {
        assert.match((await failure(connecting)).message, /does not offer TLS/)
      } else {
        const connection = await connecting
        connection.stream.destroy()
        assert.equal(connection.encrypted, false)
      }
    })
  }

  test('goes to the address in hostaddr but checks the name in host', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null) return
    const url = (host: string) =>
      `postgres://${host}:${place.port}/postgres?hostaddr=127.0.0.1&sslmode=verify-full&${authority}`
    const connection = await connect(targetOf(url('localhost')))
    connection.stream.destroy()
    assert.match((await failure(connect(targetOf(url('db.example'))))).message, wrongName)
  })
})
