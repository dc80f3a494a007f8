import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import {
  defineModule,
  type ErrorCode,
  type MigrateOptions,
  migrate,
  type SchemawayError,
  validate,
} from '../../lib/index.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

/** Expects that there is neither history nor ledger. */
async function nothingWritten({ sql }: TestDatabase): Promise<void> {
  const rows = await sql`SELECT relname FROM pg_class WHERE relname IN ('flyway_schema_history', 'schemaway_ledger')`
  assert.deepEqual([...rows], [], 'nothing may be written')
}

/** Expects a refusal that wrote nothing, not even the history table. */
async function refused(database: TestDatabase, code: ErrorCode, options: MigrateOptions): Promise<SchemawayError> {
  const error = await expectError(code, migrate({ url: database.url, ...options }))
  await nothingWritten(database)
  return error
}

test('an unknown option is refused with the nearest name', async (t) => {
  const error = await refused(await testDatabase(t), 'INVALID_OPTIONS', { lockTimeOut: 5 } as MigrateOptions)
  assert.match(error.message, /`lockTimeOut` is not an option, did you mean `lockTimeout`\?/)
})

test('a directory that is not there is refused with its path', async (t) => {
  const error = await refused(await testDatabase(t), 'UNREADABLE_DIRECTORY', { locations: '/nowhere/at all' })
  assert.match(error.message, /\/nowhere\/at all/)
})

test('duplicate versions and bad names are refused together, each with its file', async (t) => {
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': '',
    'V01.0__b.sql': '',
    'v2__lower.sql': '',
    'Notes.sql': '',
  })
  const error = await refused(await testDatabase(t), 'INVALID_SCRIPT_NAMES', { locations })
  assert.equal(error.details.problems?.length, 3)
  for (const name of ['V1__a.sql', 'V01.0__b.sql', 'v2__lower.sql', 'Notes.sql'])
    assert.ok(error.message.includes(name))
})

const faulty: readonly [title: string, code: ErrorCode, text: string, pattern: RegExp][] = [
  ['an unknown placeholder', 'UNKNOWN_PLACEHOLDER', 'SELECT 1;\nSELECT ${rol_owner};', /V1__x\.sql.*2.*role_owner/s],
  ['an unknown directive', 'INVALID_DIRECTIVE', '-- schemaway: transation=none\nSELECT 1;', /transation/],
  ['a COMMIT', 'TRANSACTION_CONTROL', 'SELECT 1;\nCOMMIT;\nSELECT 2;', /V1__x\.sql/],
  ['an unterminated quote', 'INVALID_SCRIPT', "SELECT 1;\nSELECT 'open;\n", /V1__x\.sql/],
  ['an unterminated dollar quote', 'INVALID_SCRIPT', 'DO $x$ BEGIN\n', /V1__x\.sql/],
  ['a psql command', 'INVALID_SCRIPT', 'SELECT 1;\n\\i other.sql\n', /V1__x\.sql/],
  ['COPY data without end', 'INVALID_SCRIPT', 'COPY t FROM STDIN;\n1\n', /V1__x\.sql/],
  [
    'CREATE INDEX CONCURRENTLY beside others',
    'INVALID_SCRIPT',
    'SELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (id);',
    /V1__x\.sql/,
  ],
]

for (const [title, code, text, pattern] of faulty) {
  test(`a script with ${title} is refused before anything runs`, async (t) => {
    const database = await testDatabase(t)
    const { directory: locations } = writeScripts(t, {
      'V0__good.sql': 'CREATE TABLE good (id int);',
      'V1__x.sql': text,
    })
    const error = await refused(database, code, { locations })
    assert.match(error.message, pattern)
    const [row] = await database.sql`SELECT to_regclass('public.good') AS good`
    assert.equal(row?.['good'], null)
  })
}

test('a faulty script leaves no baseline behind, so that another version can still be given', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const folder = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': "SELECT 'open;\n",
    'V3__c.sql': 'CREATE TABLE c (id int);',
  })
  const locations = folder.directory
  await sql`CREATE TABLE a (id int)`
  await sql`CREATE TABLE b (id int)`
  const error = await refused(database, 'INVALID_SCRIPT', { locations, baselineOnMigrate: true })
  assert.match(error.message, /V2__b\.sql/)
  const { migrations } = await migrate({ url, locations, baselineOnMigrate: true, baselineVersion: '2' })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V3__c.sql'],
  )
  const rows = await sql`SELECT installed_rank, version, type FROM flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      [1, '2', 'BASELINE'],
      [2, '3', 'SQL'],
    ],
  )
})

test('a faulty script leaves no history schema behind; once corrected, its rank comes after those of the beginning', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const folder = writeScripts(t, { 'V2__b.sql': "SELECT 'open;\n" })
  const shop = defineModule({ name: 'shop', directory: folder.directory })
  await sql`CREATE SCHEMA shop`
  await sql`CREATE TABLE shop.old (id int)`
  const options = { modules: [shop], historySchema: 'log', baselineOnMigrate: true }
  await refused(database, 'INVALID_SCRIPT', options)
  assert.equal((await sql`SELECT FROM pg_namespace WHERE nspname = 'log'`).length, 0)
  folder.write({ 'V2__b.sql': 'SELECT 2;' })
  assert.equal((await migrate({ url, ...options })).currentVersion, '2')
  const rows = await sql`SELECT installed_rank, type FROM log.flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      [1, 'BASELINE'],
      [2, 'SCHEMA'],
      [3, 'SQL'],
    ],
  )
})

