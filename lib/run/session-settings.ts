import { quoteLiteral } from '../history/quote-sql.js'

/** Milliseconds after which the server looks whether we are still there. */
const connectionCheckInterval = 500

export interface SessionSettings {
  readonly lockTimeout: number
  readonly statementTimeout: number
  /** False where the server cannot watch its connection (Windows). */
  readonly canCheckConnection: boolean
}

/**
 * Sets what every migration can rely on, in one statement.
 *
 * `client_connection_check_interval` makes the server stop the work of a process that was killed; without it a statement
 * under way, and the COMMIT behind it, would still run. Strings are read by the standard, whatever the database says.
 */
export function settingsSql(settings: SessionSettings): string {
  const values = {
    lock_timeout: `${settings.lockTimeout}ms`,
    statement_timeout: `${settings.statementTimeout}ms`,
    idle_in_transaction_session_timeout: '0',
    idle_session_timeout: '0',
    standard_conforming_strings: 'on',
    ...(settings.canCheckConnection && { client_connection_check_interval: `${connectionCheckInterval}ms` }),
  }
  const calls = Object.entries(values).map(
    ([name, value]) => `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`,
  )
  return `SELECT ${calls.join(', ')}`
}

/**
 * Undoes what a script did to its session, but keeps the session's lock, which DISCARD ALL would release.
 *
 * It stands at the end of each message and not at the beginning of the next: the server splits a message into statements
 * before it runs the first, so a setting such as `standard_conforming_strings` that an earlier script left behind would
 * already have changed how the next one is read.
 */
export const resetStatements = [
  'CLOSE ALL',
  'SET SESSION AUTHORIZATION DEFAULT',
  'RESET ALL',
  'DEALLOCATE ALL',
  'UNLISTEN *',
  'DISCARD PLANS',
  'DISCARD TEMP',
  'DISCARD SEQUENCES',
] as const
