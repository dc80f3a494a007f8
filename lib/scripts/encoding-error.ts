import { isUtf8 } from 'node:buffer'
import type { SchemawayError } from '../errors/schemaway-error.js'
import type { BigFile } from './big-file.js'
import { scriptError } from './script-error.js'
import type { ScriptPlace } from './script-file.js'
import { positionAt } from './source-position.js'

const lineFeed = 10
const charactersAtOnce = 1 << 20

/** The error for bytes that are not UTF-8: it names the first wrong byte and guesses what the file really is. */
export function encodingError(bytes: Buffer, where: ScriptPlace): SchemawayError {
  return explain(linesOf(bytes), where)
}

/** As {@link encodingError}, for a file that is not in memory. */
export function encodingErrorInFile(file: BigFile, where: ScriptPlace): SchemawayError {
  return explain(file.lines(), where)
}

/** @param pieces whole lines, since a big file does not fit into a string. */
function explain(pieces: Iterable<Buffer>, where: ScriptPlace): SchemawayError {
  let from = 0
  let linesBefore = 0
  let isUtf16 = false
  for (const bytes of pieces) {
    if (from === 0) isUtf16 = looksLikeUtf16(bytes)
    if (isUtf8(bytes)) {
      const text = bytes.toString('utf8')
      linesBefore += positionAt(text, text.length).line - 1
      from += bytes.length
      continue
    }
    const { text, index, offset } = firstInvalidByte(bytes)
    const { line, column } = positionAt(text, index)
    const message =
      `the file is not valid UTF-8 at byte ${from + offset} (0x${hexadecimal(bytes[offset])}). ` +
      `${isUtf16 ? 'It looks like UTF-16.' : guessEncoding(bytes[offset] ?? 0)} Save it as UTF-8.`
    return scriptError('INVALID_SCRIPT', where, { line: linesBefore + line, column }, message)
  }
  const message = 'the file was not valid UTF-8 when it was read first, and was changed meanwhile. Run again.'
  return scriptError('INVALID_SCRIPT', where, { line: 1, column: 1 }, message)
}

/** Whether a text with so many zero bytes is UTF-16 rather than broken UTF-8. */
export function looksLikeUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true
  const sample = bytes.subarray(0, 64)
  return sample.length > 1 && sample.filter((byte) => byte === 0).length * 3 >= sample.length
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; ) {
    const lineEnd = bytes.indexOf(lineFeed, from + charactersAtOnce)
    const to = lineEnd === -1 ? bytes.length : lineEnd + 1
    yield bytes.subarray(from, to)
    from = to
  }
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

function guessEncoding(byte: number): string {
  if (byte >= 0xa0) return `It looks like Latin-1 or Windows-1252, where that byte is "${String.fromCharCode(byte)}".`
  return 'It may be Windows-1252 or a binary file.'
}

function hexadecimal(byte: number | undefined): string {
  return (byte ?? 0).toString(16).toUpperCase().padStart(2, '0')
}
