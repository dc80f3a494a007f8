import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { readOptions } from '../../lib/config/read-options.js'
import { migrate } from '../../lib/index.js'
import type { MigrationSql, SqlParameter } from '../../lib/programs/program.js'
import { SqlScope } from '../../lib/programs/sql-scope.js'
import { resolveTarget } from '../../lib/run/connection-target.js'
import { openSession } from '../../lib/run/session.js'
import { testDatabase } from '../../lib/testing/index.js'
import { writeProgram } from './write-program.js'

/** A `sql` over a session of its own. */
async function createSql(t: Parameters<typeof testDatabase>[0]): Promise<MigrationSql> {
  const { url } = await testDatabase(t)
  const session = await openSession(await resolveTarget(await readOptions('migrate', { url })))
  t.after(async () => await session.close())
  return new SqlScope(({ text, parameters }) => session.execute(text, parameters)).sql
}

test('values reach the server and come back as they were', async (t) => {
  const sql = await createSql(t)
  const cases: readonly (readonly [type: string, value: SqlParameter, expected?: unknown])[] = [
    ['integer', 7],
    ['bigint', 9007199254740993n, '9007199254740993'],
    ['numeric', '123456789012345678901234567890.5'],
    ['double precision', 0.1],
    ['double precision', Number.NaN],
    ['double precision', Number.POSITIVE_INFINITY],
    ['boolean', true],
    ['boolean', false],
    ['text', 'true'],
    ['text', 'it\'s \\ "quoted" $1 \u{1f600}'],
    ['text', null],
    ['uuid', '6f8c9f5e-3f0c-4b61-9d43-0b1f5c2d7a11'],
    ['timestamptz', new Date('2024-05-06T07:08:09.123Z')],
    ['bytea', Buffer.from([0, 255, 92])],
    ['bytea', new Uint8Array([1, 2]), Buffer.from([1, 2])],
    ['jsonb', { a: [1, 'x', null], b: true }],
    ['json', '"text"', 'text'],
    ['integer[]', [1, null, 3]],
    ['text[]', ['a,b', '{}', '"', '\\', 'NULL', '', null]],
    ['text[]', []],
    [
      'integer[]',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['boolean[]', [true, false]],
    ['jsonb[]', [{ a: 1 }, { b: [2] }]],
    ['timestamptz[]', [new Date('2024-05-06T07:08:09.123Z')]],
    ['bytea[]', [Buffer.from([0, 34])]],
  ]
  for (const [type, value, expected = value] of cases) {
    const [row] = await sql<{ value: unknown }>`SELECT ${value}::${sql.unsafe(type)} AS value`
    assert.deepEqual(row?.value, expected, `${type} ${String(value)}`)
  }
  assert.deepEqual([...(await sql`SELECT ${sql.json([1, 2])}::jsonb AS value`)], [{ value: [1, 2] }])
  const ides = new Date('-000043-03-15T00:00:00.000Z')
  assert.deepEqual(
    [...(await sql`SELECT (${ides}::timestamptz AT TIME ZONE 'UTC')::text AS text`)],
    [{ text: '0044-03-15 00:00:00 BC' }],
  )
  assert.deepEqual(
    [...(await sql`SELECT ${'2024-01-01 00:00:00.123456+00'}::timestamptz::text LIKE '%.123456%' AS kept`)],
    [{ kept: true }],
  )
})

test('any text, alone or in arrays, comes back as it was', async (t) => {
  const sql = await createSql(t)
  const text = fc.string({ unit: 'binary' }).filter((one) => !one.includes('\0'))
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.option(text)), fc.jsonValue(), async (one, many, json) => {
      const [row] =
        await sql`SELECT ${one}::text AS one, ${many}::text[] AS many, ${sql.json(json)}::jsonb::text AS json`
      assert.deepEqual([row?.['one'], row?.['many']], [one, many])
    }),
    { numRuns: 200, examples: [['', [], null]] },
  )
})

