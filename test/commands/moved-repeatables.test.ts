import assert from 'node:assert/strict'
import test from 'node:test'
import { defineModule, info, migrate, validate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { writeScripts } from '../support/write-scripts.js'

test('two services with a repeatable of the same name leave each other’s alone, one in locations and one in a module', async (t) => {
  const { url, sql } = await testDatabase(t)
  const locations = writeScripts(t, { 'R__views.sql': 'CREATE OR REPLACE VIEW public.v AS SELECT 1 AS one;' }).directory
  const { directory } = writeScripts(t, {
    'R__views.sql': 'CREATE SCHEMA IF NOT EXISTS billing; CREATE OR REPLACE VIEW billing.v AS SELECT 2 AS two;',
  })
  const first = { url, locations }
  const second = { url, modules: [defineModule({ name: 'billing', directory })] }
  assert.equal((await migrate(first)).migrations.length, 1)
  assert.equal((await migrate(second)).migrations.length, 1)
  for (const service of [first, second, first, second]) {
    assert.deepEqual((await migrate(service)).migrations, [])
    await validate(service)
    const { migrations } = await info(service)
    assert.deepEqual(
      migrations.map(({ script, state, module }) => [script, state, module]),
      [
        ['R__views.sql', 'Success', ''],
        ['billing/R__views.sql', 'Success', 'billing'],
      ],
    )
  }
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 2)
})
