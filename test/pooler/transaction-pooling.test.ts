import assert from 'node:assert/strict'
import test from 'node:test'
import {
  assertMigrated,
  baseline,
  info,
  type MigrationEvent,
  migrate,
  repair,
  rollback,
  seed,
  undo,
  validate,
} from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { waitForSleep } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { leftoversOf, pooledDatabase, tablesOf, versionsOf } from './pooled-database.js'

const skip = withoutPgBouncer
/** Makes a script so big that it is not held in memory. */
const padding = `COPY a FROM stdin;\n${`7\t${'x'.repeat(1020)}\n`.repeat(4 * 1024 + 10)}\\.\n`

const scripts = {
  'V1__a.sql':
    "CREATE TABLE a (id int, note text);\nCOPY a FROM stdin;\n1\tone\n2\t\\N\n\\.\nUPDATE a SET note = 'two' WHERE id = 2;\n",
  'U1__a.sql': 'DROP TABLE a;',
  'V2__doubled.sql':
    "CREATE FUNCTION doubled(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN i * 2; END $$;\nINSERT INTO a VALUES (doubled(2), 'four');",
  'U2__doubled.sql': 'DELETE FROM a WHERE id = 4;\nDROP FUNCTION doubled(int);',
  'V3__several.sql': 'CREATE TABLE b (id int);\n'.concat(
    Array.from({ length: 50 }, (_, id) => `INSERT INTO b VALUES (${id});\n`).join(''),
  ),
  'U3__several.sql': 'DROP TABLE b;',
  'V4__program.mjs':
    'export async function up({ sql }) {\n' +
    '  for (const id of [100, 101]) await sql`INSERT INTO b VALUES (${id})`\n' +
    '  if ((await sql`SELECT FROM b`).length !== 52) throw new Error("other rows")\n}\n' +
    'export async function down({ sql }) { await sql`DELETE FROM b WHERE id >= ${100}` }\n',
  'V5__rows.sql': padding,
  'U5__rows.sql': 'DELETE FROM a WHERE id = 7;',
  'R__view.sql': 'CREATE OR REPLACE VIEW v AS SELECT id FROM a;',
  'UR__view.sql': 'DROP VIEW v;',
  'afterEachMigrate.sql': "INSERT INTO a VALUES (-1, 'callback');",
}

for (const transaction of ['each', 'all'] as const) {
  for (const poolSize of [1, 4]) {
    test(`migrations of every kind come and go through transaction pooling (transaction: '${transaction}', pool of ${poolSize})`, {
      skip,
    }, async (t) => {
      const { pooled, sql } = await pooledDatabase(t, { poolSize })
      const { directory: locations } = writeScripts(t, scripts)
      const options = { url: pooled, locations }
      assert.equal((await info(options)).pending, 6)
      await expectError('PENDING_MIGRATIONS', assertMigrated(options))
      const hooked: string[] = []
      const report = await migrate({
        ...options,
        transaction,
        hooks: {
          afterMigrate: async ({ sql: inside }) => {
            hooked.push(String((await inside`SELECT count(*)::int AS rows FROM b`)[0]?.['rows']))
          },
        },
      })
      assert.deepEqual(
        report.migrations.map(({ script }) => script),
        ['V1__a.sql', 'V2__doubled.sql', 'V3__several.sql', 'V4__program.mjs', 'V5__rows.sql', 'R__view.sql'],
      )
      assert.deepEqual(hooked, ['52'])
      assert.deepEqual([report.currentVersion, report.lock?.strategy], ['5', 'transaction'])
      assert.deepEqual(await versionsOf(sql), ['1', '2', '3', '4', '5', null])
      const rows = await sql`SELECT id, note FROM a WHERE id IN (1, 2, 4) ORDER BY id`
      assert.deepEqual(
        rows.map(({ id, note }) => [id, note]),
        [
          [1, 'one'],
          [2, 'two'],
          [4, 'four'],
        ],
      )
      assert.equal((await sql`SELECT FROM a WHERE id = 7`).length, 4 * 1024 + 10)
      assert.equal((await sql`SELECT FROM a WHERE id = -1`).length, 6)
      assert.equal((await validate(options)).checked, 6)
      assert.equal((await assertMigrated(options)).currentVersion, '5')
      assert.equal((await info(options)).pending, 0)
      assert.equal((await migrate(options)).run, null)
      assert.deepEqual(await leftoversOf(sql), [])

      const undone = await rollback({ ...options, to: 'empty', allowDataLoss: true, transaction })
      assert.deepEqual(
        undone.migrations.map(({ script }) => script),
        ['V5__rows.sql', 'V4__program.mjs', 'V3__several.sql', 'V2__doubled.sql', 'V1__a.sql'],
      )
      assert.equal(undone.lock?.strategy, 'transaction')
      assert.deepEqual(await tablesOf(sql), ['flyway_schema_history', 'schemaway_ledger'])
      await migrate({ ...options, transaction })
      assert.equal((await info(options)).pending, 0)
      assert.deepEqual(await leftoversOf(sql), [])
    })
  }
}

