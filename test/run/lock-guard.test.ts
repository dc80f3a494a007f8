import assert from 'node:assert/strict'
import test from 'node:test'
import { readOptions } from '../../lib/config/read-options.js'
import type { MigrationEvent } from '../../lib/index.js'
import { resolveTarget } from '../../lib/run/connection-target.js'
import { lockKey } from '../../lib/run/lock.js'
import { openRun } from '../../lib/run/open-run.js'
import { openSession } from '../../lib/run/session.js'
import { TableLock } from '../../lib/run/table-lock.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { waitUntil } from '../support/wait-until.js'

for (const lockStrategy of ['transaction', 'table'] as const) {
  test(`a guard by '${lockStrategy}' that reads as another role leaves a role that the connection came with`, async (t) => {
    const database = await testDatabase(t)
    const { url, sql } = database
    const ofPooler = await createLogin(t, database)
    const owner = await createLogin(t, database)
    await sql.unsafe(`GRANT ALL ON SCHEMA public TO ${ofPooler.name}, ${owner.name}`)
    const run = await openRun(await readOptions('migrate', { url, locations: '.', lockStrategy }))
    t.after(() => run.close())
    const { session } = run
    const roleNow = async (): Promise<unknown> =>
      (await session.query<{ role: string }>('SELECT current_user AS role'))[0]?.role
    if (lockStrategy === 'table') await sql.unsafe(`GRANT ALL ON schemaway_lock TO ${ofPooler.name}`)
    await session.send(`SET ROLE ${ofPooler.name}`)
    run.historyRole = owner.name
    const head = { ledgerHash: null, highestRank: 0 }
    await session.send(
      [...run.beginPlanned(head), 'CREATE TABLE seen AS SELECT current_user::text AS role'].join(';\n'),
    )
    await session.send([...(run.lock?.renewal ?? []), 'COMMIT'].join(';\n'))
    assert.equal(await roleNow(), ofPooler.name)
    assert.deepEqual([...(await sql`SELECT role FROM seen`)], [{ role: ofPooler.name }])
    await run.writeAsHistoryRole(['SELECT 1'])
    assert.equal(await roleNow(), ofPooler.name)
  })
}

test('that nobody can renew the lock of the table is told, once', async (t) => {
  const database = await testDatabase(t)
  const { name, url } = await createLogin(t, database)
  await database.sql.unsafe(`GRANT ALL ON SCHEMA public TO ${name}; ALTER ROLE ${name} CONNECTION LIMIT 1`)
  const config = await readOptions('migrate', { url, locations: '.' })
  const session = await openSession(await resolveTarget(config))
  t.after(() => session.close())
  const notices: string[] = []
  const work = {
    session,
    config,
    emit: (event: MigrationEvent) => void (event.type === 'notice' && notices.push(event.message)),
    client: 'test',
    waiting: { longestWait: 5_000, signal: undefined, emit: () => {} },
    reason: '',
    isShared: false,
  }
  const lock = new TableLock({ ...work, heartbeatInterval: 20 })
  await lock.acquire()
  await waitUntil('somebody complains', () => notices.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await lock.release()
  assert.equal(notices.length, 1)
  assert.match(notices[0] ?? '', /cannot be renewed.*too many connections/)
})

test("by 'transaction', what each transaction waits for the others counts together", async (t) => {
  const { url, sql } = await testDatabase(t)
  const waits: number[] = []
  const onEvent = (event: MigrationEvent): void => {
    if (event.type === 'waitingForLock') waits.push(event.waitedMilliseconds)
  }
  const config = await readOptions('migrate', {
    url,
    locations: '.',
    lockStrategy: 'transaction',
    waitForLock: 2_000,
    onEvent,
  })
  const run = await openRun(config)
  t.after(() => run.close())
  const other = await sql.reserve()
  const key = lockKey('"public"."flyway_schema_history"')
  await other.unsafe(`SELECT pg_advisory_lock(${key})`)
  const first = run.lock?.acquire()
  await waitUntil('it waits', () => waits.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 400))
  await other.unsafe(`SELECT pg_advisory_unlock(${key})`)
  await first
  await other.unsafe(`SELECT pg_advisory_lock(${key})`)
  await assert.rejects(run.lock?.acquire() ?? Promise.resolve(), { code: 'LOCK_WAIT_TIMEOUT' })
  assert.ok((waits[1] ?? 0) >= 400, `${waits}`)
  await other.unsafe(`SELECT pg_advisory_unlock(${key})`)
  other.release()
})
