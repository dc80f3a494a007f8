import { explainOptions } from '../config/explain-options.js'
import type { MaintainOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { parseState, readStateSql } from '../history/history-row.js'
import { openRun, type Run } from '../run/open-run.js'
import {
  type CreatedPartition,
  createPartitions,
  type DroppedPartition,
  dropPartitions,
  findPartitionedTables,
  readDefaultRows,
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
    const upkeep = { role, retries: config.lockRetries }
    const created: CreatedPartition[] = []
    const dropped: DroppedPartition[] = []
    const errors: unknown[] = []
    // A table that is blocked must not keep the others from theirs.
    for (const table of tables) {
      try {
        created.push(...(await createPartitions(run, table, upkeep)))
        const retention = config.retention.get(table)
        if (retention !== undefined) dropped.push(...(await dropPartitions(run, table, retention.months, upkeep)))
      } catch (error) {
        if (stopsEverything(error)) throw error
        reportFailure(run, table, error)
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
    const defaultRows = await readDefaultRows(run, tables, upkeep)
    const milliseconds = Math.round(performance.now() - started)
    run.emit({ type: 'finished', run: run.id, milliseconds })
    return { command: 'maintain', server: run.session.display, created, dropped, defaultRows, milliseconds }
  } catch (error) {
    throw translateError(error, 'looking after partitions', run.session.display)
  } finally {
    await run.close()
  }
}

async function refuseServer(run: Run): Promise<void> {
  const [row] = await run.session.query<{ state: string }>(readStateSql(null))
  if (row === undefined) throw new TypeError('the server returned no state')
  refuseUnsuitableServer(run, parseState(row.state))
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
  throw new SchemawayError(
    'INVALID_OPTIONS',
    `The options cannot be used: ${problems.map(({ message }) => message).join('; ')}; there are ${tables.join(', ')}. ` +
      'Nothing was changed.',
    { details: { problems, option: first.option } },
  )
}
