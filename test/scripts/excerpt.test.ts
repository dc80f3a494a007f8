import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { excerptAt } from '../../lib/scripts/excerpt.js'

const source = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join('\n')

suite('excerptAt', () => {
  test('shows three lines before and after, numbered to one width', () => {
    assert.equal(
      excerptAt(source, 8, 6),
      [
        '   5 | line 5',
        '   6 | line 6',
        '   7 | line 7',
        '   8 | line 8',
        '     |      ^',
        '   9 | line 9',
        '  10 | line 10',
        '  11 | line 11',
      ].join('\n'),
    )
  })

  test('shows less at the edges of the file', () => {
    const rows = ['  1 | line 1', '    | ^', '  2 | line 2', '  3 | line 3', '  4 | line 4']
    assert.equal(excerptAt(source, 1, 1), rows.join('\n'))
    assert.match(excerptAt(source, 12, 7), / {2}9 \| line 9\n.*\n.*\n {2}12 \| line 12\n {5}\| {7}\^$/)
  })

  test('puts the caret behind the last character when the column lies beyond the line', () => {
    assert.equal(excerptAt('ab', 1, 99), '  1 | ab\n    |   ^')
  })

  test('marks the last line when the line lies beyond the file', () => {
    assert.equal(excerptAt('a\nb', 9, 1), '  1 | a\n  2 | b\n    | ^')
  })

  test('can point at the empty line behind the last line break, and does not show it otherwise', () => {
    assert.equal(excerptAt('a\n', 2, 1), '  1 | a\n  2 |\n    | ^')
    assert.equal(excerptAt('a\n', 1, 1), '  1 | a\n    | ^')
  })

  test('works on an empty file', () => assert.equal(excerptAt('', 1, 1), '  1 |\n    | ^'))

  test('keeps tabs in front of the caret', () => {
    assert.equal(excerptAt('\t\tx', 1, 3), '  1 | \t\tx\n    | \t\t^')
  })

  test('puts something as wide under wide characters and nothing under combining marks', () => {
    assert.equal(excerptAt('漢e\u0301\u{1f680}x', 1, 5), '  1 | 漢e\u0301\u{1f680}x\n    | \u3000 \u3000^')
  })

  test('reads CR LF and lone CR as line ends', () => {
    assert.equal(excerptAt('a\r\nb\rc', 2, 1), '  1 | a\n  2 | b\n    | ^\n  3 | c')
  })

  test('shows control characters as U+FFFD', () => {
    assert.equal(excerptAt('a\u001b[31mb', 1, 1), '  1 | a\ufffd[31mb\n    | ^')
  })

  test('cuts a long line around the caret', () => {
    const rows = excerptAt(`${'a'.repeat(500)}X${'b'.repeat(500)}`, 1, 501).split('\n')
    assert.equal(rows[0], `  1 | …${'a'.repeat(80)}X${'b'.repeat(39)}…`)
    assert.equal(rows[1], `    | ${' '.repeat(81)}^`)
  })

  test('cuts long lines before and after from their begin', () => {
    const rows = excerptAt(`${'a'.repeat(121)}\nx`, 2, 1).split('\n')
    assert.equal(rows[0], `  1 | ${'a'.repeat(120)}…`)
  })

  test('does not break characters apart when it cuts', () => {
    for (const caret of [100, 101, 150, 199, 200]) {
      assert.doesNotMatch(excerptAt('\u{1f680}'.repeat(200), 1, caret), /\p{Surrogate}/u)
    }
  })

  test('points at the right character, for any short line', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', 'b', '\t', '(', "'"),
          maxLength: 100,
        }),
        fc.nat(100),
        (line, at) => {
          const [shown = '', caret = ''] = excerptAt(line, 1, at + 1).split('\n')
          const column = caret.indexOf('^')
          assert.equal(column - 6, Math.min(at, line.length))
          assert.ok(column >= shown.length || shown[column] === line[column - 6])
        },
      ),
    )
  })

  test('stays small and quick on ten million characters in one line', () => {
    const rows = excerptAt('\u{1f680}'.repeat(5_000_000), 1, 4_000_000)
    assert.ok(rows.length < 1000)
  })
})
