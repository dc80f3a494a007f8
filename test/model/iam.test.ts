import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Catalogue, readCatalogue, type Table } from '../../lib/catalogue/read-catalogue.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { testDatabase } from '../../lib/testing/index.js'
import { bundledFiles, downFiles, runFiles, upFiles } from './bundled-files.js'
import { iamSpecification } from './iam-specification.js'
import { modelDatabase, openClient } from './model-database.js'
import { createSpecified } from './specification.js'

const { owner, app, worker, readonly } = defaultRoleNames

test('every file has its undo twin, and every file but the roles step switches to the owner first', () => {
  const names = bundledFiles(['iam']).map(({ name }) => name)
  assert.deepEqual(
    names
      .filter((name) => /^(V|R__)/.test(name))
      .map((name) => name.replace(/^V/, 'U').replace(/^R__/, 'UR__'))
      .sort(),
    names.filter((name) => /^U/.test(name)),
  )
  for (const { name, text } of [...upFiles(['iam']), ...downFiles(['iam'])]) {
    const [first, second] = text.split('\n').filter((line) => line !== '' && !line.startsWith('--'))
    assert.equal(first === `SET LOCAL ROLE ${owner};`, !name.includes('iam_roles'), name)
    assert.ok([first, second].includes('SET LOCAL search_path = pg_catalog;'), name)
    assert.ok(text.startsWith('-- '), `${name} begins with a comment`)
    assert.doesNotMatch(text.replace(/ON DELETE CASCADE/g, ''), /\bCASCADE\b|\$\{/, name)
    assert.ok(
      text.split('\n').every((line) => line.length <= 120),
      `${name} has no line over 120 characters`,
    )
  }
})

test('each file runs twice with the same result, up, down and up again', async (t) => {
  const { url, sql } = await testDatabase(t)
  const client = openClient(t, url)
  const empty = await readCatalogue(sql, ['iam'])
  const states: Catalogue[] = []
  for (const files of [upFiles(['iam']), downFiles(['iam']), upFiles(['iam'])]) {
    for (const file of files) {
      await runFiles(client.sql, [file])
      const once = await readCatalogue(sql, ['iam'])
      await runFiles(client.sql, [file])
      assert.deepEqual(await readCatalogue(sql, ['iam']), once, file.name)
    }
    states.push(await readCatalogue(sql, ['iam']))
  }
  const [up, down, upAgain] = states
  assert.deepEqual(down, { ...empty, extensions: up?.extensions })
  assert.deepEqual(upAgain, up)
})

test('all files run twice in one transaction, whatever role the file before has left in force', async (t) => {
  const { url, sql } = await testDatabase(t)
  const client = openClient(t, url)
  const together = (files: ReturnType<typeof upFiles>) => [
    { name: 'all', text: files.map(({ text }) => text).join('\n') },
  ]
  await runFiles(client.sql, together([...upFiles(['iam']), ...upFiles(['iam'])]))
  const up = await readCatalogue(sql, ['iam'])
  await runFiles(client.sql, together([...downFiles(['iam']), ...downFiles(['iam'])]))
  const down = await readCatalogue(sql, ['iam'])
  assert.deepEqual([down.schemas, down.grants.filter((grant) => grant.startsWith(owner))], [[], []])
  assert.deepEqual(
    client.notices.filter(({ severity }) => severity === 'WARNING'),
    [],
  )
  await runFiles(client.sql, together(upFiles(['iam'])))
  assert.deepEqual(await readCatalogue(sql, ['iam']), up)
})

test('the files make the same catalogue whatever the search_path is', async (t) => {
  const usual = await modelDatabase(t, ['iam'])
  const expected = await readCatalogue(usual.sql, ['iam'])
  for (const path of ['pg_catalog', `''`]) {
    const { url, sql } = await testDatabase(t)
    const client = openClient(t, url)
    await client.sql.unsafe(`SET search_path = ${path}`)
    await runFiles(client.sql, [...upFiles(['iam']), ...upFiles(['iam'])])
    assert.deepEqual(await readCatalogue(sql, ['iam']), expected, path)
    await runFiles(client.sql, [...downFiles(['iam']), ...downFiles(['iam'])])
    assert.deepEqual((await readCatalogue(sql, ['iam'])).schemas, [], path)
  }
})

test('the tables are those of the specification, in every detail', async (t) => {
  const { tables, domains } = await readBoth(t)
  assert.deepEqual(
    tables.found.map(({ name }) => name),
    tables.expected.map(({ name }) => name),
  )
  for (const [index, found] of tables.found.entries()) assert.deepEqual(found, tables.expected[index], found.name)
  assert.deepEqual(domains.found, domains.expected)
})

test('each partitioned table has a default partition that nobody but its owner may open', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const { tables } = await readCatalogue(sql, ['iam'])
  const partitioned = tables.filter(({ kind }) => kind === 'partitioned table').map(({ name }) => name)
  assert.deepEqual(
    tables
      .filter(isPartition)
      .map(({ name, partitionOf, partitionBound, rowSecurity, grants, policies, owner: ownedBy, comment }) => ({
        name,
        partitionOf,
        partitionBound,
        rowSecurity,
        grants,
        policies: policies.map((policy) => policy.name),
        ownedBy,
        comment,
      })),
    partitioned.map((name) => ({
      name: `${name}_default`,
      partitionOf: name,
      partitionBound: 'DEFAULT',
      rowSecurity: 'forced',
      grants: [],
      policies: ['worker_access'],
      ownedBy: owner,
      comment: 'Rows without a month partition; see iam.default_partition_rows().',
    })),
  )
})

