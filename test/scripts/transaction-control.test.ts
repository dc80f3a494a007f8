import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { scanStatements } from '../../lib/scripts/scanner.js'
import { createScriptContext } from '../../lib/scripts/script-context.js'
import { removeOuterTransaction } from '../../lib/scripts/transaction-control.js'
import { errorOf, where } from './script-file-of.js'

function remove(text: string) {
  return removeOuterTransaction({ text, statements: scanStatements(text).statements }, createScriptContext(where, text))
}

suite('a transaction around the whole file', () => {
  const pairs: readonly [begin: string, commit: string][] = [
    ['BEGIN', 'COMMIT'],
    ['begin', 'end'],
    ['BEGIN WORK', 'COMMIT WORK'],
    ['BEGIN TRANSACTION', 'END TRANSACTION'],
    ['START TRANSACTION', 'COMMIT TRANSACTION AND NO CHAIN'],
    ['BEGIN /* ; */ WORK -- x\n', 'COMMIT AND NO CHAIN'],
  ]
  for (const [begin, commit] of pairs) {
    test(`${begin} ... ${commit} is blanked`, () => {
      const script = `-- top\n${begin};\nSELECT 1;\n  SELECT 2;\n${commit};\n-- end\n`
      const { text, statements } = remove(script)
      assert.equal(text.length, script.length)
      assert.equal(
        text.replace(/ /g, '').replace(/\n+/g, '\n'),
        '-- top\nSELECT 1;\nSELECT 2;\n-- end\n'.replace(/ /g, ''),
      )
      assert.deepEqual(scanStatements(text).statements, statements)
      assert.equal(text.indexOf('SELECT 2'), script.indexOf('SELECT 2'))
    })
  }

  test('line breaks inside the blanked words stay', () => {
    assert.equal(remove('BEGIN\r\n;SELECT 1;\rCOMMIT').text, '     \r\n SELECT 1;\r      ')
  })

  test('a file with nothing in between has no statements left', () => {
    assert.deepEqual(remove('BEGIN; COMMIT').statements, [])
  })

  test('a file without one is left as it is', () => {
    const script = 'SELECT 1; SELECT 2'
    const { text, statements } = remove(script)
    assert.equal(text, script)
    assert.equal(statements.length, 2)
  })
})

suite('other statements that control the transaction are refused', () => {
  const refused: readonly [text: string, words: string, line: number][] = [
    ['SELECT 1;\nCOMMIT;', 'COMMIT ends', 2],
    ['SELECT 1;\nCOMMIT AND CHAIN;\nSELECT 2', 'COMMIT ends', 2],
    ['ROLLBACK', 'ROLLBACK ends', 1],
    ['ROLLBACK WORK;', 'ROLLBACK ends', 1],
    ['abort;', 'ABORT ends', 1],
    ['SELECT 1; END;', 'END ends', 1],
    ['BEGIN', 'BEGIN begins', 1],
    ['BEGIN;\nSELECT 1;', 'BEGIN begins', 1],
    ['BEGIN;\nSELECT 1;\nROLLBACK;', 'BEGIN begins', 1],
    ['SELECT 1; BEGIN; SELECT 2; COMMIT', 'BEGIN begins', 1],
    ['BEGIN;\nCOMMIT;\nBEGIN;\nCOMMIT;', 'COMMIT ends', 2],
    ['BEGIN; SELECT 1; COMMIT AND CHAIN', 'BEGIN begins', 1],
    ['BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT', 'BEGIN begins', 1],
    ['START TRANSACTION READ ONLY; SELECT 1; COMMIT', 'START TRANSACTION begins', 1],
    ['BEGIN "x"; COMMIT', 'BEGIN begins', 1],
    ['START TRANSACTION', 'START TRANSACTION begins', 1],
    ["PREPARE TRANSACTION 'x'", 'PREPARE TRANSACTION ends', 1],
    ["COMMIT PREPARED 'x'", 'COMMIT PREPARED ends', 1],
    ["ROLLBACK PREPARED 'x'", 'ROLLBACK PREPARED ends', 1],
    ["BEGIN; COMMIT PREPARED 'x'", 'BEGIN begins', 1],
  ]
  for (const [text, words, line] of refused) {
    test(JSON.stringify(text), () => {
      const error = errorOf(() => remove(text))
      assert.equal(error.code, 'TRANSACTION_CONTROL')
      assert.ok(error.message.includes(`: ${words} a transaction`), error.message)
      assert.match(error.message, /Remove it, or put "-- schemaway: transaction=none"/)
      assert.deepEqual([error.details.line, error.details.script], [line, where.script])
      assert.match(error.details.excerpt ?? '', /\^/)
    })
  }
})

suite('what only looks like transaction control stays', () => {
  const allowed = [
    'SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a; ROLLBACK WORK TO SAVEPOINT a; RELEASE a; RELEASE SAVEPOINT a',
    'ROLLBACK TRANSACTION TO "a"',
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'SET LOCAL ROLE owner',
    'PREPARE transaction AS SELECT 1',
    'PREPARE transaction (int) AS SELECT $1',
    'DO $$ BEGIN PERFORM 1; END $$',
    'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END',
    "COMMENT ON TABLE t IS 'COMMIT'",
    'SELECT 1 -- COMMIT;\n',
    'SELECT 1 AS commit',
    '"COMMIT"',
    'LOCK TABLE t',
  ]
  for (const text of allowed) test(text, () => assert.equal(remove(text).text, text))
})
