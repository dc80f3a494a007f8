import type { Config } from '../config/read-options.js'
import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import { describeMigrations, type MigrationStatus } from '../history/migration-state.js'
import { bundled } from '../modules/bundled.js'
import { checksumOfRepeatable } from '../scripts/repeatable-checksum.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { findProblems } from './find-problems.js'
import { selectedNames } from './load-scripts.js'
import { placeholderValues } from './placeholder-values.js'

/** Files and history, compared. */
export interface Comparison {
  readonly statuses: readonly MigrationStatus[]
  readonly pending: readonly MigrationStatus[]
  /** What stands in the way of a migrate(). */
  readonly problems: readonly Problem[]
}

/**
 * Compares the scripts at hand with the history of the database.
 *
 * @param modulesByScript modules of scripts that have no file here, from the ledger.
 */
export function compare(
  config: Config,
  files: readonly ScriptFile[],
  state: DatabaseState,
  modulesByScript: ReadonlyMap<string, string> = new Map(),
): Comparison {
  const values = placeholderValues(config, state)
  const selected = selectedNames(config.selection)
  const statuses = describeMigrations({
    rows: state.rows ?? [],
    files,
    selected,
    moduleOf: (script) => modulesByScript.get(script) ?? unselectedBundledModule(script, selected),
    checksumsOf: (file) => [checksumOfRepeatable(file, values(file)), file.checksum],
    outOfOrder: config.outOfOrder,
  })
  return {
    statuses,
    pending: statuses.filter((status) => status.state === 'Pending'),
    problems: findProblems(statuses, true),
  }
}

/** Refuses to go on when history and files disagree. */
export function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  throw new SchemawayError(
    'VALIDATION_FAILED',
    `History and files disagree in ${problems.length === 1 ? 'one place' : `${problems.length} places`}: ` +
      `${problems.map((problem) => problem.message).join('; ')}. Nothing was changed.`,
    { details: { problems } },
  )
}

function unselectedBundledModule(script: string, selected: ReadonlySet<string>): string | null {
  const prefix = script.slice(0, Math.max(script.indexOf('/'), 0))
  return !selected.has(prefix) && bundled.some((module) => module.name === prefix) ? prefix : null
}
