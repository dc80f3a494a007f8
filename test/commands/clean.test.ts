import assert from 'node:assert/strict'
import test from 'node:test'
import postgres, { type Sql } from 'postgres'
import { placeHistory } from '../../lib/history/history-row.js'
import { findBrokenLink, type LedgerRow } from '../../lib/history/ledger-entry.js'
import { readLedgerSql } from '../../lib/history/ledger-table.js'
import { clean, createMigrator, defineModule, info, type MigrationEvent, migrate, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const place = placeHistory({ historySchema: 'public', table: 'flyway_schema_history', ledgerTable: 'schemaway_ledger' })

async function readLedger(sql: Sql): Promise<readonly LedgerRow[]> {
  const [row] = await sql.unsafe(readLedgerSql(place))
  return JSON.parse(row?.['rows']) as LedgerRow[]
}

/** Everything in a schema, by catalogue. */
async function content(sql: Sql, schema: string): Promise<readonly string[]> {
  const rows = await sql`
    SELECT relname AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname = ${schema} AND relkind IN ('r', 'p', 'v', 'm', 'S', 'c')
    UNION ALL SELECT proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace WHERE nspname = ${schema}
    UNION ALL SELECT typname FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = typnamespace
      WHERE nspname = ${schema} AND typtype IN ('e', 'd', 'r')
    UNION ALL SELECT collname FROM pg_collation AS l JOIN pg_namespace AS n ON n.oid = collnamespace WHERE nspname = ${schema}
    ORDER BY 1`
  return rows.map((row) => row['name'])
}

async function schemas(sql: Sql): Promise<readonly string[]> {
  const rows = await sql`
    SELECT nspname FROM pg_namespace WHERE nspname IN ('iam', 'survey', 'telephony', 'notify') ORDER BY 1`
  return rows.map((row) => row['nspname'])
}

const ofEveryKind = {
  'V1__all.sql': `
    CREATE TABLE a (id serial PRIMARY KEY, note text);
    CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parts DEFAULT;
    CREATE VIEW v AS SELECT * FROM a;
    CREATE MATERIALIZED VIEW m AS SELECT * FROM v;
    CREATE TYPE colour AS ENUM ('red');
    CREATE TYPE pair AS (x int, y colour);
    CREATE TYPE span AS RANGE (subtype = int);
    CREATE DOMAIN positive AS int CHECK (value > 0);
    CREATE SEQUENCE numbers;
    CREATE COLLATION plain (locale = 'C');
    CREATE FUNCTION f(p pair, s span) RETURNS colour LANGUAGE sql AS 'SELECT ($1).y';
    CREATE FUNCTION f("weird Name" text) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int);
    CREATE TABLE "Wéird ""name" (id int, c colour, d positive);`,
  'R__view.sql': 'CREATE OR REPLACE VIEW r AS SELECT 1 AS one;',
}

test('clean() is disabled, says how to enable it, and asks no server', async () => {
  const error = await expectError('CLEAN_DISABLED', clean({ url: 'postgres://nowhere.invalid/x' }))
  assert.match(error.message, /`cleanDisabled: false`/)
  await expectError('CLEAN_DISABLED', clean({ url: 'postgres://nowhere.invalid/x', cleanDisabled: true }))
})

test('for locations everything in the history schema goes, with the history; the ledger stays and lists it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, ofEveryKind)
  await migrate({ url, locations })
  await sql`INSERT INTO a (note) VALUES ('x')`
  const preview = await clean({ url, locations, preview: true })
  assert.ok((await content(sql, 'public')).length > 20, 'a preview drops nothing')
  const events: MigrationEvent[] = []
  const report = await clean({ url, locations, cleanDisabled: false, onEvent: (event) => events.push(event) })
  assert.deepEqual(preview.dropped, report.dropped)
  assert.deepEqual([preview.run, preview.preview, preview.historyRows], [null, true, 2])
  assert.deepEqual(
    report.dropped.map(({ kind, name }) => `${kind} ${name}`),
    [
      'materialized view m',
      'view r',
      'view v',
      'table Wéird "name',
      'table a',
      'table parts',
      'sequence numbers',
      'type colour',
      'type pair',
      'domain positive',
      'type span',
      'routine f("weird Name" text)',
      'routine f(p public.pair, s public.span)',
      'routine p()',
      'routine total(integer)',
      'collation plain',
    ],
  )
  assert.deepEqual([report.modules, report.schemas, report.historyRows], [[''], ['public'], 2])
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
  assert.deepEqual(
    events.filter(({ type }) => type === 'cleaned'),
    [{ type: 'cleaned', modules: [''], objects: 16 }],
  )
  assert.deepEqual(await content(sql, 'public'), ['schemaway_ledger', 'schemaway_ledger_id_seq'])

  const ledger = await readLedger(sql)
  assert.equal(findBrokenLink(ledger), null)
  const last = ledger.at(-1)
  assert.deepEqual([last?.event, last?.run, last?.module], ['cleaned', report.run, ''])
  const details = JSON.parse(last?.details ?? '') as { objects: string[]; historyRows: number }
  assert.deepEqual(
    [details.objects.length, details.objects[0], details.historyRows],
    [16, 'materialized view public.m', 2],
  )

  const { migrations } = await migrate({ url, locations })
  assert.equal(migrations.length, 2, 'the ledger is no content that would have to be explained')
  const [row] = await sql`SELECT min(installed_rank) AS lowest FROM flyway_schema_history`
  assert.equal(row?.['lowest'], 3, 'ranks are never used twice')
})

