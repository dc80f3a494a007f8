import assert from 'node:assert/strict'
import test from 'node:test'
import { describeMigrations } from '../../lib/history/migration-state.js'
import { filesOf, rowOf, rowsOf } from '../plan/fixtures.js'

/** States and modules, with the module `billing` selected. */
function describe(given: {
  readonly script: string
  readonly known: Readonly<Record<string, string>>
  readonly files?: readonly string[]
}): readonly (readonly string[])[] {
  return describeMigrations({
    rows: rowsOf(rowOf(given.script)),
    files: filesOf(...(given.files ?? [])),
    selected: new Set(['billing']),
    moduleOf: (script) => given.known[script] ?? null,
    checksumsOf: (one) => [one.checksum],
    outOfOrder: false,
  }).map(({ state, module, script }) => [state, module, script])
}

for (const script of ['billing/V1__a.sql', 'billing/R__a.sql']) {
  test(`${script}, which the ledger knows to be of the locations, is not that of the module of this name`, () => {
    assert.deepEqual(describe({ script, known: { [script]: '' } }), [['Success', '', script]])
  })

  test(`${script}, of which no ledger knows, as Flyway leaves it, is that of the module of this name`, () => {
    const [[state, module] = []] = describe({ script, known: {} })
    assert.ok(state === 'Missing' || state === 'Future', state)
    assert.equal(module, 'billing')
  })

  test(`${script}, which moved from the locations into the module with its path, is that of its file`, () => {
    assert.deepEqual(describe({ script, known: { [script]: '' }, files: [script] }), [['Success', 'billing', script]])
  })
}
