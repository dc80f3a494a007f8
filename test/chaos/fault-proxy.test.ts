import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProxyFault, startFaultProxy } from './fault-proxy.js'
import { FrameHeaders } from './frame-headers.js'
import { RowValues } from './row-values.js'

const plain = { direction: 'to-client', atByte: 3, milliseconds: 0, mask: 1, holds: false } as const

/** What a client that sends `abcdef` gets from a server that sends everything back; `end` tells how it ends. */
async function converse(t: TestContext, fault: ProxyFault | null, onCall?: () => Promise<void>) {
  const accepted: Socket[] = []
  const heard: Buffer[] = []
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      heard.push(chunk)
      if (!socket.destroyed) socket.write(chunk)
    })
    socket.on('end', () => socket.end())
  }).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const proxy = await startFaultProxy((echo.address() as AddressInfo).port, fault, onCall)
  const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  const events: string[] = []
  let received = ''
  client.on('data', (chunk) => {
    received += chunk.toString()
  })
  client.on('end', () => events.push('end'))
  client.on('error', (error: NodeJS.ErrnoException) => events.push(error.code ?? 'error'))
  client.on('close', () => events.push('close'))
  t.after(async () => {
    client.destroy()
    await proxy.close()
    for (const socket of accepted) socket.destroy()
    echo.close()
  })
  client.write('abcdef')
  return {
    proxy,
    client,
    events,
    received: () => received,
    accepted,
    heard: () => Buffer.concat(heard).toString(),
    until: async (holds: () => boolean) => {
      for (let waits = 0; !holds(); waits += 1) {
        assert.ok(waits < 1_000, 'it takes too long')
        await sleep(5)
      }
    },
  }
}

test('without a fault everything passes, and is counted', async (t) => {
  const { proxy, received, accepted, until } = await converse(t, null)
  await until(() => received() === 'abcdef')
  assert.deepEqual(proxy.received, { 'to-server': 6, 'to-client': 6 })
  assert.deepEqual(
    proxy.serverPorts,
    accepted.map(({ remotePort }) => remotePort),
  )
  assert.deepEqual([proxy.struckAt, proxy.openConnections], [null, 1])
})

test('a cut passes what stands before its byte, and ends both sides', async (t) => {
  const { proxy, received, events, until } = await converse(t, { ...plain, kind: 'cut' })
  await until(() => events.includes('end') || events.includes('close'))
  assert.equal(received(), 'abc')
  assert.notEqual(proxy.struckAt, null)
})

test('a reset arrives as one', async (t) => {
  const { events, heard, until } = await converse(t, { ...plain, kind: 'reset', direction: 'to-server' })
  await until(() => events.includes('close'))
  assert.deepEqual(events, ['ECONNRESET', 'close'])
  assert.notEqual(heard(), 'abcdef')
})

test('a frozen connection says nothing, in neither direction, and does not end', async (t) => {
  const { client, received, events, heard, until, proxy } = await converse(t, { ...plain, kind: 'freeze' })
  await until(() => proxy.struckAt !== null)
  client.write('more')
  await sleep(50)
  assert.deepEqual([received(), heard(), events], ['abc', 'abcdef', []])
})

test('a delay keeps the rest back, and loses nothing', async (t) => {
  const { received, until, proxy } = await converse(t, { ...plain, kind: 'delay', milliseconds: 60 })
  await until(() => received() === 'abcdef')
  assert.ok(performance.now() - (proxy.struckAt ?? 0) >= 55)
})

test('a half-closed connection still speaks in the other direction', async (t) => {
  const { client, received, events, heard, until } = await converse(t, { ...plain, kind: 'half-close' })
  await until(() => events.includes('end'))
  client.write('more')
  await until(() => heard() === 'abcdefmore')
  assert.equal(received(), 'abc')
})

test('one byte is corrupted on the way to the client', async (t) => {
  const { received, until } = await converse(t, { ...plain, kind: 'corrupt' })
  await until(() => received().length === 6)
  assert.equal(received(), 'abceef')
})

test('on the way to the server the next byte of a header is corrupted, and no other', () => {
  const headers = new FrameHeaders()
  const startUp = Buffer.from([0, 0, 0, 10, 0, 3, 0, 0, 97, 0])
  const tls = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
  const query = Buffer.from([0x51, 0, 0, 0, 8, 120, 121, 122, 0])
  assert.deepEqual(headers.read(tls), [0, 1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual(headers.read(startUp), [0, 1, 2, 3, 4, 5, 6, 7])
  // Frames do not care how they are cut into chunks.
  assert.deepEqual(headers.read(query.subarray(0, 3)), [0, 1, 2])
  assert.deepEqual(headers.read(query.subarray(3)), [0, 1])
  assert.deepEqual(headers.read(Buffer.concat([query, query])), [0, 1, 2, 3, 4, 9, 10, 11, 12, 13])
})

test('of rows that a program reads the values are not corrupted, but all around them is', () => {
  const values = new RowValues('FROM read.by_program')
  const message = (type: string, body: readonly number[]): number[] => {
    return [type.charCodeAt(0), 0, 0, 0, body.length + 4, ...body]
  }
  const query = (type: string, text: string): Buffer =>
    Buffer.from([type.charCodeAt(0), 0, 0, 0, 9, ...Buffer.from(text)])
  const row = message('D', [0, 3, 0, 0, 0, 2, 65, 66, 255, 255, 255, 255, 0, 0, 0, 1, 67])
  const rest = [...message('C', [83, 0]), ...message('Z', [73])]
  const spared = (chunk: readonly number[]): readonly number[] =>
    values.read(Buffer.from(chunk)).flatMap((one, index) => (one ? [index] : []))
  // The answer to a request for TLS, and behind it the first message.
  assert.deepEqual(spared([...Buffer.from('N'), ...message('R', [0, 0, 0, 0])]), [])
  values.hear(query('Q', 'SELECT x FROM other'))
  assert.deepEqual(spared([...row, ...rest]), [])
  values.hear(query('Q', 'SELECT x FROM read.by_program'))
  assert.deepEqual(spared([...row, ...rest]), [11, 12, 21])
  assert.deepEqual(spared([...row, ...row]), [11, 12, 21, 33, 34, 43])
  // However it is cut into chunks.
  assert.deepEqual(
    [...row, ...rest].flatMap((byte, index) => (spared([byte]).length > 0 ? [index] : [])),
    [11, 12, 21],
  )
  values.hear(query('P', 'SELECT x FROM read.by_program WHERE id = $1'))
  values.hear(query('B', 'parameters'))
  assert.deepEqual(spared(row), [11, 12, 21])
  values.hear(query('P', 'SELECT x FROM other'))
  values.hear(query('B', 'parameters'))
  assert.deepEqual(spared(row), [])
})

test('a call holds the byte until it is done, where it is to', async (t) => {
  let finish = (): void => {}
  const called = new Promise<void>((resolve) => {
    finish = resolve
  })
  const { received, until, proxy } = await converse(t, { ...plain, kind: 'call', holds: true }, () => called)
  await until(() => proxy.struckAt !== null && received() === 'abc')
  await sleep(20)
  assert.equal(received(), 'abc')
  finish()
  await until(() => received() === 'abcdef')
})
