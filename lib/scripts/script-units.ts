import { isNonTransactional } from './non-transactional.js'
import type { ScriptContext } from './script-context.js'
import type { ScannedText, Statement } from './statement.js'
import { controlsTransaction } from './transaction-control.js'

/** What runs, and is recorded as done, as one in a script outside our transaction. */
export interface ScriptUnit {
  /**
   * - `none`: one statement by itself, because it cannot run in a transaction, or because nobody knows.
   * - `wrapped`: one statement that can run in a transaction, which then also holds the record that it is done.
   * - `own`: a `BEGIN; ... COMMIT;` of the script.
   * - `session`: one statement that changes settings of the session, and is run again when the script is resumed.
   */
  readonly transaction: 'none' | 'wrapped' | 'own' | 'session'
  /** Index of its first statement in the script. */
  readonly first: number
  /** Index behind its last statement. */
  readonly behind: number
}

/** Statements of which we know that they run in a transaction as well as outside. */
const wrappable =
  /^(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COMMENT|GRANT|REVOKE|COPY|CREATE|DROP|ALTER (TABLE|INDEX|TYPE|VIEW|SEQUENCE|SCHEMA|FUNCTION|DOMAIN))\b/
const ofSession = /^(SET|RESET)\b/
/** As in the output of pg_dump. */
const setsConfiguration = /\bset_config\s*\(/i

/**
 * Divides a script that runs outside our transaction.
 *
 * @throws `TRANSACTION_CONTROL` for anything but `BEGIN; ... COMMIT;`, and for what cannot run in between.
 */
export function divideIntoUnits({ text, statements }: ScannedText, context: ScriptContext): readonly ScriptUnit[] {
  const units: ScriptUnit[] = []
  for (let first = 0; first < statements.length; ) {
    const statement = statements[first]
    if (statement === undefined) break
    // COMMIT PREPARED is one statement that controls another transaction.
    const begins = controlsTransaction(statement) && !isNonTransactional(statement)
    const behind = begins ? findCommit(statements, first, context) + 1 : first + 1
    units.push({ transaction: begins ? 'own' : transactionOf(statement, text), first, behind })
    first = behind
  }
  return units
}

function transactionOf(statement: Statement, text: string): 'none' | 'wrapped' | 'session' {
  const keywords = statement.keywords.join(' ')
  if (isNonTransactional(statement)) return 'none'
  if (ofSession.test(keywords)) return 'session'
  if (/^(SELECT|WITH)\b/.test(keywords)) {
    return setsConfiguration.test(text.slice(statement.start, statement.end)) ? 'session' : 'wrapped'
  }
  return wrappable.test(keywords) ? 'wrapped' : 'none'
}

/** Index of the COMMIT that belongs to a BEGIN. */
function findCommit(statements: readonly Statement[], begin: number, context: ScriptContext): number {
  const refuse = (statement: Statement | undefined, message: string) =>
    context.errorAt('TRANSACTION_CONTROL', statement?.start ?? 0, message)
  const opening = statements[begin]
  if (opening?.keywords[0] !== 'BEGIN' && opening?.keywords[0] !== 'START') {
    throw refuse(opening, `${opening?.keywords[0]} ends a transaction that no BEGIN before it began. Remove it.`)
  }
  for (const [index, statement] of statements.entries()) {
    if (index <= begin) continue
    if (isNonTransactional(statement)) {
      throw refuse(
        statement,
        `${statement.keywords.slice(0, 3).join(' ')} cannot run between BEGIN and COMMIT. Move it behind the COMMIT.`,
      )
    }
    if (!controlsTransaction(statement)) continue
    if (/^(COMMIT|END)( WORK| TRANSACTION)?( AND NO CHAIN)?$/.test(statement.keywords.join(' '))) return index
    throw refuse(
      statement,
      `${statement.keywords.slice(0, 2).join(' ')} cannot stand here: a BEGIN in a script with transaction=none is followed by ` +
        'statements and a COMMIT, since what is done is recorded with that COMMIT. Remove it.',
    )
  }
  throw refuse(opening, 'this BEGIN has no COMMIT. Add one, or remove the BEGIN.')
}
