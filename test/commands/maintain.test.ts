import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { reportFailure } from '../../lib/commands/upkeep-after-migrate.js'
import { readOptions } from '../../lib/config/read-options.js'
import { createMigrator, defineModule, type MigrationEvent, maintain, migrate, rollback } from '../../lib/index.js'
import type { Run } from '../../lib/run/open-run.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { waitForLock } from '../support/wait-until.js'
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

async function lowestIdOf(sql: Sql, months: number): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    SELECT iam.uuid_v7_floor(
      (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ${months})) AT TIME ZONE 'UTC'
    ) AS id`
  return row?.id ?? ''
}

/** A row of the audit trail whose id lies in a month, counted from the current one. */
async function writeAuditRow(sql: Sql, months: number): Promise<void> {
  await sql`
    INSERT INTO iam.audit_logs (organisation_id, id, entity_type, entity_id, action)
    VALUES (gen_random_uuid(), iam.uuid_v7_at(
      (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ${months}, days => 1)) AT TIME ZONE 'UTC'
    ), 'a', 'b', 'c')`
}

/** A way to the server that passes nothing on any more, in neither direction, once a text has been sent. */
async function stallAfter(
  t: TestContext,
  url: string,
  text: string,
): Promise<{ readonly url: string; readonly stalled: Promise<void>; end(): void }> {
  const sockets: Socket[] = []
  let tellStalled: () => void = () => {}
  const stalled = new Promise<void>((resolve) => {
    tellStalled = resolve
  })
  const { hostname, port } = new URL(url)
  const server = createServer((client) => {
    const target = connect(Number(port), hostname)
    let isStalled = false
    sockets.push(client, target)
    for (const socket of [client, target]) socket.on('error', () => {})
    client.on('data', (data) => {
      if (!isStalled) target.write(data)
      if (!data.includes(text)) return
      isStalled = true
      tellStalled()
    })
    target.on('data', (data) => !isStalled && client.write(data))
    client.on('close', () => target.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const end = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  t.after(end)
  const detour = new URL(url)
  detour.hostname = '127.0.0.1'
  detour.port = String((server.address() as AddressInfo).port)
  return { url: detour.href, stalled, end }
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

test('a run on plain folders or modules of your own leaves partitions alone, also where the model is installed', async (t) => {
  const { url, sql } = await iamDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  assert.equal((await migrate({ url, locations })).upkeep, null)
  const { directory } = writeScripts(t, { 'V20270101_000000__own_a.sql': 'SELECT 1;' })
  const own = defineModule({ name: 'own', directory })
  const { migrations, upkeep } = await migrate({ url, modules: [own] })
  assert.deepEqual([migrations.length, upkeep], [1, null])
  assert.equal((await partitionsIn(sql, 'iam.audit_logs')).length, 1)
})

test('rows that take too long to move after a migrate() are left to maintain(), and writers get at the table', async (t) => {
  const { url, sql } = await iamDatabase(t)
  await sql.unsafe(`
    CREATE FUNCTION public.dawdle() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE 'iam.audit_logs_y%') THEN
        PERFORM pg_sleep(60);
      END IF;
    END $$;
    CREATE EVENT TRIGGER dawdle ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.dawdle();
  `)
  const { directory: locations } = writeScripts(t, { 'V20270101_000000__later.sql': 'CREATE TABLE later (id int);' })
  const report = await migrate({ url, modules: ['iam'], locations, partitionsAhead: 1 })
  assert.ok(report.milliseconds < 30_000, `${report.milliseconds} ms`)
  assert.equal(report.migrations.length, 1)
  assert.deepEqual(
    report.upkeep?.created.map(({ partition }) => partition),
    partitionsOf('iam.system_metrics', [1]),
  )
  const [failure, ...others] = report.upkeep?.failures ?? []
  assert.deepEqual([failure?.table, failure?.code, others], ['iam.audit_logs', 'STATEMENT_FAILED', []])
  assert.match(failure?.message ?? '', /57014 .* may take 5000 ms.* Call maintain\(\) when the table is little used/)
  const own = await expectError('STATEMENT_FAILED', maintain({ url, partitionsAhead: 1, statementTimeout: 300 }))
  assert.match(own.message, /57014 .*`statementTimeout` is 300 ms\..*Call maintain\(\) with a longer one\./)
  await sql.unsafe('DROP EVENT TRIGGER dawdle')
  assert.equal((await maintain({ url, partitionsAhead: 1, statementTimeout: 30_000 })).created.length, 1)
})

for (const statement of ['iam.ensure_month_partitions', 'iam.drop_month_partitions']) {
  test(`a process that stands still after it has sent ${statement} keeps nobody from the table`, async (t) => {
    const { url, sql } = await iamDatabase(t)
    await sql`SELECT iam.ensure_month_partitions('iam.audit_logs', (now() AT TIME ZONE 'UTC' - interval '3 months')::date, 0)`
    const proxy = await stallAfter(t, url, statement)
    const maintaining = expectError(
      'CONNECTION_LOST',
      maintain({ url: proxy.url, connectRetries: 0, retention: { 'iam.audit_logs': { months: 1 } } }),
    )
    await proxy.stalled
    const state = await untilDone()
    assert.equal(state, 'idle')
    await writeAuditRow(sql, 0)
    proxy.end()
    const error = await maintaining
    assert.equal(error.details.created?.length, statement.includes('drop') ? 3 : 0)

    /** What the server says about the session once it has done what it was sent. */
    async function untilDone(): Promise<string> {
      for (let attempt = 0; attempt < 2000; attempt++) {
        const [session] = await sql<{ state: string }[]>`
          SELECT state FROM pg_stat_activity WHERE query LIKE ${`%${statement}%`} AND pid <> pg_backend_pid()
            AND datname = current_database() AND application_name LIKE 'schemaway%'`
        if (session !== undefined && session.state !== 'active') return session.state
        await delay(5)
      }
      throw new Error('it was never done')
    }
  })
}

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
  assert.match(failure?.message ?? '', /in its only attempt\. .*maintain\(\) when that session is done/)
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
  const [later] = await sql`
    SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months 1 day', 'YYYY-MM-DD"T00:00:00.000Z"') AS newest`
  assert.deepEqual(JSON.parse(JSON.stringify(rest)), {
    command: 'maintain',
    created: [
      { table: 'iam.audit_logs', partition: partitionOf('iam.audit_logs', 1), movedRows: 2 },
      { table: 'iam.audit_logs', partition: partitionOf('iam.audit_logs', -1), movedRows: 1 },
      { table: 'iam.system_metrics', partition: partitionOf('iam.system_metrics', 1), movedRows: 0 },
    ],
    dropped: [],
    lock: { strategy: 'session', reason: 'The connection to the server is direct.' },
    defaultRows: [
      { table: 'iam.audit_logs', partition: 'iam.audit_logs_default', rows: 1, oldest: later?.['newest'], ...later },
    ],
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

test('months that were missed get their partition, those without rows none, and retention reaches them', async (t) => {
  const { url, sql } = await iamDatabase(t)
  const table = 'iam.audit_logs'
  await sql`SELECT iam.ensure_month_partitions(${table}, (now() AT TIME ZONE 'UTC' - interval '6 months')::date, 0)`
  for (const months of [-700, -400, -14, -14, -6, -3, -1, 0, 5]) await writeAuditRow(sql, months)
  const { created, dropped, defaultRows } = await maintain({
    url,
    partitionsAhead: 0,
    retention: { [table]: { months: 3 } },
  })
  const epoch = `${table}_y1970m01`
  assert.deepEqual(created, [
    { table, partition: epoch, movedRows: 1 },
    ...[
      [-400, 1],
      [-14, 2],
      [-3, 1],
      [-1, 1],
    ].map(([months = 0, movedRows]) => ({ table, partition: partitionOf(table, months), movedRows })),
  ])
  assert.deepEqual(
    dropped.map(({ partition }) => partition),
    [epoch, ...partitionsOf(table, [-400, -14, -6])],
  )
  assert.deepEqual(await partitionsIn(sql, table), partitionsOf(table, [-3, -1, 0]))
  assert.equal(defaultRows?.[0]?.rows, 1)
  assert.equal((await sql`SELECT FROM iam.audit_logs`).length, 4)
  const again = await maintain({ url, partitionsAhead: 0, retention: { [table]: { months: 3 } } })
  assert.deepEqual([again.created, again.dropped], [[], []])
})

test('a partition of your own that goes back to the beginning of time has no missed months', async (t) => {
  const { url, sql } = await iamDatabase(t)
  await sql.unsafe(`
    CREATE TABLE public.archive PARTITION OF iam.audit_logs
    FOR VALUES FROM (MINVALUE) TO ('${await lowestIdOf(sql, -2)}')`)
  for (const months of [-3, -2]) await writeAuditRow(sql, months)
  const { created } = await maintain({ url, partitionsAhead: 0 })
  assert.deepEqual(
    created.map(({ partition }) => partition),
    partitionsOf('iam.audit_logs', [-2]),
  )
})

test('where the partitioned tables are rolled back there is nothing to maintain, and nothing to retain', async (t) => {
  const { url } = await iamDatabase(t)
  await rollback({ url, modules: ['iam'], to: '20260105.100200', allowDataLoss: true })
  const { created, dropped, defaultRows } = await maintain({ url })
  assert.deepEqual([created, dropped, defaultRows], [[], [], []])
  const error = await expectError('INVALID_OPTIONS', maintain({ url, retention: { 'iam.audit_logs': { months: 1 } } }))
  assert.match(error.message, /names iam\.audit_logs, .*; none is installed\. Nothing was changed\./)
})

test('rows of default partitions that cannot be counted do not make maintain() fail', async (t) => {
  const { url, sql } = await iamDatabase(t)
  await sql.unsafe(`
    CREATE OR REPLACE FUNCTION iam.default_partition_rows()
    RETURNS TABLE (parent regclass, partition regclass, row_count bigint, oldest timestamptz, newest timestamptz)
    LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$`)
  const events: MigrationEvent[] = []
  const report = await maintain({ url, partitionsAhead: 1, onEvent: (event) => void events.push(event) })
  assert.deepEqual([report.created.length, report.defaultRows], [2, null])
  const [failure] = events.filter((event) => event.type === 'upkeepFailed')
  assert.deepEqual([failure?.table, failure?.code], [null, 'STATEMENT_FAILED'])
  assert.match(failure?.message ?? '', /not today/)
})

test('options that would have no influence on maintain() are refused', async (t) => {
  const { url } = await testDatabase(t)
  const options = { modules: ['iam'], locations: 'a', placeholders: { a: 'b' }, outOfOrder: true }
  for (const [name, value] of Object.entries(options)) {
    const error = await expectError('INVALID_OPTIONS', maintain({ url, [name]: value }))
    assert.match(error.message, new RegExp(`\`${name}\` is an option of migrate\\(\\), .* only`))
  }
  // @ts-expect-error: nor do the types have them
  await expectError('INVALID_OPTIONS', maintain({ url, modules: ['iam'] }))
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
      for (const months of [1, -2]) await writeAuditRow(database.sql, months)
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
          [partitionOf('iam.audit_logs', -2), 1],
          [partitionOf('iam.system_metrics', 1), 0],
        ],
      )
      assert.deepEqual(
        report.dropped.map(({ partition }) => partition),
        partitionsOf('iam.audit_logs', [-2]),
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
  const error = await expectError('STATEMENT_BLOCKED', maintain({ url, lockTimeout: 400, lockRetries: 2 }))
  await holder.unsafe('ROLLBACK')
  holder.release()
  assert.match(error.message, /Looking after iam\.audit_logs .* in any of 3 attempts/)
  assert.equal(error.details.blockers?.[0]?.pid, backend?.pid)
  const made = partitionsOf('iam.system_metrics', [1, 2, 3])
  assert.deepEqual(
    error.details.created?.map(({ partition }) => partition),
    made,
  )
  assert.match(error.message, /Made and committed before: 3 partitions created, 0 dropped/)
  assert.equal((await partitionsIn(sql, 'iam.audit_logs')).length, 1)
  assert.equal((await partitionsIn(sql, 'iam.system_metrics')).length, 4)
})

test('an application that holds an organisation and then writes an audit row is not made the victim of a deadlock', async (t) => {
  const { url, sql } = await iamDatabase(t)
  const application = await sql.reserve()
  t.after(() => application.release())
  const id = '00000000-0000-7000-8000-00000000000a'
  await application.unsafe(`BEGIN; INSERT INTO iam.organisations (id, slug, name) VALUES ('${id}', 'busy', 'Busy')`)
  const events: MigrationEvent[] = []
  const onEvent = (event: MigrationEvent): void => void events.push(event)
  const maintaining = maintain({ url, lockTimeout: 10_000, lockRetries: 100, onEvent })
  await waitForLock(sql)
  await application.unsafe(`
    INSERT INTO iam.system_metrics (organisation_id, name, value) VALUES ('${id}', 'n', 1);
    COMMIT`)
  assert.ok((await maintaining).created.length > 0)
  const reasons = events.flatMap((event) => (event.type === 'retry' ? [event.sqlState] : []))
  assert.deepEqual([...new Set(reasons)], ['55P03'], 'it gave way before anybody looked for a deadlock')
})

test('an error of one table tells what was dropped before, and every table that failed', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url, modules: ['iam', 'notify'], partitionsAhead: 0 })
  await sql`SELECT iam.ensure_month_partitions('iam.system_metrics', (now() AT TIME ZONE 'UTC' - interval '4 months')::date, 0)`
  const holder = await sql.reserve()
  await holder.unsafe('BEGIN; SELECT FROM iam.audit_logs; SELECT FROM notify.tracking_events')
  const retention = { 'iam.system_metrics': { months: 2 } }
  const error = await expectError(
    'STATEMENT_BLOCKED',
    maintain({ url, lockTimeout: 200, lockRetries: 0, partitionsAhead: 1, retention }),
  )
  await holder.unsafe('ROLLBACK')
  holder.release()
  assert.deepEqual(
    error.details.problems?.map(({ kind, table }) => [kind, table]),
    [
      ['STATEMENT_BLOCKED', 'iam.audit_logs'],
      ['STATEMENT_BLOCKED', 'notify.tracking_events'],
    ],
  )
  for (const { message } of error.details.problems ?? []) assert.ok(error.message.includes(message), error.message)
  assert.deepEqual(JSON.parse(JSON.stringify(error)).details.dropped, [
    { table: 'iam.system_metrics', partition: partitionOf('iam.system_metrics', -4) },
  ])
  assert.deepEqual(error.details.created, [
    { table: 'iam.system_metrics', partition: partitionOf('iam.system_metrics', 1), movedRows: 0 },
  ])
})

