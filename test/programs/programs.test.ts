import assert from 'node:assert/strict'
import test from 'node:test'
import postgres, { type Sql } from 'postgres'
import { info, type MigrationEvent, migrate, repair, rollback, undo, validate, validateFiles } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { waitForLock, waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { createTable, programOf, writeProgram } from './write-program.js'

async function names(sql: Sql): Promise<readonly unknown[]> {
  return (await sql`SELECT name FROM a ORDER BY id`).map(({ name }) => name)
}

async function versions(sql: Sql): Promise<readonly unknown[]> {
  return (await sql`SELECT version FROM flyway_schema_history ORDER BY installed_rank`).map(({ version }) => version)
}

test('a TypeScript migration runs in its own transaction, with values bound and a row of type SCRIPT', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...createTable,
    'helper.ts': 'export const name: string = "it\'s"\n',
    'V2__fill.ts': `
      import { name } from './helper.js'
      interface Row { readonly id: number }
      export async function up({ sql }: any): Promise<void> {
        await sql\`INSERT INTO a \${sql([{ id: 1, name }, { id: 2, name: null }])}\`
        const rows: Row[] = await sql\`SELECT id FROM a WHERE id = \${2} \${sql\`AND name IS NULL\`}\`
        if (rows[0]?.id !== 2) throw new Error(JSON.stringify(rows))
      }
      export async function down({ sql }: any) { await sql\`DELETE FROM a\` }
    `,
  })
  const { migrations } = await migrate({ url, locations: directory })
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V1__a.sql', 'V2__fill.ts'],
  )
  assert.deepEqual(await names(sql), ["it's", null])
  const [row] = await sql`
    SELECT description, type, script, checksum IS NOT NULL AS checked, success FROM flyway_schema_history WHERE version = '2'`
  assert.deepEqual(
    { ...row },
    { description: 'fill', type: 'SCRIPT', script: 'V2__fill.ts', checked: true, success: true },
  )
  assert.deepEqual((await migrate({ url, locations: directory })).migrations, [])
  const listed = await info({ url, locations: directory })
  assert.deepEqual(
    listed.migrations.map(({ type, state, category }) => [type, state, category]),
    [
      ['SQL', 'Success', 'Versioned'],
      ['SCRIPT', 'Success', 'Versioned'],
    ],
  )
  await validate({ url, locations: directory })
  await undo({ url, locations: directory })
  assert.deepEqual(await names(sql), [])
  assert.deepEqual(await versions(sql), ['1'])
})

test('under transaction all, programs and SQL scripts stand or fall together', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, {
    ...createTable,
    'V2__b.mjs': programOf("await sql`INSERT INTO a VALUES (1, 'two')`"),
    'V3__c.sql': "INSERT INTO a VALUES (2, 'three')",
    'V4__d.mjs': programOf("throw new RangeError('no')"),
  })
  const error = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory, transaction: 'all' }))
  assert.equal(error.details.script, 'V4__d.mjs')
  assert.equal((await sql`SELECT to_regclass('a') AS a`)[0]?.['a'], null)
  write({ 'V4__d.mjs': programOf("await sql`INSERT INTO a VALUES (3, 'four')`") })
  const { migrations } = await migrate({ url, locations: directory, transaction: 'all' })
  assert.equal(migrations.length, 4)
  assert.deepEqual(await names(sql), ['two', 'three', 'four'])
  const [times] = await sql`SELECT count(DISTINCT xmin::text)::int AS transactions FROM flyway_schema_history`
  assert.equal(times?.['transactions'], 1)
})

test('what up() throws is told with file and line, and nothing of the migration remains', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    "await sql`INSERT INTO a VALUES (1, 'x')`\nthrow new RangeError('out of range')",
  )
  const error = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
  assert.match(error.message, /^V2__b\.mjs:3:7: up\(\) threw RangeError: out of range The transaction is rolled back/)
  assert.deepEqual(
    [error.details.script, error.details.version, error.details.line, error.details.applied],
    ['V2__b.mjs', '2', 3, ['V1__a.sql']],
  )
  assert.ok(error.cause instanceof RangeError)
  assert.deepEqual(await names(sql), [])
  assert.deepEqual(await versions(sql), ['1'])
  const [failed] = await sql`SELECT event, error ->> 'code' AS code FROM schemaway_ledger ORDER BY id DESC LIMIT 1`
  assert.deepEqual({ ...failed }, { event: 'failed', code: 'PROGRAM_FAILED' })
})

