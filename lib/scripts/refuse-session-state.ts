import type { ScriptContext } from './script-context.js'
import { callsSetConfig, onlySetsConfiguration } from './set-config.js'
import type { Statement } from './statement.js'
import { readTokens, symbolOf, upperCaseWord } from './statement-tokens.js'

/** Where a statement stands in a script outside our transaction. */
export interface StatementPlace {
  readonly text: string
  /** Between a BEGIN and a COMMIT of the file. */
  readonly isInTransaction: boolean
}

/**
 * Refuses what a session would have to remember between two statements of a script outside our transaction. When such a
 * script stops half-way, another session goes on with it. Settings are made again there; objects of the session cannot be.
 *
 * @throws `INVALID_SCRIPT` with line and remedy.
 */
export function refuseSessionState(statement: Statement, place: StatementPlace, context: ScriptContext): void {
  // Refused by the sender as well, but only when statements before it are done and must not be changed any more.
  if (/^SET (SESSION |LOCAL )?STANDARD_CONFORMING_STRINGS (TO )?(OFF|FALSE|NO)\b/.test(statement.keywords.join(' '))) {
    const message =
      'scripts are read as if standard_conforming_strings were on, and the server would read the strings of what follows otherwise. ' +
      "Remove this statement, and write E'...' where a backslash is meant as an escape."
    throw context.errorAt('INVALID_SCRIPT', statement.start, message)
  }
  const reason = reasonToRefuse(statement, place)
  if (reason === null) return
  throw context.errorAt('INVALID_SCRIPT', statement.start, `${reason.what}, but ${why} ${reason.remedy}`)
}

const why = 'this file runs outside a transaction, and when it stops half-way another session goes on with it.'

function reasonToRefuse(
  statement: Statement,
  { text, isInTransaction }: StatementPlace,
): { readonly what: string; readonly remedy: string } | null {
  const words = statement.keywords.join(' ')
  if (/^DISCARD ALL\b/.test(words)) {
    return {
      what: 'DISCARD ALL releases the lock that keeps other processes from migrating at the same time',
      remedy: 'Remove it: the session is made as new behind every file.',
    }
  }
  if (makesTemporaryObject(statement, text) && !(isInTransaction && isDroppedOnCommit(statement, text))) {
    return {
      what: 'a temporary object lives as long as its session',
      remedy:
        'Use an ordinary table and drop it at the end; or put all that needs it between BEGIN and COMMIT, and create the ' +
        'table with ON COMMIT DROP.',
    }
  }
  if (/^PREPARE\b/.test(words)) {
    return { what: 'a prepared statement lives as long as its session', remedy: 'Write out what it does.' }
  }
  if (/^DECLARE\b.* WITH HOLD\b/.test(words)) {
    return { what: 'a cursor WITH HOLD lives as long as its session', remedy: 'Leave out WITH HOLD.' }
  }
  const setsConfiguration =
    statement.keywords[0] === 'DO'
      ? setsSession(text.slice(statement.start, statement.end))
      : !definition.test(words) && callsSetConfig(text, statement) && !onlySetsConfiguration(text, statement)
  if (setsConfiguration) {
    return {
      what: 'set_config() changes the session among other work, which cannot be done again by itself',
      remedy:
        'Use SET, or SELECT set_config(...) with plain values and nothing else in the statement; in a DO block, pass true as its ' +
        'third argument where the setting is needed in that block alone.',
    }
  }
  return null
}

/** What such a statement holds is called later. */
const definition = /^(CREATE|ALTER|COMMENT)\b/
const call = /\bset_config\s*\(((?:[^()']|'(?:[^']|'')*'|\((?:[^()']|'(?:[^']|'')*')*\))*)\)/gi
const isLocal = /(,|=>|:=)\s*(true|'t(rue)?'|'on'|'1'|'yes')(::bool(ean)?)?\s*$/i

/** Whether a block calls set_config() for longer than its transaction; judged by its text, in which it may be a comment too. */
function setsSession(block: string): boolean {
  return [...block.matchAll(call)].some(([, given = '']) => !isLocal.test(given))
}

/** The keywords end too early where there are many. */
function isDroppedOnCommit(statement: Statement, text: string): boolean {
  const words = readTokens(text, statement).map((token) => upperCaseWord(text, token))
  return words.some((word, at) => word === 'ON' && words[at + 1] === 'COMMIT' && words[at + 2] === 'DROP')
}

function makesTemporaryObject(statement: Statement, text: string): boolean {
  const words = statement.keywords.join(' ')
  if (/^CREATE( OR REPLACE)?( LOCAL| GLOBAL)? TEMP(ORARY)?\b/.test(words)) return true
  if (!/^(CREATE|SELECT|WITH)\b/.test(words)) return false
  const tokens = readTokens(text, statement)
  const isCreate = statement.keywords[0] === 'CREATE'
  let depth = 0
  for (const [index, token] of tokens.entries()) {
    const symbol = symbolOf(text, token)
    if (symbol === '(') depth += 1
    if (symbol === ')') depth -= 1
    if (depth > 0) continue
    const word = upperCaseWord(text, token)
    if (isCreate) {
      // What it reads is no longer its name.
      if (word === 'AS') return false
      if (word === 'PG_TEMP' && symbolOf(text, tokens[index + 1]) === '.') return true
    } else if (word === 'INTO') {
      const next = upperCaseWord(text, tokens[index + 1])
      const at = next === 'LOCAL' || next === 'GLOBAL' ? index + 2 : index + 1
      // INTO temp FROM makes an ordinary table of that name.
      const isTemporary = /^TEMP(ORARY)?$/.test(upperCaseWord(text, tokens[at]))
      const name = tokens[at + 1]
      if (isTemporary && name !== undefined && name.kind !== 'symbol' && upperCaseWord(text, name) !== 'FROM')
        return true
    }
  }
  return false
}
