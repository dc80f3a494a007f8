import assert from 'node:assert/strict'
import test from 'node:test'
import {
  baseline,
  clean,
  defineModule,
  type Hooks,
  info,
  type MigrationEvent,
  migrate,
  repair,
  rollback,
  undo,
  validate,
} from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { allCallbacks, each, eventLog, finish, firstMigrate, holdTable, note, scripts, start } from './event-log.js'

test('migrate() fires every event of Flyway in its order, and history hears nothing of it', async (t) => {
  const { url, sql, locations, read } = await eventLog(t, { ...allCallbacks, ...scripts })
  const { migrations } = await migrate({ url, locations })
  assert.deepEqual(await read(), firstMigrate)
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V1__a.sql', 'V2__b.sql', 'R__r.sql'],
  )
  const rows = await sql`SELECT script FROM flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    rows.map((row) => row['script']),
    ['V1__a.sql', 'V2__b.sql', 'R__r.sql'],
  )
})

test('a migrate() that finds nothing to do fires what Flyway fires then', async (t) => {
  const { url, locations, read } = await eventLog(t, { ...allCallbacks, ...scripts })
  await migrate({ url, locations })
  await read()
  const report = await migrate({ url, locations })
  assert.equal(report.run, null)
  assert.deepEqual(await read(), [
    ...start,
    'beforeMigrate',
    'afterVersioned',
    'afterMigrate',
    'afterMigrateOperationFinish',
  ])
})

test('in one transaction for everything, what comes between versions and repeatables is part of it', async (t) => {
  const { url, sql, locations, read } = await eventLog(t, {
    ...allCallbacks,
    ...scripts,
    'beforeRepeatables.sql': `${note('beforeRepeatables')}SELECT set_config('test.transaction', txid_current()::text, true);`,
    'afterEachMigrate.sql': `${note('afterEachMigrate')}CREATE TABLE IF NOT EXISTS seen (x text); INSERT INTO seen VALUES (txid_current()::text || current_setting('test.transaction', true));`,
  })
  await migrate({ url, locations, transaction: 'all' })
  assert.deepEqual(await read(), firstMigrate)
  const seen = await sql`SELECT x FROM seen`
  const last = seen.at(-1)?.['x'] as string
  assert.equal(last.slice(0, last.length / 2), last.slice(last.length / 2))
})

test('info() and validate() fire theirs, without a lock', async (t) => {
  const { url, locations, read } = await eventLog(t, { ...allCallbacks, ...scripts })
  await info({ url, locations })
  assert.deepEqual(await read(), ['afterConnect', 'beforeInfo', 'afterInfo', 'afterInfoOperationFinish'])
  await expectError('VALIDATION_FAILED', validate({ url, locations }))
  assert.deepEqual(await read(), [
    'afterConnect',
    'beforeValidate',
    'afterValidateError',
    'afterValidateOperationFinish',
  ])
  await migrate({ url, locations })
  await read()
  await validate({ url, locations })
  assert.deepEqual(await read(), ['afterConnect', 'beforeValidate', 'afterValidate', 'afterValidateOperationFinish'])
})

test('repair(), baseline() and clean() fire theirs', async (t) => {
  const { url, locations, read } = await eventLog(t, { ...allCallbacks, ...scripts })
  await baseline({ url, locations })
  const beginning = ['afterConnect', 'createSchema', 'beforeCreateSchema', 'beforeBaseline']
  assert.deepEqual(await read(), [...beginning, 'afterBaseline', 'afterBaselineOperationFinish'])
  await expectError('BASELINE_REFUSED', baseline({ url, locations, baselineVersion: '7' }))
  assert.deepEqual(await read(), [...beginning, 'afterBaselineError'])
  await repair({ url, locations })
  assert.deepEqual(await read(), ['afterConnect', 'beforeRepair', 'afterRepair', 'afterRepairOperationFinish'])
  await repair({ url, locations, preview: true })
  await expectError('CLEAN_DISABLED', clean({ url, locations }))
  assert.deepEqual(await read(), [], 'neither a preview nor what is refused')
  await clean({ url, locations, cleanDisabled: false })
  assert.deepEqual(await read(), ['afterConnect', 'beforeClean', 'afterClean', 'afterCleanOperationFinish'])
})

test('undo() and rollback() fire the events of an undo around each version', async (t) => {
  const { url, locations, read } = await eventLog(t, {
    ...allCallbacks,
    'V1__a.sql': 'CREATE TABLE a (i int);',
    'U1__a.sql': 'DROP TABLE a;',
    'V2__b.sql': 'CREATE TABLE b (i int);',
    'U2__b.sql': 'SELECT 1;\nDROP TABLE b;',
  })
  await migrate({ url, locations })
  await read()
  const eachUndo = (statements: number): readonly string[] => [
    'beforeEachUndo',
    ...Array.from({ length: statements }, () => ['beforeEachUndoStatement', 'afterEachUndoStatement']).flat(),
    'afterEachUndo',
  ]
  await undo({ url, locations })
  const end = ['afterUndo', 'afterUndoOperationFinish']
  assert.deepEqual(await read(), ['afterConnect', 'beforeUndo', ...eachUndo(2), ...end])
  await migrate({ url, locations })
  await read()
  await rollback({ url, locations, to: 'empty' })
  assert.deepEqual(await read(), ['afterConnect', 'beforeUndo', ...eachUndo(2), ...eachUndo(1), ...end])
})

test('a schema that is baselined on the way fires the events of a baseline', async (t) => {
  const { url, sql, locations, read } = await eventLog(t, { ...allCallbacks, ...scripts })
  await sql`CREATE TABLE public.older (i int)`
  await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations }))
  assert.deepEqual(await read(), start)
  await migrate({ url, locations, baselineOnMigrate: true })
  assert.deepEqual((await read()).slice(0, 8), [...start, 'beforeBaseline', 'afterBaseline', 'beforeMigrate'])
})

test('migrations that are only recorded have no callbacks of their own', async (t) => {
  const { url, locations, read } = await eventLog(t, { ...allCallbacks, ...scripts })
  await migrate({ url, locations, skipExecutingMigrations: true })
  assert.deepEqual(await read(), [...start, 'beforeMigrate', 'afterVersioned', 'beforeRepeatables', ...finish])
})

test('without validation there are no events of one', async (t) => {
  const { url, locations, read } = await eventLog(t, { ...allCallbacks, ...scripts })
  await migrate({ url, locations, validateOnMigrate: false })
  assert.deepEqual((await read()).slice(0, 4), ['afterConnect', 'createSchema', 'beforeCreateSchema', 'beforeMigrate'])
})

test('a migration that fails is followed by its own callbacks once it is rolled back, and the real error is told', async (t) => {
  const { url, sql, locations, read } = await eventLog(t, {
    ...allCallbacks,
    ...scripts,
    'V2__b.sql': 'CREATE TABLE b (i int);\nSELECT * FROM nonsense;',
  })
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations }))
  assert.equal(error.details.script, 'V2__b.sql')
  assert.equal(error.details.line, 2)
  assert.deepEqual(error.details.applied, ['V1__a.sql'])
  assert.deepEqual(await read(), [
    ...start,
    'beforeMigrate',
    ...each(2),
    'afterEachMigrateStatementError',
    'afterEachMigrateError',
    'afterMigrateError',
  ])
  assert.equal((await sql`SELECT to_regclass('b') AS b`)[0]?.['b'], null)
})

test('a validation that fails fires its event, and none of the migration', async (t) => {
  const { url, folder, locations, read } = await eventLog(t, { ...allCallbacks, ...scripts })
  await migrate({ url, locations })
  await read()
  folder.write({ 'V1__a.sql': 'SELECT 2;' })
  await expectError('VALIDATION_FAILED', migrate({ url, locations }))
  assert.deepEqual(await read(), ['afterConnect', 'beforeValidate', 'afterValidateError'])
})

const failing: readonly (readonly [event: string, isApplied: boolean, last: string])[] = [
  ['beforeMigrate', false, 'beforeCreateSchema'],
  ['beforeValidate', false, 'afterConnect'],
  ['beforeEachMigrate', false, 'afterMigrateError'],
  ['beforeEachMigrateStatement', false, 'afterMigrateError'],
  ['afterEachMigrate', false, 'afterMigrateError'],
  ['afterVersioned', true, 'afterMigrateError'],
  ['beforeRepeatables', true, 'afterMigrateError'],
  ['afterMigrateApplied', true, 'afterEachMigrate'],
  ['afterMigrate', true, 'afterMigrateApplied'],
]

for (const [event, isApplied, last] of failing) {
  test(`a failing ${event} is named with file, line and event, and ${isApplied ? 'what is applied stays' : 'nothing is applied'}`, async (t) => {
    const { url, sql, locations, read } = await eventLog(t, {
      ...allCallbacks,
      ...scripts,
      [`${event}.sql`]: 'SELECT 1;\nSELECT broken;',
    })
    const error = await expectError('STATEMENT_FAILED', migrate({ url, locations }))
    const { script, line, event: named } = error.details
    assert.deepEqual({ script, line, named }, { script: `${event}.sql`, line: 2, named: event })
    assert.match(error.message, new RegExp(`^${event}\\.sql:2:8 \\(callback ${event}`))
    assert.equal((await read()).at(-1), last)
    const tables = await sql`SELECT to_regclass('a') AS a`
    assert.equal(tables[0]?.['a'] !== null, isApplied)
  })
}

test('placeholders are replaced, and ${flyway:filename} is the callback', async (t) => {
  const { url, locations, read } = await eventLog(t, {
    'sub/folder/afterMigrate__x.sql': note('${flyway:filename} ${mine}'),
  })
  await migrate({ url, locations, placeholders: { mine: 'own' } })
  assert.deepEqual(await read(), ['afterMigrate__x.sql own'])
})

test('a callback with a placeholder that has no value stops the command before anything is done', async (t) => {
  const { url, sql, locations } = await eventLog(t, { ...scripts, 'afterMigrate.sql': "SELECT '${nope}';" })
  const error = await expectError('UNKNOWN_PLACEHOLDER', migrate({ url, locations }))
  assert.equal(error.details.script, 'afterMigrate.sql')
  assert.equal((await sql`SELECT to_regclass('flyway_schema_history') AS h`)[0]?.['h'], null)
})

test('a callback of no transaction runs outside of one', async (t) => {
  const { url, locations, read } = await eventLog(t, {
    ...scripts,
    'afterMigrate.sql': 'VACUUM a;',
    'afterMigrate__z.sql': note('z'),
  })
  await migrate({ url, locations })
  assert.deepEqual(await read(), ['z'])
})

test('a callback in the transaction of a migration cannot hold what needs to be outside', async (t) => {
  const { url, locations } = await eventLog(t, { ...scripts, 'afterEachMigrate.sql': 'VACUUM;' })
  const error = await expectError('INVALID_SCRIPT', migrate({ url, locations }))
  assert.match(error.message, /afterEachMigrate\.sql holds .* Move it into a callback such as afterMigrate/)
})

test('what beforeEachMigrate sets holds for the migration and what follows it, and ends with its transaction', async (t) => {
  const look = (entry: string): string =>
    `INSERT INTO logs.log (entry) SELECT '${entry} ' || current_user || ' ' || current_setting('work_mem') || ' ' || split_part(current_setting('search_path'), ',', 1);\n`
  const { url, sql, locations, read } = await eventLog(t, {
    'V1__a.sql': look('V1'),
    'V2__b.sql': 'CREATE TABLE made_by_role (i int);',
    'beforeEachMigrate.sql': `SET ROLE callback_role; SET work_mem = '7MB'; SET search_path = logs;`,
    'afterEachMigrate.sql': look('after'),
    'afterMigrate.sql': look('end'),
  })
  await sql
    .unsafe(
      `DO $$ BEGIN IF to_regrole('callback_role') IS NULL THEN CREATE ROLE callback_role; END IF; END $$;
       GRANT ALL ON SCHEMA logs TO callback_role; GRANT ALL ON ALL TABLES IN SCHEMA logs TO callback_role;
       GRANT ALL ON ALL SEQUENCES IN SCHEMA logs TO callback_role`,
    )
    .simple()
  const [login] = await sql`SELECT current_user AS name, current_setting('work_mem') AS memory`
  await migrate({ url, locations })
  assert.deepEqual(await read(), [
    'V1 callback_role 7MB logs',
    'after callback_role 7MB logs',
    'after callback_role 7MB logs',
    `end ${login?.['name']} ${login?.['memory']} public`,
  ])
  const [table] = await sql`SELECT tableowner FROM pg_tables WHERE tablename = 'made_by_role'`
  assert.equal(table?.['tableowner'], 'callback_role')
})

test('a file outside a transaction has its callbacks around it, but none around its statements, and a warning says so', async (t) => {
  const { url, locations, read } = await eventLog(t, {
    ...allCallbacks,
    'V1__a.sql': 'CREATE TABLE a (i int);',
    'V2__b.sql': 'CREATE INDEX CONCURRENTLY a_i ON a (i);',
  })
  const warnings: string[] = []
  await migrate({ url, locations, logger: { warn: (message) => warnings.push(message) } })
  assert.deepEqual(await read(), [
    ...start,
    'beforeMigrate',
    ...each(1),
    'beforeEachMigrate',
    'afterEachMigrate',
    'afterVersioned',
    ...finish,
  ])
  assert.match(warnings.join('\n'), /V2__b\.sql runs without the callbacks around each statement/)
})

test('beforeValidate may put history right before it is compared', async (t) => {
  const { url, folder, locations } = await eventLog(t, scripts)
  await migrate({ url, locations })
  folder.write({
    'V1__a.sql': 'SELECT 2;',
    'beforeValidate.sql': "UPDATE flyway_schema_history SET checksum = NULL WHERE version = '1';",
  })
  await migrate({ url, locations })
})

test('rows of a COPY in a callback are streamed', async (t) => {
  const { url, locations, read } = await eventLog(t, {
    ...scripts,
    'beforeEachMigrate.sql': 'COPY logs.log (entry) FROM stdin;\none\ntwo\n\\.\n',
    'afterMigrate.sql': 'COPY logs.log (entry) FROM stdin;\nthree\n\\.\n',
  })
  await migrate({ url, locations, target: '1' })
  assert.deepEqual(await read(), ['one', 'two', 'one', 'two', 'three'])
})

test('a callback that releases the lock is told, and nothing goes on', async (t) => {
  const { url, sql, locations } = await eventLog(t, {
    ...scripts,
    'beforeMigrate.sql': 'SELECT pg_advisory_unlock_all();',
  })
  const error = await expectError('LOCK_LOST', migrate({ url, locations }))
  assert.equal(error.details.script, 'beforeMigrate.sql')
  assert.equal((await sql`SELECT to_regclass('a') AS a`)[0]?.['a'], null)
})

test('with callbacks of migrations alone, a migrate() with nothing to do takes no lock', async (t) => {
  const { url, locations } = await eventLog(t, { ...scripts, 'beforeEachMigrate.sql': 'SELECT 1;' })
  const eventsOf = async (): Promise<readonly string[]> => {
    const types: string[] = []
    await migrate({ url, locations, onEvent: ({ type }) => types.push(type) })
    return types
  }
  assert.ok((await eventsOf()).includes('locked'))
  assert.deepEqual(await eventsOf(), ['finished'])
})

test('callbacks run around a migration in JavaScript, in its transaction or around it', async (t) => {
  const up = (entry: string): string =>
    `export async function up({ sql }) { await sql\`INSERT INTO logs.log (entry) VALUES ('${entry}')\` }\n`
  const { url, sql, locations, read } = await eventLog(t, {
    'V1__a.mjs': up('V1'),
    'V2__b.mjs': `export const transaction = 'none'\n${up('V2')}`,
    'beforeEachMigrate.sql': note('before'),
    'afterEachMigrate.sql': note('after'),
    'beforeEachMigrateStatement.sql': note('statement'),
  })
  const warnings: string[] = []
  await migrate({ url, locations, logger: { warn: (message) => warnings.push(message) } })
  assert.deepEqual(await read(), ['before', 'V1', 'after', 'before', 'V2', 'after'])
  assert.equal(
    warnings.filter((text) => /runs without the callbacks around each statement/.test(text)).length >= 2,
    true,
  )
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 2)
})

