import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import postgres, { type Sql } from 'postgres'
import { placeHistory } from '../../lib/history/history-row.js'
import { findBrokenLink, type LedgerRow } from '../../lib/history/ledger-entry.js'
import { readLedgerSql } from '../../lib/history/ledger-table.js'
import {
  baseline,
  clean,
  createMigrator,
  defineModule,
  info,
  type MigrationEvent,
  migrate,
  rollback,
} from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { waitForLock } from '../support/wait-until.js'
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
  const [left] = await sql`SELECT to_regclass('flyway_schema_history') AS history, to_regclass('users') AS users`
  assert.deepEqual({ ...left }, { history: null, users: 'users' })
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
    new Set(['view public.items', 'constraint of_item on table public.line', 'column size of table public.line']),
  )
  assert.deepEqual(await content(sql, 'shop'), ['item', 'size'])
  assert.equal((await sql`SELECT FROM flyway_schema_history`).length, 1)
  const preview = await expectError('CLEAN_REFUSED', clean({ url, modules, preview: true }))
  assert.deepEqual(preview.details.objects, error.details.objects)
  await sql`DROP TABLE public.line`
  await sql`DROP VIEW public.items`
  await clean({ url, modules, cleanDisabled: false })
  assert.deepEqual(await content(sql, 'shop'), [])
})

/** A module with one schema, `shop`. */
function shop(t: TestContext, sql: string) {
  const { directory } = writeScripts(t, { 'V1__init.sql': `CREATE SCHEMA IF NOT EXISTS shop; ${sql}` })
  return [defineModule({ name: 'shop', directory })] as const
}

test('whatever depends on a module is found, of every kind and at any distance; what is part of it goes along', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(`CREATE TABLE public.log (id int, note text); CREATE TYPE public.size AS ENUM ('s')`)
  const modules = shop(
    t,
    `CREATE TABLE shop.item (id int PRIMARY KEY, tag text);
    CREATE TYPE shop.size AS ENUM ('s');
    CREATE FUNCTION shop.to_text(shop.size) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
    CREATE CAST (shop.size AS text) WITH FUNCTION shop.to_text(shop.size);
    CREATE FUNCTION shop.allowed() RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
    CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE FUNCTION shop.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
    CREATE TRIGGER own BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.note();
    CREATE POLICY own ON shop.item USING (shop.allowed());
    CREATE RULE own AS ON DELETE TO shop.item DO ALSO INSERT INTO public.log VALUES (1);
    CREATE STATISTICS shop.both ON id, tag FROM shop.item;
    CREATE PUBLICATION items FOR TABLE shop.item;`,
  )
  await migrate({ url, modules })
  await sql.unsafe(`
    CREATE VIEW public.items AS SELECT * FROM shop.item;
    CREATE MATERIALIZED VIEW public.counted AS SELECT count(*) FROM public.items;
    CREATE TRIGGER theirs BEFORE INSERT ON public.log FOR EACH ROW EXECUTE FUNCTION shop.note();
    CREATE POLICY theirs ON public.log USING (shop.allowed());
    CREATE RULE theirs AS ON INSERT TO public.log DO ALSO DELETE FROM shop.item;
    CREATE EVENT TRIGGER theirs ON ddl_command_end EXECUTE FUNCTION shop.on_ddl();
    CREATE FUNCTION public.of_size(shop.size) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION shop.as_text(public.size) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
    CREATE CAST (public.size AS text) WITH FUNCTION shop.as_text(public.size);
    CREATE OPERATOR public.@@@ (RIGHTARG = shop.size, FUNCTION = public.of_size);
    CREATE STATISTICS public.two ON id, note FROM public.log;
    CREATE TABLE public.child (more int) INHERITS (shop.item);
    CREATE EXTENSION cube SCHEMA shop;
  `)
  const expected = [
    'cast from public.size to text',
    'event trigger theirs',
    'extension cube',
    'function public.of_size(shop.size)',
    'materialized view public.counted',
    'operator public.@@@(NONE,shop.size)',
    'policy theirs on table public.log',
    'rule theirs on table public.log',
    'table public.child',
    'trigger theirs on table public.log',
    'view public.items',
  ]
  await migrate({ url, modules: ['iam'] })
  const error = await expectError('CLEAN_REFUSED', clean({ url, modules, cleanDisabled: false }))
  assert.deepEqual([...(error.details.objects ?? [])].toSorted(), expected)
  assert.equal((await sql`SELECT FROM shop.item`).length, 0)
  await sql.unsafe(`DROP VIEW public.items CASCADE; DROP TRIGGER theirs ON public.log; DROP POLICY theirs ON public.log;
    DROP RULE theirs ON public.log; DROP EVENT TRIGGER theirs; DROP CAST (public.size AS text);
    DROP OPERATOR public.@@@ (NONE, shop.size); DROP FUNCTION public.of_size; DROP TABLE public.child; DROP EXTENSION cube`)
  await clean({ url, modules, cleanDisabled: false })
  assert.deepEqual(await content(sql, 'shop'), [])
})

