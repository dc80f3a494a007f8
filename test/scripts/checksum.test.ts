import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { checksumOfBytes, checksumOfRepeatable, checksumOfText } from '../../lib/scripts/checksum.js'
import { sha256OfBytes } from '../../lib/scripts/sha256.js'
import { scriptFileOf } from './script-file-of.js'

/** CRC-32 written out bit by bit, and lines split the way Java's BufferedReader splits them. */
function checksumByLines(text: string): number {
  let crc = ~0
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    for (const byte of Buffer.from(index === 0 && line.startsWith('\ufeff') ? line.slice(1) : line)) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
    }
  }
  return ~crc
}

const table = 'CREATE TABLE t (\n  id int\n);\n'
const view = "CREATE VIEW v AS SELECT '${flyway:defaultSchema}' AS s;\n"

suite('the checksum of a file', () => {
  const measured: readonly [what: string, text: string, checksum: number][] = [
    ['nothing', '', 0],
    ['only line breaks', '\n\n\n', 0],
    ['one statement', 'SELECT 1;', 78787420],
    ['one statement and a line feed', 'SELECT 1;\n', 78787420],
    ['one statement and CR LF', 'SELECT 1;\r\n', 78787420],
    ['one statement behind a byte order mark', '\ufeffSELECT 1;\n', 78787420],
    ['line feeds', table, -40986071],
    ['CR LF', table.replaceAll('\n', '\r\n'), -40986071],
    ['lone CR', table.replaceAll('\n', '\r'), -40986071],
    ['extra blank lines', table.replaceAll('\n', '\n\n\r\n'), -40986071],
    ['no line breaks', table.replaceAll('\n', ''), -40986071],
    ['text beyond ASCII', '-- héllo €\nINSERT INTO t VALUES (1);\n', 883699761],
    ['a placeholder, not replaced', view, 1068143335],
    ['a placeholder, replaced', view.replace('${flyway:defaultSchema}', 'app'), -1269303141],
    ['two byte order marks, of which one counts', '\ufeff\ufeffSELECT 1;', -1606921097],
    ['a character outside the basic plane', '\u{1f680}', 930863046],
    ['a form feed, which ends no line', 'SELECT 1;\f', -1184035766],
  ]
  for (const [what, text, checksum] of measured) {
    test(`is Flyway's for ${what}`, () => {
      assert.equal(checksumOfBytes(Buffer.from(text)), checksum)
      assert.equal(checksumOfText(text), checksum)
    })
  }

  test('keeps a byte order mark that is not at the very start', () => {
    assert.notEqual(checksumOfText('\n\ufeffSELECT 1;'), checksumOfText('SELECT 1;'))
  })

  test('does not take U+0085, U+2028 and U+2029 for line ends', () => {
    for (const mark of ['\u0085', '\u2028', '\u2029'])
      assert.notEqual(checksumOfText(`a${mark}b`), checksumOfText('ab'))
  })

  test('is null for bytes that are not UTF-8', () => {
    for (const bytes of [
      [0xff],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0x61, 0xe9],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82],
    ]) {
      assert.equal(checksumOfBytes(Buffer.from(bytes)), null)
    }
  })

  test('equals the checksum line by line, for any text and any mix of line ends', () => {
    const pieces = fc.oneof(
      fc.constantFrom('\n', '\r', '\r\n', '\ufeff', '\f', '\u2028', ' '),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const text = parts.join('')
        const expected = checksumByLines(text)
        assert.equal(checksumOfBytes(Buffer.from(text)), expected)
        assert.equal(checksumOfText(text), expected)
      }),
      { numRuns: 500 },
    )
  })
})

suite('the checksum of a repeatable', () => {
  test('is taken after placeholder replacement', () => {
    const file = scriptFileOf(view, 'R__view.sql')
    assert.equal(checksumOfRepeatable(file, new Map([['flyway:defaultschema', 'app']])), -1269303141)
    assert.equal(file.checksum, 1068143335)
  })

  test('is that of the file when it has no placeholder', () => {
    assert.equal(checksumOfRepeatable(scriptFileOf('SELECT 1;', 'R__x.sql'), new Map()), 78787420)
  })

  test('leaves out one of two byte order marks, with and without a placeholder', () => {
    const plain = scriptFileOf('\ufeff\ufeffSELECT 1;', 'R__x.sql')
    const replaced = scriptFileOf('\ufeff\ufeffSELECT ${one};', 'R__x.sql')
    assert.equal(checksumOfRepeatable(plain, new Map()), -1606921097)
    assert.equal(checksumOfRepeatable(replaced, new Map([['one', '1']])), -1606921097)
  })
})

test('sha256OfBytes is the published digest of "abc"', () => {
  const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  assert.equal(sha256OfBytes(Buffer.from('abc')), digest)
})
