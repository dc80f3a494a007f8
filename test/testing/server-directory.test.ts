import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { createServerDirectory, removeDeadServerDirectories } from '../../lib/testing/server-directory.js'
import { chooseServerUser } from '../../lib/testing/server-user.js'

const user = chooseServerUser()

function makeOld(directory: string): void {
  const anHourAgo = Date.now() / 1000 - 60 * 60
  utimesSync(directory, anHourAgo, anHourAgo)
}

test('a directory is private to the user of the server and short enough for a socket', (t) => {
  const directory = createServerDirectory(user)
  t.after(() => rmSync(directory, { recursive: true }))
  const { mode, uid } = statSync(directory)
  assert.equal(mode & 0o777, 0o700)
  assert.equal(uid, user?.uid ?? process.getuid?.())
  assert.ok(Buffer.byteLength(join(directory, '.s.PGSQL.65535.lock')) <= 103)
})

test('an old directory that nobody listens in is removed', async () => {
  const directory = createServerDirectory(user)
  writeFileSync(join(directory, '.s.PGSQL.5432'), 'no socket any more')
  makeOld(directory)
  await removeDeadServerDirectories(user)
  assert.equal(existsSync(directory), false)
})

test('a young directory stays: its server may be about to start', async (t) => {
  const directory = createServerDirectory(user)
  t.after(() => rmSync(directory, { recursive: true }))
  await removeDeadServerDirectories(user)
  assert.ok(existsSync(directory))
})

test('an old directory stays while somebody listens in it', async (t) => {
  const directory = createServerDirectory(user)
  const server = createServer().listen(join(directory, '.s.PGSQL.5432'))
  t.after(() => {
    server.close()
    rmSync(directory, { recursive: true })
  })
  await once(server, 'listening')
  makeOld(directory)
  await removeDeadServerDirectories(user)
  assert.ok(existsSync(directory))
})

test('directories of other names stay', async (t) => {
  const sibling = createServerDirectory(user)
  const directory = mkdtempSync(join(dirname(sibling), 'schemaway-other-'))
  t.after(() => {
    for (const path of [sibling, directory]) rmSync(path, { recursive: true })
  })
  if (user !== null) chownSync(directory, user.uid, user.gid)
  makeOld(directory)
  await removeDeadServerDirectories(user)
  assert.ok(existsSync(directory))
})
