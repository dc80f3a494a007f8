import type { Config } from '../config/read-options.js'
import type { DatabaseState } from '../history/history-row.js'
import { placeHistory } from '../history/history-table.js'
import type { LedgerHead } from '../history/ledger-head.js'
import { locationsModule } from '../modules/select-modules.js'
import { type Comparison, compare } from '../plan/compare.js'
import { loadScripts } from '../plan/load-scripts.js'
import { openSessionWithRetries, type RetryOptions } from '../run/connect-retry.js'
import { readState } from '../run/read-state.js'
import { resolveTarget } from '../run/resolve-target.js'
import { ServerError } from '../run/server-error.js'
import type { Session } from '../run/session.js'
import type { ScriptFile } from '../scripts/script-file.js'

/** Files and database at one moment, compared. */
export interface Look {
  readonly server: string
  readonly state: DatabaseState
  readonly files: readonly ScriptFile[]
  readonly comparison: Comparison
}

/**
 * Looks at files and database without taking a lock or writing anything: one connection, one query. Files are read while
 * the connection is being made.
 */
export async function look(config: Config): Promise<Look> {
  const opening = openSessionWithRetries(resolveTarget(config), {
    signal: config.signal,
    connectRetries: config.connectRetries,
    onRetry: config.isObserved ? await retryReporter(config) : undefined,
  })
  let files: readonly ScriptFile[]
  try {
    files = loadScripts(config.selection)
  } catch (error) {
    await opening.then((session) => session.close()).catch(() => {})
    throw error
  }
  const session = await opening
  try {
    const { state } = await readState(session, placeHistory(config), config.roles.owner)
    const comparison = compare(config, files, state)
    const isExplained = comparison.statuses.every(
      (one) => one.module !== locationsModule || one.file !== null || one.row === null,
    )
    if (isExplained) return { server: session.display, state, files, comparison }
    const modules = await readModules(session, config)
    return { server: session.display, state, files, comparison: compare(config, files, state, modules) }
  } finally {
    await session.close()
  }
}

/** Rows that no file explains may belong to a module of another service; the ledger knows. */
async function readModules(session: Session, config: Config): Promise<ReadonlyMap<string, string>> {
  const { readLedgerHeadSql } = await import('../history/ledger-head.js')
  try {
    const [row] = await session.query<{ head: string }>(readLedgerHeadSql(placeHistory(config)))
    const head = JSON.parse(row?.head ?? '{"modules":[]}') as LedgerHead
    return new Map(head.modules.map((one) => [one.script, one.module]))
  } catch (error) {
    // Flyway alone leaves no ledger, and a login that may only read history may not see it.
    if (error instanceof ServerError) return new Map()
    throw error
  }
}

async function retryReporter(config: Config): Promise<RetryOptions['onRetry']> {
  const { createEmit, emitRetry } = await import('../run/emit.js')
  return emitRetry(createEmit(config))
}
