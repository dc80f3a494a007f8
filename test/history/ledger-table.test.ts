import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Sql } from 'postgres'
import { placeHistory } from '../../lib/history/history-row.js'
import { findBrokenLink, type LedgerEntry, type LedgerRow } from '../../lib/history/ledger-entry.js'
import { type LedgerHead, readLedgerHeadSql } from '../../lib/history/ledger-head.js'
import { createLedgerSql, insertLedgerSql, isBrokenChain, readLedgerSql } from '../../lib/history/ledger-table.js'
import { testDatabase } from '../../lib/testing/index.js'
import { arbitraryEntry, entry } from './arbitrary-ledger.js'

const place = placeHistory({ historySchema: 'public', table: 'flyway_schema_history', ledgerTable: 'schemaway_ledger' })

async function readRows(sql: Sql): Promise<readonly LedgerRow[]> {
  const [row] = await sql.unsafe(readLedgerSql(place))
  return JSON.parse(row?.['rows']) as LedgerRow[]
}

async function readHead(sql: Sql): Promise<LedgerHead> {
  const [row] = await sql.unsafe(readLedgerHeadSql(place))
  return JSON.parse(row?.['head']) as LedgerHead
}

for (const setting of ['on', 'off']) {
  test(`property: with standard_conforming_strings ${setting}, what is written in any number of rows is read back, and verifies`, async (t) => {
    const { sql } = await testDatabase(t)
    const connection = await sql.reserve()
    await connection.unsafe(
      `SET standard_conforming_strings = ${setting}; SET escape_string_warning = off; SET TimeZone = 'Asia/Kathmandu'; ` +
        `SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'; ${createLedgerSql(place)}`,
    )
    let hash: string | null = null
    let expected: readonly LedgerEntry[] = []
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryEntry, { minLength: 1, maxLength: 5 }), async (entries) => {
        const times = entries.map((_entry, index) => String(index))
        const { sql: insert, hash: next } = insertLedgerSql(place, entries, hash, times)
        await connection.unsafe(insert)
        hash = next
        expected = [...expected, ...entries]
        const rows = await readRows(connection)
        assert.equal(findBrokenLink(rows), null)
        assert.equal(rows.length, expected.length)
        const written = rows.slice(-entries.length)
        assert.deepEqual(
          written.map(({ id, occurredAt, executionTime, hash: own, ...read }) => read),
          entries,
        )
        assert.deepEqual(
          written.map((row) => String(row.executionTime)),
          times,
        )
        assert.equal((await readHead(connection)).hash, hash)
      }),
      { numRuns: 60, endOnFailure: true },
    )
    connection.release()
  })
}

test('an edit with SQL, a removed row and swapped rows are found when the ledger is read', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(createLedgerSql(place))
  const entries = ['1', '2', '3'].map((version) => ({ ...entry, version, undoText: `DROP TABLE t${version};` }))
  await sql.unsafe(insertLedgerSql(place, entries, null, []).sql)
  const broken = async (statement: string): Promise<number | undefined> => {
    const connection = await sql.reserve()
    await connection.unsafe(`BEGIN; ${statement}`)
    const id = findBrokenLink(await readRows(connection))?.id
    await connection.unsafe('ROLLBACK')
    connection.release()
    return id
  }
  assert.equal(await broken('SELECT 1'), undefined)
  assert.equal(await broken("UPDATE schemaway_ledger SET undo_text = 'DROP SCHEMA iam' WHERE version = '2'"), 2)
  assert.equal(await broken("UPDATE schemaway_ledger SET client = 'somebody else' WHERE id = 3"), 3)
  assert.equal(await broken(`UPDATE schemaway_ledger SET module_requires = '{NULL}' WHERE id = 1`), 1)
  assert.equal(await broken('DELETE FROM schemaway_ledger WHERE id = 2'), 3)
  assert.equal(await broken('DELETE FROM schemaway_ledger WHERE id = 1'), 2)
  assert.equal(await broken('UPDATE schemaway_ledger SET id = DEFAULT WHERE id = 1'), 2)
  assert.equal(await broken('UPDATE schemaway_ledger SET execution_time = 99, occurred_at = now()'), undefined)
})

test('rows are numbered by the server alone, and an incomplete one is refused', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(createLedgerSql(place))
  await assert.rejects(async () => await sql`INSERT INTO schemaway_ledger (id) VALUES (1)`, { code: '428C9' })
  await assert.rejects(async () => await sql`INSERT INTO schemaway_ledger (event) VALUES ('applied')`, {
    code: '23502',
  })
})

