import { SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import { createHistorySql, insertHistorySql } from '../history/history-table.js'
import type { LedgerRow } from '../history/ledger-entry.js'
import { type LedgerHead, readLedgerHeadSql } from '../history/ledger-head.js'
import { createLedgerSql, insertLedgerSql, readLedgerSql } from '../history/ledger-table.js'
import { quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import type { HistoryBeginning } from '../plan/plan-baseline.js'
import type { Run } from './open-run.js'
import { readState } from './read-state.js'
import { ServerError } from './server-error.js'
import { translateError } from './translate-error.js'

const oldestServer = 150_000

/** History and ledger as a writing command finds them under the lock. */
export interface PreparedHistory {
  readonly state: DatabaseState
  /** First rank that neither history nor ledger has ever used. */
  readonly firstRank: number
  readonly modulesByScript: ReadonlyMap<string, string>
}

/**
 * Reads history anew, now that nobody else writes it, and creates history and ledger where they are missing. They belong
 * to the login that creates them.
 *
 * @param begin asked before a missing history is created: the row that it is to begin with, in the same transaction, or
 *   null. It may refuse.
 * @throws SchemawayError `SERVER_UNSUITABLE`, `MISSING_PRIVILEGE`, `HISTORY_UNREADABLE`; whatever `begin` throws.
 */
export async function prepareHistory(run: Run, begin: Begin = async () => null): Promise<PreparedHistory> {
  try {
    return await prepare(run, begin)
  } catch (error) {
    throw translateError(error, 'reading or creating the history', run.session.display)
  }
}

/** @param rank of the first row. */
export type Begin = (rank: number) => Promise<HistoryBeginning | null>

async function prepare(run: Run, begin: Begin): Promise<PreparedHistory> {
  const found = await readState(run.session, run.place, run.config.roles.owner)
  refuseUnsuitableServer(run, found.state)
  run.historyRole = found.historyRole ?? (found.state.rows === null ? null : await findWritingRole(run))
  run.login = found.state.sessionUser
  await createMissingTables(run, found.state, begin)
  const rows = found.state.rows ?? (await readState(run.session, run.place, run.config.roles.owner)).state.rows ?? []
  await grantToOwnerRole(run)
  const head = await readHead(run)
  run.ledgerHash = head.hash
  const highestRank = Math.max(head.highestRank, ...rows.map((row) => row.installedRank), 0)
  return {
    state: { ...found.state, rows },
    firstRank: highestRank + 1,
    modulesByScript: new Map(head.modules.map((one) => [one.script, one.module])),
  }
}

/** Every ledger row, oldest first. */
export async function readLedger(run: Run): Promise<readonly LedgerRow[]> {
  try {
    return JSON.parse((await askAsHistoryRole<{ rows: string }>(run, readLedgerSql(run.place))).rows) as LedgerRow[]
  } catch (error) {
    throw translateError(error, 'reading the ledger', run.session.display)
  }
}

/** Reading may be granted to everybody while writing needs the owner role. */
async function findWritingRole(run: Run): Promise<string | null> {
  const { place, config, session } = run
  const may = (table: string, right: string): string =>
    `coalesce(has_table_privilege(to_regclass(${quoteLiteral(table)}), '${right}'), true)`
  const rights = [
    may(place.history, 'INSERT'),
    may(place.history, 'DELETE'),
    may(place.ledger, 'SELECT'),
    may(place.ledger, 'INSERT'),
  ]
  const [row] = await session.query<{ writes: boolean; owns: boolean }>(
    `SELECT ${rights.join(' AND ')} AS writes, coalesce((SELECT pg_has_role(session_user, oid, 'MEMBER') FROM pg_roles ` +
      `WHERE rolname = ${quoteLiteral(config.roles.owner)}), false) AS owns`,
  )
  return row?.writes === false && row.owns ? config.roles.owner : null
}

/** @throws SchemawayError `SERVER_UNSUITABLE` for a standby, an old server, or a connection pooler in between. */
export function refuseUnsuitableServer(run: Run, state: DatabaseState): void {
  const reason = state.isInRecovery
    ? 'is a standby and cannot be written; connect to the primary, or list both hosts with target_session_attrs=read-write'
    : state.serverVersion < oldestServer
      ? `runs PostgreSQL ${Math.floor(state.serverVersion / 10_000)}; schemaway needs 15 or newer`
      : state.backendPid !== run.session.backendPid
        ? 'is reached through a connection pooler, on which the lock that keeps processes apart cannot be relied on; ' +
          'migrate with a direct URL'
        : null
  if (reason === null) return
  throw new SchemawayError('SERVER_UNSUITABLE', `${run.session.display} ${reason}. Nothing was changed.`, {
    details: { server: run.session.display },
  })
}

async function createMissingTables(run: Run, state: DatabaseState, begin: Begin): Promise<void> {
  const { place, config, session } = run
  const [missing] = await session.query<{ schema: boolean; ledger: boolean }>(
    `SELECT to_regnamespace(${quoteLiteral(place.schema)}) IS NULL AS schema, ` +
      `NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace ` +
      `WHERE n.nspname = ${quoteLiteral(config.historySchema)} AND c.relname = ${quoteLiteral(config.ledgerTable)}) AS ledger`,
  )
  const ledgerExists = missing?.ledger === false
  const head = state.rows === null && ledgerExists ? await readHead(run) : null
  const beginning = state.rows === null ? await begin((head?.highestRank ?? 0) + 1) : null
  const statements = [
    ...(missing?.schema === true ? [`CREATE SCHEMA ${place.schema}`] : []),
    ...(state.rows === null ? [createHistorySql(place)] : []),
    ...(missing?.ledger === true ? [createLedgerSql(place)] : []),
    ...(beginning === null ? [] : beginningRows(run, beginning, head?.hash ?? null)),
    ...(missing?.schema === true && state.rows === null ? [schemaRow(run, beginning)] : []),
  ]
  if (statements.length === 0) return
  try {
    await run.writeAsHistoryRole(statements)
    if (beginning !== null) {
      const { version, description } = beginning.row
      run.emit({ type: 'baselined', version: version ?? '', description })
    }
  } catch (error) {
    if (!(error instanceof ServerError) || error.sqlState !== '42501') throw error
    const login = quoteIdentifier(state.sessionUser)
    const grant =
      missing?.schema === true
        ? `GRANT CREATE ON DATABASE ${quoteIdentifier(state.database)} TO ${login};`
        : `GRANT USAGE, CREATE ON SCHEMA ${place.schema} TO ${login};`
    throw new SchemawayError(
      'MISSING_PRIVILEGE',
      `${state.sessionUser} may not create the history tables in schema ${config.historySchema} of ${session.display}: ` +
        `${error.serverMessage}. Let an administrator run: ${grant} or name a schema of the login's own: \`historySchema\`.`,
      { details: { server: session.display, sqlState: error.sqlState }, cause: error },
    )
  }
}

function beginningRows(run: Run, { row, entry }: HistoryBeginning, hash: string | null): readonly string[] {
  return [
    insertHistorySql(run.place, [row], { executionTimes: ['0'], installedBy: run.installedBy }),
    insertLedgerSql(run.place, [run.completeEntry(entry)], hash, ['0']).sql,
  ]
}

/** Flyway notes a schema that it created itself, with rank 0, or after a baseline. */
function schemaRow(run: Run, beginning: HistoryBeginning | null): string {
  return insertHistorySql(
    run.place,
    [
      {
        installedRank: beginning === null ? 0 : beginning.row.installedRank + 1,
        version: null,
        description: '<< Flyway Schema Creation >>',
        type: 'SCHEMA',
        script: run.place.schema,
        checksum: null,
      },
    ],
    { executionTimes: ['0'], installedBy: run.installedBy },
  )
}

/**
 * Lets members of the owner role go on with a history that another login created. Does nothing while the role does not
 * exist: the first bundled script makes it.
 */
export async function grantToOwnerRole(run: Run): Promise<void> {
  if (run.historyRole !== null) return
  const { place, config } = run
  const role = quoteLiteral(config.roles.owner)
  await run.writeAsHistoryRole([
    `DO $schemaway$
DECLARE
  v_table regclass;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${role}) THEN
    RETURN;
  END IF;

  FOR v_table IN
    SELECT c.oid::regclass
    FROM pg_catalog.pg_class AS c
    WHERE c.oid IN (${quoteLiteral(place.history)}::regclass, ${quoteLiteral(place.ledger)}::regclass)
      AND pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE')
      AND NOT (
        pg_catalog.has_table_privilege(${role}, c.oid, 'SELECT')
        AND pg_catalog.has_table_privilege(${role}, c.oid, 'INSERT')
        AND pg_catalog.has_table_privilege(${role}, c.oid, 'UPDATE')
        AND pg_catalog.has_table_privilege(${role}, c.oid, 'DELETE')
      )
  LOOP
    EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', v_table, ${role});
  END LOOP;

  IF pg_catalog.pg_has_role(current_user, (
      SELECT n.nspowner FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${quoteLiteral(config.historySchema)}
    ), 'USAGE')
    AND NOT pg_catalog.has_schema_privilege(${role}, ${quoteLiteral(config.historySchema)}, 'USAGE')
  THEN
    EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', ${quoteLiteral(config.historySchema)}, ${role});
  END IF;
END
$schemaway$`,
  ])
}

async function readHead(run: Run): Promise<LedgerHead> {
  return JSON.parse((await askAsHistoryRole<{ head: string }>(run, readLedgerHeadSql(run.place))).head) as LedgerHead
}

/** Asks one thing of history or ledger. */
export async function askAsHistoryRole<Row extends object>(run: Run, sql: string): Promise<Row> {
  const text =
    run.historyRole === null ? sql : `BEGIN; SET LOCAL ROLE ${quoteIdentifier(run.historyRole)}; ${sql}; COMMIT`
  const [row] = await run.session.query<Row>(text)
  if (row === undefined) throw new TypeError('the server returned no row')
  return row
}
