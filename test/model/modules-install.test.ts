import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type BundledModuleName, defineModule, migrate, type RollbackOptions, rollback, seed } from '../../lib/index.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { type BundledFile, runFiles, upFiles } from './bundled-files.js'
import {
  assertSameState,
  bundledVersions,
  type DatabaseState,
  filesOfVersions,
  readDatabaseState,
  versionOf,
  withExtension,
} from './database-state.js'
import { openClient } from './model-database.js'

type Part = 'survey' | 'telephony' | 'notify'

const parts: readonly Part[] = ['survey', 'telephony', 'notify']
const subsets: readonly (readonly Part[])[] = [
  [],
  ...parts.map((part) => [part]),
  ...parts.map((left) => parts.filter((part) => part !== left)),
  parts,
]
const states = new Map<string, Promise<DatabaseState>>()

/** What the files of iam, of some parts and of the links between those make by hand. */
function stateOf(t: TestContext, some: readonly Part[]): Promise<DatabaseState> {
  const sorted = parts.filter((part) => some.includes(part))
  const known = states.get(sorted.join())
  if (known !== undefined) return known
  const made = makeState(t, upFiles(['iam', ...sorted]))
  states.set(sorted.join(), made)
  return made
}

async function makeState(t: TestContext, files: ReturnType<typeof upFiles>): Promise<DatabaseState> {
  const database = await testDatabase(t)
  const { sql } = openClient(t, database.url)
  await runFiles(sql, files)
  const state = await readDatabaseState(sql)
  await sql.end()
  return state
}

async function completeDatabase(t: TestContext): Promise<TestDatabase> {
  const database = await testDatabase(t)
  await migrate({ url: database.url })
  return database
}

async function historyOf({ sql }: TestDatabase): Promise<readonly string[]> {
  const rows = await sql<{ script: string }[]>`
    SELECT script FROM public.flyway_schema_history ORDER BY installed_rank`
  return rows.map(({ script }) => script)
}

for (const subset of subsets) {
  const modules: readonly BundledModuleName[] = ['iam', ...subset]
  test(`${modules.join(', ')}: installed alone and removed again`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const empty = await readDatabaseState(sql)
    await migrate({ url, modules })
    const expected = await stateOf(t, subset)
    assertSameState(await readDatabaseState(sql), expected)
    assert.deepEqual((await migrate({ url, modules })).migrations, [])
    await rollback({ url, modules, to: 'empty' })
    assertSameState(await readDatabaseState(sql), withExtension(empty, expected))
    assert.equal((await sql`SELECT FROM public.flyway_schema_history`).length, 0)
  })
}

test('in whatever order modules are added, each makes the links it completes, and the end is the same', async (t) => {
  for (const [first, second, third] of ordersOf(parts)) {
    if (first === undefined || second === undefined || third === undefined)
      throw new TypeError('an order has three parts')
    const { url, sql } = await testDatabase(t)
    for (const some of [[first], [first, second], [first, second, third]]) {
      const modules: readonly BundledModuleName[] = ['iam', ...some]
      await migrate({ url, modules })
      assertSameState(await readDatabaseState(sql), await stateOf(t, some), modules.join())
    }
  }
})

test('a module goes with its links, whether these are named or not, and comes back', async (t) => {
  const { url, sql } = await completeDatabase(t)
  const complete = await readDatabaseState(sql)
  const removals: readonly (readonly [readonly BundledModuleName[], readonly Part[]])[] = [
    [['survey'], ['telephony', 'notify']],
    [['telephony'], ['survey', 'notify']],
    [['notify'], ['survey', 'telephony']],
    [
      ['notify', 'survey_notify'],
      ['survey', 'telephony'],
    ],
    [
      ['telephony_notify', 'notify', 'survey_notify'],
      ['survey', 'telephony'],
    ],
    [['survey', 'notify'], ['telephony']],
    [['survey', 'telephony', 'notify'], []],
  ]
  for (const [modules, staying] of removals) {
    await rollback({ url, modules, to: 'empty' })
    assertSameState(await readDatabaseState(sql), await stateOf(t, staying), modules.join())
    assert.deepEqual((await migrate({ url, modules: ['iam', ...staying] })).migrations, [], 'history agrees')
    await migrate({ url })
    assertSameState(await readDatabaseState(sql), complete, modules.join())
  }
})

