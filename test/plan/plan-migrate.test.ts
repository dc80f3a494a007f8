import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { defineModule, type Module } from '../../lib/modules/define-module.js'
import { compare } from '../../lib/plan/compare.js'
import type { Plan } from '../../lib/plan/plan.js'
import { planMigrate } from '../../lib/plan/plan-migrate.js'
import { checksumOfText } from '../../lib/scripts/checksum.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { configOf, fileOf, filesOf, rowsOf, stateOf } from './fixtures.js'
import { refusal } from './refusal.js'

const directory = '/sql'
const base = defineModule({ name: 'base', directory })
const billing = defineModule({ name: 'billing', directory, requires: ['base'] })

async function planner(
  files: readonly ScriptFile[],
  given: {
    readonly modules?: readonly Module[]
    readonly options?: Record<string, unknown>
    readonly rows?: readonly string[]
    readonly firstRank?: number
  } = {},
): Promise<() => Plan> {
  const selection = given.modules === undefined ? { locations: directory } : { modules: given.modules }
  const config = await configOf({ ...selection, ...given.options })
  const state = stateOf(rowsOf(...(given.rows ?? [])))
  return () => planMigrate(config, files, compare(config, files, state).pending, state, given.firstRank ?? 1)
}

async function planOf(...args: Parameters<typeof planner>): Promise<Plan> {
  return (await planner(...args))()
}

test('versions run in one order over all modules, then repeatables by description, with ranks one by one', async () => {
  const files = filesOf(
    'base/V20260101__a.sql',
    'base/V20260103__c.sql',
    'base/R__20_b.sql',
    'billing/V20260102__b.sql',
    'billing/V20260104__d.sql',
    'billing/R__10_a.sql',
    'billing/U20260102__b.sql',
    'base/UR__20_b.sql',
  )
  const { steps } = await planOf(files, { modules: [billing, base], firstRank: 41 })
  assert.deepEqual(
    steps.map(({ action, historyRows }) => [action, ...historyRows.map((row) => [row.installedRank, row.script])]),
    [
      ['apply', [41, 'base/V20260101__a.sql']],
      ['apply', [42, 'billing/V20260102__b.sql']],
      ['apply', [43, 'base/V20260103__c.sql']],
      ['apply', [44, 'billing/V20260104__d.sql']],
      ['apply', [45, 'billing/R__10_a.sql']],
      ['apply', [46, 'base/R__20_b.sql']],
    ],
  )
})

test('what is applied already is not planned again', async () => {
  const { steps } = await planOf(filesOf('V1__a.sql', 'V2__b.sql', 'R__c.sql'), { rows: ['V1__a.sql', 'R__c.sql'] })
  assert.deepEqual(
    steps.map((step) => step.reference),
    [{ script: 'V2__b.sql', module: '', version: '2', description: 'b' }],
  )
})

test('a history row has Flyway’s description, type and checksum; that of a repeatable is taken after replacement', async () => {
  const versioned = fileOf('V20251223_112456___iam_init.sql', "SELECT '${tenant}';")
  const repeatable = fileOf('R__10_views.sql', "SELECT '${tenant}';")
  const options = { placeholders: { TENANT: 'acme' } }
  const { steps } = await planOf([versioned, repeatable, fileOf('B20250101__start.sql')], { options })
  assert.deepEqual(
    steps.map((step) => step.historyRows[0]),
    [
      {
        installedRank: 1,
        version: '20250101',
        description: 'start',
        type: 'SQL_BASELINE',
        script: 'B20250101__start.sql',
        checksum: 78787420,
      },
      {
        installedRank: 2,
        version: '20251223.112456',
        description: ' iam init',
        type: 'SQL',
        script: 'V20251223_112456___iam_init.sql',
        checksum: checksumOfText("SELECT '${tenant}';"),
      },
      {
        installedRank: 3,
        version: null,
        description: '10 views',
        type: 'SQL',
        script: 'R__10_views.sql',
        checksum: checksumOfText("SELECT 'acme';"),
      },
    ],
  )
  assert.equal(steps[1]?.scripts[0]?.parsed.text, "SELECT 'acme';")
})