test('a callback that waits for a lock is tried again', async (t) => {
  const { url, sql, locations, read } = await eventLog(t, { ...scripts, 'beforeMigrate.sql': note('x') })
  const retries: string[] = []
  const release = await holdTable(sql, 'logs.log')
  const onEvent = ({ type }: MigrationEvent): void => {
    if (type === 'retry' && retries.push(type) === 1) release()
  }
  try {
    await migrate({ url, locations, lockTimeout: 50, lockRetries: 50, onEvent })
  } finally {
    release()
  }
  assert.deepEqual(await read(), ['x'])
})

test('a callback in a transaction of its own that ends it is refused', async (t) => {
  const { url, locations } = await eventLog(t, { ...scripts, 'beforeMigrate.sql': 'SELECT 1; COMMIT; SELECT 2;' })
  const error = await expectError('TRANSACTION_CONTROL', migrate({ url, locations }))
  assert.equal(error.details.script, 'beforeMigrate.sql')
})

test('statements of a script share their role and search path, whatever module the callbacks between them are of', async (t) => {
  const look = "INSERT INTO logs.log (entry) SELECT current_user || ' ' || current_setting('search_path');\n"
  const { url, sql, locations, read } = await eventLog(t, {
    'billing/V1__a.sql': `SET LOCAL ROLE statement_role;\nSET LOCAL search_path = logs;\n${look}${look}`,
    'other/beforeEachMigrateStatement.sql': 'SELECT 1;',
    'other/V2__b.sql': 'SELECT 1;',
  })
  await sql
    .unsafe(
      `DO $$ BEGIN IF to_regrole('statement_role') IS NULL THEN CREATE ROLE statement_role; END IF; END $$;
       GRANT ALL ON SCHEMA logs TO statement_role; GRANT ALL ON ALL TABLES IN SCHEMA logs TO statement_role;
       GRANT ALL ON ALL SEQUENCES IN SCHEMA logs TO statement_role`,
    )
    .simple()
  const billing = defineModule({ name: 'billing', directory: `${locations}/billing`, schemas: ['billing'] })
  await migrate({ url, modules: [billing], locations: `${locations}/other` })
  assert.deepEqual(await read(), ['statement_role logs', 'statement_role logs'])
})

