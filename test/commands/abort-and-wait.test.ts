import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  assertMigrated,
  createMigrator,
  info,
  type MigrationEvent,
  migrate,
  waitUntilMigrated,
} from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const key = lockKey('"public"."flyway_schema_history"')

test('a signal during a statement cancels it, rolls it back and frees the lock', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': 'SELECT 1;',
    'V2__b.sql': 'CREATE TABLE half (id int);\nSELECT pg_sleep(60);',
  })
  const controller = new AbortController()
  const running = migrate({
    url,
    locations: folder.directory,
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === 'stepStarted' && event.number === 2)
        setTimeout(() => controller.abort(new Error('enough')), 100)
    },
  })
  const error = await expectError('ABORTED', running)
  assert.deepEqual(error.details.applied, ['V1__a.sql'])
  assert.equal((error.cause as Error).message, 'enough')
  const [row] = await sql`SELECT to_regclass('half') AS half,
    (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks`
  assert.deepEqual({ ...row }, { half: null, locks: 0 })
  folder.write({ 'V2__b.sql': 'CREATE TABLE half (id int);' })
  await migrate({ url, locations: folder.directory })
})

test('a signal while another process migrates ends the wait', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const holder = await sql.reserve()
  await holder`SELECT pg_advisory_lock(${String(key)}::bigint)`
  const controller = new AbortController()
  const running = migrate({
    url,
    locations,
    signal: controller.signal,
    onEvent: (event) => event.type === 'waitingForLock' && controller.abort(),
  })
  await expectError('ABORTED', running)
  holder.release()
  await expectError('ABORTED', migrate({ url, locations, signal: AbortSignal.abort() }))
})

test('whoever waits too long for the lock is told who holds it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const holder = await sql.reserve()
  await holder`SET application_name = 'the other deploy'`
  await holder`SELECT pg_advisory_lock(${String(key)}::bigint)`
  const error = await expectError('LOCK_WAIT_TIMEOUT', migrate({ url, locations, waitForLock: 300 }))
  assert.equal(error.details.blockers?.[0]?.applicationName, 'the other deploy')
  assert.match(error.message, /"the other deploy" \(pid \d+/)
  await holder`SELECT pg_advisory_unlock(${String(key)}::bigint)`
  holder.release()
})

test('assertMigrated names what is pending, waitUntilMigrated waits for another process', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;', 'R__b.sql': 'SELECT 2;' })
  const error = await expectError('PENDING_MIGRATIONS', assertMigrated({ url, locations }))
  assert.deepEqual(error.details.pending, ['V1__a.sql', 'R__b.sql'])
  await expectError('WAIT_TIMEOUT', waitUntilMigrated({ url, locations, timeout: 50, interval: 10 }))
  const waiting = waitUntilMigrated({ url, locations, interval: 20 })
  await sleep(60)
  await migrate({ url, locations })
  assert.equal((await waiting).currentVersion, '1')
  assert.equal((await assertMigrated({ url, locations })).currentVersion, '1')
})

test('events come in order, and a listener that throws does not stop the run', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': "DO $$ BEGIN RAISE NOTICE 'hello'; END $$;" })
  const events: MigrationEvent[] = []
  const warnings: string[] = []
  await migrate({
    url,
    locations,
    logger: { warn: (message) => warnings.push(message) },
    onEvent: (event) => {
      events.push(event)
      throw new Error('listener broke')
    },
  })
  const types = events.map((event) => event.type).filter((type) => type !== 'notice')
  assert.deepEqual(types, ['connected', 'locked', 'planned', 'stepStarted', 'stepFinished', 'finished'])
  assert.ok(events.some((event) => event.type === 'notice' && event.message === 'hello'))
  assert.equal(warnings.length, events.length)
  assert.match(warnings[0] ?? '', /listener broke/)
})

test('createMigrator takes hooks and any name of an encoding, which the first command judges', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  const seen: string[] = []
  const migrator = createMigrator({
    url,
    locations,
    encoding: 'latin1',
    hooks: { afterMigrate: () => seen.push('done') },
  })
  await migrator.migrate()
  assert.deepEqual(seen, ['done'])
  const wrong = createMigrator({ url, locations, hooks: { afterMigration: () => {} } as never })
  assert.match((await expectError('INVALID_OPTIONS', wrong.migrate())).message, /afterMigrate/)
})

test('createMigrator chooses options once and refuses a wrong one at once', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'U1__a.sql': 'DROP TABLE a;',
  })
  assert.throws(() => createMigrator({ url, location: locations } as never), { code: 'INVALID_OPTIONS' })
  const migrator = createMigrator({ url, locations, lockTimeout: 500, transaction: 'all' })
  assert.equal((await migrator.migrate()).currentVersion, '1')
  assert.equal((await migrator.info()).migrations[0]?.isUndoable, true)
  assert.equal((await migrator.validate()).checked, 1)
  assert.equal((await migrator.assertMigrated()).currentVersion, '1')
  assert.equal((await migrator.waitUntilMigrated({ timeout: 100 })).currentVersion, '1')
  assert.equal((await migrator.rollback({ steps: 1 })).currentVersion, null)
  assert.equal((await info({ url, locations })).pending, 1)
})

test('connection options and a postgres.js client are accepted in place of a url, and the pool is left alone', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;', 'V2__b.sql': 'SELECT 2;' })
  const { hostname, port, username, password, pathname } = new URL(url)
  const connection = {
    host: hostname,
    port: Number(port),
    user: username,
    password: async () => decodeURIComponent(password),
    database: pathname.slice(1),
  }
  assert.equal((await migrate({ connection, locations })).currentVersion, '2')
  const postgres = (await import('postgres')).default
  const camel = postgres(url, { max: 1, transform: postgres.camel, onnotice: () => {} })
  assert.equal((await info({ sql: camel, locations })).currentVersion, '2')
  assert.equal((await migrate({ sql: camel, locations })).run, null)
  await camel.end()
  assert.deepEqual([...(await sql`SELECT 1 AS still_there`)], [{ still_there: 1 }])
})
