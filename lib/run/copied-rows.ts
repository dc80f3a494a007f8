import type { Statement } from '../scripts/statement.js'
import type { ServerError } from './server-error.js'

const charactersPerPiece = 65_536

/** The rows that follow a COPY ... FROM STDIN in its script, in pieces. */
export function* readCopiedRows(text: string, { dataStart = 0, dataEnd = 0 }: Statement): Generator<string> {
  for (let start = dataStart; start < dataEnd; ) {
    const end = Math.min(start + charactersPerPiece, dataEnd)
    // A character must not be torn apart: each piece is encoded by itself.
    const isWhole = end === dataEnd || (text.charCodeAt(end - 1) & 0xfc00) !== 0xd800
    const piece = text.slice(start, isWhole ? end : end - 1)
    yield piece
    start += piece.length
  }
}

/** Which row the server was at: it says so in the context of its error only, in the language of its messages. */
const context = /^COPY .+?, \D*?(\d+)/m

/**
 * Offset in the script's text of the line that a COPY was reading when it failed.
 *
 * @returns null when the error says nothing about a line, or about one that is not there.
 */
export function offsetOfCopiedRow(
  { where }: ServerError,
  text: string,
  { dataStart = 0, dataEnd = 0 }: Statement,
): number | null {
  const [, digits] = context.exec(where ?? '') ?? []
  if (digits === undefined) return null
  let offset = dataStart
  for (let line = 1; line < Number(digits); line += 1) {
    const lineEnd = text.indexOf('\n', offset)
    if (lineEnd === -1 || lineEnd >= dataEnd) return null
    offset = lineEnd + 1
  }
  return offset < dataEnd ? offset : null
}
