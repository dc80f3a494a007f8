import assert from 'node:assert/strict'
import test from 'node:test'
import { callbackEvents } from '../../lib/callbacks/callback-events.js'
import {
  type HookContext,
  type Hooks,
  info,
  migrate,
  rollback,
  type SchemawayError,
  validate,
} from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForSleep } from '../support/wait-until.js'
import { eventLog, note, scripts } from './event-log.js'

/** A hook for every event that writes down the event over the connection of the command. */
const allHooks: Hooks = Object.fromEntries(
  callbackEvents.map((event) => [
    event,
    async ({ sql }: HookContext) => await sql`INSERT INTO logs.log (entry) VALUES (${`hook ${event}`})`,
  ]),
)

test('hooks are called at every event of migrate(), behind the callbacks of the same event', async (t) => {
  const events = ['beforeMigrate', 'beforeEachMigrate', 'afterEachMigrateStatement', 'afterMigrate']
  const { url, locations, read } = await eventLog(t, {
    ...Object.fromEntries(events.map((event) => [`${event}.sql`, note(event)])),
    'V1__a.sql': 'CREATE TABLE a (i int);',
  })
  const report = await migrate({ url, locations, hooks: allHooks })
  assert.equal(report.migrations.length, 1)
  assert.deepEqual(await read(), [
    'hook afterConnect',
    'hook beforeValidate',
    'hook afterValidate',
    'hook createSchema',
    'hook beforeCreateSchema',
    'beforeMigrate',
    'hook beforeMigrate',
    'beforeEachMigrate',
    'hook beforeEachMigrate',
    'hook beforeEachMigrateStatement',
    'afterEachMigrateStatement',
    'hook afterEachMigrateStatement',
    'hook afterEachMigrate',
    'hook afterVersioned',
    'hook afterMigrateApplied',
    'afterMigrate',
    'hook afterMigrate',
    'hook afterMigrateOperationFinish',
  ])
})

test('a hook without a query needs no transaction, and one for another command changes nothing', async (t) => {
  const { url, locations } = await eventLog(t, scripts)
  const called: string[] = []
  await migrate({ url, locations, hooks: { afterMigrate: () => void called.push('afterMigrate') } })
  await migrate({
    url,
    locations,
    hooks: { beforeInfo: () => void called.push('beforeInfo'), afterMigrate: undefined },
  })
  assert.deepEqual(called, ['afterMigrate'])
})

test('the context tells command, migration, statement and error', async (t) => {
  const { url, locations } = await eventLog(t, {
    'V1__a.sql': 'CREATE TABLE a (i int);',
    'V2__b_c.sql': '\nSELECT 1;\nSELECT broken;',
  })
  const seen: unknown[] = []
  const see = ({ event, command, migration, statement, error }: HookContext): void => {
    seen.push([
      event,
      command,
      migration?.version,
      migration?.description,
      statement?.number,
      statement?.line,
      error?.code,
    ])
  }
  const hooks: Hooks = {
    beforeEachMigrateStatement: see,
    afterEachMigrateStatementError: see,
    afterEachMigrateError: see,
    afterMigrateError: see,
  }
  await expectError('STATEMENT_FAILED', migrate({ url, locations, hooks }))
  assert.deepEqual(seen, [
    ['beforeEachMigrateStatement', 'migrate', '1', 'a', 1, 1, undefined],
    ['beforeEachMigrateStatement', 'migrate', '2', 'b c', 1, 2, undefined],
    ['beforeEachMigrateStatement', 'migrate', '2', 'b c', 2, 3, undefined],
    ['afterEachMigrateStatementError', 'migrate', '2', 'b c', 2, 3, 'STATEMENT_FAILED'],
    ['afterEachMigrateError', 'migrate', '2', 'b c', undefined, undefined, 'STATEMENT_FAILED'],
    ['afterMigrateError', 'migrate', undefined, undefined, undefined, undefined, 'STATEMENT_FAILED'],
  ])
})

