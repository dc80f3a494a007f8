/** A place in a text, both numbers counted from 1. */
export interface SourcePosition {
  readonly line: number
  /** In code points, as PostgreSQL counts; a tab is one. */
  readonly column: number
}

const lineFeed = 10
const carriageReturn = 13

/**
 * Line and column of an offset. Lines end in `\n`, `\r\n` or a lone `\r`, which is also what ends a comment in PostgreSQL.
 *
 * @param offset in UTF-16 units; beyond the text it means its end
 */
export function positionAt(text: string, offset: number): SourcePosition {
  return createPositionTracker(text)(offset)
}

/**
 * Answers many questions about one text in one pass over it.
 *
 * @returns a function like {@link positionAt} whose offsets must never decrease from call to call
 */
export function createPositionTracker(text: string): (offset: number) => SourcePosition {
  let reached = 0
  let line = 1
  let column = 1
  return (offset) => {
    const target = Math.min(offset, text.length)
    for (; reached < target; reached++) {
      const code = text.charCodeAt(reached)
      if (code === lineFeed || (code === carriageReturn && text.charCodeAt(reached + 1) !== lineFeed)) {
        line++
        column = 1
      } else if (!isSecondHalf(text, reached)) {
        column++
      }
    }
    return { line, column }
  }
}

/** Whether the unit at `offset` completes a surrogate pair, and so belongs to the code point before it. */
function isSecondHalf(text: string, offset: number): boolean {
  if ((text.charCodeAt(offset) & 0xfc00) !== 0xdc00 || offset === 0) return false
  return (text.charCodeAt(offset - 1) & 0xfc00) === 0xd800
}