test('the bundled model comes, is seeded, and goes, through transaction pooling', { skip }, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t, { poolSize: 2 })
  const report = await migrate({ url: pooled })
  assert.equal(report.lock?.strategy, 'transaction')
  assert.deepEqual(report.upkeep?.failures, [])
  assert.ok(report.migrations.length > 20)
  assert.equal((await seed({ url: pooled, set: 'reference' })).lock?.strategy, 'transaction')
  assert.equal((await migrate({ url: pooled })).run, null)
  assert.equal((await validate({ url: direct })).checked, report.migrations.length)
  assert.deepEqual(await leftoversOf(sql), [])
  await rollback({ url: pooled, to: 'empty', allowDataLoss: true })
  const [left] = await sql`SELECT to_regnamespace('iam') AS iam, to_regnamespace('survey') AS survey`
  assert.deepEqual({ ...left }, { iam: null, survey: null })
  assert.deepEqual(await leftoversOf(sql), [])
})

test('a bad statement is reported with its line and column, and nothing of its file stays', { skip }, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t)
  const files = {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': 'CREATE TABLE b (id int);\nINSERT INTO b VALUES (1);\n\n  INSERT INTO b VALUES (1 / 0);\nSELECT 1;',
  }
  const { directory: locations } = writeScripts(t, files)
  for (const transaction of ['each', 'all'] as const) {
    const error = await expectError('STATEMENT_FAILED', migrate({ url: pooled, locations, transaction }))
    assert.deepEqual(
      [error.details.script, error.details.line, error.details.statement, error.details.sqlState],
      ['V2__b.sql', 4, 3, '22012'],
    )
    // The same as without a pooler.
    const other = await expectError('STATEMENT_FAILED', migrate({ url: direct, locations, transaction }))
    assert.deepEqual([error.details.column, error.details.excerpt], [other.details.column, other.details.excerpt])
  }
  assert.deepEqual(await tablesOf(sql), ['a', 'flyway_schema_history', 'schemaway_ledger'])
  assert.deepEqual(await versionsOf(sql), ['1'])
  assert.deepEqual(await leftoversOf(sql), [])
})

test('undo(), baseline() and repair() work through transaction pooling', { skip }, async (t) => {
  const { pooled, sql } = await pooledDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': 'CREATE TABLE b (id int);',
    'U2__b.sql': 'DROP TABLE b;',
  })
  const options = { url: pooled, locations: folder.directory }
  assert.equal((await baseline({ ...options, baselineVersion: '1' })).lock?.strategy, 'transaction')
  await migrate(options)
  assert.deepEqual(await versionsOf(sql), ['1', '2'])
  folder.write({ 'V2__b.sql': 'CREATE TABLE b (id int); -- changed' })
  assert.equal((await repair(options)).lock?.strategy, 'transaction')
  await validate(options)
  assert.equal((await undo(options)).lock?.strategy, 'transaction')
  assert.deepEqual(await versionsOf(sql), ['1'])
  assert.deepEqual(await leftoversOf(sql), [])
})

test('whoever finds the lock taken waits, names the holder, and gives up after waitForLock, directly and through the pooler', {
  skip,
}, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t)
  const long = writeScripts(t, { 'V1__long.sql': 'SELECT pg_sleep(60);' })
  const short = writeScripts(t, { 'V1__short.sql': 'CREATE TABLE a (id int);' })
  for (const [holder, waiter] of [
    [pooled, pooled],
    [direct, pooled],
    [pooled, direct],
  ] as const) {
    const stop = new AbortController()
    const holding = expectError('ABORTED', migrate({ url: holder, locations: long.directory, signal: stop.signal }))
    await waitForSleep(sql)
    const events: MigrationEvent[] = []
    const error = await expectError(
      'LOCK_WAIT_TIMEOUT',
      migrate({
        url: waiter,
        locations: short.directory,
        waitForLock: 600,
        onEvent: (event) => events.push(event),
      }),
    )
    const waiting = events.find((event) => event.type === 'waitingForLock')
    assert.match(waiting?.holder?.applicationName ?? '', /schemaway/)
    assert.equal(error.details.blockers?.[0]?.pid, waiting?.holder?.pid)
    stop.abort()
    await holding
  }
  await migrate({ url: pooled, locations: short.directory })
  assert.deepEqual(await leftoversOf(sql), [])
})

