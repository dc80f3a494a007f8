import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { backfillOf, batches, hundred, lastBackfill, times, writeBackfill } from './write-backfill.js'

test('composite keys and keys of any type are gone through without loss', async (t) => {
  const { url, sql } = await testDatabase(t)
  const keys: readonly (readonly [columns: string, values: string, key: string])[] = [
    ['k uuid', 'gen_random_uuid()', "'k'"],
    ['k bigint', '9007199254740992 + g', "'k'"],
    ['k timestamptz', "timestamptz '2024-01-01 00:00:00.000001+00' + g * interval '1 microsecond'", "'k'"],
    ['k timestamp', "timestamp '2024-03-31 01:59:59.999999' + g * interval '1 microsecond'", "'k'"],
    ['k text', `E'it''s \\\\ "' || g || chr(128512)`, "'k'"],
    ['k numeric', 'g / 7::numeric', "'k'"],
    ['k double precision', 'sqrt(g)', "'k'"],
    ['k bytea', "decode(lpad(to_hex(g), 4, '0'), 'hex')", "'k'"],
    ['k date', "date '2000-01-01' - g * 1000", "'k'"],
    ['k varchar(10), l smallint, m boolean', '(g / 10)::text, g % 5, g % 10 >= 5', "['k', 'l', 'm']"],
  ]
  for (const [index, [columns, values, key]] of keys.entries()) {
    const columnNames = columns.split(',').map((column) => column.trim().split(' ')[0])
    const table = `Table ${index}`
    const { directory } = writeScripts(t, {
      [`V${index}.1__a.sql`]: `CREATE TABLE "${table}" (${columns}, times integer NOT NULL DEFAULT 0, PRIMARY KEY (${columnNames.join(', ')}));
        INSERT INTO "${table}" (${columnNames.join(', ')}) SELECT ${values} FROM generate_series(1, 100) AS g;`,
      [`V${index}.2__b.mjs`]: backfillOf(`table: '"${table}"', key: ${key}, batchSize: 7,
        update: (sql, range) => sql\`UPDATE "${table}" SET times = times + 1 WHERE \${range}\``),
    })
    await sql.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET datestyle = 'SQL, DMY'`)
    await migrate({ url, locations: directory, ignoreMigrationPatterns: ['*:missing', '*:future'] })
    assert.deepEqual(await times(sql, table), [[1, 100]], columns)
    assert.deepEqual(lastBackfill(), { rows: 100, batches: 15 }, columns)
  }
})

test('a key of a type whose text depends on settings, or has parts, is refused with the columns that would do', async (t) => {
  const { url, sql } = await testDatabase(t)
  for (const [index, [type, value]] of [
    ['integer[]', 'ARRAY[g]'],
    ['pair', 'ROW(g, g)::pair'],
    ['int4range', 'int4range(g, g + 1)'],
    ['interval', "g * interval '1 day'"],
  ].entries()) {
    const { directory } = writeScripts(t, {
      [`V${index}.1__a.sql`]: `CREATE TYPE pair AS (k integer, l integer);
        CREATE TABLE a (k ${type} PRIMARY KEY, id integer NOT NULL UNIQUE, times integer NOT NULL DEFAULT 0);
        INSERT INTO a (k, id) SELECT ${value}, g FROM generate_series(1, 10) AS g;`,
      [`V${index}.2__b.mjs`]: backfillOf(
        "table: 'a', update: (sql, range) => sql`UPDATE a SET times = times + 1 WHERE ${range}`",
      ),
    })
    const options = { url, locations: directory, ignoreMigrationPatterns: ['*:missing', '*:future'] }
    const error = await expectError('PROGRAM_FAILED', migrate(options))
    assert.match(error.message, /a cannot be gone through by k, whose type is .*; it has \(id\)/)
    assert.match(error.message, new RegExp(`type is ${type?.replace(/[[\]]/g, '\\$&')};`))
    await sql`DROP TABLE a; DROP TYPE pair`.simple()
  }
})

test('a key of JSON, of an enum, or beyond the calendar keeps its value from batch to batch', async (t) => {
  const { url, sql } = await testDatabase(t)
  const keys: readonly (readonly [type: string, value: string])[] = [
    ['jsonb', `CASE g % 3 WHEN 0 THEN to_jsonb(g) WHEN 1 THEN to_jsonb('"' || g) ELSE jsonb_build_object('a', g) END`],
    ['mood', "('m' || g)::mood"],
    ['natural_number', 'g'],
    ['timestamp', "timestamp '0044-03-15 BC' + g * interval '1 day'"],
    [
      'timestamptz',
      "CASE g WHEN 1 THEN '-infinity' WHEN 2 THEN 'infinity' ELSE timestamptz '1840-01-01' + g * interval '1 s' END",
    ],
    ['char(4)', 'rpad(g::text, 4)'],
    ['time', "time '12:00' + g * interval '1 microsecond'"],
    ['inet', "inet '10.0.0.0' + g"],
  ]
  const labels = Array.from({ length: 20 }, (_, index) => `'m${index + 1}'`).join(', ')
  const types = `CREATE TYPE mood AS ENUM (${labels}); CREATE DOMAIN natural_number AS bigint CHECK (VALUE > 0);`
  const name = new URL(url).pathname.slice(1)
  await sql.unsafe(
    `ALTER DATABASE ${name} SET datestyle = 'SQL, DMY'; ALTER DATABASE ${name} SET timezone = 'Europe/Berlin'`,
  )
  for (const [index, [type, value]] of keys.entries()) {
    const { directory } = writeScripts(t, {
      [`V${index}.1__a.sql`]: `${types}
        CREATE TABLE a (k ${type} PRIMARY KEY, times integer NOT NULL DEFAULT 0);
        INSERT INTO a (k) SELECT ${value} FROM generate_series(1, 20) AS g;`,
      [`V${index}.2__b.mjs`]: backfillOf(
        "table: 'a', batchSize: 3, update: (sql, range) => sql`UPDATE a SET times = times + 1 WHERE ${range}`",
      ),
    })
    await migrate({ url, locations: directory, ignoreMigrationPatterns: ['*:missing', '*:future'] })
    assert.deepEqual(await times(sql), [[1, 20]], type)
    assert.deepEqual(lastBackfill(), { rows: 20, batches: 7 }, type)
    await sql`DROP TABLE a; DROP TYPE mood; DROP DOMAIN natural_number`.simple()
  }
})

test('an update that raises the key comes to an end', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(
    t,
    hundred,
    "table: 'a', batchSize: 40, update: (sql, range) => sql`UPDATE a SET times = times + 1, id = id + 1000 WHERE ${range}`",
  )
  await migrate({ url, locations: directory, signal: AbortSignal.timeout(20_000) })
  assert.deepEqual(await times(sql), [[1, 100]])
  assert.deepEqual(lastBackfill(), { rows: 100, batches: 3 })
})

test('an update that deletes its rows comes to an end', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(
    t,
    hundred,
    "table: 'a', batchSize: 40, where: (sql) => sql`id % 2 = 0`, update: (sql, range) => sql`DELETE FROM a WHERE ${range}`",
  )
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[0, 50]])
  assert.deepEqual(lastBackfill(), { rows: 50, batches: 2 })
})

test('rows that appear while a backfill runs do not keep it from ending', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(
    t,
    hundred,
    `table: 'a', batchSize: 50, update: async (sql, range) => {
      await sql\`INSERT INTO a (id) SELECT max(id) + g FROM a, generate_series(1, 50) AS g GROUP BY g\`
      return sql\`UPDATE a SET times = times + 1 WHERE \${range}\`
    }`,
  )
  await migrate({ url, locations: directory, signal: AbortSignal.timeout(20_000) })
  assert.deepEqual(await times(sql), [
    [0, 100],
    [1, 100],
  ])
})

test('a key that the server rounds as text is refused with the remedy, which works', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET extra_float_digits = 0`)
  const backfill =
    "await backfill({ table: 'a', batchSize: 1, update: (sql, range) => sql`UPDATE a SET times = times + 1 WHERE ${range}` })"
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (k double precision PRIMARY KEY, times integer NOT NULL DEFAULT 0);
      INSERT INTO a (k) SELECT 0.3 + g * 5e-17 FROM generate_series(0, 5) AS g ON CONFLICT DO NOTHING;`,
    'V2__b.mjs': `export const transaction = 'none'\nexport async function up({ backfill }) { ${backfill} }`,
  })
  const error = await expectError(
    'PROGRAM_FAILED',
    migrate({ url, locations: directory, signal: AbortSignal.timeout(20_000) }),
  )
  assert.match(
    error.message,
    /by k, whose type is double precision, while extra_float_digits is less than 1.*SET extra_float_digits = 1/,
  )
  write({
    'V2__b.mjs': `export const transaction = 'none'\nexport async function up({ sql, backfill }) { await sql\`SET extra_float_digits = 1\`\n${backfill} }`,
  })
  await migrate({ url, locations: directory })
  assert.equal((await times(sql)).length, 1)
})

test('key columns called like what a query is made of are read by the index, batch by batch', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (number integer, k0 integer, times integer NOT NULL DEFAULT 0, PRIMARY KEY (number, k0));
      INSERT INTO a (number, k0) SELECT g / 10, g % 10 FROM generate_series(1, 20000) AS g; ANALYZE a;`,
    'V2__b.mjs': backfillOf(
      "table: 'a', batchSize: 100, update: (sql, range) => sql`UPDATE a SET times = times + 1 WHERE ${range}`",
    ),
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[1, 20_000]])
  assert.deepEqual(lastBackfill(), { rows: 20_000, batches: 200 })
  assert.equal((await batches(sql)).length, 200)
  // Each batch reads its own rows, not all that are left: those would be two millions.
  const [{ read } = { read: null }] = await sql`
    SELECT (idx_tup_fetch + seq_tup_read)::int AS read FROM pg_stat_user_tables WHERE relname = 'a'`
  assert.ok(Number(read) < 200_000, `${read} rows were read`)
})