test('a link without a version of its own goes with either end, and is found installed by nobody afterwards', async (t) => {
  for (const [gone, staying] of [
    ['telephony', 'notify'],
    ['notify', 'telephony'],
  ] as const) {
    const database = await testDatabase(t)
    const { url, sql } = database
    await migrate({ url, modules: ['iam', 'telephony', 'notify'] })
    const report = await rollback({ url, modules: [gone], to: 'empty' })
    assertSameState(await readDatabaseState(sql), await stateOf(t, [staying]))
    assert.ok(report.migrations.every(({ action, module }) => action === 'undo' && module === gone))
    assert.ok((await historyOf(database)).every((script) => !script.startsWith('telephony_notify/')))
  }
})

test('a link goes alone when it is named alone', async (t) => {
  const { url, sql } = await completeDatabase(t)
  const complete = await readDatabaseState(sql)
  const report = await rollback({ url, modules: ['telephony_notify'], to: 'empty' })
  assert.deepEqual(
    report.migrations.map(({ action, script }) => [action, script]),
    [['drop', 'telephony_notify/R__52_telephony_notify_objects.sql']],
  )
  const [row] = await sql`SELECT to_regproc('telephony.is_opted_out') AS function`
  assert.deepEqual({ ...row }, { function: null })
  const without = await makeState(
    t,
    upFiles().filter(({ module }) => module !== 'telephony_notify'),
  )
  assertSameState(await readDatabaseState(sql), without)
  for (const link of ['survey_telephony', 'survey_notify'] as const) {
    await rollback({ url, modules: [link], to: 'empty' })
  }
  const unlinked = await makeState(
    t,
    upFiles().filter(({ module }) => !module.includes('_')),
  )
  assertSameState(await readDatabaseState(sql), unlinked)
  await migrate({ url })
  assertSameState(await readDatabaseState(sql), complete)
})

test('a part of a module goes with the links above it, and the way forward brings all back', async (t) => {
  const { url, sql } = await completeDatabase(t)
  const complete = await readDatabaseState(sql)
  for (const part of parts) {
    const own = new Set(
      upFiles()
        .filter(({ module, name }) => module === part && name.startsWith('V'))
        .map(versionOf),
    )
    const isLink = ({ module }: BundledFile): boolean => module.includes('_') && module.split('_').includes(part)
    for (const version of [...own].slice(0, -1)) {
      await rollback({ url, modules: [part], to: version })
      const expected = filesOfVersions(
        (file) => !isLink(file) && (!own.has(versionOf(file)) || versionOf(file) <= version),
      )
      assertSameState(await readDatabaseState(sql), await makeState(t, expected), version)
      await migrate({ url })
      assertSameState(await readDatabaseState(sql), complete, version)
    }
  }
})

test("a link with an end at somebody else is nobody's newest version, but goes before what it may stand on", async (t) => {
  const { url } = await completeDatabase(t)
  const undone = async (
    options: Pick<RollbackOptions, 'steps' | 'to' | 'run'>,
  ): Promise<readonly (string | null)[]> => {
    const report = await rollback({ url, modules: ['iam', 'survey'], ...options })
    await migrate({ url })
    return report.migrations.filter(({ action }) => action === 'undo').map(({ version }) => version)
  }
  const links = ['20260105.140100', '20260105.140000']
  assert.deepEqual(await undone({}), [...links, '20260105.110400'])
  assert.deepEqual(await undone({ steps: 2 }), [...links, '20260105.110400', '20260105.110300'])
  assert.deepEqual(await undone({ to: '20260105.110400' }), [], 'what it names is the newest that they have')
})

test('what others require is refused with their names, and nothing is changed', async (t) => {
  const database = await completeDatabase(t)
  const { url, sql } = database
  const before = [await readDatabaseState(sql), await historyOf(database)]
  const links = ['survey_telephony', 'survey_notify', 'telephony_notify']
  const refused: readonly (readonly [readonly BundledModuleName[], readonly string[]])[] = [
    [['iam'], [...parts, ...links]],
    [
      ['iam', 'survey'],
      ['telephony', 'notify', 'telephony_notify'],
    ],
    [['iam', 'survey', 'notify'], ['telephony']],
  ]
  for (const [modules, names] of refused) {
    const error = await expectError('MODULE_REQUIRED', rollback({ url, modules, to: 'empty' }))
    const [first, ...blocking] = error.details.modules ?? []
    assert.deepEqual([first, new Set(blocking)], ['iam', new Set(names)])
    for (const name of names) assert.ok(error.message.includes(name), error.message)
    assert.deepEqual([await readDatabaseState(sql), await historyOf(database)], before)
  }
})

