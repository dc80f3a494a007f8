import assert from 'node:assert/strict'
import test from 'node:test'
import type { HistoryRow } from '../../lib/history/history-row.js'
import { describeMigrations, type MigrationStatus } from '../../lib/history/migration-state.js'
import { refuseProblems } from '../../lib/plan/compare.js'
import { findFailures, findProblems, type ValidationRules } from '../../lib/plan/find-problems.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { fileOf, filesOf, rowOf, rowsOf, synthetic } from './fixtures.js'
import { refusal } from './refusal.js'

function statuses(
  files: readonly ScriptFile[],
  rows: readonly HistoryRow[],
  selected = [''],
): readonly MigrationStatus[] {
  return describeMigrations({
    rows,
    files,
    selected: new Set(selected),
    moduleOf: () => null,
    checksumsOf: (file) => [file.checksum],
    outOfOrder: false,
  })
}

function problems(given: readonly MigrationStatus[], ignorePending: boolean, changes: Partial<ValidationRules> = {}) {
  return findProblems(given, { ignorePending, patterns: ['*:future'], cherryPick: [], ...changes })
}

function codes(
  given: readonly MigrationStatus[],
  ignorePending: boolean,
  changes?: Partial<ValidationRules>,
): readonly string[] {
  return problems(given, ignorePending, changes).map(
    (problem) => `${problem.kind} ${problem.version ?? problem.script}`,
  )
}

test('every kind of problem is found at once, in Flyway’s words, with script, module and version', () => {
  const long = `V10__${'x'.repeat(210)}.sql`
  const files = [
    ...filesOf(
      'V1__a.sql',
      'V4__d.sql',
      'V5__e.sql',
      'V6__f.sql',
      'V7__renamed.sql',
      'R__outdated.sql',
      long,
      'V11__new.sql',
    ),
    fileOf('V8__h.sql', 'SELECT 8;'),
    fileOf('R__pending.sql'),
  ]
  const rows = rowsOf(
    'V1__a.sql',
    rowOf('V2__b.sql'),
    rowOf('V4__d.sql', { success: false }),
    rowOf('V6__f.sql', { type: 'JDBC' }),
    rowOf('V7__g.sql'),
    rowOf('V8__h.sql'),
    rowOf('R__gone.sql'),
    rowOf('R__broken.sql', { success: false }),
    rowOf('R__outdated.sql', { checksum: 5 }),
    rowOf(long, { description: `${'x'.repeat(197)}...` }),
  )
  const found = statuses(files, rows)
  const always = [
    'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED 2',
    'FAILED_VERSIONED_MIGRATION 4',
    'TYPE_MISMATCH 6',
    'DESCRIPTION_MISMATCH 7',
    'CHECKSUM_MISMATCH 8',
    'APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED R__gone.sql',
    'FAILED_REPEATABLE_MIGRATION R__broken.sql',
  ]
  assert.deepEqual(codes(found, true), [...always, 'RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED 5'])
  assert.deepEqual(codes(found, false), [
    ...always,
    'OUTDATED_REPEATABLE_MIGRATION R__outdated.sql',
    'RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED 5',
    'RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED 11',
    'RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED R__outdated.sql',
    'RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED R__pending.sql',
  ])
  assert.deepEqual(problems(found, true)[0], {
    kind: 'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED',
    message:
      'version 2 (b) is applied, but its file V2__b.sql is missing; bring the file back, or let repair() mark it as deleted',
    script: 'V2__b.sql',
    module: '',
    version: '2',
  })
})

test('nothing is wrong where history and files agree, nor with what Flyway skips', () => {
  const files = filesOf('V1__below.sql', 'V2__at.sql', 'V3__c.sql', 'V4__d.sql', 'V5__e.sql', 'R__r.sql')
  const rows = rowsOf(
    synthetic.schema,
    synthetic.baseline('2'),
    'V3__c.sql',
    rowOf(fileOf('V4__d.sql', 'SELECT 1; -- another text, of which only the deleted row speaks')),
    synthetic.deleted('V4__d.sql'),
    'V4__d.sql',
    'V5__e.sql',
    rowOf(fileOf('R__r.sql', 'SELECT 0;')),
    'R__r.sql',
    'V9__future.sql',
  )
  assert.deepEqual(problems(statuses(files, rows), false), [])
})