test('an extension in the schema of a module goes only with the last module, and is listed', async (t) => {
  const { url, sql } = await testDatabase(t)
  const modules = shop(t, 'CREATE EXTENSION cube SCHEMA shop; CREATE TABLE shop.item (at shop.cube);')
  await migrate({ url, modules })
  await migrate({ url, modules: ['iam'] })
  const error = await expectError('CLEAN_REFUSED', clean({ url, modules, cleanDisabled: false }))
  assert.deepEqual(error.details.objects, ['extension cube'])
  await clean({ url, modules: ['iam'], cleanDisabled: false })
  const { dropped } = await clean({ url, modules, cleanDisabled: false })
  assert.deepEqual(
    dropped.map(({ kind, name }) => `${kind} ${name}`),
    ['table item', 'extension cube'],
  )
  assert.equal((await sql`SELECT FROM pg_extension WHERE extname = 'cube'`).length, 0)
})

test('a view that is built on a table while a clean waits for it is seen', async (t) => {
  const { url, sql } = await testDatabase(t)
  const modules = shop(t, 'CREATE TABLE shop.item (id int);')
  await migrate({ url, modules })
  const other = await sql.reserve()
  await other`BEGIN`
  await other`CREATE VIEW public.items AS SELECT * FROM shop.item`
  const work = expectError('CLEAN_REFUSED', clean({ url, modules, cleanDisabled: false, lockTimeout: 30_000 }))
  await waitForLock(sql)
  await other`COMMIT`
  other.release()
  assert.deepEqual((await work).details.objects, ['view public.items'])
  assert.equal((await sql`SELECT FROM public.items`).length, 0)
})

test('while a clean holds its locks the server waits for this process for half a minute at the most', async (t) => {
  const { url, sql } = await testDatabase(t)
  const modules = shop(t, 'CREATE TABLE shop.item (id int);')
  await migrate({ url, modules })
  await sql.unsafe(`CREATE TABLE public.seen (timeout text);
    CREATE FUNCTION public.see() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO public.seen VALUES (current_setting('idle_in_transaction_session_timeout')); END $$;
    CREATE EVENT TRIGGER see ON sql_drop EXECUTE FUNCTION public.see()`)
  await clean({ url, modules, cleanDisabled: false })
  assert.deepEqual([...(await sql`SELECT DISTINCT timeout FROM public.seen`)], [{ timeout: '30s' }])
})

test('a baseline of locations stays when only modules are cleaned, and what it covers is never run again', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE users (id int);',
    'V2__b.sql': 'CREATE TABLE more (id int);',
  })
  await sql`CREATE TABLE users (id int)`
  await baseline({ url, locations, baselineVersion: '1' })
  await migrate({ url, modules: ['iam'] })
  await clean({ url, modules: ['iam'], cleanDisabled: false })
  assert.deepEqual(
    (await migrate({ url, locations })).migrations.map(({ version }) => version),
    ['2'],
  )
  await clean({ url, locations, cleanDisabled: false })
  assert.equal((await migrate({ url, locations })).migrations.length, 2)
})

test('a baseline that Flyway wrote may stand for anything, so it stays as long as something else does', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE users (id int);' })
  await sql`CREATE TABLE users (id int)`
  await baseline({ url, locations, baselineVersion: '1' })
  await sql`DROP TABLE schemaway_ledger`
  await migrate({ url, modules: ['iam'] })
  const preview = await clean({ url, modules: ['iam'], preview: true })
  const report = await clean({ url, modules: ['iam'], cleanDisabled: false })
  assert.equal(preview.historyRows, report.historyRows)
  assert.deepEqual((await migrate({ url, locations })).migrations, [])
})

test('after the last module nothing says that foreign content was looked at', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a (id int);' })
  await sql`CREATE TABLE users (id int)`
  await migrate({ url, modules: ['iam'] })
  await clean({ url, modules: ['iam'], cleanDisabled: false })
  await expectError('SCHEMA_NOT_EMPTY', migrate({ url, locations }))
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
    clean({ url, locations, cleanDisabled: false, lockTimeout: 1_000, lockRetries: 1 }),
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