test('the ledger keeps the undo text before replacement, with the names of the placeholders it needs', async () => {
  const up = fileOf('billing/V2__b.sql', 'CREATE TABLE b (id int);')
  const undo = fileOf('billing/U2__b.sql', "\ufeffDROP TABLE ${Prefix}b;\r\n-- ${role_owner} \\ 'x'\n")
  const { steps } = await planOf([fileOf('base/V1__a.sql'), up, undo], {
    modules: [base, billing],
    options: { placeholders: { prefix: 'hunter2' } },
    firstRank: 5,
  })
  assert.deepEqual(steps[1]?.ledgerEntries, [
    {
      event: 'applied',
      module: 'billing',
      moduleRequires: ['base'],
      kind: 'versioned',
      version: '2',
      description: 'b',
      script: 'billing/V2__b.sql',
      installedRank: 6,
      checksum: up.checksum,
      sha256: createHash('sha256').update(up.bytes).digest('hex'),
      undoScript: 'billing/U2__b.sql',
      undoText: "DROP TABLE ${Prefix}b;\r\n-- ${role_owner} \\ 'x'\n",
      placeholders: ['prefix', 'role_owner'],
      error: null,
    },
  ])
  assert.deepEqual(steps[0]?.ledgerEntries[0]?.undoText, null)
  assert.deepEqual(steps[0]?.ledgerEntries[0]?.placeholders, [])
})

test('the ledger keeps the drop text of a repeatable, and of a B script none', async () => {
  const files = filesOf('B1__a.sql', 'U1__a.sql', 'R__v.sql', fileOf('UR__v.sql', 'DROP VIEW v;'))
  const { steps } = await planOf(files)
  assert.deepEqual(
    steps.map((step) => step.ledgerEntries.map(({ kind, undoScript, undoText }) => [kind, undoScript, undoText])),
    [[['baseline', null, null]], [['repeatable', 'UR__v.sql', 'DROP VIEW v;']]],
  )
})

test('a drop file of another module with the same description is not taken', async () => {
  const files = filesOf('base/V1__a.sql', 'billing/V2__b.sql', 'base/R__v.sql', 'billing/UR__v.sql')
  const { steps } = await planOf(files, { modules: [base, billing] })
  assert.equal(steps[2]?.ledgerEntries[0]?.undoScript, null)
})

test('the ledger has a path as history has it, so that both can be joined', async () => {
  const script = `${'folder/'.repeat(150)}V1__a.sql`
  const { steps } = await planOf([{ ...fileOf(script), module: '' }])
  assert.equal(steps[0]?.ledgerEntries[0]?.script, `...${script.slice(3, 1000)}`)
})

test('each script runs with the search path of its module', async () => {
  const files = filesOf('base/V1__a.sql', 'billing/V2__b.sql')
  const { steps } = await planOf(files, { modules: [base, billing] })
  assert.deepEqual(
    steps.map((step) => step.scripts.map(({ searchPath, file }) => [searchPath, file])),
    [[['"base", "public"', '/sql/base/V1__a.sql']], [['"billing", "public"', '/sql/billing/V2__b.sql']]],
  )
})

const faulty: readonly (readonly [title: string, script: string, text: string, code: Parameters<typeof refusal>[0]])[] =
  [
    ['the last version', 'V9__z.sql', "SELECT 'open", 'INVALID_SCRIPT'],
    ['the last repeatable', 'R__zz.sql', 'COMMIT;', 'TRANSACTION_CONTROL'],
  ]

for (const [title, script, text, code] of faulty) {
  test(`a fault in ${title} stops the run before anything of it is planned`, async () => {
    const plan = await planner([...filesOf('V1__a.sql', 'R__r.sql'), fileOf(script, text)])
    const error = refusal(code, plan)
    assert.equal(error.details.script, script)
    assert.equal(error.details.file, `/sql/${script}`)
  })
}

const unusable: readonly (readonly [title: string, script: string, text: string, code: string])[] = [
  ['the undo twin of a version', 'U1__a.sql', 'DROP TABLE ${nobody_knows};', 'UNKNOWN_PLACEHOLDER'],
  ['the undo twin of a version, in its directive,', 'U1__a.sql', '-- schemaway: undo=yes\n', 'INVALID_DIRECTIVE'],
  [
    'the undo twin of a version, which needs to be outside,',
    'U1__a.sql',
    'DROP INDEX CONCURRENTLY x;',
    'INVALID_SCRIPT',
  ],
  ['the drop twin of a repeatable', 'UR__r.sql', 'DROP VIEW r; SELECT $x$', 'INVALID_SCRIPT'],
]