test('a query that the server refuses is told with the place of the query, also when up() wraps it', async (t) => {
  const { url } = await testDatabase(t)
  const { directory, write } = writeProgram(t, '\n  await sql`SELECT missing\n  FROM a WHERE id = ${1}`')
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.deepEqual(
    [error.details.sqlState, error.details.line, error.details.file],
    ['42703', 3, `${directory}/V2__b.mjs`],
  )
  assert.match(error.message, /^V2__b\.mjs:3:\d+ failed: 42703 column "missing" does not exist/)
  assert.match(error.details.excerpt ?? '', /SELECT missing\n.*\^/)
  write({
    'V2__b.mjs': programOf(
      "try { await sql.unsafe('SELECT * FROM nowhere WHERE $1', ['secret']) } catch (cause) { throw new Error('wrapped', { cause }) }",
    ),
  })
  const wrapped = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.equal(wrapped.details.sqlState, '42P01')
  assert.doesNotMatch(JSON.stringify(wrapped), /secret/)
})

test('an error of the server that up() swallows fails the migration all the same', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(t, 'await sql`SELECT 1 / 0`.catch(() => {})')
  const error = await expectError('STATEMENT_FAILED', migrate({ url, locations: directory }))
  assert.equal(error.details.sqlState, '22012')
  assert.deepEqual(await versions(sql), ['1'])
})

test('a savepoint lets work fail without the rest', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    `await sql\`INSERT INTO a VALUES (1, 'kept')\`
     const told = await savepoint(async (sql) => {
       await sql\`INSERT INTO a VALUES (2, 'lost')\`
       await sql\`INSERT INTO a VALUES (1, 'again')\`
     }).catch((error) => error.details.sqlState)
     const count = await savepoint(async (sql) => (await sql\`INSERT INTO a VALUES (3, \${told})\`).count)
     await sql\`INSERT INTO a VALUES (4, \${count}::text)\``,
  )
  await migrate({ url, locations: directory })
  assert.deepEqual(await names(sql), ['kept', '23505', '1'])
})

test('queries made at the same time are sent one after the other', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    'await Promise.all(Array.from({ length: 50 }, (_, id) => sql`INSERT INTO a VALUES (${id}, ${String(id)})`))',
  )
  await migrate({ url, locations: directory })
  assert.equal((await names(sql)).length, 50)
})

test('a COMMIT through sql is noticed at once, whatever comes after it', async (t) => {
  for (const query of ['COMMIT', 'ROLLBACK', 'COMMIT AND CHAIN', 'ROLLBACK; BEGIN']) {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeProgram(
      t,
      `await sql.unsafe('${query}').catch(() => {})
       await sql\`INSERT INTO a VALUES (1, 'late')\`.catch(() => {})`,
    )
    const error = await expectError('TRANSACTION_ESCAPED', migrate({ url, locations: directory }))
    assert.equal(error.details.script, 'V2__b.mjs', query)
    assert.deepEqual(await versions(sql), ['1'], query)
    assert.deepEqual(await names(sql), [], query)
  }
})

