import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { clean, defineModule, info, migrate, repair, rollback, validate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { writeScripts } from '../support/write-scripts.js'
import { assertCanaryLives, codeOf, dropSchema, plantCanary } from './canary.js'
import { attacks, hostileText } from './hostile-text.js'

/** A search path cannot name a schema with this name: PostgreSQL reads it as the schema of the login. */
const ofLogin = /^(?:\$user|public)$/

const strategies = ['session', 'transaction', 'table'] as const

const names = fc.record({
  historySchema: hostileText(63, ofLogin),
  table: hostileText(53),
  installedBy: hostileText(100),
  applicationName: hostileText(63),
  baselineDescription: hostileText(150),
  placeholder: hostileText(40),
  value: hostileText(80),
  description: hostileText(60, /[/\0]/),
  lockStrategy: fc.constantFrom(...strategies),
})

type Names = typeof names extends fc.Arbitrary<infer Value> ? Value : never

/** Every attack in every place. */
const examples: [Names][] = attacks.map((text, index) => [
  {
    historySchema: text,
    table: text,
    installedBy: text,
    applicationName: text,
    baselineDescription: text,
    placeholder: text,
    value: text,
    description: text.replaceAll('/', '|'),
    lockStrategy: strategies[index % strategies.length] ?? 'session',
  },
])

test('property: whatever history, tables, files and people are called, only they are touched', async (t) => {
  const { url, sql } = await testDatabase(t)
  await plantCanary(sql)
  let carriedOut = 0
  const property = fc.asyncProperty(names, async (given) => {
    const { historySchema, table, installedBy, applicationName, lockStrategy } = given
    const why = JSON.stringify(given)
    const folder = writeScripts(t, {
      'V1__one.sql': 'CREATE TABLE things (id integer); INSERT INTO things VALUES (1);',
      'U1__one.sql': 'DROP TABLE things;',
    })
    writeFileSync(join(folder.directory, `R__${given.description}.sql`), 'SELECT 1;')
    const looking = { url, locations: folder.directory, historySchema, table, connectRetries: 0 }
    const options = { ...looking, lockStrategy, waitForLock: 30_000 }
    const recording = { ...options, installedBy, applicationName, placeholders: { [given.placeholder]: given.value } }
    try {
      const code = await codeOf(migrate(recording), why)
      await assertCanaryLives(sql, why)
      if (code !== null) {
        assert.ok(
          [
            'INVALID_OPTIONS',
            'STATEMENT_FAILED',
            'MISSING_PRIVILEGE',
            'INVALID_SCRIPT_NAMES',
            'SCHEMA_NOT_EMPTY',
          ].includes(code),
          `${code} ${why}`,
        )
        return
      }
      carriedOut += 1
      const found =
        await sql`SELECT n.nspname AS schema, c.relname AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_(catalog|toast)|information_schema$)' AND c.relname <> 'schemaway_lock' ORDER BY c.relname = 'canary', c.oid`
      assert.deepEqual(
        found
          .map(({ schema, name }) => [schema, name])
          .slice(0, 1)
          .concat(found.slice(-1).map(({ schema, name }) => [schema, name])),
        [
          [historySchema, table],
          ['safe', 'canary'],
        ],
        why,
      )
      assert.ok(
        found.some(({ schema, name }) => schema === historySchema && name === 'things'),
        why,
      )
      const rows = (await info(looking)).migrations.filter(({ installedBy: by }) => by !== null)
      assert.ok(rows.length > 0 && rows.every((row) => row.installedBy === installedBy), why)
      await validate(looking)
      await repair(recording)
      assert.equal(await codeOf(rollback({ ...recording, steps: 1 }), why), 'DATA_LOSS_REFUSED', why)
      await rollback({ ...recording, steps: 1, allowDataLoss: true })
      await migrate(recording)
      await assertCanaryLives(sql, why)
      if (lockStrategy !== 'transaction') await clean({ ...options, cleanDisabled: false })
      await assertCanaryLives(sql, why)
      await dropSchema(sql, historySchema)
      await sql`SELECT format('CREATE SCHEMA %I', ${historySchema}::text) AS made`.then(([row]) =>
        sql.unsafe(String(row?.['made'])),
      )
      const { baselineDescription } = given
      await sql`SELECT format('CREATE TABLE %I.old ()', ${historySchema}::text) AS made`.then(([row]) =>
        sql.unsafe(String(row?.['made'])),
      )
      await migrate({ ...recording, baselineOnMigrate: true, baselineVersion: '1', baselineDescription })
    } finally {
      await assertCanaryLives(sql, why)
      await dropSchema(sql, historySchema)
    }
  })
  await fc.assert(property, { numRuns: examples.length + 6, examples })
  // An attack is worth something only where it gets as far as the server.
  assert.ok(carriedOut > examples.length / 2, `only ${carriedOut} got through`)
})

test('property: a module may own schemas of any name, and only they are touched', async (t) => {
  const { url, sql } = await testDatabase(t)
  await plantCanary(sql)
  const { directory } = writeScripts(t, {
    'V1__one.sql': 'CREATE TABLE things (id integer);',
    'U1__one.sql': 'DROP TABLE things;',
  })
  const property = fc.asyncProperty(hostileText(63, ofLogin), async (schema) => {
    const [row] = await sql`SELECT format('CREATE SCHEMA %I', ${schema}::text) AS made`
    // PostgreSQL keeps some names to itself.
    if (
      await sql.unsafe(String(row?.['made'])).then(
        () => false,
        () => true,
      )
    )
      return
    const modules = [defineModule({ name: 'mine', directory, schemas: [schema] })]
    await migrate({ url, modules })
    const [made] =
      await sql`SELECT n.nspname AS schema FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE relname = 'things'`
    assert.equal(made?.['schema'], schema)
    await rollback({ url, modules, steps: 1 })
    await migrate({ url, modules })
    await clean({ url, modules, cleanDisabled: false })
    await assertCanaryLives(sql, JSON.stringify(schema))
    const left = await sql`SELECT 1 FROM pg_namespace WHERE nspname = ${schema}`
    assert.equal(left.length, 0, `${JSON.stringify(schema)} is cleaned`)
  })
  await fc.assert(property, { numRuns: attacks.length + 4, examples: attacks.map((text) => [text]) })
})

test('property: names of modules, roles and bundled things that need quotes are refused', async () => {
  const directory = '/nowhere'
  const property = fc.asyncProperty(hostileText(63), async (name) => {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      assert.throws(() => defineModule({ name, directory }), { code: 'INVALID_MODULES' })
      for (const role of ['owner', 'app', 'worker', 'readonly']) {
        if (/^_[a-z0-9_]*$/.test(name)) continue
        // Before a connection is made: there is no server at this address.
        const refused = migrate({ url: 'postgres://127.0.0.1:1/x', connectRetries: 0, roles: { [role]: name } })
        await assert.rejects(refused, { code: 'INVALID_OPTIONS' })
      }
    }
  })
  await fc.assert(property, { numRuns: 100, examples: attacks.map((text) => [text]) })
})

test('a NUL, half a character and a name that PostgreSQL would cut off are refused before anything is sent', async () => {
  const url = 'postgres://127.0.0.1:1/x'
  for (const text of ['a\0b', 'a\ud800', '']) {
    for (const option of ['historySchema', 'table', 'installedBy', 'applicationName']) {
      const refused = migrate({ url, connectRetries: 0, [option]: text })
      await assert.rejects(refused, { code: 'INVALID_OPTIONS' }, `${option} ${JSON.stringify(text)}`)
    }
  }
  for (const [option, text] of [
    ['historySchema', 'ü'.repeat(32)],
    ['table', 'ü'.repeat(27)],
  ] as const) {
    await assert.rejects(migrate({ url, connectRetries: 0, [option]: text }), { code: 'INVALID_OPTIONS' })
  }
})
