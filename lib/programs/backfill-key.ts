import { quoteIdentifier } from '../history/quote-sql.js'

/** A table, and the columns that put its rows in order. */
export interface KeyedTable {
  /** Qualified and quoted. */
  readonly table: string
  /** Its oid behind that of its database. Another oid in the same database is another table. */
  readonly identity: TableIdentity
  /** The planner's idea of how many rows there are; -1 when it has none. */
  readonly estimate: number
  readonly key: readonly KeyColumn[]
}

export interface TableIdentity {
  readonly database: string
  readonly table: string
}

export interface KeyColumn {
  readonly name: string
  /** As a cast takes it. */
  readonly type: string
  /** `typcategory` of PostgreSQL; a domain has that of its type. */
  readonly category: string
  /** Whether the server rounds values of this type when it writes them as text. */
  readonly isRounded: boolean
}

interface FoundTable extends Omit<KeyedTable, 'key'> {
  readonly keys: readonly {
    readonly isPrimary: boolean
    readonly columns: readonly (KeyColumn & { readonly isRequired: boolean })[]
  }[]
}

/** Asks for a table, `$1`, and its unique keys, as one JSON text. */
export const readKeysSql = `
SELECT pg_catalog.json_build_object(
  'table', pg_catalog.format('%I.%I', n.nspname, c.relname),
  'identity', pg_catalog.json_build_object('database', d.oid::pg_catalog.text, 'table', c.oid::pg_catalog.text),
  'estimate', c.reltuples,
  'keys', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('isPrimary', i.indisprimary, 'columns', (
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'category', t.typcategory::pg_catalog.text,
        'isRounded', p.proname OPERATOR(pg_catalog.=) ANY ('{float4out,float8out}'::pg_catalog.name[]) AND pg_catalog.current_setting('extra_float_digits')::pg_catalog.int4 OPERATOR(pg_catalog.<) 1,
        'isRequired', a.attnotnull) ORDER BY k.place)
      FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (number, place)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.=) k.number
      JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
      JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) t.typoutput
      WHERE k.place OPERATOR(pg_catalog.<=) i.indnkeyatts)) ORDER BY i.indisprimary DESC, i.indexrelid), '[]')
    FROM pg_catalog.pg_index AS i
    WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL
  )
)::pg_catalog.text AS found
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
JOIN pg_catalog.pg_database AS d ON d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1) AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog."char"[])`

/** Arrays, composite types, ranges and intervals: settings decide what a date or an interval in them looks like as text. */
const unsteadyCategories = ['A', 'C', 'R', 'T']

/**
 * Finds the key by which a table is gone through.
 *
 * @param found what {@link readKeysSql} returned; null when there is no such table.
 * @param wanted names of its columns; null: the primary key.
 * @throws TypeError when there is no such key, one that may be NULL, or one whose values cannot be kept as text.
 */
export function chooseKey(found: string | null, table: string, wanted: readonly string[] | null): KeyedTable {
  if (found === null)
    throw new TypeError(`backfill(): there is no table ${table} (a view cannot be gone through in batches).`)
  const { keys, ...facts } = JSON.parse(found) as FoundTable
  const names = (columns: readonly KeyColumn[]): string => columns.map(({ name }) => name).join(', ')
  const required = keys.filter(({ columns }) => columns.every(({ isRequired }) => isRequired))
  const usable = required.filter(({ columns }) => columns.every(isSteady))
  const chosen = required.find(({ isPrimary, columns }) =>
    wanted === null ? isPrimary : names(columns) === wanted.join(', '),
  )
  const unsteady = chosen?.columns.find((column) => !isSteady(column))
  if (chosen !== undefined && unsteady === undefined) {
    refuseRounded(chosen.columns, table)
    return { ...facts, key: chosen.columns }
  }
  const list = usable.map(({ columns }) => `(${names(columns)})`).join(' and ')
  const offered = list === '' ? 'it has no other that would do' : `it has ${list}`
  throw new TypeError(
    unsteady === undefined
      ? `backfill(): ${table} has no ${wanted === null ? 'primary key' : `unique index over (${wanted.join(', ')}) whose columns are NOT NULL`}; ` +
          `${offered}. Rows without one would be missed or done twice.`
      : `backfill(): ${table} cannot be gone through by ${unsteady.name}, whose type is ${unsteady.type}; ${offered}. As text, in which ` +
          'the ledger keeps the last key, such a value depends on settings of the session.',
  )
}

/** Rows between a last key and what its text means would be missed. */
function refuseRounded(key: readonly KeyColumn[], table: string): void {
  const rounded = key.find(({ isRounded }) => isRounded)
  if (rounded === undefined) return
  throw new TypeError(
    `backfill(): ${table} cannot be gone through by ${rounded.name}, whose type is ${rounded.type}, while extra_float_digits is less than 1: the ` +
      'server rounds such numbers when it writes them as text. Call await sql`SET extra_float_digits = 1` before it.',
  )
}

function isSteady({ category }: KeyColumn): boolean {
  return !unsteadyCategories.includes(category)
}

/** The columns, as one value when there are several. @param table what they are qualified with; null: they stand by themselves. */
export function keyExpression(key: readonly KeyColumn[], table: string | null): string {
  const columns = key.map((column) => columnExpression(column, table)).join(', ')
  return key.length === 1 ? columns : `(${columns})`
}

export function columnExpression({ name }: KeyColumn, table: string | null): string {
  return `${table === null ? '' : `${table}.`}${quoteIdentifier(name)}`
}

/** The value of a column as text that a cast reads back, whatever `DateStyle` is. */
export function keyText(column: KeyColumn, table: string): string {
  const value = columnExpression(column, table)
  // JSON has dates in ISO 8601 only; everything else the type itself has to read back.
  return column.category === 'D'
    ? `pg_catalog.to_jsonb(${value}) OPERATOR(pg_catalog.#>>) '{}'`
    : `pg_catalog.format('%s', ${value})`
}
