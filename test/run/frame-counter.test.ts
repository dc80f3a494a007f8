import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FrameCounter } from '../../lib/run/frame-counter.js'
import { frame } from './fake-server.js'

function counter() {
  const events: string[] = []
  const frames = new FrameCounter({
    onAuthentication: (kind, body) => events.push(`authentication ${kind} ${body.toString()}`),
    onNotice: (fields) => events.push(`notice ${fields.get('M')}`),
    onCopy: () => events.push('copy'),
    onReady: () => events.push('ready'),
  })
  return { frames, events }
}

describe('FrameCounter', () => {
  test('keeps what the driver does not tell', () => {
    const { frames, events } = counter()
    const key = Buffer.from([0xf0, 0, 0, 1, 9, 8, 7, 6])
    frames.read(
      Buffer.concat([
        frame('R', Buffer.from([0, 0, 0, 12, 0x76, 0x3d])),
        frame('S', 'server_version\x0018.1\0'),
        frame('K', key),
        frame('N', 'SWARNING\0Mcareful\0\0'),
        frame('Z', 'I'),
      ]),
    )
    assert.deepEqual(events, ['authentication 12 v=', 'notice careful', 'ready'])
    assert.equal(frames.parameters.get('server_version'), '18.1')
    assert.equal(frames.backendPid, 0xf0000001)
    assert.deepEqual([...frames.secret], [9, 8, 7, 6])
  })

  test('takes keys of any length, as protocol 3.2 has them', () => {
    const { frames } = counter()
    frames.read(frame('K', Buffer.alloc(36, 1)))
    assert.equal(frames.secret.length, 32)
  })

  test('counts the statements of one message only', () => {
    const { frames } = counter()
    frames.read(Buffer.concat([frame('C', 'BEGIN\0'), frame('C', 'INSERT 0 5\0'), frame('Z', 'T')]))
    assert.deepEqual(frames.commandTags, ['BEGIN', 'INSERT 0 5'])
    assert.equal(frames.transactionStatus, 'open')
    frames.startMessage()
    frames.read(Buffer.concat([frame('E', 'VERROR\0C42601\0\0'), frame('Z', 'E')]))
    assert.deepEqual(frames.commandTags, [])
    assert.equal(frames.error?.get('C'), '42601')
    assert.equal(frames.farewell, null)
    assert.equal(frames.transactionStatus, 'failed')
    frames.startMessage()
    frames.read(frame('Z', 'I'))
    assert.equal(frames.error, null)
    assert.equal(frames.transactionStatus, 'idle')
  })

  test('remembers the words with which the server ends the session', () => {
    const { frames } = counter()
    frames.read(frame('E', 'SFATAL\0C57P01\0Mgoodbye\0\0'))
    frames.startMessage()
    assert.equal(frames.farewell?.get('M'), 'goodbye')
  })

  test('keeps an error for which the message failed when the session ends right behind it', () => {
    const { frames } = counter()
    frames.startMessage()
    frames.read(Buffer.concat([frame('E', 'SERROR\0C22012\0\0'), frame('Z', 'I'), frame('E', 'SFATAL\0C57P01\0\0')]))
    assert.equal(frames.error?.get('C'), '22012')
    assert.equal(frames.farewell?.get('C'), '57P01')
  })

  test('stops behind the frame that begins a COPY', () => {
    for (const type of ['G', 'H']) {
      const { frames, events } = counter()
      const first = Buffer.concat([frame('C', 'BEGIN\0'), frame(type, '\0\0\x01\0\0')])
      const chunk = Buffer.concat([first, frame('Z', 'T')])
      assert.equal(frames.read(chunk), first.length)
      assert.deepEqual(events, ['copy'])
      assert.equal(frames.read(chunk.subarray(first.length)), 6)
      assert.deepEqual(events, ['copy', 'ready'])
    }
  })

  test('refuses what cannot be a frame', () => {
    for (const length of [0, 1, 3, -1, -2147483648]) {
      const { frames } = counter()
      const bytes = frame('C')
      bytes.writeInt32BE(length, 1)
      assert.throws(() => frames.read(bytes), /impossible length/)
    }
    assert.throws(() => counter().frames.read(frame('K', 'abc')))
  })

  test('refuses every type of message that PostgreSQL does not have, which the driver would pass over', () => {
    const known = new Set('123ACDEGHIKNRSTVWZcdnstv')
    for (let type = 0; type < 256; type += 1) {
      if (known.has(String.fromCharCode(type))) continue
      // Its body is not waited for.
      const header = frame(' ', 'body').subarray(0, 5)
      header[0] = type
      assert.throws(() => counter().frames.read(header), new RegExp(`unknown type ${type}$`))
    }
    for (const type of 'AVWdtv') {
      const { frames } = counter()
      frames.read(frame(type, 'any'))
      assert.ok(frames.isBetweenFrames)
    }
  })

  test('refuses a body where there is never one', () => {
    for (const type of '123Icns') {
      const { frames } = counter()
      frames.read(frame(type))
      assert.ok(frames.isBetweenFrames)
      assert.throws(() => frames.read(frame(type, 'x').subarray(0, 5)), /impossible length/)
    }
  })

  test('refuses a state of the transaction that there is not, instead of taking it for none', () => {
    for (const body of ['', 'D', 'i', '\0', 'II']) {
      const { frames, events } = counter()
      frames.read(frame('Z', 'T'))
      assert.throws(() => frames.read(frame('Z', body)), /the state of the transaction in a form that cannot be read/)
      assert.equal(frames.transactionStatus, 'open')
      assert.deepEqual(events, ['ready'])
    }
  })

  test('refuses columns that do not end where they have to, in which the driver would look for a NUL for ever', () => {
    const columns = ['id', 'e-mail', ''].flatMap((name) => [Buffer.from(`${name}\0`), Buffer.alloc(18, 1)])
    const body = Buffer.concat([Buffer.from([0, 3]), ...columns])
    counter().frames.read(frame('T', body))
    counter().frames.read(frame('T', Buffer.from([0, 0])))
    const damaged = [
      Buffer.alloc(0),
      Buffer.from([0]),
      body.subarray(0, -1),
      Buffer.concat([body, Buffer.from([0])]),
      ...[0, 2, 4, 0x45].map((count) => Buffer.concat([Buffer.from([0, count]), body.subarray(2)])),
      Buffer.concat([Buffer.from([0x45, 3]), body.subarray(2)]),
      Buffer.from(body).fill(7, 4, 5),
    ]
    for (const one of damaged) {
      assert.throws(
        () => counter().frames.read(frame('T', one)),
        /the columns of a result in a form that cannot be read/,
      )
    }
  })

  test('understands the same however the stream is cut into pieces', () => {
    const anyFrame = fc.oneof(
      fc.string({ maxLength: 20 }).map((tag) => frame('C', `${tag.replaceAll('\0', '')}\0`)),
      fc.uint8Array({ maxLength: 200 }).map((row) => frame('D', row)),
      fc.string({ maxLength: 9 }).map((text) => frame('N', `SNOTICE\0M${text.replaceAll('\0', '')}\0\0`)),
      fc.string({ maxLength: 9 }).map((text) => frame('E', `SERROR\0M${text.replaceAll('\0', '')}\0\0`)),
      fc.constant(frame('T', Buffer.concat([Buffer.from([0, 1]), Buffer.from('id\0'), Buffer.alloc(18)]))),
      fc.constantFrom('I', 'T', 'E').map((status) => frame('Z', status)),
      fc.constant(frame('1')),
    )
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(anyFrame), cuts, (list, lengths) => {
        const stream = Buffer.concat(list)
        const whole = counter()
        assert.equal(whole.frames.read(stream), stream.length)
        const pieces = counter()
        for (let start = 0, index = 0; start < stream.length; index++) {
          const end = start + (lengths[index % lengths.length] ?? 1)
          pieces.frames.read(stream.subarray(start, end))
          start = end
        }
        assert.deepEqual(pieces.events, whole.events)
        assert.deepEqual(pieces.frames.commandTags, whole.frames.commandTags)
        assert.deepEqual(pieces.frames.error, whole.frames.error)
        assert.equal(pieces.frames.transactionStatus, whole.frames.transactionStatus)
        assert.ok(pieces.frames.isBetweenFrames && whole.frames.isBetweenFrames)
        const tags = list.filter((one) => one[0] === 67).length
        assert.equal(whole.frames.commandTags.length, tags)
      }),
    )
  })

  test('reads a long frame in many pieces without copying it again and again', () => {
    const { frames } = counter()
    const text = 'x'.repeat(20_000_000)
    const stream = frame('E', `SERROR\0M${text}\0\0`)
    const started = performance.now()
    for (let start = 0; start < stream.length; start += 1000) frames.read(stream.subarray(start, start + 1000))
    assert.equal(frames.error?.get('M')?.length, text.length)
    // Copying all that came before at each of 20,000 pieces would move 200 GB.
    assert.ok(performance.now() - started < 5_000)
  })
})
