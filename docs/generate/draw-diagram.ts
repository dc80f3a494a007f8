import type { Table } from '../../lib/catalogue/read-catalogue.js'
import { ownColumns, parseForeignKey } from './foreign-key.js'

interface DiagramOptions {
  /** Whether the columns that hold keys and states are drawn, or the names of the tables only. */
  readonly withColumns: boolean
  /** Names of enums, to know which columns hold a state. */
  readonly enums: ReadonlySet<string>
}

/**
 * Draws tables and the keys between them as a Mermaid entity diagram. The key to the organisation, which every table
 * has, is left out: it would only tie everything to one box. Tables of other schemas appear with their full names.
 */
export function drawDiagram(tables: readonly Table[], { withColumns, enums }: DiagramOptions): string {
  const drawn = tables.filter(({ partitionOf }) => partitionOf === null)
  const schemas = new Set(drawn.map(({ name }) => name.split('.')[0]))
  const isInside = (name: string): boolean => schemas.size === 1 && schemas.has(name.split('.')[0])
  const entity = (name: string): string => (isInside(name) ? (name.split('.')[1] ?? name) : name.replace('.', '_'))
  const declare = (name: string): string => (isInside(name) ? entity(name) : `${entity(name)}["${name}"]`)
  const others = [...new Set(drawn.flatMap((table) => foreignKeys(table).map(({ target }) => target)))]
    .filter((target) => !drawn.some(({ name }) => name === target))
    .map((target) => `  ${declare(target)}`)
  const boxes = drawn.map((table) => {
    if (!withColumns) return `  ${declare(table.name)}`
    return [`  ${declare(table.name)} {`, ...drawColumns(table, enums), '  }'].join('\n')
  })
  const lines = drawn.flatMap((table) => drawKeys(table, entity))
  return ['```mermaid', 'erDiagram', ...boxes, ...others, ...lines, '```'].join('\n')
}

function drawColumns(table: Table, enums: ReadonlySet<string>): readonly string[] {
  const primary = columnsOf(table, 'primary key').flat()
  const foreign = foreignKeys(table).flatMap(ownColumns)
  return table.columns
    .filter(({ name, type }) => primary.includes(name) || foreign.includes(name) || enums.has(type))
    .map(({ name, type }) => {
      const marks = [primary.includes(name) && 'PK', foreign.includes(name) && 'FK'].filter((mark) => mark !== false)
      return `    ${type.replace(/^\w+\./, '').replace(/\W+/g, '_')} ${name}${marks.length > 0 ? ` ${marks.join(', ')}` : ''}`
    })
}

function drawKeys(table: Table, entity: (name: string) => string): readonly string[] {
  const unique = [...columnsOf(table, 'primary key'), ...columnsOf(table, 'unique')].map((one) => one.toSorted().join())
  return foreignKeys(table).map((key) => {
    const columns = ownColumns(key)
    const isOptional = table.columns.some(({ name, nullable }) => columns.includes(name) && nullable)
    const isOne = unique.includes(key.columns.toSorted().join())
    return `  ${entity(key.target)} ${isOptional ? '|o' : '||'}--${isOne ? 'o|' : 'o{'} ${entity(table.name)} : "${columns.join(', ')}"`
  })
}

function foreignKeys(table: Table) {
  return table.constraints
    .filter(({ kind }) => kind === 'foreign key')
    .map(({ definition }) => parseForeignKey(definition))
    .filter(({ target }) => target !== 'iam.organisations')
}

function columnsOf({ constraints }: Table, wanted: 'primary key' | 'unique'): readonly (readonly string[])[] {
  return constraints
    .filter(({ kind }) => kind === wanted)
    .map(({ definition }) => /\(([^)]+)\)/.exec(definition)?.[1]?.split(', ') ?? [])
}
