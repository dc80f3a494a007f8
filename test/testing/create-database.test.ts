import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import postgres from 'postgres'
import { startPostgres } from '../../lib/testing/index.js'
import { openPool } from './open-pool.js'
import { catchError } from './thrown-error.js'

/** These tests make roles, end sessions and occupy names, which a shared server does not deserve. */
const starting = startPostgres({ settings: {} })
after(async () => await (await starting).stop())

async function runAsSuperuser(statement: string): Promise<readonly postgres.Row[]> {
  const sql = postgres((await starting).url, { max: 1 })
  try {
    return await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

async function listDatabases(): Promise<readonly string[]> {
  return (await runAsSuperuser('SELECT datname FROM pg_database')).map(({ datname }) => String(datname))
}

async function loginAs(role: string, attributes: string): Promise<string> {
  const { url } = await starting
  await runAsSuperuser(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' ${attributes}`)
  return Object.assign(new URL(url), { username: role, password: 'secret' }).href
}

test('a database is empty, named after the process, and reached by its url', async (t) => {
  const database = await (await starting).createDatabase()
  assert.match(database.name, new RegExp(`^schemaway_${process.pid}_\\d+$`))
  const [row] = await openPool(t, database.url)`SELECT current_database() AS name, (SELECT count(*)::int FROM pg_class
    WHERE relnamespace = 'public'::regnamespace) AS relations`
  assert.deepEqual({ ...row }, { name: database.name, relations: 0 })
  await database.drop()
  assert.ok(!(await listDatabases()).includes(database.name))
})

test('many databases can be created and dropped at once', async () => {
  const server = await starting
  const databases = await Promise.all(Array.from({ length: 6 }, async () => await server.createDatabase()))
  assert.equal(new Set(databases.map(({ name }) => name)).size, 6)
  await Promise.all(databases.map(async ({ sql }) => await sql`CREATE TABLE t ()`))
  await Promise.all(databases.map(async (database) => await database.drop()))
  const left = await listDatabases()
  assert.deepEqual(
    left.filter((name) => databases.some((database) => database.name === name)),
    [],
  )
})

test('a chosen name may hold any characters', async () => {
  const name = `it's "a" /name?&% with ü`
  const database = await (await starting).createDatabase({ name })
  const [row] = await database.sql`SELECT current_database() AS name`
  assert.deepEqual({ ...row }, { name })
  assert.equal(decodeURIComponent(new URL(database.url).pathname), `/${name}`)
  await database.drop()
  assert.ok(!(await listDatabases()).includes(name))
})

test('a chosen name that is taken is refused', async () => {
  const server = await starting
  const database = await server.createDatabase({ name: 'taken' })
  const error = await catchError(async () => await server.createDatabase({ name: 'taken' }))
  assert.equal(error.code, 'INVALID_OPTIONS')
  assert.equal(error.details.sqlState, '42P04')
  await database.drop()
})

for (const [title, name] of [
  ['empty', ''],
  ['longer than 63 bytes', 'ü'.repeat(32)],
  ['one with NUL', 'a\0b'],
] as const) {
  test(`a name that is ${title} is refused`, async () => {
    const server = await starting
    const error = await catchError(async () => await server.createDatabase({ name }))
    assert.equal(error.code, 'INVALID_OPTIONS')
    assert.equal(error.details.option, 'name')
  })
}

test('a name left over from a killed process with our number is passed over and left alone', async () => {
  const server = await starting
  const first = await server.createDatabase()
  const number = Number(first.name.split('_').at(-1))
  const leftOver = await server.createDatabase({ name: `schemaway_${process.pid}_${number + 3}` })
  const names: string[] = []
  for (let count = 0; count < 3; count++) names.push((await server.createDatabase()).name)
  assert.equal(new Set([...names, leftOver.name, first.name]).size, 5)
  assert.ok((await listDatabases()).includes(leftOver.name))
})

test('sessions that others left open, also inside a transaction, do not hinder the drop', async (t) => {
  const database = await (await starting).createDatabase()
  const strangers = Array.from({ length: 3 }, () => openPool(t, database.url))
  await Promise.all(strangers.map(async (sql) => await sql`SELECT 1`))
  const [idle] = strangers
  assert.ok(idle !== undefined)
  const reserved = await idle.reserve()
  await reserved`BEGIN`
  await reserved`CREATE TABLE t ()`
  await database.drop()
  assert.ok(!(await listDatabases()).includes(database.name))
})

test('a connection that the test reserved and forgot does not hinder the drop', async () => {
  const database = await (await starting).createDatabase()
  const reserved = await database.sql.reserve()
  await reserved`BEGIN`
  await database.drop()
  assert.ok(!(await listDatabases()).includes(database.name))
})

test('drop() may be called twice, after the test ended the pool, and after it dropped the database itself', async () => {
  const server = await starting
  const database = await server.createDatabase()
  await database.sql`SELECT 1`
  await database.sql.end()
  await runAsSuperuser(`DROP DATABASE ${database.name}`)
  await database.drop()
  await database.drop()
  await database[Symbol.asyncDispose]()
})

test('the pool is silent about notices', async (t) => {
  const log = t.mock.method(console, 'log', () => {})
  const database = await (await starting).createDatabase()
  await database.sql`DROP TABLE IF EXISTS nothing`
  await database.drop()
  assert.equal(log.mock.callCount(), 0)
})

test('a login that may not create databases is told how it could', async () => {
  const server = await startPostgres({ url: await loginAs('visitor', '') })
  const error = await catchError(async () => await server.createDatabase())
  assert.equal(error.code, 'MISSING_PRIVILEGE')
  assert.equal(error.details.sqlState, '42501')
  assert.match(error.message, /ALTER ROLE .* CREATEDB/)
  assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /secret/)
  await server.stop()
})

test('CREATEDB is all that a login needs, for dropping too', async (t) => {
  const server = await startPostgres({ url: await loginAs('creator', 'CREATEDB') })
  const database = await server.createDatabase()
  const [row] = await database.sql`SELECT current_user AS login`
  assert.deepEqual({ ...row }, { login: 'creator' })
  await openPool(t, database.url)`SELECT 1`
  await database.drop()
  assert.ok(!(await listDatabases()).includes(database.name))
  await server.stop()
})

test('a server that takes care of its data serves as well', async () => {
  const durable = await startPostgres({ settings: { fsync: 'on' } })
  const server = await startPostgres({ url: durable.url })
  const database = await server.createDatabase()
  assert.equal((await database.sql`SELECT 1`).length, 1)
  await server.stop()
  await durable.stop()
})

test('a stopped server creates nothing, and its databases count as dropped', async () => {
  const server = await startPostgres({ settings: {} })
  const database = await server.createDatabase()
  await database.sql`SELECT 1`
  await server.stop()
  await database.drop()
  const error = await catchError(async () => await server.createDatabase())
  assert.equal(error.code, 'CONNECTION_FAILED')
  assert.match(error.message, /stopped/)
})
