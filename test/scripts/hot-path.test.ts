import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

/** Modules of this folder that a no-op `migrate()` may load; each costs a tenth of a millisecond or more. */
const allowed = ['checksum', 'placeholders', 'read-directory', 'script-name', 'version']

/** Modules that are loaded with this one: imports of types alone do not count, since they leave no code. */
function loadedWith(name: string, seen = new Set<string>(), foreign = new Set<string>()) {
  if (seen.has(name)) return { seen, foreign }
  seen.add(name)
  const source = readFileSync(new URL(`../../lib/scripts/${name}.ts`, import.meta.url), 'utf8')
  for (const [, from = ''] of source.matchAll(/^(?:import|export \{|export \*)(?! type )[^'"]*'([^']+)'/gm)) {
    const neighbour = /^\.\/(.+)\.js$/.exec(from)?.[1]
    if (neighbour === undefined) foreign.add(from)
    else loadedWith(neighbour, seen, foreign)
  }
  return { seen, foreign }
}

test('the no-op path loads only small modules, and neither crypto nor the scanner', () => {
  const seen = new Set<string>()
  const foreign = new Set<string>()
  for (const entry of ['version', 'script-name', 'checksum', 'read-directory']) {
    loadedWith(entry, seen, foreign)
  }
  assert.deepEqual([...seen].sort(), allowed)
  assert.deepEqual([...foreign].sort(), [
    '../errors/schemaway-error.js',
    'node:buffer',
    'node:fs',
    'node:path',
    'node:zlib',
  ])
})
