import assert from 'node:assert/strict'
import test from 'node:test'
import { defineModule, info, type MigrationEvent, migrate, repair } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { startMigrating } from '../support/run-process.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import {
  backfillOf,
  batches,
  count,
  failsAt70,
  hundred,
  lastBackfill,
  none,
  times,
  writeBackfill,
} from './write-backfill.js'
import { programOf } from './write-program.js'

test('a backfill changes every row once, in batches that commit with their record', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(t, hundred, `table: 'a', batchSize: 30, ${count}`)
  const seen: unknown[] = []
  const onEvent = (event: MigrationEvent) => event.type === 'progress' && seen.push([event.done, event.message])
  await migrate({ url, locations: directory, onEvent })
  assert.deepEqual(await times(sql), [[1, 100]])
  assert.deepEqual(await batches(sql), [
    ['30', 30],
    ['60', 60],
    ['90', 90],
    ['100', 100],
  ])
  assert.deepEqual(seen.at(-1), [100, 'a'])
  assert.deepEqual(lastBackfill(), { rows: 100, batches: 4 })
  const [row] = await sql`SELECT type, success FROM flyway_schema_history WHERE version = '2'`
  assert.deepEqual({ ...row }, { type: 'SCRIPT', success: true })
  assert.equal((await migrate({ url, locations: directory })).migrations.length, 0)
})

test('a backfill that fails goes on behind its last batch, with the corrected file', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeBackfill(t, hundred, `table: 'a', batchSize: 30, ${failsAt70}`)
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.equal(error.details.sqlState, '22012')
  assert.match(
    error.message,
    /runs outside a transaction, and what it did before stays.*goes on behind its last batch/s,
  )
  assert.deepEqual(await times(sql), [
    [0, 40],
    [1, 60],
  ])

  write({ 'V2__b.mjs': backfillOf(`table: 'a', where: (sql) => sql\`id > \${0}\`, ${count}`) })
  const changed = await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  assert.match(
    changed.message,
    /is half-done since an earlier run \(60 rows\), and its table, key or where was changed/,
  )

  write({ 'V2__b.mjs': backfillOf(`table: 'a', batchSize: 7, ${count}`) })
  const notices: string[] = []
  await migrate({
    url,
    locations: directory,
    onEvent: (event) => event.type === 'notice' && notices.push(event.message),
  })
  assert.deepEqual(await times(sql), [[1, 100]])
  assert.ok(
    notices.some((notice) => notice.includes('was edited while its backfill "a" was half-done: it goes on')),
    notices.join('\n'),
  )
  assert.deepEqual(lastBackfill(), { rows: 100, batches: 8 })
})

test('a process that is killed in the middle of a batch neither repeats nor misses one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(
    t,
    'INSERT INTO a (id) SELECT generate_series(1, 3000);',
    `table: 'a', batchSize: 10, pauseMilliseconds: 15, ${count}`,
  )
  for (const rows of [200, 700, 1500]) {
    const killed = startMigrating({ url, locations: directory })
    await killed.ready
    killed.go()
    await waitUntil(`${rows} rows are done`, async () => {
      const [row] = await sql`
        SELECT coalesce(to_regclass('a')::text, '') <> '' AND (xpath('/row/n/text()', query_to_xml(
          'SELECT count(*) AS n FROM ' || coalesce(to_regclass('a')::text, '(VALUES (0)) AS v (times)') || ' WHERE times > 0',
          true, true, '')))[1]::text::int >= ${rows} AS enough`
      return row?.['enough'] === true
    })
    killed.child.kill('SIGKILL')
    assert.equal((await killed.ended).code, null)
  }
  const before = (await batches(sql)).length
  assert.ok(before >= 150 && before < 300, `${before} batches`)
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[1, 3000]])
  assert.equal((await batches(sql)).length, 300)
})

test('where, alias, name and several statements per batch', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0); ${hundred} CREATE TABLE log (id integer, kind text)`,
    'V2__b.mjs': programOf(
      `await sql\`CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (times)\`
       const even = await backfill({ name: 'even', table: 'public.a', alias: 't', batchSize: 20, where: (sql) => sql\`t.id % \${2} = 0\`,
         update: async (sql, range) => {
           await sql\`INSERT INTO log SELECT t.id, 'even' FROM a AS t WHERE \${range}\`
           return sql\`UPDATE a AS t SET times = t.times + 1 FROM log WHERE log.id = t.id AND \${range}\`
         } })
       const odd = await backfill({ name: 'odd', table: 'a', batchSize: 20, where: (sql) => sql\`public.a.id % 2 = 1\`, ${count} })
       globalThis.lastBackfill = [even, odd]`,
      none,
    ),
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[1, 100]])
  assert.equal((await sql`SELECT FROM log`).length, 50)
  assert.deepEqual(lastBackfill(), [
    { rows: 50, batches: 3 },
    { rows: 50, batches: 3 },
  ])
})