test('a query that nobody awaits is an error, whether it was sent or not', async (t) => {
  for (const [up, reason] of [
    ["sql`INSERT INTO a VALUES (1, 'x')`", /a query was neither awaited nor made part of another one \(INSERT INTO a/],
    ["void sql`INSERT INTO a VALUES (1, 'x')`.then(() => {})", /a query was still under way/],
    [
      "for (const id of [1, 2, 3]) (async () => { await sql`INSERT INTO a VALUES (${id}, 'x')`; await sql`SELECT 1` })()",
      /3 queries were still under way/,
    ],
    ['sql`INSERT INTO a VALUES (1, ${undefined})`', /neither awaited/],
  ] as const) {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeProgram(t, up)
    const error = await expectError('PROGRAM_FAILED', migrate({ url, locations: directory }))
    assert.match(error.message, reason)
    assert.deepEqual(await names(sql), [], up)
    assert.deepEqual(await versions(sql), ['1'], up)
  }
})

test('a lock that is not to be had lets all of up() run again', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, createTable)
  await migrate({ url, locations: folder.directory })
  folder.write({
    'V2__b.mjs': programOf(
      "await sql`INSERT INTO a VALUES (${attempt}, 'x')`\ntry { await sql`ALTER TABLE a ADD COLUMN b integer` } catch { throw new Error('mine') }",
    ),
  })
  const seen: MigrationEvent[] = []
  let release = (): void => {}
  const reader = sql.begin(async (transaction) => {
    await transaction`SELECT FROM a`
    await new Promise<void>((resolve) => (release = resolve))
  })
  await waitUntil('the reader holds its lock', async () => {
    const locks = await sql`SELECT FROM pg_locks WHERE relation = 'a'::regclass AND mode = 'AccessShareLock'`
    return locks.length > 0
  })
  const running = migrate({
    url,
    locations: folder.directory,
    lockTimeout: 200,
    lockRetries: 100,
    onEvent: (event) => seen.push(event),
  })
  const timesOf = (type: MigrationEvent['type']): number => seen.filter((event) => event.type === type).length
  await waitUntil('it was tried again, and the blocker was seen', () => timesOf('retry') >= 2 && timesOf('blocked') > 0)
  release()
  await reader
  await running
  const [{ id } = {}] = await sql`SELECT id FROM a`
  assert.ok(Number(id) >= 3, `attempt ${id}`)
})

test('a lock that is never to be had ends in STATEMENT_BLOCKED with the place and the blocker', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, createTable)
  await migrate({ url, locations: folder.directory })
  folder.write({ 'V2__b.mjs': programOf('await sql`ALTER TABLE a ADD COLUMN b integer`') })
  let release = (): void => {}
  const reader = sql.begin(async (transaction) => {
    await transaction`LOCK TABLE a`
    await new Promise<void>((resolve) => (release = resolve))
  })
  await waitUntil('the lock is held', async () => {
    return (await sql`SELECT FROM pg_locks WHERE relation = 'a'::regclass AND mode = 'AccessExclusiveLock'`).length > 0
  })
  const error = await expectError(
    'STATEMENT_BLOCKED',
    migrate({ url, locations: folder.directory, lockTimeout: 1_500, lockRetries: 1 }),
  )
  release()
  await reader
  assert.match(error.message, /^V2__b\.mjs:2:\d+ did not get a lock within `lockTimeout` in any of 2 attempts/)
  assert.equal(error.details.blockers?.length, 1)
})

