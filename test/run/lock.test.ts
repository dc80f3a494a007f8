import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { type MigrationEvent, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { startQueryProxy } from '../chaos/query-proxy.js'
import { holdLock } from '../support/hold-lock.js'
import { writeScripts } from '../support/write-scripts.js'
import { localPort, throughPort } from './fake-server.js'

const strategies = ['session', 'transaction', 'table'] as const
/** Milliseconds between two reports of one wait, as the documentation has it. */
const interval = 5_000
const reports = 3

/** Makes time pass faster for whoever looks at the clock; timers go on as they are. */
function hurryClock(t: TestContext, times: number): void {
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() * times)
}

for (const lockStrategy of strategies) {
  test(`a long wait by '${lockStrategy}' is told again every five seconds, with who holds the lock, and so is its end`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const stop = await holdLock(t, sql, { url, lockStrategy, applicationName: 'the-other' })
    const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id integer);' })
    const waits: (MigrationEvent & { type: 'waitingForLock' })[] = []
    const ends: (MigrationEvent & { type: 'locked' })[] = []
    let hasEnough = (): void => {}
    const enough = new Promise<void>((resolve) => {
      hasEnough = resolve
    })
    const onEvent = (event: MigrationEvent): void => {
      if (event.type === 'waitingForLock') waits.push(event)
      if (event.type === 'locked') ends.push(event)
      if (waits.length === reports) hasEnough()
    }
    hurryClock(t, 20)
    const waiting = migrate({ url, locations, lockStrategy, onEvent })
    await Promise.race([enough, waiting])
    assert.deepEqual([waits.length, ends.length], [reports, 0])
    await stop()
    assert.equal((await waiting).migrations.length, 1)
    t.mock.restoreAll()

    for (const [index, { waitedMilliseconds, holder }] of waits.entries()) {
      assert.match(holder?.applicationName ?? '', /the-other/)
      const before = waits[index - 1]?.waitedMilliseconds
      if (before !== undefined)
        assert.ok(waitedMilliseconds - before >= interval - 1, `${before}, ${waitedMilliseconds}`)
    }
    const [end] = ends
    assert.equal(end?.strategy, lockStrategy)
    assert.ok((end?.waitedMilliseconds ?? 0) >= (waits.at(-1)?.waitedMilliseconds ?? Infinity))
  })
}

test('whoever waits goes on waiting when it cannot be asked who holds the lock', async (t) => {
  const { url, sql } = await testDatabase(t)
  const port = localPort(url)
  if (port === null) return t.skip('the server is not on this machine')
  const proxy = await startQueryProxy(port)
  t.after(() => proxy.close())
  proxy.listen({ replace: (_, text) => (text.includes("'holds', 'advisory lock'") ? 'SELECT 1 / 0' : text) })
  const stop = await holdLock(t, sql, { url })
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id integer);' })
  let tellHolder = (_: unknown): void => {}
  const told = new Promise((resolve) => {
    tellHolder = resolve
  })
  const onEvent = (event: MigrationEvent): void => {
    if (event.type === 'waitingForLock') tellHolder(event.holder)
  }
  const waiting = migrate({ url: `${throughPort(url, proxy.port)}?sslmode=disable`, locations, onEvent })
  assert.equal(await Promise.race([told, waiting]), null)
  await stop()
  assert.equal((await waiting).migrations.length, 1)
})