test('a batch that does not get its lock is tried again by itself', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(t, hundred, `table: 'a', batchSize: 50, ${count}`)
  await migrate({ url, locations: directory, target: '1' })
  let release = (): void => {}
  let isHeld = false
  const holder = sql.begin(async (transaction) => {
    await transaction`SELECT FROM a WHERE id = 70 FOR UPDATE`
    isHeld = true
    await new Promise<void>((resolve) => (release = resolve))
  })
  await waitUntil('the row is locked', () => isHeld)
  const seen: string[] = []
  const running = migrate({ url, locations: directory, lockTimeout: 100, onEvent: ({ type }) => seen.push(type) })
  await waitUntil('it was tried again', () => seen.filter((type) => type === 'retry').length >= 2)
  release()
  await holder
  await running
  assert.deepEqual(await times(sql), [[1, 100]])
  assert.ok(seen.indexOf('progress') < seen.indexOf('retry'), 'the first batch was done before')
  assert.deepEqual(await batches(sql), [
    ['50', 50],
    ['100', 100],
  ])
})

test('a table that is locked when a backfill looks for its end is tried again', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(t, hundred, `table: 'a', ${count}`)
  await migrate({ url, locations: directory, target: '1' })
  let release = (): void => {}
  let isHeld = false
  const holder = sql.begin(async (transaction) => {
    await transaction`LOCK TABLE a IN ACCESS EXCLUSIVE MODE`
    isHeld = true
    await new Promise<void>((resolve) => (release = resolve))
  })
  await waitUntil('the table is locked', () => isHeld)
  const seen: string[] = []
  const onEvent = (event: MigrationEvent) => seen.push(event.type === 'notice' ? event.message : event.type)
  const running = migrate({ url, locations: directory, lockTimeout: 100, onEvent })
  await waitUntil('it was tried again', () => seen.includes('retry'))
  release()
  await holder
  await running
  assert.deepEqual(await times(sql), [[1, 100]])
  assert.ok(!seen.some((one) => one.includes('no transaction')), seen.join())
})

test('the pause between batches ends with the signal, and what is done stays', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(t, hundred, `table: 'a', batchSize: 10, pauseMilliseconds: 60_000, ${count}`)
  const stop = new AbortController()
  const onEvent = ({ type }: MigrationEvent): void => {
    if (type === 'progress') setTimeout(() => stop.abort(), 50)
  }
  await expectError('ABORTED', migrate({ url, locations: directory, signal: stop.signal, onEvent }))
  assert.deepEqual(await times(sql), [
    [0, 90],
    [1, 10],
  ])
})

test('a released lock stops a backfill before the COMMIT of its batch', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(
    t,
    hundred,
    "table: 'a', batchSize: 10, update: async (sql, range) => { await sql`SELECT pg_advisory_unlock_all()`; return sql`UPDATE a SET times = times + 1 WHERE ${range}` }",
  )
  const error = await expectError('LOCK_LOST', migrate({ url, locations: directory }))
  assert.match(
    error.message,
    /While V2__b\.mjs ran, the lock .* was released .* a backfill goes on behind its last batch/,
  )
  assert.deepEqual(await times(sql), [[0, 100]])
})

test('what cannot be a backfill is refused with the remedy', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeBackfill(
    t,
    `${hundred} CREATE TABLE keyless (id integer UNIQUE, other integer NOT NULL UNIQUE);`,
    count,
  )
  const { directory, write } = folder
  for (const [up, reason] of [
    [`backfill({ table: 'nowhere', ${count} })`, /there is no table nowhere/],
    [`backfill({ table: 'keyless', ${count} })`, /keyless has no primary key; it has \(other\)/],
    [
      `backfill({ table: 'keyless', key: 'id', ${count} })`,
      /no unique index over \(id\) whose columns are NOT NULL; it has \(other\)/,
    ],
    [`backfill({ table: 'a', size: 3, ${count} })`, /has no option `size`/],
    [`backfill({ table: 'a', batchSize: 0.5, ${count} })`, /`batchSize` has to be a whole number/],
    ["backfill({ table: 'a' })", /takes functions as `update`/],
    ["backfill({ table: 'a', update: (sql) => sql`UPDATE a SET times = 1` })", /`update` does not use its `range`/],
    [
      "backfill({ table: 'a', where: (sql) => sql`times = ${0}`, update: (sql) => sql`UPDATE a SET times = 1` })",
      /`update` does not use its `range`/,
    ],
    [
      "backfill({ table: 'a', update: (sql, range) => { sql`UPDATE a SET times = 1 WHERE ${range}` } })",
      /neither awaited nor made part/,
    ],
    ["backfill({ table: 'a', update: () => sql`UPDATE a SET times = 1` })", /use the `sql` that `update` gets/],
    ["backfill({ table: 'a', update: (sql, range) => sql`COMMIT` })", /ended the transaction/],
    [
      "backfill({ table: 'a', update: async (sql, range) => { await sql`SELECT FROM a WHERE ${range}`; await sql`COMMIT AND CHAIN` } })",
      /ended the transaction of its batch/,
    ],
  ] as const) {
    write({ 'V2__b.mjs': programOf(`await ${up}`, none) })
    const error = await migrate({ url, locations: directory }).then(
      () => assert.fail(up),
      (thrown: Error) => thrown,
    )
    assert.match(error.message, reason)
  }
  write({ 'V2__b.mjs': programOf(`await backfill({ table: 'a', ${count} })`) })
  const inside = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
  assert.match(inside.message, /needs an `up` outside a transaction: export const transaction = 'none'/)
  write({ 'V2__b.mjs': programOf('await sql`BEGIN`\nawait sql`INSERT INTO a VALUES (0)`', none) })
  const open = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
  assert.match(open.message, /ended with a transaction still open, which is rolled back now/)
  await expectError('INVALID_SCRIPT', migrate({ url, locations: directory, transaction: 'all' }))
  assert.deepEqual(await times(sql), [[0, 100]])
})

