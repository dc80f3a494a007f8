import assert from 'node:assert/strict'
import test from 'node:test'
import postgres, { type Sql } from 'postgres'
import { placeHistory } from '../../lib/history/history-row.js'
import {
  adopt,
  assertMigrated,
  baseline,
  clean,
  info,
  maintain,
  migrate,
  repair,
  rollback,
  seed,
  undo,
  validate,
  waitUntilMigrated,
} from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { countHits, hijackNames } from './hijack-names.js'

type Context = Parameters<typeof writeScripts>[0] & { after(fn: () => Promise<void>): void }

/** What was called decides the place in the path; without pg_catalog in it, the better fit decides. */
const paths = ['public, pg_catalog', '"$user", public']

interface AttackedDatabase {
  readonly url: string
  /** Of somebody whose names mean what PostgreSQL means. */
  readonly sql: Sql
}

async function attack(t: Context, { url, sql, name }: TestDatabase, path: string): Promise<AttackedDatabase> {
  await hijackNames(sql)
  await sql.unsafe(`ALTER DATABASE "${name}" SET search_path = ${path}; CREATE SCHEMA app`)
  await sql.end()
  const safe = postgres(url, { max: 3, onnotice: () => {}, idle_timeout: 2, connection: { search_path: 'pg_catalog' } })
  t.after(async () => await safe.end())
  return { url, sql: safe }
}

const scripts = {
  'V1__one.sql': 'CREATE TABLE app.one (id integer);',
  'U1__one.sql': 'DROP TABLE app.one;',
  'V2__two.sql': 'CREATE TABLE app.two (id integer);',
  'U2__two.sql': 'DROP TABLE app.two;',
  'R__again.sql': 'COMMENT ON TABLE app.one IS NULL;',
}

