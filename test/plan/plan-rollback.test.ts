import assert from 'node:assert/strict'
import test from 'node:test'
import type { HistoryRow } from '../../lib/history/history-row.js'
import type { LedgerRow } from '../../lib/history/ledger-entry.js'
import { defineModule, type Module } from '../../lib/modules/define-module.js'
import { compare } from '../../lib/plan/compare.js'
import { selectedNames } from '../../lib/plan/load-scripts.js'
import type { Plan } from '../../lib/plan/plan.js'
import { planRollback } from '../../lib/plan/plan-rollback.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { configOf, fileOf, filesOf, ledgerOf, rowOf, rowsOf, stateOf, synthetic } from './fixtures.js'
import { refusal } from './refusal.js'

const directory = '/sql'

interface Given {
  readonly files: readonly ScriptFile[]
  readonly rows: readonly (string | ScriptFile | HistoryRow)[]
  readonly ledger?: readonly LedgerRow[]
  /** Selected modules; without them `locations` are selected. */
  readonly modules?: readonly Module[]
  /** Modules that are known, but not selected. */
  readonly others?: readonly Module[]
}

async function planner(options: Record<string, unknown>, given: Given): Promise<() => Plan> {
  const { files, rows, ledger = [], modules, others = [] } = given
  const config = await configOf(
    { ...options, ...(modules === undefined ? { locations: directory } : { modules }) },
    'rollback',
  )
  const known = [...config.selection.modules, ...others]
  const state = stateOf(rowsOf(...rows))
  const modulesByScript = new Map(ledger.map((row) => [row.script, row.module]))
  const wide = { ...config, selection: { ...config.selection, modules: known } }
  const { statuses } = compare(wide, files, state, modulesByScript)
  const selected = selectedNames(config.selection)
  const firstRank = rows.length + 1
  return () => planRollback({ config, files, modules: known, selected, statuses, state, ledger, firstRank })
}

async function planOf(options: Record<string, unknown>, given: Given): Promise<Plan> {
  return (await planner(options, given))()
}

/** Versions that a plan undoes, in its order. */
async function undone(options: Record<string, unknown>, given: Given): Promise<readonly (string | null)[]> {
  return (await planOf(options, given)).steps.map((step) => step.reference.version)
}

/** What each step runs, and what it does to history and ledger. */
function outline({ steps }: Plan): readonly unknown[] {
  return steps.map((step) => ({
    runs: step.scripts.map(({ action, reference }) => `${action} ${reference.script}`),
    removes: [...step.removeRanks, ...step.removeRepeatables],
    writes: step.historyRows.map((row) => `${row.installedRank} ${row.script}`),
    records: step.ledgerEntries.map(({ event, script }) => `${event} ${script}`),
  }))
}

const three = filesOf('V1__a.sql', 'U1__a.sql', 'V2__b.sql', 'U2__b.sql', 'V3__c.sql', 'U3__c.sql')
const threeRows = ['V1__a.sql', 'V2__b.sql', 'V3__c.sql']
const locations = { files: three, rows: threeRows }

test('without further options the newest version is undone', async () => {
  const plan = await planOf({}, locations)
  assert.deepEqual(outline(plan), [
    { runs: ['undo U3__c.sql'], removes: [3], writes: [], records: ['undone V3__c.sql'] },
  ])
  assert.equal(plan.steps[0]?.action, 'undo')
  assert.deepEqual(plan.steps[0]?.reference, { script: 'V3__c.sql', module: '', version: '3', description: 'c' })
})

test('steps undoes that many of the newest, or as many as there are', async () => {
  assert.deepEqual(await undone({ steps: 2 }, locations), ['3', '2'])
  assert.deepEqual(await undone({ steps: 99 }, locations), ['3', '2', '1'])
})

test('to keeps the version it names, however that is written, and undoes what came after it', async () => {
  assert.deepEqual(await undone({ to: '1' }, locations), ['3', '2'])
  assert.deepEqual(await undone({ to: '02.0' }, locations), ['3'])
  assert.deepEqual(await undone({ to: '3' }, locations), [])
})

test('newest means applied last: a version that was applied out of order goes before higher ones', async () => {
  const rows = ['V1__a.sql', 'V3__c.sql', 'V2__b.sql']
  assert.deepEqual(await undone({}, { files: three, rows }), ['2'])
  assert.deepEqual(await undone({ to: '3' }, { files: three, rows }), ['2'])
  assert.deepEqual(await undone({ to: '1' }, { files: three, rows }), ['2', '3'])
})