for (const transaction of ['each', 'all'] as const) {
  test(`a hook in a migration's transaction is undone with it (transaction: '${transaction}')`, async (t) => {
    const { url, sql, locations, read } = await eventLog(t, scripts)
    const cause = new Error('not today')
    const hooks: Hooks = {
      beforeEachMigrate: async ({ sql, migration }) => {
        await sql`INSERT INTO logs.log (entry) VALUES (${migration?.script ?? ''})`
      },
      afterEachMigrate: ({ migration }) => {
        if (migration?.version === '2') throw cause
      },
    }
    const error = await expectError('HOOK_FAILED', migrate({ url, locations, transaction, hooks }))
    assert.equal(error.cause, cause)
    assert.match(error.message, /^The hook afterEachMigrate for V2__b\.sql threw: not today\./)
    const { event, script, version, applied } = error.details
    const isApplied = transaction === 'each'
    assert.deepEqual(
      { event, script, version, applied },
      { event: 'afterEachMigrate', script: 'V2__b.sql', version: '2', applied: isApplied ? ['V1__a.sql'] : [] },
    )
    assert.deepEqual(await read(), isApplied ? ['V1__a.sql'] : [])
    const [tables] = await sql`SELECT to_regclass('a') IS NOT NULL AS a, to_regclass('b') IS NOT NULL AS b`
    assert.deepEqual({ ...tables }, { a: isApplied, b: false })
    await migrate({ url, locations, transaction })
  })
}

test('a hook of its own transaction that throws leaves nothing, and what was applied before stays', async (t) => {
  const { url, sql, locations, read } = await eventLog(t, scripts)
  const hooks: Hooks = {
    afterMigrate: async ({ sql }) => {
      await sql`INSERT INTO logs.log (entry) VALUES ('x')`
      throw new Error('no')
    },
  }
  await expectError('HOOK_FAILED', migrate({ url, locations, hooks }))
  assert.deepEqual(await read(), [])
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 3)
})

const carelessHooks: readonly (readonly [
  situation: string,
  hook: NonNullable<Hooks['afterMigrate']>,
  message: RegExp,
])[] = [
  [
    'swallows the error of a query',
    async ({ sql }) => {
      await sql`SELECT broken`.catch(() => {})
    },
    /went on after a query that the server had refused/,
  ],
  [
    'forgets to await a query',
    ({ sql }) => {
      void sql`SELECT 1`
    },
    /ended without awaiting a query/,
  ],
  [
    'ends the transaction',
    async ({ sql }) => {
      await sql.unsafe('COMMIT')
    },
    /ended the transaction that it ran in/,
  ],
]

for (const [situation, hook, message] of carelessHooks) {
  for (const event of ['beforeEachMigrate', 'beforeMigrate'] as const) {
    test(`a hook ${event} that ${situation} fails`, async (t) => {
      const { url, locations } = await eventLog(t, scripts)
      const error = await expectError('HOOK_FAILED', migrate({ url, locations, hooks: { [event]: hook } }))
      assert.match(error.message, message)
      await migrate({ url, locations })
    })
  }
}

test('an error of the server in a hook is the cause, and says what the server said', async (t) => {
  const { url, locations } = await eventLog(t, scripts)
  const hooks: Hooks = { beforeMigrate: async ({ sql }) => await sql`SELECT broken` }
  const error = await expectError('HOOK_FAILED', migrate({ url, locations, hooks }))
  const cause = error.cause as SchemawayError
  assert.equal(cause.code, 'STATEMENT_FAILED')
  assert.equal(cause.details.sqlState, '42703')
})

test('a hook that never ends holds the command no longer than five seconds when the signal fires', async (t) => {
  for (const event of ['beforeMigrate', 'beforeEachMigrate'] as const) {
    const { url, sql, locations } = await eventLog(t, scripts)
    const controller = new AbortController()
    const hooks: Hooks = {
      [event]: async ({ signal }: HookContext) => {
        setTimeout(() => controller.abort(), 20)
        signal.addEventListener('abort', () => told.push(event))
        await new Promise(() => {})
      },
    }
    const told: string[] = []
    await expectError('ABORTED', migrate({ url, locations, hooks, signal: controller.signal }))
    assert.deepEqual(told, [event])
    assert.equal((await sql`SELECT to_regclass('a') AS a`)[0]?.['a'], null)
  }
})

