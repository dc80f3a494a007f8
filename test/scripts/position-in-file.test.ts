import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { BigFile } from '../../lib/scripts/big-file.js'
import { excerptAt } from '../../lib/scripts/excerpt.js'
import { excerptOfFile, positionInFile } from '../../lib/scripts/position-in-file.js'
import { positionAt } from '../../lib/scripts/source-position.js'

const folder = mkdtempSync(join(tmpdir(), 'schemaway-position-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'V1__a.sql')

const pieces = ['a', 'ä', '🚀', '\t', '\n', '\n', '\r\n', '\r', 'SELECT 1;', 'x'.repeat(130)]
const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((all) => all.join(''))

test('line, column and excerpt of a byte are those of the character in the whole text', () => {
  fc.assert(
    fc.property(text, fc.constantFrom('', '\ufeff'), fc.nat(200), (source, mark, at) => {
      const index = Math.min(at, source.length)
      // Not in the middle of a character or of a line end, where no statement begins.
      const isHalf = /[\udc00-\udfff]/.test(source.charAt(index)) || source.slice(index - 1, index + 1) === '\r\n'
      fc.pre(!isHalf)
      writeFileSync(path, mark + source)
      const file = new BigFile({ script: 'V1__a.sql', file: path })
      const byte = Buffer.byteLength(mark + source.slice(0, index))
      const position = positionInFile(file, byte)
      assert.deepEqual(position, positionAt(source, index))
      assert.equal(excerptOfFile(file, byte, position), excerptAt(source, position.line, position.column))
    }),
    { numRuns: 1_000 },
  )
})

test('the lines around a place are found behind very long ones', () => {
  const long = 'x'.repeat(200_000)
  const source = ['1', '2', long, '4', '5', long, '7', '8', '9', ''].join('\n')
  writeFileSync(path, source)
  const file = new BigFile({ script: 'V1__a.sql', file: path })
  const byte = source.indexOf('\n5\n') + 1
  const position = positionInFile(file, byte)
  assert.deepEqual(position, { line: 5, column: 1 })
  assert.equal(excerptOfFile(file, byte, position), excerptAt(source, 5, 1))
})

test('a mark of byte order that begins a line in the middle of a file is a character of it', () => {
  const text = `${'x\n'.repeat(10)}\ufeffSELECT 1;\n${'y\n'.repeat(3)}SELECT 2;\n`
  writeFileSync(path, text)
  const file = new BigFile({ script: 'V1__a.sql', file: path })
  // Three lines behind it, so that the excerpt begins with it.
  const offset = Buffer.byteLength(text.slice(0, text.lastIndexOf('y')))
  const position = positionInFile(file, offset)
  assert.equal(excerptOfFile(file, offset, position), excerptAt(text, position.line, position.column))
})
