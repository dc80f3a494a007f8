import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { MigrateAllReport } from '../../lib/commands/migrate-all-report.js'
import * as library from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { readBlocks, readPage, runBlocks, writeFiles } from './run-guide.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = 'many-databases.md'

test(`the code of ${page} runs, from its first block to its last`, async (t) => {
  const { url, sql } = await testDatabase(t)
  const acme = await testDatabase(t)
  const globex = await testDatabase(t)
  await sql`CREATE TABLE tenants (name text PRIMARY KEY, url text NOT NULL)`
  await sql`INSERT INTO tenants VALUES ('acme', ${acme.url}), ('globex', ${globex.url})`
  // Below the root, so that the programs find postgres.js.
  mkdirSync(join(root, '.tmp'), { recursive: true })
  const directory = mkdtempSync(join(root, '.tmp', 'many-databases-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const blocks = readBlocks(readPage(page))
  writeFiles(blocks, directory)
  const environment = { ACME_URL: acme.url, GLOBEX_URL: globex.url }
  const programs = await runBlocks(blocks, { directory, url, sql, environment, shell: async () => {} })
  assert.equal(programs, 2)
  for (const [database, tenant] of [
    [acme, 'Acme Corp.'],
    [globex, 'Globex'],
  ] as const) {
    const [row] = await database.sql`INSERT INTO invoices VALUES (1) RETURNING tenant`
    assert.equal(row?.['tenant'], tenant)
  }
})

test(`what ${page} names is there: functions, options, links`, () => {
  const text = readPage(page)
  const report = new MigrateAllReport({ results: [], migrated: 0, unchanged: 0, isComplete: true, milliseconds: 0 })
  const functions = [...text.matchAll(/`(\w+)\(/g)].map(([, called = '']) => called)
  assert.deepEqual(
    functions.filter((called) => !(called in library) && !(called in report)),
    [],
  )
  for (const [, path = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g))
    assert.ok(existsSync(join(root, 'docs', path)), path)
})