test('to: empty undoes everything', async () => {
  assert.deepEqual(await undone({ to: 'empty' }, locations), ['3', '2', '1'])
  assert.deepEqual(await undone({ to: 'empty' }, { files: three, rows: [] }), [])
  assert.deepEqual(await undone({}, { files: three, rows: [] }), [])
})

test('a version that is not applied cannot be kept, and the message says which are', async () => {
  const error = refusal('VERSION_NOT_APPLIED', await planner({ to: '9' }, locations))
  assert.match(
    error.message,
    /cannot keep version 9: it is not applied in the selected modules\. Applied are 3, 2, 1; to undo all/,
  )
  assert.equal(error.details.version, '9')
  const none = refusal('VERSION_NOT_APPLIED', await planner({ to: '1' }, { files: three, rows: [] }))
  assert.match(none.message, /No version is\./)
  const rows = ['V1__a.sql', 'V2__b.sql', synthetic.undone('V2__b.sql'), rowOf('V3__c.sql', { success: false })]
  for (const to of ['2', '3']) refusal('VERSION_NOT_APPLIED', await planner({ to }, { files: three, rows }))
})

test('of many applied versions only the newest are listed', async () => {
  const rows = Array.from({ length: 30 }, (_, index) => `V${index + 1}__x.sql`)
  const error = refusal('VERSION_NOT_APPLIED', await planner({ to: '99' }, { files: [], rows }))
  assert.match(error.message, /Applied are 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, \.\.\.; to undo all/)
})

test('rows of a schema, a baseline, a deletion and an undo by Flyway are never undone, nor are failed ones', async () => {
  const rows = [
    synthetic.schema,
    synthetic.baseline('1'),
    'V2__b.sql',
    'V3__c.sql',
    synthetic.undone('V3__c.sql'),
    synthetic.deleted('V2__b.sql'),
    rowOf('V2__b.sql'),
    rowOf('V3__c.sql', { success: false }),
  ]
  assert.deepEqual(await undone({ to: 'empty' }, { files: three, rows }), ['2'])
  assert.deepEqual(await undone({ to: 'empty' }, { files: filesOf('B2__b.sql', 'U2__b.sql'), rows: ['B2__b.sql'] }), [])
})

test('a baseline may be kept by its version, since what came after it can be undone', async () => {
  assert.deepEqual(
    await undone({ to: '1' }, { files: three, rows: [synthetic.baseline('1'), 'V2__b.sql', 'V3__c.sql'] }),
    ['3', '2'],
  )
})

test('a version that was applied, deleted and applied again is undone once, by the row that stands', async () => {
  const rows = ['V1__a.sql', synthetic.deleted('V1__a.sql'), 'V1__a.sql']
  const { steps } = await planOf({ to: 'empty' }, { files: three, rows })
  assert.deepEqual(
    steps.map((step) => step.removeRanks),
    [[3]],
  )
})

test('run: last undoes what the latest run has applied and still stands', async () => {
  const ledger = ledgerOf(
    { script: 'V1__a.sql', run: 'one' },
    { script: 'V2__b.sql', run: 'two', installedRank: 2 },
    { script: 'R__v.sql', run: 'two', installedRank: 4 },
    { script: 'V3__c.sql', run: 'two', installedRank: 3 },
  )
  assert.deepEqual(await undone({ run: 'last' }, { ...locations, ledger }), ['3', '2'])
  const afterwards = [
    ...ledger,
    ...ledgerOf(
      { script: 'V3__c.sql', run: 'three', event: 'undone' },
      { script: 'V4__d.sql', run: 'four', event: 'failed' },
    ),
  ]
  const rows = ['V1__a.sql', 'V2__b.sql']
  assert.deepEqual(await undone({ run: 'last' }, { files: three, rows, ledger: afterwards }), ['2'])
  assert.deepEqual(await undone({ run: 'last' }, { files: three, rows: ['V1__a.sql'], ledger: afterwards }), ['1'])
})

