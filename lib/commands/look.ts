import type { CallbackFile } from '../callbacks/read-callbacks.js'
import type { MigrateOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { type DatabaseState, placeHistory } from '../history/history-row.js'
import { isMoved } from '../history/match-rows.js'
import { currentVersion } from '../history/migration-state.js'
import { type Comparison, compareWithRequirements, refuseProblems } from '../plan/compare.js'
import { type LoadedFiles, loadFiles, selectedNames } from '../plan/load-scripts.js'
import { openSessionWithRetries } from '../run/connect-retry.js'
import { resolveTarget } from '../run/connection-target.js'
import type { Reader } from '../run/read-ledger.js'
import { readState } from '../run/read-state.js'
import { ServerError } from '../run/server-error.js'
import type { Session } from '../run/session.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { RunReport } from './report.js'

/** SQLSTATEs of a table or schema that is not there, of one that may not be read, and of a role that is not there. */
const withoutLedger = new Set(['42P01', '3F000', '42501', '22023'])

/** Milliseconds after which it is found out, and told, who holds what is waited for. */
const longWait = 2_000

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
 * Looks at files and database without taking a lock or writing anything: one connection, one query, and a
 * second one where rows may be those of another service. Files are read while the connection is being made. The caller closes the session.
 */
export async function startLooking(config: Config): Promise<Look> {
  const emit = config.isObserved ? (await import('../run/emit.js')).createEmit(config) : null
  const opening = openSessionWithRetries(await resolveTarget(config), {
    signal: config.signal,
    connectRetries: config.connectRetries,
    ...(emit !== null && (await import('../run/emit.js')).sessionListeners(config, emit)),
  })
  // It may fail while the files are still being read, when nobody waits for it; whoever waits is told then.
  opening.catch(() => {})
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
    const { state, comparison } = await whileListening(
      config,
      session,
      'reading the history',
      async () => await compareNow(config, session, files),
    )
    return { server: session.display, session, state, files, callbacks, comparison }
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

/**
 * Does work that asks the server, and that may wait for whoever has locked the history: who that is becomes known by events, the
 * caller's signal ends it, and what the server refuses is said in words of our own.
 *
 * @param doing what goes on, for an error: "while reading the history".
 */
export async function whileListening<Result>(
  config: Config,
  session: Session,
  doing: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const { signal } = config
  const isOver = new AbortController()
  let telling: Promise<void> | undefined
  const tell = async (): Promise<void> => {
    const { tellBlockers } = await import('../run/tell-blockers.js')
    await tellBlockers(config, session, isOver.signal)
  }
  const timer = config.isObserved ? setTimeout(() => (telling = tell()), longWait) : undefined
  timer?.unref()
  const cancel = (): void => void session.cancel().catch(() => {})
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await work()
  } catch (error) {
    if (signal?.aborted) throw (await import('../run/abort.js')).abortedError(doing, signal.reason)
    const { translateError } = await import('../run/translate-error.js')
    throw translateError(error, doing, session.display)
  } finally {
    clearTimeout(timer)
    isOver.abort()
    await telling
    signal?.removeEventListener('abort', cancel)
  }
}

/** Asks the ledger only where it may know better to whom a row belongs than its path does. */
async function compareNow(
  config: Config,
  session: Session,
  files: readonly ScriptFile[],
): Promise<Pick<Look, 'state' | 'comparison'>> {
  const place = placeHistory(config)
  const { state, historyRole } = await readState(session, place, config.roles.owner)
  const comparison = await compareWithRequirements(config, files, state)
  const selected = selectedNames(config.selection)
  const mayBeForeign = comparison.statuses.some(
    ({ module, row, file, script }) =>
      isMoved(row, file) || (file === null && script.includes('/') && selected.has(module)),
  )
  if (!mayBeForeign) return { state, comparison }
  const modules = await readModules({ session, place, historyRole }, config)
  return { state, comparison: await compareWithRequirements(config, files, state, modules) }
}

/**
 * Modules of scripts, as far as the ledger can be asked. Flyway alone leaves none, and who may read history only goes by the
 * paths: it changes nothing.
 */
export async function readModules(reader: Reader, { roles }: Config): Promise<ReadonlyMap<string, string>> {
  const { modulesByScript, readLedgerHead } = await import('../run/read-ledger.js')
  // History may be open to everybody, and the ledger to the owner role.
  for (const historyRole of new Set([reader.historyRole, roles.owner])) {
    try {
      return modulesByScript(await readLedgerHead({ ...reader, historyRole }))
    } catch (error) {
      if (!(error instanceof ServerError) || !withoutLedger.has(error.sqlState)) throw error
    }
  }
  return new Map()
}
