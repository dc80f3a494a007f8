import type { Catalogue } from '../../lib/catalogue/read-catalogue.js'
import { moduleOf, toCamel, toPascal } from './names.js'

/** What a type of PostgreSQL is in TypeScript, and in the schemas. */
export interface ResolvedType {
  /** As the driver delivers it. */
  readonly select: string
  /** As it may be given to the driver. */
  readonly write: string
  /** Expression that makes the column kind of `lib/schemas/column-kinds.ts`. */
  readonly kind: string
  /** Names that the expression uses from there. */
  readonly uses: readonly string[]
  /** How constraints may compare values of this type; a type that is left out only by equality. */
  readonly comparison: 'number' | 'ordered' | 'equality' | 'none'
  /** The enum behind it. */
  readonly enumName?: string
  /** CHECK constraints of the domain, over VALUE. */
  readonly domainChecks: readonly string[]
}

type Simple = Pick<ResolvedType, 'select' | 'comparison'> & { readonly write?: string; readonly kind: string }

const simpleTypes: Readonly<Record<string, Simple>> = {
  uuid: { select: 'string', kind: 'uuid', comparison: 'equality' },
  text: { select: 'string', kind: 'text', comparison: 'equality' },
  boolean: { select: 'boolean', kind: 'boolean', comparison: 'equality' },
  smallint: { select: 'number', kind: 'smallint', comparison: 'number' },
  integer: { select: 'number', kind: 'integer', comparison: 'number' },
  bigint: { select: 'string', write: 'bigint', kind: 'bigint', comparison: 'none' },
  'double precision': { select: 'number', kind: 'doublePrecision', comparison: 'number' },
  'timestamp with time zone': { select: 'Date', kind: 'timestamptz', comparison: 'ordered' },
  date: { select: 'Date', write: 'string', kind: 'date', comparison: 'ordered' },
  'time without time zone': { select: 'string', kind: 'time', comparison: 'ordered' },
  bytea: { select: 'Uint8Array', kind: 'bytea', comparison: 'none' },
  jsonb: { select: 'JsonValue', kind: 'jsonb', comparison: 'none' },
  inet: { select: 'string', kind: 'inet', comparison: 'none' },
}

/**
 * Resolves the type of a column, as `format_type` prints it.
 *
 * @param module whose file the names are written in: an enum of another module is written with its namespace
 * @throws Error on a type that is not known
 */
export function resolveType(catalogue: Catalogue, type: string, module: string): ResolvedType {
  if (type.endsWith('[]')) {
    const { select, write, kind, uses } = resolveType(catalogue, type.slice(0, -2), module)
    return {
      select: `${select}[]`,
      write: `readonly ${write}[]`,
      kind: `arrayOf(${kind})`,
      uses: ['arrayOf', ...uses],
      comparison: 'none',
      domainChecks: [],
    }
  }
  const domain = catalogue.domains.find(({ name }) => name === type)
  if (domain !== undefined) {
    if (!domain.nullable || domain.default !== null) throw new Error(`The domain ${type} has more than checks.`)
    const base = resolveType(catalogue, domain.type, module)
    return { ...base, domainChecks: [...base.domainChecks, ...domain.checks] }
  }
  const found = catalogue.enums.find(({ name }) => name === type)
  if (found !== undefined) {
    const owner = moduleOf(type)
    const qualifier = owner === module ? '' : `${owner}.`
    const name = `${qualifier}${toPascal(type)}`
    return {
      select: name,
      write: name,
      kind: `enumeration(${owner}.${toCamel(type)})`,
      uses: ['enumeration'],
      comparison: 'equality',
      enumName: type,
      domainChecks: [],
    }
  }
  const numeric = /^numeric(?:\((\d+),(\d+)\))?$/.exec(type)
  if (numeric !== null) {
    const [, precision, scale] = numeric
    return {
      select: 'string',
      write: 'string | number',
      kind: precision === undefined ? 'numeric()' : `numeric(${precision}, ${scale})`,
      uses: ['numeric'],
      // Beyond 15 digits a number of JavaScript would compare wrongly.
      comparison: precision !== undefined && Number(precision) <= 15 ? 'number' : 'none',
      domainChecks: [],
    }
  }
  const isCitext = /^(?:\w+\.)?citext$/.test(type)
  const simple = simpleTypes[isCitext ? 'text' : type]
  if (simple === undefined) throw new Error(`The type ${type} is not known to the generator.`)
  const { select, write = select, kind } = simple
  return {
    select,
    write,
    kind,
    uses: [kind],
    comparison: isCitext ? 'none' : simple.comparison,
    domainChecks: [],
  }
}
