import type { LedgerRow } from '../history/ledger-entry.js'
import type { ScriptFile } from '../scripts/script-file.js'

/** The U and UR files among the scripts, to be found by what they undo. */
export interface UndoFiles {
  /** The U file of a version, or the UR file of a repeatable. */
  find(of: Pick<ScriptFile, 'module' | 'version' | 'description'>): ScriptFile | null
}

export function indexUndoFiles(files: readonly ScriptFile[]): UndoFiles {
  const index = new Map<string, ScriptFile>()
  for (const file of files) {
    if (file.kind === 'undo' || file.kind === 'drop') index.set(identityOf(file), file)
  }
  return { find: (of) => index.get(identityOf(of)) ?? null }
}

function identityOf(of: Pick<ScriptFile, 'module' | 'version' | 'description'>): string {
  return of.version === null ? `${of.module}/${of.description}` : of.version.parts.join('.')
}

/** The undo text that the ledger kept when the script was applied last, as a file that is not on disk. */
export function findUndoInLedger(rows: readonly LedgerRow[], script: string, module: string): ScriptFile | null {
  const row = rows.findLast((one) => one.event === 'applied' && one.script === script)
  if (row === undefined || row.undoText === null || row.undoScript === null) return null
  return {
    kind: row.version === null ? 'drop' : 'undo',
    module,
    script: row.undoScript,
    file: 'ledger',
    version: null,
    description: row.description,
    bytes: Buffer.from(row.undoText),
    checksum: 0,
  }
}
