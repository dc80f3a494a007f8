import { SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState, HistoryRow } from '../history/history-row.js'
import type { LedgerHead } from '../history/ledger-head.js'
import { doWithOwnNames, quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import type { HistoryBeginning } from '../plan/plan-baseline.js'
import { tellingBlockers } from './blocker-watch.js'
import { createMissingTables } from './create-history.js'
import { HistoryMoved, untilSettled } from './history-moved.js'
import type { Run } from './open-run.js'
import { modulesByScript, readLedgerHead } from './read-ledger.js'
import { readState } from './read-state.js'
import { rightToSetRole } from './right-to-set-role.js'
import { translateError } from './translate-error.js'

const oldestServer = 150_000
const emptyLedger: LedgerHead = { hash: null, highestRank: 0, modules: [] }

/** History and ledger as a writing command finds them under the lock. */
export interface PreparedHistory {
  /** With no rows where there is no history; `hasHistory` tells that from an empty one. */
  readonly state: DatabaseState & { readonly rows: readonly HistoryRow[] }
  /** First rank that neither history nor ledger has ever used. */
  readonly firstRank: number
  readonly modulesByScript: ReadonlyMap<string, string>
  readonly hasHistory: boolean
  readonly hasLedger: boolean
}

/**
 * Asked before anything is created, again where another process was faster, with what was found: what is to be written in the transaction that creates what is
 * missing, or null. It may refuse.
 */
export type Begin = (found: PreparedHistory) => Promise<HistoryBeginning | null>

/**
 * Reads history anew, now that nobody else writes it, and creates history and ledger where they are missing. They belong
 * to the login that creates them.
 *
 * @throws SchemawayError `SERVER_UNSUITABLE`, `MISSING_PRIVILEGE`, `HISTORY_UNREADABLE`; whatever `begin` throws.
 */
export async function prepareHistory(run: Run, begin: Begin): Promise<PreparedHistory> {
  return await untilSettled(async () => await prepareOnce(run, await readHistory(run), begin))
}

async function prepareOnce(run: Run, found: PreparedHistory, begin: Begin): Promise<PreparedHistory> {
  return await translated(run, async () => {
    const beginning = await unlessMoved(run, found, async () => await begin(found))
    const isWritten = await createMissingTables(run, found, beginning)
    await grantToOwnerRole(run)
    return isWritten ? await read(run) : found
  })
}

/** Where nobody is kept away meanwhile, what is refused may be what another process has just done. */
async function unlessMoved<Result>(
  run: Run,
  { hasHistory, hasLedger, firstRank }: PreparedHistory,
  work: () => Promise<Result>,
): Promise<Result> {
  const { ledgerHash, highestRank } = run
  try {
    return await work()
  } catch (error) {
    if (run.lock?.strategy !== 'transaction' || run.session.isLost) throw error
    const now = await read(run)
    const isSame = now.hasHistory === hasHistory && now.hasLedger === hasLedger && now.firstRank === firstRank
    const hasMoved = run.ledgerHash !== ledgerHash || run.highestRank !== highestRank
    throw isSame && !hasMoved ? error : new HistoryMoved(run.session.display)
  }
}

/**
 * Reads history anew, and creates nothing: an empty history would say that whatever is in the database has been looked
 * at, and the next migrate() would run every script over it.
 *
 * @throws SchemawayError `SERVER_UNSUITABLE`, `MISSING_PRIVILEGE`, `HISTORY_UNREADABLE`.
 */
export async function readHistory(run: Run): Promise<PreparedHistory> {
  const found = await lookAtHistory(run)
  refuseUnsuitableServer(run.session, found.state)
  return found
}

/**
 * As {@link readHistory}, for whoever only looks: a standby will do, and so will a pooler.
 *
 * @throws SchemawayError `MISSING_PRIVILEGE`, `HISTORY_UNREADABLE`.
 */
export async function lookAtHistory(run: Run): Promise<PreparedHistory> {
  return await translated(run, async () => await read(run))
}

/** Creates the ledger of a history that another tool wrote, before the first row is written into it. */
export async function startLedger(run: Run, found: PreparedHistory): Promise<void> {
  if (found.hasLedger || !found.hasHistory) return
  const { firstRank } = await prepareHistory(run, async () => null)
  // What is about to be done was planned for what was found.
  if (run.ledgerHash !== null || firstRank !== found.firstRank) throw new HistoryMoved(run.session.display)
}

async function translated<Result>(run: Run, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw translateError(error, 'reading or creating the history', run.session.display)
  }
}

async function read(run: Run): Promise<PreparedHistory> {
  // Who only looks listens by itself.
  return run.isLocked ? await tellingBlockers(run, () => readNow(run)) : await readNow(run)
}

