import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { ScriptReference } from '../run/events.js'
import { parseScript } from '../scripts/parse-script.js'
import { checksumOfRepeatable } from '../scripts/repeatable-checksum.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { sha256OfBytes } from '../scripts/sha256.js'
import { compareVersions } from '../scripts/version.js'
import { placeholderValues } from './placeholder-values.js'
import type { LedgerDraft, Plan, PlanStep } from './plan.js'
import { searchPathOf } from './search-path.js'
import { indexUndoFiles, type UndoFiles } from './undo-source.js'

/**
 * Turns pending scripts into steps: versions in global order, then repeatables by description. Every script, and the
 * undo twin that the ledger is going to keep, is parsed here, so that a faulty file stops the run before it starts.
 *
 * @param firstRank rank of the first new history row.
 */
export function planMigrate(
  config: Config,
  files: readonly ScriptFile[],
  pending: readonly MigrationStatus[],
  state: DatabaseState,
  firstRank: number,
): Plan {
  refuseWrongOrder(config, files)
  const values = placeholderValues(config, state)
  const undoFiles = indexUndoFiles(files)
  const steps = pending.map((status, index) => {
    if (status.file === null) throw new TypeError(`pending migration ${status.script} has no file`)
    return planApply(status.file, { config, undoFiles, state, values, rank: firstRank + index })
  })
  return { steps }
}

export interface ApplyContext {
  readonly config: Config
  readonly undoFiles: UndoFiles
  readonly state: DatabaseState
  readonly values: ReturnType<typeof placeholderValues>
  readonly rank: number
}

/** The step that applies one script, also used when a rollback runs a repeatable again. */
export function planApply(file: ScriptFile, context: ApplyContext): PlanStep {
  const { config, state, values, rank } = context
  const reference = referenceOf(file)
  const parsed = parseScript(file, values(file))
  const checksum = file.kind === 'repeatable' ? checksumOfRepeatable(file, values(file)) : file.checksum
  const historyRow = {
    installedRank: rank,
    version: reference.version,
    description: file.description,
    type: 'SQL',
    script: file.script,
    checksum,
  }
  return {
    action: 'apply',
    reference,
    scripts: [
      {
        action: 'apply',
        reference,
        parsed,
        file: file.file,
        searchPath: searchPathOf(file.module, config.selection.modules, config, state),
      },
    ],
    removeRanks: [],
    removeRepeatables: [],
    historyRows: [historyRow],
    ledgerEntries: [{ ...describeForLedger(file, context), installedRank: rank, checksum }],
  }
}

function describeForLedger(file: ScriptFile, context: ApplyContext): LedgerDraft {
  const undoFile = context.undoFiles.find(file)
  const undo = undoFile === null ? null : parseScript(undoFile, context.values(undoFile))
  const module = context.config.selection.modules.find((one) => one.name === file.module)
  return {
    event: 'applied',
    module: file.module,
    moduleRequires: module?.requires ?? [],
    kind: file.kind,
    version: file.version?.text ?? null,
    description: file.description,
    script: file.script,
    installedRank: null,
    checksum: file.checksum,
    sha256: sha256OfBytes(file.bytes),
    undoScript: undoFile?.script ?? null,
    undoText: undo?.source ?? null,
    placeholders: undo?.placeholders ?? [],
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
  const first = new Map<string, ScriptFile>()
  for (const file of files) {
    if (file.kind !== 'versioned' || file.version === null) continue
    const known = first.get(file.module)
    if (known?.version == null || compareVersions(file.version, known.version) < 0) first.set(file.module, file)
  }
  for (const module of config.selection.modules) {
    for (const required of module.requires) {
      const own = first.get(module.name)
      const other = first.get(required)
      if (own?.version == null || other?.version == null || compareVersions(own.version, other.version) > 0) continue
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
