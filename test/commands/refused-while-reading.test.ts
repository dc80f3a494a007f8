import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

test('a connection that is refused while the files are still being read fails the call and nothing else', async (t) => {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  // What reads callbacks, programs and configurations is loaded one after the other, which takes longer than being refused.
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'SELECT 1;',
    'V1__a.sql.conf': 'executeInTransaction=true',
    'V2__b.ts': 'export async function up() {}',
    'beforeMigrate.sql': 'SELECT 1;',
  })
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  t.after(() => process.off('unhandledRejection', note))
  const url = `postgres://nobody@127.0.0.1:${port}/none`
  await expectError('CONNECTION_FAILED', migrate({ url, locations: directory, connectRetries: 0, ignore: ['x'] }))
  assert.deepEqual(unhandled, [])
})
