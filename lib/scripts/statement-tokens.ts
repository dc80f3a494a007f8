import { readToken, type Token } from './scan-token.js'
import type { Statement } from './statement.js'

/** The tokens of a statement, without its comments. */
export function readTokens(text: string, { start, end }: Statement): readonly Token[] {
  const tokens: Token[] = []
  for (let token = readToken(text, start); token !== null && token.start < end; token = readToken(text, token.end)) {
    if (token.kind !== 'comment') tokens.push(token)
  }
  return tokens
}

/** A bare word in upper case. Empty for everything else, so that a quoted name is never taken for a keyword. */
export function upperCaseWord(text: string, token: Token | undefined): string {
  return token?.kind === 'word' ? text.slice(token.start, token.end).toUpperCase() : ''
}

/** The character of a symbol; empty for everything else. */
export function symbolOf(text: string, token: Token | undefined): string {
  return token?.kind === 'symbol' ? text.slice(token.start, token.end) : ''
}
