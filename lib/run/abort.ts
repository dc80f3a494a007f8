import { setTimeout as sleep } from 'node:timers/promises'
import { SchemawayError } from '../errors/schemaway-error.js'
import { nameStopper } from './connect.js'

/**
 * The error of a command that its caller stopped.
 *
 * @param cause reason of the signal.
 */
export function abortedError(doing: string, cause?: unknown): SchemawayError {
  return new SchemawayError(
    'ABORTED',
    `The run was stopped by ${nameStopper(cause)} while ${doing}. What was under way is rolled back; run the command again to go on.`,
    cause === undefined ? {} : { cause },
  )
}

export function throwIfAborted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw abortedError(doing, signal.reason)
}

/** Waits, unless the signal fires. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined, doing: string): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    throw abortedError(doing, signal?.reason ?? error)
  }
}
