// Alone in its process: it starts servers of its own.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { wholeOptionTable } from '../../lib/config/whole-option-table.js'
import { errorCodes } from '../../lib/errors/error-codes.js'
import * as library from '../../lib/index.js'
import { openSession } from '../../lib/run/session.js'
import type { TestServer } from '../../lib/testing/index.js'
import { closedPort } from '../run/fake-server.js'
import { certificateFile, privateServer, targetOf } from '../run/private-server.js'
import { startReplicatedServers, withoutBinaries } from '../run/replicated-servers.js'
import { readBlocks, readPage, runBlocks, writeFiles } from './run-guide.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readPage('connecting.md')
const skip = withoutBinaries

/** Below the root, so that programs find what they import. */
function directoryOf(t: TestContext): string {
  mkdirSync(join(root, '.tmp'), { recursive: true })
  const directory = mkdtempSync(join(root, '.tmp', 'connecting-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The blocks of a section of the page, whose hosts, files and names are those of the test. */
function blocksOf(section: string, replacements: Readonly<Record<string, string>>) {
  const text = page.split(/^## /m).find((one) => one.startsWith(`${section}\n`))
  assert.ok(text !== undefined, section)
  return readBlocks(Object.entries(replacements).reduce((now, [from, to]) => now.replaceAll(from, to), text))
}

test('the hosts of a list are tried as the page says, and a standby before and after its promotion', {
  skip,
}, async (t) => {
  const servers = await startReplicatedServers(t)
  const { primary, standby } = servers
  const { name } = await primary.createDatabase()
  const directory = directoryOf(t)
  writeFiles(readBlocks(page), directory)
  mkdirSync(join(directory, 'db/next'))
  writeFileSync(join(directory, 'db/next/V2__next.sql'), 'CREATE TABLE next (id int);')
  const replacements = {
    'db0.internal:5432': `127.0.0.1:${await closedPort()}`,
    'db1.internal:5432': new URL(standby.url).host,
    'db2.internal:5432': new URL(primary.url).host,
    orders_login: 'postgres',
    '/orders': `/${name}`,
  }
  const password = decodeURIComponent(new URL(primary.url).password)
  const site = {
    directory,
    url: primary.url,
    sql: servers.open(primary),
    environment: { PGPASSWORD: password },
    shell: async () => {},
  }
  await servers.catchUp()
  assert.equal(await runBlocks(blocksOf('Several hosts', replacements), site), 2)
  await servers.catchUp()
  assert.equal(await runBlocks(blocksOf('Failover', replacements), site), 1)

  const locations = ['db/migration', 'db/next'].map((folder) => join(directory, folder))
  await servers.failOver()
  const { server, migrations } = await library.migrate({
    url: servers.urlOf(name, [primary, standby]),
    locations,
    connectRetries: 30,
  })
  assert.equal(server, `${new URL(standby.url).host}/${name}`)
  assert.deepEqual(
    migrations.map(({ script }) => script),
    ['V2__next.sql'],
  )
})

test('TLS by the name of the certificate, and a Unix socket with a password from a file', async (t) => {
  const place = await privateServer(t, 'tls')
  if (place === null) return
  const { server, port, password } = place
  const directory = directoryOf(t)
  writeFiles(readBlocks(page), directory)
  const { name, sql, url } = await databaseOf(t, server)
  const token = join(directory, 'token')
  const replacements = {
    '/etc/ssl/orders-authority.crt': certificateFile('authority.crt'),
    '/var/run/postgresql': server.socketDirectory ?? '',
    '/run/secrets/orders-token': token,
    'localhost:5432': `localhost:${port}`,
    'port: 5432': `port: ${port}`,
    "'orders'": `'${name}'`,
    '/orders?': `/${name}?`,
    tls_login: 'postgres',
    orders_login: 'postgres',
  }
  const site = { directory, url, sql, environment: { PGPASSWORD: password }, shell: async () => {} }
  assert.equal(await runBlocks(blocksOf('TLS', replacements), site), 1)
  if (server.socketDirectory === null) return
  writeFileSync(token, `${password}\n`)
  assert.equal(await runBlocks(blocksOf('Passwords', replacements), site), 1)

  const host = encodeURIComponent(server.socketDirectory)
  for (const place of [
    `postgres://postgres@${host}:${port}/${name}?`,
    `postgres://postgres@/${name}?host=${host}&port=${port}&`,
  ]) {
    const session = await openSession(
      targetOf(`${place}sslmode=verify-full&sslrootcert=${certificateFile('authority.crt')}`),
    )
    assert.deepEqual(await session.query('SELECT inet_client_addr() AS address'), [{ address: null }])
    await session.close()
  }
})

/** A database of the test's own, with somebody who looks at it. */
async function databaseOf(t: TestContext, server: TestServer) {
  const { name, url, drop } = await server.createDatabase()
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  t.after(async () => {
    await sql.end()
    await drop()
  })
  return { name, url, sql }
}

const authority = `&sslrootcert=${certificateFile('authority.crt')}`
/** Which server each column of the table of `sslmode` tells of, and which authority is trusted. */
const columns = [
  { kind: 'plain', host: 'localhost', trusted: authority },
  { kind: 'tls', host: 'localhost', trusted: `&sslrootcert=${certificateFile('another-authority.crt')}` },
  { kind: 'tls', host: '127.0.0.1', trusted: authority },
  { kind: 'expired', host: 'localhost', trusted: `&sslrootcert=${certificateFile('expired-authority.crt')}` },
] as const

test('what comes of each sslmode is what the table says', async (t) => {
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$/gm)]
  assert.deepEqual(
    rows.map(([, mode]) => mode),
    ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
  )
  for (const [index, { kind, host, trusted }] of columns.entries()) {
    const place = await privateServer(t, kind)
    if (place === null) return
    for (const [, mode = '', ...told] of rows) {
      const parameters = `sslmode=${mode}${mode.startsWith('verify') ? trusted : ''}`
      const url: string = `postgres://postgres:${place.password}@${host}:${place.port}/postgres?${parameters}`
      assert.equal(await comesOf(url), told[index], `${mode}, ${kind}, ${host}`)
    }
  }
})

async function comesOf(url: string): Promise<string> {
  try {
    const session = await openSession(targetOf(url))
    const [row] = await session.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    await session.close()
    return row?.ssl === true ? 'encrypted' : 'plain'
  } catch (error) {
    assert.ok(error instanceof library.SchemawayError && error.code === 'CONNECTION_FAILED', String(error))
    assert.match(error.message, /TLS/)
    return 'refused'
  }
}

test('each variable of the environment that the page names counts, and it names all', () => {
  const section = page.split('\n## Environment\n')[1]?.split('\n## ')[0] ?? ''
  const [list = ''] = /^`PGHOST`, `PGPORT`, [\s\S]*?\.$/m.exec(section) ?? []
  const named = [...list.matchAll(/`(PG[A-Z]+)`/g)].map(([, name = '']) => name)
  const source = readFileSync(join(root, 'lib/run/connection-target.ts'), 'utf8')
  const known = [...source.matchAll(/'(PG[A-Z]+)'/g)].map(([, name = '']) => name)
  assert.deepEqual(named.toSorted(), known.toSorted())
  const values: Readonly<Record<string, string>> = {
    PGHOST: 'a,b',
    PGPORT: '1,2',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: certificateFile('authority.crt'),
    PGSSLCERT: certificateFile('server.crt'),
    PGSSLKEY: certificateFile('client.key'),
    PGCONNECT_TIMEOUT: '3',
    PGTARGETSESSIONATTRS: 'primary',
  }
  const usual = {
    PGHOST: 'h,i',
    PGSSLCERT: certificateFile('client.crt'),
    PGSSLKEY: certificateFile('client-encrypted.key'),
  }
  for (const name of named) {
    const before = JSON.stringify(targetOf('postgres://', usual))
    assert.notEqual(
      JSON.stringify(targetOf('postgres://', { ...usual, [name]: values[name] ?? 'other' })),
      before,
      name,
    )
  }
})

test('what the page names is there: codes, options, functions, files, links', () => {
  const codes = [...page.matchAll(/`([A-Z]+_[A-Z_]+)`/g)]
    .map(([, code]) => code)
    .filter((code) => !code?.startsWith('PG'))
  assert.deepEqual(
    codes.filter((code) => !errorCodes.some((one) => one === code)),
    [],
  )
  const functions = [...page.matchAll(/`(\w+)\(\)`/g)].map(([, called = '']) => called)
  assert.deepEqual(
    functions.filter((called) => !(called in library)),
    [],
  )
  assert.equal(wholeOptionTable.connectTimeout.default, 10_000)
  assert.equal(wholeOptionTable.connectRetries.default, 5)
  for (const [, path = ''] of page.matchAll(/`(test\/[\w/.-]+)`/g)) assert.ok(existsSync(join(root, path)), path)
  for (const [, path = ''] of page.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    assert.ok(existsSync(join(root, 'docs', path)), path)
  }
})
