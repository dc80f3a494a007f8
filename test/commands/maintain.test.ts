import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { createMigrator, type MigrationEvent, maintain, migrate, rollback } from '../../lib/index.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const partitioned = ['iam.audit_logs', 'iam.system_metrics', 'notify.tracking_events']

/** A database with iam, and partitions of the current month only. */
async function iamDatabase(t: TestContext): Promise<TestDatabase> {
  const database = await testDatabase(t)
  await migrate({ url: database.url, modules: ['iam'], partitionsAhead: 0 })
  return database
}

/** Name of a table's partition, counted in months from the current one. */
function partitionOf(table: string, months: number): string {
  const now = new Date()
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months))
  return `${table}_y${month.getUTCFullYear()}m${String(month.getUTCMonth() + 1).padStart(2, '0')}`
}

const partitionsOf = (table: string, months: readonly number[]): readonly string[] =>
  months.map((month) => partitionOf(table, month))

async function partitionsIn(sql: Sql, table: string): Promise<readonly string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ${table}::regclass ORDER BY 1`
  return rows.map(({ name }) => name).filter((name) => !name.endsWith('_default'))
}

/** A row of the audit trail whose id lies in a month, counted from the current one. */
async function writeAuditRow(sql: Sql, months: number): Promise<void> {
  await sql`
    INSERT INTO iam.audit_logs (organisation_id, id, entity_type, entity_id, action)
    VALUES (gen_random_uuid(), iam.uuid_v7_at(
      (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ${months}, days => 1)) AT TIME ZONE 'UTC'
    ), 'a', 'b', 'c')`
}

test('a migrate() that applied something makes the current month and those ahead for every partitioned table', async (t) => {
  const { url, sql } = await testDatabase(t)
  const events: MigrationEvent[] = []
  const report = await migrate({ url, onEvent: (event) => void events.push(event) })
  const expected = partitioned.flatMap((table) =>
    partitionsOf(table, [0, 1, 2, 3]).map((partition) => ({ table, partition, movedRows: 0 })),
  )
  assert.deepEqual(report.upkeep, { created: expected, failures: [] })
  const told = events.flatMap((event) => (event.type === 'partitionCreated' ? [event] : []))
  assert.deepEqual(
    told.map(({ type: _, ...event }) => event),
    expected,
  )
  assert.equal(events.at(-1)?.type, 'finished')
  for (const table of partitioned) assert.deepEqual(await partitionsIn(sql, table), partitionsOf(table, [0, 1, 2, 3]))
  await writeAuditRow(sql, 0)
  assert.deepEqual((await maintain({ url })).defaultRows, [])
  assert.equal((await migrate({ url })).upkeep, null)
  const undone = await rollback({ url, to: 'empty', allowDataLoss: true })
  assert.equal(undone.upkeep, null)
})

test('a run on plain folders has no partitions to make', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  assert.deepEqual((await migrate({ url, locations })).upkeep, { created: [], failures: [] })
})

test('a table that somebody holds does not make a migrate() fail, and is told by report, event and logger', async (t) => {
  const { url, sql } = await iamDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V20270101_000000__later.sql': 'CREATE TABLE later (id int);' })
  const holder = await sql.reserve()
  await holder.unsafe('BEGIN; SELECT FROM iam.audit_logs')
  const events: MigrationEvent[] = []
  const warnings: string[] = []
  const report = await migrate({
    url,
    modules: ['iam'],
    locations,
    partitionsAhead: 1,
    lockTimeout: 200,
    onEvent: (event) => void events.push(event),
    logger: { warn: (message) => void warnings.push(message) },
  })
  await holder.unsafe('ROLLBACK')
  holder.release()
  assert.deepEqual(
    report.migrations.map(({ script }) => script),
    ['V20270101_000000__later.sql'],
  )
  const [failure, ...others] = report.upkeep?.failures ?? []
  assert.deepEqual(others, [])
  assert.deepEqual([failure?.table, failure?.code], ['iam.audit_logs', 'STATEMENT_BLOCKED'])
  assert.match(failure?.message ?? '', /in its only attempt\. It waited for .*maintain\(\) when that session is done/)
  assert.deepEqual(
    report.upkeep?.created.map(({ partition }) => partition),
    partitionsOf('iam.system_metrics', [1]),
  )
  assert.deepEqual(
    events.filter(({ type }) => type === 'upkeepFailed'),
    [{ type: 'upkeepFailed', ...failure }],
  )
  assert.ok(warnings.includes(failure?.message ?? 'none'), warnings.join('\n'))
  const made = await maintain({ url, partitionsAhead: 1 })
  assert.deepEqual(
    made.created.map(({ partition }) => partition),
    partitionsOf('iam.audit_logs', [1]),
  )
})

test('a signal that fires during the upkeep does not make a migrate() fail', async (t) => {
  const { url } = await testDatabase(t)
  const controller = new AbortController()
  const report = await migrate({
    url,
    modules: ['iam'],
    signal: controller.signal,
    onEvent: ({ type }) => type === 'partitionCreated' && controller.abort(),
  })
  assert.equal(report.migrations.length, 8)
  assert.deepEqual(
    report.upkeep?.failures.map(({ table, code }) => [table, code]),
    [['iam.system_metrics', 'ABORTED']],
  )
  await expectError('ABORTED', maintain({ url, signal: controller.signal }))
})

test('maintain() moves rows out of the default partition, and reports those that stay there', async (t) => {
  const { url, sql } = await iamDatabase(t)
  for (const months of [-1, 0, 1, 1, 2]) await writeAuditRow(sql, months)
  const report = await maintain({ url, partitionsAhead: 1 })
  const { milliseconds: _, server, ...rest } = report
  assert.match(server, /:\d+\/schemaway_/)
  const [before] = await sql`
    SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month' + interval '1 day', 'YYYY-MM-DD"T00:00:00.000Z"') AS oldest,
           to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months 1 day', 'YYYY-MM-DD"T00:00:00.000Z"') AS newest`
  assert.deepEqual(JSON.parse(JSON.stringify(rest)), {
    command: 'maintain',
    created: [
      { table: 'iam.audit_logs', partition: partitionOf('iam.audit_logs', 1), movedRows: 2 },
      { table: 'iam.system_metrics', partition: partitionOf('iam.system_metrics', 1), movedRows: 0 },
    ],
    dropped: [],
    defaultRows: [{ table: 'iam.audit_logs', partition: 'iam.audit_logs_default', rows: 2, ...before }],
  })
  assert.deepEqual((await maintain({ url, partitionsAhead: 1 })).created, [])
  assert.equal((await sql`SELECT FROM iam.audit_logs`).length, 5)
})

