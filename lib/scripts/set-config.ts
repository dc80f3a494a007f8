import type { Token } from './scan-token.js'
import type { Statement } from './statement.js'
import { readTokens, symbolOf, upperCaseWord } from './statement-tokens.js'

/** Whether a statement calls `set_config()`, wherever in it; not in a string or comment. */
export function callsSetConfig(text: string, statement: Statement): boolean {
  const tokens = readTokens(text, statement)
  return tokens.some((_, index) => isCall(text, tokens, index))
}

/**
 * Whether a statement is a SELECT of nothing but `set_config()`, as pg_dump writes it, with arguments that call nothing. Only
 * such a one can be run again without harm.
 */
export function onlySetsConfiguration(text: string, statement: Statement): boolean {
  const tokens = readTokens(text, statement)
  if (upperCaseWord(text, tokens[0]) !== 'SELECT') return false
  for (let index = 1; ; index += 1) {
    if (upperCaseWord(text, tokens[index]) === 'PG_CATALOG' && symbolOf(text, tokens[index + 1]) === '.') index += 2
    if (!isCall(text, tokens, index)) return false
    index = behindArguments(text, tokens, index + 2)
    if (index === -1) return false
    // A name for the column.
    if (upperCaseWord(text, tokens[index]) === 'AS') index += 2
    if (index >= tokens.length) return true
    if (symbolOf(text, tokens[index]) !== ',') return false
  }
}

function isCall(text: string, tokens: readonly Token[], index: number): boolean {
  return upperCaseWord(text, tokens[index]) === 'SET_CONFIG' && symbolOf(text, tokens[index + 1]) === '('
}

/** Behind the parenthesis that closes them; -1 when something is called, or selected, among them. */
function behindArguments(text: string, tokens: readonly Token[], from: number): number {
  for (let index = from; index < tokens.length; index += 1) {
    const symbol = symbolOf(text, tokens[index])
    if (symbol === '(') return -1
    if (symbol === ')') return index + 1
  }
  return -1
}
