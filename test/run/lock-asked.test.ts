import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { startPostgres } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const table = 'CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer NOT NULL DEFAULT 0);'
const index = 'CREATE INDEX a_n ON a (n);'
const call = 'SELECT pg_catalog.random();'

test('each transaction asks for the lock in its own message, but for runs that only define tables', async (t) => {
  const server = await startPostgres({ settings: { log_statement: 'all', log_line_prefix: '<%d> ' } })
  t.after(() => server.stop())
  /** How many transactions with a script were committed, and how many of them asked. */
  const count = async (scripts: readonly string[], transaction: 'each' | 'all') => {
    const database = await server.createDatabase()
    const files = scripts.map((text, number) => [`V${number + 1}__a.sql`, text] as const)
    const { directory } = writeScripts(t, Object.fromEntries(files))
    await migrate({ url: database.url, locations: directory, transaction })
    const log = readFileSync(join(server.dataDirectory ?? '', '..', 'log'), 'utf8')
    const name = new URL(database.url).pathname.slice(1)
    const messages = log.split(/\n(?=<)/).filter((line) => line.startsWith(`<${name}> LOG:  statement: BEGIN`))
    const ours = messages.filter((text) => text.includes('schemaway.own'))
    return { all: ours.length, asking: ours.filter((text) => text.includes('pg_try_advisory_lock')).length }
  }
  assert.deepEqual(await count([table, index], 'each'), { all: 2, asking: 0 })
  assert.deepEqual(await count([table, index, call], 'each'), { all: 3, asking: 3 })
  assert.deepEqual(await count([table, 'CREATE INDEX a_n ON a (abs(n));'], 'each'), { all: 2, asking: 2 })
  assert.deepEqual(await count([table, index], 'all'), { all: 1, asking: 0 })
  assert.deepEqual(await count([call, table, index], 'all'), { all: 1, asking: 1 })
})

test('a function that a table definition calls cannot release the lock unnoticed', async (t) => {
  const server = await startPostgres()
  t.after(() => server.stop())
  const database = await server.createDatabase()
  const { directory } = writeScripts(t, {
    'V1__f.sql': "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1 FROM pg_advisory_unlock_all()';",
    'V2__a.sql': 'CREATE TABLE a (id integer); INSERT INTO a VALUES (1);',
    'V3__b.sql': 'ALTER TABLE a ADD COLUMN n integer DEFAULT f();',
    'V4__c.sql': 'CREATE TABLE c (id integer);',
  })
  await migrate({ url: database.url, locations: directory, target: '2' })
  const { details } = await expectError('LOCK_LOST', migrate({ url: database.url, locations: directory }))
  assert.equal(details.script, 'V3__b.sql')
})
