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
        `${none}INSERT INTO a VALUES (1); SELECT 1; SELECT set_config('a.b', 'c', false); CALL p(); DO $$ $$; ALTER TYPE t ADD VALUE 'x'; COMMIT PREPARED 'y'`,
      ),
      [
        'wrapped: INSERT INTO a VALUES (1)',
        'wrapped: SELECT 1',
        "session: SELECT set_config('a.b', 'c', false)",
        'none: CALL p()',
        'none: DO $$ $$',
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

  test('never an undo script', () => {
    for (const content of ['DROP INDEX CONCURRENTLY i', `${none}SELECT 1`]) {
      const error = errorOf(() => parseScript({ ...scriptFileOf(content), kind: 'undo' }, new Map()))
      assert.equal(error.code, 'INVALID_SCRIPT')
      assert.match(error.message, /cannot stand in an undo script/)
    }
  })
})
