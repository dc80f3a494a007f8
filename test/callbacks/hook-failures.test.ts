import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type HookContext,
  type Hooks,
  info,
  type MigrationEvent,
  migrate,
  type SchemawayError,
} from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForSleep, waitUntil } from '../support/wait-until.js'
import { allCallbacks, eventLog, holdTable, versionedScripts as scripts } from './event-log.js'

for (const swallow of [false, true]) {
  test(`a hook in a migration that waits for a lock is tried again with the migration${swallow ? ', also when it throws an error of its own' : ''}`, async (t) => {
    const { url, sql, locations, read } = await eventLog(t, scripts)
    const release = await holdTable(sql, 'logs.log')
    try {
      const hooks: Hooks = {
        beforeEachMigrate: async ({ sql, migration }) => {
          try {
            await sql`INSERT INTO logs.log (entry) VALUES (${migration?.script ?? ''})`
          } catch (error) {
            throw swallow ? new Error('mine') : error
          }
        },
      }
      let retries = 0
      const onEvent = ({ type }: MigrationEvent): void => {
        if (type === 'retry') retries += 1
        if (retries === 2) release()
      }
      const { migrations } = await migrate({ url, locations, hooks, lockTimeout: 50, lockRetries: 50, onEvent })
      assert.equal(migrations.length, 2)
      assert.ok(retries >= 2)
      assert.deepEqual(await read(), ['V1__a.sql', 'V2__b.sql'])
    } finally {
      release()
    }
  })
}

test('a hook in a migration that never gets its lock is told with the attempts, and recorded in the ledger', async (t) => {
  const { url, sql, locations } = await eventLog(t, scripts)
  const release = await holdTable(sql, 'logs.log')
  try {
    const hooks: Hooks = { afterEachMigrate: async ({ sql }) => await sql`INSERT INTO logs.log (entry) VALUES ('x')` }
    const error = await expectError('HOOK_FAILED', migrate({ url, locations, hooks, lockTimeout: 300, lockRetries: 1 }))
    const cause = error.cause as SchemawayError
    assert.equal(cause.code, 'STATEMENT_BLOCKED')
    assert.match(error.message, /in any of 2 attempts/)
    assert.deepEqual([error.details.script, error.details.event], ['V1__a.sql', 'afterEachMigrate'])
    const [row] =
      await sql`SELECT event, script, error ->> 'code' AS code FROM schemaway_ledger ORDER BY id DESC LIMIT 1`
    assert.deepEqual({ ...row }, { event: 'failed', script: 'V1__a.sql', code: 'HOOK_FAILED' })
  } finally {
    release()
  }
})

test('a hook in a transaction of its own gives up on a lock after lockTimeout, and is not told to raise lockRetries', async (t) => {
  const { url, sql, locations } = await eventLog(t, scripts)
  const release = await holdTable(sql, 'logs.log')
  try {
    const hooks: Hooks = { beforeMigrate: async ({ sql }) => await sql`INSERT INTO logs.log (entry) VALUES ('x')` }
    const error = await expectError('HOOK_FAILED', migrate({ url, locations, hooks, lockTimeout: 100 }))
    assert.equal((error.cause as SchemawayError).code, 'STATEMENT_BLOCKED')
    assert.match(error.message, /did not get a lock within `lockTimeout`/)
    assert.doesNotMatch(error.message, /lockRetries/)
  } finally {
    release()
  }
})

test('a hook of a command that only looks does not wait for a lock for ever', async (t) => {
  const { url, locations } = await eventLog(t, scripts)
  const seen: unknown[] = []
  const beforeInfo = async ({ sql }: HookContext): Promise<void> => {
    const [row] = await sql`SELECT current_setting('lock_timeout') AS time`
    seen.push(row?.['time'])
  }
  await info({ url, locations, hooks: { beforeInfo } })
  assert.equal(seen.length, 1)
  assert.notEqual(seen[0], '0')
})

