import { SchemawayError } from '../errors/schemaway-error.js'
import { connectingStopped } from './connect.js'
import type { ConnectionTarget } from './connection-target.js'
import { openSession, type Session, type SessionOptions } from './session.js'

const firstLimit = 250
const highestLimit = 5_000

/** What is reported before each wait. */
export interface ConnectionRetry {
  /** Number of the try that failed, from 1. */
  readonly attempt: number
  /** How many tries there are at most. */
  readonly of: number
  readonly waitMilliseconds: number
  readonly error: SchemawayError
}

export interface RetryOptions extends SessionOptions {
  /** Further tries after the first. */
  readonly connectRetries: number
  readonly onRetry?: ((retry: ConnectionRetry) => void) | undefined
}

/**
 * Opens a session, and tries again while the server may only be starting, failing over, full, or unknown to the DNS as
 * yet. The waits have full jitter: a random time up to a limit that doubles from 0.25 to 5 seconds. What time does not
 * heal, such as a wrong password, is thrown at once.
 *
 * @throws SchemawayError `CONNECTION_FAILED` with the number of tries, `ABORTED`.
 */
export async function openSessionWithRetries(target: ConnectionTarget, options: RetryOptions): Promise<Session> {
  const started = performance.now()
  const of = options.connectRetries + 1
  for (let attempt = 1; ; attempt++) {
    try {
      return await openSession(target, options)
    } catch (error) {
      const { connectionFailedAgain, isTransient } = await import('./connect-failure.js')
      if (!(error instanceof SchemawayError) || !isTransient(error)) throw error
      if (attempt === of) throw of === 1 ? error : connectionFailedAgain(error, of, performance.now() - started)
      const waitMilliseconds = Math.round(Math.random() * Math.min(highestLimit, firstLimit * 2 ** (attempt - 1)))
      options.onRetry?.({ attempt, of, waitMilliseconds, error })
      await wait(waitMilliseconds, target, options.signal)
    }
  }
}

async function wait(milliseconds: number, target: ConnectionTarget, signal: AbortSignal | undefined): Promise<void> {
  const { setTimeout: sleep } = await import('node:timers/promises')
  try {
    await sleep(milliseconds, undefined, { signal })
  } catch {
    throw connectingStopped(target.display, signal)
  }
}
