import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { fakeServer, localPort, throughPort } from '../run/fake-server.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

test('a run that is stopped does not wait for a second connection to a server that has fallen silent', async (t) => {
  const { url, sql } = await testDatabase(t)
  const port = localPort(url)
  if (port === null) return t.skip('the server is not on this machine')
  const controller = new AbortController()
  let connections = 0
  const proxy = await fakeServer(t, (client) => {
    connections += 1
    // The run's own connection works until then; of the others nothing is ever heard.
    if (connections > 1) {
      controller.abort()
      return
    }
    const server = connect({ host: '127.0.0.1', port })
    server.on('error', () => client.destroy())
    client.on('close', () => server.destroy())
    client.pipe(server).on('data', (chunk) => {
      if (!controller.signal.aborted) client.write(chunk)
    })
  })
  const folder = writeScripts(t, { 'V1__busy.sql': 'CREATE TABLE busy (id int);' })
  const locations = folder.directory
  await migrate({ url, locations })
  folder.write({ 'V2__note.sql': 'ALTER TABLE busy ADD COLUMN note text;' })
  const blocker = await sql.reserve()
  await blocker`BEGIN`
  await blocker`LOCK TABLE busy`
  try {
    const started = performance.now()
    const options = {
      locations,
      baselineOnMigrate: true,
      baselineVersion: '0',
      lockTimeout: 2_000,
      connectTimeout: 60_000,
    }
    await expectError('ABORTED', migrate({ url: throughPort(url, proxy.port), ...options, signal: controller.signal }))
    assert.ok(connections > 1)
    const milliseconds = performance.now() - started
    assert.ok(milliseconds < 40_000, `${milliseconds} ms, although nobody asked to wait for a connection`)
  } finally {
    await blocker`ROLLBACK`
    blocker.release()
  }
})
