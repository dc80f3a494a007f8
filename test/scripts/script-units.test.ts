import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseScript } from '../../lib/scripts/parse-script.js'
import { errorOf, scriptFileOf } from './script-file-of.js'

const none = '-- schemaway: transaction=none\n'

/** Each unit as its kind and the statements in it. */
function unitsOf(content: string, options: { readonly mixed?: boolean } = {}): readonly string[] | null {
  const { units, statements, text } = parseScript(scriptFileOf(content), new Map(), options)
  if (units === null) return null
  return units.map(({ transaction, first, behind }) => {
    const words = statements.slice(first, behind).map(({ start, end }) => text.slice(start, end))
    return `${transaction}: ${words.join(' | ')}`
  })
}

suite('a script is divided into units', () => {
  test('only when it runs outside our transaction', () => {
    assert.equal(unitsOf('SELECT 1; BEGIN_IT;'), null)
    assert.equal(unitsOf('-- schemaway: transaction=default\nSELECT 1'), null)
    assert.deepEqual(unitsOf(`${none}`), [])
  })

  test('because its statements cannot run inside; settings may stand beside them', () => {
    assert.deepEqual(unitsOf('SET lock_timeout = 0; DROP INDEX CONCURRENTLY i; RESET lock_timeout;'), [
      'session: SET lock_timeout = 0',
      'none: DROP INDEX CONCURRENTLY i',
      'session: RESET lock_timeout',
    ])
  })

  test('what can run in a transaction is wrapped, what nobody knows is not', () => {
    assert.deepEqual(
      unitsOf(
        `${none}INSERT INTO a VALUES (1); SELECT 1; SELECT set_config('a.b', 'c', false); CALL p(); DO $$ $$; DO $$ BEGIN COMMIT; END $$; ALTER ROLE r NOLOGIN; ALTER SYSTEM SET a = 1; ALTER TYPE t ADD VALUE 'x'; COMMIT PREPARED 'y'`,
      ),
      [
        'wrapped: INSERT INTO a VALUES (1)',
        'wrapped: SELECT 1',
        "session: SELECT set_config('a.b', 'c', false)",
        'none: CALL p()',
        'wrapped: DO $$ $$',
        'none: DO $$ BEGIN COMMIT; END $$',
        'wrapped: ALTER ROLE r NOLOGIN',
        'none: ALTER SYSTEM SET a = 1',
        "wrapped: ALTER TYPE t ADD VALUE 'x'",
        "none: COMMIT PREPARED 'y'",
      ],
    )
  })

  test('BEGIN and COMMIT of the file stay together', () => {
    assert.deepEqual(unitsOf(`${none}BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; SAVEPOINT s; END; VACUUM a`), [
      'own: BEGIN ISOLATION LEVEL SERIALIZABLE | SELECT 1 | SAVEPOINT s | END',
      'none: VACUUM a',
    ])
  })

  test('mixed for all files', () => {
    assert.deepEqual(unitsOf('SELECT 1; VACUUM', { mixed: true }), ['wrapped: SELECT 1', 'none: VACUUM'])
    assert.equal(unitsOf('SELECT 1; SELECT 2', { mixed: true }), null)
  })

  test('the .conf file decides as the directive does, and may not contradict it', () => {
    const parse = (content: string, executeInTransaction: boolean) =>
      parseScript({ ...scriptFileOf(content), configuration: { executeInTransaction } }, new Map())
    assert.equal(parse('SELECT 1; VACUUM', false).units?.length, 2)
    assert.equal(parse('SELECT 1', true).units, null)
    assert.equal(errorOf(() => parse('SELECT 1;\nVACUUM', true)).details.line, 2)
    const error = errorOf(() => parse(`SELECT 1;`.replace('SELECT', `\n${none}SELECT`), true))
    assert.deepEqual([error.code, error.details.line], ['INVALID_DIRECTIVE', 2])
  })

  test('only a SELECT of nothing but set_config() is a setting; the word in a string or comment is none', () => {
    assert.deepEqual(
      unitsOf(
        `${none}SELECT pg_catalog.set_config('a', 'b', false) AS x, set_config('c', 'd', true);` +
          `WITH x AS (INSERT INTO a VALUES ('set_config(') RETURNING 1) SELECT 1 /* set_config( */ FROM x;` +
          `SELECT "set_config" ('x')`,
      )?.map((unit) => unit.split(':')[0]),
      ['session', 'wrapped', 'wrapped'],
    )
  })

  test('settings are run again behind what is done, those of a BEGIN; ... COMMIT; one by one', () => {
    const text = `${none}SET a.b = 1; BEGIN; SET LOCAL a.c = 1; RESET ROLE; SELECT 1; LOAD 'x'; COMMIT; SELECT 1; SET LOCAL a.d = 1`
    const { units } = parseScript(scriptFileOf(text), new Map())
    assert.deepEqual(
      units?.map(({ transaction, replayed }) => [transaction, replayed]),
      [
        ['session', [0]],
        ['own', [3, 5]],
        ['wrapped', []],
        ['none', []],
      ],
    )
  })

  for (const [statement, reason] of [
    ['CREATE TEMP TABLE t (id integer)', /temporary object/],
    ['CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1', /temporary object/],
    ['CREATE LOCAL TEMPORARY SEQUENCE s', /temporary object/],
    ['CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$', /temporary object/],
    ['SELECT a, b, c, d, e, f, g, h, i, j, k INTO TEMP TABLE t FROM x', /temporary object/],
    ['WITH x AS (SELECT 1) SELECT * INTO temporary t FROM x', /temporary object/],
    ['PREPARE p AS SELECT 1', /prepared statement/],
    ['BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT', /cursor WITH HOLD/],
    ['BEGIN; CREATE TEMP TABLE t (id integer); COMMIT', /temporary object/],
    ['BEGIN; SAVEPOINT s; SET a.b = 1; ROLLBACK TO s; COMMIT', /take back a setting/],
    ['DISCARD ALL', /releases the lock/],
    [`WITH x AS (INSERT INTO a VALUES (1)) SELECT set_config('a.b', 'c', false)`, /among other work/],
    [`SELECT set_config('a.b', current_setting('c'), false)`, /among other work/],
  ] as const) {
    test(`a session would have to remember it: ${statement}`, () => {
      const error = errorOf(() => unitsOf(`${none}SELECT 1;\n  ${statement}`))
      assert.deepEqual([error.code, error.details.line], ['INVALID_SCRIPT', 3])
      assert.match(error.message, reason)
    })
  }

  for (const statement of [
    'INSERT INTO temp VALUES (1)',
    'SELECT * INTO temp FROM x',
    'BEGIN; CREATE TEMP TABLE t (id integer) ON COMMIT DROP; DECLARE c CURSOR FOR SELECT 1; COMMIT',
    'CREATE TABLE a AS SELECT * FROM pg_temp.t',
    "INSERT INTO a SELECT 'INTO TEMP t'",
  ]) {
    test(`a session need not remember it: ${statement}`, () => {
      assert.equal(unitsOf(`${none}${statement}`)?.length, 1)
    })
  }

  test('never an undo script', () => {
    for (const content of ['DROP INDEX CONCURRENTLY i', `${none}SELECT 1`]) {
      const error = errorOf(() => parseScript({ ...scriptFileOf(content), kind: 'undo' }, new Map()))
      assert.equal(error.code, 'INVALID_SCRIPT')
      assert.match(error.message, /cannot stand in an undo script/)
    }
  })
})
