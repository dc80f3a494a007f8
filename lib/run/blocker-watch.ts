import type { Blocker } from '../errors/schemaway-error.js'
import { admit } from './admit.js'
import { findBlockers } from './blockers.js'
import type { Run } from './open-run.js'
import type { CompletedMessage, CopyData, ExecutedQuery, Session } from './session.js'

const shortestInterval = 50

/**
 * Looks, from a second session, for whom a message waits: often enough that every wait that ends in `lock_timeout` is
 * seen at least once. The second session is opened only when a message takes that long.
 */
export class BlockerWatch {
  readonly #run: Run
  readonly #timer: NodeJS.Timeout | null
  #blockers: readonly Blocker[] = []
  #isMessageUnderWay = false
  #hasSeenThisMessage = false
  #isLooking = false

  /** @param lockTimeout in milliseconds, as it is in force for the messages; 0 when there is none. */
  constructor(run: Run, lockTimeout = run.config.lockTimeout) {
    this.#run = run
    const interval = Math.max(lockTimeout / 3, shortestInterval)
    this.#timer = lockTimeout === 0 ? null : setInterval(() => void this.#look(), interval)
    this.#timer?.unref()
  }

  /** Those that were found last while the latest message was under way. */
  get blockers(): readonly Blocker[] {
    return this.#blockers
  }

  /** Sends a message that the caller's signal cancels, and that is watched for whom it waits. */
  async send(text: string, copyData?: CopyData): Promise<CompletedMessage> {
    return await this.#during((session) => admit(this.#run, () => session.send(text, copyData)))
  }

  /** As {@link send}, with parameters. */
  async execute(text: string, parameters: readonly (string | null)[]): Promise<ExecutedQuery> {
    return await this.#during((session) => session.execute(text, parameters))
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  async #during<Answer>(send: (session: Session) => Promise<Answer>): Promise<Answer> {
    const { session, config } = this.#run
    const cancel = (): void => void session.cancel().catch(() => {})
    config.signal?.addEventListener('abort', cancel, { once: true })
    this.#blockers = []
    this.#isMessageUnderWay = true
    this.#hasSeenThisMessage = false
    try {
      return await send(session)
    } finally {
      this.#isMessageUnderWay = false
      config.signal?.removeEventListener('abort', cancel)
    }
  }

  async #look(): Promise<void> {
    if (!this.#isMessageUnderWay || this.#isLooking) return
    // One that has just begun waits for nobody yet, as far as we can care.
    if (!this.#hasSeenThisMessage) {
      this.#hasSeenThisMessage = true
      return
    }
    this.#isLooking = true
    try {
      const observer = await this.#run.observer()
      const found = await findBlockers(observer, this.#run.backendPid)
      if (found.length > 0 && this.#isMessageUnderWay) {
        this.#blockers = found
        this.#run.emit({ type: 'blocked', blockers: found })
      }
    } catch {
      // Knowing the blocker is a help, not a condition: without a second connection the wait is reported without a name.
    } finally {
      this.#isLooking = false
    }
  }
}
