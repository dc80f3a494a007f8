/**
 * The schemas against the database: 1,000 rows for every table are given to both. TEST_SEED draws other rows.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import postgres, { type Sql } from 'postgres'
import type * as z from 'zod'
import { type Catalogue, readCatalogue, type Table } from '../../lib/catalogue/read-catalogue.js'
import * as schemas from '../../lib/schemas/index.js'
import { allSchemas } from './bundled-files.js'
import { ids, modelDatabase } from './model-database.js'
import { type Candidate, rowsOf, valuesOf } from './row-arbitraries.js'
import { insertRow, makeSampleRows } from './sample-rows.js'
import { columnsOf, type Difference, exceptionRules, type Refusal } from './schema-exception-rules.js'

const rowsPerTable = 1000
const seed = Number(process.env['TEST_SEED'] ?? 20260105)

/**
 * Errors that are about the values of a row: 22 bad data, 23502 not null, 23514 check, 42804 true for a jsonb, 54000 too
 * long for an index.
 */
const isAboutTheRow = (code: string): boolean =>
  code.startsWith('22') || ['23502', '23514', '42804', '54000'].includes(code)
/** What the driver says of a date that is none. */
const notADate: Refusal = { code: '', message: 'not a date', constraint: '' }
/** The row itself was good, or it would not have got as far as the index. */
const isAboutOtherRows = (code: string): boolean => code === '23505'

test('the insert schemas accept what the database accepts, in every table', async (t) => {
  const { url, sql: reader } = await modelDatabase(t)
  const catalogue = await readCatalogue(reader, allSchemas)
  const connection = { session_replication_role: 'replica', 'app.organisation_id': ids.red }
  const sql = postgres(url, { max: 2, connection, onnotice: () => {} })
  // Two updates of the same row at once would let one of them find nothing.
  const updater = postgres(url, { max: 1, connection, onnotice: () => {} })
  t.after(async () => await Promise.all([sql.end({ timeout: 1 }), updater.end({ timeout: 1 })]))
  const tables = catalogue.tables.filter(({ partitionOf }) => partitionOf === null)
  assert.ok(tables.length >= 36)
  for (const table of tables) {
    await t.test(table.name, async () => {
      const { insert: schema } = schemasOf(table.name)
      const shape: Readonly<Record<string, z.ZodType>> = schema.shape
      const accepts = (column: string, value: unknown): boolean => shape[column]?.safeParse(value).success ?? false
      const acceptsRow = (row: Candidate): boolean => schema.safeParse(row).success
      const rows = fc.sample(rowsOf(catalogue, table, seed, accepts, acceptsRow), { numRuns: rowsPerTable, seed })
      const outcomes = await Promise.all(
        rows.map(async (row) => (isWritable(table, row) ? await insert(sql, table.name, row) : notADate)),
      )
      const differences = rows.flatMap((row, index) => {
        const refusal = outcomes[index] ?? null
        const result = schema.safeParse(row)
        if (result.success === (refusal === null)) return []
        if (isListed({ table, values: row, operation: 'insert', refusal })) return []
        return [{ row, refusal, issues: result.error?.issues ?? null }]
      })
      assert.deepEqual(differences.slice(0, 3), [], `${differences.length} rows of ${rows.length} are judged otherwise`)
      const accepted = outcomes.filter((error) => error === null).length
      assert.ok(accepted >= 100 && rows.length - accepted >= 100, `${accepted} rows of ${rows.length} were accepted`)

      const stored = await sql`SELECT * FROM ${sql(table.name)}`
      assert.ok(stored.length >= 1)
      for (const row of stored) assert.deepEqual({ ...schemasOf(table.name).row.parse(row) }, { ...row })
      await compareUpdates(updater, catalogue, table)
    })
  }
})

