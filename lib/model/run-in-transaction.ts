import type { Sql, TransactionSql } from 'postgres'
import { fenceTransaction } from './fence-transaction.js'

/**
 * Runs work in a transaction of the caller's client that begins with some settings.
 *
 * The settings travel in the driver's own BEGIN message, so they cost no round trip, and the work starts only when the
 * server has taken them. Two other ways were tried: a BEGIN of our own would need a reserved connection, whose loss the
 * driver reports to nobody; and a first query that follows the settings unawaited would, when the driver refuses to
 * send it for a parameter that is undefined, reject the settings in its place and stay pending for ever.
 *
 * @param settings statements of trusted text, `SET LOCAL` only
 */
export async function runInTransaction<Result, Types extends Record<string, unknown>>(
  sql: Sql<Types>,
  settings: string,
  work: (transaction: TransactionSql<Types>) => Promise<Result>,
): Promise<Result> {
  const fence = fenceTransaction()
  const opening = openWith(settings)
  const outcome = sql.begin(
    opening.options,
    async (transaction) =>
      await fence.guard(async () => {
        if (!opening.isTaken()) await transaction.unsafe(settings)
        try {
          // In an object, because the driver would take a list that the work returns for queries to await.
          return { value: await work(fence.around(transaction)) }
        } finally {
          fence.close()
        }
      }),
  )
  try {
    return (await outcome).value
  } catch (error) {
    fence.declareLost()
    throw error
  }
}

interface Opening {
  /** For `sql.begin()`, a text in its types. */
  readonly options: string
  /** Whether the driver has put the settings into its message. */
  readonly isTaken: () => boolean
}

/**
 * Options for `sql.begin()` that bring settings along. The driver sends `begin` and what `options.replace()` returns,
 * meant to strip all but letters and spaces, as one simple message. The text is empty to everybody who does not call
 * `replace`; the settings are then sent on their own.
 *
 * The order matters. Statements before a BEGIN of the same message belong to its transaction, yet when one of them
 * fails, nothing stays open (PostgreSQL manual, "Multiple Statements in a Simple Query"). After a BEGIN, a failing one
 * would leave an aborted transaction on a connection that the driver then keeps aside for ever. Hence the driver's own
 * BEGIN is ended first, by a COMMIT of nothing, which the statistics of the server do not count as a rollback.
 */
function openWith(settings: string): Opening {
  let isTaken = false
  const replace = (): string => {
    isTaken = true
    return `; COMMIT; ${settings}; BEGIN`
  }
  const options: unknown = Object.defineProperty(Object(''), 'replace', { value: replace })
  return { options: options as string, isTaken: () => isTaken }
}
