import assert from 'node:assert/strict'
import test from 'node:test'
import { type MigrationEvent, migrate, repair, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { backfillOf, count, failsAt70, hundred, lastBackfill, none, times, writeBackfill } from './write-backfill.js'
import { programOf } from './write-program.js'

const halfDone = [
  [0, 40],
  [1, 60],
]

function collectNotices(): { readonly notices: string[]; readonly onEvent: (event: MigrationEvent) => void } {
  const notices: string[] = []
  return { notices, onEvent: (event) => event.type === 'notice' && notices.push(event.message) }
}

test('a second backfill of the same table without a name is refused, and works with one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const second = (options: string): string =>
    programOf(`await backfill({ table: 'a', ${count} })\nawait backfill({ ${options} })`, none)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0);\n${hundred}`,
  })
  for (const options of [`table: 'a', ${count}`, `table: 'a', where: (sql) => sql\`times = 1\`, ${count}`]) {
    write({ 'V2__b.mjs': second(options) })
    const error = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
    assert.match(error.message, /second backfill named "a" in this file; give it a `name` of its own/)
    assert.deepEqual(await times(sql), [[1, 100]], 'the first one was done once')
  }
  write({ 'V2__b.mjs': second(`name: 'again', table: 'a', ${count}`) })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[2, 100]])
})

test('a backfill that failed may be called again by the same program', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0);\n${hundred}`,
    'V2__b.mjs': programOf(
      `await backfill({ table: 'a', batchSize: 30, ${failsAt70} }).catch(() => {})
       globalThis.lastBackfill = await backfill({ table: 'a', batchSize: 30, ${count} })`,
      none,
    ),
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[1, 100]])
  assert.deepEqual(lastBackfill(), { rows: 100, batches: 4 })
})

test('a half-done file that moves, or whose version is written otherwise, goes on behind its last batch', async (t) => {
  for (const [before, after] of [
    ['V2__b.mjs', 'V2.0__b.mjs'],
    ['R__b.mjs', 'sub/R__b.mjs'],
  ] as const) {
    const { url, sql } = await testDatabase(t)
    const { directory, write, remove } = writeScripts(t, {
      'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0);\n${hundred}`,
      [before]: backfillOf(`table: 'a', batchSize: 30, ${failsAt70}`),
    })
    await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
    assert.deepEqual(await times(sql), halfDone)
    remove(before)
    write({ [after]: backfillOf(`table: 'a', batchSize: 30, ${count}`) })
    await migrate({ url, locations: directory })
    assert.deepEqual(await times(sql), [[1, 100]], after)
  }
})

test('a half-done repeatable begins anew when what it stands on was undone', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0);\n${hundred}`,
    'U1__a.sql': 'DROP TABLE a;',
    'R__b.mjs': backfillOf(`table: 'a', batchSize: 30, ${failsAt70}`),
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await rollback({ url, locations: directory, to: 'empty', allowDataLoss: true })
  write({ 'R__b.mjs': backfillOf(`table: 'a', batchSize: 30, ${count}`) })
  const { notices, onEvent } = collectNotices()
  await migrate({ url, locations: directory, onEvent })
  assert.deepEqual(await times(sql), [[1, 100]])
  assert.ok(
    notices.some((notice) =>
      /R__b\.mjs: the backfill "a" .* V1__a\.sql was undone after that.*begins anew/.test(notice),
    ),
    notices.join('\n'),
  )
})

test('a half-done repeatable begins anew when its columns were undone and made again in the same table', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY); ${hundred}`,
    'V2__b.sql': 'ALTER TABLE a ADD COLUMN times integer NOT NULL DEFAULT 0;',
    'U2__b.sql': 'ALTER TABLE a DROP COLUMN times;',
    'R__b.mjs': backfillOf(`table: 'a', batchSize: 30, ${failsAt70}`),
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await rollback({ url, locations: directory, to: '1', allowDataLoss: true })
  write({ 'R__b.mjs': backfillOf(`table: 'a', batchSize: 30, ${count}`) })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[1, 100]])
})

test('a half-done versioned backfill whose table was made anew by hand is refused until repair() says what to do', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeBackfill(t, hundred, `table: 'a', batchSize: 30, ${failsAt70}`)
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  await sql`DROP TABLE a; CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0);`.simple()
  await sql.unsafe(hundred)
  write({ 'V2__b.mjs': backfillOf(`table: 'a', batchSize: 30, ${count}`) })
  const error = await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  assert.match(error.message, /half-done since an earlier run \(60 rows\), and its table was made anew after that/)
  assert.match(error.message, /repair\(\{ versions: \['2'\], unfinished: 'restart' \}\)/)
  assert.deepEqual(await times(sql), [[0, 100]])
  await repair({ url, locations: directory, versions: ['2'], unfinished: 'restart' })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [[1, 100]])
})

test('a half-done backfill whose condition holds another value each time is told so', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeBackfill(
    t,
    hundred,
    `table: 'a', batchSize: 30, where: (sql) => sql\`now() < \${new Date(Date.now() + 60_000)}\`, ${failsAt70}`,
  )
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  const error = await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  assert.match(
    error.message,
    /a value in `where` has to be the same in every run, which new Date\(\) is not: write now\(\)/,
  )
  write({ 'V2__b.mjs': backfillOf(`table: 'a', where: (sql) => sql\`now() > '2000-01-01'\`, ${count}`) })
  await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  await repair({ url, locations: directory, versions: ['2'], unfinished: 'restart' })
  await migrate({ url, locations: directory })
  assert.deepEqual(await times(sql), [
    [1, 40],
    [2, 60],
  ])
})

test('SQL in the place of a half-done program is refused for what it is', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write, remove } = writeBackfill(t, hundred, `table: 'a', batchSize: 30, ${failsAt70}`)
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  remove('V2__b.mjs')
  for (const text of ['CREATE INDEX CONCURRENTLY i ON a (times);', 'UPDATE a SET times = 1;']) {
    write({ 'V2__b.sql': text })
    const error = await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
    assert.match(
      error.message,
      /V2__b\.mjs.* backfill "a" is done in part. Now V2__b\.sql would run in its place. Put V2__b\.mjs back/,
    )
    assert.doesNotMatch(error.message, /statement 1|transaction=none/)
    assert.match(error.message, /repair\(\{ versions: \['2'\], unfinished: 'restart' \}\)/)
    assert.deepEqual(await times(sql), halfDone)
  }
})

test('a half-done program that now runs inside a transaction is refused with the remedy', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeBackfill(t, hundred, `table: 'a', batchSize: 30, ${failsAt70}`)
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  write({ 'V2__b.mjs': programOf('await sql`UPDATE a SET times = times + 1`') })
  const error = await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  assert.match(error.message, /V2__b\.mjs would run inside one.*Write export const transaction = 'none' into it/)
  assert.deepEqual(await times(sql), halfDone)
})

test('SQL in the place of a half-done repeatable program runs from its beginning', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write, remove } = writeScripts(t, {
    'V1__a.sql': `CREATE TABLE a (id integer PRIMARY KEY, times integer NOT NULL DEFAULT 0);\n${hundred}`,
    'R__b.mjs': backfillOf(`table: 'a', batchSize: 30, ${failsAt70}`),
  })
  await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  remove('R__b.mjs')
  write({ 'R__b.sql': '-- schemaway: transaction=none\nUPDATE a SET times = 5;' })
  const { notices, onEvent } = collectNotices()
  await migrate({ url, locations: directory, onEvent })
  assert.deepEqual(await times(sql), [[5, 100]])
  assert.deepEqual(
    notices.filter((notice) => notice.includes('statement 1')),
    [],
  )
})
