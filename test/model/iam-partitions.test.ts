import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { waitForLock } from '../support/wait-until.js'
import { ids, modelDatabase, openClient, sqlState, tenantDatabase } from './model-database.js'

const { owner, worker } = defaultRoleNames
const { red, blue } = ids

test('version-7 ids carry the version, the variant, and their time to the millisecond', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const [row] = await sql`
    SELECT substr(id::text, 15, 1) AS version, substr(id::text, 20, 1) BETWEEN '8' AND 'b' AS variant,
           iam.uuid_v7_time(id) BETWEEN before - interval '1 ms' AND clock_timestamp() AS now,
           iam.uuid_v7_time(iam.uuid_v7_at('2024-02-29 12:34:56.789+00')) = '2024-02-29 12:34:56.789+00' AS past
    FROM (SELECT clock_timestamp() AS before, iam.uuid_v7() AS id) AS made`
  assert.deepEqual(row, { version: '7', variant: true, now: true, past: true })
})

test('version-7 ids sort by time, below the millisecond too, and never lie below the floor of their time', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const [row] = await sql`
    SELECT
      bool_and(iam.uuid_v7_at(at) < iam.uuid_v7_at(at + interval '1 microsecond')) AS "microseconds",
      bool_and(iam.uuid_v7_at(at) >= iam.uuid_v7_floor(at)) AS "aboveFloor",
      bool_and(iam.uuid_v7_at(at - interval '1 microsecond') < iam.uuid_v7_floor(date_trunc('milliseconds', at)))
        FILTER (WHERE date_trunc('milliseconds', at) = at) AS "belowNext"
    FROM (SELECT timestamptz '2026-01-31 23:59:59.997+00' + i * interval '1 microsecond' AS at FROM generate_series(0, 5000) AS i) AS t`
  assert.deepEqual(row, { microseconds: true, aboveFloor: true, belowNext: true })
  const earlier = await nextId()
  await delay(2)
  assert.ok(earlier < (await nextId()))

  async function nextId(): Promise<string> {
    const [made] = await sql<{ id: string }[]>`SELECT iam.uuid_v7() AS id`
    return made?.id ?? ''
  }
})

test('an unknown time has no id, and a time before 1970 counts as 1970', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const [row] = await sql`
    SELECT iam.uuid_v7_at(NULL) AS at, iam.uuid_v7_floor(NULL) AS floor, iam.uuid_v7_time(NULL) AS time,
           iam.uuid_v7_floor('1969-07-20 20:17:40+00')::text AS "floorOf1969",
           starts_with(iam.uuid_v7_at('1969-07-20 20:17:40+00')::text, '00000000-0000-7000-') AS "atOf1969"`
  const floorOf1969 = '00000000-0000-7000-8000-000000000000'
  assert.deepEqual(row, { at: null, floor: null, time: null, floorOf1969, atOf1969: true })
})

test('month partitions are made once, closed, described, and take the rows of their month', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const make = (from: string, months: number): Promise<number | undefined> =>
    withWorker(sql, async (transaction) => {
      await transaction`SET LOCAL timezone = 'Pacific/Kiritimati'`
      const [row] = await transaction<{ made: number }[]>`
        SELECT iam.ensure_month_partitions('iam.system_metrics', ${from}, ${months}) AS made`
      return row?.made
    })
  assert.equal(await make('2030-11-30', 2), 3)
  assert.equal(await make('2030-11-01', 2), 0)
  assert.equal(await make('2030-12-31', 2), 1)
  const { tables } = await readCatalogue(sql, ['iam'])
  const months = tables.filter(({ name }) => /_y\d{4}m\d\d$/.test(name))
  assert.deepEqual(
    months.map(({ name, partitionBound, rowSecurity, grants, owner: ownedBy, comment, policies }) => ({
      name,
      partitionBound,
      closed: rowSecurity === 'forced' && grants.length === 0 && ownedBy === owner,
      comment,
      policies: policies.map((policy) => policy.name),
    })),
    [
      ['2030-11', '2030-12'],
      ['2030-12', '2031-01'],
      ['2031-01', '2031-02'],
      ['2031-02', '2031-03'],
    ].map(([month = '', next = '']) => ({
      name: `iam.system_metrics_y${month.replace('-', 'm')}`,
      partitionBound: `FOR VALUES FROM ('${lowestId(month)}') TO ('${lowestId(next)}')`,
      closed: true,
      comment: `Rows of ${month}, by the time in their ids (UTC).`,
      policies: ['worker_access'],
    })),
  )
  await sql`
    INSERT INTO iam.system_metrics (organisation_id, id, name, value)
    SELECT ${red}, iam.uuid_v7_at(at), 'calls', 1
    FROM unnest(ARRAY['2030-10-31 23:59:59.999+00', '2030-11-01 00:00:00+00', '2030-11-30 23:59:59.999999+00']::timestamptz[]) AS at`
  const places = await sql`SELECT tableoid::regclass::text AS place FROM iam.system_metrics ORDER BY id`
  const november = 'iam.system_metrics_y2030m11'
  assert.deepEqual(
    places.map(({ place }) => place),
    ['iam.system_metrics_default', november, november],
  )
})

