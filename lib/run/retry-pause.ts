import { lockNotAvailable, type ServerError } from './server-error.js'

const longestJitter = 2_000
/** Whoever sets a longer lock timeout wants to wait for the lock, not for the next attempt. */
const longestFloor = 60_000

/**
 * How long to wait before a transaction is tried again, in milliseconds: full jitter up to a limit that doubles. Behind a lock that was not
 * to be had, as long as the wait for it was allowed to be comes on top, so that those who queued behind the attempt have the table at
 * least half of the time. That is a minute at the most.
 *
 * @param attempt that failed, from 1 on.
 * @param lockTimeout in milliseconds, as it was in force.
 */
export function retryPause(attempt: number, { sqlState }: Pick<ServerError, 'sqlState'>, lockTimeout: number): number {
  const floor = sqlState === lockNotAvailable ? Math.min(lockTimeout, longestFloor) : 0
  return floor + Math.round(Math.random() * Math.min(longestJitter, 100 * 2 ** attempt))
}
