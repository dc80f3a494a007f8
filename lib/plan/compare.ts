import type { Config } from '../config/read-options.js'
import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import { describeMigrations, type MigrationStatus, type StateInput } from '../history/migration-state.js'
import { everything, findUnknown, pickOf, type Scope } from '../history/scope.js'
import { bundled } from '../modules/bundled.js'
import { checksumOfRepeatable } from '../scripts/checksum.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { parseTarget } from '../scripts/version.js'
import { findFailures, findProblems, type ValidationRules } from './find-problems.js'
import { selectedNames } from './load-scripts.js'
import { placeholderValues } from './placeholder-values.js'

/** Files and history, compared. */
export interface Comparison {
  readonly statuses: readonly MigrationStatus[]
  /** What a migrate() with these options would run, in order. */
  readonly pending: readonly MigrationStatus[]
  /** What stands in the way of a migrate(). */
  readonly problems: readonly Problem[]
}

/**
 * Compares the scripts at hand with the history of the database.
 *
 * @param modulesByScript modules of scripts that have no file here, from the ledger.
 * @param requirementsOf see {@link compareWithRequirements}.
 * @throws SchemawayError `MIGRATION_NOT_FOUND`.
 */
export function compare(
  config: Config,
  files: readonly ScriptFile[],
  state: DatabaseState,
  modulesByScript: ReadonlyMap<string, string> = new Map(),
  requirementsOf?: RequirementsOf,
): Comparison {
  const values = placeholderValues(config, state)
  const selected = selectedNames(config.selection)
  const scope = readScope(config)
  const statuses = describeMigrations({
    rows: state.rows ?? [],
    files,
    selected,
    moduleOf: (script) => modulesByScript.get(script) ?? unselectedBundledModule(script, selected),
    checksumsOf: (file) => [checksumOfRepeatable(file, values(file)), file.checksum],
    outOfOrder: config.outOfOrder,
    scope,
    ...(requirementsOf !== undefined && { requirementsOf }),
  })
  refuseUnknown(scope, statuses)
  const rules = validationRules(config, true)
  const found = config.validateOnMigrate ? findProblems(statuses, rules) : []
  // A failed row stops a migrate() whatever is ignored.
  const isNew = ({ kind, script }: Problem): boolean => found.every((one) => one.kind !== kind || one.script !== script)
  const failures = findFailures(statuses, rules).filter(isNew)
  return { statuses, pending: selectPending(statuses, scope), problems: [...found, ...failures] }
}

type RequirementsOf = NonNullable<StateInput['requirementsOf']>

/** As {@link compare}; reads the requirements of pending repeatables, with the scanner, where a target makes them matter. */
export async function compareWithRequirements(
  config: Config,
  files: readonly ScriptFile[],
  state: DatabaseState,
  modulesByScript?: ReadonlyMap<string, string>,
): Promise<Comparison> {
  const comparison = compare(config, files, state, modulesByScript)
  const { kind } = readScope(config).target
  if (kind === 'latest' || kind === 'next') return comparison
  if (comparison.pending.every(({ version }) => version !== null)) return comparison
  const { requirementsOf } = await import('./requirements.js')
  return compare(config, files, state, modulesByScript, requirementsOf)
}

/** @param ignorePending as `migrate()` does. */
export function validationRules(config: Config, ignorePending: boolean): ValidationRules {
  return { ignorePending, patterns: config.ignoreMigrationPatterns, cherryPick: config.cherryPick }
}

/** The target of `undo()` is another one: it says how far to go back. */
function readScope(config: Config): Scope {
  const target = config.command === 'undo' ? null : parseTarget(config.target)
  return { target: target ?? everything.target, cherryPick: config.cherryPick }
}

/** With `next` one migration runs; picks run in the order in which they are given. */
function selectPending(statuses: readonly MigrationStatus[], scope: Scope): readonly MigrationStatus[] {
  const { target, cherryPick } = scope
  const pending = statuses.filter((status) => status.state === 'Pending')
  const place = (status: MigrationStatus): number => pickOf(status, cherryPick) ?? 0
  const ordered = cherryPick.length === 0 ? pending : pending.toSorted((a, b) => place(a) - place(b))
  return target.kind === 'next' ? ordered.slice(0, 1) : ordered
}

function refuseUnknown(scope: Scope, statuses: readonly MigrationStatus[]): void {
  const unknown = findUnknown(scope, statuses)
  if (unknown.length === 0) return
  const option = scope.cherryPick.length > 0 ? 'cherryPick' : 'target'
  throw new SchemawayError(
    'MIGRATION_NOT_FOUND',
    `\`${option}\` names ${unknown.join(', ')}, which no migration has, applied or not. Correct it` +
      `${option === 'target' ? `, or write '${unknown[0]}?' for a version that need not exist` : ''}. Nothing was changed.`,
    { details: { option, version: unknown[0] ?? '' } },
  )
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
