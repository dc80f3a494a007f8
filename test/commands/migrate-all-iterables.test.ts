import assert from 'node:assert/strict'
import test from 'node:test'
import { type MigrationTarget, migrateAll } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

test('with stopOnFailure nobody waits any more for an iterable that does not answer', {
  timeout: 60_000,
}, async (t) => {
  const { url } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1 / 0;' })
  async function* targets(): AsyncGenerator<MigrationTarget> {
    yield { name: 'one', url }
    await new Promise(() => {})
  }
  const report = await migrateAll(targets(), { locations, stopOnFailure: true, concurrency: 2 })
  assert.deepEqual([report.resume, report.isComplete], [['one'], false])
})

test('an iterable that fails before its first target is told with a code', async (t) => {
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const targets: Iterable<MigrationTarget> = {
    [Symbol.iterator]: () => {
      throw new Error('the tenants cannot be listed')
    },
  }
  const error = await expectError('TARGETS_FAILED', migrateAll(targets, { locations }))
  assert.match(error.message, /the tenants cannot be listed/)
})

test('a URL with its password is no name, whether in a list or in another iterable', async (t) => {
  const { directory: locations } = writeScripts(t, { 'V1__a.sql': 'SELECT 1;' })
  const url = 'postgres://u:hunter2-secret@127.0.0.1:1/d'
  const error = await expectError('INVALID_OPTIONS', migrateAll([{ name: url, url }], { locations }))
  const report = await migrateAll(new Set([{ name: url, url }]), { locations })
  assert.deepEqual(report.resume, ['target 1'])
  assert.doesNotMatch(JSON.stringify([report, error]) + error.message, /hunter2/)
})
