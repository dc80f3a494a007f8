import assert from 'node:assert/strict'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'

/** The {@link SchemawayError} that the work throws; anything else fails the test. */
export async function catchError(work: () => unknown): Promise<SchemawayError> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof SchemawayError, String(error))
    return error
  }
  assert.fail('nothing was thrown')
}
