import assert from 'node:assert/strict'
import test from 'node:test'
import { callbackEvents, impossibleEvents } from '../../lib/callbacks/callback-events.js'
import { defineModule, info, migrate, validateFiles } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { eventLog, note } from './event-log.js'

/** As `Event` of Flyway 13.12.0 has them; 11.14.1 lacks afterReportGenerated only. */
const eventsOfFlyway = [
  'afterBaseline',
  'afterBaselineError',
  'afterBaselineOperationFinish',
  'afterClean',
  'afterCleanError',
  'afterCleanOperationFinish',
  'afterConnect',
  'afterEachMigrate',
  'afterEachMigrateError',
  'afterEachMigrateStatement',
  'afterEachMigrateStatementError',
  'afterEachUndo',
  'afterEachUndoError',
  'afterEachUndoStatement',
  'afterEachUndoStatementError',
  'afterInfo',
  'afterInfoError',
  'afterInfoOperationFinish',
  'afterMigrate',
  'afterMigrateApplied',
  'afterMigrateError',
  'afterMigrateOperationFinish',
  'afterRepair',
  'afterRepairError',
  'afterRepairOperationFinish',
  'afterReportGenerated',
  'afterUndo',
  'afterUndoError',
  'afterUndoOperationFinish',
  'afterValidate',
  'afterValidateError',
  'afterValidateOperationFinish',
  'afterVersioned',
  'beforeBaseline',
  'beforeClean',
  'beforeConnect',
  'beforeCreateSchema',
  'beforeEachMigrate',
  'beforeEachMigrateStatement',
  'beforeEachUndo',
  'beforeEachUndoStatement',
  'beforeInfo',
  'beforeMigrate',
  'beforeRepair',
  'beforeRepeatables',
  'beforeUndo',
  'beforeValidate',
  'createSchema',
]

test('every event of Flyway either happens here or is refused with a reason', () => {
  assert.deepEqual([...callbackEvents, ...Object.keys(impossibleEvents)].toSorted(), eventsOfFlyway)
})

test('callbacks of an event run without a description first, then by description, whatever folder they lie in', async (t) => {
  const { url, folder, locations, read } = await eventLog(t, {
    'one/beforeMigrate__m.sql': note('m'),
    'one/beforeMigrate__z.sql': note('z'),
    'one/V1__a.sql': 'SELECT 1;',
  })
  folder.write({
    'two/beforeMigrate__a_b.sql': note('a b'),
    'two/deep/beforeMigrate.sql': note('none'),
    'two/beforeMigrate__n.SQL': note('n'),
    'two/beforeMigrate__B.sql': note('B'),
  })
  await migrate({ url, locations: [`${locations}/one`, `${locations}/two`] })
  assert.deepEqual(await read(), ['none', 'B', 'a b', 'm', 'n', 'z'])
})

const repetitions: readonly (readonly [situation: string, names: readonly [string, string]])[] = [
  ['in a folder below', ['afterMigrate.sql', 'sub/afterMigrate.sql']],
  ['with another suffix', ['afterMigrate.sql', 'afterMigrate.SQL']],
  ['with an empty description', ['afterMigrate.sql', 'afterMigrate__.sql']],
]

for (const [situation, [one, other]] of repetitions) {
  test(`the same callback ${situation} is refused`, async (t) => {
    const { url, locations } = await eventLog(t, { 'V1__a.sql': 'SELECT 1;', [one]: 'SELECT 1;', [other]: 'SELECT 2;' })
    const error = await expectError('INVALID_SCRIPT_NAMES', info({ url, locations }))
    assert.deepEqual(
      error.details.problems?.map(({ kind }) => kind),
      ['REPEATED_CALLBACK'],
    )
    assert.match(error.message, /are the same callback; give one of them another description/)
    await expectError('VALIDATION_FAILED', validateFiles({ locations }))
  })
}

const wrongNames: readonly (readonly [name: string, message: RegExp])[] = [
  ['beforeMigrat.sql', /there is no event beforeMigrat, did you mean beforeMigrate\?/],
  ['BEFOREMIGRATE.sql', /there is no event BEFOREMIGRATE, did you mean beforeMigrate\?/],
  ['beforeMigrate_x.sql', /there is no event beforeMigrate_x/],
  ['beforeMigrateX.sql', /there is no event beforeMigrateX/],
  ['beforeConnect.sql', /no connection to run it on before one is made, and Flyway never runs it either/],
  ['afterReportGenerated__mail.sql', /it follows a report file of Flyway, which is not written here/],
]

for (const [name, message] of wrongNames) {
  test(`${name} is refused with a reason, in every style of naming`, async (t) => {
    const { directory } = writeScripts(t, { [name]: 'SELECT 1;' })
    for (const naming of ['flyway', 'up-down', 'numbered'] as const) {
      const error = await expectError('VALIDATION_FAILED', validateFiles({ locations: directory, naming }))
      assert.match(error.message, message)
    }
    const folder = writeScripts(t, { [name]: 'SELECT 1;', 'V1__a.sql': 'SELECT 1;' })
    await validateFiles({ locations: folder.directory, ignore: [name] })
  })
}

test('callbacks lie beside scripts of every style of naming', async (t) => {
  for (const [naming, script] of [
    ['up-down', '0001_a.up.sql'],
    ['numbered', '001_a.sql'],
  ] as const) {
    const { url, locations, read } = await eventLog(t, { [script]: 'SELECT 1;', 'afterMigrate__x.sql': note(naming) })
    await migrate({ url, locations, naming })
    assert.deepEqual(await read(), [naming])
  }
})

test('a callback of a module runs for every migration, with the search path of its module', async (t) => {
  const { url, sql, folder, locations, read } = await eventLog(t, {
    'billing/V1__a.sql': 'CREATE SCHEMA billing; CREATE TABLE billing.touched (name text);',
    'billing/afterEachMigrate.sql': `INSERT INTO touched VALUES ('x'); ${note('billing')}`,
    'other/V2__b.sql': 'SELECT 1;',
    'other/afterEachMigrate.sql': note('other'),
  })
  const billing = defineModule({ name: 'billing', directory: `${locations}/billing`, schemas: ['billing'] })
  await migrate({ url, modules: [billing], locations: `${folder.directory}/other` })
  assert.deepEqual(await read(), ['billing', 'other', 'billing', 'other'])
  assert.equal((await sql`SELECT FROM billing.touched`).length, 2)
})

test('encoding, placeholder marks and the .conf file beside it hold for a callback', async (t) => {
  const { url, folder, locations, read } = await eventLog(t, {
    'V1__a.sql': 'SELECT 1;',
    'afterMigrate__a.sql': note('${nope}'),
    'afterMigrate__a.sql.conf': 'placeholderReplacement=false',
    'afterMigrate__b.sql': note('#[mine]'),
  })
  await migrate({ url, locations, placeholderPrefix: '#[', placeholderSuffix: ']', placeholders: { mine: 'own' } })
  assert.deepEqual(await read(), ['${nope}', 'own'])
  folder.remove('afterMigrate__a.sql', 'afterMigrate__a.sql.conf')
  folder.write({ 'afterMigrate__b.sql': note('plain') })
  await migrate({ url, locations, encoding: 'iso-8859-1' })
  assert.deepEqual(await read(), ['plain'])
})

test('a faulty callback is found by validateFiles()', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;', 'afterMigrate.sql': "SELECT 'open;" })
  const error = await expectError('VALIDATION_FAILED', validateFiles({ locations: directory }))
  assert.equal(error.details.problems?.[0]?.script, 'afterMigrate.sql')
})
