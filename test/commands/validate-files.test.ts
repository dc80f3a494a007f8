import assert from 'node:assert/strict'
import test from 'node:test'
import { bundled, defineModule, type ErrorDetails, validateFiles } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

async function faults(options: Parameters<typeof validateFiles>[0]): Promise<readonly string[]> {
  const { details } = await expectError('VALIDATION_FAILED', validateFiles(options))
  return (details.problems ?? []).map(({ kind, script = '' }) => `${kind} ${script}`).toSorted()
}

test('sound files pass, and are counted', async (t) => {
  const { directory } = writeScripts(t, {
    'V1__a.sql': "CREATE TABLE ${table} (note text DEFAULT '${flyway:user}');",
    'U1__a.sql': 'DROP TABLE ${table};',
    'R__r.sql': '-- schemaway: requires=1\nSELECT 1;',
    'UR__r.sql': 'SELECT 2;',
  })
  const options = { locations: directory, placeholders: { table: 'a' }, requireUndo: true }
  assert.deepEqual(await validateFiles(options), { command: 'validateFiles', checked: 4 })
})

test('the bundled modules are sound, every version with its undo', async () => {
  const { checked } = await validateFiles({ modules: bundled.map(({ name }) => name), requireUndo: true })
  assert.ok(checked > 60, `${checked}`)
})

test('every kind of fault is found at once, with its script', async (t) => {
  const { directory } = writeScripts(t, {
    'v1__a.sql': 'SELECT 1;',
    'V2__b.sql': 'SELECT 1;',
    'V2.0__again.sql': 'SELECT 1;',
    'V3__open.sql': "SELECT 'without an end;",
    'V4__unknown.sql': 'SELECT ${unknown};',
    'V5__commit.sql': 'SELECT 1; COMMIT; SELECT 2;',
    'V6__psql.sql': '\\i other.sql\n',
    'V7__directive.sql': '-- schemaway: transactoin=none\nSELECT 1;',
    'U9__nothing.sql': 'SELECT 1;',
    'UR__nothing.sql': 'SELECT 1;',
    'R__needs.sql': '-- schemaway: requires=99\nSELECT 1;',
    'R__twice.sql': 'SELECT 1;',
    'x/R__twice.sql': 'SELECT 2;',
  })
  assert.deepEqual(await faults({ locations: directory }), [
    'DUPLICATE_REPEATABLE_MIGRATION x/R__twice.sql',
    'DUPLICATE_VERSIONED_MIGRATION V2__b.sql',
    'INVALID_DIRECTIVE R__needs.sql',
    'INVALID_DIRECTIVE V7__directive.sql',
    'INVALID_NAME v1__a.sql',
    'INVALID_SCRIPT V3__open.sql',
    'INVALID_SCRIPT V6__psql.sql',
    'TRANSACTION_CONTROL V5__commit.sql',
    'UNDO_WITHOUT_MIGRATION U9__nothing.sql',
    'UNDO_WITHOUT_MIGRATION UR__nothing.sql',
    'UNKNOWN_PLACEHOLDER V4__unknown.sql',
  ])
})

test('a fault in a text has its line and column', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.sql': "SELECT 1;\n\nSELECT '${x};" })
  const { details } = await expectError('VALIDATION_FAILED', validateFiles({ locations: directory }))
  const [problem]: NonNullable<ErrorDetails['problems']> = details.problems ?? []
  assert.deepEqual([problem?.kind, problem?.line, problem?.column], ['UNKNOWN_PLACEHOLDER', 3, 9])
})

test('duplicates, and the order of modules, are judged over all folders; one that is missing hides nothing', async (t) => {
  const first = writeScripts(t, { 'V2__a.sql': 'SELECT 1;' })
  const second = writeScripts(t, { 'V1__b.sql': 'SELECT 1;', 'V2__c.sql': 'SELECT 1;' })
  const modules = [
    defineModule({ name: 'shop', directory: first.directory }),
    defineModule({ name: 'bills', directory: second.directory, requires: ['shop'] }),
    defineModule({ name: 'gone', directory: `${first.directory}/gone` }),
  ]
  assert.deepEqual(await faults({ modules }), [
    'DUPLICATE_VERSIONED_MIGRATION bills/V2__c.sql',
    'INVALID_MODULES bills/V1__b.sql',
    'UNREADABLE_DIRECTORY ',
  ])
})

test('a version without a U file is a fault where that is asked for', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;', 'R__r.sql': 'SELECT 1;' })
  assert.deepEqual(await faults({ locations: directory, requireUndo: true }), ['UNDO_MISSING V1__a.sql'])
  await validateFiles({ locations: directory })
})

test('a database is refused: there is nothing to ask it', async () => {
  const options: object = { url: 'postgres://h/d', modules: ['iam'] }
  await expectError('INVALID_OPTIONS', validateFiles(options))
})
