import assert from 'node:assert/strict'
import test from 'node:test'
import { quoteIdentifier } from '../../lib/history/quote-sql.js'
import { defineModule } from '../../lib/modules/define-module.js'
import { searchPathOf } from '../../lib/plan/search-path.js'
import { testDatabase } from '../../lib/testing/index.js'
import { configOf, stateOf } from './fixtures.js'

test('a bundled script has nothing but pg_catalog on its path', async () => {
  assert.equal(searchPathOf('iam', [], await configOf({}), stateOf()), 'pg_catalog')
})

test('a script of a user’s module sees the schemas of the module, then public', async () => {
  const billing = defineModule({ name: 'billing', directory: '/sql', schemas: ['billing', 'My "audit"'] })
  const link = defineModule({ name: 'link', directory: '/sql', schemas: [] })
  const config = await configOf({ modules: [billing, link] })
  assert.equal(searchPathOf('billing', [billing, link], config, stateOf()), '"billing", "My ""audit""", "public"')
  assert.equal(searchPathOf('link', [billing, link], config, stateOf()), '"public"')
})

const byFlyway: readonly (readonly [schema: string, original: string, expected: string])[] = [
  ['public', '"$user", public', '"public", "$user", "public"'],
  ['public', 'public', '"public"'],
  ['public', 'public, extensions', '"public", "extensions"'],
  ['public', 'PUBLIC,extensions', '"public", "extensions"'],
  ['public', '"public", extensions', '"public", "extensions"'],
  ['public', '"PUBLIC", extensions', '"public", "PUBLIC", "extensions"'],
  ['public', 'publicity, extensions', '"public", "publicity", "extensions"'],
  ['app', '', '"app"'],
  ['app', '""', '"app"'],
  ['App "x", y', '"App ""x"", y", public', '"App ""x"", y", "public"'],
  // What came with the connection was never read as SQL.
  ['public', 'tenant-1,user ,  1st', '"public", "tenant-1", "user", "1st"'],
]

for (const [historySchema, original, expected] of byFlyway) {
  test(`a script of locations with history in ${historySchema} and the path ${original || '(none)'} gets ${expected}`, async (t) => {
    const { sql } = await testDatabase(t)
    const connection = await sql.reserve()
    await connection`SELECT set_config('search_path', ${original}, false)`
    const [before] = await connection`SELECT current_setting('search_path') AS path`
    const config = await configOf({ locations: '/sql', historySchema })
    const path = searchPathOf('', [], config, { ...stateOf(), searchPath: before?.['path'] })
    assert.equal(path, expected)
    await connection.unsafe(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(historySchema)}; SET search_path = ${path}`)
    const [after] = await connection`SELECT current_schema() AS schema`
    assert.equal(after?.['schema'], historySchema)
    connection.release()
  })
}
