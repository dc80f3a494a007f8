import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { generatedPages } from '../../docs/generate.js'
import { toolVersion } from '../../lib/run/tool-version.js'

for (const [path, text] of generatedPages) {
  test(`docs/${path} is what npm run generate writes`, () => {
    const written = readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')
    assert.equal(written, text, 'it is stale: run npm run generate')
  })
}

test('the version that the ledger records is the version of the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  assert.equal(toolVersion, manifest.version)
})
