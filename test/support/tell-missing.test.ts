import assert from 'node:assert/strict'
import test from 'node:test'
import { tellMissing } from './tell-missing.js'

test('what a test lacks is a reason to skip it, but in CI a failure', (t) => {
  const { CI: before } = process.env
  t.after(() => {
    if (before === undefined) delete process.env['CI']
    else process.env['CI'] = before
  })
  for (const value of [undefined, '', 'false']) {
    if (value === undefined) delete process.env['CI']
    else process.env['CI'] = value
    assert.equal(tellMissing('there is no disk'), 'there is no disk')
  }
  for (const value of ['true', '1']) {
    process.env['CI'] = value
    assert.throws(() => tellMissing('there is no disk'), /may not be missing in CI: there is no disk/)
  }
})
