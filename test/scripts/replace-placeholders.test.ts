import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { replacePlaceholders } from '../../lib/scripts/replace-placeholders.js'
import { errorOf, where } from './script-file-of.js'

const values = new Map([
  ['role_owner', 'schemaway_owner'],
  ['empty', ''],
  ['lines', 'one\ntwo'],
  ['flyway:defaultschema', 'app'],
  ['nested', '${role_owner}'],
  ['two words', 'x y'],
])

function replace(text: string): string {
  return replacePlaceholders(text, values, where).text
}

test('another separator stands for the colon in built-in names, and the colon for nothing any more', () => {
  const marks = { prefix: '${', suffix: '}', separator: '_' }
  const text = 'SELECT ${flyway_defaultSchema}, ${role_owner}, $${flyway_defaultSchema}'
  const replaced = replacePlaceholders(text, values, where, marks)
  assert.equal(replaced.text, 'SELECT app, schemaway_owner, ${flyway_defaultSchema}')
  assert.deepEqual(replaced.used, ['flyway:defaultschema', 'role_owner'])
  const colon = errorOf(() => replacePlaceholders('${flyway:defaultSchema}', values, where, marks))
  assert.equal(colon.code, 'UNKNOWN_PLACEHOLDER')
  assert.match(colon.message, /Did you mean \$\{flyway_defaultschema\}\?/)
})

suite('replacePlaceholders', () => {
  const cases: readonly [what: string, source: string, text: string][] = [
    ['a text without placeholders', "SELECT '$', $1, '{}', $$x$$;", "SELECT '$', $1, '{}', $$x$$;"],
    ['one placeholder', 'SET ROLE ${role_owner};', 'SET ROLE schemaway_owner;'],
    ['neighbours', '${empty}${role_owner}${empty}', 'schemaway_owner'],
    ['comments and strings, as Flyway does', "-- ${empty}\n'${role_owner}'", "-- \n'schemaway_owner'"],
    ['any case', '${Role_OWNER}', 'schemaway_owner'],
    ["Flyway's built-in names", '${flyway:defaultSchema}', 'app'],
    ['names with spaces inside', '${two words}', 'x y'],
    ['a value that looks like a placeholder, which stays', '${nested}', '${role_owner}'],
    ['the escape', '`$${name}`', '`${name}`'],
    ['the escape before nothing', 'a $${', 'a ${'],
    ['a dollar before the escape', '$$${name}', '$${name}'],
    ['a dollar quote before a space', '$$ {"a": 1}$$', '$$ {"a": 1}$$'],
    ['a placeholder behind the escape', '$${${role_owner}', '${schemaway_owner'],
    ['the escape behind a placeholder', '${empty}$${x}', '${x}'],
    ['a dollar behind a placeholder', '${empty}${role_owner}$', 'schemaway_owner$'],
    ['a value that ends in a dollar sign', '${role_owner}{', 'schemaway_owner{'],
  ]
  for (const [what, source, text] of cases) test(`handles ${what}`, () => assert.equal(replace(source), text))

  test('lists the used names once, lower-case, by first use', () => {
    const { used } = replacePlaceholders('${LINES} ${role_owner} ${lines} $${empty}', values, where)
    assert.deepEqual(used, ['lines', 'role_owner'])
  })

  test('names line, column and the nearest known name, and how to pass or escape', () => {
    const error = errorOf(() => replace('SELECT 1;\n  \u{1f680} ${role_ownr}'))
    assert.equal(error.code, 'UNKNOWN_PLACEHOLDER')
    assert.equal(
      error.message,
      'iam/V1__example.sql, line 2, column 5: no value is given for ${role_ownr}. Did you mean ${role_owner}? ' +
        "Pass placeholders: { role_ownr: '...' }, or write $${ for a literal ${.",
    )
    assert.deepEqual(error.details, { ...where, line: 2, column: 5 })
  })

  const refused: readonly [what: string, source: string, message: RegExp][] = [
    ['an unknown name far from all others', '${q}', /no value is given for \$\{q\}\. Pass/],
    ['a name that needs quotes as a key', '${flyway:user}', /placeholders: \{ 'flyway:user': /],
    ['a name with spaces around it, which Flyway does not trim', '${ role_owner }', /Did you mean \$\{role_owner\}/],
    ['an empty name', '${}', /names no placeholder/],
    ['no closing brace', 'a ${role_owner', /column 3: \$\{ is not closed by \} on its line/],
    ['a closing brace on the next line', '${role_owner\n}', /is not closed by \} on its line/],
    ['a closing brace behind a lone CR', '${role_owner\r}', /is not closed by \} on its line/],
    ['code far longer than a name', `\${${'x'.repeat(500)}}`, /for \$\{x{60}…\}\. Pass/],
    ['JSON in a tagged dollar quote', '$j${"a": 1}$j$', /no value is given for \$\{"a": 1\}/],
  ]
  for (const [what, source, message] of refused) {
    test(`refuses ${what}`, () => {
      const error = errorOf(() => replace(source))
      assert.equal(error.code, 'UNKNOWN_PLACEHOLDER')
      assert.match(error.message, message)
    })
  }

  test('never shows a value in an error', () => {
    const secrets = new Map([['password', 'hunter2']])
    const error = errorOf(() => replacePlaceholders('${password} ${passwort}', secrets, where))
    assert.doesNotMatch(JSON.stringify(error) + error.message, /hunter2/)
    assert.match(error.message, /column 13: .*Did you mean \$\{password\}/)
  })
})

