import { randomBytes } from 'node:crypto'
import type { Config } from '../config/read-options.js'
import { withOwnNames } from '../history/quote-sql.js'
import { resolveTarget } from './connection-target.js'
import { ServerError } from './server-error.js'
import { openSession, type Session } from './session.js'

/** Milliseconds for all of it. A pooler with one connection lets the second session wait until the first one ends. */
const longestTest = 5_000

/** Classes of SQLSTATE by which a server says that it has no such function, does not support it, or does not let the login use it. */
const refusals: ReadonlySet<string> = new Set(['0A', '42'])

/** Two servers behind one name prove nothing about each other. */
const whichServer =
  `concat_ws(' ', pg_postmaster_start_time(), inet_server_addr(), inet_server_port(), current_database(), ` +
  'pg_is_in_recovery())'
/** Which server answered, and with which of its processes. */
const identitySql = withOwnNames(`SELECT pg_backend_pid() AS pid, ${whichServer} AS server`)
/** As far as any server can say. */
const plainIdentitySql = 'SELECT pg_backend_pid() AS pid, current_database() AS server'

const neverGiven = 'pg_try_advisory_lock() does not give a key that nobody holds'
const givenTwice = 'two sessions got the same lock'

interface Identity {
  readonly pid: number
  readonly server: string
}

/**
 * Finds out whether a lock that this session holds keeps another session out, with a key that nobody else uses.
 *
 * @param isDirect whether nobody stands between session and server, so that their connections need not be looked at.
 * @returns what proves that it does not, as a part of a sentence; null when it does, or when that could not be found out.
 */
export async function testSessionLock(session: Session, config: Config, isDirect = false): Promise<string | null> {
  const deadline = AbortSignal.timeout(longestTest)
  const signal = config.signal === undefined ? deadline : AbortSignal.any([deadline, config.signal])
  const opening = openSession(await resolveTarget(config), { signal }).catch(() => null)
  const comparing = isDirect ? compareDirectly(session, opening) : opening.then((other) => compare(session, other))
  const comparison = comparing.catch((error) => {
    // What befalls the test, such as somebody who cancels its statement, proves nothing.
    if (session.isLost) throw error
    return null
  })
  try {
    return await Promise.race([comparison, untilAborted(signal)])
  } finally {
    // What is left of the other session keeps nobody waiting.
    void opening.then((other) => other?.close())
    // It may be waiting for an answer to this session, which goes on with the next message.
    await comparison.catch(() => null)
  }
}

async function untilAborted(signal: AbortSignal): Promise<null> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  return null
}

/** The first session has its lock by the time the second one is there: one round trip each, and one to let go. */
async function compareDirectly(session: Session, opening: Promise<Session | null>): Promise<string | null> {
  const key = chooseKey()
  try {
    const own = await tryKeyOn(session, key)
    try {
      const other = await opening
      if (!own.locked) return neverGiven
      if (other === null) return null
      const there = await tryKeyOn(other, key)
      return there.locked && there.server === own.server ? givenTwice : null
    } finally {
      if (own.locked) await session.query(withOwnNames(`SELECT pg_advisory_unlock(${key})`))
    }
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    return (await findRefusal(session, key)) ?? (await compare(session, await opening))
  }
}

/** Takes no second session, which may not be had, or be one of another server. */
async function findRefusal(session: Session, key: bigint): Promise<string | null> {
  try {
    await session.query(withOwnNames(`SELECT pg_try_advisory_lock(${key}), pg_advisory_unlock(${key})`))
    return null
  } catch (error) {
    return describeRefusal(error)
  }
}

/** @throws what is no refusal. */
function describeRefusal(error: unknown): string {
  const isRefused = error instanceof ServerError && refusals.has(error.sqlState.slice(0, 2))
  if (!isRefused) throw error
  return `the server refuses advisory locks (${error.sqlState} ${error.serverMessage})`
}

async function tryKeyOn(session: Session, key: bigint): Promise<{ readonly locked: boolean; readonly server: string }> {
  const sql = withOwnNames(`SELECT pg_try_advisory_lock(${key}) AS locked, ${whichServer} AS server`)
  const [row] = await session.query<{ locked: boolean; server: string }>(sql)
  return { locked: row?.locked === true, server: row?.server ?? '' }
}

function chooseKey(): bigint {
  return BigInt.asIntN(64, randomBytes(8).readBigInt64BE())
}

async function compare(session: Session, other: Session | null): Promise<string | null> {
  if (other === null) return null
  const key = chooseKey()
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
    if (!(await tryLock(session))) return neverGiven
    try {
      return (await tryLock(other)) ? givenTwice : null
    } finally {
      // Nobody else uses that key.
      await session.query(withOwnNames(`SELECT pg_advisory_unlock(${key})`)).catch(() => {})
    }
  } catch (error) {
    return describeRefusal(error)
  }
}
