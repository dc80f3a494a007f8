import { blankOut, type TextRange } from './blank-out.js'
import type { ScriptContext } from './script-context.js'
import type { ScannedText, Statement } from './statement.js'

const opening = /^(?:BEGIN(?: WORK| TRANSACTION)?|START TRANSACTION)$/
const closing = /^(?:COMMIT|END)(?: WORK| TRANSACTION)?(?: AND NO CHAIN)?$/

/**
 * Blanks a plain `BEGIN; ... COMMIT;` around the whole script, which then runs in the runner's own transaction, and refuses
 * every other statement that begins or ends one. Offsets and lines stay as they are.
 *
 * A BEGIN with options (`ISOLATION LEVEL`, `READ ONLY`, ...) is refused as well: the runner has begun the transaction by
 * then, so blanking it would drop what it asks for without a word. Savepoints are left alone.
 *
 * @throws `TRANSACTION_CONTROL` with file, line and remedy
 */
export function removeOuterTransaction(scanned: ScannedText, context: ScriptContext): ScannedText {
  const { first, last } = findOuterTransaction(scanned.statements)
  const blanks: TextRange[] = []
  const statements: Statement[] = []
  for (const statement of scanned.statements) {
    if (statement === first || statement === last) {
      blanks.push({ start: statement.start, end: (statement.semicolon ?? statement.end - 1) + 1 })
    } else if (controlsTransaction(statement)) {
      throw context.errorAt('TRANSACTION_CONTROL', statement.start, describe(statement, first !== null))
    } else {
      statements.push(statement)
    }
  }
  return { text: blankOut(scanned.text, blanks), statements }
}

/** Whether a statement begins, ends or prepares a transaction. Savepoints and SET TRANSACTION do not. */
export function controlsTransaction({ kind, keywords }: Statement): boolean {
  if (kind !== 'sql') return false
  switch (keywords[0]) {
    case 'BEGIN':
    case 'COMMIT':
    case 'END':
    case 'ABORT':
      return true
    case 'START':
      return keywords[1] === 'TRANSACTION'
    case 'ROLLBACK':
      return keywords[1] !== 'TO' && keywords[2] !== 'TO'
    case 'PREPARE':
      // PREPARE transaction AS ... prepares a statement of that name.
      return keywords[1] === 'TRANSACTION' && keywords[2] !== 'AS'
    default:
      return false
  }
}

function findOuterTransaction(statements: readonly Statement[]): { first: Statement | null; last: Statement | null } {
  const first = statements[0]
  const last = statements.at(-1)
  if (first === undefined || last === undefined) return { first: null, last: null }
  return reads(first, opening) && reads(last, closing) ? { first, last } : { first: null, last: null }
}

/** Whether a statement consists of nothing but these words. */
function reads(statement: Statement, words: RegExp): boolean {
  return statement.tokenCount === statement.keywords.length && words.test(statement.keywords.join(' '))
}

function describe(statement: Statement, hasOuterTransaction: boolean): string {
  const { keywords } = statement
  const begins = keywords[0] === 'BEGIN' || keywords[0] === 'START'
  const words = /^(?:START|PREPARE) TRANSACTION|^(?:COMMIT|ROLLBACK) PREPARED|^\w+/.exec(keywords.join(' '))?.[0]
  const rule = hasOuterTransaction
    ? 'Only the BEGIN and COMMIT around the whole file may stay.'
    : 'Only a BEGIN without options as the first and a COMMIT as the last statement may stay.'
  return (
    `${words} ${begins ? 'begins' : 'ends'} a transaction, but this file runs in one that schemaway begins and commits ` +
    `together with its history row. ${rule} Remove it, or put "-- schemaway: transaction=none" at the top of the file.`
  )
}