suite('offsets of the replaced text', () => {
  test('inside a value mean the start of its placeholder', () => {
    const { text, toSource } = replacePlaceholders('ab ${lines} cd ${empty}ef $${ g', values, where)
    assert.equal(text, 'ab one\ntwo cd ef ${ g')
    assert.deepEqual([0, 2].map(toSource), [0, 2])
    for (let offset = 3; offset < 10; offset++) assert.equal(toSource(offset), 3)
    assert.equal(toSource(text.indexOf(' cd')), 'ab ${lines}'.length)
    assert.equal(toSource(text.indexOf('ef')), 'ab ${lines} cd ${empty}'.length)
    assert.equal(toSource(text.indexOf('${')), 'ab ${lines} cd ${empty}ef $'.length)
    assert.equal(toSource(text.length), 'ab ${lines} cd ${empty}ef $${ g'.length)
  })

  test('lead back to the same character, for any text built from pieces', () => {
    const piece = fc.oneof(
      fc.constantFrom('$', '{', '}', ' ', '\n', 'é', '\u{1f680}', 'x').map((plain) => ({ source: plain, text: plain })),
      fc.constantFrom(...values).map(([name, value]) => ({ source: `\${${name}}`, text: value })),
      fc.constant({ source: '$${', text: '${' }),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const source = pieces.map((one) => one.source).join('')
        // Where two pieces form a placeholder or an escape by accident, the construction does not hold.
        fc.pre(pieces.every((one, index) => one.source !== '$' || !/^[{$]/.test(pieces[index + 1]?.source ?? '')))
        const { text, toSource } = replacePlaceholders(source, values, where)
        assert.equal(text, pieces.map((one) => one.text).join(''))
        let sourceAt = 0
        let textAt = 0
        for (const one of pieces) {
          for (let inside = 0; inside < one.text.length; inside++) {
            const expected = one.source === one.text ? sourceAt + inside : sourceAt
            const actual = toSource(textAt + inside)
            if (one.source === '$${') assert.equal(actual, sourceAt + 1 + inside)
            else assert.equal(actual, expected)
          }
          sourceAt += one.source.length
          textAt += one.text.length
        }
        assert.equal(toSource(text.length), source.length)
      }),
      { numRuns: 1000 },
    )
  })

  test('never go back', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '${lines}', '${empty}', '$${', '\n')), (pieces) => {
        const { text, toSource } = replacePlaceholders(pieces.join(''), values, where)
        for (let offset = 1; offset <= text.length; offset++) assert.ok(toSource(offset) >= toSource(offset - 1))
      }),
    )
  })
})
