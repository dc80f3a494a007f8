import { resetStatements } from './session-settings.js'

/** How a run leaves its session, between its own transactions and at the end, as every script may expect it. */
export interface SessionCare {
  /** Whether the session is one of many that share connections to the server, so that nothing may stay in it. */
  readonly isShared: boolean
  /**
   * Statements in front of the BEGIN of a transaction in which scripts run.
   *
   * @param texts of the scripts, as far as they are known.
   */
  remember(texts: readonly string[]): readonly string[]
  /** Sets the search path of a transaction. */
  setSearchPath(path: string): string
  /** Behind a script, in the middle of a transaction: the role that the session came with. */
  readonly resetRole: string
  /** In front of a COMMIT: fails when a script took away what {@link remember} noted down. */
  readonly check: readonly string[]
  /** Behind a transaction that only defined tables. */
  readonly afterTables: readonly string[]
  /** Behind a transaction in which scripts ran, and behind its ROLLBACK. */
  readonly afterScripts: readonly string[]
  /** As `afterScripts`, where the role, too, is not surely what it was. */
  readonly afterRoles: readonly string[]
}

/**
 * Of a session that is ours alone: everything is reset, but the lock, which DISCARD ALL would release.
 *
 * @param settings statements that bring back our own settings.
 */
export function careForOwnSession(settings: readonly string[]): SessionCare {
  const afterScripts = [...resetStatements, ...settings]
  return {
    isShared: false,
    remember: () => [],
    setSearchPath: (path) => `SET LOCAL search_path = ${path}`,
    resetRole: 'RESET ROLE',
    check: [],
    afterTables: ['RESET ALL', ...settings],
    afterScripts,
    afterRoles: ['RESET SESSION AUTHORIZATION', 'RESET ROLE', ...afterScripts],
  }
}