test('run: last does not take what Flyway has applied since for the work of an old run', async () => {
  const ledger = ledgerOf({ script: 'V1__a.sql', run: 'one' }, { script: 'V2__b.sql', run: 'two', installedRank: 7 })
  assert.deepEqual(await undone({ run: 'last' }, { files: three, rows: ['V1__a.sql', 'V2__b.sql'], ledger }), ['1'])
  assert.deepEqual(await undone({ run: 'last' }, locations), [])
})

test('a text of the ledger undoes what has no file any more, with its placeholders replaced now', async () => {
  const ledger = ledgerOf({
    script: 'V3__c.sql',
    undoScript: 'U3__c.sql',
    undoText: "DROP TABLE ${name};\r\n-- 'x' \\",
    placeholders: ['name'],
  })
  const given = { files: three.slice(0, 4), rows: threeRows, ledger }
  const { steps } = await planOf({ placeholders: { name: 'c' } }, given)
  const [script] = steps[0]?.scripts ?? []
  assert.equal(script?.parsed.text, "DROP TABLE c;\r\n-- 'x' \\")
  assert.equal(script?.file, 'ledger')
  assert.deepEqual(script?.reference, { script: 'U3__c.sql', module: '', version: '3', description: 'c' })
  const error = refusal('UNKNOWN_PLACEHOLDER', await planner({}, given))
  assert.match(error.message, /U3__c\.sql, line 1.*no value is given for \$\{name\}/)
  assert.equal(error.details.version, '3')
})

test('a file goes before the text of the ledger, and of several texts the latest counts, even where it is none', async () => {
  const text = (undoText: string | null, undoScript: string | null = 'U1__a.sql') => ({
    script: 'V1__a.sql',
    undoScript,
    undoText,
  })
  const files = filesOf('V1__a.sql')
  const rows = ['V1__a.sql']
  const run = async (more: readonly ScriptFile[], ledger: readonly LedgerRow[]): Promise<string | undefined> =>
    (await planOf({}, { files: [...files, ...more], rows, ledger })).steps[0]?.scripts[0]?.parsed.text
  assert.equal(await run([], ledgerOf(text('SELECT 1;'), text('SELECT 2;'))), 'SELECT 2;')
  assert.equal(await run([fileOf('U1__a.sql', 'SELECT 3;')], ledgerOf(text('SELECT 1;'))), 'SELECT 3;')
  const undoneSince = ledgerOf(text('SELECT 1;'), { ...text(null, null), event: 'undone' })
  assert.equal(await run([], undoneSince), 'SELECT 1;')
  refusal('UNDO_MISSING', await planner({}, { files, rows, ledger: ledgerOf(text('SELECT 1;'), text(null, null)) }))
})

test('versions without any undo are refused together, before anything is planned', async () => {
  const files = filesOf('V1__a.sql', 'V2__b.sql', 'U2__b.sql', 'V3__c.sql')
  const error = refusal('UNDO_MISSING', await planner({ to: 'empty' }, { files, rows: threeRows }))
  assert.match(error.message, /^Nothing says how to undo V3__c\.sql \(version 3\), V1__a\.sql \(version 1\): /)
  assert.deepEqual(
    error.details.problems?.map(({ kind, script, version, module }) => [kind, script, version, module]),
    [
      ['UNDO_MISSING', 'V3__c.sql', '3', ''],
      ['UNDO_MISSING', 'V1__a.sql', '1', ''],
    ],
  )
})

test('a faulty undo script stops the rollback before anything is planned', async () => {
  const files = [...filesOf('V1__a.sql', 'V2__b.sql', 'U2__b.sql'), fileOf('U1__a.sql', 'DROP TABLE a; COMMIT;')]
  const error = refusal(
    'TRANSACTION_CONTROL',
    await planner({ to: 'empty' }, { files, rows: ['V1__a.sql', 'V2__b.sql'] }),
  )
  assert.equal(error.details.script, 'U1__a.sql')
})

const base = defineModule({ name: 'base', directory })
const billing = defineModule({ name: 'billing', directory, requires: ['base'] })
const reports = defineModule({ name: 'reports', directory, requires: ['billing'] })
const moduleFiles = filesOf(
  'base/V1__a.sql',
  'base/U1__a.sql',
  'base/V4__d.sql',
  'base/U4__d.sql',
  'billing/V2__b.sql',
  'billing/U2__b.sql',
  'reports/V3__c.sql',
  'reports/U3__c.sql',
)
const moduleRows = ['base/V1__a.sql', 'billing/V2__b.sql', 'reports/V3__c.sql', 'base/V4__d.sql']

