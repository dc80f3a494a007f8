import type { Catalogue, Column, Table } from '../../lib/catalogue/read-catalogue.js'
import { moduleOf } from './names.js'
import { type ResolvedType, resolveType } from './resolve-type.js'
import { translateDefault } from './translate-default.js'
import { type Translation, translateExpression } from './translate-expression.js'

/** A table or view, as far as TypeScript has to know it. */
export interface Relation {
  readonly name: string
  readonly comment: string | null
  readonly isTable: boolean
  readonly columns: readonly DescribedColumn[]
  readonly checks: readonly DescribedCheck[]
}

export interface DescribedColumn extends Pick<Column, 'name' | 'nullable' | 'comment'> {
  readonly type: ResolvedType
  readonly hasDefault: boolean
  /** See {@link translateDefault}; only of columns that a constraint compares with others. */
  readonly default: string | null
}

export interface DescribedCheck extends Translation {
  readonly name: string
  readonly expression: string
}

/** Describes the tables and views of one module; partitions are left out, being the same as their table. */
export function describeRelations(catalogue: Catalogue, module: string): readonly Relation[] {
  const isOwn = ({ name }: { readonly name: string }): boolean => moduleOf(name) === module
  const tables = catalogue.tables.filter((table) => isOwn(table) && table.partitionOf === null)
  const views = catalogue.views.filter(isOwn)
  return [
    ...tables.map((table) => describeTable(catalogue, table, module)),
    ...views.map(({ name, comment, columns }) => ({
      name,
      comment,
      isTable: false,
      columns: columns.map((column) => describeColumn(catalogue, column, module, false)),
      checks: [],
    })),
  ]
}

function describeTable(catalogue: Catalogue, table: Table, module: string): Relation {
  const types = new Map(
    table.columns.map(({ name, type }) => [name, { type, resolved: resolveType(catalogue, type, module) }]),
  )
  const typeOf = (name: string) => {
    const found = types.get(name)
    if (found === undefined) return null
    const domain = catalogue.domains.find((each) => each.name === found.type)
    return { type: domain?.type ?? found.type, comparison: found.resolved.comparison }
  }
  const own = table.constraints
    .filter(({ kind }) => kind === 'check')
    .map(({ name, definition }) => describeCheck(name, definition, (source) => translateExpression(source, typeOf)))
  const ofDomains = table.columns.flatMap((column) =>
    (types.get(column.name)?.resolved.domainChecks ?? []).map((check) => {
      const [name = ''] = check.split(' ', 1)
      return describeCheck(name, check.slice(name.length + 1), (source) =>
        translateExpression(source, typeOf, column.name),
      )
    }),
  )
  const checks = [...ofDomains, ...own]
  const compared = new Set(checks.filter(({ columns }) => columns.length > 1).flatMap(({ columns }) => columns))
  const objects = new Set(checks.filter(isObjectCheck).flatMap(({ columns }) => columns))
  const columns = table.columns.map((column) => {
    const described = describeColumn(catalogue, column, module, compared.has(column.name))
    return objects.has(column.name) ? { ...described, type: asObject(described.type) } : described
  })
  return { name: table.name, comment: table.comment, isTable: true, columns, checks }
}

function describeColumn(catalogue: Catalogue, column: Column, module: string, isCompared: boolean): DescribedColumn {
  const { name, nullable, comment } = column
  if (column.generated !== null) throw new Error(`The column ${name} is generated; the generator does not know how.`)
  const type = resolveType(catalogue, column.type, module)
  const value = column.default === null || !isCompared ? null : translateDefault(column.default, type.write)
  if (column.default !== null && isCompared && value === null) {
    throw new Error(`The column ${name} is compared with others, and its default ${column.default} is not known.`)
  }
  return { name, nullable, comment, type, hasDefault: column.default !== null, default: value }
}

function describeCheck(name: string, definition: string, translate: (source: string) => Translation): DescribedCheck {
  const [, source] = /^CHECK \((.*)\)$/s.exec(definition) ?? []
  if (source === undefined) throw new Error(`The constraint ${name} has a form that is not known: ${definition}`)
  return { name, expression: readable(source), ...translate(source) }
}

/** On one line, without the parentheses around the whole. */
function readable(source: string): string {
  const line = source.replace(/\s+/g, ' ').trim()
  return line.startsWith('(') && closesAtEnd(line) ? readable(line.slice(1, -1)) : line
}

function closesAtEnd(line: string): boolean {
  let depth = 0
  for (const [index, character] of [...line.replace(/'(?:[^']|'')*'/g, (text) => '_'.repeat(text.length))].entries()) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth === 0) return index === [...line].length - 1
  }
  return false
}

function isObjectCheck({ code }: DescribedCheck): boolean {
  return /^equal\(jsonTypeof\(row\['\w+'\]\), 'object'\)$/.test(code)
}

function asObject(type: ResolvedType): ResolvedType {
  return { ...type, select: 'JsonObject', write: 'JsonObject' }
}
