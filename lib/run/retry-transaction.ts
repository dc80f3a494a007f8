import { type Blocker, SchemawayError } from '../errors/schemaway-error.js'
import { abortedError, pause, throwIfAborted } from './abort.js'
import { BlockerWatch } from './blocker-watch.js'
import type { Run } from './open-run.js'
import { retryPause } from './retry-pause.js'
import { queryCanceled, ServerError } from './server-error.js'
import type { CompletedMessage, CopyData } from './session.js'
import { isBlocked } from './statement-error.js'

interface TransactionOptions {
  /** The `lock_timeout` that the work sets, in milliseconds. Default: that of the run. */
  readonly lockTimeout?: number
  /** Further tries after `lock_timeout` or a deadlock. */
  readonly retries: number
  /** What goes on, for the message of an abort: "stopped while ...". */
  readonly doing: string
  /** Turns the server's error into one for people. */
  readonly explain: (error: ServerError, facts: FailureFacts) => SchemawayError
}

export interface FailureFacts {
  readonly blockers: readonly Blocker[]
  readonly attempts: number
}

/** Sends a message inside the transaction. */
export type Send = (text: string, copyData?: CopyData) => Promise<CompletedMessage>

/**
 * Runs work of our own, outside every migration, in a transaction of a run: BEGIN, the work, COMMIT. Tries it again from
 * the beginning while another session holds what it needs; the caller's signal cancels it. A failure leaves nothing.
 *
 * Between its messages the transaction waits for this process, with every lock that it has: what takes a lock that others
 * feel goes through {@link retryMessage}.
 *
 * @throws SchemawayError what `explain` makes of the server's error; `ABORTED`, `CONNECTION_LOST`, `COMMIT_FAILED`.
 */
export async function retryTransaction<Result>(
  run: Run,
  options: TransactionOptions,
  work: (send: Send) => Promise<Result>,
): Promise<Result> {
  return await retry(run, options, async (send) => {
    await send([...run.care.remember([]), ...run.begin].join(';\n'))
    const result = await work(send)
    const renewal = run.lock?.renewal ?? []
    checkCommit(await send([...renewal, 'COMMIT', ...restoring(run)].join(';\n')), renewal.length, options.doing)
    return result
  })
}

/**
 * As {@link retryTransaction}, with the whole transaction in one message: once it has a lock, the server goes on to the COMMIT
 * by itself, even if this process stands still.
 *
 * @returns the rows of the last statement that returned rows.
 */
export async function retryMessage(
  run: Run,
  options: TransactionOptions,
  statements: readonly string[],
): Promise<CompletedMessage['lastRows']> {
  return await retry(run, options, async (send) => {
    const completed = await send([...run.begin, ...statements, ...(run.lock?.renewal ?? []), 'COMMIT'].join(';\n'))
    checkCommit(completed, -1, options.doing)
    return completed.lastRows
  })
}

async function retry<Result>(
  run: Run,
  options: TransactionOptions,
  attemptOnce: (send: Send) => Promise<Result>,
): Promise<Result> {
  const { config, session, emit } = run
  const watch = new BlockerWatch(run, options.lockTimeout)
  const send: Send = async (text, copyData) => {
    throwIfAborted(config.signal, options.doing)
    return await watch.send(text, copyData)
  }
  let blockers: readonly Blocker[] = []
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await attemptOnce(send)
      } catch (error) {
        if (!session.isLost) await session.send(['ROLLBACK', ...restoring(run)].join(';\n'))
        if (!(error instanceof ServerError)) throw error
        if (config.signal?.aborted && error.sqlState === queryCanceled) {
          throw abortedError(options.doing, config.signal.reason)
        }
        blockers = watch.blockers.length > 0 ? watch.blockers : blockers
        if (!isBlocked(error) || attempt > options.retries) {
          throw options.explain(error, { blockers, attempts: attempt })
        }
        const waitMilliseconds = retryPause(attempt, error, options.lockTimeout ?? config.lockTimeout)
        emit({
          type: 'retry',
          attempt: attempt + 1,
          of: options.retries + 1,
          waitMilliseconds,
          sqlState: error.sqlState,
        })
        await pause(waitMilliseconds, config.signal, options.doing)
      }
    }
  } finally {
    watch.stop()
  }
}

/** Work of our own leaves nothing in a session that is ours. */
function restoring({ care }: Run): readonly string[] {
  return care.isShared ? care.afterRoles : []
}

/**
 * A COMMIT of a transaction that cannot be committed answers ROLLBACK, without an error.
 *
 * @param index of its tag.
 */
function checkCommit({ commandTags }: CompletedMessage, index: number, doing: string): void {
  const tag = commandTags.at(index)
  if (tag === 'COMMIT') return
  throw new SchemawayError(
    'COMMIT_FAILED',
    `The server answered ${tag ?? 'nothing'} to the COMMIT while ${doing}: nothing of that transaction remains. Run again.`,
  )
}
