import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BigFile } from '../../lib/scripts/big-file.js'
import { encodingError, encodingErrorInFile } from '../../lib/scripts/encoding-error.js'

test('bytes that are not UTF-8 are explained alike in a file that is not in memory, wherever they stand', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'schemaway-encoding-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'V1__a.sql')
  const where = { script: 'V1__a.sql', file: path }
  const line = `-- ${'ä'.repeat(600)}\n`
  for (const lines of [0, 3, 871, 872, 2_000]) {
    const bytes = Buffer.concat([
      Buffer.from(line.repeat(lines)),
      Buffer.from("SELECT 'grün';\n", 'latin1'),
      Buffer.from(line),
    ])
    writeFileSync(path, bytes)
    const error = encodingErrorInFile(new BigFile(where), where)
    assert.deepEqual([error.details.line, error.details.column], [lines + 1, 11])
    assert.equal(error.message, encodingError(bytes, where).message)
    assert.match(error.message, new RegExp(`at byte ${lines * 1_204 + 10} \\(0xFC\\)`))
  }
  writeFileSync(path, Buffer.from('\ufeffSELECT 1;\n'.repeat(300_000), 'utf16le'))
  assert.match(encodingErrorInFile(new BigFile(where), where).message, /at byte 0 .* It looks like UTF-16\./)
})
