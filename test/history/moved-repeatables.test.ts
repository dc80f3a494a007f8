import assert from 'node:assert/strict'
import test from 'node:test'
import { describeMigrations } from '../../lib/history/migration-state.js'
import { filesOf, rowOf, rowsOf } from '../plan/fixtures.js'

/** States and modules, with the modules of the files selected. */
function describe(script: string, file: string): readonly (readonly string[])[] {
  const files = filesOf(file)
  const row = rowOf(files[0] ?? '', { script })
  return describeMigrations({
    rows: rowsOf(row),
    files,
    selected: new Set(files.map(({ module }) => module)),
    moduleOf: () => null,
    checksumsOf: (one) => [one.checksum],
    outOfOrder: false,
  }).map(({ state, module }) => [state, module])
}

test('a repeatable that Flyway applied from inside the folder of a module is that of the module', () => {
  assert.deepEqual(describe('R__10_functions.sql', 'iam/R__10_functions.sql'), [['Success', 'iam']])
  assert.deepEqual(describe('sub/R__10_functions.sql', 'iam/sub/R__10_functions.sql'), [['Success', 'iam']])
})

test('a repeatable that Flyway applied from a folder above all modules is that of the module', () => {
  assert.deepEqual(describe('db/sql/iam/R__10_functions.sql', 'iam/R__10_functions.sql'), [['Success', 'iam']])
})

/** States and modules of a history with several rows, whose modules the ledger knows. */
function describeKnown(
  files: readonly string[],
  scripts: readonly string[],
  modules: Readonly<Record<string, string>>,
): readonly (readonly string[])[] {
  const found = filesOf(...files)
  const rows = rowsOf(...scripts.map((script) => rowOf(found[0] ?? '', { script })))
  return describeMigrations({
    rows,
    files: found,
    selected: new Set(found.map(({ module }) => module)),
    moduleOf: (script) => modules[script] ?? null,
    checksumsOf: (one) => [one.checksum],
    outOfOrder: false,
  }).map(({ state, module, script }) => [state, module, script])
}

test('a repeatable of a module of another service is not that of the locations, although its path ends like it', () => {
  const known = { 'R__views.sql': '', 'iam/R__views.sql': 'iam' }
  assert.deepEqual(describeKnown(['R__views.sql'], ['R__views.sql', 'iam/R__views.sql'], known), [
    ['Success', '', 'R__views.sql'],
    ['Success', 'iam', 'iam/R__views.sql'],
  ])
})

test('a repeatable of the locations of another service is not that of a module', () => {
  const known = { 'R__views.sql': '', 'iam/R__views.sql': 'iam' }
  assert.deepEqual(describeKnown(['iam/R__views.sql'], ['iam/R__views.sql', 'R__views.sql'], known), [
    ['Success', 'iam', 'iam/R__views.sql'],
    ['Success', '', 'R__views.sql'],
  ])
})

test('a repeatable of the same description in another module is another one', () => {
  assert.deepEqual(describe('billing/R__views.sql', 'iam/R__views.sql'), [
    ['Success', 'billing'],
    ['Pending', 'iam'],
  ])
  assert.deepEqual(describe('am/R__views.sql', 'iam/R__views.sql'), [
    ['Success', 'am'],
    ['Pending', 'iam'],
  ])
})
