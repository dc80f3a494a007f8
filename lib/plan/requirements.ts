import { readDirectives } from '../scripts/directives.js'
import { scanStatements } from '../scripts/scanner.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { Version } from '../scripts/version.js'

/** Versions without which a repeatable cannot run, by its directive. Loads the scanner, which a start-up does without. */
export function requirementsOf(file: ScriptFile): readonly Version[] {
  if (file.program !== undefined) return []
  return readDirectives(topOf(file), file).requires ?? []
}

/** Where a file that is too big to be held in memory is looked at first. */
const lengthOfTop = 1 << 16
/** A comment that is longer than this is none that anybody reads. */
const longestTop = 1 << 28

/** The text of a script; of a big one its beginning up to its first statement, where directives stand. */
function topOf(file: ScriptFile): string {
  const { big } = file
  if (big === undefined) return file.bytes.toString('utf8')
  for (let length = lengthOfTop; ; length *= 2) {
    const bytes = big.read(0, Math.min(length, big.size))
    const isWhole = length >= big.size
    // Half of a mark would begin a statement, where the whole of it begins a comment.
    const text = (isWhole ? bytes : bytes.subarray(0, bytes.lastIndexOf(10) + 1)).toString('utf8')
    if (isWhole || length >= longestTop || !isComment(text)) return text
  }
}

/** Whether nothing but comments stands in a text. */
function isComment(text: string): boolean {
  const { statements, problem } = scanStatements(text.replace(/^\ufeff/, ' '))
  const isOpenComment = problem?.kind === 'unterminated-comment'
  return (problem === null || isOpenComment) && statements.every(({ kind }) => kind === 'psql-command')
}
