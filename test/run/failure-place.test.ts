import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { PlannedScript, PlanStep } from '../../lib/plan/plan.js'
import { MessageWriter } from '../../lib/run/message-writer.js'
import { ServerError } from '../../lib/run/server-error.js'
import { explainFailure } from '../../lib/run/statement-error.js'
import { BigFile } from '../../lib/scripts/big-file.js'
import { parseScript } from '../../lib/scripts/parse-script.js'
import { scriptFileOf } from '../scripts/script-file-of.js'

const fields = (position: string | null): ReadonlyMap<string, string> =>
  new Map([
    ['S', 'ERROR'],
    ['C', '23502'],
    ['M', 'null value in column "id"'],
    ...(position === null ? [] : [['P', position] as const]),
  ])

for (const position of [null, '20']) {
  for (const isGone of [false, true]) {
    const what = position === null ? 'without a position' : 'with a position'
    test(`what the server said ${what} is told ${isGone ? 'although the big script is gone' : 'with the line in the big script'}`, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'schemaway-place-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const content = 'SELECT 1;\nSELECT nothing;\n'
      const path = join(folder, 'V1__a.sql')
      writeFileSync(path, content)
      const file = { ...scriptFileOf(content, 'V1__a.sql'), file: path }
      const parsed = parseScript({ ...file, big: new BigFile(file) }, new Map())
      const reference = { script: file.script, module: file.module, version: '1', description: 'a' }
      const script: PlannedScript = { action: 'apply', reference, parsed, file: path, searchPath: 'public' }
      const step: PlanStep = {
        action: 'apply',
        reference,
        scripts: [script],
        historyRows: [],
        ledgerEntries: [],
        removeRanks: [],
        removeRepeatables: [],
      }
      const writer = new MessageWriter()
      writer.addScript(script, step, [])
      const [part] = writer.parts
      assert.ok(part !== undefined)
      if (isGone) rmSync(path)
      const { error } = explainFailure(new ServerError(fields(position), ['SELECT 1']), {
        message: { parts: [part], ledgerHash: null },
        part,
        blockers: [],
        attempts: 1,
        mask: (text) => text,
        server: 'server',
      })
      assert.equal(error.code, 'STATEMENT_FAILED')
      assert.match(error.message, /23502 null value in column "id"/)
      assert.equal(error.details.statement, 2)
      if (isGone) assert.match(error.message, /It was statement 2; its line is not known/)
      else assert.deepEqual([error.details.line, error.details.column], [2, position === null ? 1 : 10])
    })
  }
}
