import { readToken, type Token } from './scan-token.js'
import type { Statement } from './statement.js'

/** What a statement with CONCURRENTLY makes, and may leave behind as an invalid index when it fails. */
export type IndexWork =
  | {
      readonly kind: 'create'
      /** As the catalogue has it; null when PostgreSQL chooses the name. */
      readonly index: string | null
      /** As it stands in the statement, with schema and quotes. */
      readonly table: string
    }
  | {
      readonly kind: 'reindex'
      readonly object: 'INDEX' | 'TABLE' | 'SCHEMA' | 'DATABASE' | 'SYSTEM'
      /** As it stands in the statement; null when it names none. */
      readonly name: string | null
    }

/**
 * Reads CREATE INDEX CONCURRENTLY and REINDEX ... CONCURRENTLY.
 *
 * @returns null for every other statement.
 */
export function readIndexWork(text: string, statement: Statement): IndexWork | null {
  const { keywords, options } = statement
  if (!keywords.includes('CONCURRENTLY') && !options.includes('CONCURRENTLY')) return null
  if (keywords[0] === 'CREATE') return readCreate(readTokens(text, statement), text)
  return keywords[0] === 'REINDEX' ? readReindex(readTokens(text, statement), text, keywords) : null
}

function readCreate(tokens: readonly Token[], text: string): IndexWork | null {
  const words = tokens.map((token) => upperCase(text, token))
  const concurrently = words.indexOf('CONCURRENTLY')
  const on = words.indexOf('ON', concurrently)
  if (on === -1) return null
  const hasCondition = words[concurrently + 1] === 'IF' && words[concurrently + 2] === 'NOT'
  const nameAt = concurrently + (hasCondition ? 4 : 1)
  const name = nameAt < on ? tokens[nameAt] : undefined
  const table = readName(tokens, text, words[on + 1] === 'ONLY' ? on + 2 : on + 1)
  return table === null
    ? null
    : { kind: 'create', index: name === undefined ? null : plainName(text.slice(name.start, name.end)), table }
}

function readReindex(tokens: readonly Token[], text: string, keywords: readonly string[]): IndexWork | null {
  const object = keywords.find((word) => /^(INDEX|TABLE|SCHEMA|DATABASE|SYSTEM)$/.test(word))
  if (!isReindexed(object)) return null
  const words = tokens.map((token) => upperCase(text, token))
  const at = words.indexOf(object)
  return { kind: 'reindex', object, name: readName(tokens, text, words[at + 1] === 'CONCURRENTLY' ? at + 2 : at + 1) }
}

function isReindexed(word: string | undefined): word is (IndexWork & { readonly kind: 'reindex' })['object'] {
  return word !== undefined
}

/** A name with its qualification, as it is written. */
function readName(tokens: readonly Token[], text: string, from: number): string | null {
  let name = ''
  for (let index = from; index < tokens.length; index += 1) {
    const token = tokens[index]
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted-name')) break
    name += text.slice(token.start, token.end)
    const next = tokens[index + 1]
    if (next === undefined || text.slice(next.start, next.end) !== '.') break
    name += '.'
    index += 1
  }
  return name === '' ? null : name
}

function readTokens(text: string, { start, end }: Statement): readonly Token[] {
  const tokens: Token[] = []
  for (let token = readToken(text, start); token !== null && token.start < end; token = readToken(text, token.end)) {
    if (token.kind !== 'comment') tokens.push(token)
  }
  return tokens
}

/** Empty for what is not a bare word, so that a quoted name is never taken for a keyword. */
function upperCase(text: string, token: Token): string {
  return token.kind === 'word' ? text.slice(token.start, token.end).toUpperCase() : ''
}

/** Folds a name as PostgreSQL does: ASCII letters alone become lower-case. */
function plainName(written: string): string {
  if (written.startsWith('"')) return written.slice(1, -1).replaceAll('""', '"')
  return written.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
