import type { Blocker } from '../errors/schemaway-error.js'
import { admit } from './admit.js'
import { findBlockers, findWaiters } from './blockers.js'
import type { Run } from './open-run.js'
import { ServerError } from './server-error.js'
import type { CompletedMessage, CopyData, ExecutedQuery, Session } from './session.js'

const shortestInterval = 50
/** Also where nothing, or not much, limits how long a message may wait. */
const longestInterval = 2_000
/** Milliseconds after which the same blockers are told again. */
const reportInterval = 5_000

/**
 * Looks, from a second session, for whom a message waits: often enough that every wait that ends in `lock_timeout` is
 * seen at least once. The second session is opened only when a message takes that long.
 */
export class BlockerWatch {
  readonly #run: Run
  readonly #timer: NodeJS.Timeout
  #blockers: readonly Blocker[] = []
  #told: { readonly pids: string; readonly at: number } | null = null
  #messages = 0
  #isMessageUnderWay = false
  #hasSeenThisMessage = false
  #isLooking = false

  /** @param lockTimeout in milliseconds, as it is in force for the messages; 0 when there is none. */
  constructor(run: Run, lockTimeout = run.config.lockTimeout) {
    this.#run = run
    const interval =
      lockTimeout === 0 ? longestInterval : Math.min(Math.max(lockTimeout / 3, shortestInterval), longestInterval)
    this.#timer = setInterval(() => void this.#look(), interval)
    this.#timer.unref()
  }

  /** Those that were found last while the latest message was under way. */
  get blockers(): readonly Blocker[] {
    return this.#blockers
  }

  /**
   * Sends a message that the caller's signal cancels, and that is watched for whom it waits.
   *
   * @param scripts as for {@link admit}.
   */
  async send(text: string, copyData?: CopyData, scripts?: readonly string[]): Promise<CompletedMessage> {
    return await admit(this.#run, () => this.#during((session) => session.send(text, copyData)), scripts)
  }

  /** As {@link send}, with parameters. */
  async execute(text: string, parameters: readonly (string | null)[]): Promise<ExecutedQuery> {
    return await this.#during((session) => session.execute(text, parameters))
  }

  /** Watches what is sent to the session of the run for whom it waits; the caller's signal does not cancel it. */
  async observe<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    this.#blockers = []
    this.#told = null
    this.#messages += 1
    this.#isMessageUnderWay = true
    this.#hasSeenThisMessage = false
    try {
      return await send()
    } catch (error) {
      this.#isMessageUnderWay = false
      if (error instanceof ServerError && error.sqlState === '40P01') await this.#findRestOfCircle()
      throw error
    } finally {
      this.#isMessageUnderWay = false
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #during<Answer>(send: (session: Session) => Promise<Answer>): Promise<Answer> {
    const { session, config } = this.#run
    const cancel = (): void => void session.cancel().catch(() => {})
    config.signal?.addEventListener('abort', cancel, { once: true })
    try {
      return await this.observe(() => send(session))
    } finally {
      config.signal?.removeEventListener('abort', cancel)
    }
  }

  /**
   * The victim of a deadlock waits for nobody any more. Outside a transaction it keeps its locks, though, and whoever waits for one
   * of them was a part of the circle, as somebody in pg_advisory_lock() for whose snapshot an index had to wait.
   */
  async #findRestOfCircle(): Promise<void> {
    if (this.#blockers.length > 0 || this.#run.session.transactionStatus !== 'idle') return
    try {
      this.#blockers = await findWaiters(await this.#run.observer(), this.#run.backendPid)
    } catch {
      // As in #look().
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
      const told = this.#messages
      const observer = await this.#run.observer()
      const found = await findBlockers(observer, this.#run.backendPid)
      // What is found out about a message concerns no later one.
      if (found.length > 0 && this.#isMessageUnderWay && told === this.#messages) {
        this.#blockers = found
        this.#tell(found)
      }
    } catch {
      // Knowing the blocker is a help, not a condition: without a second connection the wait is reported without a name.
    } finally {
      this.#isLooking = false
    }
  }

  #tell(blockers: readonly Blocker[]): void {
    const pids = blockers.map(({ pid }) => pid).join()
    const now = performance.now()
    if (this.#told?.pids === pids && now - this.#told.at < reportInterval) return
    this.#told = { pids, at: now }
    this.#run.emit({ type: 'blocked', blockers })
  }
}

/** Does work of a few messages of our own, each of which may have to wait for somebody, and tells for whom. */
export async function tellingBlockers<Answer>(run: Run, work: () => Promise<Answer>): Promise<Answer> {
  const watch = new BlockerWatch(run)
  try {
    return await watch.observe(work)
  } finally {
    watch.stop()
  }
}
