import type { BigFile } from '../scripts/big-file.js'
import type { Statement } from '../scripts/statement.js'
import type { ServerError } from './server-error.js'
import type { CopyData } from './session.js'

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

/** Closes the file that rows come from; when the server rejects a row, they are left unread. */
export async function stopReading(rows: CopyData | undefined): Promise<void> {
  if (rows === undefined || !('return' in rows) || typeof rows.return !== 'function') return
  try {
    await rows.return()
  } catch {
    // What the server said is what has to be told.
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

/** As {@link offsetOfCopiedRow}, for rows that are not in memory: the first byte of that line in the file. */
export function byteOfCopiedRow(
  { where }: ServerError,
  file: BigFile,
  { from, to }: { readonly from: number; readonly to: number },
): number | null {
  const [, digits] = context.exec(where ?? '') ?? []
  if (digits === undefined) return null
  let line = 1
  let begin = from
  for (const chunk of file.chunks({ from, to })) {
    let lineEnd = -1
    while (line < Number(digits)) {
      const next = chunk.indexOf(10, lineEnd + 1)
      if (next === -1) break
      lineEnd = next
      line += 1
    }
    if (line >= Number(digits)) return begin + lineEnd + 1 < to ? begin + lineEnd + 1 : null
    begin += chunk.length
  }
  return null
}
