import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { placeHistory, shortenDescription, shortenScript } from '../../lib/history/history-row.js'
import { createHistorySql, insertHistorySql } from '../../lib/history/history-table.js'
import { createLedgerSql } from '../../lib/history/ledger-table.js'
import { testDatabase } from '../../lib/testing/index.js'

const place = placeHistory({ historySchema: 'public', table: 'flyway_schema_history', ledgerTable: 'schemaway_ledger' })

/** What Flyway 13 sends to PostgreSQL, here for the schema `flyway`. */
const flywayDefinition = `CREATE TABLE "flyway"."flyway_schema_history" (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
);
ALTER TABLE "flyway"."flyway_schema_history" ADD CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank");
CREATE INDEX "flyway_schema_history_s_idx" ON "flyway"."flyway_schema_history" ("success");`

const newRow = {
  installedRank: 1,
  version: '1.10',
  description: 'one',
  type: 'SQL',
  script: 'V1.10__one.sql',
  checksum: -40986071,
}

/** Everything the catalogue says about a table, without the name of its schema. */
async function describeTable(sql: Sql, schema: string, table: string): Promise<Record<string, readonly unknown[]>> {
  const columns = await sql`
    SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull, attnum, attidentity, attcollation::int,
      pg_get_expr(adbin, adrelid) AS default_value
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = format('%I.%I', ${schema}::text, ${table}::text)::regclass AND attnum > 0 ORDER BY attnum`
  const constraints = await sql`
    SELECT conname, contype::text, pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = format('%I.%I', ${schema}::text, ${table}::text)::regclass ORDER BY conname`
  const indexes = await sql`
    SELECT indexname, replace(indexdef, ${`${schema}.`}, '') AS definition FROM pg_indexes
    WHERE schemaname = ${schema} AND tablename = ${table} ORDER BY indexname`
  return { columns: [...columns], constraints: [...constraints], indexes: [...indexes] }
}

test('the history table is, column by column, constraint and index, the one that Flyway creates', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(`CREATE SCHEMA flyway; ${flywayDefinition}`)
  await sql.unsafe(createHistorySql(place))
  const ours = await describeTable(sql, 'public', 'flyway_schema_history')
  assert.deepEqual(ours, await describeTable(sql, 'flyway', 'flyway_schema_history'))
  assert.equal(ours['columns']?.length, 10)
  assert.equal(ours['indexes']?.length, 2)
})

for (const [title, table] of [
  ['the longest name', `${'é'.repeat(26)}x`],
  ['a name with quotes, dots, percent signs and capital letters', `He said "x".y%s \\ '`],
] as const) {
  test(`history and ledger can be created under ${title}, and no name is cut off`, async (t) => {
    const { sql } = await testDatabase(t)
    const schema = 'é'.repeat(31)
    const strange = placeHistory({ historySchema: schema, table, ledgerTable: `${table}_ledger` })
    await sql.unsafe(`CREATE SCHEMA ${strange.schema}`)
    await sql.unsafe(`${createHistorySql(strange)};${createLedgerSql(strange)}`).simple()
    const names = await sql`
      SELECT relname FROM pg_class WHERE relnamespace = ${schema}::text::regnamespace::oid AND relkind IN ('r', 'i') ORDER BY 1`
    assert.deepEqual(
      new Set(names.map((row) => row['relname'])),
      new Set([table, `${table}_pk`, `${table}_s_idx`, `${table}_ledger`, `${table}_ledger_pk`]),
    )
    await sql.unsafe(insertHistorySql(strange, [newRow], { installedBy: 'postgres', executionTimes: ['5'] }))
    assert.equal((await sql.unsafe(`SELECT FROM ${strange.history}`)).length, 1)
  })
}

test('a row is written as Flyway writes it, by the session user, at the time of the server', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(createHistorySql(place))
  await sql.unsafe(
    insertHistorySql(
      place,
      [
        newRow,
        {
          ...newRow,
          installedRank: 2,
          version: null,
          description: '',
          script: "R__it's a \\ view.sql",
          checksum: null,
        },
      ],
      { installedBy: 'postgres', executionTimes: ['(1.4 + 1.2)::pg_catalog.int4'] },
    ),
  )
  const rows = await sql`
    SELECT *, installed_by = session_user AS by_us, installed_on BETWEEN now() - interval '1 minute' AND now() AS on_time
    FROM flyway_schema_history ORDER BY installed_rank`
  const common = { type: 'SQL', success: true, by_us: true, on_time: true }
  const [first, second] = rows.map(({ installed_by, installed_on, ...row }) => row)
  assert.deepEqual(first, {
    ...common,
    installed_rank: 1,
    version: '1.10',
    description: 'one',
    script: 'V1.10__one.sql',
    checksum: -40986071,
    execution_time: 3,
  })
  assert.deepEqual(second, {
    ...common,
    installed_rank: 2,
    version: null,
    description: '',
    script: "R__it's a \\ view.sql",
    checksum: null,
    execution_time: 0,
  })
})

test('the guard leaves the first rank as it is, or fails the whole INSERT', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(createHistorySql(place))
  const rows = [
    { ...newRow, installedRank: 7 },
    { ...newRow, installedRank: 8 },
  ]
  const insert = (rankGuard: string): string =>
    insertHistorySql(place, rows, { installedBy: 'postgres', executionTimes: [], rankGuard })
  await assert.rejects(async () => await sql.unsafe(insert('1 / (1 = 2)::int')), { code: '22012' })
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 0)
  await sql.unsafe(insert('1 / (1 = 1)::int'))
  const ranks = await sql`SELECT installed_rank FROM flyway_schema_history ORDER BY 1`
  assert.deepEqual(
    ranks.map((row) => row['installed_rank']),
    [7, 8],
  )
})

test('a description of more than 200 characters keeps its first 197, as with Flyway', () => {
  assert.equal(shortenDescription('x'.repeat(200)), 'x'.repeat(200))
  assert.equal(shortenDescription(`${'x'.repeat(197)}yyyy`), `${'x'.repeat(197)}...`)
})

test('a script path of more than 1000 characters keeps its first 1000, three of them overwritten, as with Flyway', () => {
  assert.equal(shortenScript('x'.repeat(1000)), 'x'.repeat(1000))
  assert.equal(shortenScript(`abc${'x'.repeat(997)}yyyy`), `...${'x'.repeat(997)}`)
})

test('a cut through a character leaves no half of it, so the database holds what a later comparison computes', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(createHistorySql(place))
  const description = `${'x'.repeat(196)}🚀 and a lot more text`
  const script = `${'🚀'.repeat(501)}.sql`
  await sql.unsafe(
    insertHistorySql(place, [{ ...newRow, description, script }], { installedBy: 'postgres', executionTimes: [] }),
  )
  const [row] = await sql`SELECT description, script FROM flyway_schema_history`
  assert.equal(row?.['description'], shortenDescription(description))
  assert.equal(row?.['description'], `${'x'.repeat(196)}...`)
  assert.equal(row?.['script'], shortenScript(script))
  assert.equal(shortenScript(script), `...${'🚀'.repeat(498)}`)
})