test('the row schemas accept what every table and view delivers', async (t) => {
  const { url, sql: admin } = await modelDatabase(t)
  const catalogue = await readCatalogue(admin, allSchemas)
  const tenant = { organisationId: ids.red, name: 'red', number: 1 }
  for (const row of await makeSampleRows(admin, allSchemas, tenant)) await insertRow(admin, row)
  const sql = postgres(url, { max: 1, connection: { 'app.organisation_id': ids.red }, onnotice: () => {} })
  t.after(async () => await sql.end({ timeout: 1 }))
  const tables = catalogue.tables.filter(({ partitionOf }) => partitionOf === null)
  assert.ok(catalogue.views.length >= 12)
  for (const { name } of [...tables, ...catalogue.views]) {
    const rows = await sql`SELECT * FROM ${sql(name)}`
    assert.ok(rows.length >= 1, name)
    for (const row of rows) assert.deepEqual({ ...schemasOf(name).row.parse(row) }, { ...row }, name)
  }
})

test('each exception has a rule, and its examples differ as it says', async (t) => {
  assert.deepEqual(Object.keys(exceptionRules).sort(), schemas.schemaExceptions.map(({ id }) => id).sort())
  const { url, sql: admin } = await modelDatabase(t)
  const catalogue = await readCatalogue(admin, allSchemas)
  const tenant = { organisationId: ids.red, name: 'red', number: 1 }
  for (const row of await makeSampleRows(admin, allSchemas, tenant)) await insertRow(admin, row)
  const sql = postgres(url, { max: 1, connection: { session_replication_role: 'replica' }, onnotice: () => {} })
  t.after(async () => await sql.end({ timeout: 1 }))
  const [server] = await sql<{ major: number }[]>`SELECT current_setting('server_version_num')::int / 10000 AS major`
  for (const { id, schemas: direction } of schemas.schemaExceptions) {
    for (const { table, change, since = 15 } of exceptionRules[id]?.examples ?? []) {
      if ((server?.major ?? 0) < since) continue
      const what = `${id}: ${table} ${fc.stringify(change).slice(0, 80)}`
      assert.equal(schemasOf(table).update.safeParse(change).success, direction === 'accept', what)
      const shape = catalogue.tables.find(({ name }) => name === table)
      assert.ok(shape && isWritable(shape, change), what)
      const refusal = await update(sql, table, change)
      assert.equal(refusal !== null, direction === 'accept', `${what} ${refusal?.message}`)
    }
  }
  const prompt = { key: 'new', version: 1, purpose: 'new', body: 'new' }
  assert.equal(schemas.survey.prompts.insert.safeParse(prompt).success, true)
  assert.equal((await insert(sql, 'survey.prompts', prompt))?.code, '23502', 'organisation: there is no context')
})

/** Gives columns of a stored row other values: each one alone, and together those that a constraint compares. */
async function compareUpdates(sql: Sql, catalogue: Catalogue, table: Table): Promise<void> {
  const { update: schema } = schemasOf(table.name)
  const compared = table.constraints.map(({ name }) => columnsOf(table, name)).filter(({ length }) => length > 1)
  for (const names of [...table.columns.map(({ name }) => [name]), ...compared]) {
    const columns = table.columns.filter(({ name }) => names.includes(name))
    const pools = Object.fromEntries(
      columns.map((column) => [column.name, fc.option(valuesOf(catalogue, table, column))] as const),
    )
    const isText = columns.some(({ type }) => /^(?:text|iam\.)/.test(type))
    const changes = fc
      .sample(fc.record(pools), { numRuns: isText || columns.length > 1 ? 100 : 20, seed })
      .filter((change) => isWritable(table, change))
    const refusals = await Promise.all(changes.map(async (change) => await update(sql, table.name, change)))
    for (const [index, change] of changes.entries()) {
      const refusal = refusals[index] ?? null
      const result = schema.safeParse(change)
      if (result.success === (refusal === null)) continue
      const how = `${fc.stringify(change)}: ${refusal?.message}, ${result.error?.message}`
      assert.ok(isListed({ table, values: change, operation: 'update', refusal }), how)
    }
  }
}

/** Whether `schemaExceptions` has a difference, in the direction in which it is. */
function isListed(difference: Difference): boolean {
  const direction = difference.refusal === null ? 'refuse' : 'accept'
  return schemas.schemaExceptions.some(
    (exception) => exception.schemas === direction && exceptionRules[exception.id]?.covers?.(difference) === true,
  )
}

