import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForSleep, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { createTable, programOf, writeProgram } from './write-program.js'

test('a connection that is lost while up() waits for something else fires its signal, and up() holds the command five seconds at most', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    `signal.addEventListener('abort', () => { globalThis.lossTold = signal.reason.code })
     globalThis.waitsOn = (await sql\`SELECT pg_backend_pid() AS pid\`)[0].pid
     await new Promise(() => {})`,
  )
  const state = globalThis as { waitsOn?: number; lossTold?: string }
  const running = expectError('CONNECTION_LOST', migrate({ url, locations: directory }))
  await waitUntil('up() waits', () => state.waitsOn !== undefined)
  await sql`SELECT pg_terminate_backend(${state.waitsOn ?? 0})`
  const started = performance.now()
  await waitUntil('up() is told', () => state.lossTold !== undefined)
  assert.equal(state.lossTold, 'CONNECTION_LOST')
  const error = await running
  assert.ok(performance.now() - started < 20_000)
  assert.equal(error.details.sqlState, '57P01')
})

test('a program that never finishes loading ends with the signal, and the lock is free', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    ...createTable,
    'V2__b.mjs': `globalThis.isLoading = true\nsetInterval(() => {}, 1000).unref()\nawait new Promise(() => {})\n${programOf('')}`,
  })
  const stop = new AbortController()
  const running = expectError('ABORTED', migrate({ url, locations: directory, signal: stop.signal }))
  await waitUntil('it is being loaded', () => 'isLoading' in globalThis)
  stop.abort()
  const error = await running
  assert.match(error.message, /while V2__b\.mjs was being loaded/)
  assert.equal((await sql`SELECT to_regclass('a') AS a`)[0]?.['a'], null)
  write({ 'V2__b.mjs': programOf('') })
  assert.equal((await migrate({ url, locations: directory })).migrations.length, 2)
})

test('a program outside a transaction that releases the lock is told as not recorded, with what stays', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    "await sql`INSERT INTO a VALUES (1, 'stays')`\nawait sql`SELECT pg_advisory_unlock_all()`",
    "export const transaction = 'none'",
  )
  const error = await expectError('LOCK_LOST', migrate({ url, locations: directory }))
  assert.match(error.message, /While V2__b\.mjs ran, .* so it is not recorded\. .* what it did before stays/)
  assert.doesNotMatch(error.message, /rolled back|nothing more/)
  assert.equal(error.details.script, 'V2__b.mjs')
  assert.deepEqual(
    [(await sql`SELECT FROM a`).length, (await sql`SELECT FROM flyway_schema_history WHERE version = '2'`).length],
    [1, 0],
  )
})

test('a stopped program outside a transaction is told with what stays', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    "await sql`INSERT INTO a VALUES (1, 'stays')`\nawait sql`SELECT pg_sleep(60)`",
    "export const transaction = 'none'",
  )
  const stop = new AbortController()
  const running = expectError('ABORTED', migrate({ url, locations: directory, signal: stop.signal }))
  await waitForSleep(sql)
  stop.abort(new Error('enough'))
  const error = await running
  assert.match(error.message, /while V2__b\.mjs ran\. It runs outside a transaction, and what it did before stays/)
  assert.doesNotMatch(error.message, /rolled back/)
  assert.match(String(error.cause), /enough/)
  assert.equal((await sql`SELECT FROM a`).length, 1)
})

test('a helper that is added after it was missing is found by the next migrate() of the same process', async (t) => {
  for (const [name, text] of [
    [
      'V2__b.mjs',
      `import { letter } from './helper.mjs'\n${programOf('await sql`INSERT INTO a VALUES (1, ${letter})`')}`,
    ],
    [
      'V2__b.ts',
      `import { letter } from './helper.mjs'\n${programOf('await sql`INSERT INTO a VALUES (1, ${letter})`').replace('backfill }', 'backfill }: any')}`,
    ],
  ] as const) {
    const { url, sql } = await testDatabase(t)
    const { directory, write } = writeScripts(t, { ...createTable, [name]: text })
    const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
    assert.match(error.message, /could not be loaded/)
    write({ 'helper.mjs': "export const letter = 'x'\n" })
    await migrate({ url, locations: directory })
    assert.equal((await sql`SELECT name FROM a`)[0]?.['name'], 'x', name)
  }
})

test('a program that commits, begins anew and throws is told to have escaped, not as rolled back', async (t) => {
  for (const [query, after] of [
    ['COMMIT; BEGIN', "throw new Error('mine')"],
    ['COMMIT AND CHAIN', "throw new Error('mine')"],
    ['COMMIT; BEGIN; SELECT 1 / 0', ''],
  ]) {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeProgram(
      t,
      `await sql\`INSERT INTO a VALUES (1, 'committed')\`\nawait sql.unsafe('${query}').catch(() => {})\n${after}`,
    )
    const error = await expectError('TRANSACTION_ESCAPED', migrate({ url, locations: directory }))
    assert.match(error.message, /what it did before is committed and not in history/)
    assert.equal((await sql`SELECT FROM a`).length, 1, query)
  }
})

test('a program that changes client_encoding is stopped before a value is stored as other letters', async (t) => {
  for (const more of ['', "export const transaction = 'none'"]) {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeProgram(
      t,
      "await sql`SET client_encoding = 'LATIN1'`.catch(() => {})\nawait sql`INSERT INTO a VALUES (1, ${'é'})`.catch(() => {})",
      more,
    )
    const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
    assert.match(error.message, /V2__b\.mjs changed client_encoding to LATIN1/)
    assert.equal((await sql`SELECT FROM a`).length, 0)
    const [row] = await sql`SELECT event, error ->> 'code' AS code FROM schemaway_ledger ORDER BY id DESC LIMIT 1`
    assert.deepEqual({ ...row }, { event: 'failed', code: 'INVALID_SCRIPT' })
  }
})