test('each row has the time of the server at which it was written, in UTC', async (t) => {
  const { sql } = await testDatabase(t)
  const connection = await sql.reserve()
  await connection.unsafe(`SET TimeZone = 'Pacific/Chatham'; SET DateStyle = 'SQL, DMY'; ${createLedgerSql(place)}`)
  await connection.unsafe(insertLedgerSql(place, [entry], null, []).sql)
  const [row] = await readRows(connection)
  const [server] =
    await connection`SELECT extract(epoch FROM occurred_at)::float8 * 1000 AS written FROM schemaway_ledger`
  connection.release()
  assert.match(row?.occurredAt ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.ok(Math.abs(Date.parse(row?.occurredAt ?? '') - server?.['written']) < 1)
})

test('a member of a role with no more than table rights can append', async (t) => {
  const { sql, name } = await testDatabase(t)
  const role = `${name}_writer`
  await sql.unsafe(
    `CREATE ROLE ${role}; ${createLedgerSql(place)}; GRANT SELECT, INSERT ON schemaway_ledger TO ${role}`,
  )
  const connection = await sql.reserve()
  await connection.unsafe(`SET ROLE ${role}`)
  await connection.unsafe(insertLedgerSql(place, [entry], null, []).sql)
  await connection.unsafe('RESET ROLE')
  connection.release()
  assert.equal((await readRows(sql)).length, 1)
  await sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
})

test('what does not continue the newest row is refused, and leaves nothing', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(createLedgerSql(place))
  const first = insertLedgerSql(place, [entry, entry], null, null)
  await sql.unsafe(first.sql)
  const isRefused = async (previousHash: string | null): Promise<void> => {
    const refusal = await sql.unsafe(insertLedgerSql(place, [entry, entry], previousHash, null).sql).then(
      () => null,
      (error: { code: string; schema_name: string; table_name: string; column_name: string }) => error,
    )
    assert.ok(refusal !== null)
    const { code, schema_name, table_name, column_name } = refusal
    const facts = { sqlState: code, schema: schema_name, table: table_name, column: column_name }
    assert.ok(isBrokenChain(facts, place))
    for (const other of [{ sqlState: '23505' }, { schema: 'other' }, { table: 'other' }, { column: 'id' }]) {
      assert.ok(!isBrokenChain({ ...facts, ...other }, place))
    }
  }
  await isRefused(null)
  await isRefused('0'.repeat(64))
  const [before] = await readRows(sql)
  await isRefused(before?.hash ?? '')
  assert.equal((await readRows(sql)).length, 2)
  await sql.unsafe(insertLedgerSql(place, [entry], first.hash, null).sql)
  // What was written under the same lock a moment ago is not asked for.
  await sql.unsafe(insertLedgerSql(place, [entry], 'our own', null, true).sql)
  assert.equal((await readRows(sql)).length, 4)
})

test('the head of an empty ledger has no hash, no rank and no module', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(createLedgerSql(place))
  assert.deepEqual(await readHead(sql), { hash: null, highestRank: 0, modules: [] })
  assert.deepEqual(await readRows(sql), [])
})

test('the head knows the last hash, the highest rank ever, and of each script the module that applied it last', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(createLedgerSql(place))
  const entries: readonly LedgerEntry[] = [
    { ...entry, installedRank: 9 },
    { ...entry, event: 'undone', installedRank: 9, module: 'other' },
    { ...entry, script: 'billing/V2__two.sql', module: 'before', installedRank: 3 },
    { ...entry, script: 'billing/V2__two.sql', module: 'billing', moduleRequires: ['iam', 'x'], installedRank: 4 },
    { ...entry, event: 'failed', script: 'billing/V3__never.sql', installedRank: null },
  ]
  const { sql: insert, hash } = insertLedgerSql(place, entries, null, [])
  await sql.unsafe(insert)
  const head = await readHead(sql)
  assert.equal(head.hash, hash)
  assert.equal(head.highestRank, 9)
  assert.deepEqual(head.modules, [
    { script: 'billing/V2__two.sql', module: 'billing', requires: ['iam', 'x'] },
    { script: 'iam/V1__one.sql', module: 'iam', requires: [] },
  ])
})
