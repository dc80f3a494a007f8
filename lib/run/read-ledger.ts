import type { LedgerRow } from '../history/ledger-entry.js'
import { type LedgerHead, readLedgerHeadSql } from '../history/ledger-head.js'
import { readLedgerSql } from '../history/ledger-table.js'
import { ownNames, quoteIdentifier, withOwnNames } from '../history/quote-sql.js'
import type { Run } from './open-run.js'
import { ServerError } from './server-error.js'
import { translateError } from './translate-error.js'

/** Who reads: a run, or a session that only looks. */
export type Reader = Pick<Run, 'session' | 'place' | 'historyRole'>

/**
 * Asks one thing of history or ledger, outside every transaction.
 *
 * @throws ServerError
 */
export async function askAsHistoryRole<Row extends object>(
  { session, historyRole }: Pick<Reader, 'session' | 'historyRole'>,
  sql: string,
): Promise<Row> {
  const row =
    historyRole === null
      ? (await session.query<Row>(withOwnNames(sql)))[0]
      : await askAs<Row>(historyRole, session, sql)
  if (row === undefined) throw new TypeError('the server returned no row')
  return row
}

async function askAs<Row extends object>(
  role: string,
  session: Reader['session'],
  sql: string,
): Promise<Row | undefined> {
  try {
    return (await session.query<Row>(`BEGIN; ${ownNames}; SET LOCAL ROLE ${quoteIdentifier(role)}; ${sql}; COMMIT`))[0]
  } catch (error) {
    if (error instanceof ServerError) await session.send('ROLLBACK')
    throw error
  }
}

/**
 * What every writing command needs of the ledger.
 *
 * @throws ServerError
 */
export async function readLedgerHead(reader: Reader): Promise<LedgerHead> {
  const { head } = await askAsHistoryRole<{ head: string }>(reader, readLedgerHeadSql(reader.place))
  return parseLedgerHead(head)
}

/** @throws SyntaxError also where a line that garbles has changed a name. */
function parseLedgerHead(text: string): LedgerHead {
  const head = JSON.parse(text) as LedgerHead
  const values: readonly unknown[] = [
    head.hash,
    head.highestRank,
    head.modules,
    ...(head.modules ?? []).flatMap((one) => [one.script, one.module, one.requires]),
  ]
  if (values.includes(undefined)) throw new SyntaxError('a name is missing')
  return head
}

/** The module of each script that was applied. */
export function modulesByScript({ modules }: LedgerHead): ReadonlyMap<string, string> {
  return new Map(modules.map((one) => [one.script, one.module]))
}

/**
 * Every ledger row, oldest first.
 *
 * @throws SchemawayError `MISSING_PRIVILEGE`, `HISTORY_UNREADABLE`.
 */
export async function readLedger(reader: Reader): Promise<readonly LedgerRow[]> {
  try {
    return JSON.parse(
      (await askAsHistoryRole<{ rows: string }>(reader, readLedgerSql(reader.place))).rows,
    ) as LedgerRow[]
  } catch (error) {
    throw translateError(error, 'reading the ledger', reader.session.display)
  }
}
