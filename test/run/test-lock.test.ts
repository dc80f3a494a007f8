import assert from 'node:assert/strict'
import test from 'node:test'
import { readOptions } from '../../lib/config/read-options.js'
import { resolveTarget } from '../../lib/run/connection-target.js'
import { openSession } from '../../lib/run/session.js'
import { testSessionLock } from '../../lib/run/test-lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { withoutAdvisoryLocks } from '../support/without-advisory-locks.js'

test('a session lock that keeps another session out passes, and leaves no lock behind', async (t) => {
  const { url, sql } = await testDatabase(t)
  const config = await readOptions('migrate', { url, locations: '.' })
  const session = await openSession(await resolveTarget(config))
  t.after(() => session.close())
  assert.equal(await testSessionLock(session, config), null)
  assert.equal(await testSessionLock(session, config, true), null)
  const held = await sql`SELECT FROM pg_locks WHERE locktype = 'advisory' AND database =
    (SELECT oid FROM pg_database WHERE datname = current_database())`
  assert.equal(held.length, 0)
})

test('a server that gives the same lock twice is found out', async (t) => {
  const { url, sql } = await testDatabase(t)
  await withoutAdvisoryLocks(sql)
  const config = await readOptions('migrate', { url, locations: '.' })
  const session = await openSession(await resolveTarget(config))
  t.after(() => session.close())
  assert.equal(await testSessionLock(session, config), 'two sessions got the same lock')
  assert.equal(await testSessionLock(session, config, true), 'two sessions got the same lock')
})

test('a server that does not tell which one it is is tested all the same', async (t) => {
  const database = await testDatabase(t)
  const login = await createLogin(t, database)
  await database.sql`REVOKE EXECUTE ON FUNCTION pg_catalog.pg_postmaster_start_time() FROM PUBLIC`
  const config = await readOptions('migrate', { url: login.url, locations: '.' })
  const session = await openSession(await resolveTarget(config))
  t.after(() => session.close())
  assert.equal(await testSessionLock(session, config, true), null)
  await database.sql`REVOKE EXECUTE ON FUNCTION pg_catalog.pg_try_advisory_lock(bigint) FROM PUBLIC`
  assert.match(String(await testSessionLock(session, config, true)), /^the server refuses advisory locks \(42501 /)
  await session.close()
})

test('where there is no room for a second session the lock is trusted', async (t) => {
  const database = await testDatabase(t)
  const login = await createLogin(t, database)
  await database.sql.unsafe(`ALTER ROLE ${login.name} CONNECTION LIMIT 1`)
  const config = await readOptions('migrate', { url: login.url, locations: '.' })
  const session = await openSession(await resolveTarget(config))
  t.after(() => session.close())
  assert.equal(await testSessionLock(session, config), null)
  assert.equal(await testSessionLock(session, config, true), null)
  await session.close()
})
