import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { parseScript } from '../../lib/scripts/parse-script.js'
import { positionAt } from '../../lib/scripts/source-position.js'
import { errorOf, scriptFileOf } from './script-file-of.js'
import { scripts } from './sql-pieces.js'

const values = new Map([
  ['role_owner', 'schemaway_owner'],
  ['lines', '1,\n2,\n3'],
  ['quote', "it's"],
])

function parse(content: string | Buffer, name?: string) {
  return parseScript(scriptFileOf(content, name), values)
}

function sent(content: string): readonly string[] {
  const { text, statements } = parse(content)
  return statements.map(({ start, end }) => text.slice(start, end))
}

suite('parseScript', () => {
  test('keeps the source, sends the replaced text and lists what it used', () => {
    const script = parse('\ufeff-- x\r\nSET LOCAL ROLE ${Role_Owner};\r\n')
    assert.equal(script.source, '-- x\r\nSET LOCAL ROLE ${Role_Owner};\r\n')
    assert.equal(script.text, '-- x\r\nSET LOCAL ROLE schemaway_owner;\r\n')
    assert.deepEqual(script.placeholders, ['role_owner'])
    assert.deepEqual(script.directives, {})
  })

  test('places statements in the file, although a value with line breaks moves them in the text', () => {
    const script = parse('SELECT ${lines};\n  SELECT ${role_owner}; SELECT 3')
    assert.deepEqual(
      script.statements.map(({ line, column }) => [line, column]),
      [
        [1, 1],
        [2, 3],
        [2, 25],
      ],
    )
    assert.deepEqual(
      script.statements.map(({ start, end }) => script.text.slice(start, end)),
      ['SELECT 1,\n2,\n3', 'SELECT schemaway_owner', 'SELECT 3'],
    )
  })

  test('locates an offset inside a value at its placeholder', () => {
    const script = parse('SELECT 1;\nSELECT ${lines};')
    const offset = script.text.indexOf('\n3') + 1
    assert.deepEqual(script.locate(offset), { line: 2, column: 8, offset: 17 })
    assert.deepEqual(script.locate(9999), { line: 2, column: 17, offset: script.source.length })
  })

  test('blanks a transaction around the whole file', () => {
    assert.deepEqual(sent('BEGIN;\nSELECT 1;\nCOMMIT;\n'), ['SELECT 1'])
  })

  test('sends nothing for a file of comments', () => assert.deepEqual(sent('-- nothing to undo\n'), []))

  test('reads the output of pg_dump, whose psql commands it blanks', () => {
    const dump =
      '--\n-- PostgreSQL database dump\n--\n\n\\restrict bKq0XcZ\n\nSET statement_timeout = 0;\n' +
      "SELECT pg_catalog.set_config('search_path', '', false);\n\n\\unrestrict bKq0XcZ\r\n"
    const script = parse(dump)
    assert.equal(script.statements.length, 2)
    assert.equal(script.text.length, dump.length)
    assert.doesNotMatch(script.text, /\\/)
    assert.deepEqual(script.locate(script.text.indexOf('SELECT')), {
      line: 8,
      column: 1,
      offset: dump.indexOf('SELECT'),
    })
  })

  test('leaves scripts built from known pieces as they are', () => {
    fc.assert(
      fc.property(scripts, ({ text, statements }) => {
        const script = parse(text)
        assert.equal(script.text, text)
        assert.deepEqual(
          script.statements.map(({ start }) => start),
          statements.map(({ start }) => start),
        )
      }),
    )
  })

  test('places statements in the file whatever is replaced between them', () => {
    const pieces = fc.array(
      fc.constantFrom('SELECT ${lines};', '\n', 'SELECT 1;', '-- ${role_owner}\n', '/* \u{1f680}${lines} */'),
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const script = parse(parts.join(''))
        const expected = [...script.source.matchAll(/SELECT/g)].map(({ index }) => positionAt(script.source, index))
        assert.deepEqual(
          script.statements.map(({ line, column }) => ({ line, column })),
          expected,
        )
        for (const { start, line, column } of script.statements) {
          const { offset, ...position } = script.locate(start)
          assert.deepEqual(position, { line, column })
          assert.ok(script.source.startsWith('SELECT', offset))
        }
      }),
    )
  })
})

suite('directives of a script', () => {
  test('are read from repeatables', () => {
    const script = parse('-- schemaway: requires=20260105.100300\nSELECT 1;', 'R__10_x.sql')
    assert.equal(script.directives.requires?.[0]?.text, '20260105.100300')
  })

  test('are found where they stand in the file, behind a value with line breaks', () => {
    const error = errorOf(() =>
      parse('-- ${lines}\n-- schemaway: colour=red\n'.replace('-- ${lines}', '/* ${lines} */')),
    )
    assert.deepEqual([error.code, error.details.line, error.details.column], ['INVALID_DIRECTIVE', 2, 1])
  })
})

