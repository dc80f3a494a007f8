import { explainOptions } from '../config/explain-options.js'
import type { MaintainOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import {
  type CreatedPartition,
  type DroppedPartition,
  type Problem,
  SchemawayError,
} from '../errors/schemaway-error.js'
import { parseState, readStateSql } from '../history/history-row.js'
import { openRun, type Run } from '../run/open-run.js'
import {
  createPartition,
  createPartitions,
  type DefaultPartitionRows,
  dropPartitions,
  findMissedMonths,
  findPartitionedTables,
  readDefaultRows,
  type UpkeepOptions,
} from '../run/partition-upkeep.js'
import { refuseUnsuitableServer } from '../run/prepare-history.js'
import { translateError } from '../run/translate-error.js'
import type { MaintainReport } from './report.js'
import { reportFailure, stopsEverything } from './upkeep-after-migrate.js'

/** The part of maintain() that is loaded only when it is called. */
export async function runMaintain(config: Config, options: MaintainOptions, started: number): Promise<MaintainReport> {
  explainOptions('maintain', options)
  const run = await openRun(config)
  try {
    await refuseServer(run)
    const { isInstalled, tables, role } = await findPartitionedTables(run)
    if (!isInstalled) throw notInstalled(run)
    refuseUnknownTables(config, tables)
    const upkeep: UpkeepOptions = { role, retries: config.lockRetries, longestStatement: null }
    const done: Done = { created: [], dropped: [], failures: [] }
    // A table that is blocked must not keep the others from theirs.
    for (const table of tables) {
      try {
        await lookAfter(run, table, upkeep, done)
      } catch (error) {
        if (!(error instanceof SchemawayError)) throw error
        if (stopsEverything(error)) throw tellWhatWasDone(done, { table, error })
        reportFailure(run, table, error)
        done.failures.push({ table, error })
      }
    }
    const [failure] = done.failures
    if (failure !== undefined) throw tellWhatWasDone(done, failure)
    const defaultRows = await countDefaultRows(run, tables, upkeep, done)
    const milliseconds = Math.round(performance.now() - started)
    run.emit({ type: 'finished', run: run.id, milliseconds })
    const { created, dropped } = done
    return {
      command: 'maintain',
      server: run.session.display,
      created,
      dropped,
      defaultRows,
      lock: run.reportedLock,
      milliseconds,
    }
  } catch (error) {
    throw translateError(error, 'looking after partitions', run.session.display)
  } finally {
    await run.close()
  }
}

interface TableFailure {
  /** Null when every table was done. */
  readonly table: string | null
  readonly error: SchemawayError
}

/** What is committed, and what is not, so far. */
interface Done {
  readonly created: CreatedPartition[]
  readonly dropped: DroppedPartition[]
  readonly failures: TableFailure[]
}

/**
 * The coming months, then those that were missed, then retention. A missed month whose time is over gets its partition, too, and
 * loses it at once: rows of the default partition cannot be deleted where a table is append-only, but a partition can be
 * dropped. Each month is a transaction of its own, so that the table is locked for one month's rows at a time.
 */
async function lookAfter(run: Run, table: string, upkeep: UpkeepOptions, { created, dropped }: Done): Promise<void> {
  created.push(...(await createPartitions(run, table, upkeep)))
  for (const month of await findMissedMonths(run, table, upkeep)) {
    created.push(...(await createPartition(run, table, month, upkeep)))
  }
  const retention = run.config.retention.get(table)
  if (retention !== undefined) dropped.push(...(await dropPartitions(run, table, retention.months, upkeep)))
}

/** Everything is done by then, and a mere report must not make it look otherwise. */
async function countDefaultRows(
  run: Run,
  tables: readonly string[],
  upkeep: UpkeepOptions,
  done: Done,
): Promise<readonly DefaultPartitionRows[] | null> {
  try {
    return await readDefaultRows(run, tables, upkeep)
  } catch (error) {
    if (error instanceof SchemawayError && error.code === 'ABORTED') {
      throw tellWhatWasDone(done, { table: null, error })
    }
    reportFailure(run, null, error)
    return null
  }
}

/** The error of a run that changed something all the same, and may have failed for several tables. */
function tellWhatWasDone({ created, dropped, failures }: Done, failure: TableFailure): SchemawayError {
  const all = failures.includes(failure) ? failures : [...failures, failure]
  const problems = all.map(
    ({ table, error }): Problem => ({ kind: error.code, message: error.message, ...(table !== null && { table }) }),
  )
  const changes =
    created.length + dropped.length === 0
      ? ''
      : ` Made and committed before: ${created.length} partitions created, ${dropped.length} dropped; see \`details\`.`
  const { code, details, cause } = failure.error
  return new SchemawayError(code, `${problems.map(({ message }) => message).join(' ')}${changes}`, {
    details: { ...details, problems, created, dropped },
    ...(cause !== undefined && { cause }),
  })
}

async function refuseServer(run: Run): Promise<void> {
  const [row] = await run.session.query<{ state: string }>(readStateSql(null))
  if (row === undefined) throw new TypeError('the server returned no state')
  refuseUnsuitableServer(run.session, parseState(row.state))
}

function notInstalled(run: Run): SchemawayError {
  return new SchemawayError(
    'PENDING_MIGRATIONS',
    `${run.session.display} does not have the bundled module iam, so there is nothing to maintain. Run migrate() first, or ` +
      'check that the URL names the right database.',
    { details: { server: run.session.display, modules: ['iam'] } },
  )
}

/** Asked before anything is changed: a table that was misspelt would keep its rows for ever. */
function refuseUnknownTables({ retention }: Config, tables: readonly string[]): void {
  const problems = [...retention.keys()]
    .filter((table) => !tables.includes(table))
    .map((table) => ({
      kind: 'INVALID_OPTION',
      option: `retention.${table}`,
      message: `\`retention\` names ${table}, which is not a partitioned table of the installed modules`,
    }))
  const [first] = problems
  if (first === undefined) return
  const known = tables.length === 0 ? 'none is installed' : `there are ${tables.join(', ')}`
  throw new SchemawayError(
    'INVALID_OPTIONS',
    `The options cannot be used: ${problems.map(({ message }) => message).join('; ')}; ${known}. ` +
      'Nothing was changed.',
    { details: { problems, option: first.option } },
  )
}
