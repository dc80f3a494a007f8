import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCatalogue, type Table } from '../../lib/catalogue/read-catalogue.js'
import { allSchemas } from './bundled-files.js'
import { modelDatabase } from './model-database.js'

/** Stands in the name of an index in place of its columns, where it serves one kind of work. */
const indexRoles = 'due|queue|lease|open|running|entity|actor|name'

test('everything in the complete model has a comment and a name that says what it is', async (t) => {
  const { sql } = await modelDatabase(t)
  const { schemas, enums, domains, tables, views, functions } = await readCatalogue(sql, allSchemas)
  // The server names the parts of a partition.
  const own = tables.filter(({ partitionOf }) => partitionOf === null)
  const objects = [...enums, ...domains, ...tables, ...views, ...functions]

  await t.test('schemas, types, tables, columns, indexes, views and functions are described', () => {
    const described = [...schemas, ...objects, ...own.flatMap((table) => [...table.columns, ...indexesOf(table)])]
    assert.deepEqual(
      described.filter(({ comment }) => !comment?.trim()).map(({ name }) => name),
      [],
    )
  })

  await t.test('names are plain and no longer than the server keeps', () => {
    const parts = own.flatMap(({ columns, constraints, indexes, triggers, policies }) => [
      ...[...columns, ...constraints, ...indexes, ...triggers, ...policies],
    ])
    const names = [
      ...objects.map(({ name }) => unqualified(name)),
      ...[...schemas, ...parts, ...views.flatMap(({ columns }) => columns)].map(({ name }) => name),
    ]
    for (const name of names) {
      assert.match(name, /^[a-z][a-z0-9_]*$/)
      assert.ok(Buffer.byteLength(name) <= 63, name)
    }
  })

  await t.test('constraints, indexes, triggers and policies are named after their table and columns', () => {
    for (const table of own) for (const [name, pattern] of namesOfParts(table)) assert.match(name, pattern)
  })

  await t.test('views, domain checks and parameters are told by their names', () => {
    for (const { name } of views) assert.match(name, /^\w+\.v_/)
    for (const { name, checks } of domains) {
      for (const check of checks) assert.match(check, new RegExp(`^ck_${unqualified(name)} `))
    }
    for (const { name, arguments: list } of functions) {
      for (const parameter of list === '' ? [] : list.split(', ')) assert.match(parameter, /^p_[a-z0-9_]+ /, name)
    }
  })
})

/** Names of the parts of a table, and what each has to look like. */
function namesOfParts(table: Table): readonly (readonly [name: string, pattern: RegExp])[] {
  const { constraints, triggers, policies } = table
  const own = unqualified(table.name)
  const namesOfConstraints = constraints.map(({ name, kind, definition }) => {
    const columns = columnsOfKey(definition)
    if (kind === 'primary key') return [name, new RegExp(`^pk_${own}$`)] as const
    if (kind === 'unique') return [name, new RegExp(`^uq_${own}_${columns}$`)] as const
    if (kind === 'foreign key') return [name, new RegExp(`^fk_${own}_${columns}$`)] as const
    return [name, new RegExp(`^ck_${own}_\\w+$`)] as const
  })
  const namesOfIndexes = indexesOf(table).map(({ name, unique, columns }) => {
    if (unique) return [name, new RegExp(`^uq_${own}_\\w+$`)] as const
    // Indexes of a partitioned table end in the partition key, which goes without saying.
    const named = columns.filter((column) => column !== 'organisation_id' && !(column === 'id' && isPartitioned(table)))
    const list = named.map((column) => column.replace(/ DESC$/, '')).join('_')
    return [name, new RegExp(`^ix_${own}_(${list}|${indexRoles})$`)] as const
  })
  return [
    ...namesOfConstraints,
    ...namesOfIndexes,
    ...triggers.map(({ name }) => [name, new RegExp(`^trg_${own}_\\w+$`)] as const),
    ...policies.map(({ name }) => [name, /^(tenant_isolation|worker_access|users_\w+)$/] as const),
  ]
}

/** The indexes that no constraint brings; those have the comment of none. */
function indexesOf({ indexes, constraints }: Table): Table['indexes'] {
  const names = new Set(constraints.map(({ name }) => name))
  return indexes.filter(({ name }) => !names.has(name))
}

/** The columns of a key, without the tenant unless it is the only one. */
function columnsOfKey(definition: string): string {
  const columns = /\(([^)]*)\)/.exec(definition)?.[1]?.replaceAll('"', '').split(', ') ?? []
  return columns.length === 1 ? columns.join('_') : columns.filter((name) => name !== 'organisation_id').join('_')
}

function isPartitioned({ kind }: Table): boolean {
  return kind === 'partitioned table'
}

function unqualified(name: string): string {
  return name.slice(name.indexOf('.') + 1)
}