test('a time query phrased on id reads the partitions of its months only', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  await sql`SELECT iam.ensure_month_partitions('iam.audit_logs', '2031-01-01', 3)`
  const plan = await sql`
    EXPLAIN SELECT FROM iam.audit_logs
    WHERE id >= iam.uuid_v7_floor('2031-02-01 00:00:00+00') AND id < iam.uuid_v7_floor('2031-03-01 00:00:00+00')`
  const text = plan.map((row) => Object.values(row).join('')).join('\n')
  assert.match(text, /audit_logs_y2031m02/)
  assert.doesNotMatch(text, /audit_logs_(default|y2031m0[134])/)
})

test('rows in a default partition are reported over all tenants, with the times of the oldest and newest', async (t) => {
  const { sql, url } = await tenantDatabase(t, ['iam'])
  const report = (): Promise<readonly unknown[]> =>
    withWorker(sql, async (transaction) => [
      ...(await transaction`
        SELECT parent::text, partition::text, row_count::int AS rows, oldest::text, newest::text
        FROM iam.default_partition_rows()`),
    ])
  assert.deepEqual(await report(), [])
  await writeAuditRows(sql, ['2031-01-02 00:00:00+00', '2031-03-04 00:00:00+00'])
  const { sql: client } = openClient(t, url)
  await client`SET timezone = 'UTC'`
  assert.deepEqual(
    [
      ...(await client`SELECT partition::text, row_count::int AS rows, oldest::text, newest::text FROM iam.default_partition_rows()`),
    ],
    [
      {
        partition: 'iam.audit_logs_default',
        rows: 2,
        oldest: '2031-01-02 00:00:00+00',
        newest: '2031-03-04 00:00:00+00',
      },
    ],
  )
  assert.equal((await report()).length, 1)
})

test('a month that gets its partition takes its rows out of the default partition, unchanged, and no others', async (t) => {
  const { sql, url } = await tenantDatabase(t, ['iam'])
  await writeAuditRows(sql, ['2030-12-31 23:59:59.999+00', '2031-01-01 00:00:00+00'])
  await writeAuditRows(sql, ['2031-01-31 23:59:59.999+00', '2031-03-04 00:00:00+00', '2031-04-01 00:00:00+00'])
  const before = await sql`SELECT * FROM iam.audit_logs ORDER BY id`
  const { sql: client, notices } = openClient(t, url)
  const made = await withWorker(client, async (transaction) => [
    ...(await transaction`SELECT iam.ensure_month_partitions('iam.audit_logs', '2031-01-15', 2) AS n`),
  ])
  assert.deepEqual(made, [{ n: 3 }])
  assert.deepEqual(
    notices.map(({ severity, message }) => [severity, message]),
    [
      ['NOTICE', '2 rows moved from the default partition of iam.audit_logs to iam.audit_logs_y2031m01'],
      ['NOTICE', '1 rows moved from the default partition of iam.audit_logs to iam.audit_logs_y2031m03'],
    ],
  )
  assert.deepEqual(await sql`SELECT * FROM iam.audit_logs ORDER BY id`, before)
  assert.deepEqual(await placesOf(sql, 'iam.audit_logs'), [
    'iam.audit_logs_default',
    'iam.audit_logs_y2031m01',
    'iam.audit_logs_y2031m01',
    'iam.audit_logs_y2031m03',
    'iam.audit_logs_default',
  ])
})

