import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { defaultRoleNames, withOrganisation, withWorker } from '../../lib/model/index.js'
import { ids, openClient, sqlState, tenantDatabase } from './model-database.js'

const { app, worker } = defaultRoleNames
const { red, blue, redMember } = ids
const asRed = { organisationId: red, userId: redMember, role: app }

const readContext = async (sql: Sql | TransactionSql): Promise<unknown> => {
  const [row] = await sql`
    SELECT current_user::text AS role, iam.current_organisation_id() AS organisation, iam.current_user_id() AS user`
  return row
}

test('the callback works as organisation, user and role, and its result is returned', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  assert.deepEqual(await withOrganisation(sql, asRed, readContext), { role: app, organisation: red, user: redMember })
  const list = await withOrganisation(sql, { organisationId: blue }, async () => [1, 2, 3])
  assert.deepEqual(list, [1, 2, 3])
  assert.deepEqual(await withWorker(sql, readContext), { role: worker, organisation: null, user: null })
})

test('a pooled connection is empty afterwards, after success and after failure', async (t) => {
  const { url } = await tenantDatabase(t, ['iam'])
  const { sql } = openClient(t, url)
  const [{ login } = { login: '' }] = await sql<{ login: string }[]>`SELECT session_user::text AS login`
  const empty = { role: login, organisation: null, user: null }
  await withOrganisation(sql, asRed, readContext)
  assert.deepEqual(await readContext(sql), empty)
  const failure = new Error('of the callback')
  const failing = withOrganisation(sql, asRed, async () => await Promise.reject(failure))
  await assert.rejects(failing, (error) => error === failure)
  assert.deepEqual(await readContext(sql), empty)
  await withWorker(sql, readContext)
  assert.deepEqual(await readContext(sql), empty)
})

test('a context that the session had before does not shine through, and comes back', async (t) => {
  const { url } = await tenantDatabase(t, ['iam'])
  const { sql } = openClient(t, url)
  await sql`SELECT iam.set_context(${blue}, ${redMember}, false)`
  const { user } = (await withOrganisation(sql, { organisationId: red }, readContext)) as { user: unknown }
  assert.equal(user, null)
  assert.deepEqual(await withWorker(sql, readContext), { role: worker, organisation: null, user: null })
  const { organisation } = (await readContext(sql)) as { organisation: unknown }
  assert.equal(organisation, blue)
})

test('a failing callback rolls back what it wrote', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const attempt = withOrganisation(sql, asRed, async (transaction) => {
    await transaction`UPDATE iam.organisations SET name = 'changed'`
    await transaction`SELECT 1 / 0`
  })
  await assert.rejects(attempt, sqlState('22012'))
  assert.equal((await sql`SELECT FROM iam.organisations WHERE name = 'changed'`).length, 0)
})

test('a query that the driver itself refuses fails the transaction and nothing else', async (t) => {
  const { url } = await tenantDatabase(t, ['iam'])
  const { sql } = openClient(t, url)
  const fromNoFile = withOrganisation(sql, asRed, async (transaction) => await transaction.file('/no/such/file.sql'))
  await assert.rejects(fromNoFile, { code: 'ENOENT' })
  const missing = undefined as unknown as string
  const withNoValue = withOrganisation(sql, asRed, async (transaction) => await transaction`SELECT ${missing}`)
  await assert.rejects(withNoValue, { code: 'UNDEFINED_VALUE' })
  assert.deepEqual(await withOrganisation(sql, asRed, readContext), { role: app, organisation: red, user: redMember })
})

test('a savepoint can fail alone and keeps the context', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const seen = await withOrganisation(sql, asRed, async (transaction) => {
    const part = transaction.savepoint('part', async (nested) => {
      await nested`UPDATE iam.organisations SET name = 'lost'`
      await nested`SELECT 1 / 0`
    })
    await assert.rejects(part, sqlState('22012'))
    await transaction.savepoint(async (nested) => await nested`UPDATE iam.organisations SET country_code = 'IT'`)
    return await readContext(transaction)
  })
  assert.deepEqual(seen, { role: app, organisation: red, user: redMember })
  const changed = await sql`SELECT slug, name FROM iam.organisations WHERE country_code = 'IT'`
  assert.deepEqual([...changed], [{ slug: 'red', name: 'Red' }])
})

