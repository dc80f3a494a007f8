import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { type MigrateAllOptions, type MigrationTargets, migrateAll } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForSleep, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const nowhere = 'postgres://u@127.0.0.1:1/d'

async function refused(targets: unknown, options: object = {}): Promise<string> {
  const error = await expectError(
    'INVALID_OPTIONS',
    migrateAll(targets as MigrationTargets, { locations: '/not/read', ...options } as MigrateAllOptions),
  )
  return error.message
}

test('what is no list of targets, and a target that cannot be used, is refused before anything begins', async () => {
  assert.match(await refused(nowhere), /without a list of targets/)
  assert.match(await refused(undefined), /without a list of targets/)
  assert.match(await refused({ url: nowhere }), /without a list of targets/)
  assert.match(await refused([nowhere, 7]), /^Target 2 of migrateAll\(\) cannot be used: it must be a connection URL/)
  assert.match(await refused([{ nam: 'a', url: nowhere }]), /unknown `nam`, did you mean `name`\?/)
  assert.match(await refused([{ url: nowhere, lockTimeout: 1 }]), /`lockTimeout` is given with the options/)
  assert.match(await refused([{ name: 'a' }]), /no database is named/)
  assert.match(await refused([{ name: '', url: nowhere }]), /`name` must be text/)
  assert.match(await refused([{ url: nowhere, connection: {} }]), /exactly one of them/)
  assert.match(await refused([{ url: nowhere, placeholders: { a: 1 } }]), /`placeholders\.a`/)
  assert.match(await refused([{ url: nowhere, placeholders: { a: '1', A: '2' } }]), /given twice, in different case/)
  assert.match(
    await refused([nowhere, { name: 'other', url: nowhere }, nowhere]),
    /127\.0\.0\.1:1\/d .* is given twice/,
  )
  assert.match(await refused([nowhere], { only: ['127.0.0.1:1/e'] }), /`only` names 127\.0\.0\.1:1\/e/)
})

test('options are checked once, strictly, and those of a single database are not among them', async () => {
  assert.match(await refused([], { url: nowhere }), /`url` is an option of migrate\(\)/)
  assert.match(await refused([], { concurency: 2 }), /did you mean `concurrency`\?/)
  assert.match(await refused([], { concurrency: 0 }), /`concurrency` must be a whole number from 1 to 1000/)
  assert.match(await refused([], { steps: 1 }), /`steps` is an option of rollback\(\) only/)
  await expectError('UNREADABLE_DIRECTORY', migrateAll([nowhere], { locations: '/not/there' }))
})

test('a fault of the files is thrown once, before any database is asked', async (t) => {
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': '', 'V1__b.sql': '' })
  await expectError('INVALID_SCRIPT_NAMES', migrateAll([nowhere], { locations }))
})

test('no targets at all are all migrated', async (t) => {
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': '' })
  const report = await migrateAll([], { locations })
  assert.deepEqual([report.results, report.isComplete], [[], true])
  report.throwIfFailed()
})

/** Databases of an async iterable, with what it was asked for. */
async function lazily(t: TestContext, count: number) {
  const urls: string[] = []
  while (urls.length < count) urls.push((await testDatabase(t)).url)
  const asked = { count: 0, atOnce: 0, isClosed: false }
  async function* targets() {
    try {
      for (const [index, url] of urls.entries()) {
        asked.count += 1
        asked.atOnce += 1
        assert.equal(asked.atOnce, 1)
        await new Promise((resolve) => setTimeout(resolve, 5))
        asked.atOnce -= 1
        yield { name: `tenant ${index + 1}`, url }
      }
    } finally {
      asked.isClosed = true
    }
  }
  return { targets, asked, urls }
}

test('an async iterable is asked for one target at a time, and only when there is room', async (t) => {
  const { targets, asked } = await lazily(t, 4)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  let ended = 0
  const report = await migrateAll(targets(), {
    locations,
    concurrency: 2,
    onResult: () => {
      ended += 1
      assert.ok(asked.count <= ended + 2, `${asked.count} were asked for when ${ended} had ended`)
    },
  })
  assert.deepEqual([report.migrated, report.isComplete, asked.isClosed], [4, true, true])
})

