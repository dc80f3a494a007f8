import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Session } from '../../lib/run/session.js'
import { testDatabase } from '../../lib/testing/index.js'
import { closedPort, damagingProxy, fakeServer, frame, localPort, passOn, throughPort } from './fake-server.js'
import { failure, open } from './open-session.js'

describe('a lost connection', () => {
  async function kill(t: TestContext, session: Session, url: string): Promise<void> {
    const other = await open(t, url)
    await other.query(`select pg_terminate_backend(${session.backendPid}, 5000)`)
  }

  test('rejects the statement under way with the words of the server', async (t) => {
    const { url } = await testDatabase(t)
    const session = await open(t, url)
    const running = failure(session.send('select pg_sleep(60)'), 'CONNECTION_LOST')
    await delay(50)
    await kill(t, session, url)
    const error = await running
    assert.match(error.message, /terminating connection due to administrator command \(57P01\)/)
    assert.equal(error.details.sqlState, '57P01')
    assert.equal(error.details.server, session.display)
    assert.ok(session.isLost)
  })

  test('while idle rejects whatever comes next, again and again', async (t) => {
    const { url } = await testDatabase(t)
    const session = await open(t, url)
    await kill(t, session, url)
    await failure(session.query('select 1'), 'CONNECTION_LOST')
    await failure(session.query('select 1'), 'CONNECTION_LOST')
    await failure(session.send('select 1'), 'CONNECTION_LOST')
    await session.cancel()
    await session.close()
  })

  test('inside a transaction never lets the rest of it run in another session', async (t) => {
    const { url, sql } = await testDatabase(t)
    const session = await open(t, url)
    await session.send('begin; create table never_there (id int)')
    await kill(t, session, url)
    await failure(session.send('create table leaked (id int)'), 'CONNECTION_LOST')
    await failure(session.send('create table leaked (id int)'), 'CONNECTION_LOST')
    assert.deepEqual([...(await sql`select relname from pg_class where relname in ('never_there', 'leaked')`)], [])
  })

  test('that breaks without a word is noticed, too', async (t) => {
    const database = await testDatabase(t)
    const port = localPort(database.url)
    if (port === null) return t.skip('the server is not on this machine')
    let cut = () => {}
    const proxy = await fakeServer(t, (client) => {
      passOn(client, port)
      cut = () => client.resetAndDestroy()
    })
    const session = await open(t, throughPort(database.url, proxy.port))
    const running = failure(session.send('select pg_sleep(60)'), 'CONNECTION_LOST')
    await delay(20)
    cut()
    assert.match((await running).message, /is lost: .*(ECONNRESET|without a word)/)
  })

  test('right behind an answer leaves the answer as it is', async (t) => {
    const database = await testDatabase(t)
    const port = localPort(database.url)
    if (port === null) return t.skip('the server is not on this machine')
    const farewell = frame('E', 'SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0')
    const proxy = await fakeServer(t, (client) => {
      const server = connect({ host: '127.0.0.1', port })
      server.on('error', () => client.destroy())
      client.pipe(server)
      server.on('data', (chunk) => {
        // In one packet, as a server sends it that is told to end while it answers.
        if (chunk.includes('the last')) client.end(Buffer.concat([chunk, farewell]))
        else client.write(chunk)
      })
    })
    const session = await open(t, throughPort(database.url, proxy.port))
    assert.deepEqual(await session.query("select 'the last' as answer"), [{ answer: 'the last' }])
    const error = await failure(session.query('select 1'), 'CONNECTION_LOST')
    assert.equal(error.details.sqlState, '57P01')
  })

  test('is what there is behind an answer that cannot be read', async (t) => {
    const database = await testDatabase(t)
    const port = localPort(database.url)
    if (port === null) return t.skip('the server is not on this machine')
    const proxy = await damagingProxy(t, port, (text) => text.replace('{"one"', '{"one;'))
    const session = await open(t, throughPort(database.url, proxy))
    const error = await failure(session.query(`select '{"one" :1}'::json as answer`), 'CONNECTION_LOST')
    assert.match(error.message, /was given up because the driver could not read an answer/)
    await failure(session.query('select 1'), 'CONNECTION_LOST')
  })

  const damages = [
    // The driver would write it to the console, and wait for ever.
    ['of an unknown type', 'C\0\0\0\rSELECT 1\0', 'J\0\0\0\rSELECT 1\0', /message of the unknown type 74/],
    // The driver would look for the end of a name for ever, and the process would stand still.
    ['with too many columns', '\0\x01found\0', '\0\x44found\0', /columns of a result in a form that cannot be read/],
    // It could be taken for the end of a transaction.
    ['with a state of its own', 'Z\0\0\0\x05I', 'Z\0\0\0\x05\x08', /state of the transaction in a form that cannot/],
  ] as const
  for (const [what, whole, damaged, said] of damages) {
    test(`is what there is behind a message ${what}`, async (t) => {
      const database = await testDatabase(t)
      const port = localPort(database.url)
      if (port === null) return t.skip('the server is not on this machine')
      const proxy = await damagingProxy(t, port, (text) =>
        text.includes('found') ? text.replace(whole, damaged) : text,
      )
      const session = await open(t, throughPort(database.url, proxy))
      const error = await failure(session.query('select 1 as found'), 'CONNECTION_LOST')
      assert.match(error.message, said)
      await failure(session.query('select 1'), 'CONNECTION_LOST')
    })
  }

  test('is given up five seconds after the signal when the server has fallen silent', async (t) => {
    const database = await testDatabase(t)
    const port = localPort(database.url)
    if (port === null) return t.skip('the server is not on this machine')
    let freeze = (): void => {}
    const proxy = await fakeServer(t, (client) => {
      const server = connect({ host: '127.0.0.1', port })
      server.on('error', () => client.destroy())
      client.pipe(server)
      server.pipe(client)
      client.on('close', () => server.destroy())
      const before = freeze
      freeze = () => {
        before()
        server.unpipe(client).pause()
        client.unpipe(server).pause()
      }
    })
    const controller = new AbortController()
    const { signal } = controller
    const session = await open(t, throughPort(database.url, proxy.port), { signal })
    freeze()
    const running = failure(session.query('select 1'), 'ABORTED')
    const stopped = performance.now()
    controller.abort(new Error('the caller has waited long enough'))
    const error = await running
    assert.ok(performance.now() - stopped > 4_900)
    assert.match(error.message, /did not answer within 5 s, so the connection was given up/)
    assert.equal(error.cause, signal.reason)
    assert.ok(session.isLost)
    await failure(session.query('select 1'), 'ABORTED')
  })

  test('is not given up while answers come, whatever the signal says', async (t) => {
    const controller = new AbortController()
    const session = await open(t, undefined, { signal: controller.signal })
    controller.abort()
    await session.query('select pg_sleep(0.1)')
    await delay(5_200)
    assert.deepEqual(await session.query('select 1 as one'), [{ one: 1 }])
  })

  test('is what a closed session has', async (t) => {
    const session = await open(t)
    await session.close()
    assert.ok(session.isLost)
    const error = await failure(session.query('select 1'), 'CONNECTION_LOST')
    assert.match(error.message, /it was closed here/)
  })

  test('close() waits until the server has released the locks of the session', async (t) => {
    const { url, sql } = await testDatabase(t)
    for (let round = 0; round < 10; round++) {
      const session = await open(t, url)
      await session.query('select pg_advisory_lock(7)')
      await session.close()
      const [row] = await sql`select pg_try_advisory_lock(7) as free, pg_advisory_unlock(7)`
      assert.equal(row?.['free'], true)
    }
  })
})

