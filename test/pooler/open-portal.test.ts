import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { writeScripts } from '../support/write-scripts.js'
import { leftoversOf, pooledDatabase } from './pooled-database.js'

test('behind transaction pooling, queries with parameters leave no snapshot while JavaScript works, and nothing to the next client', {
  skip: withoutPgBouncer,
}, async (t) => {
  const { pooled, sql } = await pooledDatabase(t, { poolSize: 1 })
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int); INSERT INTO a VALUES (1);',
    'V2__b.mjs': `export async function up({ sql, progress }) {
      const rows = await sql\`INSERT INTO a SELECT id + \${1} FROM a RETURNING id\`
      progress({ done: rows[0].id })
      await sql\`SELECT \${'x'}::text\`
    }\n`,
  })
  const found: unknown[] = []
  const look = async (): Promise<void> => {
    const rows = await sql`
      SELECT state, backend_xmin FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`
    found.push(...rows.map(({ state, backend_xmin: snapshot }) => [state, snapshot]))
  }
  const hooks = {
    afterEachMigrate: async ({
      sql: query,
    }: {
      sql: (text: TemplateStringsArray, ...values: number[]) => PromiseLike<unknown>
    }) => {
      await query`SELECT id FROM a WHERE id > ${0}`
      await look()
    },
  }
  await migrate({ url: pooled, locations, hooks })
  assert.deepEqual(found, [
    ['idle in transaction', null],
    ['idle in transaction', null],
  ])
  assert.deepEqual(
    (await sql`SELECT id FROM a ORDER BY id`).map(({ id }) => id),
    [1, 2],
  )
  assert.deepEqual(await leftoversOf(sql), [])
})
