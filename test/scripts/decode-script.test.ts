import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { decodeScript } from '../../lib/scripts/decode-script.js'
import { errorOf, where } from './script-file-of.js'

suite('decodeScript', () => {
  test('keeps line ends and everything else as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('\0') && !text.startsWith('\ufeff'))
        assert.equal(decodeScript(Buffer.from(text), where), text)
      }),
    )
    assert.equal(decodeScript(Buffer.from('a\r\nb\rc\n'), where), 'a\r\nb\rc\n')
  })

  test('drops one byte order mark', () => {
    assert.equal(decodeScript(Buffer.from('\ufeffa'), where), 'a')
    assert.equal(decodeScript(Buffer.from('\ufeff\ufeffa'), where), '\ufeffa')
  })

  test('names the byte where Latin-1 text stops being UTF-8', () => {
    const error = errorOf(() => decodeScript(Buffer.from('SELECT 1;\n-- caf\xe9\n', 'latin1'), where))
    assert.equal(error.code, 'INVALID_SCRIPT')
    assert.match(
      error.message,
      /^iam\/V1__example\.sql, line 2, column 7: .*byte 16 \(0xE9\).*Latin-1.*"é".*Save it as UTF-8/,
    )
    assert.deepEqual([error.details.script, error.details.file], [where.script, where.file])
    assert.deepEqual([error.details.line, error.details.column], [2, 7])
  })

  test('is not led astray by replacement characters that the file really holds', () => {
    const bytes = Buffer.concat([
      Buffer.from('\ufffd\n\ufffdé'),
      Buffer.from([0xef, 0xbf, 0x20]),
      Buffer.from('\ufffd'),
    ])
    const error = errorOf(() => decodeScript(bytes, where))
    assert.match(error.message, /line 2, column 3: .*byte 9 \(0xEF\)/)
  })

  test('recognises UTF-16 with a byte order mark', () => {
    const text = '\ufeffSELECT 1;'
    const littleEndian = Buffer.from(text, 'utf16le')
    for (const bytes of [littleEndian, Buffer.from(littleEndian).swap16()]) {
      assert.match(errorOf(() => decodeScript(bytes, where)).message, /byte 0 .*looks like UTF-16/)
    }
  })

  test('recognises UTF-16 without a byte order mark, which is valid UTF-8 full of NUL', () => {
    const error = errorOf(() => decodeScript(Buffer.from('SELECT 1;', 'utf16le'), where))
    assert.match(error.message, /NUL.*looks like UTF-16/)
  })

  test('refuses a NUL with its line', () => {
    const error = errorOf(() => decodeScript(Buffer.from("SELECT 1;\r\nSELECT '\0';"), where))
    assert.equal(error.code, 'INVALID_SCRIPT')
    assert.deepEqual([error.details.line, error.details.column], [2, 9])
    assert.match(error.message, /NUL character.*Remove it/)
  })

  test('finds the first invalid byte, for any text cut short by one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0xf8, max: 0xff }), (text, bad) => {
        const before = Buffer.from(text)
        const error = errorOf(() => decodeScript(Buffer.concat([before, Buffer.from([bad]), Buffer.from('é')]), where))
        assert.match(error.message, new RegExp(`at byte ${before.length} `))
      }),
    )
  })
})
