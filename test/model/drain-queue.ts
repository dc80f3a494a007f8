import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Sql, TransactionSql } from 'postgres'
import type { TestDatabase } from '../../lib/testing/index.js'
import { openClient } from './model-database.js'

/** A row of a queue, as far as draining needs to know it. */
export interface QueuedRow {
  readonly id: string
}

interface QueueToDrain<Row extends QueuedRow> {
  /**
   * Takes some rows of the queue. The transaction is committed when the promise is fulfilled.
   *
   * @param worker name of the worker, the same as that of its login
   * @returns the rows taken; none when nothing is left, unless `isDrained` knows better
   */
  readonly claim: (transaction: TransactionSql, worker: string) => Promise<readonly Row[]>
  /**
   * Whether a worker that was given nothing may stop: a claim can also be empty because it has passed over all rows that
   * it looked at. It is asked in a transaction of its own. Default: yes.
   */
  readonly isDrained?: (transaction: TransactionSql, worker: string) => Promise<boolean>
  /** Ends the work on one row, in a transaction of its own. Default: the row stays leased. */
  readonly finish?: (transaction: TransactionSql, worker: string, row: Row) => Promise<void>
  /** Number of workers, each with a login and a connection of its own. Default: 8 */
  readonly workers?: number
}

/** One claimed row and who claimed it. */
interface Claimed<Row extends QueuedRow> {
  readonly worker: string
  readonly row: Row
}

const password = 'only for this test'
let drains = 0
/** Milliseconds after which a worker that is given nothing from a queue with rows in it never will be. */
const patience = 60_000

/**
 * Lets several workers empty a queue at the same moment, each as a login of its own that is a member of the worker role.
 *
 * The first claims truly overlap: each worker keeps the transaction of its first claim open until all of them have
 * claimed. A claim that waits for a row of another worker would wait for ever, so it ends with a lock timeout (55P03).
 *
 * @returns every claim that was committed, in no particular order
 */
export async function drainQueue<Row extends QueuedRow>(
  t: TestContext,
  database: TestDatabase,
  queue: QueueToDrain<Row>,
): Promise<readonly Claimed<Row>[]> {
  const names = await createWorkers(t, database, queue.workers ?? 8)
  const meeting = meet(names.length)
  const { claim, finish, isDrained = async () => true } = queue
  const claims = await Promise.all(
    names.map(async (worker) => {
      const { sql } = openClient(t, database.url, { name: worker, password })
      const mine: Claimed<Row>[] = []
      let deadline = performance.now() + patience
      for (let round = 1; ; round++) {
        const rows = await asWorker(sql, async (transaction) => {
          try {
            return await claim(transaction, worker)
          } finally {
            if (round === 1) await meeting()
          }
        })
        if (rows.length === 0) {
          if (await asWorker(sql, async (transaction) => await isDrained(transaction, worker))) break
          assert.ok(performance.now() < deadline, `${worker} is given nothing, and the queue is not empty`)
          // What is left is in the hands of others for a moment.
          await setTimeout(10)
          continue
        }
        deadline = performance.now() + patience
        mine.push(...rows.map((row) => ({ worker, row })))
        if (finish === undefined) continue
        for (const row of rows) await asWorker(sql, async (transaction) => await finish(transaction, worker, row))
      }
      await sql.end()
      return mine
    }),
  )
  return claims.flat()
}

/**
 * Claims rows and loses the connection before the transaction is committed, as a worker does that crashes.
 *
 * @returns the rows that it had in its hands
 */
export async function crashWhileClaiming<Row extends QueuedRow>(
  t: TestContext,
  database: TestDatabase,
  claim: QueueToDrain<Row>['claim'],
): Promise<readonly Row[]> {
  const [worker = ''] = await createWorkers(t, database, 1)
  const { sql } = openClient(t, database.url, { name: worker, password })
  // Not with begin(): the driver would send a ROLLBACK, and writing to a connection that is just breaking can throw where
  // nobody catches it.
  await sql.unsafe('BEGIN')
  const taken = await claim(sql as unknown as TransactionSql, worker)
  const [session] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  await database.sql`SELECT pg_terminate_backend(${session?.pid ?? 0}, 5000)`
  await sql.end({ timeout: 1 })
  assert.ok(taken.length > 0, 'the worker had rows in its hands')
  return taken
}

/** Asserts that the claims name each of the rows exactly once, and that several workers had a share. */
export function assertEachOnce(claims: readonly Claimed<QueuedRow>[], ids: readonly string[], workers = 8): void {
  const claimed = claims.map(({ row }) => row.id)
  assert.equal(new Set(claimed).size, claimed.length, 'no row is claimed twice')
  assert.deepEqual(claimed.toSorted(), ids.toSorted())
  assert.equal(new Set(claims.map(({ worker }) => worker)).size, workers, 'every worker has a share')
}

async function asWorker<Result>(sql: Sql, work: (transaction: TransactionSql) => Promise<Result>): Promise<Result> {
  const outcome = await sql.begin(async (transaction) => {
    await transaction`SET LOCAL lock_timeout = '10s'`
    // In an object, because the driver would take a list of rows for queries to await.
    return { value: await work(transaction) }
  })
  return outcome.value
}

/** Makes logins that are members of the worker role, and drops them when the test is over. */
async function createWorkers(t: TestContext, { sql, url }: TestDatabase, count: number): Promise<readonly string[]> {
  const prefix = `drain_${process.pid}_${++drains}`
  const names = Array.from({ length: count }, (_, index) => `${prefix}_${index + 1}`)
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  for (const name of names) {
    await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' IN ROLE schemaway_worker`)
  }
  t.after(async () => {
    const { sql } = openClient(t, maintenance.href)
    for (const name of names) await sql.unsafe(`DROP ROLE IF EXISTS ${name}`)
    await sql.end()
  })
  return names
}

/** Returns a promise each time it is called; all of them are fulfilled at the last of the expected calls. */
function meet(expected: number): () => Promise<void> {
  let arrived = 0
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return async () => {
    arrived += 1
    if (arrived >= expected) open()
    await opened
  }
}