test('of an iterable, a wrong target and a repeated one fail alone; a name of only that nobody has is told of', async (t) => {
  const { urls } = await lazily(t, 2)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const [one = '', other = ''] = urls
  const targets = new Set([
    { name: 'a', url: one },
    { name: 'a', url: other },
    { name: 'b' },
    7,
    { name: 'c', url: other },
  ])
  const report = await migrateAll(targets as MigrationTargets, { locations, concurrency: 1 })
  assert.deepEqual(
    report.results.map((result) => [result.target, result.status === 'failed' ? result.error.code : result.status]),
    [
      ['a', 'migrated'],
      ['a', 'INVALID_OPTIONS'],
      ['b', 'INVALID_OPTIONS'],
      ['target 4', 'INVALID_OPTIONS'],
      ['c', 'migrated'],
    ],
  )
  const some = await migrateAll(new Set([{ name: 'a', url: one }]), { locations, only: ['a', 'z'] })
  assert.deepEqual(
    some.results.map(({ target, status }) => [target, status]),
    [
      ['a', 'unchanged'],
      ['z', 'failed'],
    ],
  )
})

test('when the iterable itself fails, those under way are completed, and the error says so', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int); SELECT pg_sleep(0.5);' })
  async function* targets() {
    yield url
    await waitForSleep(sql)
    throw new Error('the list of tenants is gone')
  }
  const error = await expectError('TARGETS_FAILED', migrateAll(targets(), { locations }))
  assert.match(error.message, /the list of tenants is gone\. 1 databases are up to date/)
  assert.equal((error.cause as Error).message, 'the list of tenants is gone')
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 1)
})

test('a signal stops those under way as in migrate(), and the others are not begun', async (t) => {
  const all = [await testDatabase(t), await testDatabase(t), await testDatabase(t)]
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'SELECT 1;',
    'V2__b.sql': 'CREATE TABLE half (id int);\nSELECT pg_sleep(60);',
  })
  const controller = new AbortController()
  const targets = all.map(({ url }, index) => ({ name: `tenant ${index + 1}`, url }))
  const running = migrateAll(targets, { locations, concurrency: 2, signal: controller.signal })
  for (const { sql } of all.slice(0, 2)) await waitForSleep(sql)
  controller.abort(new Error('enough'))
  const report = await running
  assert.deepEqual(
    report.results.map((result) => [result.target, result.status === 'failed' ? result.error.code : result.status]),
    [
      ['tenant 1', 'ABORTED'],
      ['tenant 2', 'ABORTED'],
      ['tenant 3', 'notStarted'],
    ],
  )
  assert.deepEqual(report.resume, ['tenant 1', 'tenant 2', 'tenant 3'])
  for (const { sql } of all.slice(0, 2)) {
    const [row] =
      await sql`SELECT to_regclass('half') AS half, (SELECT count(*)::int FROM flyway_schema_history) AS rows`
    assert.deepEqual({ ...row }, { half: null, rows: 1 })
  }
  const before = await migrateAll(targets, { locations, signal: AbortSignal.abort() })
  assert.deepEqual([before.notStarted, before.failed], [3, 0])
})

test('a signal also ends the wait for an iterable that does not answer', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const controller = new AbortController()
  async function* targets() {
    yield url
    await new Promise((_, reject) => controller.signal.addEventListener('abort', () => setTimeout(reject, 50)))
  }
  const running = migrateAll(targets(), { locations, signal: controller.signal })
  await waitUntil('the database is migrated', async () => {
    const [row] = await sql`SELECT to_regclass('flyway_schema_history') IS NOT NULL AS "isThere"`
    return row?.['isThere'] === true && (await sql`SELECT FROM flyway_schema_history`).length === 1
  })
  controller.abort()
  const report = await running
  assert.deepEqual([report.migrated + report.failed, report.isComplete], [1, false])
  await expectError(
    'TARGETS_FAILED',
    Promise.resolve().then(() => report.throwIfFailed()),
  )
})

test('a database that takes longer than timeoutPerTarget is stopped; the others have their own time', async (t) => {
  const all = [await testDatabase(t), await testDatabase(t), await testDatabase(t)]
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int); SELECT pg_sleep(${seconds});',
  })
  const targets = all.map(({ url }, index) => ({
    name: `tenant ${index + 1}`,
    url,
    placeholders: { seconds: index === 1 ? '60' : '0' },
  }))
  const report = await migrateAll(targets, { locations, concurrency: 1, timeoutPerTarget: 2_000 })
  const [one, slow, other] = report.results
  assert.deepEqual([one?.status, other?.status], ['migrated', 'migrated'])
  assert.ok(slow?.status === 'failed')
  assert.equal(slow.error.code, 'TARGET_TIMEOUT')
  assert.match(slow.error.message, /^tenant 2 was given no longer than the 2000 ms of timeoutPerTarget/)
  assert.ok(slow.milliseconds >= 2_000 && slow.milliseconds < 30_000)
  const [row] = (await all[1]?.sql.unsafe("SELECT to_regclass('a') AS a")) ?? []
  assert.equal(row?.['a'], null)
})
