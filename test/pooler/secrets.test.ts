import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate, repair, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { password, SecretScan, value } from '../security/secret-scan.js'
import { startPgBouncer, withoutPgBouncer } from '../support/start-pgbouncer.js'
import { writeScripts } from '../support/write-scripts.js'
import { pooledDatabase } from './pooled-database.js'

const skip = withoutPgBouncer

/** PgBouncer lets everybody in, and logs in at the server with what it knows itself. */
function withPassword(through: string): URL {
  const url = new URL(through)
  url.password = encodeURIComponent(password)
  return url
}

test('what a pooler refuses does not name the password', { skip }, async (t) => {
  const scan = new SecretScan()
  const { url } = await testDatabase(t)
  const pooler = await startPgBouncer(t, { server: url, poolMode: 'statement' })
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const through = withPassword(pooler.through(url))
  const options = { url: through.href, locations, connectRetries: 0, ...scan.listeners }
  await scan.watchFailure('statement pooling', 'SERVER_UNSUITABLE', async () => await migrate(options))
  through.searchParams.set('options', '-c work_mem=7MB')
  assert.notEqual(await scan.watch('a setting', async () => await migrate({ ...options, url: through.href })), null)
  scan.assertNever(password)
})

test('what fails through a pooler names neither the password nor a value of a placeholder', { skip }, async (t) => {
  const scan = new SecretScan()
  const { pooled, sql, pooler } = await pooledDatabase(t)
  const folder = writeScripts(t, {
    'V1__a.sql': "CREATE TABLE a (t text UNIQUE);\nINSERT INTO a VALUES ('${secret}');",
    'U1__a.sql': "SELECT '${secret}'::integer;",
  })
  const options = {
    url: withPassword(pooled).href,
    locations: folder.directory,
    placeholders: { secret: value },
    connectRetries: 0,
    ...scan.listeners,
  }
  assert.equal(await scan.watch('migrate()', async () => await migrate(options)), null)
  const { placeholders, ...others } = options
  await scan.watchFailure('an undo', 'STATEMENT_FAILED', async () => await rollback({ ...others, placeholders }))
  const failing: readonly (readonly [string, string])[] = [
    ['STATEMENT_FAILED', "INSERT INTO a VALUES ('${secret}');"],
    ['STATEMENT_FAILED', "SET search_path TO other; SELECT '${secret}'::integer;"],
    ['SERVER_UNSUITABLE', '-- schemaway: transaction=none\nCREATE INDEX CONCURRENTLY "${secret}" ON a (t);'],
    ['CONNECTION_LOST', "SELECT '${secret}', pg_terminate_backend(pg_backend_pid());"],
  ]
  for (const [code, text] of failing) {
    folder.write({ 'V2__bad.sql': text })
    await scan.watchFailure(text, code, async () => await migrate(options))
  }
  folder.remove('V2__bad.sql')
  await scan.watch('repair()', async () => await repair({ url: options.url, locations: folder.directory }))
  await pooler.stop()
  folder.write({ 'V2__more.sql': 'SELECT 1;' })
  await scan.watchFailure('no pooler', 'CONNECTION_FAILED', async () => await migrate(options))
  await scan.readTables(sql)
  scan.assertNever(password)
  scan.assertNever(value)
})
