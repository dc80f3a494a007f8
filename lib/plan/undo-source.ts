import { shortenDescription } from '../history/history-row.js'
import type { LedgerRow } from '../history/ledger-entry.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { parseVersion, versionKey } from '../scripts/version.js'

/** The U and UR files among the scripts, to be found by what they undo. */
export interface UndoFiles {
  /** The U file of a version, or the UR file of a repeatable. */
  find(of: Identity): ScriptFile | null
}

type Identity = Pick<ScriptFile, 'module' | 'version' | 'description'> & { readonly kind?: ScriptFile['kind'] }

export function indexUndoFiles(files: readonly ScriptFile[]): UndoFiles {
  const index = new Map<string, ScriptFile>()
  for (const file of files) {
    if (file.kind === 'undo' || file.kind === 'drop') index.set(identityOf(file), file)
  }
  // A baseline is never undone; the U file of its version belongs to the V file.
  return { find: (of) => (of.kind === 'baseline' ? null : (index.get(identityOf(of)) ?? null)) }
}

function identityOf({ module, version, description }: Identity): string {
  return version === null ? `${module}/${shortenDescription(description)}` : versionKey(version)
}

/** Finds what undoes an applied migration, or drops a repeatable: its file, else the text that the ledger kept. */
export type UndoSource = (status: MigrationStatus) => ScriptFile | null

export function createUndoSource(files: readonly ScriptFile[], ledger: readonly LedgerRow[]): UndoSource {
  const undoFiles = indexUndoFiles(files)
  const latest = new Map<string, LedgerRow>()
  for (const row of ledger) if (row.event === 'applied' || row.event === 'adopted') latest.set(row.script, row)
  const kept = new Map<string, ScriptFile | null>()
  return (status) => {
    const file = undoFiles.find(status.file ?? status)
    if (file !== null) return file
    const row = latest.get(status.script)
    if (row === undefined) return downOf(status.file)
    const known = kept.get(row.script)
    const source = known === undefined ? readKeptUndo(row) : known
    kept.set(row.script, source)
    return source ?? downOf(status.file)
  }
}

/** A program may say itself how it is undone; whether it does, shows when it is loaded. */
function downOf(file: ScriptFile | null): ScriptFile | null {
  return file?.program === 'up' && file.kind === 'versioned' ? { ...file, kind: 'undo', program: 'down' } : null
}

/** The undo text of a ledger row, as a file that is not on disk. */
function readKeptUndo({ module, version, description, undoScript, undoText }: LedgerRow): ScriptFile | null {
  if (undoText === null || undoScript === null) return null
  return {
    kind: version === null ? 'drop' : 'undo',
    module,
    script: undoScript,
    file: 'ledger',
    version: version === null ? null : parseVersion(version),
    description,
    bytes: Buffer.from(undoText),
    checksum: 0,
  }
}
