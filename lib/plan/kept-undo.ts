import { constants } from 'node:buffer'
import { SchemawayError } from '../errors/schemaway-error.js'
import { noUndo } from '../history/ledger-entry.js'
import { decodeScript } from '../scripts/decode-script.js'
import { substitutePlaceholders } from '../scripts/placeholders.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { writeDefaultMarks } from '../scripts/write-default-marks.js'
import type { LedgerDraft } from './plan.js'
import type { PlanContext } from './plan-context.js'

/** What the ledger keeps of the script that undoes another, and why a rollback would refuse it. */
export interface KeptUndo extends Pick<LedgerDraft, 'undoScript' | 'undoText' | 'placeholders'> {
  readonly problem: SchemawayError | null
}

/**
 * Nothing of it runs now, so a text that cannot run as it is, such as one with DROP INDEX CONCURRENTLY, does not keep what
 * it undoes from being applied. The ledger keeps it as well: a rollback then says what is wrong with it.
 */
export function keepUndo(undo: ScriptFile | null, context: PlanContext): KeptUndo {
  if (undo === null) return { ...noUndo, problem: null }
  const { script: undoScript, placeholderMarks: marks } = undo
  // The ledger cannot bring a program back.
  if (undo.program !== undefined) return { undoScript, undoText: null, placeholders: [], problem: null }
  try {
    const { source, placeholders } = context.parse(undo)
    return { undoScript, undoText: writeDefaultMarks(source, marks), placeholders, problem: null }
  } catch (error) {
    if (!(error instanceof SchemawayError)) throw error
    const source = decode(undo)
    if (source === null) return { ...noUndo, problem: error }
    const { used } = substitutePlaceholders(source, context.valuesOf(undo), marks)
    return { undoScript, undoText: writeDefaultMarks(source, marks), placeholders: used, problem: error }
  }
}

/** Null for what PostgreSQL could not store either. */
function decode(undo: ScriptFile): string | null {
  if (undo.big !== undefined && undo.big.size > constants.MAX_STRING_LENGTH) return null
  try {
    return decodeScript(undo.bytes, undo)
  } catch (error) {
    if (error instanceof SchemawayError) return null
    throw error
  }
}
