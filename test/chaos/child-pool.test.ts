import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { ChildPool, type ChildReport } from './child-pool.js'

/** What is reported of a process that waits for a server which says nothing, and is sent a signal. */
async function signalled(t: TestContext, isHeard: boolean, signal: NodeJS.Signals): Promise<ChildReport> {
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const pool = new ChildPool()
  t.after(async () => {
    await pool.stop()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const connected = once(silent, 'connection')
  const { port } = silent.address() as AddressInfo
  const working = await pool.work({ scenario: 'empty', url: `postgres://u@127.0.0.1:${port}/d` }, isHeard)
  await connected
  assert.equal(working.kill(signal), true)
  const report = await working.report
  assert.equal(working.kill(signal), false, 'it works no more')
  return report
}

test('a process dies of the signal that it was sent', async (t) => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
    const killed = { outcome: { end: 'killed' }, answers: true, uncaught: [] }
    assert.deepEqual(await signalled(t, false, signal), killed, signal)
  }
})

test('a process that hears a signal ends with a code, and lives on', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { outcome, uncaught } = await signalled(t, true, signal)
    assert.equal(outcome.end === 'refused' && outcome.code, 'ABORTED')
    assert.deepEqual(uncaught, [])
  }
})

test('a process that ends in any other way is not taken for one that was killed', async (t) => {
  const { outcome, uncaught } = await signalled(t, true, 'SIGHUP')
  assert.equal(outcome.end, 'uncoded')
  assert.match(uncaught.join(), /ended by SIGHUP, which nobody had asked for/)
})