test('a backfill without rows, and one whose rows are all done, leave the table alone', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeBackfill(t, '', `table: 'a', ${count}`)
  await migrate({ url, locations: directory })
  assert.deepEqual(lastBackfill(), { rows: 0, batches: 0 })
  await sql`INSERT INTO a SELECT generate_series(1, 10)`
  write({
    'V3__c.mjs': programOf(
      `globalThis.lastBackfill = await backfill({ table: 'a', ${count} })\nif (!globalThis.isSecond) throw new Error('behind it')`,
      none,
    ),
  })
  await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
  await repair({ url, locations: directory })
  Object.assign(globalThis, { isSecond: true })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[1, 10]])
  assert.deepEqual(lastBackfill(), { rows: 10, batches: 1 })
})

test('a backfill whose update hangs ends with the signal, and does nothing more when it comes back', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeBackfill(
    t,
    hundred,
    `table: 'a', batchSize: 10, update: async (sql, range) => {
      const answer = await sql\`UPDATE a SET times = times + 1 WHERE \${range}\`
      await new Promise((resolve) => (globalThis.comeBack = resolve))
      return answer
    }`,
  )
  const stop = new AbortController()
  const running = expectError('ABORTED', migrate({ url, locations: directory, signal: stop.signal }))
  await waitUntil('it hangs', () => 'comeBack' in globalThis)
  stop.abort()
  await running
  ;(globalThis as unknown as { comeBack: () => void }).comeBack()
  await migrate({ url, locations: directory, target: '1' })
  assert.deepEqual(await times(sql), [[0, 100]])
})

test('a backfill that nobody awaits is an error', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0); ${hundred}`,
    'V2__b.mjs': programOf(`void backfill({ table: 'a', batchSize: 1, ${count} })`, none),
  })
  const error = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
  assert.match(error.message, /still under way/)
  assert.ok((await batches(sql)).length < 100)
})

test('a signal that fires after a command whose backfill nobody awaited does no harm', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0); ${hundred}`,
    'V2__b.mjs': programOf(
      `void backfill({ table: 'a', batchSize: 10, pauseMilliseconds: 60_000, ${count} })
       await new Promise((resolve) => (globalThis.endProgram = resolve))`,
      none,
    ),
  })
  const stop = new AbortController()
  const onEvent = ({ type }: MigrationEvent): void => {
    // Behind the event the backfill begins to pause.
    if (type === 'progress') setTimeout(() => (globalThis as unknown as { endProgram: () => void }).endProgram(), 100)
  }
  const error = await expectError(
    'PROGRAM_FAILED',
    migrate({ url, locations: directory, signal: stop.signal, onEvent }),
  )
  assert.match(error.message, /still under way/)
  stop.abort()
  // An unhandled rejection would fail this test.
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(await batches(sql), [['10', 10]])
})

test('a half-done backfill that repair() calls undone begins anew', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeBackfill(
    t,
    hundred,
    "table: 'a', batchSize: 30, update: (sql, range) => sql`UPDATE a SET times = times + 1 + 1 / (id - 70) * 0 WHERE ${range}`",
  )
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await info({ url, locations: directory })
  await repair({ url, locations: directory, versions: ['2'], unfinished: 'restart' })
  write({ 'V2__b.mjs': backfillOf(`table: 'a', ${count}`) })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [
    [1, 40],
    [2, 60],
  ])
  assert.deepEqual(lastBackfill(), { rows: 100, batches: 1 })
})

test('a program of a module sees the schemas of its module first, inside and outside a transaction', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V20260301_090000__a.sql':
      'CREATE SCHEMA billing;\nCREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0);',
    'V20260301_090100__b.mjs': programOf('await sql`INSERT INTO a VALUES (1)`'),
    'V20260301_090200__c.mjs': programOf(
      `await sql\`INSERT INTO a VALUES (2)\`\nawait backfill({ table: 'a', ${count} })`,
      none,
    ),
  })
  await migrate({ url, modules: [defineModule({ name: 'billing', directory })] })
  assert.deepEqual(await times(sql, 'billing.a'), [[1, 2]])
  const scripts = await sql`SELECT script FROM flyway_schema_history WHERE type = 'SCRIPT' ORDER BY installed_rank`
  assert.deepEqual(
    scripts.map(({ script }) => script),
    ['billing/V20260301_090100__b.mjs', 'billing/V20260301_090200__c.mjs'],
  )
})
