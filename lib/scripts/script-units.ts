import { isNonTransactional } from './non-transactional.js'
import { refuseSessionState } from './refuse-session-state.js'
import type { ScriptContext } from './script-context.js'
import { onlySetsConfiguration } from './set-config.js'
import type { ScannedText, Statement } from './statement.js'
import { controlsTransaction } from './transaction-control.js'

/** What runs, and is recorded as done, as one in a script outside our transaction. */
export interface ScriptUnit {
  /**
   * - `none`: one statement by itself, because it cannot run in a transaction, or because nobody knows.
   * - `wrapped`: one statement that can run in a transaction, which then also holds the record that it is done.
   * - `own`: a `BEGIN; ... COMMIT;` of the script.
   * - `session`: one statement that changes settings of the session.
   */
  readonly transaction: 'none' | 'wrapped' | 'own' | 'session'
  /** Index of its first statement in the script. */
  readonly first: number
  /** Index behind its last statement. */
  readonly behind: number
  /** Indexes of its statements that change the session: they are run again where the script is resumed behind the unit. */
  readonly replayed: readonly number[]
}

/** Statements of which we know that they run in a transaction as well as outside. */
const wrappable =
  /^(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COMMENT|GRANT|REVOKE|COPY|CREATE|DROP|ALTER(?! (SYSTEM|SUBSCRIPTION))|ANALYZE|REFRESH|REASSIGN|SECURITY|IMPORT|NOTIFY|VALUES|TABLE|EXPLAIN|SHOW)\b/
const ofSession = /^(SET|RESET|LOAD)\b/
/** What a DO block needs in order to end the transaction that it runs in, itself or through a procedure. */
const mayCommit = /\b(COMMIT|ROLLBACK|CALL|EXECUTE|LANGUAGE)\b/i
/** A setting that ends with the transaction. */
const ofTransaction = /^SET (LOCAL|TRANSACTION|CONSTRAINTS)\b/

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
    const members = statements.slice(first, behind)
    for (const one of members) refuseSessionState(one, { text, isInTransaction: begins }, context)
    const replayed = members.flatMap((one, index) => (changesSession(one, text) ? [first + index] : []))
    if (begins && replayed.length > 0) refuseUndoneSettings(members, context)
    units.push({ transaction: begins ? 'own' : transactionOf(statement, text), first, behind, replayed })
    first = behind
  }
  return units
}

function transactionOf(statement: Statement, text: string): 'none' | 'wrapped' | 'session' {
  const keywords = statement.keywords.join(' ')
  if (isNonTransactional(statement)) return 'none'
  if (changesSession(statement, text)) return 'session'
  if (/^(SELECT|WITH)\b/.test(keywords)) return 'wrapped'
  if (/^DO\b/.test(keywords)) return mayCommit.test(text.slice(statement.start, statement.end)) ? 'none' : 'wrapped'
  return wrappable.test(keywords) ? 'wrapped' : 'none'
}

function changesSession(statement: Statement, text: string): boolean {
  const keywords = statement.keywords.join(' ')
  if (ofSession.test(keywords)) return !ofTransaction.test(keywords)
  return keywords.startsWith('SELECT') && onlySetsConfiguration(text, statement)
}

/** A setting that a savepoint may have taken back cannot be made again. */
function refuseUndoneSettings(statements: readonly Statement[], context: ScriptContext): void {
  const back = statements.find(({ keywords }) => keywords[0] === 'ROLLBACK')
  if (back === undefined) return
  throw context.errorAt(
    'INVALID_SCRIPT',
    back.start,
    'this may take back a setting that the same transaction made, but the file runs outside a transaction of ours, and when ' +
      'it stops half-way, another session has to make its settings again. Move the SET before the BEGIN.',
  )
}

const harmlessAgain =
  /^(VACUUM|ANALYZE|REINDEX|CLUSTER|CHECKPOINT|ALTER SYSTEM|ALTER DATABASE|SET|DISCARD|DEALLOCATE|LISTEN|UNLISTEN|CLOSE)\b|^(CREATE|DROP) .*\bIF (NOT )?EXISTS\b/

/** Whether a statement may run a second time when nobody knows whether the first time was completed. */
export function mayRunAgain({ keywords }: Statement): boolean {
  return harmlessAgain.test(keywords.join(' '))
}

/** Index of the COMMIT that belongs to a BEGIN. */
function findCommit(statements: readonly Statement[], begin: number, context: ScriptContext): number {
  const refuse = (statement: Statement | undefined, message: string) =>
    context.errorAt('TRANSACTION_CONTROL', statement?.start ?? 0, message)
  const opening = statements[begin]
  if (opening?.keywords[0] !== 'BEGIN' && opening?.keywords[0] !== 'START') {
    throw refuse(opening, `${opening?.keywords[0]} ends a transaction that no BEGIN before it began. Remove it.`)
  }
  for (let index = begin + 1; index < statements.length; index += 1) {
    const statement = statements[index]
    if (statement === undefined) break
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
