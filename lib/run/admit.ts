import { SchemawayError } from '../errors/schemaway-error.js'
import { HistoryMoved } from './history-moved.js'
import { guardStates } from './lock.js'
import type { Run } from './open-run.js'
import { ServerError } from './server-error.js'

/**
 * Sends a message that may open a transaction, and answers to what the guard of the lock says there: while another process works,
 * it waits and sends it again, since nothing of it was done. Otherwise the transaction is ended.
 *
 * @throws ServerError of everything that no guard raised.
 * @throws SchemawayError `LOCK_WAIT_TIMEOUT`, `LOCK_LOST`, `HISTORY_MOVED`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function admit<Answer>(run: Run, send: () => Promise<Answer>): Promise<Answer> {
  const { lock, session } = run
  if (lock === null || lock.strategy === 'session') return await send()
  for (;;) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof ServerError) || !isGuardState(error.sqlState)) throw error
      await session.send(['ROLLBACK', ...run.care.afterRoles].join(';\n'))
      if (error.sqlState === guardStates.moved) throw new HistoryMoved(session.display)
      if (error.sqlState === guardStates.lost) throw lockTaken(session.display)
      await lock.acquire()
    }
  }
}

function isGuardState(sqlState: string): boolean {
  return Object.values(guardStates).some((state) => state === sqlState)
}

export function lockTaken(server: string): SchemawayError {
  return new SchemawayError(
    'LOCK_LOST',
    `The lock of this run on ${server} was taken over by another process: this one had not been heard of until it expired, or somebody ` +
      'deleted its row. What is committed is recorded; the transaction under way is rolled back. Look with info(), then run again.',
    { details: { server } },
  )
}
