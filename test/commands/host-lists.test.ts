import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { migrate } from '../../lib/index.js'
import { blackHole } from '../run/black-hole.js'
import { closedPort } from '../run/fake-server.js'
import { privateServer } from '../run/private-server.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

/** The system itself would try for two minutes. */
const patience = 60_000

/** A machine that is busy still logs in within that time. */
const connectTimeout = 1_500

/** Hosts that will not do: one where nobody listens, one that is not there, and a standby. */
async function otherHosts(t: TestContext): Promise<Record<'dead' | 'hole' | 'standby', number> | null> {
  const hole = await blackHole(t)
  if (hole === null) {
    t.skip('no port of this system can be made not to answer')
    return null
  }
  const standby = await privateServer(t, 'standby')
  if (standby === null) return null
  return { dead: await closedPort(), hole, standby: standby.port }
}

function urlOf(ports: readonly number[], parameters = ''): string {
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  return `postgres://postgres@${hosts}/template1?sslmode=disable${parameters}`
}

test('migrate() finds the primary behind a host that is dead, one that is black-holed, and a standby', async (t) => {
  const hosts = await otherHosts(t)
  const primary = await privateServer(t, 'plain')
  if (hosts === null || primary === null) return
  const { dead, hole, standby } = hosts
  const { directory: locations } = writeScripts(t, { 'V1__one.sql': 'CREATE TABLE one (id int);' })
  const url = urlOf([dead, hole, standby, primary.port], '&target_session_attrs=read-write')
  const started = performance.now()
  const report = await migrate({ url, locations, connectTimeout })
  const milliseconds = performance.now() - started
  assert.equal(report.currentVersion, '1')
  assert.ok(milliseconds >= connectTimeout - 10 && milliseconds < patience, `it took ${milliseconds} ms`)
})

test('a black-holed host takes no longer than its timeout, which the error names beside the others', async (t) => {
  const hosts = await otherHosts(t)
  if (hosts === null) return
  const { dead, hole, standby } = hosts
  const started = performance.now()
  const error = await expectError(
    'CONNECTION_FAILED',
    migrate({
      url: urlOf([hole, dead, standby], '&target_session_attrs=primary'),
      modules: ['iam'],
      connectTimeout,
      connectRetries: 1,
    }),
  )
  const milliseconds = performance.now() - started
  assert.ok(milliseconds >= 2 * (connectTimeout - 10) && milliseconds < patience, `it took ${milliseconds} ms`)
  assert.match(error.message, new RegExp(`127.0.0.1:${hole}: no answer within 1.5 s`))
  assert.match(error.message, new RegExp(`127.0.0.1:${dead}: connection refused`))
  assert.match(error.message, new RegExp(`127.0.0.1:${standby}: the server is a standby`))
  assert.match(error.message, /Gave up after 2 tries/)
})

test('a deadline ends the attempt while a black-holed host is waited for', async (t) => {
  const hole = await blackHole(t)
  if (hole === null) return t.skip('no port of this system can be made not to answer')
  const started = performance.now()
  const signal = AbortSignal.timeout(300)
  const error = await expectError('ABORTED', migrate({ url: urlOf([hole]), connectTimeout: 600_000, signal }))
  assert.ok(performance.now() - started < patience)
  assert.match(error.message, /was stopped by its AbortSignal \(option `signal`, whose deadline had passed\)/)
})

test('migrate() goes through a Unix socket, with a password that comes later', async (t) => {
  const place = await privateServer(t, 'plain')
  if (place === null || place.server.socketDirectory === null) return
  const { directory: locations } = writeScripts(t, { 'V1__one.sql': 'CREATE TABLE one (id int);' })
  let asked = 0
  const database = await place.server.createDatabase()
  t.after(() => database.drop())
  const password = async (): Promise<string> => {
    asked += 1
    await delay(5)
    return place.password
  }
  const socket = `${place.server.socketDirectory}/.s.PGSQL.${place.port}`
  const settings = { user: 'postgres', database: database.name, password }
  for (const path of [socket, dirname(socket)]) {
    const report = await migrate({ connection: { ...settings, path, port: place.port }, locations })
    assert.equal(report.currentVersion, '1')
  }
  assert.ok(asked >= 2)
  const connection = { ...settings, host: '127.0.0.1', port: place.port, password: async () => 'wrong' }
  assert.equal((await expectError('CONNECTION_FAILED', migrate({ connection, locations }))).details.sqlState, '28P01')
})