test('schema, enums, views and functions are those of the specification', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const { schemas, enums, views, functions, sequences } = await readCatalogue(sql, ['iam'])
  const usage = [app, readonly, worker].map((role) => `${role}: USAGE`)
  assert.deepEqual(schemas, [{ name: 'iam', owner, comment: iamSpecification.comment, grants: usage }])
  assert.deepEqual(
    enums,
    Object.entries(iamSpecification.enums)
      .map(([name, [labels, comment]]) => ({ name: `iam.${name}`, owner, grants: ['PUBLIC: USAGE'], labels, comment }))
      .sort(byName),
  )
  assert.deepEqual(
    views.map(({ name, options, columns, grants }) => ({
      name,
      options,
      columns: Object.fromEntries(columns.map((column) => [column.name, column.type])),
      grants,
    })),
    Object.entries(iamSpecification.views).map(([name, { columns }]) => ({
      name: `iam.${name}`,
      options: ['security_invoker=true'],
      columns,
      grants: [app, readonly, worker].map((role) => `${role}: SELECT`),
    })),
  )
  assert.deepEqual(
    Object.fromEntries(
      functions.map(({ name, arguments: list, returns, volatility, securityDefiner, grants }) => [
        `${name}(${list})`,
        { returns, volatility, securityDefiner, execute: grants },
      ]),
    ),
    Object.fromEntries(
      Object.entries(iamSpecification.functions).map(([signature, { execute, ...facts }]) => [
        `iam.${signature}`,
        {
          ...facts,
          execute: execute.map((who) => `${who === 'PUBLIC' ? who : defaultRoleNames[who]}: EXECUTE`).sort(),
        },
      ]),
    ),
  )
  assert.deepEqual(sequences, [])
})

test('functions are owned, fixed and written as the conventions ask', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const { functions, tables } = await readCatalogue(sql, ['iam'])
  const inlined = /^iam\.(uuid_v7.*|current_.*_id)$/
  for (const { name, owner: ownedBy, settings, definition, language, parallel } of functions) {
    assert.equal(ownedBy, owner, name)
    assert.deepEqual(settings, inlined.test(name) ? [] : ['search_path=pg_catalog, pg_temp'], name)
    if (language === 'sql') {
      assert.ok(
        tables.every((table) => !definition?.includes(table.name)),
        `${name} is SQL and touches no table`,
      )
    }
    // Before 17 a block with EXCEPTION may not run in a parallel query.
    if (/\bEXCEPTION\s+WHEN\b/.test(definition ?? '')) assert.equal(parallel, 'unsafe', name)
  }
})

