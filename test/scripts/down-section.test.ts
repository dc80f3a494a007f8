import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BigFile } from '../../lib/scripts/big-file.js'
import { parseScript } from '../../lib/scripts/parse-script.js'
import { errorOf, scriptFileOf } from './script-file-of.js'

const text = 'CREATE TABLE t (id int);\n\n  -- Down Migration\nDROP TABLE t;\n'

for (const name of ['001_t.sql', '1_t.up.sql', 'V1.up.sql']) {
  test(`${name} with a section that undoes the rest is refused by name, line and the file that it belongs into`, () => {
    const file = { ...scriptFileOf(text), script: `db/${name}` }
    const error = errorOf(() => parseScript(file, new Map()))
    assert.equal(error.code, 'INVALID_SCRIPT')
    assert.deepEqual([error.details.line, error.details.column], [3, 3])
    assert.match(error.message, /db\/(001_t|1_t|V1)\.down\.sql/)
  })
}

test('in a file that is too big for memory the section is found as well, also where two chunks meet', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'schemaway-down-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, '1_t.sql')
  for (const length of [10, 65_530, 1_048_570]) {
    const content = `SELECT '${'x'.repeat(length)}';\n-- Down Migration\nDROP TABLE t;`
    writeFileSync(path, content)
    const file = { ...scriptFileOf(content), script: '1_t.sql', file: path }
    const error = errorOf(() => parseScript({ ...file, big: new BigFile(file) }, new Map()))
    assert.deepEqual([error.code, error.details.line], ['INVALID_SCRIPT', 2], `${length}`)
  }
})

test('in a file of Flyway, and in what undoes, the words mean nothing', () => {
  assert.equal(parseScript(scriptFileOf(text), new Map()).statements.length, 2)
  const undo = { ...scriptFileOf(text, 'U1__t.sql'), script: '001_t.down.sql' }
  assert.equal(parseScript(undo, new Map()).statements.length, 2)
})
