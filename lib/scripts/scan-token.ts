import { character, isDigit, isLetter, isLineEnd, isNamePart, isNameStart, isSpace } from './sql-character.js'

/**
 * What a stretch of SQL is to somebody who looks for the end of a statement. A `symbol` is a single character that is
 * none of the others: punctuation, a piece of an operator, a `$` that opens nothing.
 */
export type TokenKind = 'comment' | 'word' | 'number' | 'quoted-name' | 'string' | 'dollar-string' | 'symbol'

/** One token; `start` and `end` are UTF-16 offsets. */
export interface Token {
  readonly kind: TokenKind
  readonly start: number
  readonly end: number
  /** False when the text ends inside the quote or comment; `end` is then the end of the text. */
  readonly closed: boolean
}

/**
 * Reads the token at or after `from`, by the rules of PostgreSQL's lexer as psql applies them, with
 * `standard_conforming_strings` on. Comments are tokens, white space is skipped.
 *
 * @returns `null` at the end of the text
 */
export function readToken(text: string, from: number): Token | null {
  const start = skipSpace(text, from)
  if (start >= text.length) return null
  const code = text.charCodeAt(start)
  if (isNameStart(code)) return readWord(text, start, code)
  if (isDigit(code)) return token('number', start, skipNumber(text, start))
  switch (code) {
    case character.quote:
      return quoted('string', text, start, start, "'")
    case character.doubleQuote:
      return quoted('quoted-name', text, start, start, '"')
    case character.dollar:
      return readDollar(text, start)
    case character.dash:
      return text.charCodeAt(start + 1) === character.dash
        ? token('comment', start, endOfLine(text, start))
        : symbol(start)
    case character.slash:
      return text.charCodeAt(start + 1) === character.star ? readBlockComment(text, start) : symbol(start)
    default:
      return symbol(start)
  }
}

/** Offset of the line end at or after `from`. Not `indexOf`: without `\r` in the text it would search to the end each time. */
export function endOfLine(text: string, from: number): number {
  let end = from
  while (end < text.length && !isLineEnd(text.charCodeAt(end))) end++
  return end
}

function readWord(text: string, start: number, first: number): Token {
  const next = text.charCodeAt(start + 1)
  if (next === character.quote) {
    if (isLetter(first, 'E')) return readEscapeString(text, start)
    if (isLetter(first, 'B') || isLetter(first, 'X') || isLetter(first, 'N')) {
      return quoted('string', text, start, start + 1, "'")
    }
  }
  if (next === character.ampersand && isLetter(first, 'U')) {
    const third = text.charCodeAt(start + 2)
    if (third === character.quote) return quoted('string', text, start, start + 2, "'")
    if (third === character.doubleQuote) return quoted('quoted-name', text, start, start + 2, '"')
  }
  let end = start + 1
  while (end < text.length && isNamePart(text.charCodeAt(end))) end++
  return token('word', start, end)
}

/** A string or name whose only escape is the doubled quote. `open` is the offset of its opening quote. */
function quoted(kind: TokenKind, text: string, start: number, open: number, mark: string): Token {
  let close = text.indexOf(mark, open + 1)
  while (close !== -1 && text[close + 1] === mark) close = text.indexOf(mark, close + 2)
  return close === -1 ? unclosed(kind, start, text) : token(kind, start, close + 1)
}

/** `E'...'`, with its continuations: after a line break `'...'` goes on with the same string, escapes included. */
function readEscapeString(text: string, start: number): Token {
  let offset = start + 2
  while (offset < text.length) {
    const code = text.charCodeAt(offset)
    if (code === character.backslash) {
      offset += 2
    } else if (code !== character.quote) {
      offset++
    } else if (text.charCodeAt(offset + 1) === character.quote) {
      offset += 2
    } else {
      const continuation = findContinuation(text, offset + 1)
      if (continuation === -1) return token('string', start, offset + 1)
      offset = continuation + 1
    }
  }
  return unclosed('string', start, text)
}

/** Offset of the quote that continues a string: white space and `--` comments between, a line break among them. */
function findContinuation(text: string, from: number): number {
  let offset = from
  let sawLineEnd = false
  for (; offset < text.length; offset++) {
    const code = text.charCodeAt(offset)
    if (isLineEnd(code)) sawLineEnd = true
    else if (code === character.dash && text.charCodeAt(offset + 1) === character.dash)
      offset = endOfLine(text, offset) - 1
    else if (!isSpace(code)) break
  }
  return sawLineEnd && text.charCodeAt(offset) === character.quote ? offset : -1
}

/** `$$...$$` or `$tag$...$tag$`, else the parameter `$1`, else a lone `$`. */
function readDollar(text: string, start: number): Token {
  let end = start + 1
  if (isDigit(text.charCodeAt(end))) {
    while (isDigit(text.charCodeAt(end))) end++
    return token('number', start, end)
  }
  if (isNameStart(text.charCodeAt(end))) {
    while (isNamePart(text.charCodeAt(end)) && text.charCodeAt(end) !== character.dollar) end++
  }
  if (text.charCodeAt(end) !== character.dollar) return symbol(start)
  const tag = text.slice(start, end + 1)
  const close = text.indexOf(tag, end + 1)
  return close === -1 ? unclosed('dollar-string', start, text) : token('dollar-string', start, close + tag.length)
}

function readBlockComment(text: string, start: number): Token {
  let depth = 1
  let offset = start + 2
  while (offset < text.length) {
    const code = text.charCodeAt(offset)
    const next = text.charCodeAt(offset + 1)
    if (code === character.slash && next === character.star) {
      depth++
      offset += 2
    } else if (code === character.star && next === character.slash) {
      depth--
      offset += 2
      if (depth === 0) return token('comment', start, offset)
    } else {
      offset++
    }
  }
  return unclosed('comment', start, text)
}

function skipSpace(text: string, from: number): number {
  let offset = from
  while (offset < text.length && isSpace(text.charCodeAt(offset))) offset++
  return offset
}

/** Letters belong to the number (`0x1F`, `1e5`); a `$` does not, since it may open a dollar quote. */
function skipNumber(text: string, start: number): number {
  let end = start + 1
  while (isNamePart(text.charCodeAt(end)) && text.charCodeAt(end) !== character.dollar) end++
  return end
}

function token(kind: TokenKind, start: number, end: number): Token {
  return { kind, start, end, closed: true }
}

function symbol(start: number): Token {
  return { kind: 'symbol', start, end: start + 1, closed: true }
}

function unclosed(kind: TokenKind, start: number, text: string): Token {
  return { kind, start, end: text.length, closed: false }
}
