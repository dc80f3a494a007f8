import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { freezingProxy } from './freezing-proxy.js'
import { failure, open } from './open-session.js'

/** Milliseconds that the server may be silent, and all that ends behind it. */
const bound = 5_000
const littleMore = 4_000
const notHere = 'the server is not on this machine'

// All of them wait.
describe('a server that has fallen silent and a caller who gives up', { concurrency: true }, () => {
  test('what comes behind the message that was given up does not wait for the request to cancel it', async (t) => {
    const { url } = await testDatabase(t)
    const proxy = await freezingProxy(t, url)
    if (proxy === null) return t.skip(notHere)
    const controller = new AbortController()
    const session = await open(t, proxy.url, { signal: controller.signal })
    const running = failure(session.query('select pg_sleep(600)'), 'ABORTED')
    await delay(50)
    proxy.freeze()
    controller.abort()
    const cancelling = failure(session.cancel())
    await running
    const givenUp = performance.now()
    await failure(session.query('select 1'), 'ABORTED')
    await session.close()
    await cancelling
    // The request to cancel alone would wait for ten seconds.
    const took = performance.now() - givenUp
    assert.ok(took < littleMore, `${took} ms`)
    await waitUntil('the request to cancel holds no connection', async () => proxy.open === 0)
  })

  test('a message that begins when the silence has lasted long is not given all of the time once more', async (t) => {
    const { url } = await testDatabase(t)
    const proxy = await freezingProxy(t, url)
    if (proxy === null) return t.skip(notHere)
    const controller = new AbortController()
    const session = await open(t, proxy.url, { signal: controller.signal })
    proxy.freeze()
    controller.abort()
    await delay(4_500)
    const started = performance.now()
    await failure(session.query('select 1'), 'ABORTED')
    const took = performance.now() - started
    assert.ok(took > 900 && took < littleMore, `${took} ms`)
  })

  const stages = [
    ['while a statement runs', 'pg_sleep(600)', { 'V1__sleep.sql': 'SELECT pg_sleep(600);' }],
    [
      'while a statement outside a transaction runs',
      'pg_sleep(600)',
      { 'V1__sleep.sql': '-- schemaway: transaction=none\nSELECT pg_sleep(600);' },
    ],
    ['while the lock is tested with a second session', 'pg_try_advisory_lock', { 'V1__a.sql': 'SELECT 1;' }],
    ['while a statement waits for another session, which is looked for', 'pg_blocking_pids', null],
  ] as const
  for (const [stage, words, scripts] of stages) {
    test(`the whole run ends in time: ${stage}`, async (t) => {
      const { url, sql } = await testDatabase(t)
      const proxy = await freezingProxy(t, url, words)
      if (proxy === null) return t.skip(notHere)
      const { directory: locations } = writeScripts(t, scripts ?? { 'V1__wait.sql': 'ALTER TABLE held ADD b integer;' })
      if (scripts === null) {
        await sql`CREATE TABLE held (a integer)`
        const holder = await open(t, url)
        await holder.send('BEGIN; LOCK TABLE held')
      }
      const controller = new AbortController()
      const { signal } = controller
      const options = { url: proxy.url, locations, signal, baselineOnMigrate: true, baselineVersion: '0' }
      const running = expectError('ABORTED', migrate(options))
      await proxy.frozen
      await delay(100)
      const stopped = performance.now()
      controller.abort()
      const error = await running
      const took = performance.now() - stopped
      assert.ok(took < bound + littleMore, `${took} ms`)
      assert.match(error.message, /by its AbortSignal/)
      await waitUntil('it holds no connection', async () => proxy.open === 0)
    })
  }

  test('where that was the deadline of its `signal`, the error says so', async (t) => {
    const { url } = await testDatabase(t)
    const proxy = await freezingProxy(t, url, 'pg_sleep(600)')
    if (proxy === null) return t.skip(notHere)
    const { directory: locations } = writeScripts(t, { 'V1__sleep.sql': 'SELECT pg_sleep(600);' })
    const controller = new AbortController()
    const running = expectError('ABORTED', migrate({ url: proxy.url, locations, signal: controller.signal }))
    await proxy.frozen
    // As AbortSignal.timeout() gives it, which cannot wait for that.
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
    const error = await running
    assert.match(
      error.message,
      /^The run was stopped by its AbortSignal \(option `signal`, whose deadline had passed\), and .* did not answer/,
    )
  })
})
