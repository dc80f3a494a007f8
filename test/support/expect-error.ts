import assert from 'node:assert/strict'
import { type ErrorCode, SchemawayError } from '../../lib/index.js'

/** Awaits a failure with the given code and returns it. */
export async function expectError(code: ErrorCode, work: Promise<unknown>): Promise<SchemawayError> {
  const outcome = await work.then(
    () => 'it went through',
    (error: unknown) => error,
  )
  assert.ok(
    outcome instanceof SchemawayError,
    `expected ${code}, but ${outcome instanceof Error ? outcome.stack : outcome}`,
  )
  assert.equal(outcome.code, code, outcome.message)
  return outcome
}
