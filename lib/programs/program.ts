/**
 * A migration in TypeScript or JavaScript: what a file `V<version>__<description>.ts` exports, by name or as the object of
 * its default export. Other exports are the file's own affair.
 *
 * @example
 * // db/migration/V20260301_090000__normalise_phones.ts
 * import type { MigrationContext } from 'schemaway'
 *
 * export async function up({ sql }: MigrationContext): Promise<void> {
 *   for (const { id, phone } of await sql<{ id: string; phone: string }>`SELECT id, phone FROM contacts`) {
 *     await sql`UPDATE contacts SET phone = ${normalise(phone)} WHERE id = ${id}`
 *   }
 * }
 */
export interface MigrationProgram {
  /** Applies the migration, or runs a repeatable. */
  up(context: MigrationContext): Promise<unknown> | unknown
  /** Undoes it, always in a transaction. Of a versioned migration only; a `U` file beside it would be another. */
  down?(context: MigrationContext): Promise<unknown> | unknown
  /** `none`: `up` runs outside a transaction, as `backfill` asks for. Default: in the migration's own transaction. */
  transaction?: 'none' | 'default'
}

/** What `up` and `down` get. */
export interface MigrationContext {
  /**
   * Sends queries over the connection that holds the lock, in the migration's own transaction. Dead once `up` has ended.
   */
  readonly sql: MigrationSql
  /**
   * Fires when the caller's signal does, or the connection is lost. The query under way is cancelled, and `up` has five seconds to
   * end.
   */
  readonly signal: AbortSignal
  /** 1, and more when a lock was not to be had: then everything is rolled back and all of `up` runs again. */
  readonly attempt: number
  /** Tells how far it is, as an event `progress` and as a line of the logger. */
  progress(fact: MigrationProgress): void
  /** Runs work that may fail without taking the whole transaction along. */
  readonly savepoint: Savepoint
  /**
   * Changes the rows of a large table in batches, each committed by itself together with the record how far it came. Only
   * where the file exports `transaction = 'none'`; one at a time.
   *
   * @returns how many rows all batches changed, those of earlier runs included.
   */
  backfill(options: BackfillOptions): Promise<{ readonly rows: number; readonly batches: number }>
}

/**
 * Runs work that may fail without taking the whole transaction along; when it throws, what it did is undone.
 *
 * @param work runs while no other query does, with a `sql` of its own, and a `savepoint` for parts of it.
 */
export type Savepoint = <Result>(
  work: (sql: MigrationSql, savepoint: Savepoint) => Promise<Result> | Result,
) => Promise<Result>

/** How far a migration is, in units of its own. */
export interface MigrationProgress {
  readonly done: number
  readonly total?: number | undefined
  readonly message?: string | undefined
}

/** A value that travels apart from the text of a query. Objects are sent as JSON, arrays as arrays. */
export type SqlParameter =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | null
  | readonly SqlParameter[]
  | { readonly [name: string]: unknown }

/** Part of a query: an identifier, rows to insert, JSON. */
export interface SqlFragment {
  readonly isFragment: true
}

/** Rows, and what the server said about the statement. */
export type SqlRows<Row> = Row[] & {
  /** Rows that were returned or changed. */
  readonly count: number
  /** `SELECT`, `UPDATE`, ... */
  readonly command: string
}

/** A query that is sent when it is awaited, unless it becomes a part of another one. */
export interface SqlQuery<Row> extends SqlFragment, PromiseLike<SqlRows<Row>> {
  catch<Other>(onRejected: (error: unknown) => Other | PromiseLike<Other>): Promise<SqlRows<Row> | Other>
  finally(onFinally: () => void): Promise<SqlRows<Row>>
}

/**
 * Writes queries as tagged templates; values become parameters. Queries made at the same time are sent one after the
 * other.
 *
 * Integers up to 32 bits and floats arrive as numbers, `bigint` and `numeric` as text, dates and timestamps as `Date`
 * (milliseconds only: cast to text where more matters), JSON and arrays of built-in types parsed, everything else as text. A
 * `date`, and a `timestamp` without a zone, is read as if it were in UTC, as which a `Date` is sent. What no `Date` can hold, such as
 * `infinity`, stays text, and so does every date when `DateStyle` is not ISO.
 *
 * @example
 * await sql`UPDATE ${sql('app.users')} SET name = ${name} WHERE id = ${id} ${onlyActive ? sql`AND active` : sql``}`
 * await sql`INSERT INTO users ${sql([{ id: 1, name: 'Ada' }, { id: 2, name: 'Grace' }])}`
 */
export interface MigrationSql {
  <Row extends object = Record<string, unknown>>(
    strings: TemplateStringsArray,
    ...values: readonly (SqlParameter | SqlFragment)[]
  ): SqlQuery<Row>
  /** An identifier, or several with commas between; dots part its qualification: `sql('app.users')`. */
  (identifier: string | readonly string[]): SqlFragment
  /** `("id","name") VALUES (...), (...)`. @param columns default: those of the first row. */
  (
    rows: { readonly [column: string]: unknown } | readonly { readonly [column: string]: unknown }[],
    ...columns: string[]
  ): SqlFragment
  /** Text as it stands, with `$1`, `$2`, ... for parameters; without any, several statements may stand in it. */
  unsafe<Row extends object = Record<string, unknown>>(
    text: string,
    parameters?: readonly SqlParameter[],
  ): SqlQuery<Row>
  /** A value as JSON, for an array or a text that is meant as such. */
  json(value: unknown): SqlFragment
}

/** What `backfill` takes. */
export interface BackfillOptions {
  /** Tells several backfills of one file apart. Default: the table. */
  readonly name?: string | undefined
  /** Table, with its schema where the search path does not lead to it. */
  readonly table: string
  /** What `where` and `update` call the table, where they give it an alias. Default: columns stand by themselves. */
  readonly alias?: string | undefined
  /** Columns of a unique index over columns that are NOT NULL, in its order; no arrays, composite types, ranges or intervals. Default: the primary key. */
  readonly key?: string | readonly string[] | undefined
  /** Which rows are meant. Default: all. The function is called for every batch; its values have to be the same in every run. */
  readonly where?: ((sql: MigrationSql) => SqlFragment) | undefined
  /** Rows of a batch, default 5,000. Each batch leaves a row in the ledger. */
  readonly batchSize?: number | undefined
  /** Pause between batches, default 0. */
  readonly pauseMilliseconds?: number | undefined
  /**
   * Changes the rows of one batch, in its transaction. It may delete them, but must not change their key.
   *
   * @param range the condition that stands for its rows.
   * @example update: (sql, range) => sql`UPDATE app.users SET email = lower(email) WHERE ${range}`
   */
  update(sql: MigrationSql, range: SqlFragment): PromiseLike<unknown>
}