test('a mismatch is told with both checksums, or both descriptions', () => {
  const [checksum] = problems(statuses([fileOf('V1__a.sql', 'SELECT 2;')], rowsOf('V1__a.sql')), true)
  assert.equal(
    checksum?.message,
    'V1__a.sql was changed after it was applied (checksum 78787420 in history, 798974111 in the file); restore the file ' +
      'and put the change into a new migration',
  )
  const [description] = problems(statuses(filesOf('V1__new_name.sql'), rowsOf('V1__old_name.sql')), true)
  assert.match(description?.message ?? '', /was applied as "old name", but the file is named "new name"/)
})

test('a row without a checksum fits every file', () => {
  assert.deepEqual(codes(statuses(filesOf('V1__a.sql'), rowsOf(rowOf('V1__a.sql', { checksum: null }))), true), [])
})

test('a repeatable that history knows by another type is told, also an earlier run', () => {
  const java = rowOf('R__a.sql', { type: 'JDBC' })
  assert.deepEqual(codes(statuses(filesOf('R__a.sql'), rowsOf(java)), true), ['TYPE_MISMATCH R__a.sql'])
  assert.deepEqual(codes(statuses(filesOf('R__a.sql'), rowsOf(java, 'R__a.sql')), true), ['TYPE_MISMATCH R__a.sql'])
})

test('what is ignored is let pass, by type', () => {
  const files = filesOf('V2__b.sql', 'V3__c.sql', 'V4__d.sql', 'V6__f.sql', 'R__new.sql')
  const found = statuses(files, rowsOf('V1__a.sql', 'V2__b.sql', 'V4__d.sql', 'R__gone.sql', 'V9__i.sql'))
  const missing = [
    'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED 1',
    'APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED R__gone.sql',
  ]
  const [ofVersion = '', ofRepeatable = ''] = missing
  const future = 'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED 9'
  const late = ['3', '6'].map((version) => `RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED ${version}`)
  const pending = 'RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED R__new.sql'
  const left = (...patterns: string[]): readonly string[] => codes(found, false, { patterns })
  assert.deepEqual(left('*:future'), [ofVersion, ofRepeatable, ...late, pending])
  assert.deepEqual(left(), [ofVersion, ofRepeatable, future, ...late, pending])
  assert.deepEqual(left('*:future', '*:missing'), [...late, pending])
  assert.deepEqual(left('versioned:missing', '*:ignored'), [ofRepeatable, future, pending])
  assert.deepEqual(left('repeatable:missing', 'repeatable:pending', '*:ignored'), [ofVersion, future])
  assert.deepEqual(left('*:*'), [])
})

test('of what was not picked only failures are told', () => {
  const files = [...filesOf('V2__b.sql', 'V3__c.sql'), fileOf('V4__d.sql', 'SELECT 4;')]
  const rows = rowsOf('V1__a.sql', rowOf('V3__c.sql', { success: false }), 'V4__d.sql')
  assert.deepEqual(codes(statuses(files, rows), true, { cherryPick: ['4'] }), [
    'FAILED_VERSIONED_MIGRATION 3',
    'CHECKSUM_MISMATCH 4',
  ])
})

test('failures stop a migrate() whatever is ignored, unless it is one alone of a future release', () => {
  const failed = (version: number): HistoryRow => rowOf(`V${version}__x.sql`, { success: false })
  const files = filesOf('V1__a.sql', 'V2__b.sql')
  const stops = (rows: readonly HistoryRow[], ...patterns: string[]): readonly (string | undefined)[] =>
    findFailures(statuses(files, rows), { patterns }).map(({ version }) => version)
  assert.deepEqual(stops(rowsOf('V1__a.sql', failed(8)), '*:future'), [])
  assert.deepEqual(stops(rowsOf('V1__a.sql', failed(8)), 'versioned:future'), ['8'])
  assert.deepEqual(stops(rowsOf('V1__a.sql', failed(8), failed(9)), '*:future'), ['8', '9'])
  assert.deepEqual(stops(rowsOf(failed(1), failed(8)), '*:*'), ['1', '8'])
})

