import assert from 'node:assert/strict'
import test from 'node:test'
import { readOptions } from '../../lib/config/read-options.js'
import type { MigrationEvent } from '../../lib/index.js'
import { resolveTarget } from '../../lib/run/connection-target.js'
import { openSession } from '../../lib/run/session.js'
import { TableLock } from '../../lib/run/table-lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { waitUntil } from '../support/wait-until.js'

test('a second session renews the lock while no transaction is open, and never waits for one that is', async (t) => {
  const { url, sql } = await testDatabase(t)
  const config = await readOptions('migrate', { url, locations: '.' })
  const session = await openSession(await resolveTarget(config))
  t.after(() => session.close())
  const waiting = { longestWait: 0, signal: undefined, emit: () => {} }
  const work = { session, config, emit: () => {}, client: 'test', waiting, reason: '', isShared: false }
  const lock = new TableLock({ ...work, heartbeatInterval: 20 })
  // The table is not there at first, which counts as a try.
  await new TableLock({ ...work, waiting: { ...waiting, longestWait: 5_000 } })
    .acquire()
    .then(() => sql`DELETE FROM schemaway_lock`)
  await lock.acquire()
  t.after(() => lock.release())
  const isFresh = async (): Promise<boolean> => {
    const rows = await sql`SELECT FROM schemaway_lock WHERE expires_at > now() + interval '10 seconds'`
    return rows.length === 1
  }
  await sql`UPDATE schemaway_lock SET expires_at = now() + interval '2 seconds'`
  await waitUntil('the lock is renewed', isFresh)
  assert.equal(await lock.isHeld(), true)

  await session.send(['BEGIN', ...lock.guard].join(';'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const blocked =
    await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  assert.equal(blocked.length, 0)
  await session.send('COMMIT')

  await sql`UPDATE schemaway_lock SET owner = gen_random_uuid()`
  assert.equal(await lock.isHeld(), false)
  await assert.rejects(session.send(['BEGIN', ...lock.guard].join(';')), { sqlState: 'SW013' })
  await session.send('ROLLBACK')
  await lock.release()
  assert.equal((await sql`SELECT FROM schemaway_lock`).length, 1)
})

test('a lock of the table whose session has ended is taken over when its heart misses a beat, one of another login or server when it expires', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const other = await createLogin(t, database)
  const notices: string[] = []
  const open = async (options: { readonly url: string; readonly isShared?: boolean }) => {
    const config = await readOptions('migrate', { url: options.url, locations: '.' })
    const session = await openSession(await resolveTarget(config))
    t.after(() => session.close())
    const emit = (event: MigrationEvent): void => void (event.type === 'notice' && notices.push(event.message))
    const waiting = { longestWait: 300, signal: undefined, emit: () => {} }
    const { isShared = false } = options
    return { session, lock: new TableLock({ session, config, emit, client: 'test', waiting, reason: '', isShared }) }
  }
  const timesOut = { code: 'LOCK_WAIT_TIMEOUT' }
  const alive = await open({ url })
  await alive.lock.acquire()
  await sql.unsafe(`GRANT ALL ON SCHEMA public TO ${other.name}; GRANT ALL ON schemaway_lock TO ${other.name}`)
  await assert.rejects((await open({ url })).lock.acquire(), timesOut, 'its session is there')
  await alive.session.close()
  await alive.lock.release()

  await assert.rejects(
    (await open({ url })).lock.acquire(),
    timesOut,
    'a pooler that hides may have ended that session',
  )
  await sql`UPDATE schemaway_lock SET expires_at = expires_at - interval '13 seconds'`
  await assert.rejects((await open({ url: other.url })).lock.acquire(), timesOut, 'sessions of others may be hidden')
  const [row] = await sql`SELECT server FROM schemaway_lock`
  await sql`UPDATE schemaway_lock SET server = 'another node'`
  await assert.rejects((await open({ url })).lock.acquire(), timesOut, 'it is a session of another server')
  await sql`UPDATE schemaway_lock SET server = ${row?.['server']}`
  await assert.rejects((await open({ url, isShared: true })).lock.acquire(), timesOut, 'a pooler stands between')

  const next = await open({ url })
  await next.lock.acquire()
  assert.deepEqual(notices, ['took over the lock of test, whose session has ended'])
  await next.lock.release()
  const pooled = await open({ url, isShared: true })
  await pooled.lock.acquire()
  assert.deepEqual(
    [...(await sql`SELECT server, backend_pid, backend_start FROM schemaway_lock`)],
    [{ server: null, backend_pid: null, backend_start: null }],
  )
  await pooled.lock.release()
})
