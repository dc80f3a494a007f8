import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import postgres from 'postgres'
import { assertMigrated, clean, defineModule, info, migrate, repair, validate } from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { waitForLock } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

/** A module with a table, migrated, beside another service whose scripts lie in a folder named like the module. */
async function billing(t: TestContext) {
  const database = await testDatabase(t)
  const { url } = database
  const { directory: locations } = writeScripts(t, { 'billing/V1__a.sql': 'CREATE TABLE public.a (id int);' })
  const folder = writeScripts(t, {
    'V2__b.sql': 'CREATE SCHEMA IF NOT EXISTS billing; CREATE TABLE billing.b (id int);',
  })
  const modules = [defineModule({ name: 'billing', directory: folder.directory })] as const
  await migrate({ url, locations })
  await migrate({ url, modules })
  return { ...database, database, modules, folder }
}

/** A login that may read history, and not the ledger. */
async function historyReader(t: TestContext, database: Awaited<ReturnType<typeof testDatabase>>) {
  const login = await createLogin(t, database)
  await database.sql.unsafe(`GRANT SELECT ON flyway_schema_history TO ${login.name}`)
  return login
}

for (const [command, preview] of Object.entries({ clean, repair })) {
  test(`a preview of ${command}() by a login that may not read the ledger is refused as the real run is`, async (t) => {
    const { database, modules } = await billing(t)
    const { url } = await historyReader(t, database)
    const error = await expectError('MISSING_PRIVILEGE', preview({ url, modules, preview: true }))
    assert.match(error.message, /schemaway_ledger.*SELECT.*or make it a member of the owner role/s)
    const real = await expectError(
      'MISSING_PRIVILEGE',
      command === 'clean' ? clean({ url, modules, cleanDisabled: false }) : repair({ url, modules }),
    )
    assert.equal(error.message, real.message)
  })

  test(`a preview of ${command}() reads history and ledger through the owner role, as the real run does`, async (t) => {
    const database = await testDatabase(t)
    await migrate({ url: database.url, modules: ['iam'] })
    const login = await createLogin(t, database)
    await database.sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT; GRANT schemaway_owner TO ${login.name}`)
    await database.sql`ALTER TABLE flyway_schema_history OWNER TO schemaway_owner`
    const expected = await preview({ url: database.url, modules: ['iam'], preview: true })
    for (const grant of ['SELECT 1', 'GRANT SELECT ON flyway_schema_history TO PUBLIC']) {
      await database.sql.unsafe(grant)
      const report = await preview({ url: login.url, modules: ['iam'], preview: true })
      assert.deepEqual({ ...report, milliseconds: 0 }, { ...expected, milliseconds: 0 })
    }
  })

  test(`a preview of ${command}() that waits for somebody who holds the ledger ends with its signal`, async (t) => {
    const { url, sql, modules } = await billing(t)
    const holder = await sql.reserve()
    await holder`BEGIN`
    await holder`LOCK TABLE schemaway_ledger`
    const controller = new AbortController()
    const running = expectError('ABORTED', preview({ url, modules, preview: true, signal: controller.signal }))
    await waitForLock(sql)
    controller.abort(new Error('enough'))
    const error = await running
    assert.equal((error.cause as Error).message, 'enough')
    await holder`ROLLBACK`
    holder.release()
  })

  test(`a preview of ${command}() with a ledger of another tool says that it cannot be read`, async (t) => {
    const { url, sql, modules } = await billing(t)
    await sql`ALTER TABLE schemaway_ledger RENAME COLUMN module TO part`
    await expectError('HISTORY_UNREADABLE', preview({ url, modules, preview: true }))
  })
}

test('info(), validate() and assertMigrated() of a login that may not read the ledger go by the folders', async (t) => {
  const { database, modules } = await billing(t)
  const { url } = await historyReader(t, database)
  await validate({ url, modules, ignoreMigrationPatterns: ['*:missing'] })
  await assertMigrated({ url, modules, ignoreMigrationPatterns: ['*:missing'] })
  const { migrations } = await info({ url, modules })
  assert.deepEqual(
    migrations.map(({ state, module }) => [state, module]),
    [
      ['Missing', 'billing'],
      ['Success', 'billing'],
    ],
  )
})

test('info() and validate() of a member of the owner role that may not read the ledger by itself ask it all the same', async (t) => {
  const { database, modules, sql } = await billing(t)
  await migrate({ url: database.url, modules: ['iam'] })
  const login = await historyReader(t, database)
  await sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT; GRANT schemaway_owner TO ${login.name}`)
  await validate({ url: login.url, modules, ignoreMigrationPatterns: [] })
  const { migrations } = await info({ url: login.url, modules })
  assert.deepEqual([migrations[0]?.state, migrations[0]?.module], ['Success', ''])
})

test('a preview of what becomes of an unfinished script looks only, while another process holds the lock', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': '-- schemaway: transaction=none\nINSERT INTO a VALUES (1);\nINSERT INTO missing VALUES (1);',
  })
  const settling = { url, locations, versions: ['2'], unfinished: 'restart' } as const
  await expectError('VERSION_NOT_APPLIED', repair({ ...settling, preview: true }))
  await expectError('STATEMENT_FAILED', migrate({ url, locations }))
  const rows = (await sql`SELECT FROM schemaway_ledger`).length
  const holder = postgres(url, { max: 1 })
  await holder`SELECT pg_advisory_lock(${lockKey('"public"."flyway_schema_history"').toString()})`
  const preview = await repair({ ...settling, preview: true, waitForLock: 50 })
  assert.deepEqual([preview.preview, preview.run], [true, null])
  await expectError('LOCK_WAIT_TIMEOUT', repair({ ...settling, waitForLock: 50 }))
  assert.equal((await sql`SELECT FROM schemaway_ledger`).length, rows)
  await holder.end()
  assert.deepEqual((await repair(settling)).unfinished, preview.unfinished)
})

test('a version that history does not have is refused by repair(), whether history is empty or not there', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);', 'U1__a.sql': 'DROP TABLE a;' })
  const options = { url, locations: folder.directory, versions: ['1'] }
  const refused = async (): Promise<readonly string[]> => [
    (await expectError('VERSION_NOT_APPLIED', repair({ ...options, preview: true }))).message,
    (await expectError('VERSION_NOT_APPLIED', repair(options))).message,
  ]
  const without = await refused()
  assert.equal((await sql`SELECT FROM pg_class WHERE relname = 'flyway_schema_history'`).length, 0)
  await migrate({ url, locations: folder.directory })
  await sql`DELETE FROM flyway_schema_history`
  assert.deepEqual(await refused(), without)
})