test('a partition that took rows over equals one that was made empty, and the default partition is as before', async (t) => {
  const { sql } = await tenantDatabase(t)
  const parents = ['iam.audit_logs', 'iam.system_metrics', 'notify.tracking_events']
  const make = async (day: string): Promise<void> => {
    for (const parent of parents) await sql`SELECT iam.ensure_month_partitions(${parent}, ${day}, 0)`
  }
  await make('2031-01-01')
  await writeAuditRows(sql, ['2031-02-02 00:00:00+00'])
  await sql`
    INSERT INTO iam.system_metrics (organisation_id, id, name, value)
    VALUES (${blue}, iam.uuid_v7_at('2031-02-02 00:00:00+00'), 'calls', 1)`
  await sql`
    WITH pixel AS (
      INSERT INTO notify.tracking_pixels (organisation_id, message_ref) VALUES (${blue}, 'a') RETURNING id
    )
    INSERT INTO notify.tracking_events (organisation_id, id, pixel_id)
    SELECT ${blue}, iam.uuid_v7_at('2031-02-02 00:00:00+00'), id FROM pixel`
  const before = await describe()
  await make('2031-02-01')
  const after = await describe()
  for (const parent of parents) {
    assert.deepEqual(await placesOf(sql, parent), [`${parent}_y2031m02`])
    assert.notEqual(after.get(`${parent}_y2031m01`), undefined)
    assert.equal(after.get(`${parent}_y2031m02`), after.get(`${parent}_y2031m01`))
    assert.equal(after.get(`${parent}_default`), before.get(`${parent}_default`))
  }

  /** Every table in words, its month left out, with the triggers that it has from its parent. */
  async function describe(): Promise<ReadonlyMap<string, string>> {
    const { tables } = await readCatalogue(sql, ['iam', 'notify'])
    const triggers = await sql<{ name: string; triggers: string }[]>`
      SELECT tgrelid::regclass::text AS name, string_agg(pg_get_triggerdef(oid) || tgenabled::text, E'\n' ORDER BY tgname) AS triggers
      FROM pg_trigger WHERE NOT tgisinternal GROUP BY tgrelid`
    return new Map(
      tables.map((table) => {
        const own = triggers.find(({ name }) => name === table.name)?.triggers ?? ''
        const text = JSON.stringify({ ...table, name: '', partitionBound: '', own })
        return [table.name, text.replaceAll(/y2031m\d\d|2031-\d\d/g, 'month')]
      }),
    )
  }
})

test('rows that move are heard of by no trigger, and one that was switched off stays off', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql.unsafe(`
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'it fired'; END $$;
    CREATE TRIGGER at_insert AFTER INSERT ON iam.audit_logs FOR EACH ROW EXECUTE FUNCTION public.refuse();
    CREATE TRIGGER always AFTER DELETE ON iam.audit_logs_default FOR EACH ROW EXECUTE FUNCTION public.refuse();
    CREATE TRIGGER never AFTER DELETE ON iam.audit_logs_default FOR EACH ROW EXECUTE FUNCTION public.refuse();
    ALTER TABLE iam.audit_logs_default DISABLE TRIGGER at_insert, DISABLE TRIGGER never, ENABLE ALWAYS TRIGGER always;
  `)
  await writeAuditRows(sql, ['2031-01-02 00:00:00+00'])
  await sql`SELECT iam.ensure_month_partitions('iam.audit_logs', '2031-01-01', 0)`
  assert.deepEqual(await placesOf(sql, 'iam.audit_logs'), ['iam.audit_logs_y2031m01'])
  const triggers = await sql`
    SELECT tgname AS name, tgenabled AS enabled FROM pg_trigger
    WHERE tgrelid = 'iam.audit_logs_default'::regclass ORDER BY tgname`
  assert.deepEqual(
    triggers.map(({ name, enabled }) => `${name} ${enabled}`),
    ['always A', 'at_insert D', 'never D', 'trg_audit_logs_immutable O'],
  )
})

