import assert from 'node:assert/strict'
import test from 'node:test'
import { readIndexWork } from '../../lib/scripts/concurrent-index.js'
import { scanStatements } from '../../lib/scripts/scanner.js'

function read(text: string) {
  const [statement] = scanStatements(text).statements
  return statement === undefined ? null : readIndexWork(text, statement)
}

const created: readonly [text: string, index: string | null, table: string][] = [
  ['CREATE INDEX CONCURRENTLY i ON a (id)', 'i', 'a'],
  ['create unique index concurrently My_Index on only S."T.x" using btree (id)', 'My_Index', 'S."T.x"'],
  ['CREATE INDEX CONCURRENTLY IF NOT EXISTS "On" ON "on" (id)', '"On"', '"on"'],
  ['CREATE INDEX CONCURRENTLY ON s . a (id)', null, 's.a'],
  ['CREATE INDEX /* on b */ CONCURRENTLY "a""b" -- on c\n ON a (id)', '"a""b"', 'a'],
  [
    'CREATE INDEX CONCURRENTLY U&"i\\0041" UESCAPE \'!\' ON U&"t!0041\\" UESCAPE \'!\' (id)',
    'U&"i\\0041" UESCAPE \'!\'',
    '"tA\\"',
  ],
  ['CREATE INDEX CONCURRENTLY i ON s.U&"\\0061\\+01F600\\0022\\\\" (id)', 'i', 's."a😀""\\"'],
]
for (const [text, index, table] of created) {
  test(text, () => assert.deepEqual(read(text), { kind: 'create', isUnique: /unique/i.test(text), index, table }))
}

const reindexed: readonly [text: string, object: string, name: string | null][] = [
  ['REINDEX INDEX CONCURRENTLY s.i', 'INDEX', 's.i'],
  ['REINDEX (VERBOSE, CONCURRENTLY) TABLE "T"', 'TABLE', '"T"'],
  ['REINDEX SCHEMA CONCURRENTLY s', 'SCHEMA', 's'],
  ['REINDEX DATABASE CONCURRENTLY', 'DATABASE', null],
]
for (const [text, object, name] of reindexed) {
  test(text, () => assert.deepEqual(read(text), { kind: 'reindex', object, name }))
}

const dropped: readonly [text: string, index: string][] = [
  ['DROP INDEX CONCURRENTLY i', 'i'],
  ['drop index concurrently if exists S."I" cascade', 'S."I"'],
]
for (const [text, index] of dropped) {
  test(text, () => assert.deepEqual(read(text), { kind: 'drop', index }))
}

for (const text of [
  'CREATE INDEX i ON a (id)',
  'DROP INDEX i',
  'REINDEX TABLE a',
  'REINDEX (CONCURRENTLY false) TABLE a',
  'VACUUM a',
]) {
  test(`${text} leaves no invalid index`, () => assert.equal(read(text), null))
}
