import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { migrate, rollback } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { runFiles } from './bundled-files.js'
import {
  assertSameState,
  bundledVersions,
  type DatabaseState,
  filesUpTo,
  readDatabaseState,
  withExtension,
} from './database-state.js'
import { openClient } from './model-database.js'

/** What files up to a version make, run by hand in a new database. */
async function stateAt(t: TestContext, version: string): Promise<DatabaseState> {
  const database = await testDatabase(t)
  const { sql } = openClient(t, database.url)
  await runFiles(sql, filesUpTo(version))
  const state = await readDatabaseState(sql)
  await sql.end()
  await database.drop()
  return state
}

test('one step down after the other, the database is what it was when it was migrated that far', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url })
  const complete = await readDatabaseState(sql)
  for (const version of bundledVersions().toReversed()) {
    await rollback({ url, to: version })
    assertSameState(await readDatabaseState(sql), withExtension(await stateAt(t, version), complete), version)
  }
  await rollback({ url, to: 'empty' })
  const untouched = await readDatabaseState((await testDatabase(t)).sql)
  assert.deepEqual([untouched.objects, untouched.catalogue.schemas], [[], []])
  assertSameState(await readDatabaseState(sql), withExtension(untouched, complete))
  await migrate({ url })
  assertSameState(await readDatabaseState(sql), complete)
})

test('from each version, reached in one rollback, the way forward ends in the complete database', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url })
  const complete = await readDatabaseState(sql)
  for (const version of bundledVersions()) {
    await rollback({ url, to: version, transaction: 'all' })
    await migrate({ url })
    assertSameState(await readDatabaseState(sql), complete, version)
  }
})
