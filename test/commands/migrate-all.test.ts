import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import {
  type MigrateAllReport,
  type MigrationTarget,
  migrate,
  migrateAll,
  type TargetEvent,
  type TargetResult,
} from '../../lib/index.js'
import { startPostgres, type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

async function databases(t: TestContext, count: number): Promise<readonly TestDatabase[]> {
  const all: TestDatabase[] = []
  while (all.length < count) all.push(await testDatabase(t))
  return all
}

function named(all: readonly TestDatabase[]): readonly (MigrationTarget & { readonly name: string })[] {
  return all.map(({ url }, index) => ({ name: `tenant ${index + 1}`, url }))
}

/** What `throwIfFailed()` of the report throws. */
async function thrownBy(report: MigrateAllReport): Promise<void> {
  report.throwIfFailed()
}

function statuses(results: readonly TargetResult[]): readonly string[] {
  return results.map(({ target, status }) => `${target}: ${status}`)
}

test('every database gets the migrations, and a second call finds all of them unchanged', async (t) => {
  const all = await databases(t, 5)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': 'SELECT 1;',
  })
  const targets = named(all)
  await migrate({ url: all[3]?.url, locations })
  const report = await migrateAll(targets, { locations, concurrency: 2 })
  assert.deepEqual(statuses(report.results), [
    'tenant 1: migrated',
    'tenant 2: migrated',
    'tenant 3: migrated',
    'tenant 4: unchanged',
    'tenant 5: migrated',
  ])
  const { migrated, unchanged, failed, notStarted, resume, isComplete } = report
  assert.deepEqual([migrated, unchanged, failed, notStarted, resume, isComplete], [4, 1, 0, 0, [], true])
  const [first] = report.results
  assert.ok(first?.status === 'migrated')
  assert.deepEqual([first.migrations, first.currentVersion, first.upkeepFailures], [2, '2', 0])
  for (const { sql } of all) assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 2)
  report.throwIfFailed()
  const again = await migrateAll(targets, { locations })
  assert.equal(again.unchanged, 5)
  assert.deepEqual(JSON.parse(JSON.stringify(again)).results[0].status, 'unchanged')
})

test('a target may be a URL, and is then called by host, port and database, never by its password', async (t) => {
  const [one, other] = await databases(t, 2)
  assert.ok(one !== undefined && other !== undefined)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const { host, hostname, port, username, password } = new URL(one.url)
  const connection = { host: hostname, port: Number(port), user: username, password, database: other.name }
  const { results } = await migrateAll([new URL(one.url), { connection }], { locations })
  assert.deepEqual(statuses(results), [`${host}/${one.name}: migrated`, `${host}/${other.name}: migrated`])
  const wrong = 'postgres://u:hunter2-secret@127.0.0.1:1/d'
  const report = await migrateAll([wrong], { locations, connectRetries: 0 })
  assert.deepEqual(report.resume, ['127.0.0.1:1/d'])
  const thrown = await expectError('TARGETS_FAILED', thrownBy(report))
  assert.doesNotMatch(JSON.stringify([report, thrown]) + thrown.message, /hunter2/)
})

test('databases that fail do not keep the others from theirs; resume names them, and only takes these names', async (t) => {
  const all = await databases(t, 4)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  const targets = named(all)
  for (const index of [0, 2]) await all[index]?.sql.unsafe('CREATE TABLE a (other text)')
  // The folder is read for the history schema, so what is there has to be said to be no migration.
  const options = { locations, baselineOnMigrate: true, baselineVersion: '0', concurrency: 1 }
  const report = await migrateAll(targets, options)
  assert.deepEqual(statuses(report.results), [
    'tenant 1: failed',
    'tenant 2: migrated',
    'tenant 3: failed',
    'tenant 4: migrated',
  ])
  assert.deepEqual(report.resume, ['tenant 1', 'tenant 3'])
  const error = await expectError('TARGETS_FAILED', thrownBy(report))
  assert.deepEqual(error.details.targets, report.resume)
  assert.deepEqual(
    error.details.problems?.map(({ kind, target }) => [kind, target]),
    [
      ['STATEMENT_FAILED', 'tenant 1'],
      ['STATEMENT_FAILED', 'tenant 3'],
    ],
  )
  assert.match(error.message, /^2 of 4 databases failed, and 0 were not begun\.[\s\S]*\n- tenant 3: STATEMENT_FAILED/)

  await all[0]?.sql.unsafe('DROP TABLE a')
  const second = await migrateAll(targets, { ...options, only: report.resume })
  assert.deepEqual(statuses(second.results), ['tenant 1: migrated', 'tenant 3: failed'])
  assert.equal((await migrateAll(targets, { ...options, only: [] })).results.length, 0)
})

test('with stopOnFailure no further database is begun, and those under way are completed', async (t) => {
  const all = await databases(t, 4)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'SELECT pg_sleep(${seconds}); SELECT 1 / ${divisor};',
  })
  const targets = named(all).map((target, index) => ({
    ...target,
    placeholders: index === 0 ? { seconds: '0', divisor: '0' } : { seconds: '1', divisor: '1' },
  }))
  const report = await migrateAll(targets, { locations, stopOnFailure: true, concurrency: 2 })
  const [first, second, , last] = report.results
  assert.deepEqual([first?.status, second?.status, last?.status], ['failed', 'migrated', 'notStarted'])
  assert.equal(report.resume.length, report.failed + report.notStarted)
  const error = await expectError('TARGETS_FAILED', thrownBy(report))
  assert.match(error.message, /^1 of 4 databases failed, and [12] were not begun\./)
})

