import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { offsetOfCopiedRow, readCopiedRows } from '../../lib/run/copied-rows.js'
import { ServerError } from '../../lib/run/server-error.js'
import { scanStatements } from '../../lib/scripts/scanner.js'

function copyOf(rows: string) {
  const text = `COPY a FROM stdin;\n${rows}\\.\nSELECT 1;`
  const [statement] = scanStatements(text).statements
  if (statement === undefined) throw new TypeError('no statement')
  return { text, statement }
}

test('rows come out as they are in the script, whatever is in them, no character torn apart', () => {
  const row = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll(/[\\\n\r]/g, '🚀'))
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), fc.integer({ min: 1, max: 4000 }), (rows, repeat) => {
      const data = rows
        .map((one) => `${one}🚀\n`)
        .join('')
        .repeat(repeat)
        .slice(0, 200_000)
      const whole = data.slice(0, data.lastIndexOf('\n') + 1)
      const { text, statement } = copyOf(whole)
      const pieces = [...readCopiedRows(text, statement)]
      assert.equal(pieces.join(''), whole)
      assert.ok(pieces.every((piece) => piece.length > 0 && piece.length <= 65_536 && !/\p{Surrogate}/u.test(piece)))
    }),
    { numRuns: 50 },
  )
})

const places: readonly [where: string, row: string | null][] = [
  ['COPY a, line 2, column id: "two"', 'two'],
  ['COPY a, Zeile 3, Spalte id: »three«', 'three'],
  ['COPY a2, line 1: "COPY b, line 3"', 'one'],
  ['PL/pgSQL function f() line 3 at RAISE\nCOPY a, line 3: "three"', 'three'],
  ['COPY a, line 4', null],
  ['COPY a, line 99', null],
  ['PL/pgSQL function f() line 3 at RAISE', null],
  ['', null],
]
for (const [where, row] of places) {
  test(`the row of ${JSON.stringify(where)} is ${row}`, () => {
    const { text, statement } = copyOf('one\ntwo\nthree\n')
    const offset = offsetOfCopiedRow(new ServerError(new Map([['W', where]]), []), text, statement)
    assert.equal(offset === null ? null : text.slice(offset).split('\n')[0], row)
  })
}
