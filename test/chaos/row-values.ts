/**
 * Follows the rows that a server sends, and says which of their bytes are values that a program of a migration reads from the tables of
 * its user.
 *
 * These are not corrupted. A program that gets other values, and writes by them, does what it was told to: nothing here, and nobody but
 * TLS, can find out that another letter stood there. All the rest is corrupted, that around these values included: types and lengths of
 * messages, numbers and lengths of columns, answers to what the library asks about history, ledger and catalogue.
 */
export class RowValues {
  /** What the queries of programs have in their texts, and no other. */
  readonly #words: string
  #isProgramReading = false
  #isFirst = true
  readonly #header: number[] = []
  #body = 0
  #isRow = false
  /** Of a row: bytes to the number of columns, to the next length, and of the value. */
  #skipped = 0
  readonly #length: number[] = []
  #value = 0

  constructor(words: string) {
    this.#words = words
  }

  /** Takes what the client sends. A query of the extended protocol comes with PARSE, and has its rows behind a later message. */
  hear(chunk: Buffer): void {
    if (chunk.includes(this.#words)) this.#isProgramReading = true
    else if (chunk[0] === letter('Q') || chunk[0] === letter('P')) this.#isProgramReading = false
  }

  /** @returns for each byte of what the server sends next, whether it belongs to such a value. */
  read(chunk: Buffer): readonly boolean[] {
    return [...chunk].map((byte) => this.#take(byte) && this.#isProgramReading)
  }

  #take(byte: number): boolean {
    const isFirst = this.#isFirst
    this.#isFirst = false
    // The answer to a request for TLS is a letter without a length. No conversation begins with such a message.
    if (isFirst && (byte === letter('N') || byte === letter('S'))) return false
    if (this.#body > 0) {
      this.#body -= 1
      return this.#isRow && this.#takeOfRow(byte)
    }
    this.#header.push(byte)
    if (this.#header.length === 5) {
      const header = Buffer.from(this.#header)
      this.#header.length = 0
      this.#body = Math.max(0, header.readUInt32BE(1) - 4)
      this.#isRow = header[0] === letter('D')
      this.#skipped = 2
      this.#length.length = 0
      this.#value = 0
    }
    return false
  }

  #takeOfRow(byte: number): boolean {
    if (this.#skipped > 0) {
      this.#skipped -= 1
      return false
    }
    if (this.#value > 0) {
      this.#value -= 1
      return true
    }
    this.#length.push(byte)
    if (this.#length.length === 4) {
      // NULL is told by a length of -1.
      this.#value = Math.max(0, Buffer.from(this.#length).readInt32BE(0))
      this.#length.length = 0
    }
    return false
  }
}

function letter(text: string): number {
  return text.charCodeAt(0)
}