test('only versions of the selected modules are undone', async () => {
  const given = { files: moduleFiles, rows: moduleRows, others: [base, billing] }
  assert.deepEqual(await undone({}, { ...given, modules: [reports] }), ['3'])
  assert.deepEqual(await undone({ to: 'empty' }, { ...given, modules: [reports] }), ['3'])
  const error = refusal('VERSION_NOT_APPLIED', await planner({ to: '1' }, { ...given, modules: [reports] }))
  assert.match(error.message, /cannot keep version 1: it is not applied in the selected modules\. Applied are 3;/)
})

test('a module cannot go while others that require it, directly or not, would stay', async () => {
  const given = { files: moduleFiles, rows: moduleRows, others: [billing, reports] }
  const error = refusal('MODULE_REQUIRED', await planner({ to: 'empty' }, { ...given, modules: [base] }))
  assert.match(error.message, /^Module base cannot be removed: billing, reports require it and would stay\./)
  assert.match(error.message, /modules: \['base', 'billing', 'reports'\]/)
  assert.deepEqual(error.details.modules, ['base', 'billing', 'reports'])
  const one = refusal(
    'MODULE_REQUIRED',
    await planner({ to: 'empty' }, { ...given, others: [reports], modules: [base, billing] }),
  )
  assert.match(one.message, /: reports requires it and would stay/)
})

test('who requires a module that is not defined here is known from the ledger', async () => {
  const ledger = ledgerOf({ script: 'billing/V2__b.sql', moduleRequires: ['base'] })
  const error = refusal(
    'MODULE_REQUIRED',
    await planner({ to: 'empty' }, { files: moduleFiles, rows: moduleRows.slice(0, 2), ledger, modules: [base] }),
  )
  assert.deepEqual(error.details.modules, ['base', 'billing'])
})

test('versions of a required module may go as long as one stays, and all of them together with what requires them', async () => {
  const given = { files: moduleFiles, rows: moduleRows, others: [billing, reports] }
  assert.deepEqual(await undone({ to: '1' }, { ...given, modules: [base] }), ['4'])
  const modules = [base, billing, reports]
  assert.deepEqual(await undone({ to: 'empty' }, { ...given, others: [], modules }), ['4', '3', '2', '1'])
})

test('a module that was rolled back before does not keep the one it required', async () => {
  const ledger = ledgerOf(
    { script: 'billing/V2__b.sql', moduleRequires: ['base'] },
    { script: 'billing/V2__b.sql', event: 'undone' },
  )
  const given = { files: moduleFiles, rows: ['base/V1__a.sql'], ledger, modules: [base], others: [billing] }
  assert.deepEqual(await undone({ to: 'empty' }, given), ['1'])
})

const requiresFirst = '-- schemaway: requires=1\nSELECT 1;'
const requiresThird = '-- schemaway: requires=3\nSELECT 1;'