describe('a process with a session', () => {
  const script = fileURLToPath(new URL('session-process.ts', import.meta.url))

  async function runProcess(scenario: string, url: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', script, scenario, url],
        { timeout: 30_000 },
        (error, stdout, stderr) => {
          if (error !== null) reject(new Error(`${error.message}\n${stdout}\n${stderr}`))
          else resolve(stdout.trim().split('\n'))
        },
      )
    })
  }

  const lost = ['CONNECTION_LOST 57P01', 'CONNECTION_LOST 57P01', 'done']
  const scenarios: readonly (readonly [string, readonly string[]])[] = [
    [
      'query and close',
      [
        '[{"one":1}]',
        '[{"two":2}]',
        '{"completed":1,"commandTags":["SELECT 1"],"lastRows":[{"?column?":3}],"transactionStatus":"idle"}',
        'done',
      ],
    ],
    ['killed while running', ['CONNECTION_LOST 57P01', ...lost]],
    ['killed while idle', lost],
    ['killed in a transaction', lost],
    ['killed while copying', ['CONNECTION_LOST 57P01', ...lost]],
    ['closed while running', ['CONNECTION_LOST', 'CONNECTION_LOST', 'CONNECTION_LOST', 'done']],
    ['not closed', ['done']],
  ]
  for (const [scenario, expected] of scenarios) {
    test(`ends by itself, with nothing thrown outside a promise: ${scenario}`, async (t) => {
      const { url } = await testDatabase(t)
      assert.deepEqual(await runProcess(scenario, url), expected)
    })
  }

  test('ends by itself when nobody listens', async () => {
    assert.deepEqual(await runProcess('refused', `postgres://127.0.0.1:${await closedPort()}/app`), [
      'CONNECTION_FAILED',
      'done',
    ])
  })
})
