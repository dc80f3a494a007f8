import type { SchemawayError } from '../errors/schemaway-error.js'
import { scriptError } from './script-error.js'
import type { ScriptPlace } from './script-file.js'
import { positionAt } from './source-position.js'

/** The error for bytes that are not UTF-8: it names the first wrong byte and guesses what the file really is. */
export function encodingError(bytes: Buffer, where: ScriptPlace): SchemawayError {
  const { text, index, offset } = firstInvalidByte(bytes)
  const message =
    `the file is not valid UTF-8 at byte ${offset} (0x${hexadecimal(bytes[offset])}). ` +
    `${guessEncoding(bytes, offset)} Save it as UTF-8.`
  return scriptError('INVALID_SCRIPT', where, positionAt(text, index), message)
}

/** Whether a text with so many zero bytes is UTF-16 rather than broken UTF-8. */
export function looksLikeUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true
  const sample = bytes.subarray(0, 64)
  return sample.length > 1 && sample.filter((byte) => byte === 0).length * 3 >= sample.length
}

/**
 * A lossy decoding shows U+FFFD where bytes are wrong, but also where the file really holds that character; only the
 * former have no EF BF BD behind them.
 */
function firstInvalidByte(bytes: Buffer): { text: string; index: number; offset: number } {
  const text = bytes.toString('utf8')
  let offset = 0
  let counted = 0
  for (let index = text.indexOf('\ufffd'); index !== -1; index = text.indexOf('\ufffd', index + 1)) {
    offset += Buffer.byteLength(text.slice(counted, index))
    counted = index
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) break
  }
  return { text, index: counted, offset }
}

function guessEncoding(bytes: Buffer, offset: number): string {
  if (looksLikeUtf16(bytes)) return 'It looks like UTF-16.'
  const byte = bytes[offset] ?? 0
  if (byte >= 0xa0) return `It looks like Latin-1 or Windows-1252, where that byte is "${String.fromCharCode(byte)}".`
  return 'It may be Windows-1252 or a binary file.'
}

function hexadecimal(byte: number | undefined): string {
  return (byte ?? 0).toString(16).toUpperCase().padStart(2, '0')
}
