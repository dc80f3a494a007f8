import { readDirectives } from '../scripts/directives.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { Version } from '../scripts/version.js'

/** Versions without which a repeatable cannot run, by its directive. Loads the scanner, which a start-up does without. */
export function requirementsOf(file: ScriptFile): readonly Version[] {
  return readDirectives(file.bytes.toString('utf8'), file).requires ?? []
}
