import assert from 'node:assert/strict'
import test from 'node:test'
import { hasWildcards, regExpOfGlob } from '../../lib/scripts/glob.js'

const matches = (glob: string, path: string): boolean => new RegExp(`^${regExpOfGlob(glob)}$`).test(path)

for (const [glob, matching, others] of [
  ['run_all.sql', ['run_all.sql'], ['sub/run_all.sql', 'run_allxsql']],
  ['*.sql', ['a.sql', '.sql'], ['a/b.sql']],
  ['**/*.bak.sql', ['a.bak.sql', 'a/b/c.bak.sql'], ['a.sql']],
  ['a/**/b', ['a/b', 'a/x/y/b'], ['ab', 'a/xb']],
  ['old/**', ['old/a.sql', 'old/x/a.sql'], ['old', 'older/a.sql']],
  ['V?.sql', ['V1.sql'], ['V.sql', 'V12.sql', 'V/.sql']],
  ['a+(b)[c]{d}|e^$', ['a+(b)[c]{d}|e^$'], ['aa']],
] as const) {
  test(`${glob}`, () => {
    for (const path of matching) assert.ok(matches(glob, path), path)
    for (const path of others) assert.ok(!matches(glob, path), path)
  })
}

test('a name without * and ? has no wildcards', () => {
  assert.deepEqual(['a/b.sql', 'a/*', 'a?'].map(hasWildcards), [false, true, true])
})
