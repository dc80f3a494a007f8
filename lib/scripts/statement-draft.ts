import type { Token } from './scan-token.js'
import type { SourcePosition } from './source-position.js'
import type { Statement } from './statement.js'

const mostKeywords = 10
const bareWord = /^[a-z_]+$/i

/** A statement while its tokens come in: counts parentheses, collects keywords, knows SQL function bodies. */
export class StatementDraft {
  readonly #text: string
  readonly #start: number
  readonly #position: SourcePosition
  readonly #keywords: string[] = []
  readonly #options: string[] = []
  #end: number
  #tokenCount = 0
  #depth = 0
  #groups = 0
  #parenthesisAt = 0
  #bodyAt: number | null = null
  /** Upper-case text of the token before, as far as anybody asks for it. */
  #previous = ''
  #previousStart = 0
  #previousIsKeyword = false

  constructor(text: string, start: number, position: SourcePosition) {
    this.#text = text
    this.#start = start
    this.#end = start
    this.#position = position
  }

  /** Takes the next token that is neither a comment nor the semicolon that ends the statement. */
  add(token: Token): void {
    if (token.kind === 'word') this.#addWord(token)
    else if (token.kind === 'symbol') this.#addSymbol(token)
    else this.#remember(token, '')
    this.#end = token.end
  }

  /** Whether a semicolon here ends the statement. */
  get endsAtSemicolon(): boolean {
    return this.#depth === 0 && this.#bodyAt === null
  }

  /** Offset of the outermost parenthesis that is still open. */
  get openParenthesis(): number | null {
    return this.#depth === 0 ? null : this.#parenthesisAt
  }

  /** Offset of a BEGIN ATOMIC whose END has not come. */
  get openBody(): number | null {
    return this.#bodyAt
  }

  finish(semicolon: number | null): Statement {
    return {
      kind: copiesFromStdin(this.#keywords) ? 'copy-from-stdin' : 'sql',
      start: this.#start,
      end: this.#end,
      semicolon,
      line: this.#position.line,
      column: this.#position.column,
      keywords: this.#keywords,
      options: this.#options,
      tokenCount: this.#tokenCount,
    }
  }

  #addSymbol(token: Token): void {
    const mark = this.#text.charAt(token.start)
    if (mark === ')' && this.#depth > 0) this.#depth--
    if (mark === '.' && this.#previousIsKeyword) this.#keywords.pop()
    this.#remember(token, mark)
    if (mark === '(' && this.#depth++ === 0) {
      this.#parenthesisAt = token.start
      this.#groups++
    }
  }

  #addWord(token: Token): void {
    const previous = this.#previous
    const previousStart = this.#previousStart
    const mayBeOption = this.#depth === 1 && this.#groups === 1 && this.#options.length < mostKeywords
    const mayBeKeyword = this.#depth === 0 && previous !== '.' && this.#keywords.length < mostKeywords
    if (!mayBeOption && !mayBeKeyword && !this.#isRoutine) {
      this.#remember(token, '')
      return
    }
    const name = this.#text.slice(token.start, token.end)
    // Tested before upper-casing, which makes ASCII letters of some others: PostgreSQL folds ASCII alone.
    if (!bareWord.test(name)) {
      this.#remember(token, '')
      return
    }
    const word = name.toUpperCase()
    this.#remember(token, word)
    if (mayBeOption) this.#options.push(word)
    if (mayBeKeyword) {
      this.#keywords.push(word)
      this.#previousIsKeyword = true
    }
    if (this.#depth > 0 || !this.#isRoutine) return
    // A routine may itself be named "begin": only the two words together open a body. Each statement of a body ends in a
    // semicolon, so the END that closes it follows one, and the END of a CASE never does.
    if (this.#bodyAt === null) {
      if (word === 'ATOMIC' && previous === 'BEGIN') this.#bodyAt = previousStart
    } else if (word === 'END' && (previous === ';' || previous === 'ATOMIC')) {
      this.#bodyAt = null
    }
  }

  #remember(token: Token, upperCase: string): void {
    if (this.#depth === 0) this.#tokenCount++
    this.#previous = upperCase
    this.#previousStart = token.start
    this.#previousIsKeyword = false
  }

  /** CREATE [OR REPLACE] FUNCTION or PROCEDURE: the only statements with a BEGIN ATOMIC body. */
  get #isRoutine(): boolean {
    const words = this.#keywords
    if (words[0] !== 'CREATE') return false
    const object = words[1] === 'OR' && words[2] === 'REPLACE' ? words[3] : words[1]
    return object === 'FUNCTION' || object === 'PROCEDURE'
  }
}

/** The grammar takes STDIN and STDOUT for each other. */
function copiesFromStdin(keywords: readonly string[]): boolean {
  if (keywords[0] !== 'COPY') return false
  const from = keywords.indexOf('FROM')
  return from > 0 && (keywords[from + 1] === 'STDIN' || keywords[from + 1] === 'STDOUT')
}
