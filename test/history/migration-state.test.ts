import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type HistoryRow, shortenDescription } from '../../lib/history/history-row.js'
import {
  currentVersion,
  describeMigrations,
  type MigrationStatus,
  type StateInput,
} from '../../lib/history/migration-state.js'
import { everything } from '../../lib/history/scope.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { parseTarget, parseVersion, type Version } from '../../lib/scripts/version.js'
import { fileOf, filesOf, rowOf, rowsOf, statesOf, synthetic } from '../plan/fixtures.js'

interface Given {
  readonly rows?: readonly HistoryRow[]
  readonly files?: readonly ScriptFile[]
  readonly selected?: readonly string[]
  readonly outOfOrder?: boolean
  readonly moduleOf?: StateInput['moduleOf']
  readonly checksumsOf?: StateInput['checksumsOf']
  readonly target?: string
  readonly cherryPick?: readonly string[]
  readonly requirementsOf?: StateInput['requirementsOf']
}

function describe(given: Given): readonly MigrationStatus[] {
  return describeMigrations({
    rows: given.rows ?? [],
    files: given.files ?? [],
    selected: new Set(given.selected ?? ['']),
    moduleOf: given.moduleOf ?? (() => null),
    checksumsOf: given.checksumsOf ?? ((file) => [file.checksum]),
    outOfOrder: given.outOfOrder ?? false,
    scope: { target: parseTarget(given.target ?? 'latest') ?? everything.target, cherryPick: given.cherryPick ?? [] },
    ...(given.requirementsOf !== undefined && { requirementsOf: given.requirementsOf }),
  })
}

const { schema, baseline, deleted, undone } = synthetic

