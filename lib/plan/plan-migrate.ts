import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type DatabaseState, shortenScript } from '../history/history-row.js'
import { type MigrationStatus, versionKey } from '../history/migration-state.js'
import type { ScriptReference } from '../run/events.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { sha256OfBytes } from '../scripts/sha256.js'
import { compareVersions, parseVersion, type Version } from '../scripts/version.js'
import type { LedgerDraft, Plan, PlanStep } from './plan.js'
import { createPlanContext, type PlanContext } from './plan-context.js'
import { indexUndoFiles } from './undo-source.js'

/**
 * Turns pending scripts into steps: versions in global order, then repeatables by description. Every script, and the
 * undo twin that the ledger is going to keep, is parsed here, so that a faulty file stops the run before it starts.
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
  const steps = pending.map(({ file, script }, index) => {
    if (file === null) throw new TypeError(`pending migration ${script} has no file`)
    return planApply(file, { rank: firstRank + index, undo: undoFiles.find(file), context })
  })
  refuseUnmetRequirements(pending, files, state, context)
  return { steps }
}

/**
 * The step that applies one script, also used when a rollback runs a repeatable again.
 *
 * @param options.undo the script that undoes it, whose text the ledger keeps.
 */
export function planApply(
  file: ScriptFile,
  options: { readonly rank: number; readonly undo: ScriptFile | null; readonly context: PlanContext },
): PlanStep {
  const { rank, undo, context } = options
  const reference = referenceOf(file)
  const parsed = context.parse(file)
  const checksum = context.checksumOf(file)
  const { description, script } = file
  const type = file.kind === 'baseline' ? 'SQL_BASELINE' : 'SQL'
  return {
    action: 'apply',
    reference,
    scripts: [{ action: 'apply', reference, parsed, file: file.file, searchPath: context.searchPathOf(file.module) }],
    removeRanks: [],
    removeRepeatables: [],
    historyRows: [{ installedRank: rank, version: reference.version, description, type, script, checksum }],
    ledgerEntries: [describeForLedger(file, { rank, checksum, undo, context })],
  }
}

function describeForLedger(
  file: ScriptFile,
  applied: {
    readonly rank: number
    readonly checksum: number
    readonly undo: ScriptFile | null
    readonly context: PlanContext
  },
): LedgerDraft {
  const { undo, context } = applied
  const parsedUndo = undo === null ? null : context.parse(undo)
  return {
    event: 'applied',
    module: file.module,
    moduleRequires: context.requirementsOf(file.module),
    kind: file.kind,
    version: file.version?.text ?? null,
    description: file.description,
    // As history has it, since the two are joined by it.
    script: shortenScript(file.script),
    installedRank: applied.rank,
    checksum: applied.checksum,
    sha256: sha256OfBytes(file.bytes),
    undoScript: undo?.script ?? null,
    undoText: parsedUndo?.source ?? null,
    placeholders: parsedUndo?.placeholders ?? [],
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
function refuseWrongOrder(config: Config, files: readonly ScriptFile[]): void {
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
function refuseUnmetRequirements(
  pending: readonly MigrationStatus[],
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