test('the signal cancels the query under way and tells up()', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    "signal.addEventListener('abort', () => (globalThis.toldOfAbort = true))\nawait sql`INSERT INTO a VALUES (1, 'x')`\nawait sql`SELECT pg_sleep(60)`",
  )
  const stop = new AbortController()
  const running = expectError('ABORTED', migrate({ url, locations: directory, signal: stop.signal }))
  await waitUntil('it sleeps', async () => {
    return (
      (await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`).length > 0
    )
  })
  stop.abort(new Error('enough'))
  const error = await running
  assert.match(String(error.cause), /enough/)
  assert.equal((globalThis as { toldOfAbort?: boolean }).toldOfAbort, true)
  assert.deepEqual(await names(sql), [])
})

test('an up() that does not listen to the signal holds the command no longer than five seconds', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    'progress({ done: 1 })\nawait new Promise((resolve) => setTimeout(resolve, 60_000).unref())',
  )
  const stop = new AbortController()
  const onEvent = ({ type }: MigrationEvent): void => {
    if (type === 'progress') stop.abort()
  }
  const started = performance.now()
  await expectError('ABORTED', migrate({ url, locations: directory, signal: stop.signal, onEvent }))
  const seconds = (performance.now() - started) / 1000
  assert.ok(seconds >= 4.9 && seconds < 30, `${seconds} s`)
  assert.deepEqual(await versions(sql), ['1'])
})

test('progress becomes an event and a line of the logger', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeProgram(t, "progress({ done: 1, total: 4, message: 'users' })\nprogress({ done: 2 })")
  const seen: unknown[] = []
  const lines: string[] = []
  await migrate({
    url,
    locations: directory,
    onEvent: (event) => event.type === 'progress' && seen.push([event.script, event.done, event.total, event.message]),
    logger: { info: (line) => lines.push(line) },
  })
  assert.deepEqual(seen, [
    ['V2__b.mjs', 1, 4, 'users'],
    ['V2__b.mjs', 2, null, null],
  ])
  assert.ok(lines.includes('V2__b.mjs: 1 of 4, users') && lines.includes('V2__b.mjs: 2'), lines.join('\n'))
})

test('a deferred constraint that fails at our COMMIT is told as such', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    'await sql`ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED`\nawait sql`CREATE TABLE c (a integer REFERENCES a DEFERRABLE INITIALLY DEFERRED)`\nawait sql`INSERT INTO c VALUES (7)`',
  )
  const error = await expectError('COMMIT_FAILED', migrate({ url, locations: directory }))
  assert.match(error.message, /^V2__b\.mjs failed at commit/)
})

test('what a program did to its session is gone for the scripts after it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...createTable,
    'V2__b.mjs': programOf(
      "await sql`SET work_mem = '7MB'`\nawait sql`CREATE TEMP TABLE left_over ()`\nawait sql`SET search_path = pg_catalog`",
    ),
    'V3__c.sql':
      "INSERT INTO a SELECT 1, current_setting('work_mem') || coalesce(to_regclass('left_over')::text, ' nothing')",
  })
  await migrate({ url, locations: directory })
  assert.match(String((await names(sql))[0]), /^(?!7MB).* nothing$/)
})

test('a program that was edited after it ran does not validate, and repair() takes its new checksum', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeProgram(t, "await sql`INSERT INTO a VALUES (1, 'x')`")
  await migrate({ url, locations: directory })
  write({ 'V2__b.mjs': programOf('await sql`SELECT 2`') })
  const error = await expectError('VALIDATION_FAILED', migrate({ url, locations: directory }))
  assert.equal(error.details.problems?.[0]?.kind, 'CHECKSUM_MISMATCH')
  await repair({ url, locations: directory })
  await validate({ url, locations: directory })
  assert.deepEqual((await sql`SELECT type FROM flyway_schema_history WHERE version = '2'`)[0]?.['type'], 'SCRIPT')
})

test('a program that takes the place of a SQL script of its version is a mismatch of type', async (t) => {
  const { url } = await testDatabase(t)
  const { directory, write, remove } = writeScripts(t, { ...createTable, 'V2__b.sql': 'SELECT 1' })
  await migrate({ url, locations: directory })
  remove('V2__b.sql')
  write({ 'V2__b.mjs': programOf('') })
  const error = await expectError('VALIDATION_FAILED', validate({ url, locations: directory }))
  assert.match(error.message, /was applied as SQL, but V2__b\.mjs is SCRIPT/)
})

test('an edited program runs anew in the same process, in either kind of module', async (t) => {
  const { url, sql } = await testDatabase(t)
  const fail = "throw new Error('first')"
  const good = "await sql`INSERT INTO a SELECT coalesce(max(id), 0) + 1, 'x' FROM a`"
  const common = (up: string): string =>
    programOf(up).replace('export async function up(', 'exports.up = async function (')
  const folder = writeScripts(t, createTable)
  for (const [index, [name, write]] of (
    [
      ['b.mjs', programOf],
      ['b.ts', programOf],
      ['b.js', common],
      ['b.cjs', common],
    ] as const
  ).entries()) {
    const file = `V${index + 2}__${name}`
    folder.write({ [file]: write(fail) })
    await expectError('PROGRAM_FAILED', migrate({ url, locations: folder.directory }))
    folder.write({ [file]: write(good) })
    await migrate({ url, locations: folder.directory })
    assert.equal((await names(sql)).length, index + 1, file)
  }
})

test('cherryPick, target and skipExecutingMigrations treat a program as any migration, and the last does not load it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...createTable,
    'V2__b.mjs': programOf("await sql`INSERT INTO a VALUES (1, 'x')`"),
    'V3__c.mjs': 'throw new Error("loaded")',
  })
  await migrate({ url, locations: directory, target: '2' })
  assert.deepEqual(await versions(sql), ['1', '2'])
  const { migrations } = await migrate({ url, locations: directory, cherryPick: ['3'], skipExecutingMigrations: true })
  assert.deepEqual(
    migrations.map(({ action, script }) => [action, script]),
    [['adopt', 'V3__c.mjs']],
  )
  assert.equal((await sql`SELECT type FROM flyway_schema_history WHERE version = '3'`)[0]?.['type'], 'SCRIPT')
  await info({ url, locations: directory })
  await validate({ url, locations: directory })
  await validateFiles({ locations: directory })
})

test('a repeatable program runs again when it is changed, and its templates are no placeholders', async (t) => {
  const { url, sql } = await testDatabase(t)
  const text = (name: string): string =>
    programOf(`const name = \`\${'${name}'}\`\nawait sql\`INSERT INTO a SELECT count(*), \${name} FROM a\``)
  const { directory, write } = writeScripts(t, { ...createTable, 'R__fill.mjs': text('one') })
  await migrate({ url, locations: directory })
  assert.deepEqual((await migrate({ url, locations: directory })).migrations, [])
  write({ 'R__fill.mjs': text('two') })
  assert.equal((await migrate({ url, locations: directory })).migrations.length, 1)
  assert.deepEqual(await names(sql), ['one', 'two'])
  write({ 'R__fill.mjs': `${text('three')}export const down = () => {}` })
  await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
})

test('a program that releases the lock is noticed', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...createTable,
    'V2__b.mjs': programOf('await sql`SELECT pg_advisory_unlock_all()`'),
    'V3__c.sql': 'SELECT 1',
  })
  const error = await expectError('LOCK_LOST', migrate({ url, locations: directory }))
  assert.equal(error.details.script, 'V2__b.mjs')
  assert.deepEqual(await versions(sql), ['1'])
})

