import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type DatabaseState, shortenScript, typeOf } from '../history/history-row.js'
import type { NewHistoryRow } from '../history/history-table.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { ScriptReference } from '../run/events.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { sha256OfScript } from '../scripts/sha256.js'
import { compareVersions, parseVersion, type Version, versionKey } from '../scripts/version.js'
import { keepUndo } from './kept-undo.js'
import type { LedgerDraft, Plan, PlanStep } from './plan.js'
import { createPlanContext, type PlanContext } from './plan-context.js'
import { indexUndoFiles } from './undo-source.js'

/**
 * Turns pending scripts into steps: versions in global order, then repeatables by description. Every script is parsed here,
 * so that a faulty file stops the run before it starts; a faulty undo twin, which the ledger only keeps, is told of.
 *
 * @param firstRank rank of the first new history row.
 * @throws SchemawayError `INVALID_MODULES` when a module would begin before one it requires; `INVALID_SCRIPT`,
 *   `INVALID_DIRECTIVE`, `UNKNOWN_PLACEHOLDER`, `TRANSACTION_CONTROL` for a faulty file.
 */
export function planMigrate(
  config: Config,
  files: readonly ScriptFile[],
  pending: readonly MigrationStatus[],
  state: DatabaseState,
  firstRank: number,
): Plan {
  refuseWrongOrder(config, files)
  const context = createPlanContext(config, config.selection.modules, state)
  const undoFiles = indexUndoFiles(files)
  const plan = config.skipExecutingMigrations ? planAdopt : planApply
  const steps = pending.map(({ file, script }, index) => {
    if (file === null) throw new TypeError(`pending migration ${script} has no file`)
    return plan(file, { rank: firstRank + index, undo: undoFiles.find(file), context })
  })
  if (!config.skipExecutingMigrations) refuseUnmetRequirements(pending, files, state, context)
  return { steps }
}

interface ApplyOptions {
  /** Of the history row. */
  readonly rank: number
  /** The script that undoes it, whose text the ledger keeps. */
  readonly undo: ScriptFile | null
  readonly context: PlanContext
}

/** The step that applies one script, also used when a rollback runs a repeatable again. */
export function planApply(file: ScriptFile, options: ApplyOptions): PlanStep {
  const { context } = options
  const reference = referenceOf(file)
  const parsed = context.parse(file)
  const { historyRow, ledgerEntry, ...undo } = planApplied(file, options)
  const searchPath = context.searchPathOf(file.module)
  return {
    action: 'apply',
    reference,
    scripts: [{ action: 'apply', reference, parsed, file: file.file, searchPath, ...programOf(file) }],
    ...withoutDown(file, options.undo),
    ...undo,
    removeRanks: [],
    removeRepeatables: [],
    historyRows: [historyRow],
    ledgerEntries: [ledgerEntry],
  }
}

/** What a planned script says about a program; nothing for SQL. */
export function programOf({ program }: ScriptFile): { readonly program?: 'up' | 'down' } {
  return program === undefined ? {} : { program }
}

/** A program beside a U file of its version must not say itself how it is undone. */
export function withoutDown(file: ScriptFile, undo: ScriptFile | null): Pick<PlanStep, 'mustNotExportDown'> {
  if (file.program === undefined || undo === null || undo.file === 'ledger' || undo.program !== undefined) return {}
  return { mustNotExportDown: { file: file.file, undoScript: undo.script } }
}

/** The step that records a script as applied and does not run it, whatever its text is. */
export function planAdopt(file: ScriptFile, options: ApplyOptions): PlanStep {
  const { historyRow, ledgerEntry, ...undo } = planApplied(file, options)
  return {
    ...undo,
    action: 'adopt',
    reference: referenceOf(file),
    scripts: [],
    removeRanks: [],
    removeRepeatables: [],
    historyRows: [historyRow],
    ledgerEntries: [{ ...ledgerEntry, event: 'adopted' }],
  }
}

