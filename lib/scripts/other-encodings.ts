import type { SchemawayError } from '../errors/schemaway-error.js'
import type { OtherEncoding } from './encodings.js'
import { scriptError } from './script-error.js'
import type { ScriptPlace } from './script-file.js'
import { positionAt } from './source-position.js'

/** What windows-1252 has where ISO-8859-1 has control characters, from 0x80 on; U+FFFD where it has nothing. */
const windowsCharacters = '€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ'
/** Half a surrogate pair, or a byte order mark that says it is the other byte order. */
const wrongUnit = /\p{Surrogate}|^\ufffe/u
const controls = /[\x80-\x9f]/g

/**
 * Translates the bytes of a script into UTF-8, as strictly as Java does for Flyway: ISO-8859-1 is taken at its word, so
 * that 0x80 is a control character (the web's label of that name means windows-1252), and bytes that an encoding does not
 * define are refused.
 *
 * @returns null when the bytes are not in that encoding
 */
export function translateToUtf8(bytes: Buffer, encoding: OtherEncoding): Buffer | null {
  return isUndecodable(bytes, encoding) ? null : Buffer.from(decode(bytes, encoding))
}

/** The error for bytes that are not in the encoding they should be in; it names the first wrong one. */
export function otherEncodingError(bytes: Buffer, where: ScriptPlace, encoding: OtherEncoding): SchemawayError {
  const text = decode(bytes, encoding)
  const found = text.search(isUtf16(encoding) ? wrongUnit : /\ufffd/)
  const index = found === -1 ? text.length : found
  const offset = isUtf16(encoding) ? index * 2 : index
  const byte = (bytes[offset] ?? 0).toString(16).toUpperCase().padStart(2, '0')
  return scriptError(
    'INVALID_SCRIPT',
    where,
    positionAt(text, index),
    `the file is not valid ${encoding} at byte ${offset} (0x${byte}). Correct the option \`encoding\`, or save the file in that encoding.`,
  )
}

function decode(bytes: Buffer, encoding: OtherEncoding): string {
  switch (encoding) {
    case 'iso-8859-1':
      return bytes.toString('latin1')
    case 'windows-1252':
      return bytes
        .toString('latin1')
        .replace(controls, (control) => windowsCharacters.charAt(control.charCodeAt(0) - 0x80))
    case 'utf-16le':
      return bytes.toString('utf16le')
    case 'utf-16be':
      return swapped(bytes).toString('utf16le')
    default:
      return encoding satisfies never
  }
}

function isUndecodable(bytes: Buffer, encoding: OtherEncoding): boolean {
  if (isUtf16(encoding)) return bytes.length % 2 !== 0 || wrongUnit.test(decode(bytes, encoding))
  return encoding === 'windows-1252' && decode(bytes, encoding).includes('\ufffd')
}

function isUtf16(encoding: OtherEncoding): boolean {
  return encoding.startsWith('utf-16')
}

/** A copy with the two bytes of each unit exchanged; half a unit at the end is left out. */
function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2))).swap16()
}
