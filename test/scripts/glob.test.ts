import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  anyNumber,
  hasWildcards,
  matchesGlob,
  matchesInOrder,
  pathBelowMatch,
  readGlob,
} from '../../lib/scripts/glob.js'

const matches = (glob: string, path: string): boolean => matchesGlob(readGlob(glob), path)
const matchesLocation = (glob: string, path: string): boolean => matchesGlob(readGlob(glob, { fewest: 1 }), path)

describe('a pattern', () => {
  test('a star stays within one part of a path and may stand for nothing', () => {
    assert.equal(matches('*.bak.sql', 'V1__a.bak.sql'), true)
    assert.equal(matches('V1*.sql', 'V1.sql'), true)
    assert.equal(matches('*.sql', 'a/V1.sql'), false)
    assert.equal(matches('a/*/b.sql', 'a/x/b.sql'), true)
    assert.equal(matches('a/*/b.sql', 'a/x/y/b.sql'), false)
  })

  test('two stars stand for any number of folders, none too, and at the end for everything below', () => {
    for (const path of ['b.sql', 'x/b.sql', 'x/y/b.sql']) assert.equal(matches('**/b.sql', path), true, path)
    assert.equal(matches('**/b.sql', 'xb.sql'), false)
    for (const path of ['a/x', 'a/x/y']) assert.equal(matches('a/**', path), true, path)
    assert.equal(matches('a/**', 'a'), false)
    assert.equal(matches('**', 'a/b'), true)
    assert.equal(matches('a/**/**/b', 'a/b'), true)
  })

  test('a question mark is one character, and every other one is itself', () => {
    assert.equal(matches('V?.sql', 'V1.sql'), true)
    assert.equal(matches('V?.sql', 'V.sql'), false)
    assert.equal(matches('V?.sql', 'V/.sql'), false)
    assert.equal(matches('V?.sql', 'V\u{1f418}.sql'), true)
    assert.equal(matches('a.sql', 'axsql'), false)
    assert.equal(matches('a+(b)[c]{d}|$^\\', 'a+(b)[c]{d}|$^\\'), true)
  })

  test('in a location a star stands for at least one character', () => {
    assert.equal(matchesLocation('a*', 'a'), false)
    assert.equal(matchesLocation('a*', 'ab'), true)
    assert.equal(matchesLocation('a**b', 'axb'), false)
    assert.equal(matchesLocation('a**b', 'axyzb'), true)
  })

  test('of several folders on the way to a file the outermost counts', () => {
    const below = (glob: string, path: string): string | null => pathBelowMatch(readGlob(glob, { fewest: 1 }), path)
    assert.equal(below('*/sql', 'a/sql/b/sql/V1.sql'), 'b/sql/V1.sql')
    assert.equal(below('**/sql', 'a/sql/b/sql/V1.sql'), 'b/sql/V1.sql')
    assert.equal(below('**/sql', 'a/sql'), null)
    assert.equal(below('db?', 'db1/V1.sql'), 'V1.sql')
  })

  test('it is known by its characters', () => {
    assert.deepEqual(['a/b.sql', 'a/*', 'a?'].map(hasWildcards), [false, true, true])
  })
})

/** What the words say, as slowly as they say it. */
function matchesByDefinition(pattern: readonly string[], items: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return items.length === 0
  if (first !== '*')
    return items.length > 0 && (first === '?' || first === items[0]) && matchesByDefinition(rest, items.slice(1))
  return matchesByDefinition(rest, items) || (items.length > 0 && matchesByDefinition(pattern, items.slice(1)))
}

function matchesPathByDefinition(glob: readonly string[], parts: readonly string[]): boolean {
  const [first, ...rest] = glob
  if (first === undefined) return parts.length === 0
  if (first === '**') {
    if (rest.length === 0) return parts.length > 0
    return matchesPathByDefinition(rest, parts) || (parts.length > 0 && matchesPathByDefinition(glob, parts.slice(1)))
  }
  const [part, ...others] = parts
  return part !== undefined && matchesByDefinition([...first], [...part]) && matchesPathByDefinition(rest, others)
}

test('any pattern stands for the paths that its words say', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 5 })
  const glob = fc.array(fc.oneof({ weight: 1, arbitrary: fc.constant('**') }, { weight: 2, arbitrary: part }), {
    minLength: 1,
    maxLength: 4,
  })
  const path = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 4,
  })
  let matched = 0
  fc.assert(
    fc.property(glob, path, (pattern, parts) => {
      const expected = matchesPathByDefinition(pattern, parts)
      if (expected) matched += 1
      assert.equal(matches(pattern.join('/'), parts.join('/')), expected)
    }),
    { numRuns: 2_000 },
  )
  assert.ok(matched > 100, `${matched} matched`)
})

test('many stars cost no more comparisons than characters times length of the pattern', () => {
  const count = (stars: number): number => {
    let comparisons = 0
    const pattern = [...'*a'.repeat(stars), '*', 'b'].map((one) => (one === '*' ? anyNumber : one))
    const found = matchesInOrder(pattern, [...'a'.repeat(60)], (wanted, character) => {
      comparisons += 1
      return wanted === character
    })
    assert.equal(found, false)
    return comparisons
  }
  for (const stars of [4, 8, 30]) assert.ok(count(stars) <= 60 * (2 * stars + 2), `${stars}: ${count(stars)}`)
})
