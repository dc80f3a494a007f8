import assert from 'node:assert/strict'
import test from 'node:test'
import { type MigrationEvent, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { createTable, programOf, writeProgram } from './write-program.js'

// What nobody awaits has nobody to hear that it was rejected: each of these would end the process, and so the test.

test('a savepoint that nobody awaits is an error of the command, and does not end the process', async (t) => {
  for (const work of [
    "await sql`INSERT INTO a VALUES (1, 'x')`; await sql`SELECT 1`",
    'await sql`SELECT 1 / 0`',
    'throw new Error("mine")',
  ]) {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeProgram(t, `void savepoint(async (sql) => { ${work} })`)
    const error = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
    assert.match(error.message, /a query was still under way/)
    assert.equal((await sql`SELECT FROM a`).length, 0)
  }
})

test('a backfill that nobody awaits is an error of the command, and does not end the process', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer PRIMARY KEY, n integer); INSERT INTO a SELECT generate_series(1, 100)',
    'V2__b.mjs': programOf(
      "void backfill({ table: 'a', batchSize: 1, update: (sql, range) => sql`UPDATE a SET n = 1 WHERE ${range}` })",
      "export const transaction = 'none'",
    ),
  })
  const error = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
  assert.match(error.message, /still under way/)
})

test('a query that comes late, while the next migration runs, is told as a warning and not sent', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...createTable,
    'V2__b.mjs': programOf(
      "setTimeout(async () => { await sql`INSERT INTO a VALUES (1, 'late')`; globalThis.wasAnswered = true }, 100)\nprogress({ done: 1 })",
    ),
    'V3__c.sql': 'SELECT pg_sleep(0.5)',
  })
  const warnings: string[] = []
  const onEvent = (event: MigrationEvent): void => {
    if (event.type === 'notice') warnings.push(event.message)
  }
  await migrate({ url, locations: directory, onEvent })
  await waitUntil('it was told', () => warnings.length > 0)
  assert.match(warnings.join(), /A query came after up\(\) of V2__b\.mjs had ended, and was not sent/)
  assert.equal((await sql`SELECT FROM a`).length, 0)
  assert.equal('wasAnswered' in globalThis, false)
})

test('progress that is told after the end of up() is heard by nobody', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeProgram(t, 'progress({ done: 1 })\nglobalThis.lateProgress = progress')
  const seen: number[] = []
  await migrate({ url, locations: directory, onEvent: (event) => event.type === 'progress' && seen.push(event.done) })
  ;(globalThis as unknown as { lateProgress: (fact: { done: number }) => void }).lateProgress({ done: 2 })
  assert.deepEqual(seen, [1])
})

test('a savepoint within a savepoint fails without the one around it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    `await savepoint(async (sql, savepoint) => {
       await sql\`INSERT INTO a VALUES (1, 'kept')\`
       await savepoint(async (sql) => { await sql\`INSERT INTO a VALUES (2, 'lost')\`; await sql\`SELECT 1 / 0\` }).catch(() => {})
       await sql\`INSERT INTO a VALUES (3, 'kept too')\`
     })`,
  )
  await migrate({ url, locations: directory })
  assert.deepEqual(
    (await sql`SELECT id FROM a ORDER BY id`).map(({ id }) => id),
    [1, 3],
  )
})