test('everything has a comment and a name of its own', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const catalogue = await readCatalogue(sql, ['iam'])
  const { schemas, enums, domains, tables, views, functions } = catalogue
  const own = tables.filter((table) => !isPartition(table))
  const described = [
    ...[...schemas, ...enums, ...domains, ...tables, ...views, ...functions],
    ...own.flatMap((table) => [...table.columns, ...table.indexes.filter(({ name }) => !isConstraint(table, name))]),
  ]
  assert.deepEqual(
    described.filter(({ comment }) => !comment).map(({ name }) => name),
    [],
  )
  const names = own.flatMap(({ constraints, indexes }) => [...constraints, ...indexes].map(({ name }) => name))
  assert.deepEqual(
    names.filter((name) => !/^(pk|uq|ck|fk|ix)_/.test(name) || name.length > 63),
    [],
  )
})

test('indexes lead with the organisation or say why not, and unique ones contain it', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const { tables } = await readCatalogue(sql, ['iam'])
  const ofTenants = tables.filter(
    ({ columns, name }) => hasColumn(columns, 'organisation_id') && name.startsWith('iam.'),
  )
  assert.equal(ofTenants.length, 7)
  const indexes = ofTenants.flatMap((table) => table.indexes)
  const others = indexes.filter(({ columns }) => columns[0] !== 'organisation_id')
  assert.deepEqual(
    others.map(({ name }) => name),
    ['ix_organisation_users_user_id'],
  )
  assert.ok(others.every(({ comment }) => comment?.startsWith('tenancy: exception - ')))
  assert.ok(indexes.every(({ unique, columns, valid }) => valid && (!unique || columns.includes('organisation_id'))))
})

test('the roles step makes group roles, puts the owner into the worker role and opens the database to it', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const roles = await sql`
    SELECT rolname AS name, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS privileged,
           rolcanlogin AS "canLogin"
    FROM pg_roles WHERE rolname IN (${owner}, ${app}, ${worker}, ${readonly}) ORDER BY rolname COLLATE "C"`
  const plain = [app, owner, readonly, worker].map((name) => ({ name, privileged: false, canLogin: false }))
  assert.deepEqual([...roles], plain)
  const memberships = await sql`
    SELECT m.roleid::regrole::text AS role, m.member::regrole::text AS member FROM pg_auth_members AS m
    WHERE m.member::regrole::text IN (${owner}, ${app}, ${worker}, ${readonly})`
  assert.deepEqual([...memberships], [{ role: worker, member: owner }])
  const { grants, extensions } = await readCatalogue(sql, [])
  assert.ok(grants.includes(`${owner}: CONNECT, CREATE`))
  assert.deepEqual(
    extensions.map(({ name, schema }) => [name, schema]),
    [['citext', 'public']],
  )
})

/** The tables and domains found, and those that the server makes of the specification. */
async function readBoth(t: TestContext) {
  const { sql } = await modelDatabase(t, ['iam'])
  await createSpecified(sql, iamSpecification, 'specified', defaultRoleNames)
  const found = await readCatalogue(sql, ['iam'])
  const text = JSON.stringify(await readCatalogue(sql, ['specified']))
  const expected: Catalogue = JSON.parse(text.replaceAll('specified.', 'iam.'))
  const comments = new Map(found.domains.map(({ name, comment }) => [name, comment]))
  return {
    tables: { found: found.tables.filter((table) => !isPartition(table)), expected: expected.tables },
    // The specification leaves the words of their comments open.
    domains: {
      found: found.domains,
      expected: expected.domains.map((domain) => ({ ...domain, comment: comments.get(domain.name) })),
    },
  }
}

function isPartition(table: Table): boolean {
  return table.partitionOf !== null
}

function isConstraint({ constraints }: Table, index: string): boolean {
  return constraints.some(({ name }) => name === index)
}

function hasColumn(columns: Table['columns'], wanted: string): boolean {
  return columns.some(({ name }) => name === wanted)
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : 1
}
