import type { DescribedCheck, DescribedColumn, Relation } from './describe-relations.js'
import { bareName, keyOf, quote } from './names.js'
import { header } from './write-module-types.js'

/** Names that live in `lib/schemas/three-valued-logic.ts`; all other functions live in `check-functions.ts`. */
const logic = new Set([
  'and',
  'atLeast',
  'atMost',
  'choose',
  'equal',
  'greaterThan',
  'isNotNull',
  'isNull',
  'isOneOf',
  'lessThan',
  'not',
  'notEqual',
  'or',
])

/** Writes the zod schemas of one module. */
export function writeModuleSchemas(relations: readonly Relation[]): string {
  return `${header}${writeImports(relations)}\n${relations.map(writeRelation).join('\n')}`
}

function writeImports(relations: readonly Relation[]): string {
  const columns = relations.flatMap((relation) => relation.columns)
  const kinds = sorted(columns.flatMap(({ type }) => type.uses))
  const functions = sorted(relations.flatMap(({ checks }) => checks.flatMap(({ uses }) => uses)))
  const modules = sorted(columns.flatMap(({ type }) => /enumeration\((\w+)\./.exec(type.kind)?.[1] ?? []))
  const definers = [
    ...(relations.some(({ isTable }) => isTable) ? ['defineTable'] : []),
    ...(relations.some(({ isTable }) => !isTable) ? ['defineView'] : []),
  ]
  return [
    writeImport(
      functions.filter((name) => !logic.has(name)),
      '../../schemas/check-functions.js',
    ),
    writeImport(kinds, '../../schemas/column-kinds.js'),
    writeImport(definers, '../../schemas/define-table.js'),
    writeImport(
      functions.filter((name) => logic.has(name)),
      '../../schemas/three-valued-logic.js',
    ),
    ...modules.map((name) => `import * as ${name} from './${name}.js'\n`),
  ].join('')
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort()
}

function writeImport(names: readonly string[], path: string): string {
  return names.length === 0 ? '' : `import { ${names.join(', ')} } from ${quote(path)}\n`
}

function writeRelation({ name, isTable, columns, checks }: Relation): string {
  const entries = columns.map((column) => `    ${keyOf(column.name)}: ${writeColumn(column, isTable)},\n`).join('')
  const definer = `/*@__PURE__*/ ${isTable ? 'defineTable' : 'defineView'}<${quote(name)}>`
  const end = isTable
    ? `  },\n  [${checks.length === 0 ? '' : `\n${checks.map(writeCheck).join('')}  `}],\n)`
    : '  },\n)'
  return `export const ${bareName(name)} = ${definer}(\n  {\n${entries}${end}\n`
}

function writeColumn(column: DescribedColumn, isTable: boolean): string {
  const parts = [
    `kind: ${column.type.kind}`,
    ...(column.nullable ? ['isNullable: true'] : []),
    ...(isTable && column.hasDefault ? ['hasDefault: true'] : []),
    ...(column.default === null ? [] : [`default: () => ${column.default}`]),
  ]
  return `{ ${parts.join(', ')} }`
}

function writeCheck({ name, columns, expression, code }: DescribedCheck): string {
  return `    {
      name: ${quote(name)},
      columns: [${columns.map(quote).join(', ')}],
      expression: ${quote(expression)},
      test: (row) => ${code},
    },
`
}
