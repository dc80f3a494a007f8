import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { startEmbeddedServer } from '../../lib/testing/embedded-server.js'
import { catchError } from './thrown-error.js'

async function takePort(): Promise<{ port: number; free: () => Promise<unknown> }> {
  const taker = createServer().listen(0, '127.0.0.1')
  await once(taker, 'listening')
  const address = taker.address()
  assert.ok(address !== null && typeof address === 'object')
  const free = async (): Promise<unknown> => await new Promise((resolve) => taker.close(resolve))
  return { port: address.port, free }
}

test('a port that somebody took in the meantime is given up for another', async () => {
  const taken = await takePort()
  const next = await takePort()
  await next.free()
  const ports = [taken.port, next.port]
  const server = await startEmbeddedServer({}, async () => ports.shift() ?? assert.fail('asked too often'))
  assert.equal(server.port, next.port)
  await server.stop()
  await taken.free()
})

test('when every port is taken the start fails in the end', async () => {
  const taken = await takePort()
  let questions = 0
  const error = await catchError(
    async () =>
      await startEmbeddedServer({}, async () => {
        questions += 1
        return taken.port
      }),
  )
  assert.equal(error.code, 'CONNECTION_FAILED')
  assert.equal(questions, 5)
  await taken.free()
})
