import { SchemawayError } from '../errors/schemaway-error.js'
import { isBrokenChain } from '../history/ledger-table.js'
import { HistoryMoved } from './history-moved.js'
import { guardStates } from './lock.js'
import type { Run } from './open-run.js'
import { ServerError } from './server-error.js'

/**
 * Sends a message that may open a transaction, and answers to what the guard of the lock says there: while another process works,
 * it waits and sends it again, since nothing of it was done. Otherwise the transaction is ended. It is, too, where a row does not continue
 * the ledger.
 *
 * @param scripts that run in the message, or before it in its transaction.
 * @throws ServerError of everything that no guard raised.
 * @throws SchemawayError `LOCK_WAIT_TIMEOUT`, `LOCK_LOST`, `HISTORY_MOVED`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function admit<Answer>(
  run: Run,
  send: () => Promise<Answer>,
  scripts: readonly string[] = [],
): Promise<Answer> {
  const { lock, session } = run
  if (lock === null) return await send()
  for (;;) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      const { sqlState } = error
      const isBroken = isBrokenChain(error, run.place)
      if (!isBroken && !isGuardState(sqlState)) throw error
      await session.send(['ROLLBACK', ...run.care.afterRoles].join(';\n'))
      if (isBroken || sqlState === guardStates.moved) throw new HistoryMoved(session.display, [], isBroken)
      if (sqlState === guardStates.lost) {
        throw lock.strategy === 'session' ? lockReleased(session.display, scripts) : lockTaken(session.display)
      }
      await lock.acquire()
    }
  }
}

function isGuardState(sqlState: string): boolean {
  return Object.values(guardStates).some((state) => state === sqlState)
}

/** PostgreSQL gives the lock of a session to others only when the session itself lets go of it. */
function lockReleased(server: string, scripts: readonly string[]): SchemawayError {
  const [first, ...others] = scripts
  const who =
    first === undefined
      ? 'Something that ran in this session'
      : others.length === 0
        ? first
        : `One of ${first} and ${others.length} others`
  return new SchemawayError(
    'LOCK_LOST',
    `${who} released the lock that keeps other processes from migrating at the same time. That was noticed before the COMMIT: its ` +
      'transaction is rolled back, and nothing more was run. Remove pg_advisory_unlock_all() from it, and from the functions and hooks ' +
      'that it calls, then run again.',
    { details: { server, ...(first !== undefined && others.length === 0 && { script: first }) } },
  )
}

function lockTaken(server: string): SchemawayError {
  return new SchemawayError(
    'LOCK_LOST',
    `The lock of this run on ${server} was taken over by another process: this one had not been heard of until it expired, or somebody ` +
      'deleted its row. What is committed is recorded; the transaction under way is rolled back. Look with info(), then run again.',
    { details: { server } },
  )
}
