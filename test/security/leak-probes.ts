import type { TestContext } from 'node:test'
import type { Sql } from 'postgres'
import {
  defineModule,
  type ErrorCode,
  type MigrateOptions,
  type Migrator,
  migrate,
  migrateAll,
  rollback,
} from '../../lib/index.js'
import { lockKey } from '../../lib/run/lock.js'
import { waitForLock, waitForSleep } from '../support/wait-until.js'
import { withoutAdvisoryLocks } from '../support/without-advisory-locks.js'
import { type ScriptFolder, writeScripts } from '../support/write-scripts.js'
import { longValue, password, type SecretScan, value } from './secret-scan.js'

/** A database with one migration, that a login with the password may do everything with. */
export interface Site {
  readonly t: TestContext
  readonly url: string
  readonly options: MigrateOptions
  /** With these options. */
  readonly migrator: Migrator
  readonly folder: ScriptFolder
  readonly scan: SecretScan
  /** The administrator's. */
  readonly sql: Sql
}

/** Fails with the code, where the password and the placeholders are at hand. */
export type Probe = (site: Site) => Promise<unknown>

/** A version whose file has this text. */
const withFile =
  (text: string, name = 'V2__b.sql'): Probe =>
  async ({ folder, migrator }) => {
    folder.write({ [name]: text })
    await migrator.migrate()
  }

/** Another session holds the table meanwhile. */
async function whileBlocked({ sql }: Site, work: () => Promise<unknown>): Promise<void> {
  const holder = await sql.reserve()
  await holder.unsafe('BEGIN; LOCK TABLE a')
  try {
    await work()
  } finally {
    await holder`ROLLBACK`
    holder.release()
  }
}

/** Another migration of the same database, with another history, holds the table and shows a secret in its statement. */
async function whileMigrating(
  { t, url, options, sql }: Site,
  name: string,
  text: string,
  work: () => Promise<unknown>,
) {
  const { directory } = writeScripts(t, { [name]: text })
  const stop = new AbortController()
  const other = { ...options, url, locations: directory, signal: stop.signal, lockTimeout: 30_000 }
  const running = migrate({ ...other, table: 'other_history', baselineOnMigrate: true, baselineVersion: '0' }).catch(
    () => {},
  )
  await waitForSleep(sql)
  try {
    await work()
  } finally {
    stop.abort()
    await running
  }
}

const letGo = `CREATE FUNCTION let_go() RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_unlock_all()'`

/**
 * What leads to each code. A text says instead why there is nothing to try: neither a connection nor the words of a server nor a value of a
 * placeholder is at hand where such an error is made.
 */
