import { setTimeout as sleep } from 'node:timers/promises'
import { quoteIdentifier } from '../history/quote-sql.js'
import { pause } from './abort.js'
import { admit } from './admit.js'
import { tellingBlockers } from './blocker-watch.js'
import type { Run } from './open-run.js'
import { retryPause } from './retry-pause.js'
import { ServerError } from './server-error.js'
import { isBlocked } from './statement-error.js'
import { translateError } from './translate-error.js'

/** Milliseconds between two attempts where the caller has given up. */
const shortestPause = 100

/** Statements after which the ledger can be written, whatever the script made of its session; the COMMIT takes them back. */
export function becomeRecorder({ historyRole }: Run): readonly string[] {
  const role = historyRole === null ? 'NONE' : quoteIdentifier(historyRole)
  return ['SET LOCAL SESSION AUTHORIZATION DEFAULT', `SET LOCAL ROLE ${role}`]
}

/**
 * Writes into the ledger what became of a statement that is committed already. The caller's signal does not stop it, since
 * nobody would know about the statement then.
 *
 * @param isAhead whether the statement comes only now, and must not run without the lock.
 * @throws SchemawayError of what the server said; `CONNECTION_LOST`.
 */
export async function recordUnit(run: Run, sql: string, isAhead: boolean): Promise<void> {
  const { session, config, emit } = run
  const message = [
    'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
    ...becomeRecorder(run),
    ...(run.lock?.guard ?? []),
    `SET LOCAL lock_timeout = ${config.lockTimeout}`,
    'SET LOCAL statement_timeout = 0',
    sql,
    ...(isAhead ? (run.lock?.renewal ?? []) : []),
    'COMMIT',
  ].join(';\n')
  for (let attempt = 1; ; attempt += 1) {
    try {
      await admit(run, () => tellingBlockers(run, () => session.send(message)))
      return
    } catch (error) {
      if (!session.isLost) await session.send('ROLLBACK')
      if (!(error instanceof ServerError)) throw error
      if (!isBlocked(error) || attempt > config.lockRetries) {
        throw translateError(error, 'recording in the ledger what became of a statement', session.display)
      }
      const waitMilliseconds = retryPause(attempt, error, config.lockTimeout)
      const { sqlState } = error
      emit({ type: 'retry', attempt: attempt + 1, of: config.lockRetries + 1, waitMilliseconds, sqlState })
      // Behind a statement its record is worth waiting for, also for a caller who has given up, but not for long.
      if (isAhead) await pause(waitMilliseconds, config.signal, 'waiting for the ledger')
      else await sleep(config.signal?.aborted ? Math.min(waitMilliseconds, shortestPause) : waitMilliseconds)
    }
  }
}
