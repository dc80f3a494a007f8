import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'
import { info, type MigrateOptions, migrate, rollback, validate } from '../../lib/index.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { FlywayProgram, flywayDirectories } from './flyway-program.js'

const sqlDirectory = fileURLToPath(new URL('../../sql', import.meta.url))
const roles = Object.fromEntries(
  Object.entries(defaultRoleNames).map(([role, name]) => [`placeholders.role_${role}`, name]),
)

interface Place {
  readonly options: MigrateOptions
  readonly sql: Sql
  readonly schema?: string
}

/** What schemaway is to make of a history that it did not write: these states, no problem, these files to run, a ledger. */
async function goesOn(
  { options, sql, schema = 'public' }: Place,
  expected: { readonly states: readonly string[]; readonly runs: readonly string[] },
): Promise<void> {
  const { migrations } = await info(options)
  assert.deepEqual(
    migrations.map(({ version, state }) => `${version ?? ''} ${state}`),
    expected.states,
  )
  const report = await migrate(options)
  assert.deepEqual(
    report.migrations.map(({ script }) => script),
    expected.runs,
  )
  await validate(options)
  assert.deepEqual((await migrate(options)).migrations, [])
  const ledger = await sql`SELECT event, script FROM ${sql(`${schema}.schemaway_ledger`)} ORDER BY id`
  assert.deepEqual(
    ledger.map(({ event, script }) => [event, script]),
    expected.runs.map((script) => ['applied', script]),
  )
}

