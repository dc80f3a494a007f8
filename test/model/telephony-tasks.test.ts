import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, sqlState, tenantDatabase } from './model-database.js'

const { red, blue } = ids

/** Adds tasks that are named by their idempotency key. */
async function addTasks(sql: Sql, names: readonly string[], columns: Record<string, string> = {}): Promise<void> {
  const extra = Object.keys(columns).map((name) => `, ${name}`)
  const values = Object.values(columns).map((value) => `, ${value}`)
  for (const name of names) {
    await sql.unsafe(
      `INSERT INTO telephony.tasks (organisation_id, type, idempotency_key${extra.join('')})
       VALUES ('${red}', 'research', '${name}'${values.join('')})`,
    )
  }
}

const claimOverAll = `telephony.claim_tasks('worker'`
const claimForRed = `telephony.claim_tasks('${red}'::uuid, 'worker'`
const claimForms = { 'over all organisations': claimOverAll, 'for one organisation': claimForRed }

/** Claims, and names the tasks in the order in which they come. */
async function claim(sql: Sql | TransactionSql, form: string, parameters = ''): Promise<readonly unknown[]> {
  const rows = await sql.unsafe(`SELECT idempotency_key AS name FROM ${form}${parameters})`)
  return rows.map(({ name }) => name)
}

/** Fails the only task with a long error. */
async function fail(sql: Sql | TransactionSql, worker = 'worker'): Promise<unknown> {
  const [row] = await sql`
    SELECT telephony.fail_task(organisation_id, id, ${worker}, repeat('x', 3000)) AS noted FROM telephony.tasks`
  return row?.['noted']
}

async function readTask(sql: Sql | TransactionSql): Promise<Record<string, unknown> | undefined> {
  const [row] = await sql`
    SELECT status, attempts, locked_by, locked_until IS NOT NULL AS leased, last_error, result,
      completed_at IS NOT NULL AS ended, greatest(extract(epoch FROM scheduled_at - now())::int, 0) AS wait
    FROM telephony.tasks`
  return row
}

for (const [what, form] of Object.entries(claimForms)) {
  test(`a claim ${what}: due tasks come by priority, then by their time`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addTasks(sql, ['low'], { priority: `'low'` })
    await addTasks(sql, ['medium, later'], { scheduled_at: `now() - interval '1 minute'` })
    await addTasks(sql, ['medium, sooner'], { scheduled_at: `now() - interval '2 minutes'`, status: `'assigned'` })
    await addTasks(sql, ['urgent'], { priority: `'urgent'` })
    await addTasks(sql, ['high'], { priority: `'high'` })
    await addTasks(sql, ['not yet'], { scheduled_at: `now() + interval '1 hour'`, priority: `'urgent'` })
    await addTasks(sql, ['cancelled'], { status: `'cancelled'`, completed_at: 'now()' })
    await addTasks(sql, ['running'], { status: `'in_progress'` })
    assert.deepEqual(await claim(sql, form, ', p_limit => 3'), ['urgent', 'high', 'medium, sooner'])
    assert.deepEqual(await claim(sql, form), ['medium, later', 'low'])
    assert.deepEqual(await claim(sql, form), [])
  })

  test(`a claim ${what}: a claimed task is leased, counted and started once`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addTasks(sql, ['task'])
    await claim(sql, form, `, p_lease => interval '90 seconds'`)
    const read = async (): Promise<unknown> =>
      (
        await sql`
          SELECT status, attempts, locked_by, (locked_until - started_at)::text AS lease, started_at
          FROM telephony.tasks`
      )[0]
    const first = await read()
    const { started_at: startedAt } = first as { started_at: Date }
    assert.deepEqual(first, {
      status: 'in_progress',
      attempts: 1,
      locked_by: 'worker',
      lease: '00:01:30',
      started_at: startedAt,
    })
    await sql`SELECT telephony.release_expired_tasks(now() + interval '1 hour')`
    await claim(sql, form)
    const [again] = await sql`SELECT attempts, started_at FROM telephony.tasks`
    assert.deepEqual(again, { attempts: 2, started_at: startedAt })
  })

  test(`a claim ${what}: only tasks of the wanted types come`, async (t) => {
    const { sql } = await tenantDatabase(t)
    for (const type of ['send_email', 'make_call', 'research']) await addTasks(sql, [type])
    await sql`UPDATE telephony.tasks SET type = idempotency_key::telephony.task_type`
    assert.deepEqual(await claim(sql, form, `, p_types => '{}'`), [])
    const wanted = await claim(sql, form, `, p_types => '{make_call,send_email}'`)
    assert.deepEqual(wanted.toSorted(), ['make_call', 'send_email'])
  })

  test(`a claim ${what}: never more tasks come than asked for, however wrong the statistics are`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addTasks(sql, ['done'], { status: `'cancelled'`, completed_at: 'now()' })
    await sql`ANALYZE telephony.tasks`
    await sql`
      INSERT INTO telephony.tasks (organisation_id, type) SELECT ${red}, 'research' FROM generate_series(1, 100)`
    assert.equal((await claim(sql, form, ', p_limit => 5')).length, 5)
    assert.equal((await claim(sql, form, ', p_limit => 0')).length, 0)
    await assert.rejects(claim(sql, form, ', p_limit => -1'), sqlState('2201W'))
    await assert.rejects(claim(sql, form, ', p_limit => NULL'), sqlState('22004'))
    await assert.rejects(claim(sql, form, ', p_lease => NULL'), { constraint_name: 'ck_tasks_lock_pair' })
    const [row] = await sql`SELECT count(*)::int AS taken FROM telephony.tasks WHERE status = 'in_progress'`
    assert.equal(row?.['taken'], 5)
  })

  test(`a claim ${what}: an application claims tasks of its own organisation only`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addTasks(sql, ['red'])
    await sql`INSERT INTO telephony.tasks (organisation_id, type, idempotency_key) VALUES (${blue}, 'research', 'blue')`
    const asBlue = { organisationId: blue, role: defaultRoleNames.app }
    const seen = await withOrganisation(sql, asBlue, async (tx) => await claim(tx, form))
    assert.deepEqual(seen, form === claimOverAll ? ['blue'] : [])
    const [untouched] = await sql`SELECT status FROM telephony.tasks WHERE organisation_id = ${red}`
    assert.equal(untouched?.['status'], 'pending')
  })
}

