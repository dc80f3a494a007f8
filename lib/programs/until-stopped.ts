import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../run/session.js'

/** How long a program or hook may go on when it is to stop, in milliseconds. */
export const stopGrace = 5_000

/** What may end before the work does. */
export interface Stoppable {
  /** Of the caller. */
  readonly signal: AbortSignal | undefined
  readonly session: Pick<Session, 'onLoss'>
}

/**
 * Waits for work of somebody else's, and not much longer once the caller's signal has fired or the connection is lost: work that
 * does not listen must not hold the command.
 *
 * @param work gets a signal that fires in both cases.
 * @param grace how long it may go on after that, in milliseconds.
 * @throws what the work throws, or the reason for which it was stopped.
 */
export async function untilStopped<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  { signal, session }: Stoppable,
  grace: number,
): Promise<Result> {
  const stop = new AbortController()
  const over = new AbortController()
  let forgetLoss = (): void => {}
  const stopped = new Promise<never>((_resolve, reject) => {
    const end = (reason: unknown): void => {
      stop.abort(reason)
      sleep(grace, undefined, { signal: over.signal }).then(
        () => reject(reason),
        () => {},
      )
    }
    if (signal?.aborted) end(signal.reason)
    else signal?.addEventListener('abort', () => end(signal.reason), { once: true, signal: over.signal })
    forgetLoss = session.onLoss(end)
  })
  const running = work(stop.signal)
  running.catch(() => {})
  try {
    return await Promise.race([running, stopped])
  } finally {
    over.abort()
    forgetLoss()
  }
}

/** What a promise of somebody who is waited for no more resolves to: never. A rejection that nobody hears ends the process. */
export async function neverAnswer(): Promise<never> {
  return await new Promise<never>(() => {})
}
