import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { damagingProxy, localPort, throughPort } from './fake-server.js'

/** A proxy that changes the first letter of a name in what the server answers, and counts how often. */
async function garble(t: TestContext, url: string, port: number, name: string) {
  const [before, after] = [`"${name}"`, `"\u00b2${name.slice(1)}"`]
  const state = { url: '', damaged: 0 }
  const proxy = await damagingProxy(t, port, (text) => {
    if (text.includes(before)) state.damaged += 1
    return text.replaceAll(before, after)
  })
  state.url = throughPort(url, proxy)
  return state
}

const ofState = ['currentUser', 'sessionUser', 'database', 'currentSchema', 'searchPath', 'serverVersion']
const ofClock = ['backendPid', 'isInRecovery', 'now', 'timestamp', 'rows']
const ofLedger = ['hash', 'highestRank', 'modules', 'script', 'module', 'requires']

for (const name of [...ofState, ...ofClock, ...ofLedger]) {
  test(`an answer that garbles the name "${name}" ends the command with a code, and nothing is done`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const port = localPort(url)
    if (port === null) return t.skip('the server is not on this machine')
    const scripts = writeScripts(t, { 'V1__one.sql': 'CREATE TABLE one (id int);' })
    const locations = scripts.directory
    await migrate({ url, locations })
    scripts.write({ 'V2__two.sql': 'CREATE TABLE two (id int);' })
    const proxy = await garble(t, url, port, name)
    const error = await expectError('CONNECTION_LOST', migrate({ url: proxy.url, locations }))
    assert.match(error.message, /sent an answer that cannot be read/)
    assert.ok(proxy.damaged > 0)
    assert.equal((await sql`SELECT FROM pg_tables WHERE tablename = 'two'`).length, 0)
    // The next run, by another way, finds all as it was.
    assert.deepEqual((await migrate({ url, locations })).migrations.length, 1)
  })
}
