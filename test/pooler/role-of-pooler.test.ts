import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { type MigrateOptions, migrate, rollback } from '../../lib/index.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { writeScripts } from '../support/write-scripts.js'
import { openClient, pooledDatabase } from './pooled-database.js'

const skip = withoutPgBouncer

for (const transaction of ['each', 'all'] as const) {
  for (const lockStrategy of ['transaction', 'table'] as const) {
    test(`every script runs as the role that connect_query sets, and others find it (transaction: '${transaction}', by '${lockStrategy}')`, {
      skip,
    }, async (t) => {
      const role = `of_pooler_${randomUUID().slice(0, 8)}`
      const { pooled, sql } = await pooledDatabase(t, { poolSize: 1, connectQuery: `SET ROLE ${role}` })
      await sql.unsafe(`CREATE ROLE ${role}; GRANT ALL ON SCHEMA public TO ${role}`)
      const ask = openClient(t, pooled)
      const { directory: locations } = writeScripts(t, {
        'V1__a.sql': 'CREATE TABLE a AS SELECT 1 AS one;',
        'V2__b.sql': 'CREATE TABLE b AS SELECT 1 AS one; SET ROLE pg_monitor;',
        'U2__b.sql': 'DROP TABLE b;',
        'V3__c.sql': 'CREATE TABLE c (id int);\nSET SESSION AUTHORIZATION pg_monitor;',
        'U3__c.sql': 'DROP TABLE c;',
        'V4__d.mjs':
          'export async function up({ sql }) { await sql`CREATE TABLE d (id int)` }\nexport async function down({ sql }) { await sql`DROP TABLE d` }\n',
        'R__e.sql': 'CREATE TABLE IF NOT EXISTS e AS SELECT 1 AS one;',
        'afterMigrate.sql': 'CREATE TABLE f AS SELECT 1 AS one;',
      })
      const options: MigrateOptions = { url: pooled, locations, transaction, lockStrategy }
      const expectRole = async (): Promise<void> => {
        assert.deepEqual(await ask('SELECT current_user AS role'), [{ role }])
      }
      assert.equal((await migrate(options)).migrations.length, 5)
      await expectRole()
      const tables = await sql`SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`
      for (const { tablename, tableowner } of tables) assert.deepEqual([tablename, tableowner], [tablename, role])
      assert.equal((await rollback({ ...options, to: '1', allowDataLoss: true })).migrations.length, 3)
      await expectRole()
      await sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    })
  }
}
