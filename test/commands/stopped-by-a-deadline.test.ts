import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { migrate, migrateAll } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { none } from '../support/outside-transaction.js'
import { waitForSleep } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'

const program = (transaction: string): string => `export const transaction = '${transaction}'
export const up = async ({ sql }) => { await sql\`SELECT pg_sleep(600)\` }`

const scripts: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a script', { 'V1__long.sql': 'SELECT pg_sleep(600);' }],
  ['a script outside a transaction', { 'V1__long.sql': `${none}SELECT pg_sleep(600);` }],
  ['a program', { 'V1__long.mjs': program('default') }],
  ['a program outside a transaction', { 'V1__long.mjs': program('none') }],
]

/** What a run says that is stopped for a reason while a statement of it runs. */
async function stop(t: TestContext, files: Readonly<Record<string, string>>, reason: Error): Promise<string> {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, files)
  const controller = new AbortController()
  const running = expectError('ABORTED', migrate({ url, locations, signal: controller.signal }))
  await waitForSleep(sql)
  controller.abort(reason)
  const error = await running
  assert.equal(error.cause, reason)
  return error.message
}

for (const [what, files] of scripts) {
  test(`${what} that is stopped by the caller, or by the deadline of the signal, says by which`, async (t) => {
    const patience = await stop(t, files, new Error('the caller has waited long enough'))
    assert.match(patience, /^The run was stopped by its AbortSignal while /)
    // As AbortSignal.timeout() gives it, which cannot wait for the statement.
    const deadline = await stop(t, files, new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
    assert.match(
      deadline,
      /^The run was stopped by its AbortSignal \(option `signal`, whose deadline had passed\) while /,
    )
  })

  test(`${what} that is stopped by timeoutPerTarget says so`, async (t) => {
    const { url } = await testDatabase(t)
    const { directory: locations } = writeScripts(t, files)
    const report = await migrateAll([{ name: 'one', url }], { locations, timeoutPerTarget: 2_000 })
    const [result] = report.results
    assert.ok(result?.status === 'failed')
    assert.equal(result.error.code, 'TARGET_TIMEOUT')
    const { cause } = result.error
    assert.ok(cause instanceof Error)
    assert.match(cause.message, /was stopped by `timeoutPerTarget` \(2000 ms had passed\)/)
  })
}
