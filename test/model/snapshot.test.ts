import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { describeBundle, snapshotFile, snapshotVersions } from '../../docs/generate/write-snapshots.js'
import { testDatabase } from '../../lib/testing/index.js'
import { readDatabaseState } from './database-state.js'

const remedy =
  'If every line is meant, rewrite the snapshots: npm run generate does so for the versions that are installed, ' +
  '.ci/generate-snapshots for all'

test('there is a snapshot for each supported PostgreSQL', () => {
  const missing = snapshotVersions.filter((version) => !existsSync(snapshotFile(version)))
  assert.deepEqual(missing, [], remedy)
})

test('the complete bundle is what the snapshot for this PostgreSQL has recorded', async (t) => {
  const database = await testDatabase(t)
  const [server] = await database.sql<{ major: number }[]>`
    SELECT current_setting('server_version_num')::int / 10000 AS major`
  const file = snapshotFile(server?.major ?? 0)
  assert.ok(existsSync(file), `${basename(file)} is not recorded; add the version to snapshotVersions. ${remedy}`)
  const [found, recorded] = [await describeBundle(database), readFileSync(file, 'utf8')]
  if (found === recorded) return
  const [lines, recordedLines] = [found.split('\n'), recorded.split('\n')]
  const differences = [
    ...recordedLines.filter((line) => !lines.includes(line)).map((line) => `- ${line}`),
    ...lines.filter((line) => !recordedLines.includes(line)).map((line) => `+ ${line}`),
  ]
  const shown = differences.length === 0 ? ['the order of lines'] : differences.slice(0, 100)
  assert.fail(`the bundle differs from ${basename(file)}:\n${shown.join('\n')}\n${remedy}.`)
})

test('the bundle has no object of a kind that the snapshot would leave out', async (t) => {
  const database = await testDatabase(t)
  await describeBundle(database)
  const { objects } = await readDatabaseState(database.sql)
  const kinds = new Set(
    objects.map((name) => /^(?:default value|table constraint|domain constraint|\w+)/.exec(name)?.[0]),
  )
  const described = [
    ...['default value', 'domain constraint', 'extension', 'function', 'index', 'policy', 'rule', 'schema'],
    ...['table', 'table constraint', 'trigger', 'type', 'view'],
  ]
  assert.deepEqual([...kinds].toSorted(), described)
})
