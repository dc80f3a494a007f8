import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requirementsOf } from '../../lib/plan/requirements.js'
import { BigFile } from '../../lib/scripts/big-file.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { scriptFileOf } from '../scripts/script-file-of.js'

const lines = (length: number): string => `-- ${'x'.repeat(1020)}\n`.repeat(length)

test('the versions that a big repeatable requires are found, however long the comment above the directive is', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'schemaway-requirements-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'R__a.sql')
  const requirements = (content: string): readonly string[] => {
    writeFileSync(path, content)
    const { bytes: _, ...facts } = { ...scriptFileOf(content, 'R__a.sql'), file: path }
    const file: ScriptFile = {
      ...facts,
      big: new BigFile(facts),
      get bytes(): Buffer {
        throw new TypeError('it is not to be read as a whole')
      },
    }
    return requirementsOf(file).map(({ text }) => text)
  }
  const directive = '-- schemaway: requires=1,2.5\n'
  const rest = `SELECT 1;\n${lines(100)}`
  assert.deepEqual(requirements(directive + rest), ['1', '2.5'])
  for (const length of [63, 64, 200]) {
    assert.deepEqual(requirements(lines(length) + directive + rest), ['1', '2.5'])
    assert.deepEqual(requirements(`/*\n${lines(length)}*/\n${directive}${rest}`), ['1', '2.5'])
    assert.deepEqual(requirements(`\ufeff${lines(length)}\\restrict x\n${directive}`), ['1', '2.5'])
  }
  for (let before = 65_480; before < 65_540; before += 1) {
    assert.deepEqual(requirements(`${' '.repeat(before)}\n${directive}${rest}`), ['1', '2.5'], `${before}`)
  }
  assert.deepEqual(requirements(rest), [])
})
