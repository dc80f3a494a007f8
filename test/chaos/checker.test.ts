import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { migrate } from '../../lib/index.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { chainHash, findDivergences, findLeftOvers } from './checker.js'
import { type LedgerRow, readSnapshot, type Snapshot } from './read-snapshot.js'
import { optionsOf } from './scenarios.js'

const comparison = { isOrderFree: false }

async function migrated(t: TestContext): Promise<TestDatabase> {
  const database = await testDatabase(t)
  // A role belongs to the server, where another test may have made it at the same time.
  await database.sql
    .unsafe('CREATE ROLE chaos_reader')
    .catch((error: { code?: string }) => assert.match(error.code ?? '', /42710|23505/))
  await migrate({ ...optionsOf({ isModel: false }), url: database.url })
  return database
}

async function findAfter(t: TestContext, change: string): Promise<readonly string[]> {
  const { sql } = await migrated(t)
  const reference = await readSnapshot(sql, { countsOnly: false })
  await sql.unsafe(change)
  return findDivergences(await readSnapshot(sql, { countsOnly: false }), reference, comparison)
}

test('two databases that were migrated alike do not differ', async (t) => {
  const [one, other] = [await migrated(t), await migrated(t)]
  const read = async ({ sql }: { readonly sql: Sql }) => await readSnapshot(sql, { countsOnly: false })
  const [found, reference] = [await read(one), await read(other)]
  assert.deepEqual(findDivergences(found, reference, comparison), [])
  assert.ok(found.catalogue.length > 80 && found.rows.length > 600 && found.history.length === 16)
  assert.deepEqual(await findLeftOvers((await testDatabase(t)).sql), [])
})

const changes: readonly (readonly [name: string, change: string, expected: RegExp])[] = [
  ['a missing index', 'DROP INDEX chaos.people_team_id_idx', /^catalogue: missing .*people_team_id_idx/],
  [
    'an invalid index',
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'chaos.people_email_idx'::regclass",
    /^left over: index .*valid f/,
  ],
  [
    'a left-over copy of an index',
    'CREATE INDEX people_email_idx_ccnew ON chaos.people (email)',
    /^left over: .*_ccnew/,
  ],
  ['a script that ran twice', "INSERT INTO chaos.log VALUES ('V04')", /^data: too much \(1\): chaos\.log: \(V04\)/],
  ['a row that was changed twice', 'UPDATE chaos.people SET visits = 2 WHERE id = 7', /^data: missing/],
  ['another constraint', 'ALTER TABLE orders.orders DROP CONSTRAINT orders_amount', /^catalogue: missing .*amount/],
  ['another right', 'REVOKE SELECT ON chaos.people FROM chaos_reader', /^catalogue: .*relation chaos\.people/],
  ['another policy', 'DROP POLICY people_read ON chaos.people', /^catalogue: missing .*policy/],
  ['another value of an enum', "ALTER TYPE chaos.mood ADD VALUE 'late'", /^catalogue: .*type chaos\.mood/],
  [
    'another function',
    'CREATE OR REPLACE FUNCTION chaos.count_people() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT 1::bigint $$',
    /^catalogue: .*count_people/,
  ],
  ['another view', 'CREATE OR REPLACE VIEW orders.open_orders AS SELECT id, amount FROM orders.orders', /open_orders/],
  ['another checksum', "UPDATE flyway_schema_history SET checksum = 1 WHERE version = '03'", /^history: .*data/],
  ['a failed row', "UPDATE flyway_schema_history SET success = false WHERE version = '03'", /marked as failed/],
  [
    'a row of history that is gone',
    "DELETE FROM flyway_schema_history WHERE version = '03'",
    /^ledger against history/,
  ],
  [
    'another order',
    "UPDATE flyway_schema_history SET installed_rank = 100 WHERE version = '03'",
    /^history: missing .*3 \| 03 \| data/,
  ],
  [
    'a ledger that was edited',
    "UPDATE schemaway_ledger SET login = 'nobody' WHERE id = 3",
    /does not continue the chain/,
  ],
  ['a row cut out of the ledger', 'DELETE FROM schemaway_ledger WHERE id = 3', /does not continue the chain/],
  [
    'a script that was applied twice',
    "INSERT INTO flyway_schema_history SELECT 100, '99', description, type, script, checksum, installed_by, now(), 0, true FROM flyway_schema_history WHERE version = '03'",
    /V03__data\.sql stands there more than once/,
  ],
]

test('what differs is found', async (t) => {
  for (const [name, change, expected] of changes) {
    await t.test(name, async (inner) => {
      const divergences = await findAfter(inner, change)
      assert.ok(
        divergences.some((one) => expected.test(one)),
        `${name}: ${divergences.join('\n')}`,
      )
    })
  }
})

const contents: readonly (readonly [name: string, change: Partial<LedgerRow>])[] = [
  ['another checksum', { checksum: 1 }],
  ['another sha256', { sha256: '0'.repeat(64) }],
  ['another text that undoes it', { undo_text: 'DROP TABLE chaos.people;' }],
  ['no text that undoes it', { undo_text: null }],
  ['another file that undoes it', { undo_script: 'chaos/U99__other.sql' }],
  ['another placeholder', { placeholders: ['other'] }],
  ['another kind', { kind: 'R' }],
  ['another module', { module: 'other' }],
  ['another login', { login: 'somebody' }],
  ['an error', { error: '{"code":"X"}' }],
]

test('what the ledger keeps of a script differs, and its chain holds all the same', async (t) => {
  const { sql } = await migrated(t)
  const reference = await readSnapshot(sql, { countsOnly: false })
  /** The chain is made again, as if it had been written so. */
  const withRow = (change: Partial<LedgerRow>): Snapshot => {
    let before: string | null = null
    const ledger = reference.ledger.map((row) => {
      const changed = row.event === 'applied' && row.script === 'chaos/V02__people.sql' ? { ...row, ...change } : row
      before = chainHash(before, changed)
      return { ...changed, hash: before }
    })
    return { ...reference, ledger }
  }
  assert.deepEqual(findDivergences(withRow({}), reference, comparison), [])
  for (const [name, change] of contents) {
    const divergences = findDivergences(withRow(change), reference, comparison)
    assert.equal(divergences.length, 2, `${name}: ${divergences.join('\n')}`)
    assert.match(divergences.join('\n'), /^ledger: missing \(1\): chaos\/V02__people\.sql/m)
    assert.match(divergences.join('\n'), /^ledger: too much \(1\): chaos\/V02__people\.sql/m)
  }
  // What differs from run to run is none.
  const other = { run_id: '00000000-0000-0000-0000-000000000000', client: 'another process', installed_rank: 7 }
  assert.deepEqual(findDivergences(withRow(other), reference, comparison), [])
})

test('locks, sessions and prepared transactions that are left are found', async (t) => {
  const { sql, url } = await testDatabase(t)
  const watcher = await sql.reserve()
  const other = await sql.reserve()
  await other`SELECT pg_advisory_lock(7)`
  const found = await findLeftOvers(watcher)
  assert.match(found.join('\n'), /advisory lock held by \d+/)
  assert.match(found.join('\n'), /session \d+ .* idle/)
  assert.equal(typeof url, 'string')
  watcher.release()
  other.release()
})
