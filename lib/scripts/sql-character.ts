/** UTF-16 codes that mean something to PostgreSQL's lexer. */
export const character = {
  lineFeed: 10,
  carriageReturn: 13,
  doubleQuote: 34,
  dollar: 36,
  ampersand: 38,
  quote: 39,
  star: 42,
  dash: 45,
  slash: 47,
  backslash: 92,
} as const

/** Space, tab, line feed, vertical tab, form feed, carriage return. Others, such as a no-break space, are letters. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}

/** A lone carriage return ends a line, and so a `--` comment. */
export function isLineEnd(code: number): boolean {
  return code === character.lineFeed || code === character.carriageReturn
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Whether a name may begin with it. PostgreSQL takes every character beyond ASCII for a letter. */
export function isNameStart(code: number): boolean {
  const lower = code | 32
  return (lower >= 97 && lower <= 122) || code === 95 || code >= 128
}

export function isNamePart(code: number): boolean {
  return isNameStart(code) || isDigit(code) || code === character.dollar
}

/** Whether it is an ASCII letter, in either case. */
export function isLetter(code: number, upperCase: string): boolean {
  return (code & ~32) === upperCase.charCodeAt(0)
}
