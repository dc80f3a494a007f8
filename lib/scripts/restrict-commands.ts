import { blankOut } from './blank-out.js'
import type { ScannedText, Statement } from './statement.js'

/** One argument and nothing behind it: psql would run SQL that follows a `\\` on the same line. */
const restriction = /^\\(?:un)?restrict[ \t]+[^\s\\]+[ \t]*$/

/**
 * Blanks the lines `\restrict` and `\unrestrict` that pg_dump puts around its output: they limit psql and say nothing to a
 * server. Other psql commands stay, and so does one that interrupts a statement.
 */
export function removeRestrictCommands(scanned: ScannedText): ScannedText {
  const { text } = scanned
  const blanks: Statement[] = []
  const statements: Statement[] = []
  let previous: Statement | null = null
  for (const statement of scanned.statements) {
    const interrupts = previous?.kind === 'sql' && previous.semicolon === null
    previous = statement
    const isRestriction =
      statement.kind === 'psql-command' && restriction.test(text.slice(statement.start, statement.end))
    if (isRestriction && !interrupts) blanks.push(statement)
    else statements.push(statement)
  }
  return { text: blankOut(text, blanks), statements }
}
