import { quoteIdentifier } from '../history/quote-sql.js'
import { columnExpression, type KeyedTable, keyExpression, keyText } from './backfill-key.js'
import { Fragment, type SqlText, SqlTextWriter } from './sql-text.js'

/** Values of a key, as text. */
export type KeyValues = readonly string[]

/** Rows between two keys; null where there is no bound. */
export interface KeyRange {
  /** Itself not among them. */
  readonly after: KeyValues | null
  /** Itself among them. */
  readonly upTo: KeyValues | null
}

/**
 * The condition for the rows of a range that are meant.
 *
 * @param alias by which the query around it calls the table; null: columns stand by themselves.
 * @param where further condition of the program.
 */
export function writeRange(
  { key }: KeyedTable,
  { after, upTo }: KeyRange,
  { alias, where }: { readonly alias: string | null; readonly where: Fragment | null },
): Fragment {
  const columns = keyExpression(key, alias === null ? null : quoteIdentifier(alias))
  return new Fragment((writer) => {
    writer.addText('(true')
    for (const [operator, bound] of [
      ['>', after],
      ['<=', upTo],
    ] as const) {
      if (bound === null) continue
      writer.addText(` AND ${columns} ${operator} (`)
      for (const [index, { type }] of key.entries()) {
        if (index > 0) writer.addText(', ')
        writer.addParameter(bound[index] ?? null)
        writer.addText(`::${type}`)
      }
      writer.addText(')')
    }
    if (where !== null) {
      writer.addText(' AND (')
      where.writeTo(writer)
      writer.addText(')')
    }
    writer.addText(')')
  })
}

/**
 * Asks for the key of one row of a table: the one with that number, from 1, in the order of the key, or the last one. The key is
 * qualified, so that `ORDER BY` means the column and not one of the answer, which may be called alike.
 *
 * @param alias that the condition gives the table.
 */
export function findKeySql(
  { table, key }: KeyedTable,
  condition: Fragment | null,
  which: number | 'last',
  alias: string | null = null,
): SqlText {
  const name = alias === null ? table : quoteIdentifier(alias)
  const texts = key.map((column, index) => `${keyText(column, name)} AS k${index}`)
  const direction = which === 'last' ? ' DESC' : ''
  const order = key.map((column) => `${columnExpression(column, name)}${direction}`)
  const writer = new SqlTextWriter()
  writer.addText(`SELECT ${texts.join(', ')} FROM ${table}${alias === null ? '' : ` AS ${name}`}`)
  if (condition !== null) {
    writer.addText(' WHERE ')
    condition.writeTo(writer)
  }
  writer.addText(` ORDER BY ${order.join(', ')} LIMIT 1${which === 'last' ? '' : ` OFFSET ${which - 1}`}`)
  return writer.finish()
}

/** Reads what {@link findKeySql} asked for. */
export function readKey({ key }: KeyedTable, row: Readonly<Record<string, unknown>> | undefined): KeyValues | null {
  return row === undefined ? null : key.map((_column, index) => String(row[`k${index}`]))
}
