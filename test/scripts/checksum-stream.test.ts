import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checksumOfBytes } from '../../lib/scripts/checksum.js'
import { ChecksumStream } from '../../lib/scripts/checksum-stream.js'

/** The checksum of bytes that come in pieces of some length, each overwritten by the next one. */
function checksumInPieces(bytes: Buffer, length: number): number | null {
  const stream = new ChecksumStream()
  const piece = Buffer.alloc(length)
  for (let at = 0; at < bytes.length; at += length) {
    const copied = bytes.copy(piece, 0, at)
    stream.update(piece.subarray(0, copied))
  }
  return stream.finish()
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.constantFrom('\ufeff', '\r', '\n', '\r\n', 'ä', '🚀', '€', 'a', ' '), { maxLength: 50 })
    .map((all) => all.join('')),
)

test('the checksum of a text in pieces is that of the whole, wherever it is cut', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 40 }), (content, length) => {
      const bytes = Buffer.from(content)
      assert.equal(checksumInPieces(bytes, length), checksumOfBytes(bytes))
    }),
    { numRuns: 1_000 },
  )
})

test('bytes that are not UTF-8 have no checksum, wherever they are cut', () => {
  const invalid = fc.tuple(
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.constantFrom([0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x9a], [0x80], [0xed, 0xa0, 0x80], [0xc0, 0xaf]),
    fc.constantFrom('', 'a', 'aaaa', '\n'),
  )
  fc.assert(
    fc.property(invalid, fc.integer({ min: 1, max: 8 }), ([before, wrong, behind], length) => {
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from(wrong), Buffer.from(behind)])
      assert.equal(checksumOfBytes(bytes), null)
      assert.equal(checksumInPieces(bytes, length), null)
    }),
  )
})
