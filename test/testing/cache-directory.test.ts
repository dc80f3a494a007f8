import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { chooseCacheDirectory, publishOnce } from '../../lib/testing/cache-directory.js'
import { chooseServerUser } from '../../lib/testing/server-user.js'
import { holdServer, waitUntilGone } from './held-server.js'
import { makeScratchDirectory } from './scratch-directory.js'
import { catchError } from './thrown-error.js'

const user = chooseServerUser()

test('SCHEMAWAY_CACHE is made when it does not exist, readable for the server whatever the umask', (t) => {
  const cache = join(makeScratchDirectory(t), 'below', 'a cache')
  const umask = process.umask(0o077)
  try {
    assert.equal(chooseCacheDirectory(user, { SCHEMAWAY_CACHE: cache }), cache)
  } finally {
    process.umask(umask)
  }
  for (const directory of [cache, dirname(cache)]) assert.equal(statSync(directory).mode & 0o777, 0o755)
})

test('a SCHEMAWAY_CACHE that is a file is refused by name', async (t) => {
  const file = join(makeScratchDirectory(t), 'file')
  writeFileSync(file, '')
  const error = await catchError(() => chooseCacheDirectory(user, { SCHEMAWAY_CACHE: file }))
  assert.equal(error.code, 'CONNECTION_FAILED')
  assert.equal(error.details.directory, file)
  assert.match(error.message, /SCHEMAWAY_CACHE/)
})

test('a SCHEMAWAY_CACHE that the user of the server cannot reach is refused', async (t) => {
  const closed = join(makeScratchDirectory(t), 'closed')
  mkdirSync(closed, { mode: 0o700 })
  const stranger = { name: 'stranger', uid: 12345, gid: 12345 }
  const error = await catchError(() => chooseCacheDirectory(stranger, { SCHEMAWAY_CACHE: join(closed, 'cache') }))
  assert.match(error.message, /"stranger" cannot read it/)
})

test('without root the cache lies in XDG_CACHE_HOME, unless that is relative', (t) => {
  const base = makeScratchDirectory(t)
  assert.equal(chooseCacheDirectory(null, { XDG_CACHE_HOME: base }), join(base, 'schemaway'))
  assert.ok(!chooseCacheDirectory(null, { XDG_CACHE_HOME: 'relative' }).startsWith('relative'))
})

test('an entry is built once, and builders at the same time agree on one', async (t) => {
  const cache = makeScratchDirectory(t)
  let builds = 0
  const publish = async (): Promise<string> =>
    await publishOnce(cache, 'entry', async (directory) => {
      builds += 1
      writeFileSync(join(directory, 'number'), String(builds))
      await delay(5)
    })
  const paths = await Promise.all(Array.from({ length: 5 }, publish))
  assert.deepEqual(new Set(paths), new Set([join(cache, 'entry')]))
  assert.equal(builds, 5)
  const content = readFileSync(join(cache, 'entry', 'number'), 'utf8')
  await publish()
  assert.equal(builds, 5)
  assert.equal(readFileSync(join(cache, 'entry', 'number'), 'utf8'), content)
  assert.deepEqual(readdirSync(cache), ['entry'])
})

test('a build that fails leaves nothing and can be tried again', async (t) => {
  const cache = makeScratchDirectory(t)
  const failing = publishOnce(cache, 'entry', () => {
    throw new Error('disk full')
  })
  await assert.rejects(failing, { message: 'disk full' })
  assert.deepEqual(readdirSync(cache), [])
  await publishOnce(cache, 'entry', () => {})
  assert.deepEqual(readdirSync(cache), ['entry'])
})

test('what a killed builder left is removed after an hour', async (t) => {
  const cache = makeScratchDirectory(t)
  const [old, young] = [join(cache, '.building-old'), join(cache, '.building-young')]
  for (const directory of [old, young]) mkdirSync(directory)
  const twoHoursAgo = Date.now() / 1000 - 2 * 60 * 60
  utimesSync(old, twoHoursAgo, twoHoursAgo)
  await publishOnce(cache, 'entry', () => {})
  assert.equal(existsSync(old), false)
  assert.equal(existsSync(young), true)
})

test('eight processes fill a cold cache at once, and each gets its server', async (t) => {
  const cache = join(makeScratchDirectory(t), 'cache')
  const environment = { SCHEMAWAY_CACHE: cache, SCHEMAWAY_POSTGRES_BINARIES: '' }
  const holders = await Promise.all(Array.from({ length: 8 }, async () => await holdServer('wait', { environment })))
  assert.equal(new Set(holders.map(({ server }) => server.url)).size, 8)
  for (const { child } of holders) child.kill('SIGKILL')
  await Promise.all(holders.map(async ({ server }) => await waitUntilGone(server)))
  const kinds = readdirSync(cache).map((name) => name.split('-')[0])
  assert.deepEqual(kinds.sort(), ['binaries', 'cluster'])
})
