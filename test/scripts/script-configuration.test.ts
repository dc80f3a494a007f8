import assert from 'node:assert/strict'
import test from 'node:test'
import { readScriptConfiguration } from '../../lib/scripts/script-configuration.js'
import { errorOf } from './script-file-of.js'

const where = { script: 'V1__a.sql.conf', file: '/V1__a.sql.conf' }

test('reads every key, with comments, blanks and any line ends', () => {
  const text =
    '\ufeff# outside\r\n\r\n executeInTransaction = FALSE \rencoding=ISO-8859-1\nflyway.shouldExecute=true\nplaceholderReplacement=false'
  assert.deepEqual(readScriptConfiguration(text, where), {
    executeInTransaction: false,
    encoding: 'ISO-8859-1',
    shouldExecute: true,
    placeholderReplacement: false,
  })
  assert.deepEqual(readScriptConfiguration('', where), {})
})

const faulty: readonly [text: string, message: RegExp, line: number][] = [
  ['\nexecuteInTransactions=false', /"executeInTransactions" is not known\. Did you mean "executeInTransaction"/, 2],
  ['x=1', /Known are executeInTransaction, /, 1],
  ['executeInTransaction', /lines key=value/, 1],
  ['executeInTransaction=no', /either true or false/, 1],
  ['encoding=a\nencoding=b', /given twice/, 2],
]
for (const [text, message, line] of faulty) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    const error = errorOf(() => readScriptConfiguration(text, where))
    assert.equal(error.code, 'INVALID_SCRIPT')
    assert.match(error.message, message)
    assert.deepEqual([error.details.line, error.details.script], [line, 'V1__a.sql.conf'])
  })
}
