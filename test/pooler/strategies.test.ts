import assert from 'node:assert/strict'
import test from 'node:test'
import { info, migrate, rollback } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { waitForSleep } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { leftoversOf, pooledDatabase, tablesOf, versionsOf } from './pooled-database.js'

const skip = withoutPgBouncer
const scripts = {
  'V1__a.sql': 'CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n2\n\\.\n',
  'U1__a.sql': 'DROP TABLE a;',
  'V2__b.sql': 'CREATE TABLE b (id int);',
  'U2__b.sql': 'DROP TABLE b;',
}
const index = { 'V3__index.sql': 'CREATE INDEX CONCURRENTLY a_id ON a (id);' }

test('through session pooling the session may hold the lock, and then files run outside a transaction too', {
  skip,
}, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolMode: 'session' })
  const { directory: locations } = writeScripts(t, { ...scripts, ...index })
  const report = await migrate({ url: pooled, locations, lockStrategy: 'session' })
  assert.equal(report.lock?.strategy, 'session')
  assert.deepEqual(await versionsOf(sql), ['1', '2', '3'])
  assert.deepEqual(await leftoversOf(sql), [])
})

test('through session pooling two that hold the lock in the session exclude each other', { skip }, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolMode: 'session' })
  const long = writeScripts(t, { 'V1__a.sql': 'SELECT pg_sleep(60);' })
  const stop = new AbortController()
  const options = { url: pooled, locations: long.directory, lockStrategy: 'session' } as const
  const holding = expectError('ABORTED', migrate({ ...options, signal: stop.signal }))
  await waitForSleep(sql)
  await expectError('LOCK_WAIT_TIMEOUT', migrate({ ...options, waitForLock: 300 }))
  stop.abort()
  await holding
  assert.deepEqual(await leftoversOf(sql), [])
})

for (const poolSize of [1, 4]) {
  test(`lockStrategy 'session' behind transaction pooling is found out before anything is created (pool of ${poolSize})`, {
    skip,
  }, async (t) => {
    const { pooled, sql } = await pooledDatabase(t, { poolSize })
    const { directory: locations } = writeScripts(t, scripts)
    for (const run of [migrate, rollback]) {
      const error = await expectError('SERVER_UNSUITABLE', run({ url: pooled, locations, lockStrategy: 'session' }))
      assert.match(error.message, /does not exclude|cannot be relied on/)
      assert.match(error.message, /direct/)
    }
    assert.deepEqual(await tablesOf(sql), [])
    assert.deepEqual(await leftoversOf(sql), [])
  })
}

test("lockStrategy 'table' works through transaction pooling, and excludes whoever else has it", {
  skip,
}, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t)
  const { directory: locations } = writeScripts(t, scripts)
  const table = { lockStrategy: 'table' } as const
  for (const transaction of ['each', 'all'] as const) {
    const report = await migrate({ url: pooled, locations, transaction, ...table })
    assert.equal(report.lock?.strategy, 'table')
    assert.deepEqual(await versionsOf(sql), ['1', '2'])
    assert.equal((await sql`SELECT FROM schemaway_lock`).length, 0)
    assert.equal(
      (await rollback({ url: pooled, locations, to: 'empty', allowDataLoss: true, ...table })).lock?.strategy,
      'table',
    )
    assert.equal((await sql`SELECT FROM schemaway_lock`).length, 0)
  }
  const long = writeScripts(t, { 'V1__long.sql': 'SELECT pg_sleep(60);' })
  const stop = new AbortController()
  const holding = expectError(
    'ABORTED',
    migrate({ url: pooled, locations: long.directory, signal: stop.signal, ...table }),
  )
  await waitForSleep(sql)
  for (const url of [pooled, direct]) {
    await expectError('LOCK_WAIT_TIMEOUT', migrate({ url, locations, waitForLock: 300, ...table }))
  }
  stop.abort()
  await holding
  await migrate({ url: pooled, locations, ...table })
  assert.equal((await info({ url: pooled, locations })).pending, 0)
  assert.deepEqual(await leftoversOf(sql), [])
})