test('retention keeps the months it names before the current one, and touches no other table', async (t) => {
  const { url, sql } = await iamDatabase(t)
  for (const table of ['iam.audit_logs', 'iam.system_metrics']) {
    await sql`SELECT iam.ensure_month_partitions(${table}, (now() AT TIME ZONE 'UTC' - interval '4 months')::date, 4)`
  }
  for (const months of [-4, -3, -2, 0]) await writeAuditRow(sql, months)
  const months = [-4, -3, -2, -1, 0]
  assert.deepEqual((await maintain({ url, partitionsAhead: 0 })).dropped, [])
  const events: MigrationEvent[] = []
  const { dropped } = await maintain({
    url,
    partitionsAhead: 0,
    retention: { 'iam.audit_logs': { months: 2 } },
    onEvent: (event) => void events.push(event),
  })
  const expected = partitionsOf('iam.audit_logs', [-4, -3]).map((partition) => ({ table: 'iam.audit_logs', partition }))
  assert.deepEqual(dropped, expected)
  assert.deepEqual(
    events.filter(({ type }) => type === 'partitionDropped'),
    expected.map((one) => ({ type: 'partitionDropped', ...one })),
  )
  assert.deepEqual(await partitionsIn(sql, 'iam.audit_logs'), partitionsOf('iam.audit_logs', [-2, -1, 0]))
  assert.deepEqual(await partitionsIn(sql, 'iam.system_metrics'), partitionsOf('iam.system_metrics', months))
  assert.equal((await sql`SELECT FROM iam.audit_logs`).length, 2)
})

test('retention of a table that is not partitioned is refused before anything is changed', async (t) => {
  const { url, sql } = await iamDatabase(t)
  const retention = { 'iam.users': { months: 1 }, audit_logs: { months: 1 }, 'iam.audit_logs': { months: 1 } }
  const error = await expectError('INVALID_OPTIONS', maintain({ url, partitionsAhead: 5, retention }))
  assert.match(
    error.message,
    /names iam\.users, .* names audit_logs, .*; there are iam\.audit_logs, iam\.system_metrics\./,
  )
  assert.equal(error.details.option, 'retention.iam.users')
  assert.equal((await partitionsIn(sql, 'iam.audit_logs')).length, 1)
})

