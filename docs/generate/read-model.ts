import type { Sql } from 'postgres'
import { type Catalogue, readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { withoutMonthPartitions } from '../../lib/catalogue/without-month-partitions.js'
import { migrate, rollback } from '../../lib/index.js'
import { bundled } from '../../lib/modules/bundled.js'
import type { TestDatabase } from '../../lib/testing/index.js'

export type BundledManifest = (typeof bundled)[number]

/** What one bundled module brings. */
export interface ModuleContents {
  readonly manifest: BundledManifest
  /** What its schema says about itself; null for a link module, which has none. */
  readonly comment: string | null
  readonly enums: Catalogue['enums']
  readonly domains: Catalogue['domains']
  readonly tables: Catalogue['tables']
  readonly views: Catalogue['views']
  readonly functions: Catalogue['functions']
  /** Of a link module: the foreign keys it adds to tables of others. */
  readonly links: readonly LinkKey[]
}

export interface LinkKey {
  readonly table: string
  readonly name: string
  readonly definition: string
}

const schemas: readonly string[] = bundled.flatMap((manifest) => [...manifest.schemas])

/**
 * Installs the complete bundle in an empty database, reads it, and takes the link modules away again one by one: what is
 * gone then is what they brought.
 */
export async function readModel({ url, sql }: Pick<TestDatabase, 'url' | 'sql'>): Promise<readonly ModuleContents[]> {
  await migrate({ url })
  const owners = new Map<string, BundledManifest>()
  const complete = await readSchemas(sql)
  let before = complete
  for (const manifest of bundled.filter((one) => one.schemas.length === 0).toReversed()) {
    await rollback({ url, modules: [manifest.name], to: 'empty' })
    const after = await readSchemas(sql)
    for (const key of difference(keysOf(before), keysOf(after))) owners.set(key, manifest)
    before = after
  }
  const ownerOf = (kind: string, name: string): BundledManifest | undefined =>
    owners.get(`${kind} ${name}`) ?? bundled.find((one) => one.schemas.some((schema) => name.startsWith(`${schema}.`)))
  return bundled.map((manifest) => ({
    manifest,
    comment: complete.schemas.find(({ name }) => manifest.schemas.some((schema) => schema === name))?.comment ?? null,
    enums: complete.enums.filter(({ name }) => ownerOf('enum', name) === manifest),
    domains: complete.domains.filter(({ name }) => ownerOf('domain', name) === manifest),
    tables: complete.tables
      .filter(({ name }) => ownerOf('table', name) === manifest)
      .map((table) => ({
        ...table,
        constraints: table.constraints.filter(({ name }) => !owners.has(`constraint ${table.name}.${name}`)),
      })),
    views: complete.views.filter(({ name }) => ownerOf('view', name) === manifest),
    functions: complete.functions.filter((one) => ownerOf('function', signatureOf(one)) === manifest),
    links: complete.tables.flatMap((table) =>
      table.constraints
        .filter(({ name }) => owners.get(`constraint ${table.name}.${name}`) === manifest)
        .map(({ name, definition }) => ({ table: table.name, name, definition })),
    ),
  }))
}

/** Name and types of arguments, by which a function is told from its overloads. */
export function signatureOf({ name, arguments: types }: Catalogue['functions'][number]): string {
  return `${name}(${types})`
}

async function readSchemas(sql: Sql): Promise<Catalogue> {
  return withoutMonthPartitions(await readCatalogue(sql, schemas))
}

function keysOf({ enums, domains, tables, views, functions }: Catalogue): readonly string[] {
  return [
    ...enums.map(({ name }) => `enum ${name}`),
    ...domains.map(({ name }) => `domain ${name}`),
    ...tables.map(({ name }) => `table ${name}`),
    ...tables.flatMap(({ name, constraints }) => constraints.map((one) => `constraint ${name}.${one.name}`)),
    ...views.map(({ name }) => `view ${name}`),
    ...functions.map((one) => `function ${signatureOf(one)}`),
  ]
}

function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  const left = new Set(after)
  return before.filter((key) => !left.has(key))
}
