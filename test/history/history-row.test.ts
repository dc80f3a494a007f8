import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { type DatabaseState, parseState, placeHistory, readStateSql } from '../../lib/history/history-row.js'
import { createHistorySql, insertHistorySql } from '../../lib/history/history-table.js'
import { testDatabase } from '../../lib/testing/index.js'

const place = placeHistory({ historySchema: 'public', table: 'flyway_schema_history', ledgerTable: 'schemaway_ledger' })

async function readState(sql: Sql, table: string | null): Promise<DatabaseState> {
  const [row] = await sql.unsafe(readStateSql(table))
  return parseState(row?.['state'])
}

test('names are quoted and qualified', () => {
  const { history, ledger, schema } = placeHistory({ historySchema: 'My "s"', table: 'a.b', ledgerTable: 'a.b_ledger' })
  assert.deepEqual([history, ledger, schema], ['"My ""s"""."a.b"', '"My ""s"""."a.b_ledger"', '"My ""s"""'])
})

test('one query tells about database, session and every row of history, by rank', async (t) => {
  const { sql, name } = await testDatabase(t)
  const connection = await sql.reserve()
  await connection.unsafe("SET search_path = 'a b', public; SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'SQL, DMY'")
  await connection.unsafe(createHistorySql(place))
  const text = 'quote \' double " backslash \\ newline \n tab \t control \u0001 rocket 🚀 bom \ufeff'
  const row = { installedRank: 1, version: '1', description: 'x', type: 'SQL', script: text, checksum: -2147483648 }
  for (const one of [
    { ...row, installedRank: 10, version: '20251223112456789.1' },
    { ...row, installedRank: 9, version: null, checksum: null },
    { ...row, installedRank: 0 },
  ]) {
    await connection.unsafe(insertHistorySql(place, [one], { installedBy: 'postgres', executionTimes: ['2147483647'] }))
  }
  await connection.unsafe(
    `UPDATE flyway_schema_history SET installed_on = '2026-01-05 09:08:07.999', success = installed_rank > 0`,
  )
  const before = Date.now()
  const state = await readState(connection, place.history)
  const [session] = await connection.unsafe('SELECT current_user AS name, pg_backend_pid() AS pid')
  assert.equal(state.database, name)
  assert.equal(state.currentUser, session?.['name'])
  assert.equal(state.sessionUser, session?.['name'])
  assert.equal(state.backendPid, session?.['pid'])
  assert.equal(state.currentSchema, 'public')
  assert.equal(state.searchPath, '"a b", public')
  assert.equal(state.isInRecovery, false)
  assert.ok(state.serverVersion >= 150_000)
  assert.ok(Math.abs(state.now - before) < 60_000)
  assert.ok(Number.isInteger(state.now))
  assert.match(state.timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  assert.deepEqual(
    state.rows?.map((one) => [one.installedRank, one.version, one.checksum, one.success]),
    [
      [0, '1', -2147483648, false],
      [9, null, null, true],
      [10, '20251223112456789.1', -2147483648, true],
    ],
  )
  assert.deepEqual(state.rows?.[2], {
    installedRank: 10,
    version: '20251223112456789.1',
    description: 'x',
    type: 'SQL',
    script: text,
    checksum: -2147483648,
    installedBy: session?.['name'],
    installedOn: '2026-01-05 09:08:07',
    executionTime: 2147483647,
    success: true,
  })
  connection.release()
})

test('an empty history has no rows, and no history has none to speak of', async (t) => {
  const { sql } = await testDatabase(t)
  assert.equal((await readState(sql, null)).rows, null)
  await sql.unsafe(createHistorySql(place))
  assert.deepEqual((await readState(sql, place.history)).rows, [])
})

test('a table that is missing, in a missing schema, or of another shape fails with a code that tells which', async (t) => {
  const { sql } = await testDatabase(t)
  const code = async (table: string): Promise<string> =>
    await readState(sql, table).then(
      () => 'it was read',
      (error: { code: string }) => error.code,
    )
  assert.equal(await code('"public"."nothing"'), '42P01')
  assert.equal(await code('"nowhere"."nothing"'), '42P01')
  await sql`CREATE TABLE other (installed_rank int)`
  assert.equal(await code('"public"."other"'), '42703')
})

test('a search path without any schema leaves no current one', async (t) => {
  const { sql } = await testDatabase(t)
  const connection = await sql.reserve()
  await connection.unsafe(`SET search_path = ''`)
  assert.equal((await readState(connection, null)).currentSchema, null)
  connection.release()
})
