import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { openSession } from '../../lib/run/session.js'
import { fakeServer, frame } from './fake-server.js'
import { failure } from './open-session.js'
import { targetOf } from './private-server.js'

describe('a server that asks for strange proofs', () => {
  async function refusal(t: TestContext, answers: readonly Buffer[]): Promise<SchemawayError> {
    const { port } = await fakeServer(t, (socket) => {
      let count = 0
      socket.on('data', () => {
        const answer = answers[count++]
        if (answer === undefined) socket.end()
        else socket.write(answer)
      })
    })
    return failure(openSession(targetOf(`postgres://ann:SECRET@127.0.0.1:${port}/app?sslmode=disable`)))
  }

  const authentication = (kind: number, text = '') => {
    const number = Buffer.alloc(4)
    number.writeInt32BE(kind)
    return frame('R', Buffer.concat([number, Buffer.from(text)]))
  }

  test('is refused by name, instead of being waited for', async (t) => {
    assert.match((await refusal(t, [authentication(7)])).message, /GSSAPI authentication, not for a password/)
    assert.match((await refusal(t, [authentication(99)])).message, /method 99 authentication/)
    assert.match((await refusal(t, [authentication(10, 'OAUTHBEARER\0\0')])).message, /only accepts OAUTHBEARER/)
  })

  test('and breaks the rules of SCRAM is refused, without harm to this process', async (t) => {
    const scram = authentication(10, 'SCRAM-SHA-256\0\0')
    for (const challenge of [
      '',
      'x',
      'r=abc',
      'r=abc,s=c2FsdA==',
      'r=abc,s=c2FsdA==,i=0',
      'r=abc,s=c2FsdA==,i=4000000000',
    ]) {
      assert.match((await refusal(t, [scram, authentication(11, challenge)])).message, /broke the rules of SCRAM/)
    }
  })

  test('but does not know the password itself is not believed', async (t) => {
    const error = await refusal(t, [
      authentication(10, 'SCRAM-SHA-256\0\0'),
      authentication(11, 'r=abc,s=c2FsdA==,i=4096'),
      Buffer.concat([authentication(12, 'v=AAAA'), authentication(0), frame('Z', 'I')]),
    ])
    assert.match(error.message, /could not prove that it knows the password/)
  })

  test('or speaks another protocol is told apart', async (t) => {
    assert.match(
      (await refusal(t, [Buffer.from([0x52, 0, 0, 0, 1])])).message,
      /impossible length.*PostgreSQL server\?/,
    )
    assert.match((await refusal(t, [])).message, /closed the connection during the login|ECONNRESET/)
  })
})
