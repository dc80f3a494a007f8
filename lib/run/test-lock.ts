import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/read-options.js'
import { withOwnNames } from '../history/quote-sql.js'
import { resolveTarget } from './connection-target.js'
import { ServerError } from './server-error.js'
import { openSession, type Session } from './session.js'

/** Milliseconds. A pooler with one connection lets the second session wait until the first one ends. */
const longestTest = 5_000

/** Which server answered, and with which of its processes. Two servers behind one name prove nothing about each other. */
const identitySql = withOwnNames(
  `SELECT pg_backend_pid() AS pid, concat_ws(' ', pg_postmaster_start_time(), inet_server_addr(), inet_server_port(), ` +
    `current_database(), pg_is_in_recovery()) AS server`,
)
/** As far as any server can say. */
const plainIdentitySql = 'SELECT pg_backend_pid() AS pid, current_database() AS server'

interface Identity {
  readonly pid: number
  readonly server: string
}

/**
 * Finds out whether a lock that this session holds keeps another session out, with a key that nobody else uses.
 *
 * @returns what proves that it does not, as a part of a sentence; null when it does, or when that could not be found out.
 */
export async function testSessionLock(session: Session, config: Config): Promise<string | null> {
  const deadline = AbortSignal.timeout(longestTest)
  const signal = config.signal === undefined ? deadline : AbortSignal.any([deadline, config.signal])
  const other = await openSession(await resolveTarget(config), { signal }).catch(() => null)
  if (other === null) return null
  const late = new AbortController()
  const comparison = compare(session, other)
  try {
    const timeout = sleep(longestTest, null, { signal: late.signal }).catch(() => null)
    return await Promise.race([comparison, timeout])
  } finally {
    late.abort()
    await other.close()
    // It may be waiting for an answer to this session, which goes on with the next message.
    await comparison.catch(() => null)
  }
}

async function compare(session: Session, other: Session): Promise<string | null> {
  const key = BigInt.asIntN(64, randomBytes(8).readBigInt64BE())
  const { before, sql } = await identify(session)
  // Of a pooler that pools transactions it now occupies the connection that was used last.
  const [there] = await askInTransaction<Identity>(other, sql)
  if (before === undefined || there === undefined || before.server !== there.server) return null
  if (there.pid === before.pid) return 'two sessions share one connection to the server'
  const [after] = await session.query<Identity>(sql)
  if (after?.pid !== before.pid) return 'one session is given several connections to the server'
  await other.send('ROLLBACK')
  return await compareLocks(session, other, key)
}

async function identify(session: Session): Promise<{ readonly before: Identity | undefined; readonly sql: string }> {
  try {
    const [before] = await session.query<Identity>(identitySql)
    return { before, sql: identitySql }
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    const [before] = await session.query<Identity>(plainIdentitySql)
    return { before, sql: plainIdentitySql }
  }
}

async function askInTransaction<Row extends object>(session: Session, sql: string): Promise<Row[]> {
  await session.send('BEGIN')
  return await session.query<Row>(sql)
}

async function compareLocks(session: Session, other: Session, key: bigint): Promise<string | null> {
  const tryLock = async (one: Session): Promise<boolean> => {
    const sql = withOwnNames(`SELECT pg_try_advisory_lock(${key}) AS locked`)
    const [row] = await one.query<{ locked: boolean }>(sql)
    return row?.locked === true
  }
  try {
    if (!(await tryLock(session))) return 'pg_try_advisory_lock() does not give a key that nobody holds'
    try {
      return (await tryLock(other)) ? 'two sessions got the same lock' : null
    } finally {
      await session.query(withOwnNames(`SELECT pg_advisory_unlock(${key})`))
    }
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    return `the server refuses advisory locks (${error.sqlState} ${error.serverMessage})`
  }
}
