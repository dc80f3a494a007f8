import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { defaultMarks, substitutePlaceholders } from './placeholders.js'
import type { ScriptFile } from './script-file.js'

/**
 * Flyway's checksum of a file: CRC-32 as a signed integer, over the text without line terminators (`\n`, `\r\n`, `\r`)
 * and without one leading byte order mark.
 *
 * Adding or removing line breaks therefore never changes it; a space, a tab or a comment does.
 *
 * @returns the checksum, or `null` when the bytes are not valid UTF-8
 */
export function checksumOfBytes(bytes: Buffer): number | null {
  return isUtf8(bytes) ? checksumOfText(bytes.toString('utf8')) : null
}

/**
 * The same checksum of a text, for instance of a repeatable after its placeholders were replaced.
 *
 * Pass the text with its byte order mark if the file has one: exactly one is left out here, and a text that lost it
 * before would lose a second one.
 */
export function checksumOfText(text: string): number {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  return crc32(body.replace(/[\r\n]+/g, '')) | 0
}

/**
 * The checksum that Flyway stores for a repeatable: that of its text after placeholder replacement. For a file without
 * placeholders it is the one of its bytes.
 *
 * With a placeholder that has no value, it is the checksum of a text that never was applied: the file counts as changed,
 * and parsing it explains why it cannot run.
 */
export function checksumOfRepeatable(file: ScriptFile, values: ReadonlyMap<string, string>): number {
  const { placeholderMarks: marks = defaultMarks } = file
  const { big } = file
  if (marks === null || !(big ?? file.bytes).includes(marks.prefix)) return file.checksum
  if (big !== undefined) {
    // A placeholder does not go beyond its line, and nothing is replaced behind one without a value.
    let isUnknown = false
    const replace = (lines: string): string => {
      if (isUnknown) return lines
      const { text, unknownAt } = substitutePlaceholders(lines, values, marks)
      isUnknown = unknownAt !== null
      return text
    }
    return big.checksum(replace) ?? file.checksum
  }
  // The byte order mark stays in this text on purpose: checksumOfText leaves out exactly one.
  return checksumOfText(substitutePlaceholders(file.bytes.toString('utf8'), values, marks).text)
}
