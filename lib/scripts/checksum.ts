import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'

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
