import type { SchemawayError } from '../errors/schemaway-error.js'
import type { PlannedScript } from '../plan/plan.js'
import { abortedError, pause } from '../run/abort.js'
import type { Run } from '../run/open-run.js'
import { retryPause } from '../run/retry-pause.js'
import { MessageFailure, type StepSender } from '../run/send-steps.js'
import { queryCanceled } from '../run/server-error.js'
import { explainFailure, isBlocked } from '../run/statement-error.js'
import { writeCallback } from './callback-message.js'

/**
 * Runs a callback in a transaction of its own, or outside of one. A transaction that another session keeps from a lock is
 * tried again.
 *
 * @throws SchemawayError `STATEMENT_FAILED` and the other codes of a script that fails; `LOCK_LOST`, `ABORTED`.
 */
export async function runCallback(script: PlannedScript, run: Run, sender: StepSender): Promise<void> {
  const { config, emit, session, begin, care, ledgerHash } = run
  const renewal = run.lock?.renewal ?? []
  const messages = writeCallback(script, { begin, renewal, care, ledgerHash, lockTimeout: config.lockTimeout })
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const message of messages) await sender.deliver(message)
      if (run.isLocked && script.parsed.units !== null) {
        await run.checkLock(script.reference.script, 'What it did is committed.')
      }
      return
    } catch (error) {
      if (!(error instanceof MessageFailure)) throw error
      const { sqlState } = error.cause
      await session.send(['ROLLBACK', ...care.afterRoles].join(';\n'))
      if (config.signal?.aborted && sqlState === queryCanceled) {
        throw abortedError(`the callback ${script.reference.script} was running`, config.signal.reason)
      }
      // Outside of a transaction, what is done would be done again.
      const isRepeatable = script.parsed.units === null && isBlocked(error.cause)
      if (!isRepeatable || attempt > config.lockRetries) throw explain(error, attempt, script, run)
      const wait = retryPause(attempt, error.cause, config.lockTimeout)
      emit({ type: 'retry', attempt: attempt + 1, of: config.lockRetries + 1, waitMilliseconds: wait, sqlState })
      await pause(wait, config.signal, `waiting before attempt ${attempt + 1}`)
    }
  }
}

function explain(
  failure: MessageFailure,
  attempts: number,
  script: PlannedScript,
  { mask, session }: Run,
): SchemawayError {
  const isOutside = script.parsed.units !== null
  return explainFailure(failure.cause, {
    message: failure.sent,
    part: failure.part,
    blockers: failure.blockers,
    attempts,
    mask,
    server: session.display,
    remains: isOutside
      ? 'The callback runs outside a transaction: what stands before this statement stays, and what was committed before it.'
      : 'The transaction of the callback is rolled back; what was committed before it stays.',
  }).error
}
