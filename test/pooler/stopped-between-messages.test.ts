import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { writeScripts } from '../support/write-scripts.js'
import { leftoversOf, openClient, pooledDatabase } from './pooled-database.js'

for (const lockStrategy of ['transaction', 'table'] as const) {
  test(`a script that is stopped between two of its messages leaves nothing to the next client (by '${lockStrategy}')`, {
    skip: withoutPgBouncer,
  }, async (t) => {
    const { pooled, sql } = await pooledDatabase(t, { poolSize: 1 })
    const ask = openClient(t, pooled)
    const { directory: locations } = writeScripts(t, {
      'V1__a.sql':
        "PREPARE left_statement AS SELECT 1;\nSELECT pg_advisory_lock(4711), set_config('client_' || 'encoding', 'LATIN1', false);\n" +
        'CREATE TABLE a (id int);\nCOPY a FROM STDIN;\n1\n\\.\nSELECT 1;\n',
    })
    await expectError('INVALID_SCRIPT', migrate({ url: pooled, locations, lockStrategy }))
    assert.deepEqual(await ask('SELECT name FROM pg_prepared_statements'), [])
    assert.deepEqual(await ask('SHOW client_encoding'), [{ client_encoding: 'UTF8' }])
    assert.deepEqual(await leftoversOf(sql), [])
    if (lockStrategy === 'table') assert.equal((await sql`SELECT FROM schemaway_lock`).length, 0)
  })
}
