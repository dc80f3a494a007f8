import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'
import { info, migrate, rollback, validate } from '../../lib/index.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { testDatabase } from '../../lib/testing/index.js'
import { waitForLock, waitUntil } from '../support/wait-until.js'
import { FlywayProgram, flywayDirectories, withoutFlyway } from './flyway-program.js'

const sqlDirectory = fileURLToPath(new URL('../../sql', import.meta.url))
const options = {
  locations: `filesystem:${sqlDirectory}`,
  ...Object.fromEntries(Object.entries(defaultRoleNames).map(([role, name]) => [`placeholders.role_${role}`, name])),
}
/** The last version of the modules iam and survey: five of the eight modules are still to come. */
const half = '20260105.110400'

for (const directory of flywayDirectories) {
  describe(`the bundled model and Flyway in ${directory.split('/').at(-1)}`, () => {
    let flyway: FlywayProgram
    before(() => {
      flyway = new FlywayProgram(directory)
    })
    after(async () => await flyway.stop())

    /** Neither finds anything to do, or anything wrong. */
    async function bothAreDone(url: string): Promise<void> {
      const validated = await flyway.run('validate', url, options)
      assert.deepEqual([validated.error, validated.problems, validated.valid], [null, [], true])
      const { migrations = [] } = await flyway.run('info', url, options)
      assert.ok(migrations.length > 30)
      assert.deepEqual([...new Set(migrations.map(({ state }) => state))], ['Success'])
      const migrated = await flyway.run('migrate', url, options)
      assert.deepEqual([migrated.error, migrated.executed], [null, 0])
      assert.deepEqual((await migrate({ url })).migrations, [])
      assert.ok((await validate({ url })).checked > 30)
      assert.deepEqual([...new Set((await info({ url })).migrations.map(({ state }) => state))], ['Success'])
    }

    test('what schemaway migrated, Flyway finds complete', async (t) => {
      const { url } = await testDatabase(t)
      await migrate({ url })
      await bothAreDone(url)
    })

    test('what Flyway migrated, schemaway finds complete, and can undo', async (t) => {
      const { url, sql } = await testDatabase(t)
      const migrated = await flyway.run('migrate', url, options)
      assert.equal(migrated.error, null)
      assert.ok((migrated.executed ?? 0) > 30)
      await bothAreDone(url)
      await rollback({ url, to: 'empty' })
      await nothingIsLeft(sql)
    })

    test('half by schemaway, half by Flyway', async (t) => {
      const { url, sql } = await testDatabase(t)
      const first = await migrate({ url, target: half })
      assert.equal(first.currentVersion, half)
      const second = await flyway.run('migrate', url, options)
      assert.equal(second.error, null)
      assert.ok(first.migrations.length > 10 && (second.executed ?? 0) > 10)
      await bothAreDone(url)
      // Of what Flyway applied the ledger holds nothing: the undo texts come from the files.
      await rollback({ url, to: half })
      assert.equal((await migrate({ url, target: half })).migrations.length, 0)
      await migrate({ url })
      await bothAreDone(url)
      await rollback({ url, to: 'empty' })
      await nothingIsLeft(sql)
    })

    test('half by Flyway, half by schemaway', async (t) => {
      const { url, sql } = await testDatabase(t)
      // Flyway runs repeatables whatever the target is, and those of the other modules would fail.
      const modules = ['iam', 'survey'].map((name) => `filesystem:${sqlDirectory}/${name}`).join(',')
      const first = await flyway.run('migrate', url, { ...options, locations: modules })
      assert.equal(first.error, null)
      const second = await migrate({ url })
      assert.ok((first.executed ?? 0) > 10 && second.migrations.length > 10)
      await bothAreDone(url)
      await rollback({ url, to: half })
      await migrate({ url })
      await bothAreDone(url)
      await rollback({ url, to: 'empty' })
      await nothingIsLeft(sql)
    })

    for (const kind of ['transactional', 'session'] as const) {
      const withLock = { ...options, 'postgresql.transactional.lock': String(kind === 'transactional') }

      test(`while schemaway migrates, Flyway with its ${kind} lock waits, and then has nothing to do`, async (t) => {
        const { url, sql } = await testDatabase(t)
        await migrate({ url, target: half })
        const gate = await closeGate(t, sql)
        const ours = migrate({ url, lockTimeout: 0 })
        await waitForLock(sql)
        const theirs = flyway.run('migrate', url, withLock)
        await asksAgain(sql, 'Flyway')
        await gate.open()
        const [{ migrations }, { error, executed }] = await Promise.all([ours, theirs])
        assert.ok(migrations.length > 10)
        assert.deepEqual([error, executed], [null, 0])
        await bothAreDone(url)
      })

      test(`while Flyway with its ${kind} lock migrates, schemaway waits, and then has nothing to do`, async (t) => {
        const { url, sql } = await testDatabase(t)
        await migrate({ url, target: half })
        const gate = await closeGate(t, sql)
        // In one transaction: between two of them Flyway lets its lock go, and who comes next is anybody's guess.
        const theirs = flyway.run('migrate', url, { ...withLock, group: 'true' })
        await waitForLock(sql)
        const ours = migrate({ url })
        await asksAgain(sql, 'schemaway')
        await gate.open()
        const [{ migrations }, { error, executed }] = await Promise.all([ours, theirs])
        assert.equal(error, null)
        assert.ok((executed ?? 0) > 10)
        assert.deepEqual(migrations, [])
        await bothAreDone(url)
      })
    }

    test('they may take turns: what one of them applies, the other does not apply again', async (t) => {
      const { url, sql } = await testDatabase(t)
      await migrate({ url, target: half })
      const before = await sql`SELECT FROM flyway_schema_history`
      const gate = await closeGate(t, sql)
      const theirs = flyway.run('migrate', url, options)
      await waitForLock(sql)
      const ours = migrate({ url })
      await asksAgain(sql, 'schemaway')
      await gate.open()
      const [{ migrations }, { error, executed = 0 }] = await Promise.all([ours, theirs])
      assert.equal(error, null)
      const rows = await sql`SELECT script FROM flyway_schema_history`
      assert.equal(rows.length, before.length + executed + migrations.length)
      assert.equal(new Set(rows.map(({ script }) => script)).size, rows.length)
      await bothAreDone(url)
    })
  })
}