test('rows that are being written while their month gets its partition are neither lost nor doubled', async (t) => {
  const { sql, url } = await tenantDatabase(t, ['iam'])
  const [early, mover, late] = [openClient(t, url).sql, openClient(t, url).sql, openClient(t, url).sql]
  await writeAuditRows(sql, ['2031-01-02 00:00:00+00'])
  await early`BEGIN`
  await writeAuditRows(early, ['2031-01-03 00:00:00+00'])
  const moving = mover`SELECT iam.ensure_month_partitions('iam.audit_logs', '2031-01-01', 0) AS n`.execute()
  await waitForLock(sql, 1)
  await late`BEGIN`
  await late.unsafe('SET LOCAL ROLE schemaway_app')
  await late`SELECT iam.set_context(${red})`
  const writing = writeAuditRows(late, ['2031-01-04 00:00:00+00'])
  await waitForLock(sql, 2)
  await early`COMMIT`
  assert.deepEqual([...(await moving)], [{ n: 1 }])
  await writing
  await late`COMMIT`
  const january = 'iam.audit_logs_y2031m01'
  assert.deepEqual(await placesOf(sql, 'iam.audit_logs'), [january, january, january])
})

test('what fails while rows move leaves everything as it was', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await writeAuditRows(sql, ['2031-01-02 00:00:00+00', '2031-02-02 00:00:00+00'])
  const before = await readCatalogue(sql, ['iam'])
  await sql.unsafe(`
    CREATE FUNCTION public.refuse_february() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'iam.audit_logs_y2031m02') THEN
        RAISE 'no February';
      END IF;
    END $$;
    CREATE EVENT TRIGGER refuse_february ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
      EXECUTE FUNCTION public.refuse_february();
  `)
  const failing = sql`SELECT iam.ensure_month_partitions('iam.audit_logs', '2031-01-01', 1)`.execute()
  await assert.rejects(failing, /no February/)
  assert.deepEqual(await readCatalogue(sql, ['iam']), before)
  const place = 'iam.audit_logs_default'
  assert.deepEqual(await placesOf(sql, 'iam.audit_logs'), [place, place])
  await assert.rejects(sql`DELETE FROM iam.audit_logs`.execute(), sqlState('23001'))
})

test('retention drops the months that end on or before a day, rows of the audit trail included', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql`SELECT iam.ensure_month_partitions('iam.audit_logs', '2031-01-01', 2)`
  await sql`
    INSERT INTO iam.audit_logs (organisation_id, id, entity_type, entity_id, action)
    VALUES (${red}, iam.uuid_v7_at('2031-01-31 12:00:00+00'), 'a', 'b', 'c')`
  const drop = async (before: string): Promise<unknown> => {
    const answer = withWorker(
      sql,
      async (transaction) => await transaction`SELECT iam.drop_month_partitions('iam.audit_logs', ${before}) AS n`,
    )
    return (await answer)[0]
  }
  assert.deepEqual(await drop('2031-01-31'), { n: 0 })
  assert.deepEqual(await drop('2031-02-28'), { n: 1 })
  assert.equal((await sql`SELECT FROM iam.audit_logs`).length, 0)
  assert.deepEqual(await drop('2031-04-01'), { n: 2 })
  const left =
    await sql`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'iam.audit_logs'::regclass`
  assert.deepEqual([...left], [{ name: 'iam.audit_logs_default' }])
})

for (const where of ['an empty default partition', 'rows of the month in the default partition']) {
  test(`two sessions that make the same partitions at once, with ${where}, both succeed`, async (t) => {
    const { sql, url } = await tenantDatabase(t, ['iam'])
    if (where.startsWith('rows')) await writeAuditRows(sql, ['2031-01-02 00:00:00+00', '2031-02-02 00:00:00+00'])
    const [first, second] = [openClient(t, url).sql, openClient(t, url).sql]
    await first`BEGIN`
    const make = (client: typeof sql) =>
      client<{ made: number }[]>`SELECT iam.ensure_month_partitions('iam.audit_logs', '2031-01-01', 1) AS made`
    const early = await make(first)
    const late = make(second).execute()
    await waitForLock(sql, 1)
    await first`COMMIT`
    assert.deepEqual([[...early], [...(await late)]], [[{ made: 2 }], [{ made: 0 }]])
    assert.equal((await sql`SELECT FROM iam.default_partition_rows()`).length, 0)
  })
}

