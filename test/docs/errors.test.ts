import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { errorCodes } from '../../lib/errors/error-codes.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')

/** Folders whose tests name codes without provoking them. */
const onlyNaming = ['errors', 'docs', 'bench']

test('docs/errors.md has one line for every code, with cause and remedy', () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \|(.*)\|(.*)\|$/gm)]
  assert.deepEqual(rows.map(([, code]) => code).toSorted(), errorCodes.toSorted())
  for (const [, code, cause = '', remedy = ''] of rows) {
    assert.match(cause.trim(), /^\S.{15,}\.$/, `the cause of ${code}`)
    assert.match(remedy.trim(), /^\S.{3,}\.$/, `the remedy of ${code}`)
  }
})

test('every code is provoked by a test', () => {
  const directory = join(root, 'test')
  const tests = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:test|consumer)\.ts$/.test(name) && !onlyNaming.includes(name.split('/')[0] ?? ''))
    .map((name) => readFileSync(join(directory, name), 'utf8'))
  const missing = errorCodes.filter((code) => !tests.some((text) => expectsCode(text, code)))
  assert.deepEqual(missing, [])
})

test('a code that a test makes or mentions, and does not expect, is not provoked', () => {
  for (const text of [
    "new SchemawayError('ABORTED', 'x')",
    '// ABORTED',
    "const name = 'ABORTED'",
    "if (error.code === 'ABORTED') return",
    "['ABORTED']",
  ]) {
    assert.equal(expectsCode(text, 'ABORTED'), false, text)
  }
})

/** Whether a test fails unless an error with this code is thrown: as far as a text can show it, by the forms we use. */
function expectsCode(text: string, code: string): boolean {
  const forms = [
    // Helpers that fail when the code is another, or when nothing is thrown.
    `(?:expectError|refusal|refused)\\((?:[\\w.]+|await [\\w.]+\\([^()]*\\))?,?\\s*'${code}'`,
    `\\bfailIn\\w+\\((?:\\s*[^\\n]*,\\n){1,3}?\\s*'${code}'`,
    `assert\\.(?:rejects|throws)\\([^;]{0,400}?code: '${code}'`,
    `assert\\.(?:equal|strictEqual)\\([^;\\n]*[cC]ode\\??[^;\\n]*,\\s*'${code}'`,
    `assert\\.deepEqual\\([^;]{0,200}?[cC]ode\\b[^;]{0,200}?'${code}'`,
  ]
  return forms.some((form) => new RegExp(form).test(text))
}