test('the whole bundled model goes and comes back; public and roles stay', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql`CREATE TABLE public.users (id int)`
  await migrate({ url })
  const preview = await clean({ url, preview: true })
  const report = await clean({ url, cleanDisabled: false })
  assert.deepEqual(preview.dropped, report.dropped)
  assert.ok(report.dropped.length > 100)
  assert.deepEqual(new Set(report.dropped.map(({ schema }) => schema)), new Set(report.schemas))
  assert.deepEqual(await schemas(sql), [])
  assert.equal((await sql`SELECT FROM public.users`).length, 0)
  assert.ok((await sql`SELECT FROM pg_roles WHERE rolname = 'schemaway_owner'`).length === 1)
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 0)
  assert.equal(findBrokenLink(await readLedger(sql)), null)
  await migrate({ url })
  assert.deepEqual([...new Set((await info({ url })).migrations.map(({ state }) => state))], ['Success'])
  await rollback({ url, to: 'empty' })
  assert.deepEqual(await schemas(sql), [])
})

test('a module goes alone, with its rows of history, once its links are gone', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url, modules: ['iam', 'survey', 'notify'] })
  const half = await expectError('MODULE_REQUIRED', clean({ url, modules: ['notify'], cleanDisabled: false }))
  assert.match(half.message, /rollback\(\{ modules: \['survey_notify'\], to: 'empty' \}\)/)
  await rollback({ url, modules: ['survey_notify'], to: 'empty' })
  const report = await clean({ url, modules: ['notify'], cleanDisabled: false })
  assert.deepEqual(report.schemas, ['notify'])
  assert.deepEqual(await schemas(sql), ['iam', 'survey'])
  assert.deepEqual(
    (await sql`SELECT DISTINCT split_part(script, '/', 1) AS module FROM flyway_schema_history ORDER BY 1`).map(
      (row) => row['module'],
    ),
    ['iam', 'survey'],
  )
  const required = await expectError('MODULE_REQUIRED', clean({ url, modules: ['iam'], cleanDisabled: false }))
  assert.deepEqual(required.details.modules, ['iam', 'survey'])
  const again = await migrate({ url, modules: ['iam', 'survey', 'notify'] })
  assert.deepEqual(new Set(again.migrations.map(({ module }) => module)), new Set(['notify', 'survey_notify']))
})