test('a malformed URL is refused without showing the password', async (t) => {
  for (const url of [
    'postgres://user:hunter2@host:port/db',
    'postgres://user:hun#ter2@host/db',
    'mysql://u:hunter2@h/d',
  ]) {
    const error = await expectError('INVALID_OPTIONS', migrate({ url }))
    assert.doesNotMatch(inspect(error, { depth: 9 }), /hunter2|ter2/)
  }
  t.diagnostic('three URLs')
})

test('an unreachable server is tried again, within bounds, and then named', async () => {
  const attempts: number[] = []
  const error = await expectError(
    'CONNECTION_FAILED',
    migrate({
      url: 'postgres://user:hunter2@127.0.0.1:1/db',
      connectRetries: 2,
      onEvent: (event) => event.type === 'connectionRetry' && attempts.push(event.attempt),
    }),
  )
  assert.deepEqual(attempts, [1, 2])
  assert.match(error.message, /127\.0\.0\.1:1/)
  assert.doesNotMatch(inspect(error, { depth: 9 }), /hunter2/)
})

test('a changed file, a missing file and a failed row are reported together', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, {
    'V1__one.sql': 'SELECT 1;',
    'V2__two.sql': 'SELECT 2;',
    'V3__three.sql': 'SELECT 3;',
    'V4__four.sql': 'SELECT 4;',
  })
  const locations = folder.directory
  await migrate({ url, locations })
  folder.write({ 'V1__one.sql': 'SELECT 1; -- edited', 'V5__five.sql': 'CREATE TABLE five (id int);' })
  folder.remove('V2__two.sql')
  await sql`UPDATE flyway_schema_history SET success = false WHERE version = '3'`
  for (const command of [migrate, validate]) {
    const error = await expectError('VALIDATION_FAILED', command({ url, locations }))
    const kinds = error.details.problems?.map((one) => [one.version, one.kind])
    assert.deepEqual(kinds?.slice(0, 3), [
      ['1', 'CHECKSUM_MISMATCH'],
      ['2', 'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED'],
      ['3', 'FAILED_VERSIONED_MIGRATION'],
    ])
  }
  const [row] = await sql`SELECT to_regclass('five') AS five`
  assert.equal(row?.['five'], null)
})

test('a module whose requirement is not selected, and modules in a circle, are refused by name', async (t) => {
  const database = await testDatabase(t)
  const { directory } = writeScripts(t, {})
  const billing = defineModule({ name: 'billing', directory, requires: ['iam'] })
  const error = await refused(database, 'INVALID_MODULES', { modules: [billing] })
  assert.match(error.message, /billing requires iam, which is not selected/)
  const first = defineModule({ name: 'first', directory, requires: ['second'] })
  const second = defineModule({ name: 'second', directory, requires: ['first'] })
  const circle = await refused(database, 'INVALID_MODULES', { modules: [first, second] })
  assert.match(circle.message, /first -> second -> first/)
})

test('a numbered folder that requires a module with timestamps is refused with the reason', async (t) => {
  const { directory } = writeScripts(t, { 'V1__init.sql': 'SELECT 1;' })
  const { url } = await testDatabase(t)
  const billing = defineModule({ name: 'billing', directory, requires: ['iam'] })
  const error = await expectError('INVALID_MODULES', migrate({ url, modules: ['iam', billing] }))
  assert.match(error.message, /numbered V1, V2, \.\.\. cannot require a module with timestamps/)
})

test('a version below the newest applied one is refused, and applied with outOfOrder', async (t) => {
  const { url } = await testDatabase(t)
  const folder = writeScripts(t, { 'V1__a.sql': 'SELECT 1;', 'V3__c.sql': 'SELECT 3;' })
  const locations = folder.directory
  await migrate({ url, locations })
  folder.write({ 'V2__b.sql': 'SELECT 2;' })
  const error = await expectError('VALIDATION_FAILED', migrate({ url, locations }))
  assert.match(error.message, /V2__b\.sql is older than the newest applied version/)
  const report = await migrate({ url, locations, outOfOrder: true })
  assert.deepEqual(
    report.migrations.map((one) => one.version),
    ['2'],
  )
})
