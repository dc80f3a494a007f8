import { quoteLiteral } from '../history/quote-sql.js'
import type { IndexWork } from '../scripts/concurrent-index.js'
import type { Session } from './session.js'

/** What an index is after a statement that made it. */
export interface IndexState {
  /** Qualified and quoted. */
  readonly name: string
  readonly isValid: boolean
}

/**
 * Names of the invalid indexes that a statement may have left behind when it failed: of its table, and with its name or
 * the suffix that REINDEX gives. Those that another session is building right now are not among them.
 */
export async function findInvalidIndexes(session: Session, work: IndexWork): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM pg_catalog.pg_index AS i ` +
      'JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid ' +
      'JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace ' +
      // Those of a partitioned table are invalid until every partition has one.
      `WHERE NOT i.indisvalid AND c.relkind = 'i' AND ${conditionOf(work)} AND NOT EXISTS (SELECT ` +
      'FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.index_relid = i.indexrelid) ORDER BY 1',
  )
  return rows.map(({ name }) => name)
}

/** The index that a CREATE INDEX names; null when it names none, or when there is none. */
export async function findIndex(session: Session, work: IndexWork): Promise<IndexState | null> {
  if (work.kind !== 'create' || work.index === null) return null
  const [row] = await session.query<{ name: string; valid: boolean }>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, i.indisvalid AS valid ` +
      'FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid ' +
      `JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE ${conditionOf(work)}`,
  )
  return row === undefined ? null : { name: row.name, isValid: row.valid }
}

function conditionOf(work: IndexWork): string {
  if (work.kind === 'create') {
    const ofTable = `i.indrelid = ${relation(work.table)}`
    return work.index === null
      ? ofTable
      : `${ofTable} AND c.relname = ${quoteLiteral(work.index)}::pg_catalog.text::pg_catalog.name`
  }
  const isLeftOver = "c.relname ~ '_cc(new|old)[0-9]*$'"
  const { object, name } = work
  switch (object) {
    case 'INDEX':
      return `${isLeftOver} AND i.indrelid = (SELECT x.indrelid FROM pg_catalog.pg_index AS x WHERE x.indexrelid = ${relation(name)})`
    case 'TABLE':
      return (
        `${isLeftOver} AND i.indrelid IN (SELECT unnest(ARRAY[t.oid, t.reltoastrelid]) FROM pg_catalog.pg_class AS t ` +
        `WHERE t.oid = ${relation(name)})`
      )
    case 'SCHEMA':
      return `${isLeftOver} AND n.oid = pg_catalog.to_regnamespace(${quoteLiteral(name)})`
    case 'DATABASE':
    case 'SYSTEM':
      return isLeftOver
    default:
      return object satisfies never
  }
}

function relation(name: string | null): string {
  return `pg_catalog.to_regclass(${quoteLiteral(name)})`
}
