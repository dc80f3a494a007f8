/** A target in its turn, not yet checked. */
export interface GivenTarget {
  readonly given: unknown
  /** From 1. */
  readonly position: number
}

/**
 * Hands out the targets of an iterable one after the other, to any number of takers: whoever wrote it need not expect to be asked
 * for the next one before it has answered.
 */
export class TargetSource {
  readonly #targets: Iterable<unknown> | AsyncIterable<unknown>
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #position = 0
  #isAtEnd = false

  constructor(targets: Iterable<unknown> | AsyncIterable<unknown>) {
    this.#targets = targets
  }

  /** Whether there is no further target. */
  get isAtEnd(): boolean {
    return this.#isAtEnd
  }

  /** @returns null when there is none left. Rejects with what the iterable throws, and is at its end then. */
  async next(): Promise<GivenTarget | null> {
    const mine = this.#turn.then(async () => await this.#read())
    this.#turn = mine.catch(() => {})
    return await mine
  }

  /** Tells the iterable that nobody will ask any more. It may be busy for long, so it is not waited for. */
  close(): void {
    if (this.#isAtEnd) return
    void (async () => await this.#iterator?.return?.())().catch(() => {})
  }

  async #read(): Promise<GivenTarget | null> {
    if (this.#isAtEnd) return null
    try {
      this.#iterator ??= open(this.#targets)
      const { done, value } = await this.#iterator.next()
      if (done !== true) {
        this.#position += 1
        return { given: value, position: this.#position }
      }
    } catch (error) {
      this.#isAtEnd = true
      throw error
    }
    this.#isAtEnd = true
    return null
  }
}

function open(targets: Iterable<unknown> | AsyncIterable<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in targets ? targets[Symbol.asyncIterator]() : targets[Symbol.iterator]()
}
