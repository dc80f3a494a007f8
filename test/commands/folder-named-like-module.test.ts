import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { clean, defineModule, info, migrate, repair, validate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { writeScripts } from '../support/write-scripts.js'

/** A database that was migrated from a folder `billing` below `locations`, and then from a module `billing`. */
async function twoServices(t: TestContext) {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'billing/V1__a.sql': 'CREATE TABLE public.a (id int);',
    'billing/R__v.sql': 'CREATE OR REPLACE VIEW public.v AS SELECT 1 AS one;',
  })
  const { directory } = writeScripts(t, {
    'V2__b.sql': 'CREATE SCHEMA IF NOT EXISTS billing; CREATE TABLE billing.b (id int);',
  })
  const modules = [defineModule({ name: 'billing', directory })] as const
  await migrate({ url, locations })
  await migrate({ url, modules })
  const scripts = async (): Promise<readonly string[]> =>
    (await sql`SELECT script FROM flyway_schema_history ORDER BY installed_rank`).map((row) => row['script'])
  return { url, sql, locations, modules, scripts }
}

test('a clean of a module leaves the rows of a folder of the same name in history', async (t) => {
  const { url, locations, modules, scripts } = await twoServices(t)
  const preview = await clean({ url, modules, preview: true })
  const report = await clean({ url, modules, cleanDisabled: false })
  assert.deepEqual([preview.historyRows, report.historyRows], [1, 1])
  assert.deepEqual(await scripts(), ['billing/V1__a.sql', 'billing/R__v.sql'])
  assert.deepEqual((await migrate({ url, locations })).migrations, [])
  assert.equal((await migrate({ url, modules })).migrations.length, 1)
})

test('a service with a module calls nothing missing that another one ran from a folder of the same name', async (t) => {
  const { url, modules, scripts } = await twoServices(t)
  const before = await scripts()
  await validate({ url, modules, ignoreMigrationPatterns: [] })
  assert.deepEqual(
    (await info({ url, modules })).migrations.map(({ state, module, script }) => [state, module, script]),
    [
      ['Success', '', 'billing/V1__a.sql'],
      ['Success', '', 'billing/R__v.sql'],
      ['Success', 'billing', 'billing/V2__b.sql'],
    ],
  )
  assert.deepEqual((await migrate({ url, modules })).migrations, [])
  assert.deepEqual((await repair({ url, modules, preview: true, ignoreMigrationPatterns: [] })).repairs, [])
  assert.deepEqual((await repair({ url, modules, ignoreMigrationPatterns: [] })).repairs, [])
  assert.deepEqual(await scripts(), before)
})
