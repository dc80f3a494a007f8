import { findCopyData } from './copy-data.js'
import type { ScanProblem, ScanProblemKind } from './scan-problem.js'
import { endOfLine, readToken, type Token } from './scan-token.js'
import { createPositionTracker, type SourcePosition } from './source-position.js'
import type { Statement } from './statement.js'
import { StatementDraft } from './statement-draft.js'

/** The statements and comments of a text, up to the first place where it becomes unreadable. */
export interface ScanResult {
  readonly statements: readonly Statement[]
  /** Both kinds, in their order, with their marks; those inside statements too. */
  readonly comments: readonly Token[]
  /** `null` when the text was read to its end. */
  readonly problem: ScanProblem | null
}

/**
 * Finds the statements of a script, by psql's rules: a semicolon ends one unless it stands in a string, a quoted name, a
 * dollar quote, a comment, parentheses or a BEGIN ATOMIC body.
 *
 * Empty statements and comments are no statements, as for the server. Time grows with the length of the text, whatever is
 * in it. `standard_conforming_strings` is taken to be on.
 *
 * @param text a script after placeholder replacement
 */
export function scanStatements(text: string): ScanResult {
  const scanner = new Scanner(text)
  const problem = scanner.run()
  return { statements: scanner.statements, comments: scanner.comments, problem }
}

/**
 * As {@link scanStatements}, but stops behind the semicolon of the first COPY ... FROM STDIN, whose rows may be elsewhere.
 */
export function scanUpToCopy(text: string): ScanResult {
  const scanner = new Scanner(text, true)
  const problem = scanner.run()
  return { statements: scanner.statements, comments: scanner.comments, problem }
}

class Scanner {
  readonly statements: Statement[] = []
  readonly comments: Token[] = []
  readonly #text: string
  readonly #positionAt: (offset: number) => SourcePosition
  #offset = 0
  #draft: StatementDraft | null = null
  readonly #stopsAtCopy: boolean
  #isStopped = false

  constructor(text: string, stopsAtCopy = false) {
    this.#text = text
    this.#stopsAtCopy = stopsAtCopy
    this.#positionAt = createPositionTracker(text)
  }

  run(): ScanProblem | null {
    for (;;) {
      const token = readToken(this.#text, this.#offset)
      if (token === null) return this.#finishText()
      this.#offset = token.end
      if (!token.closed) return this.#problem(unclosedKind(token), token.start)
      const problem = this.#take(token)
      if (problem !== null || this.#isStopped) return problem
    }
  }

  #take(token: Token): ScanProblem | null {
    if (token.kind === 'comment') {
      this.comments.push(token)
      return null
    }
    if (token.kind === 'symbol') {
      const mark = this.#text.charAt(token.start)
      if (mark === '\\') return this.#takePsqlCommand(token.start)
      if (mark === ';') {
        if (this.#draft === null) return null
        if (this.#draft.endsAtSemicolon) return this.#finishStatement(this.#draft, token.start)
      }
      if (mark === '$' && this.#text.charAt(token.end) === '{') return this.#problem('stray-placeholder', token.start)
    }
    this.#draft ??= new StatementDraft(this.#text, token.start, this.#positionAt(token.start))
    this.#draft.add(token)
    return null
  }

  #finishText(): ScanProblem | null {
    const draft = this.#draft
    if (draft === null) return null
    if (draft.openParenthesis !== null) return this.#problem('unclosed-parenthesis', draft.openParenthesis)
    if (draft.openBody !== null) return this.#problem('unclosed-body', draft.openBody)
    return this.#finishStatement(draft, null)
  }

  #finishStatement(draft: StatementDraft, semicolon: number | null): ScanProblem | null {
    this.#draft = null
    const statement = draft.finish(semicolon)
    if (statement.kind !== 'copy-from-stdin') {
      this.statements.push(statement)
      return null
    }
    if (this.#stopsAtCopy && semicolon !== null) {
      this.statements.push(statement)
      this.#isStopped = true
      return null
    }
    const data = findCopyData(this.#text, semicolon)
    if (typeof data === 'string') {
      this.statements.push(statement)
      return this.#problem(data, statement.start)
    }
    this.statements.push({ ...statement, dataStart: data.start, dataEnd: data.end })
    this.#offset = data.next
    return null
  }

  /** A psql command may interrupt a statement (`select 1 \gset`), which then has no semicolon. */
  #takePsqlCommand(start: number): null {
    if (this.#draft !== null) {
      this.statements.push(this.#draft.finish(null))
      this.#draft = null
    }
    const end = endOfLine(this.#text, start)
    const { line, column } = this.#positionAt(start)
    this.statements.push({
      kind: 'psql-command',
      start,
      end,
      semicolon: null,
      line,
      column,
      keywords: [],
      options: [],
      tokenCount: 1,
    })
    this.#offset = end
    return null
  }

  #problem(kind: ScanProblemKind, offset: number): ScanProblem {
    return { kind, offset, ...this.#positionAt(offset) }
  }
}

function unclosedKind(token: Token): ScanProblemKind {
  switch (token.kind) {
    case 'quoted-name':
      return 'unterminated-name'
    case 'dollar-string':
      return 'unterminated-dollar-quote'
    case 'comment':
      return 'unterminated-comment'
    case 'string':
    // The others never lack an end.
    case 'word':
    case 'number':
    case 'symbol':
      return 'unterminated-string'
    default:
      return token.kind satisfies never
  }
}
