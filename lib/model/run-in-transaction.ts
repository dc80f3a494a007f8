import type { Sql, TransactionSql } from 'postgres'
import { fenceTransaction } from './fence-transaction.js'

/**
 * Runs work in a transaction of the caller's client that begins with some settings.
 *
 * The settings are one message of their own, awaited, behind the driver's BEGIN. They cannot ride in BEGIN:
 * `sql.begin(options)` strips all but letters and spaces, and a BEGIN of our own would need a reserved connection, whose
 * loss the driver reports to nobody. Nor can the first query follow them unawaited: should the driver refuse to send it,
 * for a parameter that is undefined, it would reject the settings in its place and leave the query pending for ever.
 *
 * @param settings statements of trusted text, `SET LOCAL` only
 */
export async function runInTransaction<Result, Types extends Record<string, unknown>>(
  sql: Sql<Types>,
  settings: string,
  work: (transaction: TransactionSql<Types>) => Promise<Result>,
): Promise<Result> {
  const fence = fenceTransaction()
  const outcome = sql.begin(
    async (transaction) =>
      await fence.guard(async () => {
        await transaction.unsafe(settings)
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
