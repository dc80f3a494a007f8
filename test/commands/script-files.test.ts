import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { defineModule, info, migrate, rollback, validate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const angles = { placeholderPrefix: '<<', placeholderSuffix: '>>' } as const

test('an undo text of the ledger works whatever marks placeholders have by then', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': "CREATE TABLE note (text text); INSERT INTO note VALUES ('${x}');",
    'U1__a.sql': 'DROP TABLE note;',
    'V2__b.sql': 'CREATE TABLE b<<x>> (id integer);',
    'U2__b.sql': "UPDATE note SET text = '${x} $<<x>> <<x>>'; DROP TABLE b<<x>>;",
  })
  const common = { url, locations: folder.directory, placeholders: { x: '1' } }
  await migrate({ ...common, ...angles })
  folder.remove('U1__a.sql', 'U2__b.sql')
  await rollback(common)
  assert.deepEqual(
    (await sql`SELECT text FROM note`).map((row) => row['text']),
    ['${x} $1 1'],
  )
  folder.remove('V1__a.sql', 'V2__b.sql')
  await rollback({ ...common, placeholderReplacement: false, allowDataLoss: true })
  assert.equal((await sql`SELECT FROM pg_class WHERE relname = 'note'`).length, 0)
})

test('an undo text of the ledger works whatever separator built-in placeholders have by then', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE ${flyway_defaultSchema}.a (text text);',
    'V2__b.sql': 'SELECT 1;',
    'U2__b.sql': "INSERT INTO a VALUES ('${flyway_table} $${flyway:table}');",
    'R__v.sql': "CREATE OR REPLACE VIEW v AS SELECT '${flyway_table}' AS t;",
  })
  const options = { url, locations: folder.directory, placeholderSeparator: '_' }
  assert.equal((await migrate(options)).migrations.length, 3)
  assert.equal((await migrate(options)).migrations.length, 0)
  const [kept] = await sql`SELECT undo_text, placeholders FROM schemaway_ledger WHERE version = '2'`
  assert.deepEqual(
    [kept?.['undo_text'], kept?.['placeholders']],
    ["INSERT INTO a VALUES ('${flyway:table} $${flyway:table}');", ['flyway:table']],
  )
  folder.remove('U2__b.sql')
  await rollback({ ...options, placeholderSeparator: '::' })
  assert.deepEqual(
    (await sql`SELECT text FROM a`).map((row) => row['text']),
    ['flyway_schema_history ${flyway:table}'],
  )
})

test('an undo text without placeholders stays as it is when they were off', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (text text)',
    'V2__b.sql': 'SELECT 1;',
    'U2__b.sql': "INSERT INTO a VALUES ('${x} $${y}');",
  })
  await migrate({ url, locations: folder.directory, placeholderReplacement: false })
  folder.remove('U2__b.sql')
  await rollback({ url, locations: folder.directory })
  assert.deepEqual(
    (await sql`SELECT text FROM a`).map((row) => row['text']),
    ['${x} $${y}'],
  )
})

test('a fresh database does not run a file of node-pg-migrate up and down again, and says which file to split', async (t) => {
  const { url, sql } = await testDatabase(t)
  const text = '-- Up Migration\nCREATE TABLE a (id int);\n\n-- Down Migration\nDROP TABLE a;\n'
  const { directory: locations } = writeScripts(t, { '1_a.sql': text })
  const error = await expectError('INVALID_SCRIPT', migrate({ url, locations, naming: 'numbered' }))
  assert.match(error.message, /^1_a\.sql, line 4, column 1: .* Move it to a file of its own, 1_a\.down\.sql\./)
  const [row] = await sql`SELECT to_regclass('flyway_schema_history') AS history, to_regclass('a') AS a`
  assert.deepEqual({ ...row }, { history: null, a: null })
})

test('a placeholder without a value is reported in its own marks, with its line', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': "SELECT '${x}';\n  SELECT <<tenat>>;" })
  const error = await expectError(
    'UNKNOWN_PLACEHOLDER',
    migrate({ url, locations, ...angles, placeholders: { tenant: '1' } }),
  )
  assert.match(
    error.message,
    /^V1__a\.sql, line 2, column 10: no value is given for <<tenat>>\. Did you mean <<tenant>>\?/,
  )
  assert.doesNotMatch(error.message, /\$/)
})

test('options about files do not touch the bundled modules', async (t) => {
  const { url } = await testDatabase(t)
  const report = await migrate({
    url,
    modules: ['iam'],
    placeholderReplacement: false,
    placeholderPrefix: '<<',
    encoding: 'utf-16le',
    naming: 'numbered',
    ignore: ['**'],
  })
  assert.ok(report.migrations.length > 3)
  assert.ok((await validate({ url, modules: ['iam'] })).checked > 3)
})