test('columns that a table does not have are refused, and so is undefined; a row may have more', () => {
  const id = '0190b7a0-0000-7000-8000-000000000001'
  const contact = { campaign_id: id, phone_number: '+390600000000' }
  const { insert, update, row } = schemas.survey.contacts
  assert.deepEqual(insert.parse(contact), contact)
  assert.equal(insert.safeParse({ ...contact, phone: '+39' }).error?.issues[0]?.code, 'unrecognized_keys')
  assert.equal(update.safeParse({ phone: '+39' }).error?.issues[0]?.code, 'unrecognized_keys')
  assert.equal(insert.safeParse({ ...contact, email: undefined }).success, false)
  assert.equal(update.safeParse({ email: undefined }).success, false)
  assert.deepEqual(update.parse({ email: null }), { email: null })
  assert.equal(
    row.safeParse({ ...contact, newer_column: 1 }).error?.issues.some(({ path }) => path[0] === 'newer_column'),
    false,
  )
})

test('a refusal names the column and the constraint', () => {
  const { insert, update } = schemas.iam.users
  const { error } = insert.safeParse({ email: 'nobody', name: 'Nobody', oidc_issuer: 'https://login.example' })
  assert.deepEqual(
    error?.issues.map(({ path, message }) => [path.join('.'), message.split(':')[0]]),
    [
      ['email', 'must satisfy ck_email'],
      ['', 'must satisfy ck_users_oidc_pair'],
    ],
  )
  const pair = insert.safeParse({ email: 'a@example.org', name: 'Ann', oidc_issuer: 'https://login.example' })
  assert.deepEqual(
    pair.error?.issues.map(({ message }) => message),
    ['must satisfy ck_users_oidc_pair: (oidc_issuer IS NULL) = (oidc_sub IS NULL)'],
  )
  assert.equal(update.safeParse({ oidc_issuer: 'https://login.example' }).success, true)
  assert.equal(update.safeParse({ oidc_issuer: 'https://login.example', oidc_sub: null }).success, false)
})

/**
 * The driver writes each Date, and each value for a date column, with `toISOString()`. What throws there never leaves;
 * it is not tried, because the driver then rejects another query that is under way and loses this one.
 */
function isWritable(table: Table, row: Candidate): boolean {
  const isDate = (column: string): boolean => table.columns.some(({ name, type }) => name === column && type === 'date')
  return Object.entries(row).every(([column, value]) => {
    if (value instanceof Date) return !Number.isNaN(value.getTime())
    return typeof value !== 'string' || !isDate(column) || !Number.isNaN(new Date(value).getTime())
  })
}

/** Sends a row as a program would. */
async function insert(sql: Sql, table: string, row: Candidate): Promise<Refusal | null> {
  return await judge(sql`INSERT INTO ${sql(table)} ${sql(row as Record<string, string>)}`)
}

/** Changes columns of any one row. */
async function update(sql: Sql, table: string, change: Candidate): Promise<Refusal | null> {
  return await judge(
    sql`UPDATE ${sql(table)} SET ${sql(change as Record<string, string>)}
        WHERE ctid = (SELECT ctid FROM ${sql(table)} LIMIT 1)`,
  )
}

/** Null when the database takes the values, else what is wrong with them. */
async function judge(query: PromiseLike<unknown>): Promise<Refusal | null> {
  try {
    await query
    return null
  } catch (error) {
    if (error instanceof postgres.PostgresError) {
      if (isAboutOtherRows(error.code)) return null
      const { code, message, constraint_name: constraint = '' } = error
      if (isAboutTheRow(code)) return { code, message, constraint }
    }
    throw error
  }
}

function schemasOf(name: string): Record<'row' | 'insert' | 'update', z.ZodObject> {
  const [module = '', relation = ''] = name.split('.')
  return Reflect.get(Reflect.get(schemas, module) as object, relation) as Record<
    'row' | 'insert' | 'update',
    z.ZodObject
  >
}
