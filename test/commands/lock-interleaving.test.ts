import assert from 'node:assert/strict'
import test from 'node:test'
import { type MigrationEvent, migrate, rollback } from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForLock } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const lockStrategy = 'transaction'
const key = lockKey('"public"."flyway_schema_history"')

/** A program whose loading, between plan and first transaction, waits for what a test does then. */
function programThatCalls(name: string): string {
  return `await globalThis[${JSON.stringify(name)}]?.()\nexport async function up() {}\n`
}

test('what Flyway applied behind a rollback, with a rank that history had before, is seen', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE applied (step int);',
    'V2__b.sql': 'INSERT INTO applied VALUES (2);',
    'U2__b.sql': 'DELETE FROM applied;',
    'V3__c.sql': 'INSERT INTO applied VALUES (3);',
    'U3__c.sql': 'DELETE FROM applied;',
  })
  const { directory: locations } = folder
  await migrate({ url, locations })
  const [second] = await sql`SELECT checksum FROM flyway_schema_history WHERE version = '2'`
  await rollback({ url, locations, to: '1', allowDataLoss: true })
  const hook = `flyway ${url}`
  Object.assign(globalThis, {
    [hook]: async () => {
      Object.assign(globalThis, { [hook]: undefined })
      await sql`INSERT INTO applied VALUES (2)`
      await sql`INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by,
        execution_time, success) VALUES (2, '2', 'b', 'SQL', 'V2__b.sql', ${second?.['checksum']}, 'flyway', 1, true)`
    },
  })
  folder.write({ 'V4__program.mjs': programThatCalls(hook) })
  const { migrations } = await migrate({ url, locations, lockStrategy })
  assert.deepEqual(
    migrations.map(({ version }) => version),
    ['3', '4'],
  )
  assert.deepEqual(
    (await sql`SELECT step FROM applied ORDER BY step`).map((row) => row['step']),
    [2, 3],
  )
})

test('what is done before a new plan is refused is told', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': 'CREATE TABLE b (id int);',
  })
  let other: Promise<unknown> | undefined
  const error = await expectError(
    'VALIDATION_FAILED',
    migrate({
      url,
      locations,
      lockStrategy,
      hooks: {
        beforeEachMigrate: async ({ migration }) => {
          if (migration?.version !== '1') return
          const text = `SELECT pg_advisory_xact_lock(${key}); UPDATE flyway_schema_history SET checksum = 4711;
            INSERT INTO flyway_schema_history SELECT 100, '1.5', description, type, 'V1.5__x.sql', 1, installed_by, installed_on, 0, true
              FROM flyway_schema_history`
          other = sql.unsafe(text).simple().execute()
          await waitForLock(sql)
        },
      },
    }),
  )
  await other
  assert.deepEqual(error.details.applied, ['V1__a.sql'])
})

test('callbacks between versions and repeatables run once, though another process makes the plan anew', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'R__b.sql': 'SELECT 1;',
    'R__c.sql': 'SELECT 1;',
  })
  const calls: string[] = []
  const events: MigrationEvent[] = []
  let other: Promise<unknown> | undefined
  await migrate({
    url,
    locations,
    lockStrategy,
    onEvent: (event) => events.push(event),
    hooks: {
      afterVersioned: async () => void calls.push('afterVersioned'),
      beforeRepeatables: async ({ sql: hooked }) => {
        calls.push('beforeRepeatables')
        if (other !== undefined) return
        await hooked`SELECT 1`
        other = sql
          .unsafe(
            `SELECT pg_advisory_xact_lock(${key}); INSERT INTO schemaway_ledger (run_id, event, module, module_requires, kind,
            description, script, placeholders, login, client, tool_version, hash) SELECT run_id, 'progressed', module, module_requires,
            kind, description, script, placeholders, login, client, tool_version, 'other' FROM schemaway_ledger LIMIT 1`,
          )
          .simple()
          .execute()
        await waitForLock(sql)
      },
    },
  })
  await other
  assert.equal(events.filter(({ type }) => type === 'planned').length, 2)
  assert.deepEqual(calls, ['afterVersioned', 'beforeRepeatables'])
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 3)
})

for (const transaction of ['each', 'all'] as const) {
  test(`where another process did everything behind the plan, callbacks come as if nothing had been pending (transaction: '${transaction}')`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const name = `other ${url} ${transaction}`
    const first = { 'V1__a.sql': 'CREATE TABLE applied (step int);\nINSERT INTO applied VALUES (1);' }
    // A module that is being loaded cannot be loaded again.
    const [folder, copy] = [writeScripts(t, first), writeScripts(t, first)]
    const { directory: locations } = folder
    await migrate({ url, locations })
    for (const { write } of [folder, copy]) {
      write({ 'V2__program.mjs': programThatCalls(name), 'R__b.sql': 'INSERT INTO applied VALUES (2);' })
    }
    Object.assign(globalThis, {
      [name]: async () => {
        Object.assign(globalThis, { [name]: undefined })
        await migrate({ url, locations: copy.directory })
      },
    })
    const calls: string[] = []
    const call = (what: string) => async (): Promise<void> => void calls.push(what)
    const { migrations } = await migrate({
      url,
      locations,
      lockStrategy,
      transaction,
      hooks: {
        beforeEachMigrate: call('beforeEachMigrate'),
        afterVersioned: call('afterVersioned'),
        beforeRepeatables: call('beforeRepeatables'),
        afterMigrateApplied: call('afterMigrateApplied'),
        afterMigrate: call('afterMigrate'),
      },
    })
    assert.deepEqual([migrations, calls], [[], ['afterVersioned', 'afterMigrate']])
    assert.equal((await sql`SELECT FROM applied`).length, 2)
  })
}
