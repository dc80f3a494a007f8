import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import * as library from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { readBlocks, readPage, runBlocks, writeFiles } from './run-guide.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = 'security.md'
const logins = ['migrator', 'app', 'readonly'] as const

test(`the code of ${page} runs, and gives each login its rights and no others`, async (t) => {
  const { url, sql, name } = await testDatabase(t)
  // Roles belong to the server, which other tests use too.
  const prefix = `orders${randomUUID().slice(0, 8)}_`
  t.after(async () => {
    const elsewhere = postgres(new URL('/postgres', url).href, { max: 1, onnotice: () => {} })
    for (const login of logins) await elsewhere.unsafe(`DROP ROLE IF EXISTS ${prefix}${login}`)
    await elsewhere.end()
  })
  const urlOf = (login: string): string => {
    const changed = new URL(url)
    changed.username = `${prefix}${login}`
    changed.password = encodeURIComponent('change me')
    return changed.href
  }
  mkdirSync(join(root, '.tmp'), { recursive: true })
  const directory = mkdtempSync(join(root, '.tmp', 'security-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const text = readPage(page).replaceAll('orders_', prefix).replaceAll('DATABASE orders ', `DATABASE ${name} `)
  const blocks = readBlocks(text)
  writeFiles(blocks, directory)
  const environment = { MIGRATOR_URL: urlOf('migrator'), APP_URL: urlOf('app'), READONLY_URL: urlOf('readonly') }
  assert.equal(await runBlocks(blocks, { directory, url, sql, environment, shell: async () => {} }), 3)

  const may: Record<string, readonly string[]> = {
    'SELECT FROM invoices': ['migrator', 'app', 'readonly'],
    'INSERT INTO invoices VALUES (1)': ['migrator', 'app'],
    'DELETE FROM invoices': ['migrator', 'app'],
    'SELECT FROM flyway_schema_history': ['migrator', 'app', 'readonly'],
    'SELECT FROM schemaway_ledger': ['migrator', 'readonly'],
    'UPDATE flyway_schema_history SET checksum = checksum': ['migrator'],
    'UPDATE schemaway_ledger SET undo_text = undo_text': ['migrator'],
    'DELETE FROM schemaway_ledger': ['migrator'],
    'CREATE TABLE more ()': ['migrator'],
    'ALTER TABLE invoices ADD n int': ['migrator'],
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1': ['migrator'],
    'CREATE ROLE another': [],
    'CREATE DATABASE another': [],
    'CREATE SCHEMA another': ['migrator'],
    'SET LOCAL ROLE schemaway_owner': ['migrator'],
    'SET LOCAL ROLE schemaway_app': ['app'],
    'SET LOCAL ROLE schemaway_worker': ['migrator'],
    'SET LOCAL ROLE schemaway_readonly': ['readonly'],
    'SELECT FROM iam.organisations': ['migrator', 'app', 'readonly'],
    'CREATE TABLE iam.more ()': ['migrator'],
  }
  const found: Record<string, string[]> = Object.fromEntries(Object.keys(may).map((statement) => [statement, []]))
  for (const login of logins) {
    const client = postgres(urlOf(login), { max: 1, onnotice: () => {} })
    t.after(async () => await client.end())
    for (const statement of Object.keys(may)) {
      const [begin, end] = statement === 'CREATE DATABASE another' ? ['', ''] : ['BEGIN; ', '; ROLLBACK']
      const code = await client
        .unsafe(`${begin}${statement}${end}`)
        .simple()
        .then(
          () => null,
          (error: postgres.PostgresError) => error.code,
        )
      assert.ok(code === null || code === '42501', `${login}: ${statement}: ${code}`)
      if (code === null) found[statement]?.push(login)
      else await client.unsafe('ROLLBACK')
    }
  }
  assert.deepEqual(found, may)
})

test(`what ${page} names is there: functions, links`, () => {
  const text = readPage(page)
  const functions = [...text.matchAll(/`(\w+)\(/g)].map(([, called = '']) => called)
  assert.deepEqual(
    functions.filter((called) => !(called in library)),
    [],
  )
  for (const [, path = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    assert.ok(existsSync(join(root, 'docs', path)), path)
  }
})
