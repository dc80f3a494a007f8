import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { createMigrator, migrate, undo } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const files = Object.fromEntries(
  ['1', '2', '3', '4'].flatMap((version) => [
    [`V${version}__t.sql`, `CREATE TABLE t${version} (id int);`],
    [`U${version}__t.sql`, `DROP TABLE t${version};`],
  ]),
)

async function migrated(t: TestContext) {
  const database = await testDatabase(t)
  const folder = writeScripts(t, files)
  await migrate({ url: database.url, locations: folder.directory })
  return { ...database, folder, locations: folder.directory }
}

async function undone(work: ReturnType<typeof undo>): Promise<readonly (string | null)[]> {
  const { command, migrations } = await work
  assert.equal(command, 'undo')
  return migrations.map(({ version }) => version)
}

test('without a target the newest version is undone', async (t) => {
  const { url, locations } = await migrated(t)
  assert.deepEqual(await undone(undo({ url, locations })), ['4'])
  assert.deepEqual(await undone(undo({ url, locations, target: 'next' })), ['3'])
})

test('the target is undone, too', async (t) => {
  const { url, sql, locations } = await migrated(t)
  assert.deepEqual(await undone(undo({ url, locations, target: '3.0' })), ['4', '3'])
  assert.deepEqual(await undone(undo({ url, locations, target: '1' })), ['2', '1'])
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 0)
  assert.deepEqual(await undone(undo({ url, locations })), [])
})

test('a target that is not applied is refused, unless it need not be', async (t) => {
  const { url, locations } = await migrated(t)
  const error = await expectError('VERSION_NOT_APPLIED', undo({ url, locations, target: '2.5' }))
  assert.match(error.message, /Applied are 4, 3, 2, 1; write '2\.5\?'/)
  assert.deepEqual(await undone(undo({ url, locations, target: '2.5?' })), ['4', '3'])
  assert.deepEqual(await undone(undo({ url, locations, target: '9?' })), [])
  const missing = await expectError('VERSION_NOT_APPLIED', undo({ url, locations, target: '0' }))
  assert.match(missing.message, /cannot undo version 0: .*write '0\?'/)
  const nonsense = await expectError('INVALID_OPTIONS', undo({ url, locations, target: 'nonsense' }))
  assert.doesNotMatch(nonsense.message, /nonsense\?/)
  assert.deepEqual(await undone(undo({ url, locations, target: 'next?' })), ['2'])
})

test('it goes by the order of installation and stops at the first version below the target', async (t) => {
  const { url, folder, locations } = await migrated(t)
  folder.write({ 'V2_5__late.sql': 'CREATE TABLE late (id int);', 'U2_5__late.sql': 'DROP TABLE late;' })
  await migrate({ url, locations, outOfOrder: true })
  assert.deepEqual(await undone(undo({ url, locations, target: '3' })), [], 'the newest is 2.5, which is below')
  assert.deepEqual(await undone(undo({ url, locations, target: '2.5' })), ['2.5', '4', '3'])
})

test('tables that hold rows stay, unless data may be lost', async (t) => {
  const { url, sql, locations } = await migrated(t)
  await sql`INSERT INTO t4 VALUES (1)`
  const error = await expectError('DATA_LOSS_REFUSED', undo({ url, locations }))
  assert.deepEqual(error.details.tables, [{ table: 'public.t4', rows: 1 }])
  assert.deepEqual(await undone(undo({ url, locations, allowDataLoss: true })), ['4'])
})

test("a migrator's target is for migrate() and does not become that of undo()", async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, files)
  const migrator = createMigrator({ url, locations, target: '2' })
  await migrator.migrate()
  assert.deepEqual(await undone(migrator.undo()), ['2'])
  assert.deepEqual(await undone(migrator.undo({ target: '1' })), ['1'])
})
