import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Sql } from 'postgres'
import type { TestDatabase } from '../../lib/testing/index.js'
import { allSchemas } from './bundled-files.js'
import { ids, modelDatabase } from './model-database.js'
import { insertRow, makeSampleRows } from './sample-rows.js'

/** A statement and the constraint or unique index that must refuse it. */
export type Refusal = readonly [statement: string, name: string]

export const checkViolation = '23514'
export const uniqueViolation = '23505'

/** Gives a test a database with the complete model and one row in every table. */
export async function sampleDatabase(t: TestContext): Promise<TestDatabase> {
  const database = await modelDatabase(t)
  const tenant = { organisationId: ids.red, name: 'red', number: 1 }
  for (const row of await makeSampleRows(database.sql, allSchemas, tenant)) await insertRow(database.sql, row)
  return database
}

/** Asserts that each statement is refused with the given code, by the constraint or unique index that is named. */
export async function assertRefused(sql: Sql, code: string, refusals: readonly Refusal[]): Promise<void> {
  for (const [statement, name] of refusals) {
    await assert.rejects(sql.unsafe(statement).execute(), { code, constraint_name: name }, statement)
  }
}

/** Updates of a table that its constraints must refuse, by the name of the constraint. */
export function refusedUpdates(
  table: string,
  changes: Readonly<Record<string, readonly string[]>>,
): readonly Refusal[] {
  return Object.entries(changes).flatMap(([name, settings]) =>
    settings.map((setting): Refusal => [`UPDATE ${table} SET ${setting}`, name]),
  )
}

/** A statement that adds a second row, equal to the one that is there but for its id and some columns. */
export function copyOf(table: string, changes: Readonly<Record<string, unknown>> = {}): string {
  const literal = JSON.stringify({ id: '019b76da-a800-7000-8000-0000000000ff', ...changes }).replaceAll("'", "''")
  return `INSERT INTO ${table} SELECT (jsonb_populate_record(r, '${literal}')).* FROM ${table} AS r LIMIT 1`
}

/** Names of all checks of a schema, in order. */
export async function readChecks(sql: Sql, schema: string): Promise<readonly string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT DISTINCT conname::text COLLATE "C" AS name FROM pg_constraint
    WHERE contype = 'c' AND connamespace = ${schema}::regnamespace ORDER BY name`
  return rows.map(({ name }) => name)
}

/** Names of all unique indexes of a schema, primary keys and partitions left out, in order. */
export async function readUniqueIndexes(sql: Sql, schema: string): Promise<readonly string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT c.relname::text COLLATE "C" AS name FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indisunique AND NOT i.indisprimary AND NOT c.relispartition
      AND c.relnamespace = ${schema}::regnamespace
    ORDER BY name`
  return rows.map(({ name }) => name)
}

/** The names that a list of refusals covers, in order. */
export function namesOf(refusals: readonly Refusal[]): readonly string[] {
  return [...new Set(refusals.map(([, name]) => name))].sort()
}
