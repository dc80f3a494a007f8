import { createHash } from 'node:crypto'
import { type BigIntStats, closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { SchemawayError } from '../errors/schemaway-error.js'
import { ChecksumStream } from './checksum-stream.js'
import type { ScriptPlace } from './script-file.js'

const chunkLength = 1 << 20
const streamedLength = 1 << 18
/** Beyond this a line does not fit into a string, and would not be sent either. */
const longestLine = 1 << 28

/**
 * A script that is too big to be held in memory. Whoever needs something of it reads it from disk again, in chunks; that
 * it is still the same file is looked at each time.
 *
 * Offsets are bytes of the file, those of a byte order mark included.
 */
export class BigFile {
  readonly size: number
  readonly #where: ScriptPlace
  readonly #identity: string
  #sha256: string | null = null
  #scratch: Buffer | null = null

  /** @throws what opening the file throws */
  constructor(where: ScriptPlace) {
    this.#where = where
    const handle = openSync(where.file, 'r')
    try {
      const stats = fstatSync(handle, { bigint: true })
      this.size = Number(stats.size)
      this.#identity = identityOf(stats)
    } finally {
      closeSync(handle)
    }
  }

  /**
   * The bytes from `from` to before `to`, in chunks.
   *
   * @param overlap how many bytes of a chunk come again at the beginning of the next one
   * @returns chunks that are overwritten as soon as the next one is asked for
   * @throws SchemawayError `INVALID_SCRIPT` when the file was changed since it was first looked at
   */
  *chunks({ from = 0, to = this.size, length = chunkLength, overlap = 0 } = {}): Generator<Buffer, void> {
    const handle = this.#open()
    try {
      const buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(length, overlap + 1), Math.max(to - from, 1)))
      for (let at = from; at < to; ) {
        const wanted = Math.min(buffer.length, to - at)
        if (this.#attempt(() => readFully(handle, buffer, wanted, at)) < wanted) throw this.#changed()
        yield buffer.subarray(0, wanted)
        at = at + wanted === to ? to : at + wanted - overlap
      }
      this.#compare(this.#attempt(() => fstatSync(handle, { bigint: true })))
    } finally {
      closeSync(handle)
    }
  }

  /** The bytes from `from` to before `to`. */
  read(from = 0, to = this.size): Buffer {
    const [first = Buffer.alloc(0)] = this.chunks({ from, to, length: to - from })
    return first
  }

  /** As {@link read}, but the bytes are overwritten by the next call, so that a reading of many stretches leaves no garbage. */
  view(from: number, to: number): Buffer {
    if (to - from > chunkLength) return this.read(from, to)
    this.#scratch ??= Buffer.allocUnsafeSlow(chunkLength)
    const bytes = this.#scratch.subarray(0, to - from)
    const handle = this.#open()
    try {
      if (this.#attempt(() => readFully(handle, bytes, bytes.length, from)) < bytes.length) throw this.#changed()
      this.#compare(this.#attempt(() => fstatSync(handle, { bigint: true })))
      return bytes
    } finally {
      closeSync(handle)
    }
  }

  /**
   * As {@link chunks}, but never keeps the process waiting for the disk: while a chunk is in use the next one is read.
   *
   * @returns chunks that are overwritten as soon as the next one is asked for
   */
  async *stream(from: number, to: number): AsyncGenerator<Uint8Array, void> {
    const failed = (cause: unknown): never => {
      throw this.#unreadable(cause)
    }
    const handle = await open(this.#where.file, 'r').catch(failed)
    try {
      this.#compare(await handle.stat({ bigint: true }).catch(failed))
      const buffers = [Buffer.allocUnsafeSlow(streamedLength), Buffer.allocUnsafeSlow(streamedLength)] as const
      const readAt = async (at: number, buffer: Buffer): Promise<Buffer> => {
        const wanted = Math.min(buffer.length, to - at)
        let length = 0
        while (length < wanted) {
          const { bytesRead } = await handle.read(buffer, length, wanted - length, at + length).catch(failed)
          if (bytesRead === 0) throw this.#changed()
          length += bytesRead
        }
        return buffer.subarray(0, wanted)
      }
      let [current, other] = buffers
      let ahead = readAt(from, current)
      for (let at = from; at < to; ) {
        const chunk = await ahead
        at += chunk.length
        if (at < to) {
          ahead = readAt(at, other)
          // Nobody waits for it while the chunk is in use.
          ahead.catch(() => {})
        }
        yield chunk
        ;[current, other] = [other, current]
      }
      this.#compare(await handle.stat({ bigint: true }).catch(failed))
    } finally {
      await handle.close()
    }
  }

  /** Whether a text stands anywhere in the file. */
  includes(text: string): boolean {
    const wanted = Buffer.from(text)
    for (const chunk of this.chunks({ overlap: wanted.length - 1 })) if (chunk.includes(wanted)) return true
    return false
  }

  /**
   * The checksum of `checksumOfBytes()`.
   *
   * @param replace called with whole lines, one after the other, for the checksum of what it makes of them
   * @returns null when the bytes are not valid UTF-8
   */
  checksum(replace: ((lines: string) => string) | null = null): number | null {
    const checksum = new ChecksumStream()
    if (replace === null) for (const chunk of this.chunks()) checksum.update(chunk)
    else for (const lines of this.lines()) checksum.update(Buffer.from(replace(lines.toString('utf8'))))
    return checksum.finish()
  }

  /**
   * The bytes from the first to the last, in whole lines, some at a time.
   *
   * @returns lines that are overwritten as soon as the next ones are asked for
   */
  *lines(): Generator<Buffer, void> {
    let wanted = chunkLength
    for (let at = 0; at < this.size; ) {
      const bytes = this.view(at, Math.min(at + wanted, this.size))
      const isLast = at + bytes.length === this.size
      const length = isLast ? bytes.length : bytes.lastIndexOf(10) + 1
      if (length === 0 && wanted < longestLine) {
        wanted *= 2
        continue
      }
      yield length === 0 ? bytes : bytes.subarray(0, length)
      at += length === 0 ? bytes.length : length
      wanted = chunkLength
    }
  }

  /** SHA-256 of the whole file, in lower-case hexadecimal. */
  sha256(): string {
    if (this.#sha256 !== null) return this.#sha256
    const hash = createHash('sha256')
    for (const chunk of this.chunks()) hash.update(chunk)
    this.#sha256 = hash.digest('hex')
    return this.#sha256
  }

  #open(): number {
    const handle = this.#attempt(() => openSync(this.#where.file, 'r'))
    try {
      this.#compare(this.#attempt(() => fstatSync(handle, { bigint: true })))
      return handle
    } catch (error) {
      closeSync(handle)
      throw error
    }
  }

  #attempt<T>(read: () => T): T {
    try {
      return read()
    } catch (cause) {
      throw this.#unreadable(cause)
    }
  }

  #compare(stats: BigIntStats): void {
    if (identityOf(stats) !== this.#identity) throw this.#changed()
  }

  #unreadable(cause: unknown): SchemawayError {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
    if (code === 'ENOENT' || code === 'ENOTDIR') return this.#changed(cause)
    return this.#error(
      `cannot be read (${code ?? String(cause)}). A file of this size is read again when it is sent. Correct that and run again.`,
      cause,
    )
  }

  #changed(cause?: unknown): SchemawayError {
    return this.#error(
      'was changed, replaced or removed while it was being used. A file of this size is read again when it is sent, and ' +
        'must stay as it is until then. Run again when it is complete.',
      cause,
    )
  }

  #error(what: string, cause: unknown): SchemawayError {
    const { script, file, module, version } = this.#where
    return new SchemawayError('INVALID_SCRIPT', `${script} ${what}`, {
      details: { script, file, ...(module !== undefined && { module }), ...(version && { version: version.text }) },
      ...(cause !== undefined && { cause }),
    })
  }
}

function identityOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(' ')
}

function readFully(handle: number, buffer: Buffer, wanted: number, position: number): number {
  let length = 0
  while (length < wanted) {
    const read = readSync(handle, buffer, length, wanted - length, position + length)
    if (read === 0) break
    length += read
  }
  return length
}
