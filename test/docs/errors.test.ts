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

test('every code is provoked by a test that is never skipped', () => {
  const directory = join(root, 'test')
  const tests = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:test|consumer)\.ts$/.test(name) && !onlyNaming.includes(name.split('/')[0] ?? ''))
    .map((name) => withoutSkipped(readFileSync(join(directory, name), 'utf8')))
  const missing = errorCodes.filter((code) => !tests.some((text) => expectsCode(text, code)))
  assert.deepEqual(missing, [])
})

test('a code that a test makes or mentions, and does not expect, is not provoked', () => {
  for (const text of [
    "new SchemawayError('ABORTED', 'x')",
    "// await expectError('ABORTED', x)",
    "const name = 'ABORTED'",
    "if (error.code === 'ABORTED') return",
    "['ABORTED']",
  ]) {
    assert.equal(expectsCode(withoutSkipped(text), 'ABORTED'), false, text)
  }
})

test('what a test expects that may be skipped is not provoked', () => {
  const body = "async () => {\n  await expectError('ABORTED', x)\n})\n"
  const inner = body.replace(/\n(?=.)/g, '\n  ')
  const skipped = [
    `test.skip('x', ${body}`,
    `test.todo('x', ${body}`,
    `test('x', { skip: !isThere }, ${body}`,
    `test('x', {\n  skip: isThere ? false : 'why' }, ${body}`,
    `describe('x', { skip: true }, () => {\n  test('y', ${inner}})\n`,
    `describe('x', () => {\n  test.skip('y', ${inner}})\n`,
    `test('x', async (t) => {\n  if (isThere) return t.skip()\n  await expectError('ABORTED', x)\n})\n`,
  ]
  for (const text of skipped) assert.equal(expectsCode(withoutSkipped(text), 'ABORTED'), false, text)
  const others = [
    `test('x', ${body}`,
    `${skipped[0]}test('x', ${body}`,
    `describe('x', () => {\n  test('y', ${body})\n`,
  ]
  for (const text of others) assert.equal(expectsCode(withoutSkipped(text), 'ABORTED'), true, text)
})

/** The text without comments and without tests and suites that are skipped, or may be. Relies on our formatting. */
function withoutSkipped(text: string): string {
  const kept: string[] = []
  let skippedIndent: number | null = null
  const lines = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '').split('\n')
  for (const [index, line] of lines.entries()) {
    const indent = line.search(/\S/)
    if (skippedIndent !== null && (indent > skippedIndent || indent === -1 || /^\s*[})]/.test(line))) continue
    skippedIndent = null
    if (/^\s*(?:test|it|suite|describe)\b/.test(line) && isSkipped(lines.slice(index), indent)) skippedIndent = indent
    else kept.push(line)
  }
  return kept.join('\n')
}

/** @param lines from the first of a test or suite */
function isSkipped([first = '', ...others]: readonly string[], indent: number): boolean {
  const end = others.findIndex((line) => line.search(/\S/) === indent)
  const body = [first, ...others.slice(0, end === -1 ? undefined : end)]
  if (/^\s*\w+\.(?:skip|todo)\b/.test(first)) return true
  // Options stand before the function; a suite is not skipped because of what one of its tests says.
  const head = body.join('\n').split(/=> \{?\n/)[0] ?? ''
  return (
    /\b(?:skip|todo): /.test(head) || (/^\s*(?:test|it)\b/.test(first) && body.some((line) => /\bt\.skip\(/.test(line)))
  )
}

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
