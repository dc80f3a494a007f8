// What is left when something breaks, and what the next migrate() makes of it. Each row of the matrix and its tests:
//
// | what happens | test |
// |---|---|
// | kill -9, a transaction in several messages | here |
// | kill -9, a transaction in one message | killed-process: 'a process killed in the middle of a migration ...' |
// | kill -9 during CREATE INDEX CONCURRENTLY | concurrent-indexes: 'a process killed in the middle of CREATE INDEX ...' |
// | kill -9 behind it, before its record | concurrent-indexes: 'what a killed run left ...'; unknown-outcome for others |
// | the session is terminated: in a statement, between two messages | here; outside a transaction resume-outside: 'a session that is lost ...' |
// | the connection breaks at the COMMIT | run/commit-in-doubt |
// | failover, with and without the last commit | run/failover |
// | many replicas start together | many-processes, lock-strategies, pooler/many-processes |
// | SIGTERM | here; abort-and-wait for an AbortSignal, pooler/failures behind a pooler |
// | idle_in_transaction_session_timeout while JavaScript works | here |
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'
import { type MigrateOptions, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { writeProgram } from '../programs/write-program.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { history, indexes, none, values } from '../support/outside-transaction.js'
import { startMigrating } from '../support/run-process.js'
import { waitForLock, waitForSleep, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const table = { 'V1__a.sql': 'CREATE TABLE a (id integer);' }
const one = [['1', true]]
const two = [...one, ['2', true]]

/** Until nobody but the test has a session, and with the sessions their locks are gone. */
async function waitUntilAlone(sql: Sql): Promise<void> {
  await waitUntil('the session of the run is over', async () => {
    const rows = await sql`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'schemaway%' AND backend_type = 'client backend'`
    return rows.length === 0
  })
  const locks = await sql`
    SELECT FROM pg_locks WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  assert.equal(locks.length, 0)
}

async function waitForIdleTransaction(sql: Sql): Promise<void> {
  await waitUntil('a transaction waits for its process', async () => {
    const rows = await sql`
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'
        AND application_name LIKE 'schemaway%' AND query LIKE '%the last query%'`
    return rows.length > 0
  })
}

test('kill -9 in a transaction of several messages, while a later one runs: rolled back, and the lock is free', async (t) => {
  for (const transaction of ['each', 'all'] as const) {
    const { url, sql } = await testDatabase(t)
    const folder = writeScripts(t, {
      ...table,
      'V2__b.sql': 'INSERT INTO a VALUES (1);\nCOPY a FROM stdin;\n2\n\\.\nSELECT pg_sleep(60);',
    })
    const options = { url, locations: folder.directory, transaction }
    await migrate({ ...options, target: '1' })
    const killed = startMigrating(options)
    t.after(() => void killed.child.kill('SIGKILL'))
    await killed.ready
    killed.go()
    await waitForSleep(sql)
    killed.child.kill('SIGKILL')
    await killed.ended
    await waitUntilAlone(sql)
    assert.deepEqual([await values(sql), await history(sql)], [[], one])
    folder.write({ 'V2__b.sql': 'INSERT INTO a VALUES (1);\nCOPY a FROM stdin;\n2\n\\.\n' })
    await migrate(options)
    assert.deepEqual([await values(sql), await history(sql)], [[1, 2], two])
  }
})

const slow =
  "await sql`INSERT INTO a VALUES (1)`; await sql`SELECT 'the last query'`; await new Promise((r) => setTimeout(r, 600_000))"

test('kill -9 in a transaction of several messages, while JavaScript works between two of them: rolled back', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeProgram(t, slow)
  const options = { url, locations: folder.directory }
  const killed = startMigrating(options)
  t.after(() => void killed.child.kill('SIGKILL'))
  await killed.ready
  killed.go()
  await waitForIdleTransaction(sql)
  killed.child.kill('SIGKILL')
  await killed.ended
  await waitUntilAlone(sql)
  assert.deepEqual([await values(sql), await history(sql)], [[], one])
  writeProgramInto(folder, 'await sql`INSERT INTO a VALUES (1)`')
  await migrate(options)
  assert.deepEqual([await values(sql), await history(sql)], [[1], two])
})

function writeProgramInto(folder: ReturnType<typeof writeScripts>, up: string): void {
  folder.write({ 'V2__b.mjs': `export async function up({ sql, signal }) {\n${up}\n}\n` })
}

/** Terminates the session that migrates, and waits until it is gone. */
async function terminate(sql: Sql): Promise<void> {
  await sql`
    SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'schemaway%'`
}

for (const transaction of ['each', 'all'] as const) {
  test(`the session is terminated in a statement (transaction: '${transaction}'): a coded error, nothing of it, and the next run goes on`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const folder = writeScripts(t, {
      ...table,
      'V2__b.sql': 'INSERT INTO a VALUES (1);\nSELECT pg_sleep(60);',
      'V3__c.sql': 'CREATE TABLE c (id integer);',
    })
    const options = { url, locations: folder.directory, transaction }
    const failed = expectError('CONNECTION_LOST', migrate(options))
    await waitForSleep(sql)
    await terminate(sql)
    const { message, details } = await failed
    assert.match(message, /terminating connection due to administrator command.*run the command again/)
    assert.doesNotMatch(message, /not known/)
    const each = transaction === 'each'
    assert.deepEqual(details.applied, each ? ['V1__a.sql'] : [])
    assert.deepEqual(details.notReached, [...(each ? [] : ['V1__a.sql']), 'V2__b.sql', 'V3__c.sql'])
    assert.equal(details.sqlState, '57P01')
    await waitUntilAlone(sql)
    folder.write({ 'V2__b.sql': 'INSERT INTO a VALUES (1);' })
    const { migrations } = await migrate(options)
    assert.deepEqual(
      migrations.map(({ script }) => script),
      [...(each ? [] : ['V1__a.sql']), 'V2__b.sql', 'V3__c.sql'],
    )
    assert.deepEqual(await values(sql), [1])
  })
}

test('the session is terminated while JavaScript works between two messages: a coded error, and nothing of it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeProgram(
    t,
    "await sql`INSERT INTO a VALUES (1)`; await sql`SELECT 'the last query'`; await new Promise((r) => signal.addEventListener('abort', r))",
  )
  const options = { url, locations: folder.directory }
  const failed = expectError('CONNECTION_LOST', migrate(options))
  await waitForIdleTransaction(sql)
  await terminate(sql)
  assert.deepEqual((await failed).details.applied, ['V1__a.sql'])
  assert.deepEqual([await values(sql), await history(sql)], [[], one])
  writeProgramInto(folder, 'await sql`INSERT INTO a VALUES (1)`')
  await migrate(options)
  assert.deepEqual([await values(sql), await history(sql)], [[1], two])
})

const program = fileURLToPath(new URL('./stoppable-process.ts', import.meta.url))

/** Starts a service of its own that migrates and hears SIGTERM. */
function startStoppable(t: TestContext, options: Pick<MigrateOptions, 'locations'> & { url: string }) {
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, MIGRATE_OPTIONS: JSON.stringify(options) },
  })
  t.after(() => void child.kill('SIGKILL'))
  const ended = Promise.all([once(child, 'close'), text(child.stdout)]).then(([[code], output]) => ({
    code,
    ...(JSON.parse(output) as { code?: string; message?: string; applied: string[] }),
  }))
  return { child, ended }
}

test('SIGTERM in a statement: it is cancelled and rolled back, the process ends by itself, and nothing is left', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, { ...table, 'V2__b.sql': 'INSERT INTO a VALUES (1);\nSELECT pg_sleep(60);' })
  const options = { url, locations: folder.directory }
  const { child, ended } = startStoppable(t, options)
  await waitForSleep(sql)
  child.kill('SIGTERM')
  const { code, message, applied } = await ended
  assert.equal(code, 'ABORTED')
  assert.equal(child.exitCode, 3)
  assert.deepEqual(applied, ['V1__a.sql'])
  assert.match(message ?? '', /rolled back; run the command again/)
  // It has let go of everything before it ended.
  await waitUntilAlone(sql)
  assert.deepEqual([await values(sql), await history(sql)], [[], one])
  folder.write({ 'V2__b.sql': 'INSERT INTO a VALUES (1);' })
  await migrate(options)
  assert.deepEqual([await values(sql), await history(sql)], [[1], two])
})

test('SIGTERM in a CREATE INDEX CONCURRENTLY: it is cancelled, and what it leaves is replaced by the next run', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    ...table,
    'V2__b.sql': `${none}CREATE INDEX CONCURRENTLY i ON a (id);`,
  })
  const options = { url, locations }
  await migrate({ ...options, target: '1' })
  const old = await sql.reserve()
  await old`BEGIN`
  await old`LOCK TABLE a IN ROW EXCLUSIVE MODE`
  const { child, ended } = startStoppable(t, options)
  await waitForLock(sql)
  child.kill('SIGTERM')
  const { code, message } = await ended
  assert.equal(code, 'ABORTED')
  assert.match(message ?? '', /V2__b\.sql ran\. The file runs outside a transaction/)
  await waitUntilAlone(sql)
  await old`COMMIT`
  old.release()
  assert.deepEqual([await indexes(sql), await history(sql)], [[['i', false]], one])
  await migrate(options)
  assert.deepEqual([await indexes(sql), await history(sql)], [[['i', true]], two])
})

for (const lockStrategy of ['session', 'transaction', 'table'] as const) {
  test(`idle_in_transaction_session_timeout of the login does not end a run by '${lockStrategy}' while JavaScript works`, async (t) => {
    const database = await testDatabase(t)
    const { sql, name } = database
    const login = await createLogin(t, database)
    await sql.unsafe(`ALTER DATABASE ${name} OWNER TO ${login.name}`)
    await sql.unsafe(`ALTER ROLE ${login.name} SET idle_in_transaction_session_timeout = '100ms'`)
    const longer = 'await new Promise((r) => setTimeout(r, 300))'
    const { directory } = writeProgram(t, `${longer}; await sql\`INSERT INTO a VALUES (1)\`; ${longer}`)
    await migrate({
      url: login.url,
      locations: directory,
      lockStrategy,
      hooks: { beforeEachMigrate: async () => await new Promise((resolve) => setTimeout(resolve, 300)) },
    })
    assert.deepEqual([await values(sql), await history(sql)], [[1], two])
  })
}

test('a program that sets idle_in_transaction_session_timeout itself is ended by it: a coded error, and nothing of it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    "await sql`INSERT INTO a VALUES (1)`; await sql`SET LOCAL idle_in_transaction_session_timeout = '50ms'`; " +
      "await new Promise((r) => signal.addEventListener('abort', r))",
  )
  const error = await expectError('CONNECTION_LOST', migrate({ url, locations: directory }))
  assert.equal(error.details.sqlState, '25P03')
  assert.deepEqual([await values(sql), await history(sql)], [[], one])
})
