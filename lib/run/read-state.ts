import { SchemawayError } from '../errors/schemaway-error.js'
import type { HistoryPlace } from '../history/history-row.js'
import { type DatabaseState, parseState, readStateSql } from '../history/history-row.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import { ServerError } from './server-error.js'
import type { Session } from './session.js'

/** SQLSTATEs of reading a table that is not there, or not in that schema. */
const missing = new Set(['42P01', '3F000'])
const insufficientPrivilege = '42501'
const undefinedColumn = '42703'

export interface ReadState {
  readonly state: DatabaseState
  /** Role that was needed to read history, when the login itself may not. */
  readonly historyRole: string | null
}

/**
 * Reads history and what else a comparison needs, in one query. Only where that fails a second one is sent.
 *
 * @throws SchemawayError `MISSING_PRIVILEGE` with the GRANT, `HISTORY_UNREADABLE`.
 */
export async function readState(session: Session, place: HistoryPlace, ownerRole: string): Promise<ReadState> {
  try {
    return { state: await ask(session, readStateSql(place.history)), historyRole: null }
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    if (missing.has(error.sqlState)) return { state: await ask(session, readStateSql(null)), historyRole: null }
    if (error.sqlState === undefinedColumn) throw unreadable(place, error)
    if (error.sqlState !== insufficientPrivilege) throw error
    return await readAsOwner(session, place, ownerRole, error)
  }
}

async function readAsOwner(
  session: Session,
  place: HistoryPlace,
  role: string,
  first: ServerError,
): Promise<ReadState> {
  const state = await ask(session, readStateSql(null))
  try {
    const { rows } = await ask(
      session,
      `BEGIN; SET LOCAL ROLE ${quoteIdentifier(role)}; ${readStateSql(place.history)}; COMMIT`,
    )
    return { state: { ...state, rows }, historyRole: role }
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    await session.send('ROLLBACK')
    throw new SchemawayError(
      'MISSING_PRIVILEGE',
      `${state.sessionUser} may not read the history ${place.history} of ${session.display}: ${first.serverMessage}. Let its owner, ` +
        `or an administrator, run: GRANT USAGE ON SCHEMA ${place.schema} TO ${quoteIdentifier(state.sessionUser)}; ` +
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ${place.history}, ${place.ledger} TO ${quoteIdentifier(state.sessionUser)}; ` +
        `or make the login a member of the owner role: GRANT ${quoteIdentifier(role)} TO ${quoteIdentifier(state.sessionUser)};`,
      { details: { server: session.display, sqlState: first.sqlState }, cause: first },
    )
  }
}

async function ask(session: Session, sql: string): Promise<DatabaseState> {
  const [row] = await session.query<{ state: string }>(sql)
  if (row === undefined) throw new TypeError('the server returned no state')
  return parseState(row.state)
}

function unreadable(place: HistoryPlace, cause: ServerError): SchemawayError {
  return new SchemawayError(
    'HISTORY_UNREADABLE',
    `${place.history} is not a history of Flyway or schemaway: ${cause.serverMessage}. Choose another \`table\` or ` +
      '`historySchema`, or move that table away.',
    { details: { sqlState: cause.sqlState }, cause },
  )
}