test('identifiers, lists of them, rows, conditions and text are parts of queries', async (t) => {
  const sql = await createSql(t)
  await sql`CREATE SCHEMA ${sql('my "schema')}`
  await sql`CREATE TABLE ${sql.unsafe('"my ""schema".t')} ("Id" integer, note text, tags text[])`
  const rows = [
    { Id: 1, note: 'one', tags: ['a'] },
    { Id: 2, note: null, tags: [] },
  ]
  const inserted = await sql`INSERT INTO "my ""schema".t ${sql(rows)}`
  assert.deepEqual([inserted.count, inserted.command, inserted.length], [2, 'INSERT', 0])
  await sql`INSERT INTO "my ""schema".t ${sql({ Id: 3, note: 'three', other: 1 }, 'Id', 'note')}`
  const condition = (id: number | null) => (id === null ? sql`` : sql`WHERE "Id" > ${id}`)
  const found =
    await sql`SELECT ${sql(['Id', 'note'])} FROM "my ""schema".t ${condition(1)} ORDER BY ${sql('Id')} LIMIT ${1}`
  assert.deepEqual([...found], [{ Id: 2, note: null }])
  assert.equal((await sql`SELECT FROM "my ""schema".t ${condition(null)}`).count, 3)
  assert.deepEqual([...(await sql.unsafe('SELECT $2::int + $1::int AS sum', [1, 2]))], [{ sum: 3 }])
  assert.deepEqual([...(await sql.unsafe('SELECT 1 AS a; SELECT 2 AS b'))], [{ b: 2 }])
  assert.equal((await sql`UPDATE "my ""schema".t SET note = 'x'`).count, 3)
})

test('what cannot be sent is refused before it is sent', async (t) => {
  const sql = await createSql(t)
  const bad = (work: () => PromiseLike<unknown> | unknown): Promise<unknown> => (async () => await work())()
  await assert.rejects(
    bad(() => sql`SELECT ${undefined as never}`),
    /type undefined cannot be a parameter.*write null/,
  )
  await assert.rejects(
    bad(() => sql`SELECT ${(() => 1) as never}`),
    /type function/,
  )
  await assert.rejects(
    bad(() => sql`SELECT ${'\0'}`),
    /NUL character/,
  )
  await assert.rejects(
    bad(() => sql`SELECT ${new Date('never')}`),
    /Invalid time value/,
  )
  await assert.rejects(
    bad(() => sql`INSERT INTO t ${sql([])}`),
    /takes the name|one row/,
  )
  await assert.rejects(
    bad(() => sql`INSERT INTO t ${sql([{ a: 1 }, { b: 1 }])}`),
    /Row 2 of sql\(rows\) has no value for "a"/,
  )
  await assert.rejects(
    bad(() => sql`SELECT ${Array.from({ length: 3 }) as never}`),
    /type undefined/,
  )
  const many = Array.from({ length: 70_000 }, (_, id) => ({ id }))
  await assert.rejects(
    bad(() => sql`INSERT INTO t ${sql(many)}`),
    /has 70000 parameters.*send fewer rows at once/,
  )
  assert.deepEqual([...(await sql`SELECT 1 AS alive`)], [{ alive: 1 }])
})

test('an error of a query with parameters leaves the session whole', async (t) => {
  const sql = await createSql(t)
  for (const text of [
    'SELECT $1::int / 0',
    'SELECT $1 FROM nowhere',
    'SELEC $1',
    'COPY (SELECT 1) TO STDOUT',
    "SELECT 'x'::int",
  ]) {
    await sql.unsafe(text, text.includes('$1') ? ['1'] : []).catch(() => {})
    assert.deepEqual([...(await sql`SELECT ${text}::text AS text`)], [{ text }])
  }
  await assert.rejects((async () => await sql.unsafe('CREATE TEMP TABLE c (a text); COPY c FROM STDIN'))())
  assert.equal((await sql`SELECT ${1}::int AS one`)[0]?.['one'], 1)
})

test('thousands of queries at once keep their order', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    'await Promise.all(Array.from({ length: 2000 }, (_, id) => sql`INSERT INTO a SELECT ${id}, count(*)::text FROM a`))',
  )
  await migrate({ url, locations: directory })
  assert.equal((await sql`SELECT FROM a WHERE id::text <> name`).length, 0)
})
