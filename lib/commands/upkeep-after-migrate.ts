import type { ErrorCode } from '../errors/error-codes.js'
import { type CreatedPartition, SchemawayError } from '../errors/schemaway-error.js'
import type { Run } from '../run/open-run.js'
import { createPartitions, findPartitionedTables } from '../run/partition-upkeep.js'
import { translateError } from '../run/translate-error.js'
import type { UpkeepFailure, UpkeepReport } from './report.js'

/**
 * Nobody can write a table while its rows move, and writers queue up behind a statement that waits for it. A service that has
 * just been released is used, so this is what requests usually outlast; a few hundred thousand rows move in that time.
 */
export const longestStatementAfterMigrate = 5_000

/**
 * Makes the partitions of the coming months after a migrate() that applied something, still under its lock.
 *
 * It never throws. The migrations are committed, and a service that could not start for want of a partition would be a
 * bad bargain: rows go to the default partition until the next upkeep moves them. So a failure is told by the report and by an
 * event, and a table that somebody else holds is tried once, for `lockTimeout` at the longest, not again and again. Nor does
 * a table stay locked for long while many rows leave its default partition: that is given up and left to maintain().
 */
export async function upkeepAfterMigrate(run: Run): Promise<UpkeepReport> {
  const created: CreatedPartition[] = []
  const failures: UpkeepFailure[] = []
  let subject: string | null = null
  try {
    const { tables, role } = await findPartitionedTables(run)
    const options = { role, retries: 0, longestStatement: longestStatementAfterMigrate }
    for (const table of tables) {
      subject = table
      try {
        created.push(...(await createPartitions(run, table, options)))
      } catch (error) {
        if (stopsEverything(error)) throw error
        failures.push(reportFailure(run, table, error))
      }
    }
  } catch (error) {
    failures.push(reportFailure(run, subject, error))
  }
  return { created, failures }
}

/** Whether there is no use in going on with the next table. */
export function stopsEverything(error: unknown): boolean {
  return !(error instanceof SchemawayError) || error.code === 'ABORTED' || error.code === 'CONNECTION_LOST'
}

/** Tells listeners and logger about a failure. What is no error of the server or of the caller is a defect of ours. */
export function reportFailure(run: Run, table: string | null, error: unknown): UpkeepFailure {
  const translated = translateError(error, 'looking after partitions', run.session.display)
  const isExpected = translated instanceof SchemawayError
  const code: ErrorCode = isExpected ? translated.code : 'STATEMENT_FAILED'
  const message = isExpected ? translated.message : describeDefect(table, translated)
  const failure: UpkeepFailure = { table, code, message }
  if (!isExpected) logDefect(run, translated instanceof Error ? (translated.stack ?? message) : message)
  run.emit({ type: 'upkeepFailed', ...failure })
  return failure
}

function describeDefect(table: string | null, error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : `a value that is no error: ${String(error)}`
  return `Looking after ${table ?? 'the partitions'} ran into a defect of schemaway, ${what}. Please report it, then call maintain().`
}

function logDefect({ config }: Run, text: string): void {
  try {
    config.logger.error?.(text)
  } catch {
    // A logger that fails has nowhere to be reported to.
  }
}