export const probes: Readonly<Record<ErrorCode, Readonly<Record<string, Probe>> | string>> = {
  INVALID_OPTIONS: {
    'an option that is none': async ({ url }) => await migrate({ url, nothing: value } as MigrateOptions),
    'a URL that is none': async ({ url }) => await migrate({ url: `${url}#${password}` }),
  },
  INVALID_MODULES: {
    'a module twice': async ({ options }) =>
      await migrate({ ...options, locations: undefined, modules: ['iam', 'iam'] }),
  },
  UNREADABLE_DIRECTORY: {
    'a folder that is not there': async ({ options }) => await migrate({ ...options, locations: '/nonexistent' }),
  },
  BUNDLED_SQL_MISSING:
    'it is thrown while files are looked for, before anything is connected, and names only a folder of the package',
  ENGINE_UNAVAILABLE: 'its text is fixed but for the error of loading Umzug, which knows of no database',
  INVALID_SCRIPT_NAMES: { 'two files of a version': withFile('SELECT 1;', 'V1__other.sql') },
  INVALID_SCRIPT: {
    'a text without an end': withFile("SELECT '${secret}"),
    'a command that is none': withFile('\\connect ${secret}'),
  },
  INVALID_DIRECTIVE: { 'a directive that is none': withFile("-- schemaway: nothing=${secret}\nSELECT '${secret}';") },
  UNKNOWN_PLACEHOLDER: { 'a placeholder without a value': withFile("SELECT '${secret}', '${none}';") },
  TRANSACTION_CONTROL: { 'a COMMIT in the text': withFile("COMMIT; SELECT '${secret}';") },
  CONNECTION_FAILED: {
    'a wrong password': async ({ options, url }) =>
      await migrate({ ...options, url: url.replace(encodeURIComponent(password), encodeURIComponent(`${password}x`)) }),
    'a database that is not there': async ({ options, url }) => {
      const other = new URL(url)
      other.pathname = '/none'
      await migrate({ ...options, url: other.href })
    },
  },
  CONNECTION_LOST: {
    'a session that was ended': withFile("SELECT '${secret}', '${long}', pg_terminate_backend(pg_backend_pid());"),
  },
  SERVER_UNSUITABLE: {
    'a lock that keeps nobody out': async ({ sql, folder, migrator }) => {
      await withoutAdvisoryLocks(sql)
      folder.write({ 'V2__b.sql': 'SELECT 1;' })
      await migrator.migrate({ lockStrategy: 'session', table: 'new_history', baselineOnMigrate: true })
    },
    'a file outside a transaction': async ({ folder, migrator }) => {
      folder.write({ 'V2__b.sql': '-- schemaway: transaction=none\nCREATE INDEX CONCURRENTLY "${secret}" ON a (t);' })
      await migrator.migrate({ lockStrategy: 'transaction' })
    },
  },
  MISSING_PRIVILEGE: {
    'a history that may not be made': async ({ sql, options }) => {
      await sql`CREATE SCHEMA closed`
      await migrate({ ...options, historySchema: 'closed' })
    },
    'roles that may not be made': async ({ options }) =>
      await migrate({ ...options, locations: undefined, modules: ['iam'], historySchema: 'model' }),
  },
  LOCK_WAIT_TIMEOUT: {
    'another migration': async (site) => {
      const { t, sql, options, folder } = site
      folder.write({ 'V2__b.sql': "SELECT '${secret}', '${long}', pg_sleep(60);" })
      const stop = new AbortController()
      t.after(() => stop.abort())
      const running = migrate({ ...options, signal: stop.signal }).catch(() => {})
      await waitForSleep(sql)
      try {
        await migrate({ ...options, waitForLock: 1 })
      } finally {
        stop.abort()
        await running
      }
    },
  },
  LOCK_LOST: {
    'a script that lets go': async ({ migrator, folder }) => {
      folder.write({ 'V2__b.sql': letGo, 'V3__c.sql': "SELECT '${secret}', let_go();" })
      await migrator.migrate()
    },
  },
  HISTORY_MOVED: {
    'a rollback that is overtaken': async ({ sql, migrator, folder }) => {
      folder.write({ 'V2__b.sql': 'SELECT 1;', 'U1__a.sql': "SELECT '${secret}';", 'U2__b.sql': "SELECT '${secret}';" })
      await migrator.migrate()
      const text = `SELECT pg_advisory_xact_lock(${lockKey('"public"."flyway_schema_history"')}); INSERT INTO schemaway_ledger
        (run_id, event, module, module_requires, kind, description, script, placeholders, login, client, tool_version, hash) SELECT run_id,
        'progressed', module, module_requires, kind, description, script, placeholders, login, client, tool_version, 'other'
        FROM schemaway_ledger LIMIT 1`
      let other: Promise<unknown> | undefined
      const beforeEachUndo = async (): Promise<void> => {
        other ??= sql.unsafe(text).simple().execute()
        await waitForLock(sql)
      }
      try {
        await migrator.rollback({ to: 'empty', lockStrategy: 'transaction', hooks: { beforeEachUndo } })
      } finally {
        await other
      }
    },
  },
  STATEMENT_BLOCKED: {
    'a table that somebody holds': async (site) =>
      await whileBlocked(site, async () => await withFile("ALTER TABLE a ADD u text DEFAULT '${secret}';")(site)),
    'a table that another migration holds': async (site) =>
      await whileMigrating(
        site,
        'V1__o.sql',
        "LOCK TABLE a; SELECT '${secret}', '${long}', pg_sleep(60);",
        async () => {
          await withFile("ALTER TABLE a ADD u text DEFAULT '${secret}';")(site)
        },
      ),
    'a table that a program of another migration holds': async (site) => {
      const text = JSON.stringify(`LOCK TABLE a; SELECT '${value}', pg_sleep(60)`)
      await whileMigrating(
        site,
        'V1__o.mjs',
        `export const up = async ({ sql }) => void (await sql.unsafe(${text}))\n`,
        async () => {
          await withFile("ALTER TABLE a ADD u text DEFAULT '${secret}';")(site)
        },
      )
    },
  },
  STATEMENT_FAILED: {
    'a value that is none': withFile("SELECT '${secret}'::integer;"),
    'a long row that fails': withFile("INSERT INTO a VALUES ('${long}'), ('${long}');"),
    'a query of a program': withFile(
      'export const up = async ({ sql }) => { const [{ t }] = await sql`SELECT t FROM a`; await sql`SELECT ${t}::integer` }\n',
      'V2__b.mjs',
    ),
    'an undo that fails': async ({ folder, migrator }) => {
      folder.write({ 'U1__a.sql': "SELECT '${secret}'::integer;" })
      await migrator.rollback()
    },
  },
  PROGRAM_FAILED: {
    'a query that nobody waits for': withFile(
      "export const up = async ({ sql }) => { const [{ t }] = await sql`SELECT t FROM a`; void sql.unsafe(`SELECT '${t}'`) }\n",
      'V2__b.mjs',
    ),
    'a program that throws': withFile(
      "export const up = async ({ sql }) => { await sql`SELECT t FROM a`; throw new Error('enough') }\n",
      'V2__b.mjs',
    ),
  },
  HOOK_FAILED: {
    'a query of a hook': async ({ migrator }) => {
      await migrator.migrate({
        hooks: { beforeMigrate: async ({ sql }) => void (await sql`SELECT t::integer FROM a`) },
      })
    },
  },
  COMMIT_FAILED: {
    'a deferred constraint': withFile(
      "CREATE TABLE b (t text UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO b VALUES ('${secret}'), ('${secret}');",
    ),
    'a deferred trigger': withFile(
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE '${long}' USING DETAIL = '${secret}'; END $$;\n" +
        'CREATE CONSTRAINT TRIGGER f AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();\n' +
        "INSERT INTO a VALUES ('${long}');",
    ),
  },
  TRANSACTION_ESCAPED: {
    'a COMMIT of a program': withFile(
      "export const up = async ({ sql }) => void (await sql.unsafe(`COMMIT; SELECT '${(await sql`SELECT t FROM a`)[0].t}'`))\n",
      'V2__b.mjs',
    ),
  },
  VALIDATION_FAILED: { 'a file that was edited': withFile("SELECT '${secret}', 2;", 'V1__a.sql') },
  PENDING_MIGRATIONS: {
    'a file more': async ({ folder, migrator }) => {
      folder.write({ 'V2__b.sql': "SELECT '${secret}';" })
      await migrator.assertMigrated()
    },
  },
  WAIT_TIMEOUT: {
    'a file more': async ({ folder, migrator }) => {
      folder.write({ 'V2__b.sql': "SELECT '${secret}';" })
      await migrator.waitUntilMigrated({ timeout: 10, interval: 10 })
    },
  },
  MIGRATION_NOT_FOUND: { 'a target that is none': async ({ migrator }) => await migrator.migrate({ target: '99' }) },
  VERSION_NOT_APPLIED: { 'a target that is none': async ({ migrator }) => await migrator.rollback({ to: '99' }) },
  UNDO_MISSING: { 'no undo': async ({ migrator }) => await migrator.rollback() },
  DATA_LOSS_REFUSED: {
    'a table with rows': async ({ folder, migrator }) => {
      folder.write({ 'U1__a.sql': 'DROP TABLE a; -- ${secret}' })
      await migrator.rollback()
    },
  },
  MODULE_REQUIRED: {
    'a module that another one needs': async ({ t, options }) => {
      const texts = { 'V1__m.sql': "SELECT '${secret}';", 'U1__m.sql': "SELECT '${secret}';" }
      const base = defineModule({ name: 'base', directory: writeScripts(t, texts).directory })
      const top = defineModule({
        name: 'top',
        directory: writeScripts(t, { 'V2__n.sql': 'SELECT 1;' }).directory,
        requires: ['base'],
      })
      const own = { ...options, locations: undefined, historySchema: 'own' }
      await migrate({ ...own, modules: [base, top] as const })
      const { lockRetries: _, ...others } = own
      await rollback({ ...others, modules: [base] as const, to: 'empty' })
    },
  },
  SCHEMA_NOT_EMPTY: { 'no history': async ({ migrator }) => await migrator.migrate({ table: 'new_history' }) },
  BASELINE_REFUSED: { 'a history': async ({ migrator }) => await migrator.baseline({ baselineVersion: '7' }) },
  CLEAN_DISABLED: { 'nothing said': async ({ migrator }) => await migrator.clean() },
  CLEAN_REFUSED: {
    'an object of somebody else': async ({ sql, migrator }) => {
      const [row] =
        await sql`SELECT format('CREATE SCHEMA o; CREATE VIEW o.v AS SELECT t, %L AS x FROM public.a', ${value}::text) AS text`
      await sql.unsafe(String(row?.['text'])).simple()
      await migrator.clean({ cleanDisabled: false })
    },
  },
  LEDGER_BROKEN: {
    'an edited undo': async ({ folder, sql, migrator }) => {
      folder.write({ 'V2__b.sql': 'SELECT 1;', 'U2__b.sql': "SELECT '${secret}';" })
      await migrator.migrate()
      const edit = async (text: string) =>
        await sql`UPDATE schemaway_ledger SET undo_text = ${text} WHERE version = '2'`
      await edit(`SELECT '${value}' -- ${longValue}`)
      try {
        await migrator.rollback()
      } finally {
        await edit('SELECT 1')
      }
    },
  },
  HISTORY_UNREADABLE: {
    'a ledger of another shape': async ({ sql, migrator }) => {
      await sql.unsafe('ALTER TABLE schemaway_ledger RENAME COLUMN hash TO other')
      await migrator.rollback()
    },
  },
  ADOPTION_REFUSED: {
    'a version of nobody': async ({ sql, migrator }) => {
      await sql.unsafe('CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)')
      await sql.unsafe('INSERT INTO schema_migrations VALUES (77, false); GRANT SELECT ON schema_migrations TO PUBLIC')
      await migrator.adopt({ from: 'golang-migrate', table: 'new_history' })
    },
  },
  TARGET_TIMEOUT: {
    'one database': async ({ folder, options, url, scan }) => {
      folder.write({ 'V2__b.sql': "SELECT '${secret}', pg_sleep(60);" })
      const { url: _, ...shared } = options
      const report = await migrateAll([{ name: 'one', url }], { ...shared, timeoutPerTarget: 400 })
      scan.add('report of many', report)
      for (const result of report.results) if (result.status === 'failed') throw result.error
    },
  },
  TARGETS_FAILED: {
    'one database of two': async ({ folder, options, url, scan }) => {
      folder.write({ 'V2__b.sql': "SELECT '${secret}'::integer;" })
      const { url: _, ...shared } = options
      const report = await migrateAll([{ name: 'one', url }, 'postgres://nobody@127.0.0.1:1/x'], shared)
      scan.add('report of many', report)
      report.throwIfFailed()
    },
  },
  ABORTED: {
    'in the middle of a statement': async ({ folder, migrator, sql }) => {
      folder.write({ 'V2__b.sql': "SELECT '${secret}', '${long}', pg_sleep(60);" })
      const stop = new AbortController()
      void waitForSleep(sql).then(() => stop.abort(new Error('enough')))
      await migrator.migrate({ signal: stop.signal })
    },
  },
}

/** What is left of them stands in the way of others: each of these needs a database of its own. */
export const changingCodes: readonly ErrorCode[] = [
  'SERVER_UNSUITABLE',
  'MISSING_PRIVILEGE',
  'LOCK_LOST',
  'HISTORY_MOVED',
  'MODULE_REQUIRED',
  'CLEAN_REFUSED',
  'LEDGER_BROKEN',
  'HISTORY_UNREADABLE',
  'ADOPTION_REFUSED',
]