test('bundled modules migrate and roll back as ever beside callbacks and hooks of single migrations', async (t) => {
  const { url, sql, locations, read } = await eventLog(t, {
    'beforeEachMigrate.sql': `SET work_mem = '7MB'; SET search_path = logs; ${note('before')}`,
    'beforeEachMigrateStatement.sql': note('statement'),
    'afterEachMigrate.sql': note('after'),
    'beforeEachUndo.sql': note('undo'),
  })
  let calls = 0
  const hooks: Hooks = {
    beforeEachMigrate: async ({ sql }) => {
      calls += 1
      await sql`SELECT 1`
    },
  }
  const { migrations } = await migrate({ url, modules: ['iam'], locations, hooks })
  const entries = await read()
  assert.equal(calls, migrations.length)
  assert.deepEqual(
    entries,
    migrations.flatMap(() => ['before', 'after']),
  )
  const owners = await sql`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'iam'`
  assert.deepEqual(
    owners.map((row) => row['tableowner']),
    ['schemaway_owner'],
  )
  await rollback({ url, modules: ['iam'], locations, to: 'empty', allowDataLoss: true })
  assert.ok((await read()).length > 0)
  assert.equal((await sql`SELECT to_regnamespace('iam') AS iam`)[0]?.['iam'], null)
})
