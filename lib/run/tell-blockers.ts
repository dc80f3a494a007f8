import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/read-options.js'
import { findBlockers } from './blockers.js'
import { resolveTarget } from './connection-target.js'
import { createEmit } from './emit.js'
import { openSession, type Session } from './session.js'

const reportInterval = 5_000

/**
 * Looks from a second session for whom a session waits that belongs to no run yet, and tells it every few seconds until `signal` fires.
 * Never throws: knowing it is a help, not a condition.
 */
export async function tellBlockers(config: Config, session: Session, signal: AbortSignal): Promise<void> {
  const emit = createEmit(config)
  let observer: Session | undefined
  try {
    observer = await openSession(await resolveTarget(config), { signal })
    while (!signal.aborted) {
      const blockers = await findBlockers(observer, String(session.backendPid))
      if (blockers.length > 0 && !signal.aborted) emit({ type: 'blocked', blockers })
      await sleep(reportInterval, undefined, { signal, ref: false })
    }
  } catch {
    // It is over, or there is no second session to be had.
  } finally {
    await observer?.close()
  }
}
