import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { Sql } from 'postgres'
import {
  type Blocker,
  type MigrateOptions,
  type MigrationEvent,
  migrate,
  rollback,
  type SchemawayError,
} from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { history, none } from '../support/outside-transaction.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { type Cut, cutAtCommit } from './cut-at-commit.js'

const scripts = {
  'V1__a.sql': 'CREATE TABLE a (id integer);',
  'V2__doubtful.sql': 'CREATE TABLE doubtful (id integer);',
  'V3__c.sql': 'CREATE TABLE c (id integer);',
}
const inDoubt = /The COMMIT of V2__doubtful\.sql had been sent and was not answered, so it is not known whether/

function assertInDoubt({ message, details }: SchemawayError): void {
  assert.match(message, inDoubt)
  assert.equal(details.inDoubt, true)
}

async function migrateAndCut(
  t: TestContext,
  cut: Cut,
  files: Readonly<Record<string, string>> = scripts,
  more: Pick<MigrateOptions, 'transaction' | 'lockStrategy'> = {},
  words?: string[],
) {
  const database = await testDatabase(t)
  const { url, sql } = database
  const through = await cutAtCommit(t, url, cut, words)
  if (through === null) {
    t.skip('the server is not on this machine')
    return null
  }
  const { directory: locations } = writeScripts(t, files)
  const events: MigrationEvent[] = []
  const onEvent = (event: MigrationEvent): void => void events.push(event)
  const error = await expectError('CONNECTION_LOST', migrate({ url: through, locations, onEvent, ...more }))
  const finished = events.flatMap((event) => (event.type === 'stepFinished' ? [event.script] : []))
  const again = async (): Promise<readonly string[]> =>
    (await migrate({ url, locations, ...more })).migrations.map(({ script }) => script)
  return { sql, error, finished, again }
}

const applied = async (sql: Sql): Promise<readonly unknown[]> => {
  const rows = await sql`SELECT script FROM schemaway_ledger WHERE event = 'applied' ORDER BY id`
  return rows.map(({ script }) => script)
}

for (const lockStrategy of ['session', 'transaction', 'table'] as const) {
  test(`COMMIT in doubt by '${lockStrategy}': what the server committed without being able to say so is found in history`, async (t) => {
    const found = await migrateAndCut(t, 'before the answer', scripts, { lockStrategy })
    if (found === null) return
    const { sql, error, finished, again } = found
    assertInDoubt(error)
    const { script, version, applied: done, notReached } = error.details
    assert.deepEqual([script, version, done, notReached], ['V2__doubtful.sql', '2', ['V1__a.sql'], ['V3__c.sql']])
    assert.deepEqual(finished, ['V1__a.sql'])
    // Its process lives, but the lock of a table is let go of by its session, or expires.
    if (lockStrategy === 'table') await sql`UPDATE schemaway_lock SET expires_at = now()`
    assert.deepEqual(await again(), ['V3__c.sql'])
    assert.deepEqual(await applied(sql), Object.keys(scripts))
  })
}

