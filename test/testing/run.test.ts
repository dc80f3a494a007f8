import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeScratchDirectory } from './scratch-directory.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** Runs `npm test -- <args>` without the URL that this very test may have been given. */
function runTests(args: readonly string[]): { status: number | null; output: string } {
  const { TEST_DATABASE_URL, SCHEMAWAY_TEST_DATABASE_URL, NODE_TEST_CONTEXT, ...env } = process.env
  const program = ['--import', 'tsx', join(repository, 'test', 'run.ts'), ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: repository, env, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

function writeTest(file: string, body: string): string {
  writeFileSync(file, `import assert from 'node:assert/strict'\nimport { test } from 'node:test'\n${body}`)
  return file
}

test('all files of a run get the URL of one server', (t) => {
  const directory = join(makeScratchDirectory(t), 'with a space')
  mkdirSync(directory)
  const body = `test('has a server', () => {
    console.log('URL', process.env.TEST_DATABASE_URL)
    assert.match(String(process.env.TEST_DATABASE_URL), /^postgres:/)
  })`
  writeTest(join(directory, 'one.test.ts'), body)
  writeTest(join(directory, 'other.test.ts'), body)
  writeTest(join(directory, 'no-test.ts'), 'throw new Error("not to be run")')
  const { status, output } = runTests([directory])
  assert.equal(status, 0, output)
  const urls = output.match(/URL postgres:\S+/g) ?? []
  assert.equal(urls.length, 2, output)
  assert.equal(new Set(urls).size, 1)
  assert.match(output, /tests 2/)
})

test('a failing test fails the run', (t) => {
  const file = writeTest(join(makeScratchDirectory(t), 'a.test.ts'), "test('fails', () => assert.fail('on purpose'))")
  const { status, output } = runTests([file])
  assert.equal(status, 1, output)
  assert.match(output, /on purpose/)
})

test('options of node are passed on, with their values', (t) => {
  const body = "test('runs', () => {})\ntest('fails', () => assert.fail())"
  const file = writeTest(join(makeScratchDirectory(t), 'a.test.ts'), body)
  for (const options of [['--test-name-pattern', 'runs'], ['--test-name-pattern=runs']]) {
    const { status, output } = runTests([...options, file])
    assert.equal(status, 0, output)
  }
})

test('a path without tests fails the run, also beside one that has some', (t) => {
  const directory = makeScratchDirectory(t)
  const file = writeTest(join(directory, 'a.test.ts'), "test('runs', () => {})")
  for (const nothing of [join(directory, 'missing'), join(repository, 'node_modules', 'postgres')]) {
    const { status, output } = runTests([file, nothing])
    assert.equal(status, 1, output)
    assert.match(output, /No test file matches/)
  }
})
