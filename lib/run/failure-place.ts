import { SchemawayError } from '../errors/schemaway-error.js'
import { excerptAt } from '../scripts/excerpt.js'
import { excerptOfFile, positionInFile } from '../scripts/position-in-file.js'
import type { ScriptPiece } from '../scripts/script-piece.js'
import { byteOfCopiedRow, offsetOfCopiedRow } from './copied-rows.js'
import type { MessagePart, Segment } from './message-writer.js'
import type { ServerError } from './server-error.js'

/** Where in its file a statement failed; all numbers begin with 1. */
export interface FailurePlace {
  readonly line: number
  readonly column: number
  readonly statement: number
  readonly excerpt: string
}

/** The place that the server's position tells; without one, the statement that was not completed, or the row that a COPY was at. */
export function findPlace(
  error: ServerError,
  segment: Segment & { readonly role: 'script' },
  part: MessagePart,
): FailurePlace {
  const inPart = error.position === null ? null : offsetInPart(part, error.position)
  const offset = inPart === null ? null : inPart - segment.start + segment.from
  const reached = error.completedStatements - segment.statementsBefore
  if (segment.piece !== undefined) return findInPiece(error, segment.piece, offset, reached)
  const { parsed } = segment.script
  const index =
    offset === null ? reached + segment.firstStatement : parsed.statements.findLastIndex((one) => one.start <= offset)
  const statement = parsed.statements[Math.max(index, 0)]
  const row = statement?.kind === 'copy-from-stdin' ? offsetOfCopiedRow(error, parsed.text, statement) : null
  const { line, column } = parsed.locate(Math.min(row ?? offset ?? statement?.start ?? 0, parsed.text.length))
  return { line, column, statement: Math.max(index, 0) + 1, excerpt: excerptAt(parsed.source, line, column) }
}

/**
 * In a script that is not in memory. When its file cannot be read any more, that must not hide what the server said.
 */
function findInPiece(error: ServerError, piece: ScriptPiece, offset: number | null, reached: number): FailurePlace {
  try {
    const { file, rows } = piece
    const statements = piece.scan()
    const index = Math.max(offset === null ? reached : statements.findLastIndex((one) => one.start <= offset), 0)
    const statement = statements[index]
    const row = rows !== null && index === statements.length - 1 ? byteOfCopiedRow(error, file, rows) : null
    const byte = row ?? piece.byteOf(Math.min(offset ?? statement?.start ?? 0, piece.length))
    const position = positionInFile(file, byte)
    return {
      ...position,
      statement: piece.firstStatement + index + 1,
      excerpt: excerptOfFile(file, byte, position),
    }
  } catch (cause) {
    if (!(cause instanceof SchemawayError)) throw cause
    const statement = piece.firstStatement + Math.max(reached, 0) + 1
    const excerpt = `  It was statement ${statement}; its line is not known, because the file was changed meanwhile or cannot be read.`
    return { line: 1, column: 1, statement, excerpt }
  }
}

/**
 * Offset in a part of a position that the server tells.
 *
 * @returns null when the part is read from a file that cannot be read any more
 */
export function offsetInPart(part: MessagePart, position: number): number | null {
  try {
    return offsetOfCodePoint(part.text, position - 1)
  } catch (cause) {
    if (cause instanceof SchemawayError) return null
    throw cause
  }
}

/** The server counts code points; strings here are UTF-16. */
export function offsetOfCodePoint(text: string, codePoints: number): number {
  let offset = 0
  for (let count = 0; count < codePoints && offset < text.length; count += 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1
  }
  return offset
}