test('a version that another module took is told by its path there', () => {
  const files = [fileOf('billing/V1__b.sql', 'SELECT 2;')]
  const [problem] = problems(statuses(files, rowsOf('shipping/V1__a.sql'), ['billing']), true)
  assert.match(
    problem?.message ?? '',
    /billing\/V1__b\.sql was changed after it was applied as shipping\/V1__a\.sql \(/,
  )
})

test('a file that moved to another folder is no problem', () => {
  const file = { ...fileOf('new/V1__a.sql'), module: '' }
  assert.deepEqual(problems(statuses([file], rowsOf('old/V1__a.sql')), false), [])
})

test('three dots at the end of a description are compared like any other text', () => {
  const files = filesOf('V1__other.sql')
  const rows = rowsOf(rowOf('V1__a.sql', { description: 'wait...' }))
  assert.deepEqual(codes(statuses(files, rows), true), ['DESCRIPTION_MISMATCH 1'])
})

test('failed migrations of a future release are left alone, as with Flyway, unless that is not ignored', () => {
  const failed = (version: number): HistoryRow => rowOf(`V${version}__x.sql`, { success: false })
  const files = filesOf('V1__a.sql', 'V2__b.sql')
  assert.deepEqual(codes(statuses(files, rowsOf('V1__a.sql', 'V2__b.sql', failed(8))), true), [])
  assert.deepEqual(codes(statuses(files, rowsOf('V1__a.sql', 'V2__b.sql', failed(8), failed(9))), true), [])
  assert.deepEqual(codes(statuses(files, rowsOf(failed(1), 'V2__b.sql', failed(8))), true), [
    'FAILED_VERSIONED_MIGRATION 1',
  ])
  assert.deepEqual(codes(statuses(files, rowsOf('V1__a.sql', 'V2__b.sql', failed(8))), true, { patterns: [] }), [
    'FAILED_VERSIONED_MIGRATION 8',
  ])
})

test('a failed migration of a module that is not selected stops nobody else', () => {
  const rows = rowsOf('billing/V1__a.sql', rowOf('shipping/V2__b.sql', { success: false }))
  assert.deepEqual(problems(statuses(filesOf('billing/V1__a.sql'), rows, ['billing']), false), [])
  const selected = ['billing', 'shipping']
  const files = filesOf('billing/V1__a.sql', 'shipping/V2__b.sql')
  assert.deepEqual(codes(statuses(files, rows, selected), false), ['FAILED_VERSIONED_MIGRATION 2'])
})

test('a B script that is ignored is no problem, one that was applied and is missing is', () => {
  assert.deepEqual(problems(statuses(filesOf('V1__a.sql', 'B2__b.sql'), rowsOf('V1__a.sql')), false), [])
  assert.deepEqual(codes(statuses(filesOf('V3__a.sql'), rowsOf('B2__b.sql')), true), [
    'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED 2',
  ])
})

test('what a baseline covers is compared no more', () => {
  const changed = [fileOf('V1__a.sql', 'SELECT 2;'), fileOf('V3__c.sql', 'SELECT 2;')]
  assert.deepEqual(codes(statuses(changed, rowsOf('V1__a.sql', synthetic.baseline('2'), 'V3__c.sql')), true), [
    'CHECKSUM_MISMATCH 3',
  ])
})

test('problems are refused together, with their number', () => {
  refuseProblems([])
  const found = problems(statuses(filesOf('V9__z.sql'), rowsOf('V1__a.sql', 'V2__b.sql')), true)
  const error = refusal('VALIDATION_FAILED', () => refuseProblems(found))
  assert.match(
    error.message,
    /^History and files disagree in 2 places: .*V1__a\.sql.*; .*V2__b\.sql.*\. Nothing was changed\.$/,
  )
  assert.deepEqual(error.details.problems, found)
  assert.match(refusal('VALIDATION_FAILED', () => refuseProblems(found.slice(1))).message, /disagree in one place: /)
})
