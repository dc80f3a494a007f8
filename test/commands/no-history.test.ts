import assert from 'node:assert/strict'
import test from 'node:test'
import type { Sql } from 'postgres'
import { clean, defineModule, migrate, repair, rollback, undo } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const files = { 'V1__a.sql': 'CREATE TABLE a (id int);', 'U1__a.sql': 'DROP TABLE a;' }

/** What is in `public`, by name. */
async function tables(sql: Sql): Promise<readonly string[]> {
  const rows =
    await sql`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`
  return rows.map((row) => row['relname'])
}

test('where there is no history nothing is undone or repaired, and none is made: migrate() still refuses the content', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, files)
  await sql`CREATE TABLE users (id int)`
  for (const work of [
    undo({ url, locations }),
    rollback({ url, locations }),
    rollback({ url, locations, to: 'empty' }),
  ]) {
    const { migrations, run, currentVersion } = await work
    assert.deepEqual([migrations, run, currentVersion], [[], null, null])
  }
  await expectError('VERSION_NOT_APPLIED', undo({ url, locations, target: '1' }))
  await expectError('VERSION_NOT_APPLIED', rollback({ url, locations, to: '1' }))
  assert.deepEqual((await repair({ url, locations })).repairs, [])
  assert.deepEqual(await tables(sql), ['users'])
  await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations }))
})

test('clean() makes neither history nor ledger, whether it drops something, nothing, or refuses', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, files)
  const modules = [defineModule({ name: 'shop', directory })] as const
  await sql`CREATE TABLE users (id int)`
  const nothing = await clean({ url, modules, cleanDisabled: false })
  assert.deepEqual([nothing.dropped, nothing.historyRows], [[], 0])
  await sql`CREATE SCHEMA shop`
  await sql`CREATE TABLE shop.item (id int)`
  await sql`CREATE VIEW items AS SELECT * FROM shop.item`
  await expectError('CLEAN_REFUSED', clean({ url, modules, cleanDisabled: false }))
  await sql`DROP VIEW items`
  assert.equal((await clean({ url, modules, cleanDisabled: false })).dropped.length, 1)
  assert.deepEqual(await tables(sql), ['users'])
  await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations: directory }))
})

test('of a history without a ledger, as Flyway writes it, what is refused or finds nothing makes no ledger', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, files)
  await migrate({ url, locations })
  await sql`DROP TABLE schemaway_ledger`
  await expectError('VERSION_NOT_APPLIED', undo({ url, locations, target: '7' }))
  await repair({ url, locations })
  await sql`CREATE SCHEMA other`
  await sql`CREATE VIEW other.b AS SELECT * FROM a`
  await expectError('CLEAN_REFUSED', clean({ url, locations, cleanDisabled: false }))
  await sql`DROP SCHEMA other CASCADE`
  assert.deepEqual(await tables(sql), ['a', 'flyway_schema_history'])
  assert.equal((await undo({ url, locations })).migrations.length, 1)
  assert.deepEqual(await tables(sql), ['flyway_schema_history', 'schemaway_ledger'])
  await migrate({ url, locations })
  await sql`DROP TABLE schemaway_ledger`
  await clean({ url, locations, cleanDisabled: false })
  assert.deepEqual(await tables(sql), ['schemaway_ledger'])
  assert.deepEqual([...(await sql`SELECT event FROM schemaway_ledger`)], [{ event: 'cleaned' }])
})