test('a signal that stops maintain() half-way tells what was done until then', async (t) => {
  const { url } = await iamDatabase(t)
  const controller = new AbortController()
  const stopping = maintain({
    url,
    partitionsAhead: 1,
    signal: controller.signal,
    onEvent: ({ type }) => type === 'partitionCreated' && controller.abort(),
  })
  const error = await expectError('ABORTED', stopping)
  assert.deepEqual(
    error.details.created?.map(({ partition }) => partition),
    partitionsOf('iam.audit_logs', [1]),
  )
})

test('a defect of ours is told by its name and message, and goes to the error log', async () => {
  const errors: string[] = []
  const logger = { error: (message: string): void => void errors.push(message) }
  const config = await readOptions('maintain', { url: 'postgres://localhost/none', logger })
  const events: MigrationEvent[] = []
  const run = {
    config,
    session: { display: 'localhost:5432/none' },
    emit: (event: MigrationEvent) => events.push(event),
  }
  const failure = reportFailure(run as unknown as Run, 'iam.audit_logs', new TypeError('x is not a function'))
  assert.deepEqual([failure.table, failure.code], ['iam.audit_logs', 'STATEMENT_FAILED'])
  assert.match(failure.message, /^Looking after iam\.audit_logs ran into a defect.* TypeError: x is not a function\./)
  assert.deepEqual(events, [{ type: 'upkeepFailed', ...failure }])
  assert.equal(errors.length, 1)
  assert.match(errors[0] ?? '', /^TypeError: x is not a function\n/)
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