async function readNow(run: Run): Promise<PreparedHistory> {
  const { config, session, place } = run
  const { state, historyRole } = await readState(session, place, config.roles.owner)
  run.historyRole = historyRole ?? (state.rows === null ? null : await findWritingRole(run))
  run.login = state.sessionUser
  const hasLedger = await findLedger(run)
  const head = hasLedger ? await readLedgerHead(run) : emptyLedger
  // Where nobody is kept away meanwhile, what is planned by must not be older than what its transactions are to find.
  const rows = (run.lock?.strategy === 'transaction' ? await readRowsAgain(run) : state.rows) ?? []
  run.ledgerHash = head.hash
  run.readLedgerHash = head.hash
  // Behind a rollback the ledger has had higher ones, which Flyway, that knows of none, takes again.
  run.highestRank = Math.max(0, ...rows.map((row) => row.installedRank))
  return {
    state: { ...state, rows },
    firstRank: Math.max(head.highestRank, run.highestRank) + 1,
    modulesByScript: modulesByScript(head),
    hasHistory: state.rows !== null || rows.length > 0,
    hasLedger,
  }
}

async function readRowsAgain({ config, session, place }: Run): Promise<DatabaseState['rows']> {
  return (await readState(session, place, config.roles.owner)).state.rows
}

async function findLedger({ config, session }: Run): Promise<boolean> {
  const [row] = await session.query<{ exists: boolean }>(
    withOwnNames(
      `SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace ` +
        `WHERE n.nspname = ${quoteLiteral(config.historySchema)} AND c.relname = ${quoteLiteral(config.ledgerTable)}) AS exists`,
    ),
  )
  return row?.exists === true
}

/**
 * Reading may be granted to everybody while writing needs the owner role. The login becomes it only where that allows more
 * than the login may by itself, and nothing less: somebody may have granted to the login alone.
 */
async function findWritingRole(run: Run): Promise<string | null> {
  const { place, config, session } = run
  const rightsOf = (role: string): readonly string[] => {
    const may = (table: string, right: string): string =>
      // A table that is missing will be made.
      `coalesce(has_table_privilege(${role}, to_regclass(${quoteLiteral(table)}), '${right}'), true)`
    return [
      `has_schema_privilege(${role}, ${quoteLiteral(config.historySchema)}, 'USAGE')`,
      may(place.history, 'INSERT'),
      may(place.history, 'UPDATE'),
      may(place.history, 'DELETE'),
      may(place.ledger, 'SELECT'),
      may(place.ledger, 'INSERT'),
    ]
  }
  const ofRole = rightsOf('r.oid')
  const pairs = rightsOf('current_user').map((right, index) => `(${right}, ${ofRole[index]})`)
  const [row] = await session.query<{ mayMore: boolean }>(
    withOwnNames(
      `SELECT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = ${quoteLiteral(config.roles.owner)} ` +
        `AND pg_has_role(session_user, r.oid, ${rightToSetRole}) AND (SELECT bool_and(role OR NOT login) AND ` +
        `bool_or(role AND NOT login) FROM (VALUES ${pairs.join(', ')}) AS rights (login, role))) AS "mayMore"`,
    ),
  )
  return row?.mayMore === true ? config.roles.owner : null
}

/** @throws SchemawayError `SERVER_UNSUITABLE` for a standby or an old server. */
export function refuseUnsuitableServer(session: Pick<Run['session'], 'display'>, state: DatabaseState): void {
  const reason = state.isInRecovery
    ? 'is a standby and cannot be written; connect to the primary, or list both hosts with target_session_attrs=read-write'
    : state.serverVersion < oldestServer
      ? `runs PostgreSQL ${Math.floor(state.serverVersion / 10_000)}; schemaway needs 15 or newer`
      : null
  if (reason === null) return
  throw new SchemawayError('SERVER_UNSUITABLE', `${session.display} ${reason}. Nothing was changed.`, {
    details: { server: session.display },
  })
}

/**
 * Lets members of the owner role go on with a history that another login created. Does nothing while the role does not
 * exist: the first bundled script makes it.
 */
export async function grantToOwnerRole(run: Run): Promise<void> {
  if (run.historyRole !== null) return
  const { place, config } = run
  const role = quoteLiteral(config.roles.owner)
  const lock = run.lock?.strategy === 'table' ? `, ${quoteLiteral(place.lock)}::regclass` : ''
  await run.writeAsHistoryRole(
    [
      // Without the role there is nothing to grant to.
      doWithOwnNames(
        `  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${role}) THEN
    FOR v_table IN
      SELECT c.oid::regclass
      FROM pg_catalog.pg_class AS c
      WHERE c.oid IN (${quoteLiteral(place.history)}::regclass, ${quoteLiteral(place.ledger)}::regclass${lock})
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
  END IF;`,
        ['v_table pg_catalog.regclass'],
      ),
    ],
    false,
  )
}