test('repeatables are dropped in reverse before an undo, and those whose requirement holds run again after it', async () => {
  const files = [
    ...three,
    fileOf('R__10_early.sql', requiresFirst),
    fileOf('UR__10_early.sql', 'DROP VIEW early;'),
    fileOf('R__20_plain.sql'),
    fileOf('UR__20_plain.sql', 'DROP VIEW plain;'),
    fileOf('R__30_late.sql', requiresThird),
    fileOf('UR__30_late.sql', 'DROP VIEW late;'),
  ]
  const rows = [...threeRows, 'R__10_early.sql', 'R__20_plain.sql', 'R__30_late.sql']
  const plan = await planOf({ to: 'empty' }, { files, rows })
  assert.deepEqual(outline(plan), [
    {
      runs: [
        'drop UR__30_late.sql',
        'drop UR__20_plain.sql',
        'drop UR__10_early.sql',
        'undo U3__c.sql',
        'apply R__10_early.sql',
        'apply R__20_plain.sql',
      ],
      removes: [3, 4, 5, 6, 'R__10_early.sql', 'R__20_plain.sql', 'R__30_late.sql'],
      writes: ['7 R__10_early.sql', '8 R__20_plain.sql'],
      records: ['dropped R__30_late.sql', 'undone V3__c.sql', 'applied R__10_early.sql', 'applied R__20_plain.sql'],
    },
    {
      runs: [
        'drop UR__20_plain.sql',
        'drop UR__10_early.sql',
        'undo U2__b.sql',
        'apply R__10_early.sql',
        'apply R__20_plain.sql',
      ],
      removes: [2, 'R__10_early.sql', 'R__20_plain.sql'],
      writes: ['9 R__10_early.sql', '10 R__20_plain.sql'],
      records: ['undone V2__b.sql', 'applied R__10_early.sql', 'applied R__20_plain.sql'],
    },
    {
      runs: ['drop UR__20_plain.sql', 'drop UR__10_early.sql', 'undo U1__a.sql'],
      removes: [1, 'R__10_early.sql', 'R__20_plain.sql'],
      writes: [],
      records: ['dropped R__10_early.sql', 'dropped R__20_plain.sql', 'undone V1__a.sql'],
    },
  ])
  const [first] = plan.steps
  assert.deepEqual(first?.scripts[0]?.reference, {
    script: 'UR__30_late.sql',
    module: '',
    version: null,
    description: '30 late',
  })
  assert.equal(first?.ledgerEntries[2]?.undoText, 'DROP VIEW early;')
  assert.equal(first?.ledgerEntries[2]?.installedRank, 7)
})

test('every run of a repeatable leaves history with it, superseded ones too', async () => {
  const files = [...three, ...filesOf('R__v.sql', 'UR__v.sql')]
  const rows = ['V1__a.sql', fileOf('R__v.sql', 'SELECT 0;'), 'V2__b.sql', 'R__v.sql']
  assert.deepEqual(outline(await planOf({}, { files, rows })), [
    {
      runs: ['drop UR__v.sql', 'undo U2__b.sql', 'apply R__v.sql'],
      removes: [3, 2, 4, 'R__v.sql'],
      writes: ['5 R__v.sql'],
      records: ['undone V2__b.sql', 'applied R__v.sql'],
    },
  ])
})

test('a repeatable of which history knows that it was deleted is neither dropped nor run again', async () => {
  const files = [...three, ...filesOf('R__v.sql', 'UR__v.sql')]
  const rows = ['V1__a.sql', 'R__v.sql', 'R__v.sql', synthetic.deleted('R__v.sql')]
  assert.deepEqual(outline(await planOf({}, { files, rows })), [
    { runs: ['undo U1__a.sql'], removes: [1], writes: [], records: ['undone V1__a.sql'] },
  ])
})

test('a repeatable that was never applied is left alone', async () => {
  const files = [...three, ...filesOf('R__v.sql', 'UR__v.sql')]
  assert.deepEqual(outline(await planOf({}, { files, rows: threeRows })), [
    { runs: ['undo U3__c.sql'], removes: [3], writes: [], records: ['undone V3__c.sql'] },
  ])
})

test('repeatables of modules that require the undone one are dropped and run again too, others are not', async () => {
  const audit = defineModule({ name: 'audit', directory })
  const files = [
    ...moduleFiles,
    ...filesOf('audit/V5__e.sql', 'audit/R__05_audit.sql', 'audit/UR__05_audit.sql'),
    ...filesOf('base/R__10_base.sql', 'base/UR__10_base.sql'),
    ...filesOf('billing/R__20_billing.sql', 'billing/UR__20_billing.sql'),
    fileOf('reports/R__30_reports.sql', '-- schemaway: requires=4\nSELECT 1;'),
    fileOf('reports/UR__30_reports.sql'),
  ]
  const rows = [
    ...moduleRows,
    'audit/V5__e.sql',
    'audit/R__05_audit.sql',
    'base/R__10_base.sql',
    'billing/R__20_billing.sql',
    'reports/R__30_reports.sql',
  ]
  const given = { files, rows, modules: [base], others: [billing, reports, audit] }
  const plan = await planOf({}, given)
  assert.deepEqual(outline(plan), [
    {
      runs: [
        'drop reports/UR__30_reports.sql',
        'drop billing/UR__20_billing.sql',
        'drop base/UR__10_base.sql',
        'undo base/U4__d.sql',
        'apply base/R__10_base.sql',
        'apply billing/R__20_billing.sql',
      ],
      removes: [4, 7, 8, 9, 'base/R__10_base.sql', 'billing/R__20_billing.sql', 'reports/R__30_reports.sql'],
      writes: ['10 base/R__10_base.sql', '11 billing/R__20_billing.sql'],
      records: [
        'dropped reports/R__30_reports.sql',
        'undone base/V4__d.sql',
        'applied base/R__10_base.sql',
        'applied billing/R__20_billing.sql',
      ],
    },
  ])
  const again = plan.steps[0]?.scripts.at(-1)
  assert.equal(again?.searchPath, '"billing", "public"')
  assert.deepEqual(plan.steps[0]?.ledgerEntries.at(-1)?.moduleRequires, ['base'])
})

