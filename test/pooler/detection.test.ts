import assert from 'node:assert/strict'
import test from 'node:test'
import {
  adopt,
  assertMigrated,
  baseline,
  clean,
  info,
  type MigrationEvent,
  maintain,
  migrate,
  repair,
  rollback,
  undo,
  validate,
} from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { writeScripts } from '../support/write-scripts.js'
import { leftoversOf, pooledDatabase, tablesOf, versionsOf } from './pooled-database.js'

const skip = withoutPgBouncer
const scripts = {
  'V1__one.sql': 'CREATE TABLE one (id int);',
  'U1__one.sql': 'DROP TABLE one;',
  'V2__two.sql': 'CREATE TABLE two (id int);',
  'U2__two.sql': 'DROP TABLE two;',
}

for (const poolMode of ['transaction', 'session'] as const) {
  test(`behind ${poolMode} pooling the lock lives in transactions, and report and events say so`, {
    skip,
  }, async (t) => {
    const { pooled, sql } = await pooledDatabase(t, { poolMode })
    const { directory: locations } = writeScripts(t, scripts)
    const events: MigrationEvent[] = []
    const report = await migrate({ url: pooled, locations, onEvent: (event) => events.push(event) })
    assert.equal(report.lock?.strategy, 'transaction')
    assert.match(report.lock?.reason ?? '', /pooler/)
    const locked = events.filter((event) => event.type === 'locked')
    assert.deepEqual([...new Set(locked.map((event) => event.strategy))], ['transaction'])
    assert.equal((await rollback({ url: pooled, locations })).lock?.strategy, 'transaction')
    assert.deepEqual(await versionsOf(sql), ['1'])
    assert.deepEqual(await leftoversOf(sql), [])
  })
}

test('on a direct connection the session holds the lock', { skip }, async (t) => {
  const { direct } = await pooledDatabase(t)
  const { directory: locations } = writeScripts(t, scripts)
  const report = await migrate({ url: direct, locations })
  assert.equal(report.lock?.strategy, 'session')
  assert.match(report.lock?.reason ?? '', /direct/)
  assert.equal((await migrate({ url: direct, locations })).lock, null)
})

test('the transaction strategy may be asked for on a direct connection', { skip }, async (t) => {
  const { direct, sql } = await pooledDatabase(t)
  const { directory: locations } = writeScripts(t, scripts)
  const report = await migrate({ url: direct, locations, lockStrategy: 'transaction' })
  assert.equal(report.lock?.strategy, 'transaction')
  assert.equal(
    (await rollback({ url: direct, locations, to: 'empty', lockStrategy: 'transaction' })).migrations.length,
    2,
  )
  assert.deepEqual(await leftoversOf(sql), [])
})

test('behind statement pooling, where no transaction is possible, every writing command refuses and says what to do', {
  skip,
}, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t, { poolMode: 'statement' })
  const folder = writeScripts(t, scripts)
  const options = { url: pooled, locations: folder.directory }
  const commands = {
    migrate: () => migrate(options),
    all: () => migrate({ ...options, transaction: 'all' }),
    transaction: () => migrate({ ...options, lockStrategy: 'transaction' }),
    table: () => migrate({ ...options, lockStrategy: 'table' }),
    session: () => migrate({ ...options, lockStrategy: 'session' }),
    rollback: () => rollback(options),
    undo: () => undo(options),
    baseline: () => baseline(options),
  }
  for (const [name, command] of Object.entries(commands)) {
    const error = await expectError('SERVER_UNSUITABLE', command()).catch((cause: unknown) => {
      throw new Error(`${name}: ${cause}`, { cause })
    })
    assert.match(error.message, /direct/, name)
    assert.match(error.message, /Nothing was changed/, name)
    assert.deepEqual(await tablesOf(sql), [], name)
  }
  // Of an empty database it would not have to write.
  await migrate({ ...options, url: direct })
  folder.write({ 'V2__two.sql': 'CREATE TABLE two (id int); -- changed' })
  await expectError('SERVER_UNSUITABLE', repair(options))
  await expectError('SERVER_UNSUITABLE', rollback(options))
  assert.deepEqual(await versionsOf(sql), ['1', '2'])
  assert.deepEqual(await leftoversOf(sql), [])
})

test('commands that cannot do without a lock of the session refuse a pooler and name the way round it', {
  skip,
}, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t)
  const { directory: locations } = writeScripts(t, scripts)
  await migrate({ url: direct, locations })
  const before = await tablesOf(sql)
  const commands = {
    clean: () => clean({ url: pooled, locations, cleanDisabled: false }),
    maintain: () => maintain({ url: pooled }),
    adopt: () => adopt({ url: pooled, locations, applied: ['1'] }),
  }
  for (const [name, command] of Object.entries(commands)) {
    const error = await expectError('SERVER_UNSUITABLE', command())
    assert.match(error.message, /pooler/, name)
    assert.match(error.message, /direct/, name)
    assert.deepEqual(await tablesOf(sql), before, name)
  }
})

for (const poolMode of ['transaction', 'session'] as const) {
  test(`commands that only look work through ${poolMode} pooling, however many look at once`, { skip }, async (t) => {
    const { pooled, direct, sql } = await pooledDatabase(t, { poolMode, poolSize: 2 })
    const { directory: locations } = writeScripts(t, scripts)
    await migrate({ url: direct, locations })
    const options = { url: pooled, locations }
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        assert.equal((await info(options)).currentVersion, '2')
        assert.equal((await validate(options)).checked, 2)
        assert.equal((await assertMigrated(options)).currentVersion, '2')
        const report = await migrate(options)
        assert.deepEqual([report.migrations, report.lock], [[], null])
      }),
    )
    assert.deepEqual(await leftoversOf(sql), [])
  })
}
