import { quote } from './names.js'
import { type Expression, parseExpression } from './parse-expression.js'
import type { ResolvedType } from './resolve-type.js'
import { translatePattern } from './translate-pattern.js'

/** A CHECK constraint in TypeScript. */
export interface Translation {
  /** Expression over `row`. */
  readonly code: string
  /** Columns that it reads, in order of appearance. */
  readonly columns: readonly string[]
  /** Functions of `lib/schemas` that it calls. */
  readonly uses: readonly string[]
}

type Comparison = ResolvedType['comparison'] | 'literal'

interface Part {
  readonly code: string
  readonly comparison: Comparison
  /** Type of PostgreSQL, when a cast has to know it. */
  readonly type?: string
}

const functions: Readonly<Record<string, { readonly name: string; readonly comparison: Comparison }>> = {
  length: { name: 'length', comparison: 'number' },
  octet_length: { name: 'octetLength', comparison: 'number' },
  cardinality: { name: 'cardinality', comparison: 'number' },
  num_nonnulls: { name: 'countNonNulls', comparison: 'number' },
  jsonb_typeof: { name: 'jsonTypeof', comparison: 'equality' },
  substr: { name: 'substr', comparison: 'equality' },
  lower: { name: 'lower', comparison: 'equality' },
  btrim: { name: 'btrim', comparison: 'equality' },
  'iam.is_timezone': { name: 'isTimezone', comparison: 'equality' },
  AND: { name: 'and', comparison: 'equality' },
  OR: { name: 'or', comparison: 'equality' },
}

const comparisons: Readonly<Record<string, string>> = {
  '=': 'equal',
  '<>': 'notEqual',
  '<': 'lessThan',
  '<=': 'atMost',
  '>': 'greaterThan',
  '>=': 'atLeast',
}

/**
 * Translates the expression of a CHECK constraint.
 *
 * @param typeOf the type of a column as `format_type` prints it, and how it compares; null when there is no such column
 * @param value column that VALUE stands for, in the constraint of a domain
 * @throws Error on every shape that it does not know, so that no constraint is dropped in silence
 */
export function translateExpression(
  source: string,
  typeOf: (column: string) => Required<Pick<Part, 'comparison' | 'type'>> | null,
  value?: string,
): Translation {
  const columns = new Set<string>()
  const uses = new Set<string>()

  const fail = (why: string): never => {
    throw new Error(`The constraint ${source} cannot be translated: ${why}.`)
  }
  const call = (name: string, values: readonly string[]): string => {
    uses.add(name)
    return `${name}(${values.join(', ')})`
  }

  const visit = (part: Expression): Part => {
    switch (part.kind) {
      case 'column':
        return visitColumn(part.name)
      case 'text':
        return { code: quote(part.value), comparison: 'literal' }
      case 'number':
        return { code: part.value, comparison: 'literal' }
      case 'cast':
        return visitCast(part.value, part.type)
      case 'not':
        return { code: call('not', [visit(part.value).code]), comparison: 'equality' }
      case 'null test': {
        return { code: call(part.isNegated ? 'isNotNull' : 'isNull', [visit(part.value).code]), comparison: 'equality' }
      }
      case 'any':
        return visitAny(part.value, part.list)
      case 'case': {
        const values = [part.condition, part.value, part.otherwise].map((each) => visit(each).code)
        return { code: call('choose', values), comparison: 'equality' }
      }
      case 'call': {
        const known = functions[part.name] ?? fail(`the function ${part.name} is not known`)
        const values = part.values.map((each) => visit(each).code)
        return { code: call(known.name, values), comparison: known.comparison }
      }
      case 'operation':
        return visitOperation(part)
      default:
        return part satisfies never
    }
  }

  const visitColumn = (written: string): Part => {
    const isTruth = written === 'true' || written === 'false'
    if (isTruth) return { code: written, comparison: 'literal' }
    const name = written === 'VALUE' && value !== undefined ? value : written
    const type = typeOf(name) ?? fail(`there is no column ${name}`)
    columns.add(name)
    return { code: `row[${quote(name)}]`, ...type }
  }

  const visitCast = (inner: Expression, type: string): Part => {
    const part = visit(inner)
    if (part.comparison === 'literal') {
      if (inner.kind !== 'text') return part
      if (type.endsWith('[]')) return { code: listOf(inner.value, type), comparison: 'none' }
      return isNumber(type) ? { code: numberOf(inner.value), comparison: 'literal' } : part
    }
    const isText = type === 'text' && (part.type === 'uuid' || /citext$/.test(part.type ?? ''))
    return isText ? { code: part.code, comparison: 'equality', type } : fail(`the cast to ${type} is not known`)
  }

  const listOf = (text: string, type: string): string =>
    /^(?:small|big)?int(?:eger)?\[\]$/.test(type) && /^\{\d+(?:,\d+)*\}$/.test(text)
      ? `[${text.slice(1, -1).replaceAll(',', ', ')}]`
      : fail(`the list ${text} of type ${type} is not known`)

  const isNumber = (type: string): boolean => /^(?:smallint|integer|bigint|double precision|numeric\b.*)$/.test(type)

  const numberOf = (text: string): string =>
    /^-?\d+(?:\.\d+)?$/.test(text) ? text : fail(`the number ${text} is not known`)

  const visitAny = (inner: Expression, list: readonly Expression[]): Part => {
    const part = visit(inner)
    const items = list.map(visit)
    if (part.comparison !== 'equality' || items.some(({ comparison }) => comparison !== 'literal')) {
      fail('only a column that is compared for equality can be one of a list of literals')
    }
    return {
      code: call('isOneOf', [part.code, `[${items.map(({ code }) => code).join(', ')}]`]),
      comparison: 'equality',
    }
  }

  const visitOperation = ({ operator, left, right }: Expression & { readonly kind: 'operation' }): Part => {
    const first = visit(left)
    if (operator === '~') return { code: call('matches', [first.code, patternOf(right)]), comparison: 'equality' }
    const second = visit(right)
    if (operator === '<@') return { code: call('isContainedBy', [first.code, second.code]), comparison: 'equality' }
    const name = comparisons[operator] ?? fail(`the operator ${operator} is not known`)
    const both = [first, second].map(({ comparison }) => comparison).filter((comparison) => comparison !== 'literal')
    const isEquality = operator === '=' || operator === '<>'
    const isComparable = both.every((comparison) => (isEquality ? comparison !== 'none' : isOrdered(comparison, both)))
    if (!isComparable || new Set(both).size !== 1) fail(`the sides of ${operator} cannot be compared`)
    return { code: call(name, [first.code, second.code]), comparison: 'equality' }
  }

  /** A literal beside a time would have to be read as one; none occurs. */
  const isOrdered = (comparison: Comparison, both: readonly Comparison[]): boolean =>
    comparison === 'number' || (comparison === 'ordered' && both.length === 2)

  const patternOf = (right: Expression): string => {
    const literal = right.kind === 'cast' ? right.value : right
    if (literal.kind !== 'text') return fail('a pattern has to be a literal')
    return `/${translatePattern(literal.value)}/u`
  }

  const { code } = visit(parseExpression(source))
  return { code, columns: [...columns], uses: [...uses] }
}
