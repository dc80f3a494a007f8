import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nearestName } from '../../lib/scripts/nearest-name.js'

suite('nearestName', () => {
  const options = ['url', 'modules', 'locations', 'lockTimeout', 'waitForLock', 'placeholders', 'historySchema']
  const cases: readonly [word: string, meant: string | null][] = [
    ['lockTimeout', 'lockTimeout'],
    ['lock_timeout', 'lockTimeout'],
    ['LOCK-TIMEOUT', 'lockTimeout'],
    ['lokTimeout', 'lockTimeout'],
    ['locktimeuot', 'lockTimeout'],
    ['module', 'modules'],
    ['placeholdrs', 'placeholders'],
    ['ulr', 'url'],
    ['uri', 'url'],
    ['xyz', null],
    ['u', null],
    ['', null],
    ['transactionMode', null],
    ['location', 'locations'],
  ]
  for (const [word, meant] of cases) {
    test(`${JSON.stringify(word)} means ${meant ?? 'nothing known'}`, () =>
      assert.equal(nearestName(word, options), meant))
  }

  test('takes the nearest, not the first', () => {
    assert.equal(nearestName('role_worker', ['role_owner', 'role_worker2', 'role_workerr2']), 'role_worker2')
  })

  test('takes the first of equally near ones', () => {
    assert.equal(nearestName('abcd', ['abcx', 'abcy']), 'abcx')
  })

  test('has nothing to offer without candidates', () => assert.equal(nearestName('x', []), null))
})