for (const lockStrategy of ['session', 'transaction', 'table'] as const) {
  test(`COMMIT in doubt by '${lockStrategy}': while the server is still at it, the next run waits, and finds it done`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const through = await cutAtCommit(t, url, 'unnoticed')
    if (through === null) return t.skip('the server is not on this machine')
    await sql.unsafe(`CREATE SCHEMA gate; CREATE TABLE gate.closed AS SELECT true;
      CREATE FUNCTION gate.pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        WHILE EXISTS (SELECT FROM gate.closed) LOOP PERFORM pg_catalog.pg_sleep(0.02); END LOOP; RETURN NULL; END $$`)
    const { directory: locations } = writeScripts(t, {
      ...scripts,
      'V2__doubtful.sql': `CREATE TABLE doubtful (id integer);
        CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON doubtful DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION gate.pass();
        INSERT INTO doubtful VALUES (1);`,
    })
    const error = await expectError('CONNECTION_LOST', migrate({ url: through, locations, lockStrategy }))
    assert.match(error.message, inDoubt)
    let old: unknown
    await waitUntil('the old session is at its COMMIT', async () => {
      const sleeping = await sql`
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
      old = sleeping[0]?.['pid']
      return old !== undefined
    })

    let tellHolder = (_: Blocker | null): void => {}
    const told = new Promise<Blocker | null>((resolve) => {
      tellHolder = resolve
    })
    const onEvent = (event: MigrationEvent): void => {
      if (event.type === 'waitingForLock') tellHolder(event.holder)
    }
    const next = migrate({ url, locations, lockStrategy, onEvent })
    const holder = await Promise.race([told, next.then(() => assert.fail('it did not wait'))])
    // The table knows processes by their names.
    assert.equal(holder?.pid, lockStrategy === 'table' ? 0 : old)
    assert.deepEqual([...(await sql`SELECT to_regclass('doubtful') AS found`)], [{ found: null }])
    await sql`DELETE FROM gate.closed`
    const { migrations } = await next
    assert.deepEqual(
      migrations.map(({ script }) => script),
      ['V3__c.sql'],
    )
    assert.deepEqual(await applied(sql), Object.keys(scripts))
  })
}

test('COMMIT in doubt: what the server never heard of is done by the next run', async (t) => {
  const found = await migrateAndCut(t, 'before the commit')
  if (found === null) return
  const { sql, error, again } = found
  assertInDoubt(error)
  assert.deepEqual(error.details.notReached, ['V3__c.sql'])
  assert.deepEqual(await again(), ['V2__doubtful.sql', 'V3__c.sql'])
  assert.deepEqual(await applied(sql), Object.keys(scripts))
})

test('a connection that breaks behind the answer to a COMMIT leaves no doubt: the migration counts as applied', async (t) => {
  const found = await migrateAndCut(t, 'behind the answer')
  if (found === null) return
  const { error, finished, again } = found
  assert.doesNotMatch(error.message, /not known/)
  assert.equal(error.details.inDoubt, undefined)
  assert.deepEqual(error.details.applied, ['V1__a.sql', 'V2__doubtful.sql'])
  assert.deepEqual(error.details.notReached, ['V3__c.sql'])
  assert.deepEqual(finished, ['V1__a.sql', 'V2__doubtful.sql'])
  assert.deepEqual(await again(), ['V3__c.sql'])
})

test('behind the answer to the COMMIT of the last one, too', async (t) => {
  const { 'V3__c.sql': _, ...two } = scripts
  const found = await migrateAndCut(t, 'behind the answer', two)
  if (found === null) return
  assert.deepEqual(found.error.details.applied, ['V1__a.sql', 'V2__doubtful.sql'])
  assert.deepEqual(found.error.details.notReached, [])
  assert.deepEqual(await found.again(), [])
})

test('COMMIT in doubt of one transaction for all: none of them is called applied, or not reached', async (t) => {
  for (const cut of ['before the answer', 'before the commit'] as const) {
    const found = await migrateAndCut(t, cut, scripts, { transaction: 'all' })
    if (found === null) return
    const { sql, error, again } = found
    assert.match(error.message, /The COMMIT of V1__a\.sql, V2__doubtful\.sql, V3__c\.sql had been sent .* not known/)
    const { script, applied: done, notReached } = error.details
    assert.deepEqual([script, done, notReached], [undefined, [], []])
    assert.deepEqual(await again(), cut === 'before the answer' ? [] : Object.keys(scripts))
    assert.deepEqual(await applied(sql), Object.keys(scripts))
  }
})

test('COMMIT in doubt of a script in several parts, with rows in between', async (t) => {
  const found = await migrateAndCut(t, 'before the answer', {
    ...scripts,
    'V2__doubtful.sql': 'CREATE TABLE doubtful (id integer);\nCOPY doubtful FROM stdin;\n1\n2\n\\.\n',
  })
  if (found === null) return
  const { sql, error, again } = found
  assertInDoubt(error)
  assert.deepEqual(await again(), ['V3__c.sql'])
  assert.equal((await sql`SELECT FROM doubtful`).length, 2)
})

test('COMMIT in doubt of a rollback: the next one finds out whether it was undone', async (t) => {
  for (const cut of ['before the answer', 'before the commit'] as const) {
    const { url, sql } = await testDatabase(t)
    const through = await cutAtCommit(t, url, cut)
    if (through === null) return t.skip('the server is not on this machine')
    const { directory: locations } = writeScripts(t, {
      'V1__a.sql': 'CREATE TABLE a (id integer);',
      'U1__a.sql': 'DROP TABLE a;',
      'V2__doubtful.sql': 'CREATE TABLE doubtful (id integer);',
      'U2__doubtful.sql': 'DROP TABLE doubtful;',
    })
    await migrate({ url, locations })
    const error = await expectError(
      'CONNECTION_LOST',
      rollback({ url: through, locations, to: 'empty', allowDataLoss: true }),
    )
    assertInDoubt(error)
    assert.deepEqual([error.details.undone, error.details.notReached], [[], ['V1__a.sql']])
    const { migrations } = await rollback({ url, locations, to: 'empty' })
    const undone = migrations.map(({ script }) => script)
    assert.deepEqual(undone, cut === 'before the answer' ? ['V1__a.sql'] : ['V2__doubtful.sql', 'V1__a.sql'])
    assert.deepEqual(await history(sql), [])
  }
})

test('COMMIT in doubt of the last record of a script outside a transaction', async (t) => {
  const files = { ...scripts, 'V2__doubtful.sql': `${none}VACUUM a;` }
  const found = await migrateAndCut(t, 'before the answer', files, {}, ['doubtful', 'flyway_schema_history'])
  if (found === null) return
  const { sql, error, again } = found
  assert.equal(error.details.script, 'V2__doubtful.sql')
  assert.match(error.message, /The file runs outside a transaction: all of it is done and stays/)
  assert.deepEqual(error.details.notReached, ['V3__c.sql'])
  assert.deepEqual(await again(), ['V3__c.sql'])
  assert.deepEqual(await applied(sql), Object.keys(scripts))
})

test('a session that the server ends in a migration leaves no doubt', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    ...scripts,
    'V2__doubtful.sql': 'CREATE TABLE doubtful (id integer);\nSELECT pg_terminate_backend(pg_backend_pid());',
  })
  const error = await expectError('CONNECTION_LOST', migrate({ url, locations }))
  assert.doesNotMatch(error.message, /not known/)
  assert.equal(error.details.inDoubt, undefined)
  assert.equal(error.details.sqlState, '57P01')
  assert.deepEqual(error.details.notReached, ['V2__doubtful.sql', 'V3__c.sql'])
  assert.deepEqual([...(await sql`SELECT to_regclass('doubtful') AS found`)], [{ found: null }])
})

test('COMMIT in doubt when a network goes silent and the caller gives up: neither rolled back nor applied is claimed', async (t) => {
  const { url, sql } = await testDatabase(t)
  const through = await cutAtCommit(t, url, 'silent')
  if (through === null) return t.skip('the server is not on this machine')
  const { directory: locations } = writeScripts(t, scripts)
  const controller = new AbortController()
  const running = expectError('ABORTED', migrate({ url: through, locations, signal: controller.signal }))
  await waitUntil('it is committed', async () => {
    return (await sql`SELECT to_regclass('doubtful') AS found`)[0]?.['found'] !== null
  })
  controller.abort()
  const error = await running
  assert.match(error.message, /did not answer within 5 s/)
  assertInDoubt(error)
  assert.deepEqual([error.details.applied, error.details.notReached], [['V1__a.sql'], ['V3__c.sql']])
  const { migrations } = await migrate({ url, locations })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V3__c.sql'],
  )
})