test('a repeatable without a drop script stays, and leaves history with the last version of its module', async () => {
  const files = [...three, ...filesOf('R__seed.sql')]
  assert.deepEqual(outline(await planOf({ steps: 3 }, { files, rows: [...threeRows, 'R__seed.sql'] })), [
    { runs: ['undo U3__c.sql'], removes: [3], writes: [], records: ['undone V3__c.sql'] },
    { runs: ['undo U2__b.sql'], removes: [2], writes: [], records: ['undone V2__b.sql'] },
    {
      runs: ['undo U1__a.sql'],
      removes: [1, 4, 'R__seed.sql'],
      writes: [],
      records: ['dropped R__seed.sql', 'undone V1__a.sql'],
    },
  ])
})

test('a repeatable without a drop script leaves history as soon as what it requires goes', async () => {
  const files = [...three, fileOf('R__seed.sql', requiresThird)]
  const [step] = outline(await planOf({}, { files, rows: [...threeRows, 'R__seed.sql'] }))
  assert.deepEqual(step, {
    runs: ['undo U3__c.sql'],
    removes: [3, 4, 'R__seed.sql'],
    writes: [],
    records: ['dropped R__seed.sql', 'undone V3__c.sql'],
  })
})

test('a repeatable whose files are gone is dropped with the text of the ledger, and not run again', async () => {
  const ledger = ledgerOf({ script: 'R__v.sql', undoScript: 'UR__v.sql', undoText: 'DROP VIEW v;' })
  const plan = await planOf({}, { files: three, rows: [...threeRows, 'R__v.sql'], ledger })
  assert.deepEqual(outline(plan), [
    {
      runs: ['drop UR__v.sql', 'undo U3__c.sql'],
      removes: [3, 4, 'R__v.sql'],
      writes: [],
      records: ['dropped R__v.sql', 'undone V3__c.sql'],
    },
  ])
  assert.equal(plan.steps[0]?.scripts[0]?.parsed.text, 'DROP VIEW v;')
})

test('a repeatable of a dependent module whose files are not here stays, since nobody could bring it back', async () => {
  const ledger = ledgerOf(
    { script: 'reports/V3__c.sql', moduleRequires: ['base'] },
    { script: 'reports/R__v.sql', undoScript: 'reports/UR__v.sql', undoText: 'DROP VIEW v;', moduleRequires: ['base'] },
  )
  const rows = ['base/V1__a.sql', 'reports/V3__c.sql', 'base/V4__d.sql', 'reports/R__v.sql']
  assert.deepEqual(outline(await planOf({}, { files: moduleFiles.slice(0, 4), rows, ledger, modules: [base] })), [
    { runs: ['undo base/U4__d.sql'], removes: [3], writes: [], records: ['undone base/V4__d.sql'] },
  ])
})

test('a module that has nothing but repeatables keeps what it requires as well, unless it goes too', async () => {
  const ledger = ledgerOf(
    { script: 'base/V1__a.sql' },
    { script: 'reports/R__v.sql', undoScript: 'reports/UR__v.sql', undoText: 'DROP VIEW v;', moduleRequires: ['base'] },
  )
  const files = [...moduleFiles.slice(0, 4), fileOf('reports/R__v.sql'), fileOf('reports/UR__v.sql', 'DROP VIEW v;')]
  const rows = ['base/V1__a.sql', 'reports/R__v.sql']
  const error = refusal(
    'MODULE_REQUIRED',
    await planner({ to: 'empty' }, { files: files.slice(0, 4), rows, ledger, modules: [base] }),
  )
  assert.deepEqual(error.details.modules, ['base', 'reports'])
  const views = defineModule({ name: 'reports', directory, requires: ['base'], schemas: [] })
  const { steps } = await planOf({ to: 'empty' }, { files, rows, ledger, modules: [base, views] })
  assert.deepEqual(
    steps.map((step) => step.scripts.map(({ reference }) => reference.script)),
    [['reports/UR__v.sql', 'base/U1__a.sql']],
  )
})

