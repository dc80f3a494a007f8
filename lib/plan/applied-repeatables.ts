import type { LedgerRow } from '../history/ledger-entry.js'
import { isRepeatableRow, type MigrationStatus } from '../history/migration-state.js'
import { readDirectives } from '../scripts/directives.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { compareVersions } from '../scripts/version.js'
import type { AppliedVersion } from './select-undo.js'
import { findUndoInLedger, indexUndoFiles, type UndoFiles } from './undo-source.js'

/** What happens to repeatables around one undo. */
export interface RepeatableChanges {
  /** Drop scripts to run before the undo, in reverse order of creation. */
  readonly drop: readonly { readonly status: MigrationStatus; readonly source: ScriptFile }[]
  /** Files to run again after it. */
  readonly runAgain: readonly ScriptFile[]
  /** Those that are not run again. */
  readonly gone: readonly MigrationStatus[]
  readonly removeRanks: readonly number[]
  readonly removeRepeatables: readonly string[]
}

interface Sources {
  readonly files: readonly ScriptFile[]
  readonly ledger: readonly LedgerRow[]
  readonly selected: ReadonlySet<string>
}

/** The repeatables that are applied, followed through the steps of a rollback. */
export class AppliedRepeatables {
  readonly #applied: Map<string, { readonly status: MigrationStatus; ranks: readonly number[] }>
  readonly #sources: Sources
  readonly #undoFiles: UndoFiles

  constructor(statuses: readonly MigrationStatus[], sources: Sources) {
    this.#applied = new Map()
    this.#sources = sources
    this.#undoFiles = indexUndoFiles(sources.files)
    for (const status of statuses) {
      if (status.row === null || !isRepeatableRow(status.row) || status.state === 'Deleted') continue
      const key = `${status.module}/${status.description}`
      const ranks = [...(this.#applied.get(key)?.ranks ?? []), status.row.installedRank]
      this.#applied.set(key, { status, ranks })
    }
  }

  /**
   * What to drop before an undo and to run again after it.
   *
   * A repeatable without a drop script stays in the database; its rows go once its module has no version left. One whose
   * file is gone can only be dropped, so that is done for selected modules alone: nobody could bring back the others.
   */
  around(affected: ReadonlySet<string>, remaining: ReadonlySet<AppliedVersion>): RepeatableChanges {
    const drop: { status: MigrationStatus; source: ScriptFile }[] = []
    const runAgain: ScriptFile[] = []
    const gone: MigrationStatus[] = []
    const removeRanks: number[] = []
    const removeRepeatables: string[] = []
    for (const [key, { status, ranks }] of this.#applied) {
      if (!affected.has(status.module)) continue
      const holds = this.#requirementHolds(status, remaining)
      const { file } = status
      if (file === null && !this.#sources.selected.has(status.module)) continue
      const source =
        this.#undoFiles.find(status) ?? findUndoInLedger(this.#sources.ledger, status.script, status.module)
      if (source === null && holds) continue
      if (source !== null) drop.push({ status, source })
      removeRanks.push(...ranks)
      removeRepeatables.push(status.script)
      if (holds && file !== null) {
        runAgain.push(file)
        this.#applied.set(key, { status, ranks: [] })
      } else {
        gone.push(status)
        this.#applied.delete(key)
      }
    }
    drop.sort((a, b) => (a.status.description < b.status.description ? 1 : -1))
    runAgain.sort((a, b) => (a.description < b.description ? -1 : 1))
    return { drop, runAgain, gone, removeRanks, removeRepeatables }
  }

  #requirementHolds({ module, file }: MigrationStatus, remaining: ReadonlySet<AppliedVersion>): boolean {
    const left = [...remaining]
    const requires = file === null ? undefined : readDirectives(file.bytes.toString('utf8'), file).requires
    if (requires !== undefined) return left.some((one) => compareVersions(one.version, requires) === 0)
    return left.some((one) => one.module === module)
  }
}
