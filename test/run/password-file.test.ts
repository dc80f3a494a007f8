import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { lookUpPassword } from '../../lib/run/password-file.js'
import { openSession } from '../../lib/run/session.js'
import { privateServer, targetOf } from './private-server.js'

const directory = mkdtempSync(join(tmpdir(), 'schemaway-pgpass-'))
after(() => rmSync(directory, { recursive: true }))

function write(lines: readonly string[], mode = 0o600): string {
  const file = join(directory, 'pgpass')
  rmSync(file, { force: true })
  writeFileSync(file, lines.join('\n'), { mode })
  chmodSync(file, mode)
  return file
}

const address = { kind: 'tcp', host: 'db', port: 5432 } as const
const login = { database: 'app', user: 'ann' }

describe('lookUpPassword', () => {
  test('takes the first line that matches', () => {
    const file = write([
      '# db:5432:app:ann:comment',
      'other:*:*:*:1',
      'db:5433:*:*:2',
      'db:*:app:ann:three',
      '*:*:*:*:4',
    ])
    assert.equal(lookUpPassword(file, address, login), 'three')
    assert.equal(lookUpPassword(file, { ...address, port: 5433 }, login), '2')
    assert.equal(lookUpPassword(file, address, { ...login, user: 'bob' }), '4')
  })

  test('understands backslashes and colons', () => {
    const file = write(['\\:\\:1:5432:a\\\\b:*:p\\:w\\\\d', 'db:5432:\\*:*:star'])
    assert.equal(lookUpPassword(file, { ...address, host: '::1' }, { ...login, database: 'a\\b' }), 'p:w\\d')
    assert.equal(lookUpPassword(file, address, { ...login, database: '*' }), 'star')
    assert.equal(lookUpPassword(file, address, login), null)
  })

  test('finds a Unix socket by its directory and as localhost', () => {
    const socket = { kind: 'socket', path: '/run/pg/.s.PGSQL.5432', port: 5432 } as const
    assert.equal(lookUpPassword(write(['/run/pg:5432:*:*:1']), socket, login), '1')
    assert.equal(lookUpPassword(write(['localhost:5432:*:*:2']), socket, login), '2')
  })

  test('ignores a file that others may read, and one that is missing', (t) => {
    assert.equal(lookUpPassword(join(directory, 'missing'), address, login), null)
    if (process.platform === 'win32') return t.skip('Windows has no such modes')
    assert.equal(lookUpPassword(write(['*:*:*:*:x'], 0o644), address, login), null)
  })

  test('gives a login the password that the URL lacks', async (t) => {
    const place = await privateServer(t, 'plain')
    if (place === null) return
    const file = write([`127.0.0.1:${place.port}:postgres:postgres:${place.password}`])
    const session = await openSession(
      targetOf(`postgres://postgres@127.0.0.1:${place.port}/postgres`, { PGPASSFILE: file }),
    )
    await session.close()
  })
})
