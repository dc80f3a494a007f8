import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { Sql } from 'postgres'
import {
  adopt,
  baseline,
  clean,
  type ErrorCode,
  maintain,
  migrate,
  repair,
  rollback,
  SchemawayError,
  seed,
  undo,
} from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { startPostgres, type TestServer, testDatabase } from '../../lib/testing/index.js'
import { startQueryProxy } from '../chaos/query-proxy.js'
import { localPort, throughPort } from '../run/fake-server.js'
import { expectError } from '../support/expect-error.js'
import { none } from '../support/outside-transaction.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const files = {
  'V1__a.sql': 'CREATE TABLE a (id integer);',
  'U1__a.sql': 'DROP TABLE a;',
  'V3__c.sql': 'CREATE TABLE c (id integer);\nCOPY c FROM stdin;\n\\.\n',
  'U3__c.sql': 'DROP TABLE c;',
}
const index = {
  'V2__index.sql': `${none}CREATE INDEX CONCURRENTLY a_id ON a (id);`,
  'U2__index.sql': 'DROP INDEX a_id;',
}

type LockStrategy = 'session' | 'transaction' | 'table'

/** What every command gets. */
interface Common {
  readonly url: string
  readonly locations: string
  readonly lockStrategy: LockStrategy
}

interface Scenario {
  readonly strategies: readonly LockStrategy[]
  /** Makes of an empty database what the command finds. */
  readonly prepare?: (common: Common, sql: Sql) => Promise<unknown>
  readonly run: (common: Common) => Promise<unknown>
  /** Codes that it may fail with besides STATEMENT_FAILED. */
  readonly codes?: readonly ErrorCode[]
}

const migrated = async (common: Common): Promise<unknown> => await migrate(common)
const withModel = async ({ url }: Common): Promise<unknown> => await migrate({ url, modules: ['iam'] })

/** Each command, and each way to lock, at least once. */
const scenarios: Readonly<Record<string, Scenario>> = {
  'migrate()': {
    strategies: ['session', 'transaction'],
    run: async (common) =>
      await migrate({ ...common, hooks: { afterMigrate: async ({ sql }) => void (await sql`SELECT 1`) } }),
    codes: ['HOOK_FAILED'],
  },
  'rollback()': {
    strategies: ['transaction'],
    prepare: migrated,
    run: async (common) => await rollback({ ...common, to: 'empty' }),
  },
  'undo()': {
    strategies: ['session'],
    prepare: migrated,
    run: async (common) => await undo({ ...common, target: '3' }),
  },
  'baseline()': {
    strategies: ['table'],
    run: async (common) => await baseline({ ...common, baselineVersion: '1' }),
  },
  'repair()': {
    strategies: ['session'],
    prepare: async (common, sql) => {
      await migrate(common)
      await sql`UPDATE flyway_schema_history SET checksum = 1 WHERE version = '1'`
    },
    run: async (common) => await repair(common),
  },
  'clean()': {
    strategies: ['table'],
    prepare: migrated,
    run: async (common) => await clean({ ...common, cleanDisabled: false }),
  },
  'adopt()': { strategies: ['transaction'], run: async (common) => await adopt({ ...common, applied: ['1'] }) },
  'maintain()': {
    strategies: ['session'],
    prepare: withModel,
    run: async ({ url, lockStrategy }) => await maintain({ url, lockStrategy, partitionsAhead: 4 }),
  },
  'seed()': {
    strategies: ['session'],
    prepare: withModel,
    run: async ({ url, lockStrategy }) => await seed({ url, lockStrategy, set: 'reference' }),
  },
}

/** Cancelled is the first statement of a message, or the last one: what that message committed before stays. */
const canceled = `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57014', MESSAGE = 'canceling statement due to user request'; END $$`
const spoilFirst = (): string => canceled
const spoilLast = (text: string): string => `${text};\n${canceled}`
/** Whatever else a message did is gone with its failure, wherever that was. */
const mayLeaveSomething = /\bCOMMIT\b|advisory/