/** One row or more for every state of Flyway's map, and its neighbours. */
const table: readonly (readonly [title: string, given: Given, expected: readonly (readonly [string, string])[]])[] = [
  ['a file that was never applied is pending', { files: filesOf('V1__a.sql') }, [['Pending', 'V1__a.sql']]],
  [
    'pending versions come by number, part by part, then repeatables by description',
    { files: filesOf('R__b.sql', 'V1.10__j.sql', 'R__B.sql', 'V1.9__i.sql', 'R__a.sql', 'V01__a.sql') },
    [
      ['Pending', 'V01__a.sql'],
      ['Pending', 'V1.9__i.sql'],
      ['Pending', 'V1.10__j.sql'],
      ['Pending', 'R__B.sql'],
      ['Pending', 'R__a.sql'],
      ['Pending', 'R__b.sql'],
    ],
  ],
  [
    'an applied file is a success, and is found by its version, however that is written',
    { files: filesOf('V01.0__a.sql'), rows: rowsOf(rowOf('V1__a.sql')) },
    [['Success', 'V1__a.sql']],
  ],
  [
    'a version of 17 digits is no version of two parts',
    {
      files: filesOf('V20251223112456789__a.sql', 'V20251223_112456789__b.sql'),
      rows: rowsOf('V20251223112456789__a.sql'),
    },
    [
      ['Success', 'V20251223112456789__a.sql'],
      ['Ignored', 'V20251223_112456789__b.sql'],
    ],
  ],
  [
    'a version of 17 digits is compared to the last one',
    {
      files: filesOf('V90071992547409931__a.sql', 'V90071992547409933__b.sql'),
      rows: rowsOf('V90071992547409931__a.sql'),
    },
    [
      ['Success', 'V90071992547409931__a.sql'],
      ['Pending', 'V90071992547409933__b.sql'],
    ],
  ],
  [
    'a file below the newest applied version is ignored',
    { files: filesOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql'), rows: rowsOf('V1__a.sql', 'V3__c.sql') },
    [
      ['Success', 'V1__a.sql'],
      ['Success', 'V3__c.sql'],
      ['Ignored', 'V2__b.sql'],
    ],
  ],
  [
    'with outOfOrder it is pending',
    { files: filesOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql'), rows: rowsOf('V1__a.sql', 'V3__c.sql'), outOfOrder: true },
    [
      ['Success', 'V1__a.sql'],
      ['Success', 'V3__c.sql'],
      ['Pending', 'V2__b.sql'],
    ],
  ],
  [
    'once applied it is out of order, and the next one is not',
    {
      files: filesOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql', 'V4__d.sql'),
      rows: rowsOf('V1__a.sql', 'V3__c.sql', 'V2__b.sql', 'V4__d.sql'),
    },
    [
      ['Success', 'V1__a.sql'],
      ['Success', 'V3__c.sql'],
      ['Out of Order', 'V2__b.sql'],
      ['Success', 'V4__d.sql'],
    ],
  ],
  [
    'a row without success has failed, and is not pending again',
    { files: filesOf('V1__a.sql'), rows: rowsOf(rowOf('V1__a.sql', { success: false })) },
    [['Failed', 'V1__a.sql']],
  ],
  [
    'a row without a file, below the newest file, is missing',
    {
      files: filesOf('V4__d.sql'),
      rows: rowsOf('V1__a.sql', rowOf('V2__b.sql', { success: false })),
    },
    [
      ['Missing', 'V1__a.sql'],
      ['Failed (Missing)', 'V2__b.sql'],
      ['Pending', 'V4__d.sql'],
    ],
  ],
  [
    'a row without a file, at or above the newest file, is one of a future release',
    {
      files: filesOf('V1__a.sql'),
      rows: rowsOf('V1__a.sql', 'V2__b.sql', rowOf('V3__c.sql', { success: false })),
    },
    [
      ['Success', 'V1__a.sql'],
      ['Future', 'V2__b.sql'],
      ['Failed (Future)', 'V3__c.sql'],
    ],
  ],
  ['without any file every version is of the future', { rows: rowsOf('V1__a.sql') }, [['Future', 'V1__a.sql']]],
  [
    'a repeatable without a file is missing, whatever the versions are',
    { rows: rowsOf('R__a.sql', rowOf('R__b.sql', { success: false })) },
    [
      ['Missing', 'R__a.sql'],
      ['Failed (Missing)', 'R__b.sql'],
    ],
  ],
  [
    'of a repeatable without a file only the latest run is missing',
    { rows: rowsOf('R__a.sql', 'R__a.sql') },
    [
      ['Superseded', 'R__a.sql'],
      ['Missing', 'R__a.sql'],
    ],
  ],
  [
    'a repeatable that is unchanged is a success',
    { files: filesOf('R__a.sql'), rows: rowsOf('R__a.sql') },
    [['Success', 'R__a.sql']],
  ],
  [
    'a changed repeatable is outdated, and its file pending',
    { files: [fileOf('R__a.sql', 'SELECT 2;')], rows: rowsOf('R__a.sql') },
    [
      ['Outdated', 'R__a.sql'],
      ['Pending', 'R__a.sql'],
    ],
  ],
  [
    'of a repeatable only the latest run counts: one that was changed back is outdated too',
    { files: filesOf('R__a.sql'), rows: rowsOf('R__a.sql', fileOf('R__a.sql', 'SELECT 2;')) },
    [
      ['Superseded', 'R__a.sql'],
      ['Outdated', 'R__a.sql'],
      ['Pending', 'R__a.sql'],
    ],
  ],
  [
    'a repeatable that failed and was not changed is not pending',
    { files: filesOf('R__a.sql'), rows: rowsOf('R__a.sql', rowOf('R__a.sql', { success: false })) },
    [
      ['Superseded', 'R__a.sql'],
      ['Failed', 'R__a.sql'],
    ],
  ],
  [
    'a repeatable that failed and was changed is pending again',
    { files: [fileOf('R__a.sql', 'SELECT 2;')], rows: rowsOf(rowOf('R__a.sql', { success: false })) },
    [
      ['Failed', 'R__a.sql'],
      ['Pending', 'R__a.sql'],
    ],
  ],
  [
    'a failed run stays failed when a later one was fine',
    { files: filesOf('R__a.sql'), rows: rowsOf(rowOf('R__a.sql', { success: false }), 'R__a.sql') },
    [
      ['Failed', 'R__a.sql'],
      ['Success', 'R__a.sql'],
    ],
  ],
  [
    'a repeatable without a checksum in history is outdated',
    { files: filesOf('R__a.sql'), rows: rowsOf(rowOf('R__a.sql', { checksum: null })) },
    [
      ['Outdated', 'R__a.sql'],
      ['Pending', 'R__a.sql'],
    ],
  ],
  [
    'a deleted version is deleted, its DELETE row a success, its file ignored below others and pending above them',
    {
      files: filesOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql'),
      rows: rowsOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql', deleted('V1__a.sql'), deleted('V3__c.sql')),
    },
    [
      ['Deleted', 'V1__a.sql'],
      ['Success', 'V2__b.sql'],
      ['Deleted', 'V3__c.sql'],
      ['Success', 'V1__a.sql'],
      ['Success', 'V3__c.sql'],
      ['Ignored', 'V1__a.sql'],
      ['Pending', 'V3__c.sql'],
    ],
  ],
  [
    'a version that was applied again after its deletion is a success, the earlier row stays deleted',
    {
      files: filesOf('V1__a.sql', 'V2__b.sql'),
      rows: rowsOf('V1__a.sql', 'V2__b.sql', deleted('V2__b.sql'), 'V2__b.sql'),
    },
    [
      ['Success', 'V1__a.sql'],
      ['Deleted', 'V2__b.sql'],
      ['Success', 'V2__b.sql'],
      ['Success', 'V2__b.sql'],
    ],
  ],
  [
    'a deleted repeatable is pending once its file is back',
    { files: filesOf('R__a.sql'), rows: rowsOf('R__a.sql', 'R__a.sql', deleted('R__a.sql')) },
    [
      ['Superseded', 'R__a.sql'],
      ['Deleted', 'R__a.sql'],
      ['Success', 'R__a.sql'],
      ['Pending', 'R__a.sql'],
    ],
  ],
  [
    'a repeatable that was applied again after its deletion is a success',
    { files: filesOf('R__a.sql'), rows: rowsOf('R__a.sql', deleted('R__a.sql'), 'R__a.sql') },
    [
      ['Deleted', 'R__a.sql'],
      ['Success', 'R__a.sql'],
      ['Success', 'R__a.sql'],
    ],
  ],
  [
    'a version that Flyway undid is undone and pending again; each UNDO_SQL row speaks of the newest that still stands',
    {
      files: filesOf('V1__a.sql', 'V2__b.sql'),
      rows: rowsOf(
        'V1__a.sql',
        'V2__b.sql',
        undone('V2__b.sql'),
        'V2__b.sql',
        undone('V2__b.sql'),
        undone('V1__a.sql'),
      ),
    },
    [
      ['Undone', 'V1__a.sql'],
      ['Undone', 'V2__b.sql'],
      ['Success', 'U2__b.sql'],
      ['Undone', 'V2__b.sql'],
      ['Success', 'U2__b.sql'],
      ['Success', 'U1__a.sql'],
      ['Pending', 'V1__a.sql'],
      ['Pending', 'V2__b.sql'],
    ],
  ],
  [
    'a DELETE row for a version that is not there says nothing about others',
    { files: filesOf('V1__a.sql'), rows: rowsOf('V1__a.sql', deleted('V9__z.sql'), undone('V8__y.sql')) },
    [
      ['Success', 'V1__a.sql'],
      ['Success', 'V9__z.sql'],
      ['Success', 'U8__y.sql'],
    ],
  ],
  [
    'a version that was undone does not make a later, lower one out of order',
    {
      files: filesOf('V2__b.sql', 'V3__c.sql'),
      rows: rowsOf('V3__c.sql', undone('V3__c.sql'), 'V2__b.sql', 'V3__c.sql'),
    },
    [
      ['Undone', 'V3__c.sql'],
      ['Success', 'U3__c.sql'],
      ['Success', 'V2__b.sql'],
      ['Success', 'V3__c.sql'],
    ],
  ],
  [
    'below a baseline nothing runs, at it nothing either, above it everything does',
    {
      files: filesOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql', 'V4__d.sql'),
      rows: rowsOf(baseline('2'), 'V3__c.sql'),
    },
    [
      ['Below Baseline', 'V1__a.sql'],
      ['Ignored (Baseline)', 'V2__b.sql'],
      ['Baseline', '<< Flyway Baseline >>'],
      ['Success', 'V3__c.sql'],
      ['Pending', 'V4__d.sql'],
    ],
  ],
  [
    'the row of a created schema is a success and concerns no script',
    { files: filesOf('V1__a.sql'), rows: rowsOf(schema, baseline('0'), 'V1__a.sql') },
    [
      ['Success', '"app"'],
      ['Baseline', '<< Flyway Baseline >>'],
      ['Success', 'V1__a.sql'],
    ],
  ],
  [
    'where nothing was applied, the highest B script runs in place of what it covers',
    { files: filesOf('V1__a.sql', 'B1__b.sql', 'V2__c.sql', 'B2__d.sql', 'V3__e.sql', 'R__f.sql') },
    [
      ['Below Baseline', 'V1__a.sql'],
      ['Below Baseline', 'B1__b.sql'],
      ['Ignored (Baseline)', 'V2__c.sql'],
      ['Pending', 'B2__d.sql'],
      ['Pending', 'V3__e.sql'],
      ['Pending', 'R__f.sql'],
    ],
  ],
  [
    'after a B script has run, what it covers stays below it',
    {
      files: filesOf('V1__a.sql', 'V2__c.sql', 'B2__d.sql', 'V3__e.sql'),
      rows: rowsOf('B2__d.sql', 'V3__e.sql'),
    },
    [
      ['Below Baseline', 'V1__a.sql'],
      ['Ignored (Baseline)', 'V2__c.sql'],
      ['Baseline', 'B2__d.sql'],
      ['Success', 'V3__e.sql'],
    ],
  ],
  [
    'where anything was applied before, a B script is ignored, also above the newest version',
    { files: filesOf('V1__a.sql', 'B1__b.sql', 'B2__d.sql', 'V3__e.sql'), rows: rowsOf('V1__a.sql') },
    [
      ['Success', 'V1__a.sql'],
      ['Ignored', 'B1__b.sql'],
      ['Ignored', 'B2__d.sql'],
      ['Pending', 'V3__e.sql'],
    ],
  ],
  [
    'after the baseline command no B script runs',
    { files: filesOf('B1__a.sql', 'B2__b.sql', 'B3__c.sql', 'V4__d.sql'), rows: rowsOf(baseline('2')) },
    [
      ['Below Baseline', 'B1__a.sql'],
      ['Ignored (Baseline)', 'B2__b.sql'],
      ['Baseline', '<< Flyway Baseline >>'],
      ['Ignored', 'B3__c.sql'],
      ['Pending', 'V4__d.sql'],
    ],
  ],
  [
    'the B script that was applied may be missing or have failed',
    { files: filesOf('V5__a.sql'), rows: rowsOf(rowOf('B2__b.sql'), rowOf('B4__d.sql', { success: false })) },
    [
      ['Missing', 'B2__b.sql'],
      ['Failed (Missing)', 'B4__d.sql'],
      ['Pending', 'V5__a.sql'],
    ],
  ],
  [
    'a version that a script of another language has applied is not pending as SQL',
    {
      files: filesOf('V1__a.sql'),
      rows: rowsOf(rowOf('V1__a.sql', { type: 'JDBC', script: 'db.V1__a', checksum: null })),
    },
    [['Success', 'db.V1__a']],
  ],
  [
    'undo and drop files are no migrations of their own',
    { files: filesOf('V1__a.sql', 'U1__a.sql', 'R__b.sql', 'UR__b.sql') },
    [
      ['Pending', 'V1__a.sql'],
      ['Pending', 'R__b.sql'],
    ],
  ],
]

for (const [title, given, expected] of table) {
  test(title, () => assert.deepEqual(statesOf(describe(given)), expected))
}

test('a repeatable is unchanged by its raw checksum and by the one after placeholder replacement', () => {
  const files = filesOf('R__a.sql')
  for (const checksum of [17, 4711]) {
    const statuses = describe({ files, rows: rowsOf(rowOf('R__a.sql', { checksum })), checksumsOf: () => [17, 4711] })
    assert.deepEqual(statesOf(statuses), [['Success', 'R__a.sql']])
  }
})

test('out of order is judged within a module: one selected later installs although its versions are older', () => {
  const files = filesOf('iam/V5__a.sql', 'iam/V6__b.sql', 'billing/V1__c.sql', 'billing/V2__d.sql')
  const selected = ['iam', 'billing']
  assert.deepEqual(statesOf(describe({ files, selected, rows: rowsOf('iam/V5__a.sql', 'iam/V6__b.sql') })), [
    ['Success', 'iam/V5__a.sql'],
    ['Success', 'iam/V6__b.sql'],
    ['Pending', 'billing/V1__c.sql'],
    ['Pending', 'billing/V2__d.sql'],
  ])
  const rows = rowsOf('iam/V6__b.sql', 'billing/V2__d.sql', 'iam/V5__a.sql', 'billing/V1__c.sql')
  assert.deepEqual(statesOf(describe({ files, selected, rows })), [
    ['Success', 'iam/V6__b.sql'],
    ['Success', 'billing/V2__d.sql'],
    ['Out of Order', 'iam/V5__a.sql'],
    ['Out of Order', 'billing/V1__c.sql'],
  ])
})

test('missing is judged within a module: a row above all files of its own module is of the future', () => {
  const files = filesOf('iam/V9__z.sql', 'billing/V1__a.sql')
  const rows = rowsOf('billing/V1__a.sql', 'billing/V2__b.sql', 'iam/V3__c.sql')
  assert.deepEqual(statesOf(describe({ files, rows, selected: ['iam', 'billing'] })), [
    ['Success', 'billing/V1__a.sql'],
    ['Future', 'billing/V2__b.sql'],
    ['Missing', 'iam/V3__c.sql'],
    ['Pending', 'iam/V9__z.sql'],
  ])
})

test('a B script covers its own module only', () => {
  const files = filesOf('iam/V1__a.sql', 'iam/V2__b.sql', 'billing/B3__c.sql', 'billing/V1.5__d.sql')
  assert.deepEqual(statesOf(describe({ files, selected: ['iam', 'billing'] })), [
    ['Below Baseline', 'billing/V1.5__d.sql'],
    ['Pending', 'iam/V1__a.sql'],
    ['Pending', 'iam/V2__b.sql'],
    ['Pending', 'billing/B3__c.sql'],
  ])
})

test('the baseline command covers every module, so no B script of any runs after it', () => {
  const files = filesOf('billing/V1__a.sql', 'billing/B3__b.sql', 'billing/V4__c.sql')
  assert.deepEqual(statesOf(describe({ files, rows: rowsOf(baseline('2')), selected: ['billing'] })), [
    ['Below Baseline', 'billing/V1__a.sql'],
    ['Baseline', '<< Flyway Baseline >>'],
    ['Ignored', 'billing/B3__b.sql'],
    ['Pending', 'billing/V4__c.sql'],
  ])
})

test('rows of a module that is not selected are left alone: nothing is missing, outdated or of the future', () => {
  const rows = rowsOf(
    'shipping/V1__a.sql',
    'shipping/R__b.sql',
    rowOf('shipping/V7__c.sql', { success: false }),
    'shipping/V2__d.sql',
    'shipping/R__b.sql',
    rowOf('shipping/B8__e.sql'),
  )
  const files = filesOf('billing/V1.1__x.sql', 'billing/R__b.sql')
  const statuses = describe({ rows, files, selected: ['billing'] })
  assert.deepEqual(statesOf(statuses), [
    ['Success', 'shipping/V1__a.sql'],
    ['Superseded', 'shipping/R__b.sql'],
    ['Failed', 'shipping/V7__c.sql'],
    ['Out of Order', 'shipping/V2__d.sql'],
    ['Success', 'shipping/R__b.sql'],
    ['Baseline', 'shipping/B8__e.sql'],
    ['Pending', 'billing/V1.1__x.sql'],
    ['Pending', 'billing/R__b.sql'],
  ])
  assert.ok(statuses.slice(0, 6).every((status) => status.module === 'shipping' && status.file === null))
})

test('a DELETE row for the repeatable of another module does not touch ours of the same description', () => {
  const rows = rowsOf('shipping/R__views.sql', 'billing/R__views.sql', deleted('shipping/R__views.sql'))
  assert.deepEqual(statesOf(describe({ rows, files: filesOf('billing/R__views.sql'), selected: ['billing'] })), [
    ['Deleted', 'shipping/R__views.sql'],
    ['Success', 'billing/R__views.sql'],
    ['Success', 'shipping/R__views.sql'],
  ])
})

test('beside locations, a row with a folder belongs to the module that the ledger names, else to locations', () => {
  const rows = rowsOf('V5__z.sql', 'shipping/V1__a.sql', 'sub/V2__b.sql')
  const statuses = describe({
    rows,
    files: filesOf('V5__z.sql'),
    moduleOf: (script) => (script.startsWith('shipping/') ? 'shipping' : null),
  })
  assert.deepEqual(
    statuses.map(({ state, module, script }) => [state, module, script]),
    [
      ['Success', '', 'V5__z.sql'],
      ['Success', 'shipping', 'shipping/V1__a.sql'],
      ['Missing', '', 'sub/V2__b.sql'],
    ],
  )
})

test('a folder of locations that is named like a module keeps its repeatables', () => {
  const file = { ...fileOf('survey/R__views.sql'), module: '' }
  const versioned = { ...fileOf('survey/V1__a.sql'), module: '' }
  const moduleOf = (): string => 'survey'
  const statuses = describe({
    files: [versioned, file],
    rows: rowsOf('survey/V1__a.sql', 'survey/R__views.sql'),
    moduleOf,
  })
  assert.deepEqual(statesOf(statuses), [
    ['Success', 'survey/V1__a.sql'],
    ['Success', 'survey/R__views.sql'],
  ])
  assert.ok(statuses.every((status) => status.module === ''))
})

test('a file that moved to another folder is the same migration, and its earlier runs are superseded', () => {
  const files = [fileOf('new/V1__a.sql'), fileOf('new/R__b.sql')].map((file) => ({ ...file, module: '' }))
  assert.deepEqual(statesOf(describe({ files, rows: rowsOf('old/V1__a.sql', 'old/R__b.sql', 'R__b.sql') })), [
    ['Success', 'old/V1__a.sql'],
    ['Superseded', 'old/R__b.sql'],
    ['Success', 'R__b.sql'],
  ])
})

test('a repeatable whose description history had to shorten is recognised, also after it moved', () => {
  const name = `R__${'long '.repeat(50).replaceAll(' ', '_')}.sql`
  const file = fileOf(name)
  const description = shortenDescription(file.description)
  assert.equal(description.length, 200)
  for (const script of [name, `before/${name}`]) {
    const statuses = describe({ files: [file], rows: rowsOf(rowOf(file, { description, script })) })
    assert.deepEqual(statesOf(statuses), [['Success', script]])
  }
})

test('a script whose path history had to shorten is recognised', () => {
  const script = `${'folder/'.repeat(150)}R__a.sql`
  const file = { ...fileOf(script), module: '' }
  const row = rowOf(file, { script: `...${script.slice(3, 1000)}`, description: 'a' })
  assert.deepEqual(
    describe({ files: [file], rows: rowsOf(row) }).map((status) => status.state),
    ['Success'],
  )
})

test('a version that the file grammar does not know counts as missing, and breaks nothing', () => {
  const rows = rowsOf(rowOf('V1__a.sql', { version: '-1' }), rowOf('V1__a.sql', { version: 'latest' }))
  assert.deepEqual(
    describe({ rows, files: filesOf('V2__b.sql') }).map((status) => status.state),
    ['Missing', 'Missing', 'Pending'],
  )
})

test('undoable is what is applied, has a U file, and is no baseline', () => {
  const files = filesOf('V1__a.sql', 'U1__a.sql', 'V2__b.sql', 'V3__c.sql', 'U3__c.sql', 'B4__d.sql', 'U4__d.sql')
  const rows = rowsOf('V1__a.sql', 'V2__b.sql', rowOf('V3__c.sql', { success: false }), 'B4__d.sql')
  assert.deepEqual(
    describe({ files, rows }).map((status) => [status.script, status.isUndoable]),
    [
      ['V1__a.sql', true],
      ['V2__b.sql', false],
      ['V3__c.sql', false],
      ['B4__d.sql', false],
    ],
  )
})

const three = filesOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql', 'R__r.sql')

const scopes: readonly (readonly [title: string, given: Given, expected: readonly string[]])[] = [
  ['a target', { files: three, target: '2' }, ['Pending', 'Pending', 'Above Target', 'Pending']],
  [
    'a target between two versions',
    { files: three, target: '2.5?' },
    ['Pending', 'Pending', 'Above Target', 'Pending'],
  ],
  ['a target above all', { files: three, target: '9?' }, ['Pending', 'Pending', 'Pending', 'Pending']],
  [
    'a target over modules is one over all versions',
    { files: filesOf('a/V1__a.sql', 'b/V2__b.sql', 'a/V3__c.sql'), selected: ['a', 'b'], target: '2' },
    ['Pending', 'Pending', 'Above Target'],
  ],
  [
    'an applied version above the target stays what it is',
    { files: three, rows: rowsOf('V1__a.sql', 'V2__b.sql'), target: '1' },
    ['Success', 'Success', 'Above Target', 'Pending'],
  ],
  ['current, with nothing applied', { files: three, target: 'current' }, [...Array(3).fill('Above Target'), 'Pending']],
  [
    'current',
    { files: three, rows: rowsOf('V1__a.sql'), target: 'current' },
    ['Success', 'Above Target', 'Above Target', 'Pending'],
  ],
  [
    'current over modules: what another module has applied counts',
    {
      files: filesOf('a/V1__a.sql', 'b/V2__b.sql', 'b/V4__d.sql'),
      rows: rowsOf('c/V3__c.sql'),
      selected: ['a', 'b', 'c'],
      target: 'current',
    },
    ['Future', 'Pending', 'Pending', 'Above Target'],
  ],
  ['next', { files: three, target: 'next' }, ['Pending', 'Above Target', 'Above Target', 'Pending']],
  [
    'next, with repeatables left only',
    { files: three, rows: rowsOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql'), target: 'next' },
    ['Success', 'Success', 'Success', 'Pending'],
  ],
  [
    'a repeatable that requires a version above the target waits for it',
    { files: three, target: '2', requirementsOf: () => [versionOf('3')] },
    ['Pending', 'Pending', 'Above Target', 'Above Target'],
  ],
  [
    'a repeatable that requires an applied version above the target does not wait',
    { files: three, rows: rowsOf('V1__a.sql', 'V2__b.sql'), target: '1', requirementsOf: () => [versionOf('2.0')] },
    ['Success', 'Success', 'Above Target', 'Pending'],
  ],
  ['picks', { files: three, cherryPick: ['3', 'r'] }, ['Ignored', 'Ignored', 'Pending', 'Pending']],
  [
    'a picked description',
    { files: filesOf('V1__to_do.sql', 'V2__b.sql'), cherryPick: ['to_do'] },
    ['Pending', 'Ignored'],
  ],
  [
    'a picked version that comes late',
    { files: three, rows: rowsOf('V3__c.sql'), cherryPick: ['2'] },
    ['Success', 'Ignored', 'Pending', 'Ignored'],
  ],
  [
    'a picked version that has a B script, too',
    { files: filesOf('V1__a.sql', 'V2__b.sql', 'B2__b.sql'), cherryPick: ['2'] },
    ['Ignored', 'Pending', 'Ignored'],
  ],
]

test('what a target, or picks, leave pending', async (t) => {
  for (const [title, given, expected] of scopes) {
    await t.test(title, () => {
      assert.deepEqual(
        describe(given).map(({ state }) => state),
        expected,
      )
    })
  }
})

function versionOf(text: string): Version {
  const version = parseVersion(text)
  assert.ok(version)
  return version
}

test('the current version is the highest that is applied, not the newest, nor one that failed or went away', () => {
  const files = filesOf('V1__a.sql', 'V2__b.sql', 'V3__c.sql', 'V4__d.sql', 'V5__e.sql')
  const current = (...rows: (string | HistoryRow)[]): string | null =>
    currentVersion(describe({ files, rows: rowsOf(...rows) }))
  assert.equal(current(), null)
  assert.equal(current(schema), null)
  assert.equal(current('V3__c.sql', 'V2__b.sql'), '3')
  assert.equal(current('V2__b.sql', rowOf('V3__c.sql', { success: false })), '2')
  assert.equal(current('V2__b.sql', 'V5__e.sql', undone('V5__e.sql')), '2')
  assert.equal(current('V2__b.sql', 'V5__e.sql', deleted('V5__e.sql')), '2')
  assert.equal(current(baseline('4')), '4')
  assert.equal(current('R__x.sql'), null)
})

test('each repeatable is hashed once at most, and a superseded or foreign one never', () => {
  const hashed: string[] = []
  describe({
    files: filesOf('a/R__1.sql', 'a/R__2.sql', 'a/R__3.sql'),
    rows: rowsOf('a/R__1.sql', 'a/R__1.sql', 'a/R__2.sql', 'b/R__4.sql'),
    selected: ['a'],
    checksumsOf: (file) => {
      hashed.push(file.script)
      return [file.checksum]
    },
  })
  assert.deepEqual(hashed, ['a/R__1.sql', 'a/R__2.sql'])
})

test('property: every file and every row is told once, and applying what is pending leaves nothing pending', () => {
  const name = fc.oneof(
    fc
      .tuple(fc.constantFrom('', 'a/', 'b/'), fc.integer({ min: 1, max: 30 }))
      .map(([folder, n]) => `${folder}V${n}__x.sql`),
    fc.tuple(fc.constantFrom('', 'a/'), fc.integer({ min: 1, max: 9 })).map(([folder, n]) => `${folder}R__${n}.sql`),
  )
  const identity = (script: string): string => script.slice(script.indexOf('/') + 1)
  const scripts = fc.uniqueArray(name, { selector: identity, maxLength: 12 })
  fc.assert(
    fc.property(scripts, scripts, fc.boolean(), (local, applied, outOfOrder) => {
      const files = filesOf(...local)
      const selected = ['', 'a', 'b']
      const rows = rowsOf(...applied)
      const statuses = describe({ files, rows, selected, outOfOrder })
      assert.deepEqual(
        statuses.flatMap((status) => status.row ?? []),
        rows,
      )
      const told = statuses.flatMap((status) => (status.file === null ? [] : [status.file]))
      for (const file of files) assert.equal(told.filter((one) => one === file).length, 1, file.script)
      const pending = statuses.filter((status) => status.state === 'Pending').flatMap((status) => status.file ?? [])
      const after = describe({ files, rows: rowsOf(...rows, ...pending), selected, outOfOrder })
      assert.ok(after.every((status) => status.state !== 'Pending'))
    }),
    { numRuns: 500 },
  )
})