test('a repeatable that runs again keeps the drop text of the ledger when its drop file is gone', async () => {
  const ledger = ledgerOf({ script: 'R__v.sql', undoScript: 'UR__v.sql', undoText: 'DROP VIEW ${name};' })
  const plan = await planOf(
    { placeholders: { name: 'v' } },
    { files: [...three, fileOf('R__v.sql')], rows: [...threeRows, 'R__v.sql'], ledger },
  )
  const again = plan.steps[0]?.ledgerEntries.at(-1)
  assert.deepEqual(
    [again?.event, again?.undoScript, again?.undoText, again?.placeholders],
    ['applied', 'UR__v.sql', 'DROP VIEW ${name};', ['name']],
  )
})

test('a repeatable that moved to another folder leaves no second row behind after several undos', async () => {
  const moved = ['new/R__v.sql', 'new/UR__v.sql'].map((script) => ({ ...fileOf(script), module: '' }))
  const plan = await planOf({ steps: 2 }, { files: [...three, ...moved], rows: [...threeRows, 'R__v.sql'] })
  assert.deepEqual(
    plan.steps.map(({ removeRanks, removeRepeatables, historyRows }) => [
      removeRanks,
      removeRepeatables,
      historyRows.map((row) => row.script),
    ]),
    [
      [[3, 4], ['R__v.sql'], ['new/R__v.sql']],
      [[2], ['new/R__v.sql'], ['new/R__v.sql']],
    ],
  )
})

test('while a baseline stays, so do the repeatables of its module', async () => {
  const files = [...three, ...filesOf('R__v.sql', 'UR__v.sql')]
  const rows = [synthetic.baseline('1'), 'V2__b.sql', 'R__v.sql']
  assert.deepEqual(outline(await planOf({ to: 'empty' }, { files, rows })), [
    {
      runs: ['drop UR__v.sql', 'undo U2__b.sql', 'apply R__v.sql'],
      removes: [2, 3, 'R__v.sql'],
      writes: ['4 R__v.sql'],
      records: ['undone V2__b.sql', 'applied R__v.sql'],
    },
  ])
})

test('to: empty drops the repeatables of a module that has no versions', async () => {
  const files = filesOf('R__10_a.sql', 'UR__10_a.sql', 'R__20_b.sql', 'UR__20_b.sql', 'R__30_c.sql')
  const plan = await planOf({ to: 'empty' }, { files, rows: ['R__10_a.sql', 'R__20_b.sql', 'R__30_c.sql'] })
  assert.deepEqual(outline(plan), [
    {
      runs: ['drop UR__20_b.sql', 'drop UR__10_a.sql'],
      removes: [1, 2, 3, 'R__10_a.sql', 'R__20_b.sql', 'R__30_c.sql'],
      writes: [],
      records: ['dropped R__10_a.sql', 'dropped R__20_b.sql', 'dropped R__30_c.sql'],
    },
  ])
  assert.equal(plan.steps[0]?.action, 'drop')
  assert.deepEqual(outline(await planOf({}, { files, rows: ['R__10_a.sql'] })), [])
})

test('a rollback over a thousand versions parses a repeatable once, not once for each', async () => {
  const versions = Array.from({ length: 1_000 }, (_, index) => index + 1)
  const repeatables = Array.from({ length: 10 }, (_, index) => index)
  const files = filesOf(
    ...versions.flatMap((version) => [`V${version}__x.sql`, `U${version}__x.sql`]),
    ...repeatables.flatMap((number) => [`R__${number}.sql`, `UR__${number}.sql`]),
  )
  const rows = [...versions.map((version) => `V${version}__x.sql`), ...repeatables.map((number) => `R__${number}.sql`)]
  const { steps } = await planOf({ to: 'empty' }, { files, rows })
  assert.equal(steps.length, 1_000)
  const parsed = new Set(steps.flatMap((step) => step.scripts.map((script) => script.parsed)))
  assert.equal(parsed.size, 1_000 + 2 * 10)
})
