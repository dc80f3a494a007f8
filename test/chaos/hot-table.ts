import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'

const clients = 6
const period = 20
const rows = 1_000

/** A table, and an application whose clients read and write it all the time. */
export interface HotTable {
  /** Puts down how long the queries take from now on. */
  measure(): readonly number[]
  /** Ends the clients. Rejects with what one of their queries failed with. */
  stop(): Promise<void>
}

/** Makes a table, and starts an application that uses it: every client asks something each 20 milliseconds. */
export async function startHotTable(sql: Sql, url: string): Promise<HotTable> {
  await sql`CREATE SCHEMA app`
  await sql`CREATE TABLE app.hot (id int PRIMARY KEY, value int NOT NULL)`
  await sql`INSERT INTO app.hot SELECT id, 0 FROM generate_series(1, ${rows}) id`
  let measured: number[] = []
  const stopping = new AbortController()
  const work = Array.from({ length: clients }, async (_, client) => {
    const own = postgres(url, { max: 1, connection: { application_name: 'the application' } })
    try {
      for (let turn = 0; !stopping.signal.aborted; turn += 1) {
        // No two clients write the same row, so that none waits for another.
        const id = (turn % Math.floor(rows / clients)) * clients + client + 1
        const started = performance.now()
        if (turn % 2 === 0) await own`SELECT value FROM app.hot WHERE id = ${id}`
        else await own`UPDATE app.hot SET value = value + 1 WHERE id = ${id}`
        const milliseconds = performance.now() - started
        measured.push(milliseconds)
        await sleep(Math.max(0, period - milliseconds))
      }
    } finally {
      await own.end()
    }
  })
  const all = Promise.all(work)
  // Whoever stops it is told.
  all.catch(() => {})
  return {
    measure() {
      measured = []
      return measured
    },
    async stop() {
      stopping.abort()
      await all
    },
  }
}

/** A transaction that has read the table, and stays open. */
export interface LongReport {
  readonly pid: number
  end(): Promise<void>
}

export async function beginReport(url: string): Promise<LongReport> {
  const sql = postgres(url, { max: 1, connection: { application_name: 'the long report' } })
  const [row] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  await sql`BEGIN`
  await sql`SELECT count(*) FROM app.hot`
  return {
    pid: row?.pid ?? 0,
    async end() {
      await sql`COMMIT`
      await sql.end()
    },
  }
}
