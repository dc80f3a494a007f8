import { isRepeatableRow, shortenScript } from '../history/history-row.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { Version } from '../scripts/version.js'
import type { RemainingVersions } from './remaining-versions.js'
import { requirementsOf } from './requirements.js'
import type { UndoSource } from './undo-source.js'

/** A repeatable, and the script that drops what it made. */
export interface RepeatableDrop {
  readonly status: MigrationStatus
  readonly source: ScriptFile
}

/** What happens to repeatables around one undo. */
export interface RepeatableChanges {
  /** Drop scripts to run before the undo, in reverse order of creation. */
  readonly drop: readonly RepeatableDrop[]
  /** Files to run again after it. */
  readonly runAgain: readonly { readonly file: ScriptFile; readonly source: ScriptFile }[]
  /** Those that are not run again. */
  readonly gone: readonly MigrationStatus[]
  readonly removeRanks: readonly number[]
  readonly removeRepeatables: readonly string[]
}

interface AppliedRepeatable {
  readonly status: MigrationStatus
  /** Of its history rows, as long as they are those that were there before the rollback. */
  readonly ranks: readonly number[]
  /** Under which history has it. */
  readonly script: string
}

/** The repeatables that are applied, followed through the steps of a rollback. */
export class AppliedRepeatables {
  readonly #applied = new Map<string, AppliedRepeatable>()
  readonly #selected: ReadonlySet<string>
  readonly #undoSource: UndoSource
  readonly #requirements = new Map<ScriptFile, readonly Version[]>()

  constructor(
    statuses: readonly MigrationStatus[],
    sources: { readonly selected: ReadonlySet<string>; readonly undoSource: UndoSource },
  ) {
    this.#selected = sources.selected
    this.#undoSource = sources.undoSource
    for (const status of statuses) {
      const { row, module, description, script } = status
      if (row === null || !isRepeatableRow(row)) continue
      const key = `${module}/${description}`
      const ranks = [...(this.#applied.get(key)?.ranks ?? []), row.installedRank]
      // Of several runs the last one counts.
      if (status.state === 'Deleted') this.#applied.delete(key)
      else this.#applied.set(key, { status, ranks, script })
    }
  }

  /** Those of modules that are not selected. */
  get unselected(): readonly MigrationStatus[] {
    return [...this.#applied.values()].flatMap(({ status }) => (this.#selected.has(status.module) ? [] : [status]))
  }

  /**
   * What to drop before an undo and to run again after it.
   *
   * A repeatable without a drop script stays in the database; its rows go once its module has no version left. One
   * whose file is gone can only be dropped, so that is done for selected modules alone: nobody could bring back the
   * others.
   */
  around(affected: ReadonlySet<string>, remaining: RemainingVersions): RepeatableChanges {
    const drop: RepeatableDrop[] = []
    const runAgain: { file: ScriptFile; source: ScriptFile }[] = []
    const gone: MigrationStatus[] = []
    const removeRanks: number[] = []
    const removeRepeatables: string[] = []
    for (const [key, { status, ranks, script }] of this.#applied) {
      const { file, module } = status
      if (!affected.has(module) || (file === null && !this.#selected.has(module))) continue
      const holds = this.#requirementHolds(status, remaining)
      const source = this.#undoSource(status)
      if (source === null && holds) continue
      if (source !== null) drop.push({ status, source })
      removeRanks.push(...ranks)
      removeRepeatables.push(script)
      if (source !== null && file !== null && holds) {
        runAgain.push({ file, source })
        this.#applied.set(key, { status, ranks: [], script: shortenScript(file.script) })
      } else {
        gone.push(status)
        this.#applied.delete(key)
      }
    }
    drop.sort((a, b) => compareTexts(b.status.description, a.status.description))
    runAgain.sort((a, b) => compareTexts(a.file.description, b.file.description))
    return { drop, runAgain, gone, removeRanks, removeRepeatables }
  }

  #requirementHolds({ module, file }: MigrationStatus, remaining: RemainingVersions): boolean {
    const requires = file === null ? [] : this.#requirementsOf(file)
    if (requires.length === 0) return remaining.hasModule(module)
    return requires.every((version) => remaining.hasVersion(version))
  }

  #requirementsOf(file: ScriptFile): readonly Version[] {
    const known = this.#requirements.get(file)
    if (known !== undefined) return known
    const requires = requirementsOf(file)
    this.#requirements.set(file, requires)
    return requires
  }
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