interface Fault {
  /** Of the message, from 1 on. */
  readonly number: number
  /** As it was when nothing failed. */
  readonly text: string
  readonly spoil: (text: string) => string
}

/** Databases that are worked on at the same time. */
const lanes = 4
/** All of them take a while, and are cancelled in the stage `chaos` of `.ci/run`. */
const isThorough = process.env['SCHEMAWAY_TEST_EVERY_STATEMENT'] === '1'

async function cancelEveryMessage(
  t: TestContext,
  server: TestServer,
  { prepare, run, codes = [] }: Scenario,
  lockStrategy: LockStrategy,
): Promise<void> {
  const { directory: locations } = writeScripts(t, { ...files, ...(lockStrategy === 'session' && index) })
  const template = await server.createDatabase()
  t.after(() => template.drop())
  await prepare?.({ url: template.url, locations, lockStrategy }, template.sql)
  // Nobody may be connected to what is copied.
  await template.sql.end()
  const port = localPort(template.url)
  if (port === null) return t.skip('the server is not on this machine')

  const startLane = async () => {
    const proxy = await startQueryProxy(port)
    t.after(() => proxy.close())
    const copy = async () => {
      const { url, sql, drop } = await server.createDatabase({ template: template.name })
      const through = `${throughPort(url, proxy.port)}?sslmode=disable`
      const work = async (): Promise<unknown> => await run({ url: through, locations, lockStrategy })
      return { sql, drop, work }
    }
    return { proxy, copy }
  }
  const [first, ...others] = await Promise.all(Array.from({ length: lanes }, startLane))
  assert.ok(first !== undefined)

  const whole = await first.copy()
  const messages: string[] = []
  first.proxy.listen({
    replace: (_, text) => {
      messages.push(text)
      return text
    },
  })
  await whole.work()
  const expected = await readState(whole.sql)
  await whole.drop()
  const all = messages.flatMap((text, at): readonly Fault[] => [
    { number: at + 1, text, spoil: spoilFirst },
    ...(mayLeaveSomething.test(text) ? [{ number: at + 1, text, spoil: spoilLast }] : []),
  ])

  const faults = all.filter((_fault, index) => isThorough || index % 5 === all.length % 5)
  const outcomes = new Map<string, number>()
  const open = faults.values()
  const strike = async ({ proxy, copy }: typeof first): Promise<void> => {
    for (const { number, text, spoil } of open) {
      const where = `the ${spoil === spoilFirst ? 'first' : 'last'} statement of message ${number}, ${text.slice(0, 200)}`
      const { sql, drop, work } = await copy()
      proxy.listen({ replace: (counted, sent) => (counted === number ? spoil(sent) : sent) })
      const outcome = await work().then(
        () => 'done',
        (error: unknown) => judge(error, ['STATEMENT_FAILED', ...codes], where),
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      proxy.listen({})
      const state = await readState(sql)
      // Who failed behind the last COMMIT has done everything.
      if (!isDeepStrictEqual(state, expected)) {
        assert.notEqual(outcome, 'done', where)
        await work()
        assert.deepEqual(await readState(sql), expected, where)
      }
      await drop()
    }
  }
  await Promise.all([first, ...others].map(strike))
  console.log(
    `${faults.length} of ${all.length} statements cancelled: ${[...outcomes].map(([code, times]) => `${times} ${code}`).join(', ')}`,
  )
  assert.ok((outcomes.get('STATEMENT_FAILED') ?? 0) >= faults.length / 3)
}

function judge(error: unknown, codes: readonly ErrorCode[], where: string): ErrorCode {
  assert.ok(error instanceof SchemawayError, `${where}: ${error instanceof Error ? error.stack : error}`)
  assert.ok(codes.includes(error.code), `${where}: ${error.code} ${error.message}`)
  // In place of a ROLLBACK, too, something fails.
  assert.match(error.message, /57014|canceling|25P02/, where)
  return error.code
}

/** What is there in the end, but for what only a failure leaves: its lines in the ledger, and the table of locks. */
async function readState(sql: Sql): Promise<unknown> {
  const [found] = await sql`SELECT to_regclass('flyway_schema_history') IS NOT NULL AS exists`
  const history =
    found?.['exists'] === true
      ? await sql`
    SELECT version, description, type, checksum, success FROM flyway_schema_history ORDER BY installed_rank`
      : []
  const [row] = await sql`SELECT
    (SELECT json_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text) FROM pg_class AS c
      WHERE c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)' AND c.relname !~ '^schemaway_') AS relations,
    (SELECT count(*)::int FROM pg_index WHERE NOT indisvalid) AS invalid`
  await waitUntil('no lock is left', async () => {
    const locks = await sql`SELECT FROM pg_locks WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
    return locks.length === 0
  })
  return { ...row, history: history.map((one) => ({ ...one })) }
}

describe('whichever statement is cancelled, a command says so with a code, and the next one gets where it would have got', () => {
  let server: TestServer
  before(async () => {
    server = await startPostgres()
  })
  after(async () => {
    await server.stop()
  })
  for (const [name, scenario] of Object.entries(scenarios)) {
    for (const lockStrategy of scenario.strategies) {
      test(`${name} by '${lockStrategy}'`, async (t) => await cancelEveryMessage(t, server, scenario, lockStrategy))
    }
  }
})

/** @returns a database, and its URL for what gets no further than a statement that matches. */
async function cancelWhere(t: TestContext, isMeant: (text: string) => boolean) {
  const { url, sql } = await testDatabase(t)
  const port = localPort(url)
  if (port === null) return null
  const proxy = await startQueryProxy(port)
  t.after(() => proxy.close())
  proxy.listen({ replace: (_, text) => (isMeant(text) ? canceled : text) })
  return {
    sql,
    through: `${throughPort(url, proxy.port)}?sslmode=disable`,
    locations: writeScripts(t, files).directory,
  }
}

test('before anything is done, a statement that is cancelled says that nothing was changed', async (t) => {
  const found = await cancelWhere(t, (text) => text.startsWith('SET lock_timeout'))
  if (found === null) return t.skip('the server is not on this machine')
  const { through: url, locations } = found
  const { message } = await expectError('STATEMENT_FAILED', migrate({ url, locations }))
  assert.match(
    message,
    /^While preparing the session, .* 57014 .*\. Nothing was changed\. Somebody cancelled that statement/,
  )
})

for (const lockStrategy of ['session', 'table'] as const) {
  test(`when the last look at the lock is cancelled, it is said that everything is committed, by '${lockStrategy}'`, async (t) => {
    const found = await cancelWhere(t, (text) => text.includes(' AS held'))
    if (found === null) return t.skip('the server is not on this machine')
    const { sql, through: url, locations } = found
    const { message } = await expectError('STATEMENT_FAILED', migrate({ url, locations, lockStrategy }))
    assert.match(
      message,
      /^While looking whether the lock is still held, .* 57014 .*\. What this run did is committed and recorded\./,
    )
    assert.equal((await sql`SELECT FROM flyway_schema_history WHERE success`).length, 2)
  })
}

for (const lockStrategy of ['auto', 'session'] as const) {
  test(`a test of the lock that is cancelled proves nothing: '${lockStrategy}' stays with the lock that others take`, async (t) => {
    const key = String(lockKey('"public"."flyway_schema_history"'))
    let tests = 0
    const found = await cancelWhere(t, (text) => {
      const isTest = text.includes('pg_try_advisory_lock') && !text.includes(key)
      if (isTest) tests += 1
      return isTest
    })
    if (found === null) return t.skip('the server is not on this machine')
    const { lock } = await migrate({ url: found.through, locations: found.locations, lockStrategy })
    assert.equal(lock?.strategy, 'session')
    assert.ok(tests > 0)
  })
}
