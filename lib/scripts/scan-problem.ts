/** Why the end of a statement could not be found. */
export type ScanProblemKind =
  | 'unterminated-string'
  | 'unterminated-name'
  | 'unterminated-dollar-quote'
  | 'unterminated-comment'
  | 'unclosed-parenthesis'
  | 'unclosed-body'
  | 'stray-placeholder'
  | 'copy-shares-line'
  | 'unterminated-copy-data'

/** A place that makes the rest of the text unreadable: where a quote, comment or parenthesis OPENED that never ends. */
export interface ScanProblem {
  readonly kind: ScanProblemKind
  /** UTF-16 offset. */
  readonly offset: number
  readonly line: number
  /** In code points. */
  readonly column: number
}

const descriptions: Readonly<Record<ScanProblemKind, string>> = {
  'unterminated-string':
    "the string that opens here is never closed. Look for a missing ' and for a ' inside it that is not doubled.",
  'unterminated-name': 'the quoted name that opens here is never closed. Look for a missing ".',
  'unterminated-dollar-quote':
    'the dollar quote that opens here is never closed. Its end must repeat it letter by letter, in the same case.',
  'unterminated-comment': 'the comment that opens here is never closed. Comments nest: each /* needs its own */.',
  'unclosed-parenthesis': 'the parenthesis that opens here is never closed.',
  'unclosed-body':
    'the body that begins here with BEGIN ATOMIC never ends. Each of its statements needs a ;, and END must follow the last.',
  'stray-placeholder':
    '${ stands outside quotes, where it means nothing. $${ was read as an escaped ${; to open a dollar quote before a ' +
    'brace, put a space between them: $$ {.',
  'copy-shares-line':
    'something follows COPY ... FROM STDIN; on its line, where only a -- comment may stand. Move it behind the rows.',
  'unterminated-copy-data':
    'the rows of this COPY ... FROM STDIN have no end. Its semicolon, the rows, and a line with only \\. must follow.',
}

/** The problem in a sentence, with what to do. */
export function describeScanProblem(problem: ScanProblem): string {
  return descriptions[problem.kind]
}
