import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import * as model from '../../lib/model/index.js'
import * as schemas from '../../lib/schemas/index.js'

test('importing schemaway/model/schemas loads zod, and neither the driver nor the runner', async () => {
  const entry = fileURLToPath(new URL('../../lib/schemas/index.ts', import.meta.url))
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    packages: 'external',
    format: 'esm',
  })
  const files = Object.keys(metafile.inputs)
  assert.ok(files.length > 10)
  assert.deepEqual(
    files.filter((file) => !/lib\/(schemas|model\/generated)\/[a-z-]+\.ts$/.test(file)),
    [],
  )
  const packages = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
  assert.deepEqual([...new Set(packages)], ['zod'])
})

test('every table and view has its schemas, under the name that the model has for it', () => {
  const { iam, notify, survey, telephony } = schemas
  for (const [names, relations] of [
    [model.iam, iam],
    [model.notify, notify],
    [model.survey, survey],
    [model.telephony, telephony],
  ] as const) {
    const { tables, views, columns } = names
    assert.deepEqual(Object.keys(relations).sort(), [...Object.keys(tables), ...Object.keys(views)].sort())
    for (const [name, relation] of Object.entries(relations)) {
      assert.deepEqual(Object.keys(relation.row.shape), [...Reflect.get(columns, name)])
    }
  }
})

test('a schema is made once, when it is first asked for', () => {
  const { prompts } = schemas.survey
  assert.equal(typeof Object.getOwnPropertyDescriptor(prompts, 'update')?.get, 'function')
  assert.equal(prompts.update, prompts.update)
  assert.equal(Object.getOwnPropertyDescriptor(prompts, 'update')?.get, undefined)
})
