import assert from 'node:assert/strict'
import test from 'node:test'
import type { OtherEncoding } from '../../lib/scripts/encodings.js'
import { otherEncodingError, translateToUtf8 } from '../../lib/scripts/other-encodings.js'
import { where } from './script-file-of.js'

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

function textOf(bytes: Buffer, encoding: OtherEncoding): string | null {
  return translateToUtf8(bytes, encoding)?.toString() ?? null
}

test('ISO-8859-1 takes every byte for the character of its number, as Java does and browsers do not', () => {
  const text = textOf(allBytes, 'iso-8859-1') ?? ''
  assert.deepEqual(
    [...text].map((character) => character.codePointAt(0)),
    [...allBytes],
  )
})

/** From 0x80 on, by the Unicode Consortium's table; 0 where it has nothing. */
const windowsCodePoints = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
  0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
]

test('windows-1252 differs from ISO-8859-1 from 0x80 to 0x9F, where five bytes are nothing', () => {
  for (const byte of allBytes) {
    const expected = windowsCodePoints[byte - 0x80] ?? byte
    const text = textOf(Buffer.from([byte]), 'windows-1252')
    assert.equal(text, expected === 0 && byte !== 0 ? null : String.fromCodePoint(expected), String(byte))
  }
})

test('UTF-16 of both byte orders, with characters beyond the first plane and the byte order mark kept', () => {
  const text = '\ufeffgrüße 🚀'
  const little = Buffer.from(text, 'utf16le')
  assert.equal(textOf(little, 'utf-16le'), text)
  assert.equal(textOf(Buffer.from(little).swap16(), 'utf-16be'), text)
  assert.equal(textOf(Buffer.alloc(0), 'utf-16be'), '')
})

for (const [what, bytes, encoding, message] of [
  [
    'an undefined byte',
    Buffer.from('a\nb\x81', 'latin1'),
    'windows-1252',
    /line 2, column 2: .*windows-1252 at byte 3 \(0x81\)/,
  ],
  ['half a unit', Buffer.from([0x61, 0, 0x62]), 'utf-16le', /line 1, column 2: .*utf-16le at byte 2 \(0x62\)/],
  [
    'half a unit, big-endian',
    Buffer.from([0, 0x61, 0x62]),
    'utf-16be',
    /line 1, column 2: .*utf-16be at byte 2 \(0x62\)/,
  ],
  ['half a surrogate pair', Buffer.from([0x61, 0, 0x3d, 0xd8, 0x61, 0]), 'utf-16le', /column 2: .*at byte 2 \(0x3D\)/],
  ['the other byte order', Buffer.from('\ufeffa', 'utf16le'), 'utf-16be', /column 1: .*at byte 0 \(0xFF\)/],
] as const) {
  test(`${what} is refused with its place`, () => {
    assert.equal(translateToUtf8(bytes, encoding), null)
    const error = otherEncodingError(bytes, where, encoding)
    assert.equal(error.code, 'INVALID_SCRIPT')
    assert.match(error.message, message)
  })
}