test('a lost connection is told as one, and up() hears of it', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeProgram(
    t,
    "await sql`INSERT INTO a VALUES (1, 'x')`\nawait sql`SELECT pg_sleep(60)`.catch((error) => { globalThis.toldOfLoss = error.code; throw new Error('mine') })",
  )
  const running = expectError('CONNECTION_LOST', migrate({ url, locations: directory }))
  await waitUntil('it sleeps', async () => {
    const ended = await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`
    return ended.length > 0
  })
  await running
  assert.equal((globalThis as { toldOfLoss?: string }).toldOfLoss, 'CONNECTION_LOST')
  assert.deepEqual(await names(sql), [])
})

test('a rollback of several versions does not run a program for its rehearsal', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...createTable,
    'U1__a.sql': 'DROP TABLE a',
    'V2__b.mjs': programOf('', 'globalThis.downs = 0\nexport const down = () => { globalThis.downs += 1 }'),
    'V3__c.sql': 'CREATE TABLE c ()',
    'U3__c.sql': 'DROP TABLE c',
  })
  await migrate({ url, locations: directory })
  await rollback({ url, locations: directory, to: 'empty' })
  assert.equal((globalThis as { downs?: number }).downs, 1)
  assert.deepEqual(await versions(sql), [])
  await waitForLock(sql, 0)
})

test('without a file, without `down`, and with two ways to undo, a rollback refuses and says what to do', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeProgram(t, "await sql`INSERT INTO a VALUES (1, 'x')`")
  const { directory, write, remove } = folder
  await migrate({ url, locations: directory })
  const noDown = await expectError('UNDO_MISSING', rollback({ url, locations: directory }))
  assert.match(
    noDown.message,
    /no `down` is exported, and there is no U file beside it\..*Export `down`, or write a U file/,
  )
  write({ 'V2__b.mjs': programOf('', 'export const down = () => {}'), 'U2__b.sql': 'DELETE FROM a' })
  const twice = await expectError('INVALID_SCRIPT', rollback({ url, locations: directory, allowDataLoss: true }))
  assert.match(twice.message, /exports `down`, and U2__b\.sql says as well/)
  remove('V2__b.mjs', 'U2__b.sql')
  const noFile = await expectError('UNDO_MISSING', rollback({ url, locations: directory }))
  assert.match(noFile.message, /V2__b\.mjs \(version 2, a program: its file is needed\)/)
  assert.deepEqual(await names(sql), ['x'])
  write({ 'V2__b.mjs': programOf(''), 'U2__b.sql': "UPDATE a SET name = 'undone'" })
  await rollback({ url, locations: directory })
  assert.deepEqual(await names(sql), ['undone'])
  assert.deepEqual(await versions(sql), ['1'])
})

test('two ways to undo are refused before anything is applied', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...createTable,
    'V2__b.mjs': programOf('', 'export const down = () => {}'),
    'U2__b.sql': 'SELECT 1',
  })
  await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
  assert.deepEqual(await versions(sql), [])
})

test('the U text of a program is kept, so that a release without its files can roll back', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, remove } = writeScripts(t, {
    ...createTable,
    'V2__b.mjs': programOf("await sql`INSERT INTO a VALUES (1, 'x')`"),
    'U2__b.sql': "UPDATE a SET name = 'undone'",
  })
  await migrate({ url, locations: directory })
  remove('V2__b.mjs', 'U2__b.sql')
  await rollback({ url, locations: directory })
  assert.deepEqual(await names(sql), ['undone'])
})

test('a `down` that drops a table with rows needs allowDataLoss, as an undo script does', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.mjs': programOf(
      'await sql`CREATE TABLE a (id integer, name text)`\nawait sql`INSERT INTO a VALUES (1, ${1})`',
      'export const down = ({ sql }) => sql`DROP TABLE a`',
    ),
  })
  await migrate({ url, locations: directory })
  const error = await expectError('DATA_LOSS_REFUSED', rollback({ url, locations: directory }))
  assert.deepEqual(error.details.tables, [{ table: 'public.a', rows: 1 }])
  assert.deepEqual(await names(sql), ['1'])
  await rollback({ url, locations: directory, allowDataLoss: true })
  assert.deepEqual(await versions(sql), [])
})

test('a login that may not write history itself migrates a program as the owner role', async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeProgram(t, "await sql`INSERT INTO a VALUES (1, 'x')`")
  const { directory } = folder
  const role = `programs_${new URL(url).pathname.slice(1)}`
  const login = `${role}_login`
  await sql.unsafe(`CREATE ROLE ${role}; CREATE ROLE ${login} LOGIN PASSWORD 'x'; GRANT ${role} TO ${login};`)
  // The database is dropped by then, and with it everything that they owned.
  t.after(async () => {
    const elsewhere = postgres(new URL('/postgres', url).href, { max: 1, onnotice: () => {} })
    await elsewhere.unsafe(`DROP ROLE ${login}, ${role}`)
    await elsewhere.end()
  })
  await sql.unsafe(`GRANT CREATE ON SCHEMA public TO ${role}`)
  await migrate({ url, locations: directory, target: '1', roles: { owner: role } })
  await sql.unsafe(`ALTER TABLE a OWNER TO ${role}`)
  folder.write({
    'V3__c.mjs': programOf(
      "await sql`CREATE TABLE d (id integer PRIMARY KEY, n integer)`\nawait sql`INSERT INTO d VALUES (1), (2), (3)`\nawait backfill({ table: 'd', batchSize: 2, update: (sql, range) => sql`UPDATE d SET n = 1 WHERE ${range}` })",
      "export const transaction = 'none'",
    ),
  })
  const own = new URL(url)
  own.username = login
  own.password = 'x'
  const { migrations } = await migrate({ url: own.href, locations: directory, roles: { owner: role } })
  assert.equal(migrations.length, 2)
  assert.equal((await sql`SELECT FROM schemaway_ledger WHERE event = 'progressed' AND login = ${login}`).length, 2)
})
