// Alone in its process: it starts servers of its own.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { info, type MigrationEvent, migrate, rollback } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForSleep, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { cutAtCommit } from './cut-at-commit.js'
import { startReplicatedServers, withoutBinaries } from './replicated-servers.js'

const skip = withoutBinaries

const scripts = {
  'V1__a.sql': 'CREATE TABLE a (id integer);',
  'V2__long.sql': 'CREATE TABLE doubtful (id integer);\nSELECT pg_sleep(60);',
  'V3__c.sql': 'CREATE TABLE c (id integer);',
}
const short = { 'V2__long.sql': 'CREATE TABLE doubtful (id integer);' }

async function expectEachOnce(sql: Sql, names: readonly string[]): Promise<void> {
  const history = await sql`SELECT script, success FROM flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    history.map(({ script, success }) => [script, success]),
    names.map((name) => [name, true]),
  )
  const ledger = await sql`SELECT script FROM schemaway_ledger WHERE event = 'applied' ORDER BY id`
  assert.deepEqual(
    ledger.map(({ script }) => script),
    names,
  )
}

test('a list of hosts leads to the primary, whatever their order, and to the promoted one afterwards', {
  skip,
}, async (t) => {
  const servers = await startReplicatedServers(t)
  const { primary, standby, urlOf } = servers
  const { name } = await primary.createDatabase()
  await servers.catchUp()
  const folder = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id integer);' })
  const portOf = ({ url }: { readonly url: string }): string => new URL(url).port
  const orders = [
    [primary, standby],
    [standby, primary],
  ] as const
  for (const [index, hosts] of orders.entries()) {
    folder.write({ [`V${index + 2}__more.sql`]: 'SELECT 1;' })
    const { server, migrations } = await migrate({ url: urlOf(name, hosts), locations: folder.directory })
    assert.equal(server, `127.0.0.1:${portOf(primary)}/${name}`)
    assert.equal(migrations.length, index === 0 ? 2 : 1)
  }
  await servers.catchUp()
  await servers.failOver()
  for (const [index, hosts] of orders.entries()) {
    folder.write({ [`V${index + 4}__more.sql`]: 'SELECT 1;' })
    const { server, migrations } = await migrate({ url: urlOf(name, hosts), locations: folder.directory })
    assert.equal(server, `127.0.0.1:${portOf(standby)}/${name}`)
    assert.equal(migrations.length, 1)
  }
})

test('a standby that streams is looked at, and refused where something is to be written', { skip }, async (t) => {
  const servers = await startReplicatedServers(t)
  const { primary, standby, urlOf } = servers
  const { name } = await primary.createDatabase()
  const folder = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id integer);' })
  await migrate({ url: urlOf(name, [primary]), locations: folder.directory })
  await servers.catchUp()
  const options = { url: urlOf(name, [standby], ''), locations: folder.directory }
  assert.equal((await info(options)).pending, 0)
  assert.deepEqual((await migrate(options)).migrations, [], 'nothing is pending, so nothing is to be written')
  folder.write({ 'V2__b.sql': 'SELECT 1;', 'U1__a.sql': 'DROP TABLE a;' })
  for (const command of [migrate, rollback]) {
    const error = await expectError('SERVER_UNSUITABLE', command(options))
    assert.match(
      error.message,
      /is a standby and cannot be written; connect to the primary, or list .* target_session_attrs=read-write.*Nothing was changed/,
    )
  }
  const error = await expectError(
    'CONNECTION_FAILED',
    migrate({ ...options, url: urlOf(name, [standby]), connectRetries: 0 }),
  )
  assert.match(error.message, /is read only, but "read-write" is wanted.*after a failover it may take a moment/)
})

test('failover in the middle of a migrate(): a coded error, and the next one goes on with the promoted server', {
  skip,
}, async (t) => {
  const servers = await startReplicatedServers(t)
  const { primary, standby, urlOf } = servers
  const { name } = await primary.createDatabase()
  const folder = writeScripts(t, scripts)
  const options = { url: urlOf(name, [primary, standby]), locations: folder.directory }
  const failed = expectError('CONNECTION_LOST', migrate(options))
  await waitForSleep(servers.open(primary, name))
  await servers.catchUp()
  // The old primary dies, and the next migrate() begins before there is another one.
  await primary.stop()
  const error = await failed
  assert.deepEqual(error.details.applied, ['V1__a.sql'])
  folder.write(short)
  const retries: MigrationEvent[] = []
  const next = migrate({
    ...options,
    connectRetries: 100,
    onEvent: (event) => void (event.type === 'connectionRetry' && retries.push(event)),
  })
  await waitUntil('it has tried in vain', () => retries.length > 0)
  const sql = servers.open(standby, name)
  await sql`SELECT pg_promote()`
  const { migrations } = await next
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V2__long.sql', 'V3__c.sql'],
  )
  await expectEachOnce(sql, Object.keys(scripts))
})

test('failover that loses a commit: what it made and its row of history are gone together, and it is run again', {
  skip,
}, async (t) => {
  const servers = await startReplicatedServers(t)
  const { primary, standby, urlOf } = servers
  const { name } = await primary.createDatabase()
  const { directory: locations } = writeScripts(t, { ...scripts, ...short })
  const options = { url: urlOf(name, [primary, standby]), locations }
  await migrate({ ...options, target: '1' })
  await servers.catchUp()
  await servers.disconnect()
  assert.equal((await migrate({ ...options, target: '2' })).migrations.length, 1)
  await servers.failOver()
  const sql = servers.open(standby, name)
  assert.deepEqual([...(await sql`SELECT to_regclass('doubtful') AS found`)], [{ found: null }])
  const { migrations } = await migrate(options)
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V2__long.sql', 'V3__c.sql'],
  )
  await expectEachOnce(sql, Object.keys(scripts))
})

for (const isReplicated of [true, false]) {
  test(`COMMIT in doubt, and a failover that ${isReplicated ? 'keeps' : 'loses'} it: the next migrate() sees which`, {
    skip,
  }, async (t) => {
    const servers = await startReplicatedServers(t)
    const { primary, standby, urlOf } = servers
    const { name } = await primary.createDatabase()
    const { directory: locations } = writeScripts(t, { ...scripts, ...short })
    const direct = urlOf(name, [primary, standby])
    await migrate({ url: direct, locations, target: '1' })
    await servers.catchUp()
    if (!isReplicated) await servers.disconnect()
    const through = await cutAtCommit(t, urlOf(name, [primary]), 'before the answer')
    assert.ok(through)
    const error = await expectError('CONNECTION_LOST', migrate({ url: through, locations }))
    assert.match(error.message, /The COMMIT of V2__long\.sql had been sent and was not answered/)
    if (isReplicated) await servers.catchUp()
    await servers.failOver()
    const { migrations } = await migrate({ url: direct, locations })
    assert.deepEqual(
      migrations.map(({ script }) => script),
      isReplicated ? ['V3__c.sql'] : ['V2__long.sql', 'V3__c.sql'],
    )
    await expectEachOnce(servers.open(standby, name), Object.keys(scripts))
  })
}
