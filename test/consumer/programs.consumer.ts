import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testDatabase } from '../../lib/testing/index.js'
import { createProject } from './project.js'

const fixtures = fileURLToPath(new URL('../programs/fixtures', import.meta.url))

const service = `
async function main({ migrate }) {
  const run = async () => (await migrate({ url: process.env.DATABASE_URL, locations: 'migrations' })).migrations.length
  console.log(JSON.stringify([await run(), await run()]))
}`

describe('a project whose migrations are in TypeScript and JavaScript', () => {
  for (const type of ['module', 'commonjs'] as const) {
    const installing = createProject({ after }, { type })

    test(`of type ${type}, with tsx, runs them without a loader of its own`, async (t) => {
      const { url, sql } = await testDatabase(t)
      const project = await installing
      cpSync(join(fixtures, type), join(project.directory, 'migrations'), { recursive: true })
      project.link('tsx')
      const load = type === 'module' ? "main(await import('schemaway'))" : "main(require('schemaway'))"
      project.write('service.js', `${service}\n${load}\n`)
      const { code, stdout, stderr } = await project.node(['service.js'], { DATABASE_URL: url })
      assert.deepEqual([code, stdout.trim()], [0, type === 'module' ? '[4,0]' : '[3,0]'], stderr)
      const names = (await sql`SELECT name FROM users ORDER BY id`).map(({ name }) => name)
      assert.deepEqual(names, ['Ada', 'Grace'])
    })
  }
})
