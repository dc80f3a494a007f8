/** Where the rows of a COPY ... FROM STDIN stand, as UTF-16 offsets. */
export interface CopyData {
  /** First row, or `end` when there is none. */
  readonly start: number
  /** Begin of the line `\.`. */
  readonly end: number
  /** Where SQL goes on: behind the `\.`. */
  readonly next: number
}

/**
 * Finds the rows that follow a COPY ... FROM STDIN: from the line after its semicolon up to a line that holds only `\.`,
 * white space around it allowed as in Flyway.
 *
 * @param semicolon offset of the semicolon, `null` when the statement has none
 * @returns the place of the rows, or the problem that makes them unreadable
 */
export function findCopyData(
  text: string,
  semicolon: number | null,
): CopyData | 'copy-shares-line' | 'unterminated-copy-data' {
  const lineEnd = semicolon === null ? -1 : text.indexOf('\n', semicolon)
  if (semicolon === null || lineEnd === -1) return 'unterminated-copy-data'
  if (!mayShareLineWithCopy(text.slice(semicolon + 1, lineEnd))) return 'copy-shares-line'
  const start = lineEnd + 1
  for (let mark = text.indexOf('\\.', start); mark !== -1; mark = text.indexOf('\\.', mark + 2)) {
    const end = beginOfLine(text, mark, start)
    const next = endOfBlanks(text, mark + 2)
    if (end !== null && (next === text.length || text[next] === '\n')) return { start, end, next }
  }
  return 'unterminated-copy-data'
}

/** Whether nothing but a comment stands between the semicolon of a COPY and the end of its line. */
export function mayShareLineWithCopy(rest: string): boolean {
  return /^\s*(?:--[^\n]*)?$/.test(rest)
}

/** Begin of the line of `offset` when only blanks stand between, else `null`. */
function beginOfLine(text: string, offset: number, first: number): number | null {
  let begin = offset
  while (begin > first && isBlank(text[begin - 1])) begin--
  return begin === first || text[begin - 1] === '\n' ? begin : null
}

function endOfBlanks(text: string, offset: number): number {
  let end = offset
  while (isBlank(text[end])) end++
  return end
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r'
}