test('all that a transaction of postgres.js offers works through the one that is handed out', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await withOrganisation(sql, asRed, async (transaction) => {
    const columns = { name: 'Crimson', settings: transaction.json({ a: 1 }) }
    await transaction`UPDATE iam.organisations SET ${transaction(columns)}`
    const condition = transaction`slug = ${'red'}`
    const [row] = await transaction`SELECT ${transaction('name')}, settings FROM iam.organisations WHERE ${condition}`
    assert.deepEqual(row, { name: 'Crimson', settings: { a: 1 } })
    assert.deepEqual([...(await transaction.unsafe('SELECT $1::int AS n', [1]))], [{ n: 1 }])
    const [first, second] = await Promise.all([transaction`SELECT 1 AS n`, transaction`SELECT 2 AS n`])
    assert.deepEqual([first[0], second[0]], [{ n: 1 }, { n: 2 }])
    const rows: unknown[] = []
    await transaction`SELECT i FROM generate_series(1, 3) AS i`.cursor(2, (batch) => void rows.push(...batch))
    assert.equal(rows.length, 3)
  })
})

test('ids and roles that could carry SQL are refused before anything is sent', async () => {
  const nowhere = postgres({ host: '127.0.0.1', port: 1, max: 1 })
  const callback = async (): Promise<never> => assert.fail('the callback must not run')
  const injection = `${red}'; SET LOCAL app.organisation_id = '${blue}`
  const attempts = [
    withOrganisation(nowhere, { organisationId: injection }, callback),
    withOrganisation(nowhere, { organisationId: red, userId: injection }, callback),
    withOrganisation(nowhere, { organisationId: red, role: 'a"; RESET ROLE; --' }, callback),
    withWorker(nowhere, callback, { role: 'none' }),
  ]
  for (const attempt of attempts) await assert.rejects(attempt, { code: 'INVALID_OPTIONS' })
})

test('a transaction in place of the client is refused', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const nested = withOrganisation(sql, asRed, async (transaction) => {
    const outer = transaction as unknown as Sql
    await withOrganisation(outer, { organisationId: blue }, async () => {})
  })
  await assert.rejects(nested, { code: 'INVALID_OPTIONS', details: { option: 'sql' } })
  await assert.rejects(
    withWorker(undefined as unknown as Sql, async () => {}),
    { code: 'INVALID_OPTIONS' },
  )
})

test('a role that cannot be taken fails the call before the callback runs', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const role = 'nobody_has_this_role'
  const callback = async (): Promise<never> => assert.fail('the callback must not run')
  await assert.rejects(withOrganisation(sql, { organisationId: red, role }, callback), sqlState('22023'))
  await assert.rejects(withWorker(sql, callback, { role }), sqlState('22023'))
})

test('the context costs no round trip: it travels with BEGIN', async (t) => {
  const { url } = await tenantDatabase(t, ['iam'])
  const proxy = await countRoundTrips(t, url)
  const { sql } = openClient(t, proxy.url)
  await sql`SELECT 1`
  const plain = await proxy.during(async () => await sql.begin(async (transaction) => await transaction`SELECT 1`))
  assert.equal(plain, 3)
  const query = async (transaction: TransactionSql): Promise<unknown> => await transaction`SELECT 1`
  assert.equal(await proxy.during(async () => await withOrganisation(sql, asRed, query)), plain)
  assert.equal(await proxy.during(async () => await withWorker(sql, query)), plain)
})