for (const path of paths) {
  test(`what lies in public is never called with search_path ${path}: the attack itself works`, async (t) => {
    const { url, sql } = await attack(t, await testDatabase(t), path)
    const victim = postgres(url, { max: 1, onnotice: () => {}, fetch_types: false })
    t.after(async () => await victim.end())
    // As careless SQL would be written.
    const careless =
      path === paths[0]
        ? ["SELECT 1 FROM pg_class WHERE relname = 'x'", "SELECT current_setting('search_path')", "SELECT ''::text"]
        : ["SELECT format('%I.%I', 'a'::name, 'b'::name)", "SELECT 1 WHERE 'a'::varchar = 'a'"]
    for (const statement of careless) {
      const before = await countHits(sql)
      await assert.rejects(victim.unsafe(statement), /hijacked/, statement)
      assert.ok((await countHits(sql)) > before, statement)
    }
  })

  for (const lockStrategy of ['session', 'transaction', 'table'] as const) {
    test(`what lies in public is never called with search_path ${path}, locked by ${lockStrategy}`, async (t) => {
      const { url, sql } = await attack(t, await testDatabase(t), path)
      const folder = writeScripts(t, scripts)
      const looking = { url, locations: folder.directory, historySchema: 'app' }
      const options = { ...looking, lockStrategy }
      await migrate(options)
      folder.write({ 'R__again.sql': 'COMMENT ON TABLE app.two IS NULL;' })
      await migrate(options)
      await info(looking)
      await validate(looking)
      await assertMigrated(looking)
      await waitUntilMigrated(looking)
      await sql`UPDATE app.flyway_schema_history SET checksum = 1 WHERE version = '1'`
      assert.equal((await repair(options)).repairs.length, 1)
      await sql`INSERT INTO app.two VALUES (1)`
      await expectError('DATA_LOSS_REFUSED', rollback({ ...options, steps: 1 }))
      await sql`DELETE FROM app.two`
      await rollback({ ...options, steps: 1 })
      await migrate({ ...options, transaction: 'all' })
      folder.write({ 'V3__bad.sql': 'CREATE TABLE app.three (id integer);\nSELECT FROM app.none;' })
      await expectError('STATEMENT_FAILED', migrate(options))
      folder.remove('V3__bad.sql')
      if (lockStrategy === 'session') await undo({ ...options, target: '1' })
      else await rollback({ ...options, to: 'empty' })
      await clean({
        ...looking,
        lockStrategy: lockStrategy === 'transaction' ? 'session' : lockStrategy,
        cleanDisabled: false,
      })
      assert.equal(await countHits(sql), 0)
      await sql`CREATE SCHEMA IF NOT EXISTS app`
      await sql`CREATE TABLE app.old ()`
      await baseline({ ...options, baselineVersion: '1' })
      await expectError('SCHEMA_NOT_EMPTY', migrate({ ...options, table: 'other', lockStrategy }))
      await adopt({
        ...looking,
        table: 'adopted',
        lockStrategy: lockStrategy === 'transaction' ? 'session' : lockStrategy,
        applied: ['1', '2'],
      })
      assert.equal(await countHits(sql), 0)
    })
  }

  test(`what lies in public is never called with search_path ${path}, by a script outside a transaction`, async (t) => {
    const { url, sql } = await attack(t, await testDatabase(t), path)
    const folder = writeScripts(t, {
      'V1__one.sql': 'CREATE TABLE app.one (id integer);',
      'V2__index.sql':
        'CREATE UNIQUE INDEX CONCURRENTLY one_id ON app.one (id);\nREINDEX INDEX CONCURRENTLY app.one_id;\nVACUUM app.one;',
    })
    const options = { url, locations: folder.directory, historySchema: 'app' }
    await migrate({ ...options, target: '1' })
    await sql`INSERT INTO app.one VALUES (1), (1)`
    await expectError('STATEMENT_FAILED', migrate(options))
    await sql`TRUNCATE app.one`
    assert.equal((await migrate(options)).currentVersion, '2')
    assert.equal(await countHits(sql), 0)
  })

  // A backfill compares keys as the path says, since their types may lie in it.
  if (path !== paths[0]) {
    test(`what lies in public is never called with search_path ${path}, by a program`, async (t) => {
      const { url, sql } = await attack(t, await testDatabase(t), path)
      const { directory: locations } = writeScripts(t, {
        'V1__one.sql':
          'CREATE TABLE app.one (id integer PRIMARY KEY, a integer); INSERT INTO app.one VALUES (1, 1), (2, 2), (3, 3);',
        'V2__two.mjs': `
          export const transaction = 'none'
          export const up = async ({ backfill }) => {
            await backfill({ table: 'app.one', batchSize: 2, update: (sql, range) => sql\`UPDATE app.one SET a = NULL WHERE \${range}\` })
          }`,
      })
      await migrate({ url, locations, historySchema: 'app' })
      const rows = await sql`SELECT FROM app.one WHERE a IS NULL`
      assert.equal(rows.length, 3)
      assert.equal(await countHits(sql), 0)
    })
  }

  test(`what lies in public is never called with search_path ${path}, while another session holds what is needed`, async (t) => {
    const { url, sql } = await attack(t, await testDatabase(t), path)
    const { directory: locations } = writeScripts(t, {
      ...scripts,
      'V3__three.sql': 'ALTER TABLE app.one ADD a integer;',
    })
    const options = { url, locations, historySchema: 'app', lockRetries: 0 }
    await migrate({ ...options, target: '2' })
    const other = await sql.reserve()
    const key = lockKey(
      placeHistory({ historySchema: 'app', table: 'flyway_schema_history', ledgerTable: 'x' }).history,
    )
    await other`SELECT pg_advisory_lock(${String(key)})`
    const waiting = await expectError('LOCK_WAIT_TIMEOUT', migrate({ ...options, waitForLock: 0 }))
    assert.equal(waiting.details.blockers?.length, 1)
    await other`SELECT pg_advisory_unlock(${String(key)})`
    await other`BEGIN`
    await other`LOCK TABLE app.one`
    const blocked = await expectError('STATEMENT_BLOCKED', migrate({ ...options, lockTimeout: 1_000 }))
    assert.equal(blocked.details.blockers?.length, 1, blocked.message)
    await other`ROLLBACK`
    other.release()
    assert.equal(await countHits(sql), 0)
  })

  test(`what lies in public is never called with search_path ${path}, by the bundled modules`, async (t) => {
    const { url, sql } = await attack(t, await testDatabase(t), path)
    const options = { url, historySchema: 'app' }
    await migrate({ ...options, roles: {} })
    await seed({ ...options, set: 'reference' })
    await seed({ ...options, set: 'demo' })
    await maintain(options)
    await clean({ ...options, cleanDisabled: false })
    assert.equal(await countHits(sql), 0)
  })
}
