import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { generatedPages, generateFromModel } from '../../docs/generate.js'
import { bundled } from '../../lib/modules/bundled.js'
import { toolVersion } from '../../lib/run/tool-version.js'
import { testDatabase } from '../../lib/testing/index.js'

for (const [path, text] of generatedPages) {
  test(`docs/${path} is what npm run generate writes`, () => assertFresh(path, text))
}

test('what is made from the bundled model is what npm run generate writes', async (t) => {
  const files = await generateFromModel(await testDatabase(t))
  assert.ok(files.size > 0)
  for (const [path, text] of files) assertFresh(path, text)
})

test('no page is left of a module that is gone', async () => {
  const pages = readdirSync(new URL('../../docs/model/', import.meta.url))
  assert.deepEqual(pages.toSorted(), ['README.md', ...bundled.map(({ name }) => `${name}.md`)].toSorted())
})

function assertFresh(path: string, text: string): void {
  const written = readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')
  assert.equal(written, text, `docs/${path} is stale: run npm run generate`)
}

test('the version that the ledger records is the version of the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  assert.equal(toolVersion, manifest.version)
})