test('a database without the model is told to be migrated first', async (t) => {
  const { url, sql } = await testDatabase(t)
  const error = await expectError('PENDING_MIGRATIONS', maintain({ url }))
  assert.match(error.message, /does not have the bundled module iam.*Run migrate\(\) first/)
  assert.equal((await sql`SELECT FROM pg_class WHERE relname = 'flyway_schema_history'`).length, 0)
})

for (const role of ['schemaway_owner', 'schemaway_worker']) {
  for (const inherits of ['INHERIT', 'NOINHERIT']) {
    test(`a login that is a member of ${role} only, ${inherits}, maintains`, async (t) => {
      const database = await iamDatabase(t)
      await writeAuditRow(database.sql, 1)
      const login = await createLogin(t, database)
      await database.sql.unsafe(`ALTER ROLE ${login.name} ${inherits}; GRANT ${role} TO ${login.name}`)
      const report = await maintain({
        url: login.url,
        partitionsAhead: 1,
        retention: { 'iam.audit_logs': { months: 1 } },
      })
      assert.deepEqual(
        report.created.map(({ partition, movedRows }) => [partition, movedRows]),
        [
          [partitionOf('iam.audit_logs', 1), 1],
          [partitionOf('iam.system_metrics', 1), 0],
        ],
      )
      const [row] = await database.sql`
        SELECT pg_get_userbyid(relowner) AS owner, relforcerowsecurity AS forced
        FROM pg_class WHERE oid = ${partitionOf('iam.audit_logs', 1)}::regclass`
      assert.deepEqual({ ...row }, { owner: 'schemaway_owner', forced: true })
    })
  }
}

test('a login of neither role gets the GRANT that it lacks', async (t) => {
  const database = await iamDatabase(t)
  const login = await createLogin(t, database)
  const error = await expectError('MISSING_PRIVILEGE', maintain({ url: login.url }))
  const grant = `GRANT "schemaway_worker" TO "${login.name}";`
  assert.ok(error.message.includes(grant), error.message)
  await database.sql.unsafe(grant)
  assert.equal((await maintain({ url: login.url })).created.length, 6)
  await database.sql.unsafe(`REVOKE schemaway_worker FROM ${login.name}; GRANT schemaway_app TO ${login.name}`)
  await expectError('MISSING_PRIVILEGE', maintain({ url: login.url }))
})

test('a table that is blocked in every attempt is an error that names who holds it, after the others got theirs', async (t) => {
  const { url, sql } = await iamDatabase(t)
  const holder = await sql.reserve()
  await holder.unsafe('BEGIN; SELECT FROM iam.audit_logs')
  const [backend] = await holder<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  const error = await expectError('STATEMENT_BLOCKED', maintain({ url, lockTimeout: 300, lockRetries: 1 }))
  await holder.unsafe('ROLLBACK')
  holder.release()
  assert.match(error.message, /Looking after iam\.audit_logs .* in any of 2 attempts/)
  assert.equal(error.details.blockers?.[0]?.pid, backend?.pid)
  assert.equal((await partitionsIn(sql, 'iam.audit_logs')).length, 1)
  assert.equal((await partitionsIn(sql, 'iam.system_metrics')).length, 4)
})

test('several processes that maintain at once make every partition once', async (t) => {
  const { url, sql } = await iamDatabase(t)
  await writeAuditRow(sql, 1)
  const reports = await Promise.all([1, 2, 3, 4].map(() => maintain({ url })))
  const created = reports.flatMap((report) => report.created)
  assert.deepEqual(created.map(({ partition }) => partition).toSorted(), [
    ...partitionsOf('iam.audit_logs', [1, 2, 3]),
    ...partitionsOf('iam.system_metrics', [1, 2, 3]),
  ])
  assert.equal(
    created.reduce((sum, { movedRows }) => sum + movedRows, 0),
    1,
  )
})

test('a migrator maintains and rolls back with the options that each command takes', async (t) => {
  const { url, sql } = await testDatabase(t)
  const migrator = createMigrator({ url, modules: ['iam'], partitionsAhead: 1, transaction: 'all' })
  await migrator.migrate()
  assert.deepEqual(await partitionsIn(sql, 'iam.audit_logs'), partitionsOf('iam.audit_logs', [0, 1]))
  assert.equal((await migrator.maintain()).created.length, 0)
  assert.equal((await migrator.maintain({ partitionsAhead: 2 })).created.length, 2)
  assert.equal((await migrator.rollback()).migrations.length > 0, true)
})
