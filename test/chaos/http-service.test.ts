import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { Sql } from 'postgres'
import { errorCodes } from '../../lib/errors/error-codes.js'
import type { MigrateOptions } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { localPort, throughPort } from '../run/fake-server.js'
import { waitForSleep, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { describeDistribution, distributionOf } from './distribution.js'
import type { ServiceOutcome } from './http-service.js'
import { type QueryListener, type QueryProxy, startQueryProxy } from './query-proxy.js'
import { type StartedService, startService } from './started-service.js'

/**
 * Each statement sleeps in the middle of what it does, where the test says so: a table that is being filled, one that is being
 * rewritten, an index under construction, a COMMIT.
 */
const scripts = {
  'V1__accounts.sql': `CREATE TABLE accounts AS SELECT 1 AS id, chaos.stop_at(1) AS stopped;
    ALTER TABLE accounts ADD COLUMN balance int DEFAULT chaos.stop_at(2);
    INSERT INTO accounts SELECT 2, chaos.stop_at(3);
    DO $$ BEGIN ALTER TABLE accounts ADD COLUMN name text; PERFORM chaos.stop_at(4); END $$;
    CREATE TABLE log (id int);
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON log DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION chaos.stop_at_commit();
    INSERT INTO log VALUES (1);`,
  'V2__index.sql': `-- schemaway: transaction=none
    CREATE INDEX CONCURRENTLY accounts_slowly ON accounts (chaos.stop_in_index(id));
    CREATE INDEX CONCURRENTLY accounts_id ON accounts (id);`,
  'R__view.sql': 'CREATE OR REPLACE VIEW names AS SELECT name FROM accounts; SELECT chaos.stop_at(7);',
}
const stops = [1, 2, 3, 4, 5, 6, 7] as const

const preparation = `CREATE SCHEMA chaos;
  CREATE TABLE chaos.stops (at int);
  CREATE FUNCTION chaos.stop_at(place int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM chaos.stops WHERE at = place) THEN PERFORM pg_catalog.pg_sleep(600); END IF; RETURN 0; END $$;
  CREATE FUNCTION chaos.stop_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM chaos.stop_at(5); RETURN NULL; END $$;
  CREATE FUNCTION chaos.stop_in_index(value int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    PERFORM chaos.stop_at(6); RETURN value; END $$`

interface Site {
  readonly sql: Sql
  /** Drops the database before the test is over. */
  readonly drop: () => Promise<void>
  readonly options: MigrateOptions & { readonly url: string }
}

async function prepareSite(t: TestContext): Promise<Site> {
  const { url, sql, drop } = await testDatabase(t)
  await sql.unsafe(preparation)
  const { directory: locations } = writeScripts(t, scripts)
  return { sql, drop, options: { url: `${url}?sslmode=disable`, locations, applicationName: 'http-service' } }
}

function sessionsOfService(sql: Sql) {
  return sql`datname = current_database() AND application_name LIKE 'http-service@%'`
}

/** As somebody does who looks for what keeps a table locked. */
async function cancelStatements(sql: Sql): Promise<void> {
  await sql`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ${sessionsOfService(sql)}`
}

/** Ends the sessions of the service, and waits until they are gone. */
async function killBackends(sql: Sql): Promise<void> {
  const ours = sessionsOfService(sql)
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ours}`
  await waitUntil('the backend is gone', async () => {
    return (await sql`SELECT FROM pg_stat_activity WHERE ${ours}`).length === 0
  })
}

/** What is there in the end, which must not depend on what went wrong before. */
async function readState(sql: Sql): Promise<unknown> {
  const [row] = await sql`SELECT
    (SELECT json_agg(h ORDER BY h) FROM (SELECT version, description, success FROM flyway_schema_history) h) AS history,
    (SELECT json_agg(a ORDER BY id) FROM accounts a) AS accounts, (SELECT count(*)::int FROM log) AS logged,
    (SELECT json_agg(relname ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS relations,
    (SELECT count(*)::int FROM pg_index WHERE NOT indisvalid) AS invalid,
    (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks`
  return { ...row }
}

function expectCoded(outcome: ServiceOutcome, where: string): string {
  if (outcome.end === 'done') return 'done'
  assert.equal(outcome.end, 'coded', `${where}: ${outcome.message}`)
  assert.ok(
    errorCodes.some((code) => outcome.end === 'coded' && code === outcome.code),
    `${where}: ${outcome.message}`,
  )
  return outcome.end === 'coded' ? outcome.code : ''
}

function count(words: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, times]) => `${times} ${word}`).join(', ')
}

describe('a service that answers over HTTP while it migrates', () => {
  let service: StartedService
  before(async () => {
    // It is stopped below, whatever happens.
    service = await startService(() => {})
  })
  after(async () => {
    assert.equal(await service.stop(), 0, 'it ends by itself, since nothing is left open')
    assert.deepEqual(service.failures, [])
    console.log(`answers of the service: ${describeDistribution(distributionOf(service.answers))}`)
    console.log(`${service.answersWhileMigrating} of them while it migrated`)
  })

  for (const [what, strike] of [
    ['its backend is killed', killBackends],
    ['somebody cancels what it does', cancelStatements],
  ] as const) {
    test(`goes on when ${what} in the middle of any statement`, async (t) => {
      const whole = await prepareSite(t)
      assert.deepEqual(await service.migrate(whole.options), { end: 'done' })
      const expected = await readState(whole.sql)
      const codes: string[] = []
      for (const stop of stops) {
        const { sql, options, drop } = await prepareSite(t)
        await sql`INSERT INTO chaos.stops VALUES (${stop})`
        const running = service.migrate(options)
        await waitForSleep(sql)
        const answered = service.answersWhileMigrating
        await waitUntil('it answers while the statement runs', () => service.answersWhileMigrating > answered)
        await sql`DELETE FROM chaos.stops`
        await strike(sql)
        const outcome = await running
        assert.notEqual(outcome.end, 'done', `stop ${stop}`)
        codes.push(expectCoded(outcome, `stop ${stop}`))
        assert.deepEqual(await service.migrate(options), { end: 'done' }, `stop ${stop}`)
        assert.deepEqual(await readState(sql), expected, `stop ${stop}`)
        await drop()
      }
      console.log(`${what} in the middle of ${stops.length} statements: ${count(codes)}`)
    })
  }

  test('goes on when its backend is killed before and behind any message to the server', async (t) => {
    const whole = await prepareSite(t)
    const port = localPort(whole.options.url)
    if (port === null) return t.skip('the server is not on this machine')
    const proxy: QueryProxy = await startQueryProxy(port)
    t.after(() => proxy.close())
    const through = (options: Site['options']) => ({ ...options, url: throughPort(options.url, proxy.port) })
    proxy.listen({})
    assert.deepEqual(await service.migrate(through(whole.options)), { end: 'done' })
    const { queries } = proxy
    const expected = await readState(whole.sql)
    const codes: string[] = []
    for (let target = 1; target <= queries; target += 1) {
      for (const moment of ['before', 'after'] as const) {
        const { sql, options, drop } = await prepareSite(t)
        let isKilled = false
        const strike = async (number: number): Promise<void> => {
          if (number !== target || isKilled) return
          isKilled = true
          await killBackends(sql)
        }
        const listener: QueryListener = { [moment]: strike }
        proxy.listen(listener)
        const where = `${moment} message ${target}`
        codes.push(expectCoded(await service.migrate(through(options)), where))
        assert.ok(isKilled, `${where} came`)
        proxy.listen({})
        assert.deepEqual(await service.migrate(through(options)), { end: 'done' }, where)
        assert.deepEqual(await readState(sql), expected, where)
        await drop()
      }
    }
    console.log(`killed before and behind ${queries} messages: ${count(codes)}`)
  })
})

test('a service that gets SIGTERM in the middle of any statement ends by itself and leaves a consistent database', async (t) => {
  const whole = await prepareSite(t)
  const end = (fn: () => void): void => t.after(fn)
  const other = await startService(end)
  assert.deepEqual(await other.migrate(whole.options), { end: 'done' })
  const expected = await readState(whole.sql)
  const milliseconds: number[] = []
  for (const stop of stops) {
    const { sql, options, drop } = await prepareSite(t)
    await sql`INSERT INTO chaos.stops VALUES (${stop})`
    const service = await startService(end)
    const running = service.migrate(options)
    await waitForSleep(sql)
    const started = performance.now()
    service.terminate()
    assert.equal(expectCoded(await running, `stop ${stop}`), 'ABORTED')
    assert.equal(await service.ended, 0)
    milliseconds.push(performance.now() - started)
    await sql`DELETE FROM chaos.stops`
    assert.deepEqual(await other.migrate(options), { end: 'done' }, `stop ${stop}`)
    assert.deepEqual(await readState(sql), expected, `stop ${stop}`)
    await drop()
  }
  assert.equal(await other.stop(), 0)
  const taken = distributionOf(milliseconds)
  console.log(`from SIGTERM to the end of the process: ${describeDistribution(taken)}`)
  assert.ok(taken.max < 30_000, 'it ends within the grace that Kubernetes gives by default')
})
