import { isSwitchedOn } from './non-transactional.js'
import type { Token } from './scan-token.js'
import type { Statement } from './statement.js'
import { readTokens, upperCaseWord } from './statement-tokens.js'

/** What a statement with CONCURRENTLY does to indexes, and may leave behind as an invalid one when it fails. */
export type IndexWork =
  | {
      readonly kind: 'create'
      readonly isUnique: boolean
      /** As it stands in the statement; null when PostgreSQL chooses the name. */
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
  | {
      readonly kind: 'drop'
      /** As it stands in the statement. */
      readonly index: string
    }

/**
 * Reads CREATE INDEX CONCURRENTLY, REINDEX ... CONCURRENTLY and DROP INDEX CONCURRENTLY.
 *
 * @returns null for every other statement.
 */
export function readIndexWork(text: string, statement: Statement): IndexWork | null {
  const { keywords, options } = statement
  if (!keywords.includes('CONCURRENTLY') && !isSwitchedOn(options, 'CONCURRENTLY')) return null
  if (keywords[0] === 'CREATE') return readCreate(readTokens(text, statement), text)
  if (keywords[0] === 'DROP') return readDrop(readTokens(text, statement), text)
  return keywords[0] === 'REINDEX' ? readReindex(readTokens(text, statement), text, keywords) : null
}

function readCreate(tokens: readonly Token[], text: string): IndexWork | null {
  const words = tokens.map((token) => upperCaseWord(text, token))
  const concurrently = words.indexOf('CONCURRENTLY')
  const on = words.indexOf('ON', concurrently)
  if (on === -1) return null
  const hasCondition = words[concurrently + 1] === 'IF' && words[concurrently + 2] === 'NOT'
  const nameAt = concurrently + (hasCondition ? 4 : 1)
  const name = nameAt < on ? tokens[nameAt] : undefined
  const nameEnd = tokens[on - 1]?.end
  const table = readName(tokens, text, words[on + 1] === 'ONLY' ? on + 2 : on + 1)
  return table === null
    ? null
    : {
        kind: 'create',
        isUnique: words[1] === 'UNIQUE',
        index: name === undefined ? null : text.slice(name.start, nameEnd),
        table,
      }
}

/** PostgreSQL drops one index at a time with CONCURRENTLY. */
function readDrop(tokens: readonly Token[], text: string): IndexWork | null {
  const words = tokens.map((token) => upperCaseWord(text, token))
  const concurrently = words.indexOf('CONCURRENTLY')
  const index = readName(tokens, text, concurrently + (words[concurrently + 1] === 'IF' ? 3 : 1))
  return words[1] !== 'INDEX' || index === null ? null : { kind: 'drop', index }
}

function readReindex(tokens: readonly Token[], text: string, keywords: readonly string[]): IndexWork | null {
  const object = keywords.find((word) => /^(INDEX|TABLE|SCHEMA|DATABASE|SYSTEM)$/.test(word))
  if (!isReindexed(object)) return null
  const words = tokens.map((token) => upperCaseWord(text, token))
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
    const written = text.slice(token.start, token.end)
    if (/^u&"/i.test(written)) {
      const isEscapeNamed = upperCaseWord(text, tokens[index + 1]) === 'UESCAPE'
      const character = isEscapeNamed ? text.slice(tokens[index + 2]?.start, tokens[index + 2]?.end)[1] : undefined
      name += decodeName(written.slice(2), character ?? '\\')
      if (isEscapeNamed) index += 2
    } else name += written
    const next = tokens[index + 1]
    if (next === undefined || text.slice(next.start, next.end) !== '.') break
    name += '.'
    index += 1
  }
  return name === '' ? null : name
}

/** A `U&"..."` as a plain quoted name, which is what `to_regclass()` understands. */
function decodeName(quoted: string, character: string): string {
  const sign = character.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
  const escaped = new RegExp(`${sign}(?:${sign}|\\+([0-9a-f]{6})|([0-9a-f]{4}))`, 'gi')
  return quoted.replace(escaped, (_, long: string | undefined, short: string | undefined) => {
    const digits = long ?? short
    const letter = digits === undefined ? character : String.fromCharCode(...utf16(Number.parseInt(digits, 16)))
    return letter === '"' ? '""' : letter
  })
}

/** One escape may be half of a surrogate pair. */
function utf16(code: number): readonly number[] {
  return code < 0x10000 ? [code] : [0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff)]
}