/** What history and ledger say about a script that is applied. */
function planApplied(
  file: ScriptFile,
  options: ApplyOptions,
): { readonly historyRow: NewHistoryRow; readonly ledgerEntry: LedgerDraft } & Pick<PlanStep, 'unusableUndo'> {
  const { rank, undo, context } = options
  const checksum = context.checksumOf(file)
  const { description, script } = file
  const type = typeOf(file)
  const version = file.version?.text ?? null
  const { problem, ...kept } = keepUndo(undo, context)
  return {
    historyRow: { installedRank: rank, version, description, type, script, checksum },
    ledgerEntry: { ...describeForLedger(file, { ...options, checksum }), ...kept },
    ...(problem !== null && {
      unusableUndo: { undoScript: undo?.script ?? '', code: problem.code, message: problem.message },
    }),
  }
}

function describeForLedger(
  file: ScriptFile,
  applied: ApplyOptions & { readonly checksum: number },
): Omit<LedgerDraft, 'undoScript' | 'undoText' | 'placeholders'> {
  return {
    event: 'applied',
    module: file.module,
    moduleRequires: applied.context.requirementsOf(file.module),
    kind: file.kind,
    version: file.version?.text ?? null,
    description: file.description,
    // As history has it, since the two are joined by it.
    script: shortenScript(file.script),
    installedRank: applied.rank,
    checksum: applied.checksum,
    sha256: sha256OfScript(file),
    error: null,
  }
}

export function referenceOf(file: ScriptFile): ScriptReference {
  return {
    script: file.script,
    module: file.module,
    version: file.version?.text ?? null,
    description: file.description,
  }
}

/** Versions are ordered over all modules, so what a module requires has to begin before the module itself. */
export function refuseWrongOrder(config: Config, files: readonly ScriptFile[]): void {
  const first = firstVersions(files)
  for (const module of config.selection.modules) {
    for (const required of module.requires) {
      const own = first.get(module.name)
      const other = first.get(required)
      if (own === undefined || other === undefined || compareVersions(own.version, other.version) > 0) continue
      throw new SchemawayError(
        'INVALID_MODULES',
        `Module ${module.name} requires ${required}, but its first version ${own.version.text} (${own.script}) comes before ` +
          `${required}'s first version ${other.version.text}. Versions run in one order over all modules, so a folder ` +
          `numbered V1, V2, ... cannot require a module with timestamps: rename the files to timestamps after ` +
          `${other.version.text}.`,
        { details: { modules: [module.name, required], script: own.script, version: own.version.text } },
      )
    }
  }
}

function firstVersions(files: readonly ScriptFile[]): ReadonlyMap<string, VersionedScript> {
  const first = new Map<string, VersionedScript>()
  for (const one of versionsToApply(files)) {
    const known = first.get(one.module)
    if (known === undefined || compareVersions(one.version, known.version) < 0) first.set(one.module, one)
  }
  return first
}

type VersionedScript = Pick<ScriptFile, 'module' | 'script'> & { readonly version: Version }

function versionsToApply(files: readonly ScriptFile[]): readonly VersionedScript[] {
  return files.flatMap(({ kind, module, script, version }) =>
    version !== null && (kind === 'versioned' || kind === 'baseline') ? [{ module, script, version }] : [],
  )
}

/** A repeatable runs after all versions, so what it requires is there by then, or never will be. */
export function refuseUnmetRequirements(
  pending: readonly Pick<MigrationStatus, 'file'>[],
  files: readonly ScriptFile[],
  state: DatabaseState,
  context: PlanContext,
): void {
  const known = new Set(versionsToApply(files).map(({ version }) => versionKey(version)))
  for (const row of state.rows ?? []) {
    const version = row.version === null ? null : parseVersion(row.version)
    if (version !== null) known.add(versionKey(version))
  }
  for (const { file } of pending) {
    const requires = file === null ? [] : (context.parse(file).directives.requires ?? [])
    const unmet = requires.find((version) => !known.has(versionKey(version)))
    if (file === null || unmet === undefined) continue
    throw new SchemawayError(
      'INVALID_DIRECTIVE',
      `${file.script} requires version ${unmet.text}, which is neither applied nor among the scripts. Correct the ` +
        'directive, or select the module that has this version. Nothing was changed.',
      { details: { script: file.script, file: file.file, module: file.module, version: unmet.text } },
    )
  }
}
