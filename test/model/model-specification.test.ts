import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { type Catalogue, readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import type { BundledModuleName } from '../../lib/modules/bundled.js'
import { allSchemas, upFiles } from './bundled-files.js'
import { modelDatabase } from './model-database.js'
import { createSpecified, type Specification } from './specification.js'
import { specificationsOf } from './specifications/bundle.js'

const selections: readonly (readonly BundledModuleName[])[] = [
  ['iam'],
  ['iam', 'survey'],
  ['iam', 'telephony'],
  ['iam', 'notify'],
  ['iam', 'survey', 'telephony'],
  ['iam', 'survey', 'notify'],
  ['iam', 'telephony', 'notify'],
  ['iam', 'survey', 'telephony', 'notify'],
]

for (const selection of selections) {
  test(`${selection.join(', ')}: the schemas hold what the model describes, in every detail`, async (t) => {
    const { sql } = await modelDatabase(t, selection)
    const installed = new Set(upFiles(selection).map(({ module }) => module))
    const specifications = specificationsOf(installed)
    const found = await readCatalogue(sql, allSchemas)
    assert.deepEqual(found.schemas.map(({ name }) => name).sort(), specifications.map(({ schema }) => schema).sort())
    for (const specification of specifications) {
      const expected = await readExpected(sql, specification)
      const { partitions, ...rest } = parts(found, specification.schema)
      for (const [kind, list] of Object.entries(parts(expected, specification.schema))) {
        if (kind === 'partitions') continue
        const lists: Readonly<Record<string, readonly Named[]>> = rest
        assertSame(lists[kind] ?? [], list, `${kind} of ${specification.schema}`)
      }
      assert.deepEqual(partitions, defaultPartitions(specification))
    }
  })
}

interface Named {
  readonly name: string
}

/** One by one, so that the difference is short. */
function assertSame(found: readonly Named[], expected: readonly Named[], what: string): void {
  assert.deepEqual(
    found.map(({ name }) => name),
    expected.map(({ name }) => name),
    what,
  )
  for (const [index, item] of found.entries()) assert.deepEqual(item, expected[index])
}

/** The catalogue that the server makes of a specification, in the name of the real schema. */
async function readExpected(sql: Sql, specification: Specification): Promise<Catalogue> {
  const schema = `specified_${specification.schema}`
  await createSpecified(sql, specification, schema, defaultRoleNames)
  const text = JSON.stringify(await readCatalogue(sql, [schema]))
  return JSON.parse(text.replaceAll(schema, specification.schema))
}

/** What a schema holds, apart from what a specification leaves open. */
function parts(catalogue: Catalogue, schema: string) {
  const isOfSchema = ({ name }: Named): boolean => name.startsWith(`${schema}.`)
  const tables = catalogue.tables.filter(isOfSchema)
  return {
    schemas: catalogue.schemas.filter(({ name }) => name === schema).map(({ comment: _, ...facts }) => facts),
    enums: catalogue.enums.filter(isOfSchema),
    domains: catalogue.domains.filter(isOfSchema).map(({ comment: _, ...facts }) => facts),
    tables: tables.filter(({ partitionOf }) => partitionOf === null),
    partitions: tables
      .filter(({ partitionOf }) => partitionOf !== null)
      .map(({ name, owner, comment, grants, partitionOf, partitionBound, rowSecurity, policies }) => {
        return { name, owner, comment, grants, partitionOf, partitionBound, rowSecurity, policies }
      }),
    views: catalogue.views.filter(isOfSchema).map(({ comment: _, definition: __, ...facts }) => facts),
    sequences: catalogue.sequences.filter(isOfSchema),
    functions: catalogue.functions
      .filter(isOfSchema)
      .map(({ name, owner, grants, kind, volatility, securityDefiner, definition }) => {
        // Name and arguments stand in its first line, what it returns in the second.
        const signature = definition?.split('\n').slice(0, 2)
        return { name, owner, grants, kind, volatility, securityDefiner, signature }
      }),
  }
}

/** Only the owner may open a partition; the policy lets the functions of the owner see into it. */
function defaultPartitions({ schema, tables }: Specification) {
  const { owner, worker } = defaultRoleNames
  const workerAccess = {
    name: 'worker_access',
    permissive: true,
    command: 'ALL',
    roles: [worker],
    using: 'true',
    check: 'true',
    comment: null,
  }
  return Object.entries(tables)
    .filter(([, { partitionBy }]) => partitionBy !== undefined)
    .map(([name]) => ({
      name: `${schema}.${name}_default`,
      owner,
      comment: 'Rows without a month partition; see iam.default_partition_rows().',
      grants: [],
      partitionOf: `${schema}.${name}`,
      partitionBound: 'DEFAULT',
      rowSecurity: 'forced',
      policies: [workerAccess],
    }))
}