suite('errors of parseScript', () => {
  test('carry script, file, module, version, line, column and an excerpt', () => {
    const error = errorOf(() => parse("SELECT 1;\n\nSELECT '${role_owner};\n", 'V20260105_100000__x.sql'))
    assert.equal(error.code, 'INVALID_SCRIPT')
    assert.match(
      error.message,
      /^iam\/V20260105_100000__x\.sql, line 3, column 8: the string that opens here is never closed/,
    )
    assert.deepEqual(error.details, {
      script: 'iam/V20260105_100000__x.sql',
      file: '/sql/iam/V20260105_100000__x.sql',
      module: 'iam',
      version: '20260105.100000',
      line: 3,
      column: 8,
      excerpt: "  1 | SELECT 1;\n  2 |\n  3 | SELECT '${role_owner};\n    |        ^",
    })
  })

  test('never show the value of a placeholder, even when it breaks the script', () => {
    const error = errorOf(() => parse("SELECT '${quote}';"))
    assert.equal(error.details.column, 9 + '${quote}'.length)
    assert.doesNotMatch(error.message + JSON.stringify(error), /it's/)
  })

  const refused: readonly [what: string, content: string | Buffer, code: string, message: RegExp, line: number][] = [
    ['bytes that are not UTF-8', Buffer.from('SELECT 1;\n-- \xe9', 'latin1'), 'INVALID_SCRIPT', /UTF-8/, 2],
    ['a NUL', '\n\0', 'INVALID_SCRIPT', /NUL/, 2],
    ['an unknown placeholder', '\n${role_ownr}', 'UNKNOWN_PLACEHOLDER', /role_owner/, 2],
    ['a quote without end', "\n'", 'INVALID_SCRIPT', /string .* never closed/, 2],
    ['a name without end', '\n"', 'INVALID_SCRIPT', /quoted name .* never closed/, 2],
    ['a dollar quote without end', '\n$$', 'INVALID_SCRIPT', /dollar quote .* never closed/, 2],
    ['a comment without end', '\n/*', 'INVALID_SCRIPT', /comment .* never closed/, 2],
    ['a parenthesis without end', '\n(', 'INVALID_SCRIPT', /parenthesis .* never closed/, 2],
    ['a body without end', '\nCREATE FUNCTION f()\nBEGIN ATOMIC', 'INVALID_SCRIPT', /BEGIN ATOMIC never ends/, 3],
    ['an escape meant as a dollar quote', '\nSELECT $${"a": 1}$$', 'INVALID_SCRIPT', /put a space between/, 2],
    ['COMMIT in the middle', 'SELECT 1;\nCOMMIT;\nSELECT 2;', 'TRANSACTION_CONTROL', /COMMIT ends/, 2],
    ['an unknown directive', '\n-- schemaway: x=y', 'INVALID_DIRECTIVE', /not known/, 2],
    ['rows for COPY without end', '\nCOPY t FROM STDIN;\n1', 'INVALID_SCRIPT', /rows of this COPY .* have no end/, 2],
    ['output of COPY', '\nCOPY t TO STDOUT', 'INVALID_SCRIPT', /nobody reads the output/, 2],
    [
      'a psql command',
      '\n\\connect x',
      'INVALID_SCRIPT',
      /\\connect is a command of psql, which no server understands/,
      2,
    ],
    ['a psql command inside a statement', 'SELECT\n1 \\gset', 'INVALID_SCRIPT', /\\gset is a command of psql/, 2],
    ['rows behind \\copy', "\n\\copy t from stdin\nit's\n\\.\n", 'INVALID_SCRIPT', /\\copy is a command of psql/, 2],
    [
      '\\restrict with SQL behind it',
      '\n\\restrict x \\\\ DROP TABLE t;',
      'INVALID_SCRIPT',
      /\\restrict is a command/,
      2,
    ],
    ['\\restrict inside a statement', 'SELECT\n\\restrict x\n1', 'INVALID_SCRIPT', /\\restrict is a command/, 2],
    ['\\restrict without argument', '\n\\restrict\n', 'INVALID_SCRIPT', /\\restrict is a command/, 2],
    [
      'a statement that refuses transactions beside another',
      'SELECT 1;\nCREATE INDEX CONCURRENTLY ON t (a);',
      'INVALID_SCRIPT',
      /CREATE INDEX CONCURRENTLY cannot run inside a transaction, but SELECT in line 1 .* can/,
      2,
    ],
    [
      'a statement that refuses transactions where the file asks for one',
      '-- schemaway: transaction=default\nVACUUM;',
      'INVALID_SCRIPT',
      /VACUUM cannot run inside a transaction, but the file asks for one/,
      2,
    ],
    [
      'a transaction around a statement that refuses it',
      'BEGIN;\nVACUUM;\nCOMMIT;',
      'TRANSACTION_CONTROL',
      /BEGIN controls a transaction, but VACUUM in the same file cannot run inside one/,
      1,
    ],
    [
      'a statement that refuses transactions between BEGIN and COMMIT',
      '-- schemaway: transaction=none\nBEGIN;\nVACUUM;\nCOMMIT;',
      'TRANSACTION_CONTROL',
      /VACUUM.* cannot run between BEGIN and COMMIT/,
      3,
    ],
    [
      'a BEGIN without COMMIT outside our transaction',
      '-- schemaway: transaction=none\nSELECT 1;\nBEGIN;\nSELECT 2;',
      'TRANSACTION_CONTROL',
      /BEGIN has no COMMIT/,
      3,
    ],
    [
      'a ROLLBACK outside our transaction',
      '-- schemaway: transaction=none\nBEGIN;\nSELECT 2;\nROLLBACK;',
      'TRANSACTION_CONTROL',
      /ROLLBACK cannot stand here/,
      4,
    ],
    [
      'a COMMIT that no BEGIN began',
      '-- schemaway: transaction=none\nSELECT 2;\nCOMMIT;',
      'TRANSACTION_CONTROL',
      /COMMIT ends a transaction that no BEGIN before it began/,
      3,
    ],
  ]
  for (const [what, content, code, message, line] of refused) {
    test(`refuse ${what}`, () => {
      const error = errorOf(() => parse(content))
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.equal(error.details.line, line)
      assert.equal(error.details.script, 'iam/V1__example.sql')
    })
  }
})