for (const directory of flywayDirectories) {
  describe(`what Flyway in ${directory.split('/').at(-1)} wrote`, () => {
    let flyway: FlywayProgram
    before(() => {
      flyway = new FlywayProgram(directory)
    })
    after(async () => await flyway.stop())

    /** Runs the real Flyway, which must succeed. */
    async function run(
      command: Parameters<FlywayProgram['run']>[0],
      url: string,
      locations: string,
      options: Readonly<Record<string, string>> = {},
    ): Promise<void> {
      const { error, problems = [] } = await flyway.run(command, url, {
        ...options,
        locations: `filesystem:${locations}`,
      })
      assert.deepEqual([error, problems], [null, []], command)
    }

    test('a schema that it created is no obstacle, and it goes on afterwards', async (t) => {
      const { url, sql } = await testDatabase(t)
      const { directory: locations, write } = writeScripts(t, { 'V1__one.sql': 'CREATE TABLE one (id int);' })
      await run('migrate', url, locations, { schemas: 'app' })
      write({ 'V2__two.sql': 'CREATE TABLE two (id int);' })
      const options = { url, locations, historySchema: 'app' }
      await goesOn(
        { options, sql, schema: 'app' },
        { states: [' Success', '1 Success', '2 Pending'], runs: ['V2__two.sql'] },
      )
      const [{ schema } = {}] =
        await sql`SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE relname = 'two'`
      assert.equal(schema, 'app')
      await run('validate', url, locations, { schemas: 'app' })
      await run('migrate', url, locations, { schemas: 'app' })
    })

    test('a baseline and what lies below it stay as they are', async (t) => {
      const { url, sql } = await testDatabase(t)
      const { directory: locations, write } = writeScripts(t, {
        'V1__one.sql': 'CREATE TABLE one (id int);',
        'V2__two.sql': 'CREATE TABLE two (id int);',
        'V3__three.sql': 'CREATE TABLE three (id int);',
      })
      await sql`CREATE TABLE one (id int)`
      await run('baseline', url, locations, { baselineVersion: '2' })
      await run('migrate', url, locations)
      write({ 'V4__four.sql': 'CREATE TABLE four (id int);' })
      await goesOn(
        { options: { url, locations }, sql },
        {
          states: ['1 Below Baseline', '2 Ignored (Baseline)', '2 Baseline', '3 Success', '4 Pending'],
          runs: ['V4__four.sql'],
        },
      )
      await run('validate', url, locations)
    })

    test('what it marked as deleted is not missed', async (t) => {
      const { url, sql } = await testDatabase(t)
      const {
        directory: locations,
        write,
        remove,
      } = writeScripts(t, {
        'V1__one.sql': 'CREATE TABLE one (id int);',
        'V2__two.sql': 'CREATE TABLE two (id int);',
        'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one;',
      })
      await run('migrate', url, locations)
      remove('V1__one.sql', 'R__view.sql')
      await run('repair', url, locations)
      write({ 'V3__three.sql': 'CREATE TABLE three (id int);' })
      const { migrations } = await info({ url, locations })
      assert.deepEqual(
        migrations.filter(({ state }) => state === 'Deleted').map(({ script }) => script),
        ['V1__one.sql', 'R__view.sql'],
      )
      const { migrations: ran } = await migrate({ url, locations })
      assert.deepEqual(
        ran.map(({ script }) => script),
        ['V3__three.sql'],
      )
      await validate({ url, locations })
      assert.equal((await sql`SELECT FROM schemaway_ledger`).length, 1)
      await run('validate', url, locations)
    })

    test('a failed row stops migrate() until it is repaired', async (t) => {
      const { url, sql } = await testDatabase(t)
      const { directory: locations, write } = writeScripts(t, {
        'V1__one.sql': 'CREATE TABLE one (id int); INSERT INTO one VALUES (1), (1);',
        'V2__index.sql': 'CREATE UNIQUE INDEX CONCURRENTLY one_id ON one (id);',
      })
      const { error } = await flyway.run('migrate', url, {
        locations: `filesystem:${locations}`,
        'postgresql.transactional.lock': 'false',
      })
      assert.notEqual(error, null)
      assert.equal((await sql`SELECT FROM flyway_schema_history WHERE NOT success`).length, 1)
      const options = { url, locations }
      assert.deepEqual(
        (await info(options)).migrations.map(({ version, state }) => [version, state]),
        [
          ['1', 'Success'],
          ['2', 'Failed'],
        ],
      )
      const refused = await expectError('VALIDATION_FAILED', migrate(options))
      assert.deepEqual(
        refused.details.problems?.map(({ kind, version }) => [kind, version]),
        [['FAILED_VERSIONED_MIGRATION', '2']],
      )
      await sql`DELETE FROM one`
      await sql`DROP INDEX one_id`
      await run('repair', url, locations)
      write({ 'V2__index.sql': 'CREATE UNIQUE INDEX one_id ON one (id);' })
      await goesOn({ options, sql }, { states: ['1 Success', '2 Pending'], runs: ['V2__index.sql'] })
      await run('validate', url, locations)
    })

    test('what it applied is undone by the U file that is there, and refused where there is none', async (t) => {
      const { url, sql } = await testDatabase(t)
      const { directory: locations, remove } = writeScripts(t, {
        'V1__one.sql': 'CREATE TABLE one (id int);',
        'V2__two.sql': 'CREATE TABLE two (id int);',
        'U2__two.sql': 'DROP TABLE two;',
        'V3__three.sql': 'CREATE TABLE three (id int);',
        'U3__three.sql': 'DROP TABLE three;',
      })
      const options = { url, locations }
      await run('migrate', url, locations)
      await rollback(options)
      await run('validate', url, locations, { ignoreMigrationPatterns: '*:pending' })
      await run('migrate', url, locations)
      await rollback({ ...options, steps: 2 })
      assert.equal((await sql`SELECT FROM pg_class WHERE relname IN ('two', 'three')`).length, 0)
      await run('migrate', url, locations)
      // Neither is there a file, nor has the ledger a text of what Flyway applied since: its older ones do not count.
      remove('U2__two.sql')
      const { details } = await expectError('UNDO_MISSING', rollback({ ...options, to: 'empty' }))
      assert.deepEqual(
        details.problems?.map(({ version }) => version),
        ['2', '1'],
      )
      assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 3)
      await run('validate', url, locations)
    })

    test('a migration in JavaScript is of the future to it, and missing once something newer is applied', async (t) => {
      const { url, sql } = await testDatabase(t)
      const { directory: locations, write } = writeScripts(t, {
        'V1__one.sql': 'CREATE TABLE one (id int);',
        'V2__two.mjs': 'export const up = async ({ sql }) => void (await sql`CREATE TABLE two (id int)`)',
      })
      await migrate({ url, locations })
      await run('validate', url, locations)
      write({ 'V3__three.sql': 'CREATE TABLE three (id int);' })
      const { error } = await flyway.run('migrate', url, { locations: `filesystem:${locations}` })
      assert.equal(error?.code, 'VALIDATE_ERROR')
      await run('migrate', url, locations, { ignoreMigrationPatterns: '*:missing' })
      const rows = await sql`SELECT version, type FROM flyway_schema_history ORDER BY installed_rank`
      assert.deepEqual(
        rows.map(({ version, type }) => [version, type]),
        [
          ['1', 'SQL'],
          ['2', 'SCRIPT'],
          ['3', 'SQL'],
        ],
      )
      assert.deepEqual((await migrate({ url, locations })).migrations, [])
      await validate({ url, locations })
    })

    test('a module whose folder was its location is known by the names of its files, repeatables too', async (t) => {
      const { url, sql } = await testDatabase(t)
      const locations = `${sqlDirectory}/iam`
      await run('migrate', url, locations, roles)
      assert.equal((await sql`SELECT FROM flyway_schema_history WHERE script LIKE '%/%'`).length, 0)
      const options = { url, modules: ['iam'] as const }
      assert.deepEqual([...new Set((await info(options)).migrations.map(({ state }) => state))], ['Success'])
      assert.deepEqual((await migrate(options)).migrations, [])
      await validate(options)
      // Other modules come on top of it, and all of it can go.
      await migrate({ url, modules: ['iam', 'notify'] })
      await rollback({ url, modules: ['iam', 'notify'], to: 'empty' })
      assert.equal((await sql`SELECT FROM pg_namespace WHERE nspname IN ('iam', 'notify')`).length, 0)
      assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 0)
    })
  })
}

