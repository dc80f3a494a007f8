// Alone in its process: it listens for rejections that nobody handles.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { inspect } from 'node:util'
import { assertMigrated, migrate, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForSleep } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

test('an unfinished last statement without a semicolon is reported at the end of its file', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__open.sql': 'CREATE TABLE a (id int);\nSELECT 1 +' })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations }))
  assert.deepEqual([error.details.script, error.details.line, error.details.statement], ['V1__open.sql', 2, 2])
})

test('a failure that cannot be recorded in the ledger is still told as it was', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const locations = folder.directory
  await migrate({ url, locations })
  folder.write({ 'V2__b.sql': 'SELECT 1 / 0;' })
  const holder = await sql.reserve()
  await holder.unsafe('BEGIN; LOCK TABLE schemaway_ledger IN SHARE MODE')
  const warnings: string[] = []
  const logger = { warn: (message: string) => warnings.push(message) }
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations, lockTimeout: 200, logger }))
  await holder.unsafe('ROLLBACK')
  holder.release()
  assert.equal(error.details.sqlState, '22012')
  assert.match(warnings.join('\n'), /could not be recorded/)
})

test('rows that a rollback would drop are seen although a later undo script is faulty', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'U1__a.sql': 'DROP TABLE nowhere;',
    'V2__b.sql': 'CREATE TABLE b (id int);',
    'U2__b.sql': 'DROP TABLE b;',
    'V3__c.sql': 'CREATE TABLE c (id int);',
    'U3__c.sql': 'DROP TABLE c;',
  })
  await migrate({ url, locations })
  await sql`INSERT INTO b VALUES (1)`
  const error = await expectError('DATA_LOSS_REFUSED', rollback({ url, locations, to: 'empty' }))
  assert.deepEqual(error.details.undone, [])
  assert.match(error.message, /Nothing was changed/)
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 3)
})

test('a signal ends the rehearsal of a rollback', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'U1__a.sql': 'SELECT pg_sleep(60); DROP TABLE a;',
    'V2__b.sql': 'CREATE TABLE b (id int);',
    'U2__b.sql': 'DROP TABLE b;',
  })
  await migrate({ url, locations })
  await expectError('ABORTED', rollback({ url, locations, to: 'empty', signal: AbortSignal.timeout(500) }))
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 2)
})

test('a migration that is committed counts as applied, even when the session cannot be reset after it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__temporary.sql': `DO $$ BEGIN FOR i IN 1..2500 LOOP EXECUTE format('CREATE TEMP TABLE t%s (id int)', i); END LOOP; END $$;`,
    'V2__after.sql': 'CREATE TABLE after (id int);',
  })
  const controller = new AbortController()
  const running = migrate({ url, locations, signal: controller.signal })
  for (;;) {
    const [row] = await sql`SELECT to_regclass('flyway_schema_history') AS history`
    if (row?.['history'] !== null && (await sql`SELECT FROM flyway_schema_history`).length > 0) break
  }
  controller.abort()
  const outcome = await running.then(
    () => 2,
    (error) => error.details.applied.length,
  )
  assert.equal(outcome, (await sql`SELECT FROM flyway_schema_history`).length)
})

test('values of placeholders are not shown to whoever waits for the migration that uses them', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__slow.sql': "SELECT '${password}', pg_sleep(60);" })
  const options = { url, locations, placeholders: { password: 'TOPSECRET99' } }
  const events: unknown[] = []
  const stop = new AbortController()
  const first = expectError('ABORTED', migrate({ ...options, signal: stop.signal }))
  await waitForSleep(sql)
  const error = await expectError(
    'LOCK_WAIT_TIMEOUT',
    migrate({ ...options, waitForLock: 300, onEvent: (event) => events.push(event) }),
  )
  assert.doesNotMatch(inspect([error, events], { depth: 9 }), /TOPSECRET99/)
  stop.abort()
  await first
})

test('an async listener that rejects does not end the process', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const rejected: unknown[] = []
  const listen = (reason: unknown): void => void rejected.push(reason)
  process.on('unhandledRejection', listen)
  await migrate({ url, locations, onEvent: async () => await Promise.reject(new Error('listener')) })
  await once(setImmediateEmitter(), 'done')
  process.off('unhandledRejection', listen)
  assert.deepEqual(rejected, [])
})

test('a signal ends the wait for a history table that somebody has locked', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  await migrate({ url, locations })
  const holder = await sql.reserve()
  await holder.unsafe('BEGIN; LOCK TABLE flyway_schema_history IN ACCESS EXCLUSIVE MODE')
  await expectError('ABORTED', assertMigrated({ url, locations, signal: AbortSignal.timeout(400) }))
  await holder.unsafe('ROLLBACK')
  holder.release()
})

test('a history table that stays locked is reported as blocked, with who blocks', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const locations = folder.directory
  await migrate({ url, locations })
  folder.write({ 'V2__b.sql': 'SELECT 2;' })
  const holder = await sql.reserve()
  await holder.unsafe('BEGIN; LOCK TABLE flyway_schema_history IN SHARE MODE')
  const error = await expectError('STATEMENT_BLOCKED', migrate({ url, locations, lockTimeout: 300, lockRetries: 1 }))
  await holder.unsafe('ROLLBACK')
  holder.release()
  assert.equal(error.details.script, 'V2__b.sql')
  assert.equal(error.details.blockers?.length, 1)
})

test('a ledger table of another shape is reported with a code', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  await sql`CREATE TABLE schemaway_ledger (id int)`
  await expectError('HISTORY_UNREADABLE', migrate({ url, locations }))
})

test('a script that calls a function may leave nothing for the next one, whatever kind of statement called it', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(`CREATE SCHEMA other; CREATE FUNCTION other.leave() RETURNS int LANGUAGE plpgsql
    AS $$ BEGIN CREATE TEMP TABLE leak (id int); RETURN 1; END $$`)
  const { directory: locations } = writeScripts(t, {
    'V1__as.sql': 'CREATE TABLE one AS SELECT other.leave() AS x;',
    'V2__look.sql': `CREATE TABLE found AS SELECT to_regclass('leak') IS NULL AS is_gone;`,
  })
  await migrate({ url, locations })
  assert.deepEqual([...(await sql`SELECT is_gone FROM found`)], [{ is_gone: true }])
})

/** Emits `done` after everything that was queued has run. */
function setImmediateEmitter(): EventTarget {
  const target = new EventTarget()
  setTimeout(() => target.dispatchEvent(new Event('done')), 20)
  return target
}