test('the call that a refusal proposes works as it stands', async (t) => {
  const { url, sql } = await testDatabase(t)
  const empty = await readDatabaseState(sql)
  await migrate({ url })
  const complete = await readDatabaseState(sql)
  const error = await expectError('MODULE_REQUIRED', rollback({ url, modules: ['iam'], to: 'empty' }))
  const [, list] = /modules: \[([^\]]+)\]/.exec(error.message) ?? []
  const modules = (list ?? '').split(', ').map((name) => name.replaceAll("'", ''))
  await rollback({ url, modules: modules as BundledModuleName[], to: 'empty' })
  assertSameState(await readDatabaseState(sql), withExtension(empty, complete))
})

test("a caller's own module keeps the bundled one that it requires, even if all it has are views", async (t) => {
  const database = await completeDatabase(t)
  const { url, sql } = database
  const { directory } = writeScripts(t, {
    'R__80_reports.sql': 'CREATE OR REPLACE VIEW public.running AS SELECT id FROM survey.campaigns;',
    'UR__80_reports.sql': 'DROP VIEW IF EXISTS public.running;',
  })
  const reports = defineModule({ name: 'reports', directory, requires: ['survey'], schemas: [] })
  await migrate({ url, modules: ['iam', 'survey', reports] })
  const before = [await readDatabaseState(sql), await historyOf(database)]
  const error = await expectError('MODULE_REQUIRED', rollback({ url, modules: ['survey'], to: 'empty' }))
  assert.deepEqual(error.details.modules, ['survey', 'reports'])
  assert.deepEqual([await readDatabaseState(sql), await historyOf(database)], before)
  await rollback({ url, modules: ['survey', reports], to: 'empty' })
  assertSameState(await readDatabaseState(sql), await stateOf(t, ['telephony', 'notify']))
})

test('versions of all modules are told apart, and none is shared', () => {
  const versions = bundledVersions()
  assert.equal(new Set(versions).size, versions.length)
  assert.deepEqual(versions, versions.toSorted())
})

function ordersOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length === 0) return [[]]
  return items.flatMap((item) => ordersOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}

test('an end that comes again finds rows that named what it had: the rows stay, the names are forgotten', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url })
  await seed({ url, set: 'demo' })
  await sql`
    INSERT INTO telephony.call_attempts (organisation_id, contact_id, campaign_id, call_id, to_number)
    SELECT organisation_id, id, campaign_id, 'one', phone_number FROM survey.contacts LIMIT 1`
  await sql`
    INSERT INTO notify.email_notifications (organisation_id, contact_id, campaign_id, idempotency_key, to_email, template_id)
    SELECT k.organisation_id, k.id, k.campaign_id, 'one', k.email, t.id
    FROM survey.contacts AS k JOIN notify.email_templates AS t USING (organisation_id)
    WHERE k.email IS NOT NULL LIMIT 1`

  for (const modules of [['notify'], ['telephony']] as const) {
    await rollback({ url, modules, to: 'empty', allowDataLoss: true })
    await migrate({ url })
    await seed({ url, set: 'demo' })
  }
  const campaigns = await sql`
    SELECT provider_config_id IS NOT NULL AS provider, email_completed_template_id IS NOT NULL AS template
    FROM survey.campaigns`
  assert.deepEqual([...campaigns], [{ provider: true, template: true }], 'the seed could name new ones')

  await sql`
    INSERT INTO telephony.call_attempts (organisation_id, contact_id, campaign_id, call_id, to_number)
    SELECT organisation_id, id, campaign_id, 'one', phone_number FROM survey.contacts LIMIT 1`
  await rollback({ url, modules: ['survey'], to: 'empty', allowDataLoss: true })
  await migrate({ url })
  const calls = await sql`SELECT contact_id, campaign_id FROM telephony.call_attempts`
  assert.deepEqual(
    [...calls],
    [{ contact_id: null, campaign_id: null }],
    'the record of the call counts for its limits',
  )
})
