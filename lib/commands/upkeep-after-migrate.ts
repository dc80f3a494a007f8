import type { ErrorCode } from '../errors/error-codes.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { Run } from '../run/open-run.js'
import { type CreatedPartition, createPartitions, findPartitionedTables } from '../run/partition-upkeep.js'
import { translateError } from '../run/translate-error.js'
import type { UpkeepFailure, UpkeepReport } from './report.js'

/**
 * Makes the partitions of the coming months after a migrate() that applied something, still under its lock.
 *
 * It never throws. The migrations are committed, and a service that could not start for want of a partition would be a
 * bad bargain: rows go to the default partition until the next upkeep moves them. So a failure is told by the report and by an
 * event, and a table that somebody else holds is tried once, for `lockTimeout` at the longest, not again and again.
 */
export async function upkeepAfterMigrate(run: Run): Promise<UpkeepReport> {
  const created: CreatedPartition[] = []
  const failures: UpkeepFailure[] = []
  let subject: string | null = null
  try {
    const { tables, role } = await findPartitionedTables(run)
    for (const table of tables) {
      subject = table
      try {
        created.push(...(await createPartitions(run, table, { role, retries: 0 })))
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

/** Tells listeners and logger about a failure. */
export function reportFailure(run: Run, table: string | null, error: unknown): UpkeepFailure {
  const translated = translateError(error, 'looking after partitions', run.session.display)
  const code: ErrorCode = translated instanceof SchemawayError ? translated.code : 'STATEMENT_FAILED'
  const message = translated instanceof Error ? translated.message : 'unknown reason'
  const failure: UpkeepFailure = { table, code, message }
  run.emit({ type: 'upkeepFailed', ...failure })
  return failure
}