test('a query of a hook is cancelled when the signal fires', async (t) => {
  const { url, sql: outside, locations } = await eventLog(t, scripts)
  const controller = new AbortController()
  const hooks: Hooks = {
    beforeEachMigrate: async ({ sql }) => {
      void waitForSleep(outside).then(() => controller.abort())
      await sql`SELECT pg_sleep(60)`
    },
  }
  const started = performance.now()
  await expectError('ABORTED', migrate({ url, locations, hooks, signal: controller.signal }))
  assert.ok(performance.now() - started < 20_000)
})

test('what a hook sets holds for the migration, and ends with its transaction', async (t) => {
  const { url, locations, read } = await eventLog(t, {
    'V1__a.sql': "INSERT INTO logs.log (entry) VALUES (current_setting('work_mem'));",
    'afterMigrate.sql': "INSERT INTO logs.log (entry) SELECT 'end ' || (current_setting('work_mem') = '7MB');",
  })
  await migrate({ url, locations, hooks: { beforeEachMigrate: async ({ sql }) => await sql`SET work_mem = '7MB'` } })
  assert.deepEqual(await read(), ['7MB', 'end false'])
})

test('hooks of an undo run in its transaction, once', async (t) => {
  const { url, locations, read } = await eventLog(t, {
    ...scripts,
    'U1__a.sql': 'DROP TABLE a;',
    'U2__b.sql': 'DROP TABLE b;',
    'UR__r.sql': 'SELECT 1;',
  })
  await migrate({ url, locations })
  await rollback({ url, locations, to: 'empty', allowDataLoss: true, hooks: allHooks })
  const each = ['beforeEachUndo', 'beforeEachUndoStatement', 'afterEachUndoStatement', 'afterEachUndo']
  const entries = (await read()).map((entry) => entry.replace('hook ', ''))
  assert.deepEqual(entries.slice(0, 2), ['afterConnect', 'beforeUndo'])
  assert.deepEqual(entries.slice(2, 6), each)
  assert.deepEqual(entries.slice(-2), ['afterUndo', 'afterUndoOperationFinish'])
  assert.equal(entries.filter((entry) => entry === 'beforeEachUndo').length, 2)
})

test('info() and validate() call hooks, too', async (t) => {
  const { url, locations, read } = await eventLog(t, scripts)
  await info({ url, locations, hooks: allHooks })
  assert.deepEqual(await read(), [
    'hook afterConnect',
    'hook beforeInfo',
    'hook afterInfo',
    'hook afterInfoOperationFinish',
  ])
  await expectError('VALIDATION_FAILED', validate({ url, locations, hooks: allHooks }))
  assert.deepEqual((await read()).slice(-2), ['hook afterValidateError', 'hook afterValidateOperationFinish'])
})

test('a hook of no event is refused, with the one that was probably meant', async () => {
  const url = 'postgres://localhost/nowhere'
  const hooksOf = (name: string): Hooks => ({ [name]: () => {} })
  const misspelt = await expectError('INVALID_OPTIONS', migrate({ url, hooks: hooksOf('beforeMigrat') }))
  assert.match(misspelt.message, /`hooks` has no event `beforeMigrat`, did you mean `beforeMigrate`\?/)
  const impossible = await expectError('INVALID_OPTIONS', migrate({ url, hooks: hooksOf('beforeConnect') }))
  assert.match(impossible.message, /`hooks` has no event `beforeConnect`: there is no connection/)
  const wrong = { hooks: { beforeMigrate: 'a.sql' } } as unknown as { hooks: Hooks }
  await expectError('INVALID_OPTIONS', migrate({ url, ...wrong }))
})