test('a statement that waits for somebody else’s lock ends within lockTimeout, even when the pool has no room to look for him', {
  skip,
}, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolSize: 1 })
  const { directory: locations } = writeScripts(t, { 'V1__b.sql': 'ALTER TABLE blocked ADD COLUMN note text;' })
  await sql`CREATE TABLE blocked (id int)`
  const holder = await sql.reserve()
  await holder`BEGIN`
  await holder`LOCK TABLE blocked`
  const started = performance.now()
  await expectError(
    'STATEMENT_BLOCKED',
    migrate({
      url: pooled,
      locations,
      baselineOnMigrate: true,
      baselineVersion: '0',
      lockTimeout: 300,
      lockRetries: 1,
    }),
  )
  assert.ok(performance.now() - started < 20_000)
  await holder`ROLLBACK`
  holder.release()
  await migrate({ url: pooled, locations })
  assert.deepEqual(await versionsOf(sql), ['0', '1'])
})

test('what another process applied between plan and first transaction is not applied again', { skip }, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t)
  for (const url of [direct, pooled]) {
    await sql`DROP TABLE IF EXISTS a, b, flyway_schema_history, schemaway_ledger`
    const { directory: locations } = writeScripts(t, {
      'V1__a.sql': 'CREATE TABLE a (id int);',
      'V2__b.sql': 'CREATE TABLE b (id int);',
    })
    let calls = 0
    const report = await migrate({
      url: pooled,
      locations,
      hooks: {
        beforeMigrate: async () => {
          calls++
          if (calls === 1) await migrate({ url, locations, target: '1', waitForLock: 5_000 })
        },
      },
    })
    assert.deepEqual(
      report.migrations.map(({ version }) => version),
      ['2'],
    )
    assert.deepEqual(await versionsOf(sql), ['1', '2'])
  }
})

test('what another process applied between two files is not applied again, and the report tells of both of ours', {
  skip,
}, async (t) => {
  const { pooled, sql } = await pooledDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'V2__b.sql': 'CREATE TABLE b (id int);',
    'V3__c.sql': 'CREATE TABLE c (id int);',
  })
  const report = await migrate({
    url: pooled,
    locations,
    hooks: {
      beforeEachMigrate: async ({ migration }) => {
        // The lock is held from the beginning of the transaction; where the hook is called inside of it, the other waits.
        if (migration?.version !== '2') return
        await migrate({ url: pooled, locations, target: '2', waitForLock: 200 }).catch(() => {})
      },
    },
  })
  assert.deepEqual(await versionsOf(sql), ['1', '2', '3'])
  const own = report.migrations.map(({ version }) => version)
  assert.deepEqual([own[0], own.at(-1)], ['1', '3'])
})

test('rollback() that was overtaken before its first step undoes what is newest now', { skip }, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int);',
    'U1__a.sql': 'DROP TABLE a;',
    'V2__b.sql': 'CREATE TABLE b (id int);',
    'U2__b.sql': 'DROP TABLE b;',
  })
  const { directory: locations } = folder
  await migrate({ url: pooled, locations })
  let calls = 0
  const report = await rollback({
    url: pooled,
    locations,
    hooks: {
      beforeUndo: async () => {
        calls++
        if (calls > 1) return
        folder.write({ 'V3__c.sql': 'CREATE TABLE c (id int);', 'U3__c.sql': 'DROP TABLE c;' })
        await migrate({ url: direct, locations, waitForLock: 5_000 })
      },
    },
  })
  assert.deepEqual(
    report.migrations.map(({ version }) => version),
    ['3'],
  )
  assert.deepEqual(await versionsOf(sql), ['1', '2'])
})

test('ten rollback() at once through a pool of three undo ten versions, each once', { skip }, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolSize: 3 })
  const numbers = Array.from({ length: 12 }, (_, index) => index + 1)
  const { directory: locations } = writeScripts(
    t,
    Object.fromEntries(
      numbers.flatMap((number) => [
        [`V${number}__t.sql`, `CREATE TABLE t${number} (id int);`],
        [`U${number}__t.sql`, `DROP TABLE t${number};\nSELECT pg_sleep(0.01);`],
      ]),
    ),
  )
  const options = { url: pooled, locations, waitForLock: 60_000 }
  await migrate(options)
  const reports = await Promise.all(numbers.slice(2).map(async () => await rollback(options)))
  const undone = reports.map(({ migrations }) => migrations.map(({ version }) => Number(version)))
  assert.ok(undone.every(({ length }) => length === 1))
  assert.deepEqual(
    undone.flat().toSorted((one, other) => one - other),
    numbers.slice(2),
  )
  assert.deepEqual(await versionsOf(sql), ['1', '2'])
  assert.deepEqual(await leftoversOf(sql), [])
})
