import assert from 'node:assert/strict'
import type { Sql } from 'postgres'
import { SchemawayError } from '../../lib/index.js'

/** A table that nobody may touch, and whoever touches it. */
export async function plantCanary(sql: Sql): Promise<void> {
  await sql.unsafe(
    `CREATE SCHEMA safe; CREATE TABLE safe.canary (id integer PRIMARY KEY); INSERT INTO safe.canary VALUES (1)`,
  )
}

export async function assertCanaryLives(sql: Sql, why: string): Promise<void> {
  const rows = await sql`SELECT id FROM safe.canary`.catch((error: Error) => [error.message])
  assert.deepEqual([...rows], [{ id: 1 }], why)
}

/** Null when it went through; the code of the error when it was refused. Anything else fails. */
export async function codeOf(work: Promise<unknown>, why: string): Promise<string | null> {
  try {
    await work
    return null
  } catch (error) {
    assert.ok(error instanceof SchemawayError, `${why}: ${error instanceof Error ? error.stack : error}`)
    return error.code
  }
}

/** Drops a schema of any name but PostgreSQL's own; the server quotes it. */
export async function dropSchema(sql: Sql, name: string): Promise<void> {
  if (name.startsWith('pg_')) return
  const [row] = await sql`SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', ${name}::text) AS drop`
  await sql.unsafe(String(row?.['drop']))
}
