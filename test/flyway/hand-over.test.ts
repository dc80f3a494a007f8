import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { info, migrate, rollback, validate } from '../../lib/index.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { testDatabase } from '../../lib/testing/index.js'
import { FlywayProgram, flywayDirectories, withoutFlyway } from './flyway-program.js'

const sqlDirectory = fileURLToPath(new URL('../../sql', import.meta.url))
const options = {
  locations: `filesystem:${sqlDirectory}`,
  ...Object.fromEntries(Object.entries(defaultRoleNames).map(([role, name]) => [`placeholders.role_${role}`, name])),
}

for (const directory of flywayDirectories) {
  describe(`the bundled model and Flyway in ${directory.split('/').at(-1)}`, () => {
    let flyway: FlywayProgram
    before(() => {
      flyway = new FlywayProgram(directory)
    })
    after(async () => await flyway.stop())

    test('what schemaway migrated, Flyway finds complete', async (t) => {
      const { url } = await testDatabase(t)
      await migrate({ url })
      const validated = await flyway.run('validate', url, options)
      assert.deepEqual([validated.error, validated.problems, validated.valid], [null, [], true])
      const { migrations = [] } = await flyway.run('info', url, options)
      assert.ok(migrations.length > 30)
      assert.deepEqual([...new Set(migrations.map(({ state }) => state))], ['Success'])
      const migrated = await flyway.run('migrate', url, options)
      assert.deepEqual([migrated.error, migrated.executed], [null, 0])
    })

    test('what Flyway migrated, schemaway finds complete, and can undo', async (t) => {
      const { url, sql } = await testDatabase(t)
      const migrated = await flyway.run('migrate', url, options)
      assert.equal(migrated.error, null)
      assert.ok((migrated.executed ?? 0) > 30)
      const report = await migrate({ url })
      assert.deepEqual(report.migrations, [])
      assert.ok((await validate({ url })).checked > 30)
      assert.deepEqual([...new Set((await info({ url })).migrations.map(({ state }) => state))], ['Success'])
      await rollback({ url, to: 'empty' })
      assert.equal((await sql`SELECT FROM pg_namespace WHERE nspname = 'iam'`).length, 0)
    })
  })
}

test('the real Flyway is there', { skip: withoutFlyway }, () => assert.ok(flywayDirectories.length >= 2))