test('the worker claims over all organisations, or for one', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const organisation of [red, blue]) {
    await sql`
      INSERT INTO telephony.tasks (organisation_id, type, idempotency_key)
      SELECT ${organisation}, 'research', ${organisation} || number FROM generate_series(1, 2) AS number`
  }
  assert.equal((await withWorker(sql, async (tx) => await claim(tx, claimForRed))).length, 2)
  assert.equal((await withWorker(sql, async (tx) => await claim(tx, claimOverAll))).length, 2)
})

test('a task is completed once, and by the worker who holds it', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addTasks(sql, ['task'])
  const complete = async (worker: string, organisation: string = red): Promise<unknown> =>
    (
      await sql`
        SELECT telephony.complete_task(${organisation}, id, ${worker}, '{"a": 1}') AS done FROM telephony.tasks`
    )[0]?.['done']
  assert.equal(await complete('worker'), false, 'nobody holds it')
  await claim(sql, claimOverAll)
  assert.equal(await complete('other'), false)
  assert.equal(await complete('worker', blue), false)
  assert.equal(await complete('worker'), true)
  assert.equal(await complete('worker'), false)
  assert.deepEqual(await readTask(sql), {
    status: 'completed',
    attempts: 1,
    locked_by: null,
    leased: false,
    last_error: null,
    result: { a: 1 },
    ended: true,
    wait: 0,
  })
})

test('a worker without a result completes its task all the same', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addTasks(sql, ['task'])
  await claim(sql, claimOverAll)
  await sql`SELECT telephony.complete_task(${red}, id, 'worker', NULL) FROM telephony.tasks`
  const task = await readTask(sql)
  assert.deepEqual([task?.['status'], task?.['result']], ['completed', {}])
})

test('a failed task comes back after a wait that doubles, until its attempts are used up', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addTasks(sql, ['task'])
  const states: unknown[] = []
  for (let attempt = 1; attempt <= 3; attempt++) {
    await sql`UPDATE telephony.tasks SET scheduled_at = now()`
    await claim(sql, claimOverAll)
    assert.equal(await fail(sql, 'other'), false)
    await sql.begin(async (tx) => {
      assert.equal(await fail(tx), true)
      assert.equal(await fail(tx), false, 'a lease ends once')
      states.push(await readTask(tx))
    })
  }
  const given = { locked_by: null, leased: false, last_error: 'x'.repeat(2000), result: {} }
  assert.deepEqual(states, [
    { ...given, status: 'pending', attempts: 1, ended: false, wait: 60 },
    { ...given, status: 'pending', attempts: 2, ended: false, wait: 120 },
    { ...given, status: 'failed', attempts: 3, ended: true, wait: 0 },
  ])
  assert.deepEqual(await claim(sql, claimOverAll), [])
})

test('a lease that ran out gives the task back, or fails it after the last attempt', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addTasks(sql, ['back', 'last'])
  await sql`UPDATE telephony.tasks SET max_attempts = 1 WHERE idempotency_key = 'last'`
  await claim(sql, claimOverAll, `, p_lease => interval '5 minutes'`)
  const release = async (after: string | null): Promise<unknown> =>
    (await sql`SELECT telephony.release_expired_tasks(now() + ${after}::interval) AS released`)[0]?.['released']
  assert.equal(await release('4 minutes'), 0)
  assert.equal(await release(null), 0)
  assert.equal(await release('6 minutes'), 2)
  assert.equal(await release('6 minutes'), 0)
  const rows = await sql`
    SELECT idempotency_key AS name, status, last_error, locked_by, completed_at IS NOT NULL AS ended
    FROM telephony.tasks ORDER BY name`
  const common = { last_error: 'lease expired', locked_by: null }
  assert.deepEqual(
    [...rows],
    [
      { name: 'back', status: 'pending', ...common, ended: false },
      { name: 'last', status: 'failed', ...common, ended: true },
    ],
  )
  const ended = await sql`
    SELECT telephony.complete_task(organisation_id, id, 'worker') OR telephony.fail_task(organisation_id, id, 'worker', 'late')
      AS noted FROM telephony.tasks`
  assert.deepEqual([...ended], [{ noted: false }, { noted: false }], 'the worker that was too slow is told')
  assert.deepEqual(await claim(sql, claimForRed), ['back'])
})

test('an application releases expired leases of its own organisation only', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addTasks(sql, ['red'])
  await claim(sql, claimOverAll)
  const release = (tx: TransactionSql): Promise<unknown> =>
    tx`SELECT telephony.release_expired_tasks(now() + interval '1 hour') AS n`.then(([row]) => row?.['n'])
  const role = defaultRoleNames.app
  assert.equal(await withOrganisation(sql, { organisationId: blue, role }, release), 0)
  assert.equal(await withOrganisation(sql, { organisationId: red, role }, release), 1)
})
