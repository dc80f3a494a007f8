/**
 * The schemas against the database: 1,000 rows for every table are given to both. TEST_SEED draws other rows.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import postgres, { type Sql } from 'postgres'
import type * as z from 'zod'
import { type Catalogue, type Column, readCatalogue, type Table } from '../../lib/catalogue/read-catalogue.js'
import * as schemas from '../../lib/schemas/index.js'
import { allSchemas } from './bundled-files.js'
import { ids, modelDatabase } from './model-database.js'
import { type Candidate, rowsOf, valuesOf } from './row-arbitraries.js'

const rowsPerTable = 1000
const seed = Number(process.env['TEST_SEED'] ?? 20260105)

/** Errors that are about the values of a row: 22 bad data, 23502 not null, 23514 check, 42804 true for a jsonb. */
const isAboutTheRow = (code: string): boolean => code.startsWith('22') || ['23502', '23514', '42804'].includes(code)
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
      const arbitrary = rowsOf(catalogue, table, seed, accepts, acceptsRow).filter(
        (row) => !isException(table.name, row),
      )
      const rows = fc.sample(arbitrary, { numRuns: rowsPerTable, seed })
      const outcomes = await Promise.all(
        rows.map(async (row) => (isWritable(table, row) ? await insert(sql, table.name, row) : 'not a date')),
      )
      const differences = rows.flatMap((row, index) => {
        const error = outcomes[index] ?? null
        const result = schema.safeParse(row)
        return result.success === (error === null) ? [] : [{ row, error, issues: result.error?.issues ?? null }]
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
  for (const { name } of catalogue.views) {
    for (const row of await sql`SELECT * FROM ${sql(name)}`) {
      assert.deepEqual({ ...schemasOf(name).row.parse(row) }, { ...row }, name)
    }
  }
})

/** Gives single columns of a stored row other values; those that a constraint compares with others stay as they are. */
async function compareUpdates(sql: Sql, catalogue: Catalogue, table: Table): Promise<void> {
  const { update } = schemasOf(table.name)
  const isCompared = ({ name }: Column): boolean =>
    table.constraints.some(
      ({ kind, definition }) =>
        kind === 'check' &&
        table.columns.filter((column) => mentions(definition, column.name)).length > 1 &&
        mentions(definition, name),
    )
  for (const column of table.columns.filter((each) => !isCompared(each))) {
    const values = fc
      .sample(fc.option(valuesOf(catalogue, table, column)), {
        numRuns: /^(?:text|iam\.)/.test(column.type) ? 100 : 20,
        seed,
      })
      .filter(
        (value) => isWritable(table, { [column.name]: value }) && !isException(table.name, { [column.name]: value }),
      )
    const outcomes = await Promise.all(
      values.map(
        async (value) =>
          await judge(
            sql`UPDATE ${sql(table.name)} SET ${sql({ [column.name]: value } as Record<string, string>)}
                WHERE ctid = (SELECT ctid FROM ${sql(table.name)} LIMIT 1)`,
          ),
      ),
    )
    for (const [index, value] of values.entries()) {
      const result = update.safeParse({ [column.name]: value })
      const how = `${column.name} = ${fc.stringify(value)}: ${outcomes[index]}, ${result.error?.message}`
      assert.equal(result.success, outcomes[index] === null, how)
    }
  }
}

const mentions = (definition: string, column: string): boolean =>
  new RegExp(`(?<![\\w'.:])"?${column}"?(?![\\w'(])`).test(definition)

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
async function insert(sql: Sql, table: string, row: Candidate): Promise<string | null> {
  return await judge(sql`INSERT INTO ${sql(table)} ${sql(row as Record<string, string>)}`)
}

/** Null when the database takes the values, else what is wrong with them. */
async function judge(query: PromiseLike<unknown>): Promise<string | null> {
  try {
    await query
    return null
  } catch (error) {
    if (error instanceof postgres.PostgresError) {
      if (isAboutOtherRows(error.code)) return null
      if (isAboutTheRow(error.code)) return `${error.code} ${error.message}`
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

/** What `schemaExceptions` lists, as far as it can come up here. */
function isException(table: string, row: Candidate): boolean {
  return Object.entries(row).some(([column, value]) => {
    if (typeof value !== 'string') return false
    if (column === 'email' || column === 'to_email')
      return /[\p{White_Space}\p{Cc}\p{Cf}]/u.test(value.replace(/[\0-\x7f]/g, ''))
    return (
      table === 'notify.opt_outs' && column === 'address' && /[^\0-\x7f]/.test(value) && value !== value.toLowerCase()
    )
  })
}