test('settings that fail are reported even if the callback makes no query, and the connection is free again', async (t) => {
  const { url } = await tenantDatabase(t, ['iam'])
  const { sql, notices } = openClient(t, url)
  const misspelt = { organisationId: red, role: 'nobody_has_this_role' }
  await assert.rejects(
    withOrganisation(sql, misspelt, async () => 'done'),
    sqlState('22023'),
  )
  assert.deepEqual(await withOrganisation(sql, asRed, readContext), { role: app, organisation: red, user: redMember })
  assert.deepEqual(notices, [])
})

test('a client that leaves out what begin() was given works for the organisation all the same', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const begin = async (_: unknown, work: (transaction: TransactionSql) => Promise<unknown>) => await sql.begin(work)
  const deaf = new Proxy(sql, { get: (target, key) => (key === 'begin' ? begin : Reflect.get(target, key)) })
  assert.deepEqual(await withOrganisation(deaf, asRed, readContext), { role: app, organisation: red, user: redMember })
})

test('when the connection breaks while the callback is elsewhere, it cannot write into the next transaction', async (t) => {
  const { sql, url } = await tenantDatabase(t, ['iam'])
  const client = openClient(t, url).sql
  const nextWorks = deferred<void>()
  const late = deferred<unknown>()
  const first = withOrganisation(client, { organisationId: red }, async (transaction) => {
    await sql`SELECT pg_terminate_backend(${await readPid(transaction)})`
    await nextWorks.promise
    late.resolve(await insertMetric(transaction, 'late').catch((error: unknown) => error))
    throw new Error('and then the callback fails')
  })
  await assert.rejects(first, { code: 'CONNECTION_CLOSED' })
  await withOrganisation(client, { organisationId: blue }, async (transaction) => {
    await insertMetric(transaction, 'early')
    nextWorks.resolve()
    assert.equal(codeOf(await late.promise), 'CONNECTION_LOST')
    await insertMetric(transaction, 'later')
  })
  const rows = await sql`SELECT organisation_id, name FROM iam.system_metrics ORDER BY name`
  assert.deepEqual(
    [...rows],
    ['early', 'later'].map((name) => ({ organisation_id: blue, name })),
  )
})

for (const place of ['the transaction', 'a savepoint']) {
  test(`when the connection breaks under a query of ${place}, the process survives what the callback sends then`, async (t) => {
    const { sql, url } = await tenantDatabase(t, ['iam'])
    const refusals: unknown[] = []
    const callbackEnded = deferred<void>()
    const sleepUntilBroken = async (transaction: TransactionSql): Promise<void> => {
      const pid = await readPid(transaction)
      const sleeping = transaction`SELECT pg_sleep(60)`.execute()
      await untilActive(sql, pid)
      await sql`SELECT pg_terminate_backend(${pid})`
      await sleeping
    }
    const attempt = withOrganisation(openClient(t, url).sql, { organisationId: red }, async (transaction) => {
      try {
        await (place === 'a savepoint' ? transaction.savepoint(sleepUntilBroken) : sleepUntilBroken(transaction))
      } finally {
        await insertMetric(transaction, 'late').catch((error: unknown) => refusals.push(codeOf(error)))
        await openSavepoint(transaction).catch((error: unknown) => refusals.push(codeOf(error)))
        callbackEnded.resolve()
      }
    })
    await assert.rejects(attempt, { code: 'CONNECTION_CLOSED' })
    await callbackEnded.promise
    // What the driver would send to the lost connection it sends before this.
    await delay(10)
    assert.deepEqual(refusals, ['CONNECTION_LOST', 'CONNECTION_LOST'])
  })
}

