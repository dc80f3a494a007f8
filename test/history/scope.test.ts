import assert from 'node:assert/strict'
import test from 'node:test'
import { findUnknown, parseTarget, pickOf, type Scope } from '../../lib/history/scope.js'
import { filesOf } from '../plan/fixtures.js'

test('targets are read as Flyway reads them', () => {
  assert.deepEqual(parseTarget('latest'), { kind: 'latest' })
  assert.deepEqual(parseTarget('CURRENT'), { kind: 'current' })
  assert.deepEqual(parseTarget('next?'), { kind: 'next' })
  assert.deepEqual(parseTarget('1_02'), {
    kind: 'version',
    version: { text: '1.02', parts: [1n, 2n] },
    mustExist: true,
  })
  assert.deepEqual(parseTarget('3?'), { kind: 'version', version: { text: '3', parts: [3n] }, mustExist: false })
  for (const text of ['', '?', 'newest', '1.', '-1', '1??', 'v1']) assert.equal(parseTarget(text), null, text)
})

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
