import assert from 'node:assert/strict'
import test from 'node:test'
import postgres from 'postgres'
import { info, migrate, migrateAll, SchemawayError } from '../../lib/index.js'
import { startPostgres, testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { assertCanaryLives, plantCanary } from './canary.js'
import { attacks } from './hostile-text.js'

const password = `pass'word"\\ $x$ %41`

for (const [index, attack] of attacks.entries()) {
  // Roles belong to the server, which others use too.
  const name = Buffer.from(`${process.pid}${attack}`).subarray(0, 62).toString().replaceAll('\ufffd', '')
  if (index % 3 !== 0 && !attack.includes('DROP')) continue

  test(`the GRANT for the login ${JSON.stringify(name)} can be run as it stands`, async (t) => {
    const { sql, url } = await testDatabase(t)
    await plantCanary(sql)
    const [made] =
      await sql`SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', ${name}::text, ${password}::text) AS create, format('DROP ROLE %I', ${name}::text) AS drop`
    await sql.unsafe(String(made?.['create']))
    t.after(async () => {
      const elsewhere = postgres(new URL('/postgres', url).href, { max: 1, onnotice: () => {} })
      await elsewhere.unsafe(String(made?.['drop']))
      await elsewhere.end()
    })
    const { hostname, port, pathname } = new URL(url)
    const connection = { host: hostname, port: Number(port), database: pathname.slice(1), user: name, password }
    const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
    const error = await expectError('MISSING_PRIVILEGE', migrate({ connection, locations }))
    const grant = /GRANT USAGE, CREATE ON SCHEMA "public" TO ".*?";(?= or name)/s.exec(error.message)?.[0] ?? ''
    assert.notEqual(grant, '', error.message)
    await sql.unsafe(grant)
    assert.equal((await migrate({ connection, locations })).currentVersion, '1')
    const [row] = await sql`SELECT installed_by FROM flyway_schema_history`
    assert.equal(row?.['installed_by'], name)
    const [entry] = await sql`SELECT login FROM schemaway_ledger`
    assert.equal(entry?.['login'], name)
    await assertCanaryLives(sql, name)
  })
}

test('databases of any name are migrated, alone and among many', async (t) => {
  const server = await startPostgres()
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a ();' })
  t.after(async () => await server.stop())
  const { hostname, port, username, password: secret } = new URL(server.url)
  const targets = []
  for (const attack of attacks) {
    const database = await server.createDatabase({ name: attack })
    t.after(async () => await database.drop())
    await plantCanary(database.sql)
    const connection = { host: hostname, port: Number(port), database: attack, user: username, password: secret }
    targets.push({ name: attack, connection })
    await migrate({ connection, locations })
    assert.equal((await info({ connection, locations })).currentVersion, '1')
    await assertCanaryLives(database.sql, attack)
    // Percent signs and slashes of the name are escaped in the URL.
    assert.equal((await migrate({ url: database.url, locations })).run, null)
  }
  const report = await migrateAll(targets, { locations })
  assert.equal(report.unchanged, attacks.length)
  const missing = await migrate({
    url: new URL(`/${encodeURIComponent(`no ${attacks[0]}`)}`, server.url),
    locations,
  }).catch((error: unknown) => error)
  assert.ok(missing instanceof SchemawayError)
  assert.match(missing.message, /CREATE DATABASE "no '; DROP TABLE safe\.canary; --"/)
})