test('a query that is sent in the very moment in which another one fails is refused as well', async (t) => {
  const { sql, url } = await tenantDatabase(t, ['iam'])
  const refusal = deferred<unknown>()
  const attempt = withOrganisation(openClient(t, url).sql, { organisationId: red }, async (transaction) => {
    const pid = await readPid(transaction)
    const sleeping = transaction`SELECT pg_sleep(60)`.execute()
    const sent = sleeping.catch(() => transaction`SELECT 1`.execute()).catch((error: unknown) => error)
    await untilActive(sql, pid)
    await sql`SELECT pg_terminate_backend(${pid})`
    refusal.resolve(await sent)
  })
  await assert.rejects(attempt, { code: 'CONNECTION_CLOSED' })
  assert.equal(codeOf(await refusal.promise), 'CONNECTION_LOST')
  await delay(10)
})

test('a query after the end is refused instead of running for somebody else', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const escaped = await withOrganisation(sql, asRed, async (transaction) => ({ transaction }))
  const { transaction } = escaped
  assert.throws(() => transaction`SELECT 1`, { code: 'TRANSACTION_ESCAPED' })
  assert.throws(() => transaction.unsafe('SELECT 1'), { code: 'TRANSACTION_ESCAPED' })
  assert.throws(() => transaction.savepoint(async () => {}), { code: 'TRANSACTION_ESCAPED' })
})

test('a query that was written inside but is awaited only after the end is refused', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const { late, early } = await withOrganisation(sql, asRed, async (transaction) => ({
    late: transaction`SELECT 1 AS n`,
    early: transaction`SELECT 2 AS n`.execute(),
  }))
  await assert.rejects(late, { code: 'TRANSACTION_ESCAPED' })
  assert.deepEqual([...(await early)], [{ n: 2 }])
})

test('importing schemaway/model loads neither the driver nor the runner', async () => {
  const entry = fileURLToPath(new URL('../../lib/model/index.ts', import.meta.url))
  const options = {
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    packages: 'external',
    format: 'esm',
  } as const
  const { metafile } = await build({ ...options, entryPoints: [entry] })
  const files = Object.keys(metafile.inputs)
  assert.ok(files.length > 3)
  assert.deepEqual(
    files.filter((file) => !/lib\/(model|errors)(\/generated)?\/[a-z-]+\.ts$/.test(file)),
    [],
  )
  const packages = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
  assert.deepEqual(packages, [])
})

const insertMetric = async (transaction: TransactionSql, name: string): Promise<unknown> =>
  await transaction`INSERT INTO iam.system_metrics (name, value) VALUES (${name}, 1)`

const openSavepoint = async (transaction: TransactionSql): Promise<unknown> =>
  await transaction.savepoint(async () => {})

/** Puts a proxy before a server that counts how often the client speaks and then waits for the answer. */
async function countRoundTrips(
  t: TestContext,
  target: string,
): Promise<{ readonly url: string; readonly during: (work: () => Promise<unknown>) => Promise<number> }> {
  const { hostname, port } = new URL(target)
  let roundTrips = 0
  const proxy = net.createServer((client) => {
    let isWaiting = false
    const server = net.connect(Number(port), hostname)
    client.on('data', (data) => {
      if (!isWaiting) roundTrips += 1
      isWaiting = true
      server.write(data)
    })
    server.on('data', (data) => {
      isWaiting = false
      client.write(data)
    })
    for (const [end, other] of [[client, server] as const, [server, client] as const]) {
      end.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => proxy.close())
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((proxy.address() as net.AddressInfo).port)
  const during = async (work: () => Promise<unknown>): Promise<number> => {
    const before = roundTrips
    await work()
    return roundTrips - before
  }
  return { url: url.href, during }
}

async function readPid(transaction: TransactionSql): Promise<number> {
  const [row] = await transaction<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  return row?.pid ?? 0
}

async function untilActive(sql: Sql, pid: number): Promise<void> {
  for (let attempt = 0; attempt < 2000; attempt++) {
    const rows = await sql`SELECT FROM pg_stat_activity WHERE pid = ${pid} AND query LIKE '%pg_sleep%'`
    if (rows.length > 0) return
    await delay(5)
  }
  throw new Error('the query never started')
}

function deferred<Value>(): { readonly promise: Promise<Value>; readonly resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error
}