/** History rows as editions of Flyway write them that we cannot run, by type. */
async function writeHistory(
  sql: Sql,
  rows: readonly (readonly [version: string | null, type: string, script: string])[],
) {
  await sql`DELETE FROM flyway_schema_history`
  for (const [index, [version, type, script]] of rows.entries()) {
    await sql`
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by, execution_time, success)
      VALUES (${index + 1}, ${version}, ${script.replace(/^\w+?__|\.sql$/g, '')}, ${type}, ${script}, 'flyway', 0, true)`
  }
}

test('a version that the paid Flyway undid is pending again, and once more what was undone and applied again is not', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__one.sql': 'CREATE TABLE one (id int);',
    'V2__two.sql': 'CREATE TABLE two (id int);',
  })
  const options = { url, locations }
  await migrate(options)
  const checksums = await sql`SELECT version, checksum FROM flyway_schema_history ORDER BY 1`
  await sql`DROP TABLE schemaway_ledger, one, two`
  await sql`CREATE TABLE one (id int)`
  await writeHistory(sql, [
    ['1', 'SQL', 'V1__one.sql'],
    ['2', 'SQL', 'V2__two.sql'],
    ['2', 'UNDO_SQL', 'U2__two.sql'],
    ['1', 'UNDO_SQL', 'U1__one.sql'],
    ['1', 'SQL', 'V1__one.sql'],
  ])
  for (const { version, checksum } of checksums) {
    await sql`UPDATE flyway_schema_history SET checksum = ${checksum} WHERE version = ${version} AND type = 'SQL'`
  }
  const states = (await info(options)).migrations.map(({ version, state }) => `${version} ${state}`)
  assert.deepEqual(states, ['1 Undone', '2 Undone', '2 Success', '1 Success', '1 Success', '2 Pending'])
  await goesOn({ options, sql }, { states, runs: ['V2__two.sql'] })
})

for (const type of ['JDBC', 'SPRING_JDBC', 'SCRIPT', 'CUSTOM', 'JDBC_BASELINE', 'SQL_STATE_SCRIPT', 'SOMETHING_NEW']) {
  test(`a row of type ${type} without a file does not stop a migrate() that ignores what is missing`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { directory: locations, write } = writeScripts(t, { 'V2__two.sql': 'CREATE TABLE two (id int);' })
    const files = { url, locations }
    const options = { ...files, ignoreMigrationPatterns: ['*:missing', '*:future'] }
    await migrate(options)
    const [{ checksum } = {}] = await sql`SELECT checksum FROM flyway_schema_history`
    await sql`DROP TABLE schemaway_ledger`
    await writeHistory(sql, [
      ['1', type, 'db.migration.V1__One'],
      ['2', 'SQL', 'V2__two.sql'],
    ])
    await sql`UPDATE flyway_schema_history SET checksum = ${checksum} WHERE version = '2'`
    write({ 'V3__three.sql': 'CREATE TABLE three (id int);' })
    const { migrations } = await migrate(options)
    assert.deepEqual(
      migrations.map(({ script }) => script),
      ['V3__three.sql'],
    )
    await validate(options)
    assert.equal((await info(files)).migrations.find(({ version }) => version === '1')?.type, type)
    assert.equal((await sql`SELECT FROM schemaway_ledger`).length, 1)
  })
}
