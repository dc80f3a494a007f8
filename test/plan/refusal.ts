import assert from 'node:assert/strict'
import type { ErrorCode } from '../../lib/errors/error-codes.js'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'

/** The error with which `action` refuses; fails when it throws none, or one of another code or class. */
export function refusal(code: ErrorCode, action: () => unknown): SchemawayError {
  try {
    action()
  } catch (error) {
    assert.ok(error instanceof SchemawayError, error instanceof Error ? error.stack : String(error))
    assert.equal(error.code, code, error.message)
    return error
  }
  return assert.fail(`expected ${code}, but it went through`)
}
