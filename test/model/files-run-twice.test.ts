import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { testDatabase } from '../../lib/testing/index.js'
import { type BundledFile, downFiles, runFiles, upFiles } from './bundled-files.js'
import { assertSameState, type DatabaseState, readDatabaseState, withExtension } from './database-state.js'
import { modelDatabase, openClient } from './model-database.js'

// Read once, so that all tests speak of the same texts.
const [up, down] = [upFiles(), downFiles()]

test('each file runs twice with the same result, up, down and up again', async (t) => {
  const { url, sql } = await testDatabase(t)
  const client = openClient(t, url)
  const empty = await readDatabaseState(sql)
  const runTwice = async (files: readonly BundledFile[]): Promise<DatabaseState> => {
    for (const file of files) {
      await runFiles(client.sql, [file])
      const once = await readDatabaseState(sql)
      await runFiles(client.sql, [file])
      assertSameState(await readDatabaseState(sql), once, file.name)
    }
    return await readDatabaseState(sql)
  }
  const complete = await runTwice(up)
  assertSameState(await runTwice(down), withExtension(empty, complete))
  await runFiles(client.sql, up)
  assertSameState(await readDatabaseState(sql), complete)
  assertNoWarnings(client.notices)
})

test('all files run twice in one transaction, whatever role the file before has left in force', async (t) => {
  const { url, sql } = await testDatabase(t)
  const client = openClient(t, url)
  const empty = await readDatabaseState(sql)
  const run = async (files: readonly BundledFile[]): Promise<DatabaseState> => {
    await runFiles(client.sql, [{ name: 'all', text: files.map(({ text }) => text).join('\n') }])
    return await readDatabaseState(sql)
  }
  const complete = await run([...up, ...up])
  assertSameState(await run([...down, ...down]), withExtension(empty, complete))
  assertSameState(await run(up), complete)
  assertNoWarnings(client.notices)
})

test('the files make the same, and take it away again, whatever the search_path is', async (t) => {
  const usual = await modelDatabase(t)
  const expected = await readDatabaseState(usual.sql)
  // The last one holds the model itself, in an order that would hide the wanted object behind another.
  for (const path of ['pg_catalog', "''", 'notify, telephony, survey, iam, public']) {
    const { url, sql } = await testDatabase(t)
    const empty = await readDatabaseState(sql)
    const client = openClient(t, url)
    await client.sql.unsafe(`SET search_path = ${path}`)
    await runFiles(client.sql, [...up, ...up])
    assertSameState(await readDatabaseState(sql), expected, path)
    await runFiles(client.sql, [...down, ...down])
    assertSameState(await readDatabaseState(sql), withExtension(empty, expected), path)
  }
})

test('psql runs each file twice, up, down and up again, and makes the same', { skip: reasonToSkip() }, async (t) => {
  assert.equal(callPsql('--version').status, 0, 'there is no psql on the PATH: install postgresql-client')
  const usual = await modelDatabase(t)
  const expected = await readDatabaseState(usual.sql)
  const { url, sql } = await testDatabase(t)
  const empty = await readDatabaseState(sql)
  const directory = mkdtempSync(join(tmpdir(), 'psql-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const runTwice = async (files: readonly BundledFile[]): Promise<DatabaseState> => {
    for (const file of files) {
      runPsql(url, directory, file)
      const once = await readDatabaseState(sql)
      runPsql(url, directory, file)
      assertSameState(await readDatabaseState(sql), once, file.name)
    }
    return await readDatabaseState(sql)
  }
  assertSameState(await runTwice(up), expected)
  assertSameState(await runTwice(down), withExtension(empty, expected))
  for (const file of up) runPsql(url, directory, file)
  assertSameState(await readDatabaseState(sql), expected)
})

function assertNoWarnings(notices: ReturnType<typeof openClient>['notices']): void {
  const warnings = notices.filter(({ severity }) => severity === 'WARNING')
  assert.deepEqual(warnings, [])
}

/** Why psql is not asked; false when it is. */
function reasonToSkip(): string | false {
  if ((process.env['SCHEMAWAY_TEST_PSQL'] ?? '') !== '') return false
  return 'it takes a quarter of a minute and needs psql (postgresql-client): set SCHEMAWAY_TEST_PSQL=required to run it'
}

function runPsql(url: string, directory: string, { name, text }: BundledFile): void {
  const path = join(directory, name)
  writeFileSync(path, text)
  const { status, stderr } = callPsql('-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-d', url, '-f', path)
  const complaints = stderr.split('\n').filter((line) => /\b(WARNING|ERROR|FATAL|error):/.test(line))
  assert.deepEqual([status, complaints], [0, []], `${name}: ${stderr}`)
}

function callPsql(...parameters: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync('psql', parameters, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
}