for (const event of ['beforeMigrate', 'beforeEachMigrate'] as const) {
  test(`a hook ${event} that commits, begins anew and throws is told with what may be committed`, async (t) => {
    const { url, locations, read } = await eventLog(t, scripts)
    const hooks: Hooks = {
      [event]: async ({ sql }: HookContext) => {
        await sql`INSERT INTO logs.log (entry) VALUES ('committed')`
        await sql.unsafe('COMMIT; BEGIN').catch(() => {})
        throw new Error('mine')
      },
    }
    const error = await expectError('HOOK_FAILED', migrate({ url, locations, hooks }))
    assert.match(error.message, /ended the transaction that it ran in, so what it did before may be committed/)
    assert.deepEqual(await read(), ['committed'])
  })

  test(`a hook ${event} that changes client_encoding is stopped before a value is stored as other letters`, async (t) => {
    const { url, locations, read } = await eventLog(t, scripts)
    const hooks: Hooks = {
      [event]: async ({ sql }: HookContext) => {
        await sql`SET client_encoding = 'LATIN1'`.catch(() => {})
        await sql`INSERT INTO logs.log (entry) VALUES (${'é'})`.catch(() => {})
      },
    }
    const error = await expectError('HOOK_FAILED', migrate({ url, locations, hooks }))
    assert.match(error.message, /changed client_encoding to LATIN1/)
    assert.deepEqual(await read(), [])
  })

  test(`a connection that is lost under a hook ${event} is told as such, whatever the hook throws`, async (t) => {
    const { url, sql: outside, locations } = await eventLog(t, scripts)
    const hooks: Hooks = {
      [event]: async ({ sql }: HookContext) => {
        await sql`SELECT pg_sleep(60)`.catch(() => {
          throw new Error('mine')
        })
      },
    }
    const running = expectError('CONNECTION_LOST', migrate({ url, locations, hooks }))
    await waitForSleep(outside)
    await outside`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
    assert.equal((await running).details.sqlState, '57P01')
  })

  test(`a hook ${event} that releases the lock is told, and nothing goes on`, async (t) => {
    const { url, sql: outside, locations } = await eventLog(t, scripts)
    const hooks: Hooks = { [event]: async ({ sql }: HookContext) => await sql`SELECT pg_advisory_unlock_all()` }
    await expectError('LOCK_LOST', migrate({ url, locations, hooks }))
    assert.equal((await outside`SELECT to_regclass('b') AS b`)[0]?.['b'], null)
  })

  test(`a query that a hook ${event} makes too late is told as a warning, and does not end the process`, async (t) => {
    const {
      url,
      sql: outside,
      locations,
      read,
    } = await eventLog(t, { ...scripts, 'V3__c.sql': 'SELECT pg_sleep(0.3)' })
    const hooks: Hooks = {
      [event]: ({ sql }: HookContext) =>
        void setTimeout(async () => await sql`INSERT INTO logs.log (entry) VALUES ('late')`, 50),
    }
    const warnings: string[] = []
    const onEvent = (fact: MigrationEvent): void => {
      if (fact.type === 'notice') warnings.push(fact.message)
    }
    await migrate({ url, locations, hooks, onEvent })
    await waitUntil('it was told', () => warnings.length > 0)
    assert.match(warnings.join(), new RegExp(`The hook ${event} has ended, and its sql with it`))
    assert.deepEqual(await read(), [])
    assert.equal((await outside`SELECT FROM b`).length, 0)
  })
}

test('a callback or hook that fails behind the migrations says that they stay applied', async (t) => {
  for (const event of ['afterVersioned', 'afterMigrate', 'afterMigrateOperationFinish'] as const) {
    for (const kind of ['hook', 'callback']) {
      const { url, sql, locations } = await eventLog(t, {
        ...scripts,
        ...(kind === 'callback' && { [`${event}.sql`]: 'SELECT broken;' }),
      })
      const fail = (): void => {
        throw new Error('not today')
      }
      const hooks: Hooks = kind === 'hook' ? { [event]: fail } : {}
      const code = kind === 'hook' ? 'HOOK_FAILED' : 'STATEMENT_FAILED'
      const error = await expectError(code, migrate({ url, locations, hooks }))
      assert.deepEqual(error.details.applied, ['V1__a.sql', 'V2__b.sql'])
      assert.match(error.message, /The 2 migrations of this run are applied and recorded/)
      assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 2)
    }
  }
})

test('behind a migration that released the lock no callback writes any more', async (t) => {
  const { url, locations, read } = await eventLog(t, {
    ...allCallbacks,
    'V1__a.sql': 'SELECT pg_advisory_unlock_all();',
    'V2__b.sql': 'CREATE TABLE b (i int);',
  })
  await expectError('LOCK_LOST', migrate({ url, locations }))
  const entries = await read()
  assert.equal(entries.at(-1), 'beforeMigrate')
})
