import { quoteIdentifier, quoteLiteral } from './quote-sql.js'

/** Where history and ledger live, quoted for SQL text. */
export interface HistoryPlace {
  readonly schema: string
  /** Qualified and quoted: `"public"."flyway_schema_history"`. */
  readonly history: string
  readonly ledger: string
  readonly historyName: string
  readonly ledgerName: string
}

export function placeHistory(names: { historySchema: string; table: string; ledgerTable: string }): HistoryPlace {
  const schema = quoteIdentifier(names.historySchema)
  return {
    schema,
    history: `${schema}.${quoteIdentifier(names.table)}`,
    ledger: `${schema}.${quoteIdentifier(names.ledgerTable)}`,
    historyName: names.table,
    ledgerName: names.ledgerTable,
  }
}

/** Flyway's own definition of its history table for PostgreSQL, name for name. */
export function createHistorySql(place: HistoryPlace): string {
  const name = (suffix: string): string => quoteIdentifier(`${place.historyName}_${suffix}`)
  return `CREATE TABLE ${place.history} (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
);
ALTER TABLE ${place.history} ADD CONSTRAINT ${name('pk')} PRIMARY KEY ("installed_rank");
CREATE INDEX ${name('s_idx')} ON ${place.history} ("success");`
}

/** What a history row is written from; times come from the server. */
export interface NewHistoryRow {
  readonly installedRank: number
  readonly version: string | null
  readonly description: string
  readonly type: string
  readonly script: string
  readonly checksum: number | null
}

/**
 * One INSERT for one or more rows.
 *
 * @param rankGuard multiplies into the first rank: an expression that is 1, or fails when the transaction is not ours.
 * @param executionTimes one SQL expression of integer milliseconds per row.
 */
export function insertHistorySql(
  place: HistoryPlace,
  rows: readonly NewHistoryRow[],
  options: { readonly executionTimes: readonly string[]; readonly rankGuard?: string },
): string {
  const values = rows.map((row, index) => {
    const rank =
      index === 0 && options.rankGuard !== undefined
        ? `${row.installedRank} OPERATOR(pg_catalog.*) (${options.rankGuard})`
        : String(row.installedRank)
    return `(${[
      rank,
      quoteLiteral(row.version),
      quoteLiteral(shortenDescription(row.description)),
      quoteLiteral(row.type),
      quoteLiteral(shortenScript(row.script)),
      row.checksum === null ? 'NULL' : String(row.checksum),
      'session_user',
      options.executionTimes[index] ?? '0',
      'true',
    ].join(', ')})`
  })
  return (
    `INSERT INTO ${place.history} (installed_rank, version, description, type, script, checksum, installed_by, ` +
    `execution_time, success) VALUES ${values.join(', ')}`
  )
}

/** Flyway keeps the first 197 characters of a longer description. */
export function shortenDescription(description: string): string {
  return description.length > 200 ? `${description.slice(0, 197)}...` : description
}

/** Flyway keeps the end of a longer script path. */
export function shortenScript(script: string): string {
  return script.length > 1000 ? `...${script.slice(3, 1000)}` : script
}