test('placeholders of a target go before those of the options, whatever their case, and scripts without any are shared', async (t) => {
  const all = await databases(t, 3)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': "CREATE TABLE a AS SELECT '${Tenant}'::text AS tenant, '${region}'::text AS region;",
    'R__b.sql': "CREATE OR REPLACE VIEW b AS SELECT '${tenant}'::text AS tenant, '${flyway:database}'::text AS place;",
  })
  const placeholders = { tenant: 'nobody', region: 'eu' }
  const [one, two, three] = named(all)
  assert.ok(one !== undefined && two !== undefined && three !== undefined)
  const targets = [{ ...one, placeholders: { TENANT: 'acme' } }, two, { ...three, placeholders: { region: 'us' } }]
  for (const unchanged of [0, 3]) {
    assert.equal((await migrateAll(targets, { locations, placeholders, concurrency: 1 })).unchanged, unchanged)
  }
  const found = []
  for (const { sql, name } of all) {
    const [row] = await sql`SELECT a.tenant, region, b.tenant AS seen, place FROM a, b`
    found.push([row?.['tenant'], row?.['region'], row?.['seen']])
    assert.equal(row?.['place'], name)
  }
  assert.deepEqual(found, [
    ['acme', 'eu', 'acme'],
    ['nobody', 'eu', 'nobody'],
    ['nobody', 'us', 'nobody'],
  ])
})

test('a file that is edited while databases are migrated counts as it was first read', async (t) => {
  const all = await databases(t, 3)
  const folder = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE first (id int);' })
  const { results } = await migrateAll(named(all), {
    locations: folder.directory,
    concurrency: 1,
    onResult: () => folder.write({ 'V1__a.sql': 'CREATE TABLE second (id int);' }),
  })
  assert.deepEqual(results, [])
  for (const { sql } of all) {
    const [row] = await sql`SELECT to_regclass('first') IS NOT NULL AS "first", to_regclass('second') AS "second"`
    assert.deepEqual({ ...row }, { first: true, second: null })
  }
})

test('events and messages say of which database they are', async (t) => {
  const all = await databases(t, 3)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const events: TargetEvent[] = []
  const messages: string[] = []
  await migrateAll(named(all), {
    locations: [locations, `${locations}-missing`],
    failOnMissingLocations: false,
    logger: { info: (message) => messages.push(message) },
    onEvent: (event) => events.push(event),
  })
  for (const target of ['tenant 1', 'tenant 2', 'tenant 3']) {
    const types = events.filter((event) => event.target === target).map(({ type }) => type)
    assert.deepEqual(types, ['connected', 'locked', 'planned', 'stepStarted', 'stepFinished', 'finished'])
    assert.equal(messages.filter((message) => message.startsWith(`${target}: applied V1__a.sql in`)).length, 1)
  }
  assert.deepEqual(
    events.filter(({ target }) => target === '').map(({ type }) => type),
    ['locationMissing'],
  )
})

test('onResult receives each result with its report, is waited for, and may throw; results then hold the failures', async (t) => {
  const all = await databases(t, 3)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const seen: string[] = []
  const warnings: string[] = []
  let running = 0
  const targets = [...named(all), { name: 'nowhere', url: 'postgres://u@127.0.0.1:1/d' }]
  const report = await migrateAll(targets, {
    locations,
    connectRetries: 0,
    concurrency: 1,
    logger: { warn: (message) => warnings.push(message) },
    onResult: async (result, whole) => {
      running += 1
      assert.equal(running, 1)
      await new Promise((resolve) => setTimeout(resolve, 10))
      running -= 1
      seen.push(`${result.target}: ${result.status}, ${whole?.migrations[0]?.script ?? 'no report'}`)
      if (result.target === 'tenant 2') throw new Error('the listener broke')
    },
  })
  assert.deepEqual(seen, [
    'tenant 1: migrated, V1__a.sql',
    'tenant 2: migrated, V1__a.sql',
    'tenant 3: migrated, V1__a.sql',
    'nowhere: failed, no report',
  ])
  assert.deepEqual(statuses(report.results), ['nowhere: failed'])
  assert.deepEqual([report.migrated, report.failed], [3, 1])
  assert.deepEqual(warnings, ['onResult threw on tenant 2: the listener broke'])
})

test('a database has one connection, and one with nothing to do costs one query', async () => {
  const server = await startPostgres({
    settings: { log_statement: 'all', log_connections: 'on', log_line_prefix: '<%d %a> ' },
  })
  try {
    const all = [await server.createDatabase(), await server.createDatabase(), await server.createDatabase()]
    const targets = all.map(({ url }) => url)
    await migrateAll(targets, { modules: ['iam'], applicationName: 'first' })
    const { unchanged } = await migrateAll(targets, { modules: ['iam'], applicationName: 'second' })
    assert.equal(unchanged, 3)
    const lines = readFileSync(join(server.dataDirectory ?? '', '..', 'log'), 'utf8').split('\n')
    const opened = lines.filter((line) => /database=.* application_name=first@/.test(line))
    assert.equal(opened.length, all.length + 1, 'one for each, and one that shows of the server that its lock excludes')
    for (const { name } of all) {
      const own = lines.filter((line) => line.startsWith(`<${name} second@`))
      const statements = own.filter((line) => /LOG: {2}(statement|execute)/.test(line))
      assert.equal(statements.length, 1, statements.join('\n'))
      const sessions = lines.filter((line) => line.includes(`database=${name} application_name=second@`))
      assert.equal(sessions.length, 1, sessions.join('\n'))
    }
  } finally {
    await server.stop()
  }
})
