import type { Sql } from 'postgres'
import { type Catalogue, readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { bundled } from '../../lib/modules/bundled.js'
import { describeRelations } from './describe-relations.js'
import { writeModuleSchemas } from './write-module-schemas.js'
import { databaseName, header, writeModuleTypes } from './write-module-types.js'

/** The modules that have a schema; links have none. */
const modules = bundled.flatMap(({ schemas }) => [...schemas]).toSorted()

/**
 * Writes the TypeScript of the bundled model: enums, names, row types and zod schemas.
 *
 * @param sql client of a database to which all bundled modules were applied
 * @returns the text of each file, by its path below the root of the repository
 * @throws Error on a type, constraint or default that the generator does not know
 */
export async function writeModelFace(sql: Sql): Promise<Map<string, string>> {
  const catalogue = await readCatalogue(sql, modules)
  const files = new Map<string, string>()
  const put = (name: string, text: string): void => void files.set(`lib/model/generated/${name}.ts`, text)
  for (const module of modules) {
    const relations = describeRelations(catalogue, module)
    put(module, writeModuleTypes(catalogue, module, relations))
    put(`${module}-schemas`, writeModuleSchemas(relations))
  }
  put('database', writeDatabase(catalogue))
  return files
}

function writeDatabase(catalogue: Catalogue): string {
  const isModule = (name: string): boolean => modules.some((module) => name.startsWith(`${module}.`))
  const tables = catalogue.tables.filter(({ name, partitionOf }) => partitionOf === null && isModule(name))
  const views = catalogue.views.filter(({ name }) => isModule(name))
  const union = (names: readonly { readonly name: string }[]): string =>
    names.map(({ name }) => `\n  | '${name}'`).join('')
  return `${header}${modules.map((module) => `import type { ${databaseName(module)} } from './${module}.js'\n`).join('')}
/** All tables and views of the bundled model by their qualified names, in the form that Kysely takes. */
export interface Database extends ${modules.map(databaseName).join(', ')} {}

export type TableName =${union(tables)}

export type ViewName =${union(views)}
`
}
