import type { ErrorCode } from '../errors/error-codes.js'
import { type ErrorDetails, SchemawayError } from '../errors/schemaway-error.js'
import { queryCanceled, ServerError } from './server-error.js'

const codes: Readonly<Record<string, ErrorCode>> = {
  '42501': 'MISSING_PRIVILEGE',
  '42703': 'HISTORY_UNREADABLE',
  '42804': 'HISTORY_UNREADABLE',
  '55P03': 'STATEMENT_BLOCKED',
  '40P01': 'STATEMENT_BLOCKED',
}

const adviceByState: Readonly<Record<string, string>> = {
  [queryCanceled]: 'Somebody cancelled that statement, or it took longer than `statement_timeout` allows. Run again.',
}

const advice: Partial<Record<ErrorCode, string>> = {
  MISSING_PRIVILEGE:
    'Give the login SELECT, INSERT, UPDATE and DELETE on the history and ledger tables, or make it a member of the owner role.',
  HISTORY_UNREADABLE:
    'The history or ledger table is not the one that schemaway or Flyway made; choose another `table`.',
  STATEMENT_BLOCKED: 'Another session holds the history or ledger table; run again when it is done.',
}

/** What the server said, for programs. For statements of our own, which hold no values of the caller's. */
export function detailsOf(error: ServerError, server: string): ErrorDetails {
  return {
    server,
    sqlState: error.sqlState,
    serverMessage: error.serverMessage,
    ...(error.detail !== null && { detail: error.detail }),
    ...(error.hint !== null && { hint: error.hint }),
  }
}

/**
 * An error of a statement of our own, outside every script. Other errors stay as they are.
 *
 * @param remains one sentence about what was done before, where that can be said.
 */
export function translateError(error: unknown, doing: string, server: string, remains?: string): unknown {
  // Our own statements answer in JSON, which only a broken line between us and the server can spoil.
  if (error instanceof SyntaxError) return garbled(doing, server, error)
  return error instanceof ServerError ? explainServerError(error, doing, server, remains) : error
}

function garbled(doing: string, server: string, cause: SyntaxError): SchemawayError {
  return new SchemawayError(
    'CONNECTION_LOST',
    `While ${doing}, ${server} sent an answer that cannot be read, so the connection was given up. What was not committed is undone; look at ` +
      'what lies between this process and the server, then run the command again.',
    { details: { server }, cause },
  )
}

/** As {@link translateError}, of what is known to be an error of the server. */
export function explainServerError(
  error: ServerError,
  doing: string,
  server: string,
  remains?: string,
): SchemawayError {
  const code = codes[error.sqlState] ?? 'STATEMENT_FAILED'
  const next = advice[code] ?? error.hint ?? adviceByState[error.sqlState] ?? 'Correct the cause, then run again.'
  return new SchemawayError(
    code,
    `While ${doing}, ${server} answered ${error.sqlState} ${error.serverMessage}. ${remains === undefined ? '' : `${remains} `}${next}`,
    { details: detailsOf(error, server), cause: error },
  )
}
