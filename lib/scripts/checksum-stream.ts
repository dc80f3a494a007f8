import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'

const lineFeed = 10
const carriageReturn = 13
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

/** The checksum of `checksumOfBytes()`, for bytes that come in pieces. */
export class ChecksumStream {
  #checksum = 0
  #isValid = true
  /** Bytes at the end of a piece that begin a character. */
  #carried = Buffer.alloc(0)
  #isBegin = true
  #lines = new Uint8Array(0)

  update(piece: Buffer): void {
    if (!this.#isValid) return
    const bytes = this.#carried.length === 0 ? piece : Buffer.concat([this.#carried, piece])
    const complete = lengthOfCharacters(bytes)
    // The piece may be overwritten before the next one comes.
    this.#carried = Buffer.from(bytes.subarray(complete))
    if (complete > 0) this.#take(bytes.subarray(0, complete))
  }

  /** @returns the checksum, or `null` when the bytes are not valid UTF-8 */
  finish(): number | null {
    this.#take(this.#carried)
    return this.#isValid ? this.#checksum | 0 : null
  }

  #take(bytes: Buffer): void {
    if (!isUtf8(bytes)) {
      this.#isValid = false
      return
    }
    const begin = this.#isBegin && bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0
    this.#isBegin = false
    if (this.#lines.length < bytes.length) this.#lines = new Uint8Array(bytes.length)
    const length = joinLines(bytes.subarray(begin), this.#lines)
    this.#checksum = crc32(this.#lines.subarray(0, length), this.#checksum)
  }
}

/** Copies bytes without their line ends: line by line, which is several times faster than byte by byte. Returns the length. */
function joinLines(bytes: Buffer, target: Uint8Array): number {
  if (bytes.includes(carriageReturn)) return joinMixedLines(bytes, target)
  target.set(bytes)
  let length = 0
  let begin = 0
  for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, begin)) {
    if (length !== begin) target.copyWithin(length, begin, end)
    length += end - begin
    begin = end + 1
  }
  target.copyWithin(length, begin, bytes.length)
  return length + bytes.length - begin
}

function joinMixedLines(bytes: Buffer, target: Uint8Array): number {
  let length = 0
  for (const byte of bytes) if (byte !== lineFeed && byte !== carriageReturn) target[length++] = byte
  return length
}

/** Length without the character that the bytes end in the middle of. */
function lengthOfCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}
