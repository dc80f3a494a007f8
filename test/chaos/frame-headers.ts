/**
 * Follows the frames that a client sends and says which bytes are type or length of one.
 *
 * Only these are corrupted on the way to the server: a changed byte of the body would be other SQL, which the server would
 * rightly run.
 */
export class FrameHeaders {
  #isTyped = false
  readonly #header: number[] = []
  #body = 0

  /** @returns the indexes of header bytes in this chunk. */
  read(chunk: Buffer): readonly number[] {
    const found: number[] = []
    for (let index = 0; index < chunk.length; ) {
      if (this.#body > 0) {
        const skipped = Math.min(this.#body, chunk.length - index)
        this.#body -= skipped
        index += skipped
        continue
      }
      found.push(index)
      this.#header.push(chunk[index] ?? 0)
      index += 1
      // A start-up packet has no type; behind its length comes a code that says what it asks for.
      if (this.#header.length < (this.#isTyped ? 5 : 8)) continue
      this.#finishHeader()
    }
    return found
  }

  #finishHeader(): void {
    const header = Buffer.from(this.#header)
    this.#header.length = 0
    if (this.#isTyped) {
      this.#body = Math.max(0, header.readUInt32BE(1) - 4)
      return
    }
    this.#body = Math.max(0, header.readUInt32BE(0) - 8)
    // After a request for TLS, which our servers decline, another start-up packet follows.
    this.#isTyped = header.readUInt32BE(4) !== 80_877_103
  }
}
