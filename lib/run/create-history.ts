import { SchemawayError } from '../errors/schemaway-error.js'
import type { HistoryPlace } from '../history/history-row.js'
import { createHistorySql, insertHistorySql } from '../history/history-table.js'
import { createLedgerSql, insertLedgerSql } from '../history/ledger-table.js'
import { quoteIdentifier, quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import type { HistoryBeginning } from '../plan/plan-baseline.js'
import type { Run } from './open-run.js'
import type { PreparedHistory } from './prepare-history.js'
import { ServerError } from './server-error.js'

const insufficientPrivilege = '42501'

/**
 * Creates history and ledger where they are missing, and writes what history begins with, all in one transaction: a
 * history without its first rows would be taken for one of an empty database.
 *
 * @returns whether anything was written.
 * @throws SchemawayError `MISSING_PRIVILEGE`.
 */
export async function createMissingTables(
  run: Run,
  { hasHistory, hasLedger, state }: PreparedHistory,
  beginning: HistoryBeginning | null,
): Promise<boolean> {
  if (hasHistory && hasLedger && (beginning === null || beginning.rows.length === 0)) return false
  const { place, config, session } = run
  const { needsSchema, beginsWithSchema } = await lookForSchema(run)
  const statements = [
    ...(needsSchema ? [`CREATE SCHEMA ${place.schema}`] : []),
    ...(hasHistory ? [] : [createHistorySql(place)]),
    ...(hasLedger ? [] : [createLedgerSql(place)]),
    ...(beginning === null ? [] : beginningRows(run, beginning)),
    ...(beginsWithSchema && !hasHistory ? [schemaRow(run, beginning)] : []),
  ]
  try {
    await run.writeAsHistoryRole(statements, true, { history: hasHistory, ledger: hasLedger })
  } catch (error) {
    const isCreating = !hasHistory || !hasLedger
    if (!isCreating || !(error instanceof ServerError) || error.sqlState !== insufficientPrivilege) throw error
    const login = quoteIdentifier(state.sessionUser)
    const grant = needsSchema
      ? `GRANT CREATE ON DATABASE ${quoteIdentifier(state.database)} TO ${login};`
      : `GRANT USAGE, CREATE ON SCHEMA ${place.schema} TO ${login};`
    throw new SchemawayError(
      'MISSING_PRIVILEGE',
      `${state.sessionUser} may not create the history tables in schema ${config.historySchema} of ${session.display}: ` +
        `${error.serverMessage}. Let an administrator run: ${grant} or name a schema of the login's own: \`historySchema\`.`,
      { details: { server: session.display, sqlState: error.sqlState }, cause: error },
    )
  }
  const baseline = beginning?.rows.find(({ type }) => type === 'BASELINE')
  if (baseline !== undefined) {
    run.emit({ type: 'baselined', version: baseline.version ?? '', description: baseline.description })
  }
  return true
}

/** Says on the table of locks that its schema was made for it, so that the history which comes next can say so. */
export function noteOwnSchema({ lock, history }: HistoryPlace): string {
  return `COMMENT ON TABLE ${lock} IS ${quoteLiteral(ownSchemaNote(history))}`
}

function ownSchemaNote(history: string): string {
  return `The schema was made with this table, for ${history}.`
}

async function lookForSchema({ session, place }: Run): Promise<{
  readonly needsSchema: boolean
  /** Whether the first row tells of the schema. */
  readonly beginsWithSchema: boolean
}> {
  const [row] = await session.query<{ missing: boolean; noted: boolean }>(
    withOwnNames(
      `SELECT to_regnamespace(${quoteLiteral(place.schema)}) IS NULL AS missing, obj_description(to_regclass(${quoteLiteral(place.lock)}), ` +
        `'pg_class') IS NOT DISTINCT FROM ${quoteLiteral(ownSchemaNote(place.history))} AS noted`,
    ),
  )
  return { needsSchema: row?.missing === true, beginsWithSchema: row?.missing === true || row?.noted === true }
}

function beginningRows(run: Run, { rows, entries, appliedOn = [] }: HistoryBeginning): readonly string[] {
  if (rows.length === 0) return []
  const executionTimes = rows.map(() => '0')
  const drafts = entries.map((draft) => run.completeEntry(draft))
  return [
    insertHistorySql(run.place, rows, { executionTimes, installedBy: run.installedBy }),
    ...setTimes(run, rows, appliedOn),
    insertLedgerSql(run.place, drafts, run.ledgerHash, executionTimes).sql,
  ]
}

/** History says when each migration was really applied, where that is known. */
function setTimes(
  { place }: Run,
  rows: HistoryBeginning['rows'],
  appliedOn: readonly (string | null)[],
): readonly string[] {
  const times = rows.flatMap(({ installedRank }, index) => {
    const time = appliedOn[index] ?? null
    return time === null ? [] : [`(${installedRank}, ${quoteLiteral(time)}::timestamp)`]
  })
  if (times.length === 0) return []
  return [
    `UPDATE ${place.history} SET installed_on = t.applied_on FROM (VALUES ${times.join(', ')}) AS t (rank, applied_on) ` +
      'WHERE installed_rank = t.rank',
  ]
}

/** Flyway notes a schema that it created itself, with rank 0, or after a baseline. */
function schemaRow(run: Run, beginning: HistoryBeginning | null): string {
  const [first] = beginning?.rows ?? []
  const installedRank = first?.type === 'BASELINE' ? first.installedRank + 1 : 0
  const description = '<< Flyway Schema Creation >>'
  const row = { installedRank, version: null, description, type: 'SCHEMA', script: run.place.schema, checksum: null }
  return insertHistorySql(run.place, [row], { executionTimes: ['0'], installedBy: run.installedBy })
}
