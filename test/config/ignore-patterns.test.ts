import assert from 'node:assert/strict'
import test from 'node:test'
import { explainPattern } from '../../lib/config/explain-pattern.js'
import { isIgnored, isPattern, isStateIgnored } from '../../lib/config/ignore-patterns.js'
import { parseVersion } from '../../lib/scripts/version.js'

const versionOne = parseVersion('1')

test('a pattern matches by type and state, in any case and with blanks around', () => {
  const versioned = { version: versionOne, state: 'Missing' } as const
  const repeatable = { version: null, state: 'Missing' } as const
  for (const pattern of ['*:missing', 'versioned:missing', ' VERSIONED : Missing ', '*:*', 'versioned:*']) {
    assert.equal(isIgnored(versioned, [pattern]), true, pattern)
  }
  for (const pattern of ['*:missing', 'repeatable:missing', 'repeatable:*']) {
    assert.equal(isIgnored(repeatable, [pattern]), true, pattern)
  }
  assert.equal(isIgnored(versioned, ['repeatable:missing', '*:future']), false)
  assert.equal(isIgnored(repeatable, ['versioned:*']), false)
  assert.equal(isIgnored({ version: versionOne, state: 'Failed (Future)' }, ['*:future', '*:missing']), false)
  assert.equal(isIgnored(versioned, []), false)
})

test('a state is ignored as a whole when both types are', () => {
  assert.equal(isStateIgnored('Pending', ['versioned:pending']), false)
  assert.equal(isStateIgnored('Pending', ['versioned:pending', 'repeatable:*']), true)
  assert.equal(isStateIgnored('Future', ['*:future']), true)
})

test('what Flyway would not take is told with the nearest pattern that it would', () => {
  for (const pattern of ['*:future', '*:*', 'Versioned:IGNORED']) assert.equal(isPattern(pattern), true, pattern)
  for (const pattern of ['missing', '*:failed', 'baseline:missing', '*:missing:x', ':', '']) {
    assert.equal(isPattern(pattern), false, pattern)
  }
  assert.match(explainPattern('*:missin'), /did you mean '\*:missing'\?$/)
  assert.match(explainPattern('version:pendig'), /did you mean 'versioned:pending'\?$/)
  assert.match(explainPattern('ignored'), /did you mean '\*:ignored'\?$/)
  assert.doesNotMatch(explainPattern('*:success'), /did you mean/)
})
