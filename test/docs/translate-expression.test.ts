import assert from 'node:assert/strict'
import test from 'node:test'
import { translateDefault } from '../../docs/generate/translate-default.js'
import { translateExpression } from '../../docs/generate/translate-expression.js'
import { translatePattern } from '../../docs/generate/translate-pattern.js'

const columns: Readonly<
  Record<string, { readonly type: string; readonly comparison: 'number' | 'equality' | 'ordered' }>
> = {
  a: { type: 'integer', comparison: 'number' },
  b: { type: 'integer', comparison: 'number' },
  t: { type: 'text', comparison: 'equality' },
  at: { type: 'timestamp with time zone', comparison: 'ordered' },
}
const translate = (source: string): string => translateExpression(source, (name) => columns[name] ?? null).code

test('expressions keep their meaning: precedence, lists, CASE, null tests', () => {
  const expected = {
    '((a >= 1) AND (a <= 9))': "and(atLeast(row['a'], 1), atMost(row['a'], 9))",
    '(NOT ((a = 1) OR (b IS NOT NULL)))': "not(or(equal(row['a'], 1), isNotNull(row['b'])))",
    "(t = ANY (ARRAY['x'::text, 'it''s'::text]))": "isOneOf(row['t'], ['x', 'it\\'s'])",
    '\nCASE\n WHEN (a = 1) THEN (b IS NULL)\n ELSE (a < b)\nEND':
      "choose(equal(row['a'], 1), isNull(row['b']), lessThan(row['a'], row['b']))",
    '(("a" IS NULL) = (b IS NULL))': "equal(isNull(row['a']), isNull(row['b']))",
    "(a = '-1'::integer)": "equal(row['a'], -1)",
    "(t ~ '^https?://'::text)": "matches(row['t'], /^https?:\\/\\//u)",
  }
  for (const [source, code] of Object.entries(expected)) assert.equal(translate(source), code)
})

test('a literal beside a time, a column that is not there and what follows an expression are refused', () => {
  assert.throws(() => translate("(at > '2026-01-01 00:00:00+00'::timestamp with time zone)"), /cannot be compared/)
  assert.throws(() => translate('(c > 1)'), /there is no column c/)
  assert.throws(() => translate('(a > 1) b'), /shape that the generator does not know/)
  assert.throws(() => translate('(a = t)'), /cannot be compared/)
})

test('patterns keep their meaning or are refused', () => {
  assert.equal(translatePattern('^[^@[:space:]]+$'), '^[^@\\t\\n\\v\\f\\r ]+$')
  assert.ok(!new RegExp(translatePattern('^a$'), 'u').test('a\n'))
  for (const pattern of ['\\w', 'a.b', '(?i)a', '[[:alpha:]]', 'a^b', 'a$b', '(?=a)', '[a\\]]']) {
    assert.throws(() => translatePattern(pattern), /The pattern/, pattern)
  }
})

test('defaults are translated as far as they are known', () => {
  assert.equal(translateDefault("'pending'::survey.contact_state", 'ContactState'), "'pending'")
  assert.equal(translateDefault('0', 'number'), '0')
  assert.equal(translateDefault('false', 'boolean'), 'false')
  assert.equal(translateDefault('now()', 'Date'), 'new Date()')
  assert.equal(translateDefault("(now() + '7 days'::interval)", 'Date'), null)
  assert.equal(translateDefault('iam.uuid_v7()', 'string'), null)
})
