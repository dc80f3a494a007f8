import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTimezone } from '../../lib/schemas/check-functions.js'
import { modelDatabase } from '../model/model-database.js'

test('zones that both the server and this process know are zones to both', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const rows = await sql<{ name: string; known: boolean }[]>`
    SELECT name, iam.is_timezone(name) AS known FROM pg_timezone_names WHERE name !~ '^posix/'`
  assert.ok(rows.length > 400)
  const differing = rows.filter(({ name, known }) => isTimezone(name) !== known).map(({ name }) => name)
  // Their lists may differ in age by a few; see schemaExceptions.
  assert.ok(differing.length <= 10, differing.join(', '))
})
