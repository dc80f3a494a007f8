import type { Config } from '../config/read-options.js'
import type { Settled } from './open-run.js'
import { ServerError } from './server-error.js'
import type { Session } from './session.js'
import { careForOwnSession } from './session-care.js'
import {
  beginReadWrite,
  beginStatement,
  localSettingsStatements,
  sessionSettings,
  settingsStatements,
} from './session-settings.js'

const invalidParameterValue = '22023'

/**
 * Sets the session up for scripts, or finds out what each transaction has to set for itself.
 *
 * @param resetValues to what RESET ALL takes the settings that this server knows.
 * @param isShared whether nothing may stay in the session.
 */
export async function settleSession(
  session: Session,
  config: Config,
  resetValues: ReadonlyMap<string, string>,
  isShared: boolean,
): Promise<Omit<Settled, 'lock'>> {
  const settings = sessionSettings(config)
  if (isShared) {
    const { careForSharedSession } = await import('./shared-session.js')
    const care = await careForSharedSession(session)
    const local = localSettingsStatements(settings, resetValues)
    const send = async (tried: readonly string[]): Promise<void> => {
      await session.send([beginReadWrite, ...tried, 'ROLLBACK'].join(';\n'))
    }
    const localSettings = await withoutUnsupported(local, send, async () => void (await session.send('ROLLBACK')))
    return { begin: beginReadWrite, localSettings, care }
  }
  const statements = await withoutUnsupported(
    settingsStatements(settings, resetValues),
    async (tried) => void (await session.send(tried.join('; '))),
  )
  return { begin: beginStatement(resetValues), localSettings: [], care: careForOwnSession(statements) }
}

/** Some platforms cannot watch a connection while a statement runs. */
async function withoutUnsupported(
  statements: readonly string[],
  send: (statements: readonly string[]) => Promise<void>,
  clear: () => Promise<void> = async () => {},
): Promise<readonly string[]> {
  try {
    await send(statements)
    return statements
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    await clear()
    if (error.sqlState !== invalidParameterValue) throw error
    const rest = statements.filter((statement) => !statement.includes('client_connection_check_interval'))
    await send(rest)
    return rest
  }
}
