/**
 * Starts a private server, prints where it is as one line of JSON, and then does what its argument says. A program of its
 * own, because its tests are about how processes end.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../../lib/testing/index.js'

export interface HeldServer {
  readonly url: string
  readonly directory: string
  /** Process id of the postmaster. */
  readonly pid: number
}

const endings = {
  /** Waits to be killed. */
  wait: () => setInterval(() => {}, 1000),
  /** Has nothing left to do, and has forgotten stop(). */
  forget: () => {},
  exit: () => process.exit(0),
  throw: () => {
    throw new Error('thrown on purpose')
  },
}

async function main(): Promise<void> {
  const server = await startPostgres({ settings: {} })
  const database = await server.createDatabase()
  await database.sql`SELECT 1`
  const data = String(server.dataDirectory)
  const held: HeldServer = {
    url: server.url,
    directory: String(server.socketDirectory),
    pid: Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]),
  }
  await new Promise((resolve) => process.stdout.write(`${JSON.stringify(held)}\n`, resolve))
  const [, , ending = 'wait'] = process.argv
  // Outside the promise, so that what is thrown is an uncaught exception.
  setImmediate(Object.entries(endings).find(([name]) => name === ending)?.[1] ?? endings.wait)
}

main()
