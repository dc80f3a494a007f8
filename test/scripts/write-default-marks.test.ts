import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  defaultMarks,
  dollarPlaceholder,
  type PlaceholderMarks,
  substitutePlaceholders,
} from '../../lib/scripts/placeholders.js'
import { writeDefaultMarks } from '../../lib/scripts/write-default-marks.js'

const angles: PlaceholderMarks = { prefix: '<<', suffix: '>>', separator: ':' }
const marks = fc.constantFrom<PlaceholderMarks | null | undefined>(
  undefined,
  null,
  angles,
  { prefix: '%', suffix: '%', separator: ':' },
  { prefix: '$', suffix: '$', separator: ':' },
  { prefix: '${', suffix: ')', separator: ':' },
  { prefix: '{{', suffix: '}}', separator: ':' },
  { prefix: '$(', suffix: ')', separator: ':' },
  { prefix: '#{', suffix: '}', separator: ':' },
  { prefix: '${', suffix: '}', separator: '_' },
  { prefix: '<<', suffix: '>>', separator: '::' },
  { prefix: '%', suffix: '%', separator: 'x' },
)
const values = new Map([
  ['x', 'value'],
  ['y', '${x} <<x>> $'],
  ['empty', ''],
  ['flyway:table', 'history'],
  [dollarPlaceholder, '$'],
])

test('marks of the user become the default ones, and what only looks like a placeholder is escaped', () => {
  const written = writeDefaultMarks("SELECT <<x>>, '${y}', $<<x>>, '$${y}'", angles)
  assert.equal(written, "SELECT ${x}, '$${y}', ${schemaway:dollar}${x}, '$$${y}'")
  assert.equal(writeDefaultMarks("SELECT '${y}'", null), "SELECT '$${y}'")
  assert.equal(writeDefaultMarks("SELECT '${y}', '$${z}'", undefined), "SELECT '${y}', '$${z}'")
})

test('a built-in placeholder with another separator is kept by its own name', () => {
  const underscore: PlaceholderMarks = { prefix: '${', suffix: '}', separator: '_' }
  assert.equal(writeDefaultMarks('${flyway_defaultSchema}.${x}', underscore), '${flyway:defaultschema}.${x}')
})

test('the rewritten text gives what the text itself gives, whatever stands side by side', () => {
  const piece = fc.constantFrom('$', '{', '}', '${', '$${', '%', '<<', '>>', '(', ')', '{{', '}}', '#{', ' ', 'é', '\n')
  const name = fc.constantFrom('x', 'Y', 'empty', 'table')
  fc.assert(
    fc.property(marks, fc.array(fc.tuple(piece, fc.option(name)), { maxLength: 12 }), (own, pieces) => {
      const { prefix, suffix, separator } = own ?? defaultMarks
      const names: Readonly<Record<string, string>> = { table: `Flyway${separator}table` }
      const place = (one: string): string => prefix + (names[one] ?? one) + suffix
      const text = pieces.map(([one, placed]) => one + (placed === null ? '' : place(placed))).join('')
      const direct = substitutePlaceholders(text, values, own)
      // A text that could not be parsed is never kept.
      fc.pre(direct.unknownAt === null)
      const kept = substitutePlaceholders(writeDefaultMarks(text, own), values)
      assert.deepEqual([kept.text, kept.unknownAt], [direct.text, null])
    }),
    { numRuns: 3000 },
  )
})
