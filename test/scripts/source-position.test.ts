import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { createPositionTracker, positionAt } from '../../lib/scripts/source-position.js'

suite('positionAt', () => {
  const cases: readonly [text: string, offset: number, line: number, column: number][] = [
    ['', 0, 1, 1],
    ['abc', 2, 1, 3],
    ['abc', 99, 1, 4],
    ['a\nb', 1, 1, 2],
    ['a\nb', 2, 2, 1],
    ['a\r\nb', 3, 2, 1],
    ['a\rb', 2, 2, 1],
    ['a\r\rb', 3, 3, 1],
    ['a\n\rb', 3, 3, 1],
    ['\u{1f680}b', 2, 1, 2],
    ['\u{1f680}\u{1f680}b', 4, 1, 3],
    ['\tb', 1, 1, 2],
    ['a\u2028b', 2, 1, 3],
    ['\udc00\udc00b', 2, 1, 3],
  ]
  for (const [text, offset, line, column] of cases) {
    test(`${JSON.stringify(text)} at ${offset} is ${line}:${column}`, () => {
      assert.deepEqual(positionAt(text, offset), { line, column })
    })
  }

  test('agrees with splitting the text before the offset, and a tracker agrees with it', () => {
    const texts = fc
      .array(fc.constantFrom('a', 'é', '\u{1f680}', '\n', '\r\n', '\r', '\t'))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(texts, fc.array(fc.nat(60)), (text, numbers) => {
        const positionOf = createPositionTracker(text)
        for (const number of numbers.sort((a, b) => a - b)) {
          // Not between the halves of a line break or of a character: there is no such place.
          const offset = Buffer.from(text).length === 0 ? 0 : Array.from(text).slice(0, number).join('').length
          if (text[offset - 1] === '\r' && text[offset] === '\n') continue
          const lines = text.slice(0, offset).split(/\r\n|\n|\r/)
          const expected = {
            line: lines.length,
            column: Array.from(lines.at(-1) ?? '').length + 1,
          }
          assert.deepEqual(positionAt(text, offset), expected)
          assert.deepEqual(positionOf(offset), expected)
        }
      }),
    )
  })
})
