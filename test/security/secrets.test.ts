import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { inspect } from 'node:util'
import postgres from 'postgres'
import {
  createMigrator,
  info,
  type MigrateOptions,
  migrate,
  migrateAll,
  repair,
  rollback,
  validate,
} from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { waitForSleep } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { formsOf, longValue, password, SecretScan, value } from './secret-scan.js'

test('a scan finds a secret in whatever form it is', () => {
  const forms = formsOf(password)
  for (const text of [
    `a ${password} b`,
    JSON.stringify({ password }),
    new URL(`postgres://u:${encodeURIComponent(password)}@h/`).href,
    Buffer.from(`x${password}y`).toString('base64'),
    Buffer.from(`xx${password}y`).toString('base64url'),
    Buffer.from(password).toString('hex'),
  ]) {
    assert.ok(
      forms.some((form) => text.includes(form)),
      text,
    )
  }
  const nested = new SecretScan()
  nested.add('error', new Error('outer', { cause: new AggregateError([new Error(`inner ${password}`)]) }))
  assert.throws(() => nested.assertNever(password))
})

test('no password is in anything that a failure to connect tells', async (t) => {
  const scan = new SecretScan()
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const { hostname, port, pathname } = new URL(url)
  const user = `secret_${randomUUID().slice(0, 8)}`
  await sql.unsafe(`CREATE ROLE ${user} LOGIN PASSWORD 'another'`)
  t.after(async () => {
    const elsewhere = postgres(new URL('/postgres', url).href, { max: 1, onnotice: () => {} })
    await elsewhere.unsafe(`DROP ROLE ${user}`)
    await elsewhere.end()
  })
  const encoded = encodeURIComponent(password)
  const place = `${hostname}:${port}${pathname}`
  const connection = { host: hostname, port: Number(port), database: pathname.slice(1), user, password }
  const options = { locations, connectRetries: 1, connectTimeout: 2_000, ...scan.listeners }
  const directory = mkdtempSync(join(tmpdir(), 'secrets-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const passwordFile = join(directory, 'pgpass')
  writeFileSync(passwordFile, `*:*:*:*:${password.replaceAll(/[\\:]/g, '\\$&')}\n`)
  chmodSync(passwordFile, 0o600)

  const failing: Record<string, () => MigrateOptions> = {
    'wrong password in a URL': () => ({ url: `postgres://${user}:${encoded}@${place}` }),
    'wrong password in a URL object': () => ({ url: new URL(`postgres://${user}:${encoded}@${place}`) }),
    'wrong password as a parameter': () => ({ url: `postgres://${place}?user=${user}&password=${encoded}` }),
    'wrong password in an object': () => ({ connection }),
    'wrong password of a function': () => ({ connection: { ...connection, password: async () => password } }),
    'wrong password in a client': () => ({ sql: postgres({ ...connection, max: 1 }) }),
    'wrong password in a file': () => ({
      url: `postgres://${user}@${place}?passfile=${encodeURIComponent(passwordFile)}`,
    }),
    'no server': () => ({ url: `postgres://${user}:${encoded}@127.0.0.1:1/x` }),
    'no such host': () => ({ url: `postgres://${user}:${encoded}@nowhere.invalid/x` }),
    'several hosts': () => ({ url: `postgres://${user}:${encoded}@127.0.0.1:1,nowhere.invalid:2/x` }),
    'no TLS': () => ({ url: `postgres://${user}:${encoded}@${place}?sslmode=require` }),
    'no certificate': () => ({ url: `postgres://${user}:${encoded}@${place}?sslmode=verify-full` }),
    'no such database': () => ({
      connection: {
        ...connection,
        user: new URL(url).username,
        password: decodeURIComponent(new URL(url).password),
        database: 'none',
      },
    }),
    'no standby': () => ({ url: withParameter(url, 'target_session_attrs', 'standby') }),
    'unknown setting': () => ({ url: withParameter(url, 'options', '-c nothing=1') }),
  }
  for (const [what, where] of Object.entries(failing)) {
    await scan.watchFailure(what, 'CONNECTION_FAILED', async () => await migrate({ ...options, ...where() }))
    const migrator = createMigrator({ ...options, ...where() })
    scan.add('migrator', inspect(migrator, { depth: null, showHidden: true }))
    await scan.watchFailure(`${what}, info()`, 'CONNECTION_FAILED', async () => await migrator.info())
    await scan.watch(`${what}, many`, async () => {
      const { locations: _, connectRetries: __, ...target } = { locations, connectRetries: 0, ...where() }
      const report = await migrateAll(
        [target.url instanceof URL ? target.url.href : { name: 'one', ...target }],
        options,
      )
      scan.add('results', report.results)
      return report
    })
    await scan.watch(
      `${what}, many by URL`,
      async () => await migrateAll([String(where().url ?? url)], options).then((report) => report.throwIfFailed()),
    )
  }

  const bad: Record<string, unknown> = {
    'a port that is none': { url: `postgres://${user}:${encoded}@h:99999/x` },
    'another scheme': { url: `mysql://${user}:${encoded}@h/x` },
    'no scheme': { url: `${user}:${password}@h/x` },
    'a percent sign': { url: `postgres://${user}:${password}@h/x` },
    'an unknown parameter': { url: `postgres://${user}:${encoded}@h/x?sslmodus=1` },
    'a bad parameter': { url: `postgres://${user}:${encoded}@h/x?sslmode=${encoded}` },
    'a URL that is a list': { url: [`postgres://${user}:${encoded}@h/x`] },
    'a misspelt password': { connection: { ...connection, passwort: password } },
    'a password that is none': { connection: { ...connection, password: [password] } },
    'a URL as connection': { connection: `postgres://${user}:${encoded}@h/x` },
    'two places': { url: `postgres://${user}:${encoded}@h/x`, connection },
    'a misspelt option': { urll: `postgres://${user}:${encoded}@h/x` },
    'a client that is a URL': { sql: `postgres://${user}:${encoded}@h/x` },
    'a certificate that is none': { url: `postgres://${user}:${encoded}@${place}?sslmode=verify-ca&sslrootcert=/none` },
  }
  for (const [what, where] of Object.entries(bad)) {
    const given = { ...options, connectRetries: 0, ...(where as MigrateOptions) }
    assert.notEqual(await scan.watch(what, async () => await migrate(given)), null, what)
    assert.notEqual(
      await scan.watch(
        `${what}, many`,
        async () => await migrateAll([where as string], options).then((report) => report.throwIfFailed()),
      ),
      null,
    )
    await scan.watch(`${what}, migrator`, async () => createMigrator(given))
  }

  const environment = {
    PGPASSWORD: password,
    PGUSER: user,
    PGHOST: hostname,
    PGPORT: port,
    PGDATABASE: pathname.slice(1),
  }
  const before = { ...process.env }
  Object.assign(process.env, environment)
  try {
    await scan.watchFailure(
      'PGPASSWORD',
      'CONNECTION_FAILED',
      async () => await migrate({ ...options, url: 'postgres://' }),
    )
    delete process.env['PGPASSWORD']
    process.env['PGPASSFILE'] = passwordFile
    await scan.watchFailure(
      'PGPASSFILE',
      'CONNECTION_FAILED',
      async () => await migrate({ ...options, url: 'postgres://' }),
    )
  } finally {
    for (const name of [...Object.keys(environment), 'PGPASSFILE']) delete process.env[name]
    Object.assign(process.env, before)
  }
  assert.ok(scan.size > 150, `${scan.size} outputs`)
  scan.assertNever(password)
})

test('neither password nor placeholder is in anything that a failing migration tells or leaves', async (t) => {
  const scan = new SecretScan()
  const { url: administrator, sql } = await testDatabase(t)
  const user = `secret_${randomUUID().slice(0, 8)}`
  const [made] =
    await sql`SELECT format('CREATE ROLE %I LOGIN PASSWORD %L; GRANT ALL ON SCHEMA public TO %1$I', ${user}::text, ${password}::text) AS create`
  await sql.unsafe(String(made?.['create']))
  t.after(async () => {
    const elsewhere = postgres(new URL('/postgres', administrator).href, { max: 1, onnotice: () => {} })
    await elsewhere.unsafe(`DROP ROLE ${user}`)
    await elsewhere.end()
  })
  const { host, pathname } = new URL(administrator)
  const url = `postgres://${user}:${encodeURIComponent(password)}@${host}${pathname}`
  const folder = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id integer PRIMARY KEY, t text UNIQUE, needed integer NOT NULL DEFAULT 1);',
    'V2__b.sql':
      "INSERT INTO a VALUES (1, '${secret}'), (2, '${long}');\nDO $$ BEGIN RAISE NOTICE USING MESSAGE = '${secret} ${long}'; END $$;",
    'U2__b.sql': "DELETE FROM a WHERE t IN ('${secret}', '${long}');",
    'R__r.sql': "COMMENT ON TABLE a IS '${secret}';",
  })
  const options = {
    url,
    locations: folder.directory,
    placeholders: { secret: value, long: longValue },
    lockRetries: 1,
    lockTimeout: 200,
    ...scan.listeners,
  }
  assert.equal(await scan.watch('migrate()', async () => await migrate(options)), null)
  const { placeholders: _, ...rest } = options
  await scan.watch('info()', async () => await info(options))
  await scan.watch('validate()', async () => await validate(options))
  await scan.watchFailure(
    'rollback() without the value',
    'UNKNOWN_PLACEHOLDER',
    async () => await rollback({ ...rest, steps: 1 }),
  )

  const statements: Record<string, string> = {
    'a syntax error': "SELECT '${secret}' '${long}' FROMM x;",
    'an unknown table': 'SELECT * FROM "${secret}";',
    'a long name': 'SELECT * FROM "${long}";',
    'a value twice': "INSERT INTO a VALUES (3, '${secret}');",
    'a long value twice': "INSERT INTO a VALUES (3, '${long}');",
    'a row that fails': "INSERT INTO a VALUES (3, 'x${secret}', NULL);",
    'a long row that fails': "INSERT INTO a VALUES (3, 'x${long}', NULL);",
    'no number': "SELECT '${secret}'::integer;",
    'no long number': "SELECT '${long}'::integer;",
    'an error of a function':
      "DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = '${secret}', DETAIL = '${long}', HINT = '${secret}'; END $$;",
    'an error in a function': "DO $$ BEGIN EXECUTE 'SELECT ''${secret}'', ''${long}'' FROM nothing'; END $$;",
    'a command that is none': '\\connect ${secret}',
    'a COMMIT': "COMMIT; SELECT '${secret}';",
    'a text without an end': "SELECT '${secret}",
    'an index twice': '-- schemaway: transaction=none\nCREATE UNIQUE INDEX CONCURRENTLY "${secret}" ON a ((1));',
    'an error outside a transaction': "-- schemaway: transaction=none\nSELECT '${secret}'::integer;",
    'a warning':
      "DO $$ BEGIN RAISE WARNING USING MESSAGE = '${secret}'; RAISE INFO USING MESSAGE = '${long}'; END $$; SELECT 1/0;",
    'no placeholder': "SELECT '${secret}', '${none}';",
    'a COPY': 'COPY a FROM STDIN;\n${secret}\tx\t1\n\\.\n',
  }
  for (const [what, statement] of Object.entries(statements)) {
    folder.write({ 'V3__bad.sql': statement })
    assert.notEqual(await scan.watch(what, async () => await migrate(options)), null, what)
    if (statement.startsWith('-- '))
      await scan.watch(
        `${what}, settled`,
        async () => await repair({ ...options, versions: ['3'], unfinished: 'restart' }),
      )
    folder.remove('V3__bad.sql')
  }
  const programs: Record<string, string> = {
    'a program that fails': `throw new Error('failed')`,
    'a statement of a program': `await sql.unsafe("SELECT '" + (await sql\`SELECT t FROM a WHERE id = 1\`)[0].t + "'::integer")`,
    'a value of a program': 'await sql`INSERT INTO a VALUES (4, ${(await sql`SELECT t FROM a WHERE id = 1`)[0].t})`',
  }
  for (const [what, body] of Object.entries(programs)) {
    folder.write({ 'V3__bad.mjs': `export async function up({ sql }) { ${body} }\n` })
    assert.notEqual(await scan.watch(what, async () => await migrate(options)), null, what)
    folder.remove('V3__bad.mjs')
  }
  folder.write({ 'beforeMigrate.sql': "SELECT '${secret}'::integer;", 'V3__c.sql': 'SELECT 1;' })
  assert.notEqual(await scan.watch('a callback', async () => await migrate(options)), null)
  folder.remove('beforeMigrate.sql')
  const hooks = {
    beforeMigrate: async ({
      sql: query,
    }: {
      sql: (text: TemplateStringsArray, ...values: string[]) => PromiseLike<unknown>
    }) => void (await query`SELECT ${value}::integer`),
  }
  assert.notEqual(await scan.watch('a hook', async () => await migrate({ ...options, hooks })), null)
  const { url: _url, ...shared } = options
  const targets = [
    { name: 'one', url },
    { name: 'two', url: url.replace(encodeURIComponent(password), 'x') },
  ]
  const many = await migrateAll(targets, { ...shared, hooks })
  scan.add('results of many', many.results)
  scan.add('report of many', many)
  folder.remove('V3__c.sql')

  folder.write({ 'V3__slow.sql': "SELECT '${secret}', pg_sleep(60);" })
  for (const [what, end] of [
    ['a lost connection', 'pg_terminate_backend(pid)'],
    ['a cancelled statement', 'pg_cancel_backend(pid)'],
  ] as const) {
    const failing = scan.watch(what, async () => await migrate(options))
    await waitForSleep(sql)
    await sql.unsafe(
      `SELECT ${end} FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid() AND datname = current_database()`,
    )
    assert.notEqual(await failing, null, what)
  }
  for (const [what, script] of [
    ['waiting for a migration', "SELECT '${secret}', pg_sleep(60);"],
    [
      'waiting for a script outside a transaction',
      "-- schemaway: transaction=none\nSELECT '${long}', '${secret}', pg_sleep(60);",
    ],
  ] as const) {
    folder.write({ 'V3__slow.sql': script })
    const stop = new AbortController()
    const first = scan.watch(
      `${what}: the one that is stopped`,
      async () => await migrate({ ...options, signal: stop.signal }),
    )
    await waitForSleep(sql)
    await scan.watchFailure(what, 'LOCK_WAIT_TIMEOUT', async () => await migrate({ ...options, waitForLock: 1 }))
    stop.abort()
    assert.notEqual(await first, null)
    if (script.startsWith('--'))
      await scan.watch('settled', async () => await repair({ ...options, versions: ['3'], unfinished: 'restart' }))
  }
  await scan.readTables(sql)
  const [entry] = await sql`SELECT undo_text, placeholders FROM schemaway_ledger WHERE undo_text IS NOT NULL`
  assert.deepEqual(
    [entry?.['undo_text'], entry?.['placeholders']],
    ["DELETE FROM a WHERE t IN ('${secret}', '${long}');", ['secret', 'long']],
  )
  scan.assertNever(password)
  scan.assertNever(value)
  // Cut off or not.
  scan.assertNever(longValue.slice(0, 40))
})

function withParameter(url: string, name: string, given: string): string {
  const changed = new URL(url)
  changed.searchParams.set(name, given)
  return changed.href
}
