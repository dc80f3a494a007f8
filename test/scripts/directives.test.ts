import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readDirectives } from '../../lib/scripts/directives.js'
import type { ScriptKind } from '../../lib/scripts/script-name.js'
import { errorOf, where } from './script-file-of.js'

function read(text: string, kind: ScriptKind = 'repeatable') {
  return readDirectives(text, { ...where, kind })
}

suite('readDirectives', () => {
  test('finds none in an ordinary script', () => {
    assert.deepEqual(read('-- A table for schemaway\nCREATE TABLE t ();\n'), {})
    assert.deepEqual(read(''), {})
  })

  test('reads both keys from the comments at the top, among other comments', () => {
    const text =
      '/* what */\n\n-- schemaway: requires=20260105_100300\n-- why\n--schemaway:transaction = none \nSELECT 1;'
    const { transaction, requires } = read(text)
    assert.equal(transaction, 'none')
    assert.deepEqual(
      requires?.map((version) => version.text),
      ['20260105.100300'],
    )
  })

  test('reads several required versions with commas between', () => {
    const { requires } = read('-- schemaway: requires=20260105.120000,20260105_130300')
    assert.deepEqual(
      requires?.map((version) => version.text),
      ['20260105.120000', '20260105.130300'],
    )
  })

  test('reads a directive in a file of comments, behind CR LF, lone CR, an empty statement and a byte order mark', () => {
    const line = '-- schemaway: transaction=none'
    for (const text of [
      line,
      `-- x\r\n${line}\r\nSELECT 1;`,
      `-- x\r${line}\rSELECT 1`,
      `;\n${line}`,
      `\ufeff${line}\n`,
    ]) {
      assert.equal(read(text).transaction, 'none', JSON.stringify(text))
    }
  })

  test('takes transaction=default for the default', () => {
    assert.deepEqual(read('-- schemaway: transaction=default\n'), { transaction: 'default' })
  })

  const refused: readonly [what: string, text: string, message: RegExp, line: number][] = [
    [
      'an unknown key',
      '-- x\n-- schemaway: colour=red',
      /"colour" is not known\. Known are transaction and requires/,
      2,
    ],
    ['a misspelt key', '-- schemaway: transacton=none', /Did you mean "transaction"/, 1],
    ['a key in another case', '-- schemaway: Transaction=none', /Did you mean "transaction"/, 1],
    ['a repeated key', '-- schemaway: requires=1\n-- schemaway: requires=1', /"requires" is given twice/, 2],
    ['a missing value', '-- schemaway: transaction=', /form "-- schemaway: key=value"/, 1],
    ['a missing key', '-- schemaway: =none', /form/, 1],
    ['prose behind the colon', '-- schemaway: see the manual', /form/, 1],
    ['two on one line', '-- schemaway: transaction=none requires=1', /form/, 1],
    ['a forgotten colon', '-- schemaway transaction=none', /form/, 1],
    ['another case', '-- Schemaway: transaction=none', /form/, 1],
    ['three dashes', '--- schemaway: transaction=none', /form/, 1],
    ['a block comment', '/* schemaway: transaction=none */', /form/, 1],
    ['an unknown value', '-- schemaway: transaction=off', /either "none" or "default"/, 1],
    ['a malformed version among several', '-- schemaway: requires=1,,2', /"" is not a version/, 1],
    ['a malformed version', '-- schemaway: requires=1.x', /"1\.x" is not a version/, 1],
    ['one behind the first statement', 'SELECT 1;\n\n-- schemaway: transaction=none', /after the first statement/, 3],
    ['one inside the first statement', 'SELECT\n-- schemaway: transaction=none\n1', /after the first statement/, 2],
    ['one at the end of a statement', 'SELECT 1; -- schemaway: transaction=none', /after the first statement/, 1],
  ]
  for (const [what, text, message, line] of refused) {
    test(`refuses ${what}`, () => {
      const error = errorOf(() => read(text))
      assert.equal(error.code, 'INVALID_DIRECTIVE')
      assert.match(error.message, message)
      assert.equal(error.details.line, line)
      assert.match(error.details.excerpt ?? '', /\^/)
    })
  }

  test('lets only repeatables require a version', () => {
    for (const kind of ['versioned', 'undo', 'drop', 'baseline'] as const) {
      const error = errorOf(() => read('-- schemaway: requires=1', kind))
      assert.equal(error.code, 'INVALID_DIRECTIVE')
      assert.match(error.message, /only repeatables/)
    }
  })

  test('leaves text in strings, dollar quotes and the rows of a COPY alone', () => {
    const line = '-- schemaway: colour=red\n'
    for (const text of [`SELECT '\n${line}'`, `DO $$\n${line}$$;`, `COPY t FROM STDIN;\n${line}it's\n\\.\n`]) {
      assert.deepEqual(read(text), {})
    }
  })

  test('finds a late directive behind the rows of a COPY', () => {
    const error = errorOf(() => read("COPY t FROM STDIN;\nit's\n\\.\n-- schemaway: transaction=none\n"))
    assert.equal(error.details.line, 4)
  })
})
