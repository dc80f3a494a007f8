import type { BigFile } from './big-file.js'
import { blankOut, type TextRange } from './blank-out.js'
import { type PlaceholderMarks, substitutePlaceholders } from './placeholders.js'
import { scanUpToCopy } from './scanner.js'
import type { Statement } from './statement.js'

/** Statements of a script that is too big to be held in memory, and where they stand in the file. */
export interface ScriptPiece {
  /** Length of its text, in UTF-16 units. */
  readonly length: number
  /** Number of statements that the server is going to answer. */
  readonly statements: number
  /** Whether each of them is a SET, before which no query may run when it is SET TRANSACTION. */
  readonly onlySets: boolean
  /** Index of the first of them in the script. */
  readonly firstStatement: number
  /** Where in the file the rows stand for which its last statement asks, a COPY ... FROM STDIN; null when it is none. */
  readonly rows: { readonly from: number; readonly to: number } | null
  readonly file: BigFile
  /** Reads the text to be sent from the file. It may hold secrets. */
  text(): string
  /** Its statements, with offsets in the text. */
  scan(): readonly Statement[]
  /** Byte of the file that an offset in the text stands for. */
  byteOf(offset: number): number
}

/** What has to be remembered of a piece so that its text can be made again. */
export interface PieceDraft {
  readonly file: BigFile
  /** Bytes of the file. */
  readonly from: number
  readonly to: number
  readonly length: number
  readonly statements: number
  readonly onlySets: boolean
  readonly firstStatement: number
  readonly rows: ScriptPiece['rows']
  /** What is not sent: psql's commands of a dump, and the transaction around it. */
  readonly blanks: readonly TextRange[]
}

/**
 * Joins pieces that follow each other in the file, so that they are sent together.
 *
 * @param longest what is joined has no more bytes than this
 */
export function joinPieces(drafts: readonly PieceDraft[], longest: number): readonly PieceDraft[] {
  const joined: PieceDraft[] = []
  for (const draft of drafts) {
    const before = joined.at(-1)
    const isNext = before !== undefined && before.rows === null && before.to === draft.from
    if (!isNext || draft.to - before.from > longest) {
      joined.push(draft)
      continue
    }
    const moved = draft.blanks.map(({ start, end }) => ({ start: start + before.length, end: end + before.length }))
    joined[joined.length - 1] = {
      ...before,
      to: draft.to,
      length: before.length + draft.length,
      statements: before.statements + draft.statements,
      onlySets: before.onlySets && draft.onlySets,
      rows: draft.rows,
      blanks: moved.length === 0 ? before.blanks : [...before.blanks, ...moved],
    }
  }
  return joined
}

export function createScriptPiece(
  { from, to, blanks, ...facts }: PieceDraft,
  values: ReadonlyMap<string, string>,
  marks: PlaceholderMarks | null,
): ScriptPiece {
  const replace = () => substitutePlaceholders(facts.file.view(from, to).toString('utf8'), values, marks)
  const text = () => blankOut(replace().text, blanks).slice(0, facts.length)
  return {
    ...facts,
    text,
    scan: () => scanUpToCopy(text()).statements,
    byteOf(offset) {
      const { toSource } = replace()
      const source = facts.file.view(from, to).toString('utf8')
      return from + Buffer.byteLength(source.slice(0, toSource(offset)))
    },
  }
}
