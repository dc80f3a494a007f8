import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { readToken } from '../../lib/scripts/scan-token.js'
import { scanStatements } from '../../lib/scripts/scanner.js'
import { positionAt } from '../../lib/scripts/source-position.js'
import { scripts } from './sql-pieces.js'

/** Marks that open, close and separate, in any order: mostly nonsense, which must not confuse the scanner for long. */
const nonsense = fc
  .array(
    fc.constantFrom(
      ...[
        "'",
        "''",
        "E'",
        "\\'",
        '\\',
        '"',
        '$$',
        '$a$',
        '$',
        '$1',
        'a$b',
        ';',
        '(',
        ')',
        '/*',
        '*/',
        '--',
        '\n',
        '\r',
        ' ',
      ],
      ...[
        'a',
        'é',
        '\u{1f680}',
        'BEGIN',
        'ATOMIC',
        'END',
        'CREATE FUNCTION',
        'COPY t FROM STDIN',
        '\\.',
        '.',
        '${',
        "U&'",
        '1',
      ],
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(''))

suite('scanStatements, for scripts built from known pieces', () => {
  test('finds every statement where it was put, and nothing else', () => {
    fc.assert(
      fc.property(scripts, ({ text, statements }) => {
        const result = scanStatements(text)
        assert.equal(result.problem, null)
        const found = result.statements.map(({ start, end, semicolon }) => ({ start, end, semicolon }))
        assert.deepEqual(found, statements)
      }),
      { numRuns: 2000 },
    )
  })

  test('names the line and column of each', () => {
    fc.assert(
      fc.property(scripts, ({ text }) => {
        for (const { start, line, column } of scanStatements(text).statements) {
          assert.deepEqual({ line, column }, positionAt(text, start))
        }
      }),
    )
  })

  test('finds the same keywords in a statement that stands alone', () => {
    fc.assert(
      fc.property(scripts, ({ text }) => {
        for (const { start, end, keywords } of scanStatements(text).statements) {
          const alone = scanStatements(text.slice(start, end)).statements
          assert.deepEqual(
            alone.map((statement) => statement.keywords),
            [keywords],
          )
        }
      }),
    )
  })

  test('finds the same complete statements in a text that is cut off anywhere', () => {
    fc.assert(
      fc.property(scripts, fc.nat(400), ({ text, statements }, length) => {
        const found = scanStatements(text.slice(0, length)).statements.filter(
          (statement) => statement.semicolon !== null,
        )
        const complete = statements.filter(({ semicolon }) => semicolon !== null && semicolon < length)
        assert.deepEqual(
          found.map((statement) => statement.semicolon),
          complete.map((statement) => statement.semicolon),
        )
      }),
      { numRuns: 1000 },
    )
  })
})

suite('for any nonsense', () => {
  test('tokens follow each other without overlap, with only white space between', () => {
    fc.assert(
      fc.property(nonsense, (text) => {
        let offset = 0
        for (let token = readToken(text, 0); token !== null; token = readToken(text, offset)) {
          assert.match(text.slice(offset, token.start), /^[ \t\n\v\f\r]*$/)
          assert.ok(token.end > token.start && token.end <= text.length)
          if (!token.closed) assert.equal(token.end, text.length)
          offset = token.end
        }
        assert.match(text.slice(offset), /^[ \t\n\v\f\r]*$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('statements are in order, inside the text and without overlap', () => {
    fc.assert(
      fc.property(nonsense, (text) => {
        const { statements, problem } = scanStatements(text)
        let reached = 0
        for (const statement of statements) {
          assert.ok(statement.start >= reached && statement.end > statement.start)
          reached = Math.max(statement.end, statement.semicolon ?? 0, statement.dataEnd ?? 0)
          assert.ok(reached <= text.length)
        }
        if (problem !== null) assert.ok(problem.offset < text.length)
      }),
      { numRuns: 2000 },
    )
  })
})
