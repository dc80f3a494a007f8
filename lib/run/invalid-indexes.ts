import { randomBytes } from 'node:crypto'
import { doWithOwnNames, quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import type { IndexMark } from '../history/script-progress.js'
import type { IndexWork } from '../scripts/concurrent-index.js'
import type { Session } from './session.js'

/** An index as the catalogue has it. */
export interface FoundIndex {
  readonly oid: string
  /** Qualified and quoted, as is that of its table. */
  readonly name: string
  readonly table: string
  readonly isValid: boolean
  readonly isUnique: boolean
  /** Of the TOAST table of that table; its name cannot be changed, and only an invalid one can be dropped. */
  readonly isOfToast: boolean
  /** Of a materialized view, which LOCK TABLE does not take. */
  readonly isOfView: boolean
  /** By us, before a drop that did not come to its end. */
  readonly isRenamed: boolean
}

/** Looks what there is before a statement with CONCURRENTLY runs. */
export async function markIndexes(session: Session, work: IndexWork): Promise<IndexMark> {
  const mark = await resolveNames(session, work)
  const invalid = await findInvalidIndexes(session, mark)
  return { ...mark, invalidBefore: invalid.map(({ oid }) => oid) }
}

/**
 * Whether an invalid index that fits a mark can be told from one of somebody else's: by the name that the statement gives it,
 * or by the suffix that REINDEX gives the indexes of the one table or schema that it names.
 */
export function isTold({ kind, nameHash, table, schema }: IndexMark): boolean {
  return kind === 'create' ? nameHash !== null : table !== null || schema !== null
}

/**
 * Invalid indexes that a statement may have left behind when it failed: of its table and with its name, or with the
 * suffix that REINDEX gives. Those that were there before are left out; those that another session is building are not.
 */
export async function findInvalidIndexes(session: Session, mark: IndexMark): Promise<readonly FoundIndex[]> {
  const condition = conditionOf(mark)
  if (condition === null) return []
  const found = await find(
    session,
    `NOT i.indisvalid AND (${condition} OR (c.relname = ${leftOverName('c')} AND ${ofPlace(mark)}))`,
  )
  return found.filter(({ oid }) => !mark.invalidBefore.includes(oid))
}

/** The index that a CREATE INDEX names; null when it names none, or when there is none. */
export async function findNamedIndex(session: Session, mark: IndexMark): Promise<FoundIndex | null> {
  if (mark.kind !== 'create' || mark.nameHash === null) return null
  const condition = conditionOf(mark)
  return condition === null ? null : ((await find(session, condition))[0] ?? null)
}

export async function indexExists(session: Session, oid: string): Promise<boolean> {
  return (await session.query(withOwnNames(`SELECT FROM pg_class WHERE oid = ${quoteLiteral(oid)}`))).length > 0
}

/**
 * Gives an invalid index a name that nobody else would use, or does nothing when it is not invalid any more, or when its name
 * is made by the server. Its table is locked as CREATE INDEX CONCURRENTLY and REINDEX lock it for as long as they build:
 * whoever gets that lock knows that nobody does.
 */
export function renameLeftOver(index: FoundIndex): readonly string[] {
  const { oid, table, isOfToast, isOfView } = index
  const lock = isOfView ? refuseBuilders(index) : `LOCK TABLE ${table} IN SHARE UPDATE EXCLUSIVE MODE`
  if (isOfToast) return [lock]
  const name = quoteLiteral(`${leftOver}${oid}`)
  return [
    lock,
    doWithOwnNames(`  IF EXISTS (
    SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    WHERE c.oid = ${oid} AND NOT i.indisvalid AND c.relname <> ${name}
  ) THEN
    EXECUTE pg_catalog.format('ALTER INDEX %s RENAME TO %I', ${oid}::pg_catalog.regclass, ${name});
  END IF;`),
  ]
}

/** Who builds an index holds the lock from before the index is in the catalogue until it is valid, or given up. */
function refuseBuilders(index: FoundIndex): string {
  return doWithOwnNames(`  IF EXISTS (${buildersSql(index)}) THEN
    RAISE lock_not_available USING MESSAGE = 'another session works on the materialized view';
  END IF;`)
}

/** The qualified name of an index behind {@link renameLeftOver}; null when it is not invalid any more, or not ours to drop. */
export async function findRenamed(session: Session, { oid, isOfToast }: FoundIndex): Promise<string | null> {
  const isNamed = isOfToast ? 'true' : `c.relname = ${leftOverName('c')}`
  const [found] = await find(session, `NOT i.indisvalid AND c.oid = ${quoteLiteral(oid)} AND ${isNamed}`)
  return found?.name ?? null
}

/** Sessions that hold the lock of somebody who builds an index of a table, or cleans it. */
export async function findBuilders(session: Session, index: FoundIndex): Promise<readonly number[]> {
  return (await session.query<{ pid: number }>(withOwnNames(buildersSql(index)))).map(({ pid }) => pid)
}

function buildersSql({ oid }: FoundIndex): string {
  return (
    'SELECT DISTINCT l.pid FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_index AS i ON i.indrelid = l.relation ' +
    'JOIN pg_catalog.pg_database AS d ON d.oid = l.database WHERE d.datname = pg_catalog.current_database() ' +
    `AND i.indexrelid = ${quoteLiteral(oid)} AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted ` +
    'AND l.pid <> pg_catalog.pg_backend_pid()'
  )
}

async function resolveNames(session: Session, work: IndexWork): Promise<IndexMark> {
  const nothing: IndexMark = {
    kind: work.kind,
    table: null,
    schema: null,
    nameHash: null,
    index: null,
    invalidBefore: [],
  }
  switch (work.kind) {
    case 'create': {
      const table = await resolve(session, `pg_catalog.to_regclass(${quoteLiteral(work.table)})`)
      if (work.index === null) return { ...nothing, table }
      const salt = randomBytes(8).toString('hex')
      const named = { ...nothing, table, salt, nameHash: await hashOfName(session, work.index, salt) }
      return { ...named, index: (await findNamedIndex(session, named))?.oid ?? null }
    }
    case 'drop':
      return { ...nothing, index: await resolve(session, `pg_catalog.to_regclass(${quoteLiteral(work.index)})`) }
    case 'reindex': {
      const { object, name } = work
      if (object === 'DATABASE' || object === 'SYSTEM') return { ...nothing, isOfDatabase: true }
      if (name === null) return nothing
      if (object === 'SCHEMA') {
        return { ...nothing, schema: await resolve(session, `pg_catalog.to_regnamespace(${quoteLiteral(name)})`) }
      }
      const relation = `pg_catalog.to_regclass(${quoteLiteral(name)})`
      const table =
        object === 'TABLE'
          ? relation
          : `(SELECT x.indrelid FROM pg_catalog.pg_index AS x WHERE x.indexrelid OPERATOR(pg_catalog.=) ${relation}::pg_catalog.oid)`
      return { ...nothing, table: await resolve(session, table) }
    }
    default:
      return work satisfies never
  }
}

/** The server reads the name, since it folds, decodes, and cuts at 63 bytes. */
async function hashOfName(session: Session, written: string, salt: string): Promise<string | null> {
  const [row] = await session.query(`SELECT 1 AS ${written}`)
  const [name] = Object.keys(row ?? {})
  if (name === undefined) return null
  const [hashed] = await session.query<{ hash: string }>(
    withOwnNames(`SELECT ${nameHashSql(quoteLiteral(name), salt)} AS hash`),
  )
  return hashed?.hash ?? null
}

/** A few digits, of which no name can be read that holds the value of a placeholder. */
function nameHashSql(name: string, salt: string): string {
  const salted = `pg_catalog.convert_to(${quoteLiteral(salt)} || ${name}, 'UTF8')`
  return `pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(${salted}), 'hex'), 8)`
}

async function resolve(session: Session, oid: string): Promise<string | null> {
  const [row] = await session.query<{ oid: string | null }>(`SELECT (${oid})::pg_catalog.oid::pg_catalog.text AS oid`)
  return row?.oid ?? null
}

async function find(session: Session, condition: string): Promise<readonly FoundIndex[]> {
  return await session.query<FoundIndex>(
    withOwnNames(
      `SELECT c.oid::text AS oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, ` +
        `i.indrelid <> t.oid AS "isOfToast", pg_catalog.format('%I.%I', m.nspname, t.relname) AS table, ` +
        `t.relkind = 'm' AS "isOfView", c.relname = ${leftOverName('c')} AS "isRenamed", i.indisvalid AS "isValid", i.indisunique AS "isUnique" FROM pg_catalog.pg_index AS i ` +
        'JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace ' +
        'JOIN pg_catalog.pg_class AS t ON i.indrelid IN (t.oid, t.reltoastrelid) AND t.relkind <> ' +
        // Those of a partitioned table are invalid until every partition has one.
        `'t' JOIN pg_catalog.pg_namespace AS m ON m.oid = t.relnamespace WHERE c.relkind = 'i' AND (${condition}) ORDER BY 2`,
    ),
  )
}

/** Null when the statement can have left nothing behind. */
function conditionOf(mark: IndexMark): string | null {
  switch (mark.kind) {
    case 'drop':
      return null
    case 'create': {
      if (mark.table === null) return null
      if (mark.nameHash === null) return ofPlace(mark)
      return `${ofPlace(mark)} AND ${nameHashSql('c.relname::text', mark.salt ?? '')} = ${quoteLiteral(mark.nameHash)}`
    }
    case 'reindex':
      // What it named was not there, so it left nothing.
      if (mark.table === null && mark.schema === null && mark.isOfDatabase !== true) return null
      return `c.relname ~ '_cc(new|old)[0-9]*$' AND ${ofPlace(mark)}`
    default:
      return mark.kind satisfies never
  }
}

function ofPlace({ kind, table, schema }: IndexMark): string {
  if (schema !== null) return `m.oid = ${quoteLiteral(schema)}`
  if (table === null) return 'true'
  const oid = quoteLiteral(table)
  // REINDEX of a partitioned table or index leaves them at its partitions.
  return kind === 'reindex'
    ? `(t.oid = ${oid} OR t.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(${oid}::pg_catalog.oid::pg_catalog.regclass) AS p))`
    : `t.oid = ${oid}`
}

/** How the names begin that we give to what we drop; the oid follows. */
const leftOver = 'schemaway_left_over_'

function leftOverName(alias: string): string {
  return `('${leftOver}' || ${alias}.oid::text)`
}
