import assert from 'node:assert/strict'
import test from 'node:test'
import { testDatabase } from '../../lib/testing/index.js'
import { open, serverError } from './open-session.js'

const queries: readonly (readonly [string, readonly (string | null)[], readonly unknown[]])[] = [
  ['SELECT id FROM a WHERE id >= $1 ORDER BY id', ['2'], [{ id: 2 }, { id: 3 }]],
  ['SELECT id FROM a WHERE id > $1', ['7'], []],
  ['SELECT $1::text AS t', [`'E`.repeat(40_000)], [{ t: `'E`.repeat(40_000) }]],
  ['INSERT INTO a VALUES ($1)', ['4'], []],
  ['INSERT INTO a VALUES ($1) RETURNING id', ['5'], [{ id: 5 }]],
  ['WITH gone AS (DELETE FROM a WHERE id = $1 RETURNING id) SELECT id FROM gone', ['5'], [{ id: 5 }]],
  ['UPDATE a SET id = $2 WHERE id = $1', ['4', '6'], []],
  ['SELECT $1::int AS n, $2::text AS t', ['1', null], [{ n: 1, t: null }]],
]

test('a query with parameters leaves no snapshot in the transaction in which it ran', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql`CREATE TABLE a (id int PRIMARY KEY)`
  await sql`INSERT INTO a VALUES (1), (2), (3)`
  const session = await open(t, url)
  await session.send('BEGIN')
  const look = async (): Promise<unknown> => {
    const [row] = await sql`SELECT state, backend_xmin FROM pg_stat_activity WHERE pid = ${session.backendPid}`
    return [row?.['state'], row?.['backend_xmin']]
  }
  for (const [text, parameters, expected] of queries) {
    const { rows } = await session.execute(text, parameters)
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      expected,
      text,
    )
    assert.deepEqual(await look(), ['idle in transaction', null], text)
  }
  await session.send('SAVEPOINT s')
  for (const [text, parameter, sqlState] of [
    ['SELECT 1 / $1::int', '0', '22012'],
    ['SELECT $1::int', 'x', '22P02'],
    ['SELECT $1 FROM nowhere', '1', '42P01'],
    ['INSERT INTO a VALUES ($1)', '1', '23505'],
  ] as const) {
    const error = await serverError(session.execute(text, [parameter]))
    assert.equal(error.sqlState, sqlState, text)
    assert.equal(session.transactionStatus, 'failed')
    await session.send('ROLLBACK TO SAVEPOINT s')
    assert.deepEqual(await look(), ['idle in transaction', null], text)
  }
  await session.send('COMMIT')
  const { rows, commandTags } = await session.execute('SELECT sum(id)::int AS sum FROM a WHERE id > $1', ['0'])
  assert.deepEqual([rows[0]?.['sum'], commandTags], [12, ['SELECT 1']])
})

test('outside a transaction a query with parameters is committed at its end, one that may not be in a transaction included', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(`CREATE TABLE a (id int);
    CREATE PROCEDURE work(n int) LANGUAGE plpgsql AS 'BEGIN INSERT INTO a VALUES (n); COMMIT; INSERT INTO a VALUES (n + 1); END'`)
  const session = await open(t, url)
  await session.execute('INSERT INTO a VALUES ($1)', ['1'])
  assert.equal(session.transactionStatus, 'idle')
  await session.execute('CALL work($1)', ['2'])
  await serverError(session.execute('INSERT INTO a VALUES ($1 / 0)', ['3']))
  assert.deepEqual(
    (await sql`SELECT id FROM a ORDER BY id`).map(({ id }) => id),
    [1, 2, 3],
  )
})
