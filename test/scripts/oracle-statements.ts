import { loadModule, parseSync, type ScanToken, scanSync } from 'libpg-query'

/** Where something stands, in UTF-16 offsets. */
export interface Extent {
  readonly start: number
  readonly end: number
}

/**
 * PostgreSQL's own lexer and grammar, compiled to WebAssembly.
 *
 * It differs from the server in one place: it was taught to report comments, and takes `'a' -- b` and `'c'` on the next
 * line for two strings. {@link judgesAsServer} tells such texts apart.
 */
export interface Oracle {
  /** Statements without the white space and comments around them, or `null` when the grammar refuses the text. */
  statements(text: string): readonly Extent[] | null
  /** Tokens and comments, or `null` when the lexer refuses the text. */
  tokens(text: string): readonly Extent[] | null
}

/** False for a text in which a comment may stand between two parts of one string. */
export function judgesAsServer(text: string): boolean {
  return !/'\s*--[^\n\r]*[\n\r]\s*(?:--[^\n\r]*[\n\r]\s*)*'/.test(text)
}

export async function loadOracle(): Promise<Oracle> {
  await loadModule()
  return {
    statements: (text) => {
      // It takes exception to a text without anything in it, which the server runs.
      if (text === '') return []
      const scanned = unlessRefused(() => scanSync(text))
      if (scanned === null) return null
      const tokens = scanned.tokens.filter((token) => !isComment(token))
      if (tokens.length === 0) return []
      const parsed = unlessRefused(() => parseSync(text))
      if (parsed === null) return null
      const bytes = Buffer.byteLength(text)
      const ends = (parsed.stmts ?? []).map(({ stmt_location = 0, stmt_len }) => {
        // Without a length it reaches to the end of the text.
        const end = stmt_len === undefined || stmt_len === 0 ? bytes : stmt_location + stmt_len
        return { start: stmt_location, end }
      })
      return withUtf16(
        text,
        ends.map((extent) => trim(extent, tokens)),
      )
    },
    tokens: (text) => {
      const scanned = unlessRefused(() => scanSync(text))
      return scanned === null ? null : withUtf16(text, scanned.tokens)
    },
  }
}

function unlessRefused<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch {
    return null
  }
}

function isComment({ tokenName }: ScanToken): boolean {
  return tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT'
}

/** From its first to its last token. The grammar's own places may take in white space and comments. */
function trim({ start, end }: Extent, tokens: readonly ScanToken[]): Extent {
  const first = tokens.find((token) => token.start >= start)
  const last = tokens.findLast((token) => token.end <= end)
  if (first === undefined || last === undefined) throw new TypeError('a statement without a token')
  return { start: first.start, end: last.end }
}

/** The server counts bytes of UTF-8. */
function withUtf16(text: string, extents: readonly Extent[]): readonly Extent[] {
  const bytes = Buffer.from(text)
  if (bytes.length === text.length) return extents.map(({ start, end }) => ({ start, end }))
  const offsets = new Uint32Array(bytes.length + 1)
  let offset = 0
  for (const [index, byte] of bytes.entries()) {
    offsets[index] = offset
    // A byte that begins a character; those beyond the basic plane take two units.
    if ((byte & 0b1100_0000) !== 0b1000_0000) offset += byte >= 0b1111_0000 ? 2 : 1
  }
  offsets[bytes.length] = offset
  return extents.map(({ start, end }) => ({ start: offsets[start] ?? -1, end: offsets[end] ?? -1 }))
}
