import assert from 'node:assert/strict'
import test from 'node:test'
import { findUnknown, pickOf, type Scope } from '../../lib/history/scope.js'
import { parseTarget } from '../../lib/scripts/version.js'
import { filesOf } from '../plan/fixtures.js'

test('a pick is a version, however written, or a description, with spaces or underscores', () => {
  const [version, repeatable] = filesOf('V1.0__add_view.sql', 'R__add_view.sql')
  assert.ok(version && repeatable)
  assert.equal(pickOf(version, ['2', '01']), 1)
  assert.equal(pickOf(version, ['add_view']), 0)
  assert.equal(pickOf(repeatable, ['1', 'add view']), 1)
  assert.equal(pickOf(repeatable, ['1', 'Add view']), null)
})

test('what is asked for and not there is found', () => {
  const files = filesOf('V1__a.sql', 'R__r.sql')
  const unknown = (scope: Partial<Scope>): readonly string[] =>
    findUnknown({ target: { kind: 'latest' }, cherryPick: [], ...scope }, files)
  assert.deepEqual(unknown({}), [])
  assert.deepEqual(unknown({ target: parseTarget('1.0') ?? { kind: 'latest' } }), [])
  assert.deepEqual(unknown({ target: parseTarget('2') ?? { kind: 'latest' } }), ['2'])
  assert.deepEqual(unknown({ target: parseTarget('2?') ?? { kind: 'latest' } }), [])
  assert.deepEqual(unknown({ cherryPick: ['1', 'r', '3', 'x'] }), ['3', 'x'])
})
