import type { Catalogue } from '../../lib/catalogue/read-catalogue.js'
import { bundled } from '../../lib/modules/bundled.js'
import type { DescribedColumn, Relation } from './describe-relations.js'
import { bareName, keyOf, moduleOf, quote, toCamel, toPascal } from './names.js'

export const header = '// Generated from the catalogue of a migrated database by npm run generate; do not edit.\n'

/** Writes the enums, names and row types of one module. */
export function writeModuleTypes(catalogue: Catalogue, module: string, relations: readonly Relation[]): string {
  const enums = catalogue.enums.filter(({ name }) => moduleOf(name) === module)
  const body = [
    ...enums.map(({ name, labels, comment }) => writeEnum(name, labels, comment)),
    writeNames('tables', 'The tables of the module, by their qualified names.', relations.filter(isTable)),
    writeNames('views', 'The views of the module, by their qualified names.', relations.filter(isView)),
    writeColumnNames(relations),
    ...relations.map(writeInterface),
    writeDatabase(module, relations),
  ].join('\n')
  return `${header}${writeImports(body)}\n${body}`
}

const isTable = (relation: Relation): boolean => relation.isTable
const isView = (relation: Relation): boolean => !relation.isTable

function writeImports(body: string): string {
  const modules = bundled
    .flatMap(({ schemas }): readonly string[] => schemas)
    .filter((name) => new RegExp(`[ <(]${name}\\.[A-Z]`).test(body))
    .toSorted()
  const types = ['ColumnType', 'Generated', 'JsonObject', 'JsonValue', 'ReadOnly'].filter((name) =>
    new RegExp(`\\b${name}\\b`).test(body),
  )
  return [
    `import type { ${types.join(', ')} } from '../row-types.js'\n`,
    ...modules.map((name) => `import type * as ${name} from './${name}.js'\n`),
  ].join('')
}

function writeEnum(name: string, labels: readonly string[], comment: string | null): string {
  const entries = labels.map((label) => `  ${keyOf(label)}: ${quote(label)},\n`)
  return `${writeComment(comment ?? `Values of ${name}.`)}export const ${toCamel(name)} = {
${entries.join('')}} as const

/** A value of {@link ${toCamel(name)}}. */
export type ${toPascal(name)} = (typeof ${toCamel(name)})[keyof typeof ${toCamel(name)}]
`
}

function writeNames(constant: string, comment: string, relations: readonly Relation[]): string {
  const entries = relations.map(({ name }) => `  ${keyOf(bareName(name))}: ${quote(name)},\n`)
  return `/** ${comment} */\nexport const ${constant} = {\n${entries.join('')}} as const\n`
}

function writeColumnNames(relations: readonly Relation[]): string {
  const entries = relations.map(
    ({ name, columns }) =>
      `  ${keyOf(bareName(name))}: [\n${columns.map((column) => `    ${quote(column.name)},\n`).join('')}  ],\n`,
  )
  return `/** The columns of each table and view, in their order. */\nexport const columns = {\n${entries.join('')}} as const\n`
}

function writeInterface({ name, comment, isTable: isWritable, columns }: Relation): string {
  const members = columns.map(
    (column) =>
      `${column.comment === null ? '' : `  ${writeComment(column.comment)}`}  readonly ${keyOf(column.name)}: ${writeColumn(column, isWritable)}\n`,
  )
  return `${writeComment(comment ?? name)}export interface ${interfaceName(name)} {\n${members.join('')}}\n`
}

/** `survey.contacts` is `ContactsTable`, `survey.v_campaign_progress` is `CampaignProgressView`. */
function interfaceName(name: string): string {
  const [, schema = '', view] = /^(\w+)\.v_(\w+)$/.exec(name) ?? []
  return view === undefined ? `${toPascal(name)}Table` : `${toPascal(`${schema}.${view}`)}View`
}

function writeColumn({ type, nullable, hasDefault }: DescribedColumn, isWritable: boolean): string {
  const orNull = nullable ? ' | null' : ''
  const select = `${type.select}${orNull}`
  if (!isWritable) return `ReadOnly<${select}>`
  const write = `${type.write}${orNull}`
  if (select === write) return hasDefault ? `Generated<${select}>` : select
  return `ColumnType<${select}, ${write}${hasDefault || nullable ? ' | undefined' : ''}, ${write}>`
}

function writeDatabase(module: string, relations: readonly Relation[]): string {
  const members = relations.map(({ name }) => `  readonly ${quote(name)}: ${interfaceName(name)}\n`)
  return `/** The tables and views of the module ${module}. */\nexport interface ${databaseName(module)} {\n${members.join('')}}\n`
}

/** `survey` is `SurveyDatabase`. */
export function databaseName(module: string): string {
  return `${toPascal(`.${module}`)}Database`
}

function writeComment(text: string): string {
  return `/** ${text.replace(/\s+/g, ' ').replaceAll('*/', '* /')} */\n`
}