for (const [title, script, text, code] of unusable) {
  test(`a fault in ${title} stops nothing: its text is kept, and what a rollback would say is told`, async () => {
    const files = [...filesOf('V1__a.sql', 'R__r.sql'), fileOf(script, text)]
    for (const skipExecutingMigrations of [false, true]) {
      const { steps } = await planOf(files, { options: { skipExecutingMigrations } })
      const step = steps.find(({ unusableUndo }) => unusableUndo !== undefined)
      assert.deepEqual([step?.unusableUndo?.undoScript, step?.unusableUndo?.code], [script, code])
      assert.match(step?.unusableUndo?.message ?? '', new RegExp(`^${script}, line 1`))
      assert.deepEqual([step?.ledgerEntries[0]?.undoScript, step?.ledgerEntries[0]?.undoText], [script, text])
      assert.equal(steps.filter(({ unusableUndo }) => unusableUndo !== undefined).length, 1)
    }
  })
}

test('an undo twin that no ledger could hold is not kept, and told of as well', async () => {
  const { steps } = await planOf([...filesOf('V1__a.sql'), fileOf('U1__a.sql', 'DROP TABLE a;\0')])
  assert.equal(steps[0]?.unusableUndo?.code, 'INVALID_SCRIPT')
  assert.deepEqual([steps[0]?.ledgerEntries[0]?.undoScript, steps[0]?.ledgerEntries[0]?.undoText], [null, null])
})

test('a fault in a script that is applied already, or undoes one, stops nothing', async () => {
  const files = [...filesOf('V1__a.sql', 'V2__b.sql'), fileOf('U1__a.sql', 'COMMIT;')]
  assert.equal((await planOf(files, { rows: ['V1__a.sql'] })).steps.length, 1)
})

test('a module whose first version precedes that of a module it requires is refused with the reason', async () => {
  const plan = await planner(filesOf('base/V20260105_100000__a.sql', 'billing/V1__b.sql', 'billing/V20270101__c.sql'), {
    modules: [base, billing],
  })
  const error = refusal('INVALID_MODULES', plan)
  assert.match(
    error.message,
    /^Module billing requires base, but its first version 1 \(billing\/V1__b\.sql\) comes before base's first version 20260105\.100000\./,
  )
  assert.match(
    error.message,
    /a folder numbered V1, V2, \.\.\. cannot require a module with timestamps: rename the files/,
  )
  assert.deepEqual(error.details, {
    modules: ['billing', 'base'],
    script: 'billing/V1__b.sql',
    version: '1',
  })
})

test('only the first versions are compared, B scripts among them; a module without versions may require anything', async () => {
  const modules = [base, billing]
  await planOf(filesOf('base/V1__a.sql', 'base/V9__b.sql', 'billing/V2__c.sql'), { modules })
  await planOf(filesOf('base/V5__a.sql', 'billing/R__c.sql'), { modules })
  await planOf(filesOf('base/R__a.sql', 'billing/V1__c.sql'), { modules })
  const plan = await planner(filesOf('base/V5__a.sql', 'billing/B3__c.sql', 'billing/V7__d.sql'), { modules })
  assert.match(refusal('INVALID_MODULES', plan).message, /its first version 3 \(billing\/B3__c\.sql\)/)
})

test('a repeatable that requires a version runs when that is applied, or about to be', async () => {
  const repeatable = fileOf('R__v.sql', '-- schemaway: requires=1.0\nSELECT 1;')
  assert.equal((await planOf([fileOf('V1__a.sql'), repeatable])).steps.length, 2)
  assert.equal((await planOf([fileOf('V1__a.sql'), repeatable], { rows: ['V1__a.sql'] })).steps.length, 1)
  assert.equal((await planOf([repeatable], { rows: ['V1__a.sql'] })).steps.length, 1)
})

test('a repeatable that requires a version nobody has is refused before anything runs', async () => {
  const repeatable = fileOf('R__v.sql', '-- schemaway: requires=20260105.1003\nSELECT 1;')
  const plan = await planner([...filesOf('V20260105.100300__a.sql', 'U20260105.1003__b.sql'), repeatable])
  const error = refusal('INVALID_DIRECTIVE', plan)
  assert.match(
    error.message,
    /^R__v\.sql requires version 20260105\.1003, which is neither applied nor among the scripts/,
  )
  assert.deepEqual(error.details, { script: 'R__v.sql', file: '/sql/R__v.sql', module: '', version: '20260105.1003' })
})
