import type { CallbackFile } from '../callbacks/read-callbacks.js'
import type { MigrateOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { type DatabaseState, placeHistory } from '../history/history-row.js'
import type { LedgerHead } from '../history/ledger-head.js'
import { isMoved } from '../history/match-rows.js'
import { currentVersion } from '../history/migration-state.js'
import { locationsModule } from '../modules/select-modules.js'
import { type Comparison, compareWithRequirements, refuseProblems } from '../plan/compare.js'
import { type LoadedFiles, loadFiles } from '../plan/load-scripts.js'
import { openSessionWithRetries } from '../run/connect-retry.js'
import { resolveTarget } from '../run/connection-target.js'
import { readState } from '../run/read-state.js'
import { ServerError } from '../run/server-error.js'
import type { Session } from '../run/session.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { RunReport } from './report.js'

/** Files and database at one moment, compared. */
export interface Look {
  readonly server: string
  readonly state: DatabaseState
  readonly files: readonly ScriptFile[]
  readonly callbacks: readonly CallbackFile[]
  readonly comparison: Comparison
  /** Still open, for a command that goes on. */
  readonly session: Session
}

/** Looks, and hangs up. */
export async function look(config: Config): Promise<Look> {
  const found = await startLooking(config)
  await found.session.close()
  return found
}

/**
 * Looks at files and database without taking a lock or writing anything: one connection, one query. Files are read while
 * the connection is being made. The caller closes the session.
 */
export async function startLooking(config: Config): Promise<Look> {
  const emit = config.isObserved ? (await import('../run/emit.js')).createEmit(config) : null
  const opening = openSessionWithRetries(await resolveTarget(config), {
    signal: config.signal,
    connectRetries: config.connectRetries,
    ...(emit !== null && (await import('../run/emit.js')).sessionListeners(config, emit)),
  })
  let read: LoadedFiles
  try {
    read = config.shared?.files ?? (await loadFiles(config.selection, config))
  } catch (error) {
    await opening.then((session) => session.close()).catch(() => {})
    throw error
  }
  const { files, callbacks } = read
  const session = await opening
  try {
    const { state } = await whileListening(config, session, () =>
      readState(session, placeHistory(config), config.roles.owner),
    )
    const found = { server: session.display, session, state, files, callbacks }
    const comparison = await compareWithRequirements(config, files, state)
    const mayBeForeign = comparison.statuses.some(
      ({ module, row, file, script }) =>
        isMoved(row, file) || (module === locationsModule && file === null && script.includes('/')),
    )
    if (!mayBeForeign) return { ...found, comparison }
    const modulesByScript = await readModules(session, config)
    return { ...found, comparison: await compareWithRequirements(config, files, state, modulesByScript) }
  } catch (error) {
    await session.close()
    throw error
  }
}

/**
 * Migrates one database: looks, and loads what a migration takes only where one is pending.
 *
 * @param options what `config` was made from, to be judged by the whole schema before anything is written; null when it has been.
 */
export async function migrateDatabase(
  config: Config,
  options: MigrateOptions | null,
  started: number,
): Promise<RunReport> {
  const found = await startLooking(config)
  const { comparison, server } = found
  try {
    // A missing history is begun even without files: whether the schemas are empty decides how.
    const isIdle = comparison.problems.length + comparison.pending.length === 0 && found.state.rows !== null
    const fires = await firesCallbacks(config, found, isIdle)
    if (!fires) refuseProblems(comparison.problems)
    if (fires || !isIdle) {
      const { runMigrate } = await import('./run-migrate.js')
      return await runMigrate(config, options, found, started)
    }
  } finally {
    await found.session.close()
  }
  const milliseconds = Math.round(performance.now() - started)
  if (config.isObserved) {
    const { createEmit } = await import('../run/emit.js')
    createEmit(config)({ type: 'finished', run: null, milliseconds })
  }
  return {
    command: 'migrate',
    server,
    run: null,
    migrations: [],
    currentVersion: currentVersion(comparison.statuses),
    upkeep: null,
    lock: null,
    milliseconds,
  }
}

/**
 * Whether the command has callbacks or hooks to run. Nothing is loaded where there is neither a file nor a function.
 *
 * @param isIdle whether the command is a migrate() that has nothing to do.
 */
export async function firesCallbacks(
  config: Config,
  { callbacks }: Pick<Look, 'callbacks'>,
  isIdle = false,
): Promise<boolean> {
  if (callbacks.length === 0 && Object.keys(config.hooks).length === 0) return false
  return (await import('../callbacks/has-callbacks.js')).hasCallbacks(callbacks, config, isIdle)
}

/** The history table may be locked by somebody; the caller's signal ends the wait for it. */
async function whileListening<Result>(
  { signal }: Config,
  session: Session,
  work: () => Promise<Result>,
): Promise<Result> {
  const cancel = (): void => void session.cancel().catch(() => {})
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await work()
  } catch (error) {
    if (signal?.aborted) throw (await import('../run/abort.js')).abortedError('history was being read', signal.reason)
    const { translateError } = await import('../run/translate-error.js')
    throw translateError(error, 'reading the history', session.display)
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}

/** Rows that no file explains may belong to a module of another service; the ledger knows. */
export async function readModules(session: Session, config: Config): Promise<ReadonlyMap<string, string>> {
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
