import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isNonTransactional } from '../../lib/scripts/non-transactional.js'
import { scanStatements } from '../../lib/scripts/scanner.js'

function judge(text: string): boolean {
  const [statement] = scanStatements(text).statements
  return statement === undefined ? assert.fail('no statement') : isNonTransactional(statement)
}

suite('isNonTransactional, each verdict measured on PostgreSQL 15 and 18', () => {
  const refusedByServer = [
    'create index concurrently i on t (a)',
    'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t (a)',
    'CREATE /* now */ INDEX -- slowly\n CONCURRENTLY ON t (a)',
    'DROP INDEX CONCURRENTLY IF EXISTS s.i',
    'REINDEX TABLE CONCURRENTLY t',
    'REINDEX INDEX CONCURRENTLY s.i',
    'REINDEX (CONCURRENTLY) TABLE t',
    'REINDEX (VERBOSE, CONCURRENTLY TRUE) TABLE t',
    'REINDEX SCHEMA public',
    'REINDEX (VERBOSE) DATABASE CONCURRENTLY d',
    'REINDEX SYSTEM d',
    'VACUUM',
    'VACUUM (FULL, ANALYZE) t',
    'VACUUM FULL "t"',
    'CLUSTER',
    'CLUSTER VERBOSE',
    'CLUSTER (VERBOSE)',
    'CREATE DATABASE "d" TEMPLATE template0',
    'DROP DATABASE IF EXISTS d',
    "CREATE TABLESPACE x LOCATION '/x'",
    'DROP TABLESPACE x',
    "ALTER SYSTEM SET work_mem = '4MB'",
    'ALTER DATABASE d SET TABLESPACE x',
    'ALTER DATABASE "d" SET TABLESPACE x',
    'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY',
    'ALTER TABLE IF EXISTS ONLY s.p DETACH PARTITION s.p1 CONCURRENTLY',
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
    'DROP SUBSCRIPTION s',
    "COMMIT PREPARED 'x'",
    "ROLLBACK PREPARED 'x'",
    'DISCARD ALL',
  ]
  for (const text of refusedByServer) test(`true: ${text}`, () => assert.ok(judge(text)))

  const allowedByServer = [
    'CREATE INDEX i ON t (a)',
    'CREATE INDEX "CONCURRENTLY" ON t (a)',
    'DROP INDEX i',
    'REINDEX TABLE t',
    'REINDEX (VERBOSE, CONCURRENTLY FALSE) TABLE t',
    'REINDEX (CONCURRENTLY OFF) INDEX i',
    'CLUSTER t USING i',
    'CLUSTER "t"',
    'CLUSTER s.t',
    'CLUSTER t2',
    'CLUSTER (VERBOSE) t2',
    'CLUSTER VERBOSE "t"',
    "ALTER DATABASE d SET work_mem = '4MB'",
    'ALTER TABLE p DETACH PARTITION p1',
    'ALTER TABLE p DETACH PARTITION p1 FINALIZE',
    'REFRESH MATERIALIZED VIEW CONCURRENTLY v',
    "ALTER TYPE e ADD VALUE 'z'",
    'ANALYZE t',
    'DISCARD PLANS',
    "COMMENT ON INDEX i IS 'CREATE INDEX CONCURRENTLY'",
    "DO $$ BEGIN EXECUTE 'VACUUM'; END $$",
    'CREATE TABLE vacuum_log (vacuum text)',
    "PREPARE TRANSACTION 'x'",
  ]
  for (const text of allowedByServer) test(`false: ${text}`, () => assert.ok(!judge(text)))

  test('errs on the safe side: subscriptions count whatever their options', () => {
    assert.ok(judge("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)"))
  })
})
