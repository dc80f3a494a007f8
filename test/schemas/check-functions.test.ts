import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTimezone } from '../../lib/schemas/check-functions.js'
import { modelDatabase } from '../model/model-database.js'

/**
 * Zones that only one of the server and this process knows, because their lists differ in age: `timezone-list` of
 * schemaExceptions. None now, from PostgreSQL 15 to 18 and from Node 20 to 24; a new zone stands here until all have it.
 */
const knownToOneOnly: readonly string[] = []

test('the server and this process know the same zones, but for those that are named here', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const listed = await sql<{ name: string }[]>`SELECT name FROM pg_timezone_names WHERE name !~ '^posix/'`
  assert.ok(listed.length > 400)
  const names = [...new Set([...listed.map(({ name }) => name), ...Intl.supportedValuesOf('timeZone')])]
  const judged = await sql<{ name: string; known: boolean }[]>`
    SELECT name, iam.is_timezone(name) AS known FROM json_array_elements_text(${JSON.stringify(names)}::text::json) AS name`
  assert.equal(judged.length, names.length)
  const differing = judged.filter(({ name, known }) => isTimezone(name) !== known).map(({ name }) => name)
  assert.deepEqual(
    differing.filter((name) => !knownToOneOnly.includes(name)),
    [],
  )
})
