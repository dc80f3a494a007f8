import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { ServerError } from '../../lib/run/server-error.js'
import { openSession, type Session, type SessionOptions } from '../../lib/run/session.js'
import { testDatabase } from '../../lib/testing/index.js'
import { targetOf } from './private-server.js'

/** A session that ends with the test; without a URL it is on a new database. */
export async function open(t: TestContext, url?: string, options: SessionOptions = {}): Promise<Session> {
  const session = await openSession(targetOf(url ?? (await testDatabase(t)).url), options)
  t.after(() => session.close())
  return session
}

/** The SchemawayError that a promise rejects with. */
export async function failure(promise: Promise<unknown>, code = 'CONNECTION_FAILED'): Promise<SchemawayError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof SchemawayError, String(error))
    assert.equal(error.code, code)
    return error
  }
  assert.fail('the promise was kept')
}

/** The ServerError that a promise rejects with. */
export async function serverError(promise: Promise<unknown>): Promise<ServerError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof ServerError, String(error))
    return error
  }
  assert.fail('the promise was kept')
}
