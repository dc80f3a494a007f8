import type { ScriptUnit } from '../scripts/script-units.js'
import type { Statement } from '../scripts/statement.js'
import type { Session } from './session.js'

/** What a session remembers, by name: settings with their values, the role, and objects that live as long as it does. */
type SessionState = ReadonlyMap<string, string>

/**
 * Notices when a statement of a script outside a transaction changes its session in a way that cannot be seen in its text, such
 * as `set_config()` in a function. Another session could not change itself so again, and would go on in another place.
 *
 * Not seen are settings with a dot in their names that no extension defines, and what `currval()` returns: the catalogue does not
 * show them.
 */
export class SessionWatch {
  readonly #session: Session
  #known: SessionState | null = null

  constructor(session: Session) {
    this.#session = session
  }

  /** The session is about to be changed by what is made again when the script is resumed. */
  forget(): void {
    this.#known = null
  }

  /** Looks what the session is like, before a unit that must not change it. */
  async look(unit: ScriptUnit, statements: readonly Statement[]): Promise<void> {
    if (this.#known === null && mayChange(unit, statements)) this.#known = await readState(this.#session)
  }

  /** @returns names of what is other than it was; the state of now is what the next unit is compared with. */
  async findChanges(unit: ScriptUnit, statements: readonly Statement[]): Promise<readonly string[]> {
    const before = this.#known
    if (before === null || !mayChange(unit, statements)) return []
    const now = await readState(this.#session)
    this.#known = now
    return [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name)).sort()
  }
}

/** Functions of the user's could do anything to the session. Those that an index or a VACUUM calls run with settings of their own. */
const callsNothing =
  /^((CREATE|ALTER|DROP)( UNIQUE)? INDEX|DROP|COMMENT|GRANT|REVOKE|VACUUM|ANALYZE|REINDEX|CLUSTER|CHECKPOINT|TRUNCATE|SET|RESET|LOAD)\b/

function mayChange(unit: ScriptUnit, statements: readonly Statement[]): boolean {
  // What it sets itself cannot be told from what its functions set.
  if (unit.replayed.length > 0) return false
  return statements.slice(unit.first, unit.behind).some(({ keywords }) => !callsNothing.test(keywords.join(' ')))
}

async function readState(session: Session): Promise<SessionState> {
  // A timeout that the script sets for its statements is not for ours. The two that are left out differ around our own work.
  const rows = await session.query<{
    name: string
    value: string
  }>(`BEGIN READ ONLY; SET LOCAL statement_timeout = 0; SELECT name, setting AS value
    FROM pg_catalog.pg_settings WHERE source OPERATOR(pg_catalog.=) 'session'
      AND name OPERATOR(pg_catalog.<>) 'lock_timeout' AND name OPERATOR(pg_catalog.<>) 'statement_timeout'
    UNION ALL SELECT 'role', pg_catalog.concat(current_user, ' of ', session_user)
    UNION ALL SELECT pg_catalog.concat('prepared statement ', name), '' FROM pg_catalog.pg_prepared_statements
    UNION ALL SELECT pg_catalog.concat('cursor ', name), '' FROM pg_catalog.pg_cursors
    UNION ALL SELECT pg_catalog.concat('temporary object ', relname), oid::pg_catalog.text FROM pg_catalog.pg_class
      WHERE relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()
      AND relkind OPERATOR(pg_catalog.=) ANY ('{r,v,S,p,f,m}'::pg_catalog."char"[]); COMMIT`)
  return new Map(rows.map(({ name, value }) => [name, value]))
}