async function nothingIsLeft(sql: Sql): Promise<void> {
  assert.equal(
    (await sql`SELECT FROM pg_namespace WHERE nspname IN ('iam', 'survey', 'telephony', 'notify')`).length,
    0,
  )
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 0)
}

/** Locks a table to which the next migrations add keys, so that whoever runs them stays inside. */
async function closeGate(t: TestContext, sql: Sql): Promise<{ open(): Promise<void> }> {
  const holder = await sql.reserve()
  await holder`BEGIN`
  await holder`LOCK TABLE iam.organisations`
  let isOpen = false
  const open = async (): Promise<void> => {
    if (isOpen) return
    isOpen = true
    await holder`ROLLBACK`
    holder.release()
  }
  t.after(open)
  return { open }
}

/** Waits until one of them has asked for the advisory lock a second time, so that the first time was in vain. */
async function asksAgain(sql: Sql, program: 'Flyway' | 'schemaway'): Promise<void> {
  const times = new Set<unknown>()
  await waitUntil(`${program} asks for the lock again`, async () => {
    const rows = await sql`
      SELECT query_start::text AS at FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_try_advisory%'
        AND (application_name LIKE 'schemaway@%') = ${program === 'schemaway'}`
    for (const { at } of rows) times.add(at)
    return times.size > 1
  })
}

test('the real Flyway is there', { skip: withoutFlyway }, () => assert.ok(flywayDirectories.length >= 2))
