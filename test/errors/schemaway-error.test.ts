import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import { errorCodes } from '../../lib/errors/error-codes.js'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'

test('a stack begins with the name of the class and the message', () => {
  const error = new SchemawayError('INVALID_OPTIONS', 'no database is named')
  assert.equal(error.name, 'SchemawayError')
  assert.equal(error.stack?.split('\n')[0], 'SchemawayError: no database is named')
  assert.deepEqual(Object.keys(error).sort(), ['code', 'details'])
})

test('a log keeps code, message and details, and of the cause no more than its name', () => {
  const cause = Object.assign(new TypeError('secret hunter2'), { client: { password: 'hunter2' } })
  const error = new SchemawayError('CONNECTION_FAILED', 'nobody answers', { details: { server: 'h:1/db' }, cause })
  assert.equal(error.cause, cause)
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: 'SchemawayError',
    code: 'CONNECTION_FAILED',
    message: 'nobody answers',
    details: { server: 'h:1/db' },
    cause: { name: 'TypeError' },
  })
})

test('without a cause there is none, not an undefined one', () => {
  const error = new SchemawayError('ABORTED', 'stopped')
  assert.equal(Object.hasOwn(error, 'cause'), false)
  assert.deepEqual(error.details, {})
  assert.doesNotMatch(inspect(error), /cause/)
})

test('details cannot be changed afterwards, and do not follow the object they were made from', () => {
  const details: { script: string } = { script: 'V1__a.sql' }
  const error = new SchemawayError('STATEMENT_FAILED', 'failed', { details })
  details.script = 'another'
  assert.equal(error.details.script, 'V1__a.sql')
  assert.throws(() => Object.assign(error.details, { script: 'another' }), TypeError)
})

test('every code is listed once, in capital letters', () => {
  assert.equal(new Set(errorCodes).size, errorCodes.length)
  for (const code of errorCodes) assert.match(code, /^[A-Z]+(?:_[A-Z]+)*$/)
})
