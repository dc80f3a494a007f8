import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate, rollback } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { writeScripts } from '../support/write-scripts.js'
import { leftoversOf, pooledDatabase, tablesOf, versionsOf } from './pooled-database.js'

const skip = withoutPgBouncer
const first = { 'V1__a.sql': 'CREATE TABLE a (id int);' }

const cases: Readonly<Record<string, { readonly names: readonly string[]; readonly files: Record<string, string> }>> = {
  'a file with CREATE INDEX CONCURRENTLY': {
    names: ['V2__index.sql'],
    files: { 'V2__index.sql': 'CREATE INDEX CONCURRENTLY a_id ON a (id);' },
  },
  'a file that asks to run outside a transaction': {
    names: ['V2__b.sql'],
    files: { 'V2__b.sql': '-- schemaway: transaction=none\nCREATE TABLE b (id int);' },
  },
  'a file whose .conf asks for it': {
    names: ['V2__b.sql'],
    files: { 'V2__b.sql': 'CREATE TABLE b (id int);', 'V2__b.sql.conf': 'executeInTransaction=false' },
  },
  'a program outside a transaction': {
    names: ['V2__b.mjs'],
    files: {
      'V2__b.mjs': "export const transaction = 'none'\nexport async function up({ sql }) { await sql`SELECT 1` }\n",
    },
  },
  'a repeatable outside a transaction': {
    names: ['R__refresh.sql'],
    files: { 'R__refresh.sql': '-- schemaway: transaction=none\nVACUUM a;' },
  },
  'a callback outside a transaction': {
    names: ['afterMigrate.sql'],
    files: { 'afterMigrate.sql': 'VACUUM;' },
  },
  'a callback before the first file': {
    names: ['beforeMigrate.sql'],
    files: { 'beforeMigrate.sql': 'VACUUM;' },
  },
  'several such files, all of which are named': {
    names: ['V2__index.sql', 'V4__index.sql', 'R__refresh.sql'],
    files: {
      'V2__index.sql': 'CREATE INDEX CONCURRENTLY a_id ON a (id);',
      'V3__c.sql': 'CREATE TABLE c (id int);',
      'V4__index.sql': 'CREATE INDEX CONCURRENTLY c_id ON c (id);',
      'R__refresh.sql': 'VACUUM a;',
    },
  },
}

for (const [what, { names, files }] of Object.entries(cases)) {
  test(`behind transaction pooling, before anything runs, migrate() refuses ${what}`, { skip }, async (t) => {
    const { pooled, direct, sql } = await pooledDatabase(t)
    const { directory: locations } = writeScripts(t, { ...first, ...files })
    const areCallbacks = names.every((name) => /^(before|after)/.test(name))
    // Under 'all' a mixed group is refused as such first.
    for (const transaction of areCallbacks ? (['each', 'all'] as const) : (['each'] as const)) {
      const error = await expectError('SERVER_UNSUITABLE', migrate({ url: pooled, locations, transaction }))
      for (const name of names) assert.match(error.message, new RegExp(name.replaceAll('.', '\\.')))
      assert.match(error.message, /pooler/)
      assert.match(error.message, /direct/)
      assert.match(error.message, /lockStrategy/)
      assert.match(error.message, /Nothing was changed/)
      assert.deepEqual(await tablesOf(sql), [])
    }
    assert.deepEqual(await leftoversOf(sql), [])
    // The remedy. Callbacks run again with every migrate().
    await migrate({ url: direct, locations })
    const again = migrate({ url: pooled, locations })
    if (areCallbacks) await expectError('SERVER_UNSUITABLE', again)
    else assert.equal((await again).migrations.length, 0)
  })
}

test('such a file that is applied already is in nobody’s way', { skip }, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t)
  const folder = writeScripts(t, { ...first, 'V2__index.sql': 'CREATE INDEX CONCURRENTLY a_id ON a (id);' })
  const { directory: locations } = folder
  await migrate({ url: direct, locations })
  folder.write({ 'V3__c.sql': 'CREATE TABLE c (id int);', 'U3__c.sql': 'DROP TABLE c;' })
  await migrate({ url: pooled, locations })
  assert.deepEqual(await versionsOf(sql), ['1', '2', '3'])
  await rollback({ url: pooled, locations })
  assert.deepEqual(await versionsOf(sql), ['1', '2'])
})

test('a file that stopped half-way outside a transaction is refused too, and stays as it is', { skip }, async (t) => {
  const { pooled, direct, sql } = await pooledDatabase(t)
  const folder = writeScripts(t, {
    ...first,
    'V2__b.sql': '-- schemaway: transaction=none\nINSERT INTO a VALUES (1);\nINSERT INTO missing VALUES (1);\n',
  })
  const { directory: locations } = folder
  await expectError('STATEMENT_FAILED', migrate({ url: direct, locations }))
  await sql`CREATE TABLE missing (id int)`
  const ledger = await sql`SELECT count(*)::int AS rows FROM schemaway_ledger`
  const error = await expectError('SERVER_UNSUITABLE', migrate({ url: pooled, locations }))
  assert.match(error.message, /V2__b\.sql/)
  assert.deepEqual([...(await sql`SELECT count(*)::int AS rows FROM schemaway_ledger`)], [...ledger])
  assert.equal((await sql`SELECT FROM missing`).length, 0)
  await migrate({ url: direct, locations })
  assert.deepEqual([(await sql`SELECT FROM a`).length, (await sql`SELECT FROM missing`).length], [1, 1])
})