for (const [naming, files] of [
  [
    'up-down',
    {
      '0001_first_table.up.sql': 'CREATE TABLE a (id integer);',
      '0001_first_table.down.sql': 'DROP TABLE a;',
      'deep/V0002.up.sql': 'CREATE TABLE b (id integer);',
      'deep/V0002.down.sql': 'DROP TABLE b;',
      'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1;',
    },
  ],
  [
    'numbered',
    {
      '0001_first_table.sql': 'CREATE TABLE a (id integer);',
      '0001_first_table.down.sql': 'DROP TABLE a;',
      'deep/0002.sql': 'CREATE TABLE b (id integer);',
      'deep/0002.down.sql': 'DROP TABLE b;',
      'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1;',
    },
  ],
] as const) {
  test(`files named ${naming} become versions with their undo, and may be renamed to Flyway's style later`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const folder = writeScripts(t, files)
    const { directory: locations } = folder
    await migrate({ url, locations, naming })
    const [first, second] = Object.keys(files)
      .filter((name) => /000\d/.test(name) && !name.includes('.down.'))
      .toSorted()
    assert.deepEqual(
      [
        ...(await sql`SELECT version, description, type, script, success FROM flyway_schema_history
          ORDER BY installed_rank`.values()),
      ],
      [
        ['0001', 'first table', 'SQL', first, true],
        ['0002', '', 'SQL', second, true],
        [null, 'view', 'SQL', 'R__view.sql', true],
      ],
    )
    assert.deepEqual(
      (await info({ url, locations, naming })).migrations.map(({ state }) => state),
      ['Success', 'Success', 'Success'],
    )
    const textOf = (name = ''): string => new Map<string, string>(Object.entries(files)).get(name) ?? ''
    const flyway = writeScripts(t, {
      'V0001__first_table.sql': textOf(first),
      'V0002.sql': textOf(second),
      'R__view.sql': textOf('R__view.sql'),
    })
    assert.equal((await validate({ url, locations: flyway.directory })).checked, 3)
    folder.remove(naming === 'numbered' ? 'deep/0002.down.sql' : 'deep/V0002.down.sql')
    const report = await rollback({ url, locations, naming, to: 'empty' })
    assert.deepEqual(
      report.migrations.filter(({ action }) => action === 'undo').map(({ version }) => version),
      ['0002', '0001'],
    )
    assert.equal((await sql`SELECT FROM pg_class WHERE relname IN ('a', 'b')`).length, 0)
  })
}

test('a module has its own style, beside locations in Flyway’s', async (t) => {
  const { url, sql } = await testDatabase(t)
  const billing = writeScripts(t, { '2_b.up.sql': 'CREATE SCHEMA billing;', '2_b.down.sql': 'DROP SCHEMA billing;' })
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const modules = [defineModule({ name: 'billing', directory: billing.directory, naming: 'up-down' })]
  await migrate({ url, modules, locations })
  assert.deepEqual(
    (await sql`SELECT script FROM flyway_schema_history ORDER BY 1`).map((row) => row['script']),
    ['V1__a.sql', 'billing/2_b.up.sql'],
  )
  await rollback({ url, modules, locations })
  assert.equal((await sql`SELECT FROM pg_namespace WHERE nspname = 'billing'`).length, 0)
})

test('a file in another encoding fails with the line, the column and the text of the file', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {})
  writeFileSync(join(locations, 'V1__a.sql'), Buffer.from("CREATE TABLE a (note text DEFAULT '\x80 é');", 'latin1'))
  writeFileSync(join(locations, 'V2__b.sql'), Buffer.from("-- é\nSELECT 'ü', nothing;\n", 'latin1'))
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations, encoding: 'windows-1252' }))
  assert.deepEqual([error.details.line, error.details.column], [2, 13])
  assert.match(error.details.excerpt ?? '', /-- é\n.*SELECT 'ü', nothing;\n +\| {13}\^/)
  assert.equal((await sql`INSERT INTO a DEFAULT VALUES RETURNING note`)[0]?.['note'], '€ é')
})

test('what ignore names is left out, also where its name would be refused', async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'SELECT 1;',
    'run_all.sql': '',
    'sub/run_all.sql': '',
    'sub/old.bak.sql': '',
    'archive/V2__b.sql': '',
    'archive/deep/notes.sql': '',
  })
  mkdirSync(join(locations, 'archive/V9__folder.sql'))
  const error = await expectError(
    'INVALID_SCRIPT_NAMES',
    migrate({ url, locations, ignore: ['run_all.sql', 'archive/'] }),
  )
  assert.deepEqual(
    error.details.problems?.map(({ script }) => script),
    ['sub/old.bak.sql', 'sub/run_all.sql'],
  )
  const ignore = ['run_all.sql', './archive', '**/*.bak.sql', 'sub/run_???.sql']
  const report = await migrate({ url, locations, ignore })
  assert.deepEqual(
    report.migrations.map(({ script }) => script),
    ['V1__a.sql'],
  )
})

test('a missing location is refused, or left out with a warning', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const locations = [directory, '/nowhere/at/all', '/nowhere/*/sql']
  await expectError('UNREADABLE_DIRECTORY', migrate({ url, locations }))
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message) }
  const report = await migrate({ url, locations, failOnMissingLocations: false, logger })
  assert.equal(report.migrations.length, 1)
  assert.ok(
    warnings.some((warning) => warning.includes('/nowhere/at/all does not exist')),
    warnings.join('\n'),
  )
  const empty = await expectError('UNREADABLE_DIRECTORY', info({ url, locations: `${directory}/*/sql` }))
  assert.match(empty.message, /^No script lies where the location .*\/\*\/sql points/)
})

test('names of placeholders that could never be meant are refused', async () => {
  for (const [name, reason] of [
    ['a}b', /has a } in its name/],
    ['schemaway:dollar', /is built in/],
  ] as const) {
    const url = 'postgres://nobody@127.0.0.1:1/nothing'
    const error = await expectError('INVALID_OPTIONS', info({ url, locations: '/sql', placeholders: { [name]: '1' } }))
    assert.match(error.message, reason)
  }
})
