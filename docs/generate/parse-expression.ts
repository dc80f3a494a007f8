/** An expression over columns, as `pg_get_constraintdef` prints it. */
export type Expression =
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: string }
  | { readonly kind: 'cast'; readonly value: Expression; readonly type: string }
  | { readonly kind: 'call'; readonly name: string; readonly values: readonly Expression[] }
  | { readonly kind: 'operation'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly value: Expression }
  | { readonly kind: 'null test'; readonly value: Expression; readonly isNegated: boolean }
  | { readonly kind: 'any'; readonly value: Expression; readonly list: readonly Expression[] }
  | {
      readonly kind: 'case'
      readonly condition: Expression
      readonly value: Expression
      readonly otherwise: Expression
    }

const token =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<number>\d+(?:\.\d+)?)|(?<quoted>"(?:[^"]|"")+")|(?<word>[A-Za-z_][\w$]*)|(?<symbol>::|<=|>=|<>|<@|[-+*/<>=~!@#%^&|?]+|[()[\],.]))/y

interface Token {
  readonly kind: string
  readonly text: string
}

/** Longest first: a name of a type that is several words. */
const longTypes = [
  'timestamp with time zone',
  'timestamp without time zone',
  'time without time zone',
  'time with time zone',
  'double precision',
  'character varying',
]

/** Words that are syntax where a column could stand; any that is not handled here stops the generation. */
const reserved = new Set([
  'ALL',
  'ANY',
  'ARRAY',
  'BETWEEN',
  'COLLATE',
  'DISTINCT',
  'EXISTS',
  'IN',
  'LIKE',
  'ROW',
  'SELECT',
])

/**
 * Parses the expression of a CHECK constraint or of a default.
 *
 * @throws Error on everything that it does not know, so that nothing is dropped in silence
 */
export function parseExpression(source: string): Expression {
  const tokens = tokenise(source)
  let at = 0

  const fail = (): never => {
    throw new Error(`The expression ${source} has a shape that the generator does not know, near token ${at + 1}.`)
  }
  const peek = (): Token => tokens[at] ?? { kind: 'end', text: '' }
  const next = (): Token => {
    const result = peek()
    at += 1
    return result
  }
  const isNext = (text: string): boolean => peek().text === text && peek().kind !== 'text'
  const accept = (text: string): boolean => {
    if (!isNext(text)) return false
    at += 1
    return true
  }
  const expect = (text: string): void => {
    if (!accept(text)) fail()
  }

  const disjunction = (): Expression => chain('OR', conjunction)
  const conjunction = (): Expression => chain('AND', negation)
  const chain = (word: string, part: () => Expression): Expression => {
    const parts = [part()]
    while (accept(word)) parts.push(part())
    const [first] = parts
    return parts.length === 1 && first !== undefined ? first : { kind: 'call', name: word, values: parts }
  }
  const negation = (): Expression => (accept('NOT') ? { kind: 'not', value: negation() } : comparison())

  const comparison = (): Expression => {
    const left = cast()
    if (accept('IS')) {
      const isNegated = accept('NOT')
      expect('NULL')
      return { kind: 'null test', value: left, isNegated }
    }
    if (peek().kind !== 'symbol' || [')', ']', ','].includes(peek().text)) return left
    const operator = next().text
    if (operator === '=' && accept('ANY')) {
      expect('(')
      expect('ARRAY')
      const list = listUntil('[', ']')
      expect(')')
      return { kind: 'any', value: left, list }
    }
    return { kind: 'operation', operator, left, right: cast() }
  }

  const listUntil = (open: string, close: string): readonly Expression[] => {
    expect(open)
    const values: Expression[] = []
    if (accept(close)) return values
    do values.push(disjunction())
    while (accept(','))
    expect(close)
    return values
  }

  const cast = (): Expression => {
    let value = primary()
    while (accept('::')) value = { kind: 'cast', value, type: typeName() }
    return value
  }

  const typeName = (): string => {
    const long = longTypes.find((type) => type.split(' ').every((word, index) => tokens[at + index]?.text === word))
    let name = long ?? qualifiedName()
    if (long !== undefined) at += long.split(' ').length
    if (accept('(')) {
      name += `(${next().text}`
      while (accept(',')) name += `,${next().text}`
      expect(')')
      name += ')'
    }
    if (accept('[')) {
      expect(']')
      name += '[]'
    }
    return name
  }

  const qualifiedName = (): string => {
    const names = [identifier()]
    while (accept('.')) names.push(identifier())
    return names.join('.')
  }

  const identifier = (): string => {
    const { kind, text } = next()
    if (kind === 'word') return text
    return kind === 'quoted' ? text.slice(1, -1).replaceAll('""', '"') : fail()
  }

  const primary = (): Expression => {
    const { kind, text } = peek()
    if (accept('(')) {
      const inner = disjunction()
      expect(')')
      return inner
    }
    if (kind === 'text') {
      at += 1
      return { kind: 'text', value: text.slice(1, -1).replaceAll("''", "'") }
    }
    if (kind === 'number') {
      at += 1
      return { kind: 'number', value: text }
    }
    if (accept('CASE')) return choice()
    if (kind === 'word' && reserved.has(text)) fail()
    const name = qualifiedName()
    return isNext('(') ? { kind: 'call', name, values: listUntil('(', ')') } : { kind: 'column', name }
  }

  const choice = (): Expression => {
    expect('WHEN')
    const condition = disjunction()
    expect('THEN')
    const value = disjunction()
    expect('ELSE')
    const otherwise = disjunction()
    expect('END')
    return { kind: 'case', condition, value, otherwise }
  }

  const result = disjunction()
  return at === tokens.length ? result : fail()
}

function tokenise(source: string): readonly Token[] {
  const tokens: Token[] = []
  const text = source.trim()
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const start = token.lastIndex
    const groups = token.exec(text)?.groups
    const found = Object.entries(groups ?? {}).find(([, value]) => value !== undefined)
    if (found === undefined) throw new Error(`The expression ${source} cannot be read at ${text.slice(start)}.`)
    tokens.push({ kind: found[0], text: found[1] ?? '' })
  }
  return tokens
}
