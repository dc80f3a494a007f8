import { HostFailure } from './connect.js'
import type { TargetSessionAttributes } from './connection-target.js'
import { ServerError } from './server-error.js'
import type { Session } from './session.js'

/**
 * Makes sure that a server is of the wanted kind, by libpq's rules. PostgreSQL reports what is needed during the login;
 * a pooler may not, and is then asked.
 *
 * @throws HostFailure of kind `unsuitable`.
 */
export async function requireAttributes(
  session: Pick<Session, 'parameters' | 'query'>,
  wanted: Exclude<TargetSessionAttributes, 'any' | 'prefer-standby'>,
): Promise<void> {
  const { isStandby, isReadOnly } = readReport(session) ?? (await ask(session))
  const problem = findProblem(wanted, isStandby, isStandby || isReadOnly)
  if (problem !== null) throw new HostFailure('unsuitable', `the server ${problem}, but "${wanted}" is wanted`)
}

function readReport(session: Pick<Session, 'parameters'>): { isStandby: boolean; isReadOnly: boolean } | null {
  const standby = session.parameters.get('in_hot_standby')
  const readOnly = session.parameters.get('default_transaction_read_only')
  return standby === undefined || readOnly === undefined
    ? null
    : { isStandby: standby === 'on', isReadOnly: readOnly === 'on' }
}

async function ask(session: Pick<Session, 'query'>): Promise<{ isStandby: boolean; isReadOnly: boolean }> {
  try {
    const [row] = await session.query<{ isStandby: boolean; isReadOnly: boolean }>(
      `select pg_catalog.pg_is_in_recovery() as "isStandby",
              pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'on' as "isReadOnly"`,
    )
    return row ?? { isStandby: false, isReadOnly: false }
  } catch (error) {
    // Behind a pooler, this is where the server itself comes in and may refuse the login.
    if (error instanceof ServerError) throw new HostFailure('login', error.message, { code: error.sqlState })
    throw new HostFailure('closed', 'the server closed the connection when it was asked what it is', { cause: error })
  }
}

function findProblem(
  wanted: Exclude<TargetSessionAttributes, 'any' | 'prefer-standby'>,
  isStandby: boolean,
  isReadOnly: boolean,
): string | null {
  switch (wanted) {
    case 'read-write':
      return isReadOnly ? 'is read only' : null
    case 'read-only':
      return isReadOnly ? null : 'can be written'
    case 'primary':
      return isStandby ? 'is a standby' : null
    case 'standby':
      return isStandby ? null : 'is not a standby'
    default:
      return wanted satisfies never
  }
}