test('what a CASCADE would take along elsewhere is a reason to drop nothing', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__init.sql':
      "CREATE SCHEMA shop; CREATE TABLE shop.item (id int PRIMARY KEY); CREATE TYPE shop.size AS ENUM ('s');",
  })
  const modules = [defineModule({ name: 'shop', directory })] as const
  await migrate({ url, modules })
  await sql`CREATE TABLE public.line (item int CONSTRAINT of_item REFERENCES shop.item, size shop.size)`
  await sql`CREATE VIEW public.items AS SELECT * FROM shop.item`
  const error = await expectError('CLEAN_REFUSED', clean({ url, modules, cleanDisabled: false }))
  assert.deepEqual(
    new Set(error.details.objects),
    new Set([
      'view public.items',
      'column id of public.items',
      'constraint of_item of public.line',
      'column size of public.line',
    ]),
  )
  assert.deepEqual(await content(sql, 'shop'), ['item', 'size'])
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 1)
  await sql`DROP TABLE public.line`
  await sql`DROP VIEW public.items`
  await clean({ url, modules, cleanDisabled: false })
  assert.deepEqual(await content(sql, 'shop'), [])
})

test('locations are cleaned beside modules: only their rows go, and what the modules stand on stays', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  await migrate({ url, locations })
  await migrate({ url, modules: ['iam'] })
  const report = await clean({ url, locations, cleanDisabled: false })
  assert.deepEqual(report.dropped, [{ schema: 'public', kind: 'table', name: 'a' }])
  assert.equal(report.historyRows, 1)
  assert.deepEqual(
    [...new Set((await info({ url, modules: ['iam'] })).migrations.map(({ state }) => state))],
    ['Success'],
  )
  await sql`SELECT 'x'::public.citext`
})

test('a table that somebody holds is waited for, and named', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  await migrate({ url, locations })
  const holder = postgres(url, { max: 1, connection: { application_name: 'holder' } })
  const open = await holder.reserve()
  await open`BEGIN`
  await open`SELECT FROM a`
  const error = await expectError(
    'STATEMENT_BLOCKED',
    clean({ url, locations, cleanDisabled: false, lockTimeout: 400, lockRetries: 1 }),
  )
  assert.match(error.message, /any of 2 attempts.*holder/)
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 1)
  await open`ROLLBACK`
  open.release()
  await holder.end()
  await clean({ url, locations, cleanDisabled: false })
})

test('a login without the rights drops nothing and learns why', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  await migrate({ url, locations })
  const login = await createLogin(t, database)
  await sql.unsafe(`GRANT ALL ON flyway_schema_history, schemaway_ledger TO ${login.name}`)
  const error = await expectError('MISSING_PRIVILEGE', clean({ url: login.url, locations, cleanDisabled: false }))
  assert.match(error.message, /Nothing was changed/)
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 1)
})

test('a login that may become the owner role cleans what that role owns', async (t) => {
  const database = await testDatabase(t)
  const { url, sql } = database
  await migrate({ url, modules: ['iam'] })
  const login = await createLogin(t, database)
  await sql.unsafe(`GRANT schemaway_owner TO ${login.name} WITH INHERIT FALSE`)
  const report = await clean({ url: login.url, modules: ['iam'], cleanDisabled: false })
  assert.ok(report.dropped.some(({ name }) => name === 'organisations'))
  assert.deepEqual(await schemas(sql), [])
  assert.equal(findBrokenLink(await readLedger(sql)), null)
})

test('a baseline goes with the last module, or it would keep what it covers away for ever', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__init.sql': 'CREATE SCHEMA IF NOT EXISTS shop; CREATE TABLE shop.item (id int);',
    'V2__more.sql': 'CREATE TABLE shop.more (id int);',
  })
  const modules = [defineModule({ name: 'shop', directory })] as const
  await sql`CREATE SCHEMA shop`
  await sql`CREATE TABLE shop.item (id int)`
  await migrate({ url, modules, baselineOnMigrate: true, baselineVersion: '1' })
  const migrator = createMigrator({ url, modules })
  assert.equal((await migrator.clean({ cleanDisabled: false })).historyRows, 2)
  assert.equal((await migrator.migrate()).migrations.length, 2)
})
