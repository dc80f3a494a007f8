import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import type { ForeignRecord, NamedRow } from '../plan/find-adopted.js'
import { ServerError } from './server-error.js'
import type { Session } from './session.js'

/** Who asks for what another tool applied: a run, or a look. */
export interface Asking {
  readonly session: Session
  readonly config: Config
}

/** Tables as the tools name them when nobody says otherwise. */
const defaultTables = { 'golang-migrate': 'schema_migrations', 'node-pg-migrate': 'pgmigrations' } as const

const undefinedColumn = '42703'
const insufficientPrivilege = '42501'
/** What a text that is no name of a table makes the server say. */
const noName = new Set(['42601', '42602', '0A000', '22023'])

/**
 * Reads which migrations another tool applied.
 *
 * @param login the session user
 * @throws SchemawayError `ADOPTION_REFUSED` when its table is not there, or is not its table; `MISSING_PRIVILEGE` when the
 *   login may not read it.
 */
export async function readForeignRecord(asking: Asking, login: string): Promise<ForeignRecord> {
  const { from: tool, applied, fromTable }: Config = asking.config
  if (tool === undefined) return { tool: null, entries: applied ?? [] }
  const wanted = fromTable ?? defaultTables[tool]
  const table = await findTable(asking, wanted)
  if (table === null) {
    throw refuseAdoption(asking, [
      {
        kind: 'SOURCE_MISSING',
        message: `there is no table ${wanted} of ${tool}; name it with \`fromTable\`, with its schema: 'ops.${defaultTables[tool]}'`,
      },
    ])
  }
  try {
    if (tool === 'golang-migrate') {
      const sql = `SELECT version::pg_catalog.text AS version, dirty FROM ${table}`
      return { tool, rows: await asking.session.query<{ version: string; dirty: boolean }>(sql) }
    }
    const sql = `SELECT name, pg_catalog.to_char(run_on, 'YYYY-MM-DD HH24:MI:SS.US') AS "appliedOn" FROM ${table} ORDER BY run_on, id`
    return { tool, rows: await asking.session.query<NamedRow>(sql) }
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    if (error.sqlState === insufficientPrivilege) throw mayNotRead(asking, { table, login, error })
    if (error.sqlState !== undefinedColumn) throw error
    const message = `${table} is not a table of ${tool}: ${error.serverMessage}; name the right one with \`fromTable\``
    throw refuseAdoption(asking, [{ kind: 'SOURCE_UNREADABLE', message }], error)
  }
}

/** Qualified and quoted as far as the search path asks for it; null when there is none. */
async function findTable({ session }: Asking, name: string): Promise<string | null> {
  try {
    const [row] = await session.query<{ name: string | null }>(
      `SELECT pg_catalog.to_regclass(${quoteLiteral(name)})::pg_catalog.text AS name`,
    )
    return row?.name ?? null
  } catch (error) {
    if (error instanceof ServerError && noName.has(error.sqlState)) return null
    throw error
  }
}

function mayNotRead(
  { session }: Asking,
  { table, login, error }: { readonly table: string; readonly login: string; readonly error: ServerError },
): SchemawayError {
  const server = session.display
  return new SchemawayError(
    'MISSING_PRIVILEGE',
    `${login} may not read ${table} of ${server}: ${error.serverMessage}. Let its owner, or an administrator, run: ` +
      `GRANT SELECT ON ${table} TO ${quoteIdentifier(login)}; Nothing was changed.`,
    { details: { server, sqlState: error.sqlState }, cause: error },
  )
}

export function refuseAdoption(
  { session }: Asking,
  problems: readonly { readonly kind: string; readonly message: string }[],
  cause?: unknown,
): SchemawayError {
  const server = session.display
  return new SchemawayError(
    'ADOPTION_REFUSED',
    `What is applied to ${server} cannot be taken over: ${problems.map(({ message }) => message).join('; ')}. Nothing was ` +
      'changed.',
    { details: { server, problems }, ...(cause !== undefined && { cause }) },
  )
}