test('the worker cannot make the owner run code through a partition key of its own', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const trap = sql.begin(async (transaction) => {
    await transaction.unsafe(`
      SET LOCAL ROLE ${worker};
      CREATE FUNCTION pg_temp.spy(id uuid) RETURNS uuid LANGUAGE plpgsql IMMUTABLE
        AS $$ BEGIN ASSERT current_user = '${worker}', 'it ran as ' || current_user; RETURN id; END $$;
      CREATE TEMPORARY TABLE bait (id uuid, organisation_id uuid) PARTITION BY RANGE (pg_temp.spy(id));
      CREATE TEMPORARY TABLE bait_default PARTITION OF bait DEFAULT;
      INSERT INTO bait VALUES (iam.uuid_v7());
    `)
    await transaction`SELECT iam.ensure_month_partitions('pg_temp.bait')`
  })
  await assert.rejects(trap, sqlState('42809'))
  const own = withWorker(sql, async (transaction) => {
    await transaction.unsafe('CREATE TEMPORARY TABLE mine (id uuid) PARTITION BY RANGE (id)')
    await transaction`SELECT iam.drop_month_partitions('pg_temp.mine', '2031-01-01')`
  })
  await assert.rejects(own, sqlState('42809'))
})

test('what is not a table partitioned by id is refused with wrong_object_type, and no hindrance to the report', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  await sql.begin(async (transaction) => {
    await transaction.unsafe(`
      SET LOCAL ROLE ${owner};
      CREATE TABLE iam.by_day (day date) PARTITION BY RANGE (day);
      CREATE TABLE iam.by_day_default PARTITION OF iam.by_day DEFAULT;
      INSERT INTO iam.by_day VALUES ('2031-01-01');
    `)
  })
  for (const table of ['iam.users', 'iam.by_day']) {
    await assert.rejects(sql`SELECT iam.ensure_month_partitions(${table})`.execute(), sqlState('42809'), table)
    await assert.rejects(
      sql`SELECT iam.drop_month_partitions(${table}, '2031-01-01')`.execute(),
      sqlState('42809'),
      table,
    )
  }
  assert.equal((await sql`SELECT iam.default_partition_rows()`).length, 0)
})

test('waiting times double up to the cap', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const [row] = await sql`
    SELECT array_agg(iam.backoff(attempts)::text ORDER BY attempts) AS waits
    FROM unnest(ARRAY[0, 1, 2, 3, 9, 10, 1000000]) AS attempts`
  const waits = ['00:01:00', '00:01:00', '00:02:00', '00:04:00', '04:16:00', '06:00:00', '06:00:00']
  assert.deepEqual(row, { waits })
})

/** One row of the audit trail at each time, in turn for each of two organisations; as the app, for its own only. */
async function writeAuditRows(sql: Sql, times: readonly string[]): Promise<void> {
  await sql`
    INSERT INTO iam.audit_logs (organisation_id, id, entity_type, entity_id, action)
    SELECT coalesce(iam.current_organisation_id(), (ARRAY[${red}, ${blue}]::uuid[])[1 + number % 2]),
           iam.uuid_v7_at(at), 'a', 'b', 'c'
    FROM unnest(string_to_array(${times.join()}, ',')::timestamptz[]) WITH ORDINALITY AS t (at, number)`
}

/** The partition of each row of a table, in the order of their ids. */
async function placesOf(sql: Sql, table: string): Promise<readonly unknown[]> {
  const rows = await sql`SELECT tableoid::regclass::text AS place FROM ${sql(table)} ORDER BY id`
  return rows.map(({ place }) => place)
}

/** The lowest version-7 id of a month, reckoned without the database. */
function lowestId(month: string): string {
  const milliseconds = Date.parse(`${month}-01T00:00:00Z`).toString(16).padStart(12, '0')
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7000-8000-000000000000`
}
